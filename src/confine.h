/* confine.h - what of the options needs files afterwards, and everything else given up.
 *
 * Called when inputs and outputs are open, before the first octet of a capture is looked at.  What
 * the kernel lacks is told on stderr in one sentence, and the work goes on. */
#pragma once

#include "options.h"

/* capture: whose packet sockets stay in use; NULL = none. */
void confine(const struct options *options, const struct capture *capture);
