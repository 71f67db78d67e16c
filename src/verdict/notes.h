/* notes.h - what else is noticed on a connection: notes and warnings beside its primary finding.
 *
 * What it is: resumption, a missing client certificate, certificates that expire soon or whose
 * defects nobody minded, old versions, closed windows, doubled answers, MTU messages obeyed.
 * What it refuses: errors; a warning is never primary while an error exists (rule R10). */
#pragma once

#include "verdict/raise.h"

void notes_add(const struct matter *m, struct verdict *out);
