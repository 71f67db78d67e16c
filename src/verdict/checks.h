/* checks.h - readable alerts and visible certificates, as findings.
 *
 * What it is: rows (sender, alert, condition) to a finding (rule R6), and the defects of a visible
 * certificate at the time of the capture, which alone explain a rejection (rule R10).
 * What it refuses: trust without a bundle; a certificate that nobody saw.
 * Sources: RFC 8446 section 6, RFC 5246 section 7.2, RFC 7507, RFC 6066 section 3, RFC 7301. */
#pragma once

#include "verdict/raise.h"

/* The finding of m->alert; id F_NONE when there is no alert, or it came when nothing was asked. */
struct raised checks_alert(const struct matter *m);

enum defect {
    DEFECT_EXPIRED = 0x01,
    DEFECT_NOT_YET_VALID = 0x02,
    DEFECT_NAME = 0x04,
    DEFECT_INCOMPLETE = 0x08, /* a lone leaf that says where its issuer can be fetched */
    DEFECT_WEAK = 0x10,
    DEFECT_USAGE = 0x20, /* it lists what it is for, and being a server is not among it */
};

/* Of the server certificate, judged at the time of the capture; 0 when none is visible. */
unsigned checks_defects(const struct matter *m);

enum { ANY_ALERT = -1 };

/* The finding of the first visible defect that explains a rejection with this alert; F_NONE. */
enum finding_id checks_explained(const struct matter *m, int code);

/* Words and owner of a rejection by the client (rule R13). */
void checks_weigh_rejection(const struct matter *m, struct raised *r);

const struct cert *checks_leaf(const struct matter *m); /* NULL when it is not visible */
