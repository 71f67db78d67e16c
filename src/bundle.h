/* bundle.h - everything a support engineer needs, in one archive, and nothing else.
 *
 * What it is: the evidence of the inputs, redacted; then every other file is made from that
 * evidence alone, so that nothing of the original can be in it.  The original is hashed before and
 * after, and never included.  Files lie in a folder of mode 0700 beside the target until the
 * archive is whole. */
#pragma once

#include "options.h"

int bundle(const struct options *options); /* answers the exit code */
