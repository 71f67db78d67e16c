/* checks.h - readable alerts, as findings.
 *
 * What it is: rows (sender, alert, condition) to a finding (rule R6); a visible defect that alone
 * explains a rejection goes before them (rule R10, visible.h).
 * What it refuses: reading more into an alert than its number says.
 * Sources: RFC 8446 section 6, RFC 5246 section 7.2, RFC 7507, RFC 6066 section 3, RFC 7301. */
#pragma once

#include "verdict/raise.h"

/* The finding of m->alert; id F_NONE when there is no alert, or it came when nothing was asked. */
struct raised checks_alert(const struct matter *m);

/* Words and owner of a rejection by the client (rule R13). */
void checks_weigh_rejection(const struct matter *m, struct raised *r);
