/* examine.h - shakeout doctor: can this computer capture what is needed?
 *
 * With -i it watches the interface, until everything has been seen or EXAMINE_SECONDS are over.
 * Exit codes: 0 no problem, 1 problems, 2 could not look. */
#pragma once

#include "options.h"

enum { EXAMINE_SECONDS = 20 };

int examine(const struct options *options);
