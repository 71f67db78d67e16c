/* run.h - one input, analysed as the options say; what cannot be done is told on stderr.
 *
 * Exit codes: 0 healthy, 1 failures, 2 could not run, 3 no verdict; 130 when the user broke it off.
 */
#pragma once

#include "keeper.h"
#include "options.h"

enum { RUN_INTERRUPTED = 130 };

/* The i-th file; what is evidence goes to the keeper, if it wants any. */
int run_input(const struct options *options, struct keeper *keeper, size_t i);

int run_device(const struct options *options);

/* Says what went wrong; answers 2. */
int run_fail(const struct failure *failure);

/* The code of two: 2 before 1 before 3 before 0. */
int run_worse(int a, int b);
