/* ruled.h - which other explanations were checked, and what each check found.
 *
 * What it is: fills verdict.checks with checks that ran and that name a frame or the whole capture.
 * What it refuses: a check whose ground is not in the capture; it is left out, not guessed. */
#pragma once

#include "verdict/raise.h"

void ruled_add(const struct matter *m, struct verdict *out);
