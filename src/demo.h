/* demo.h - a small capture of a finding, compiled in, so that it can be seen without own data.
 *
 * What it is: the smallest case of captures/ for each finding that has one which needs nothing
 * besides.  What it refuses: a file on the disk. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct demo {
    const char *id, *case_name;
    bool every_port; /* it needs --scope all */
    const unsigned char *at;
    size_t n; /* octets */
};

/* Of an id, or of the first in a family ("tcp.syn"); NULL = there is none. */
const struct demo *demo_of(const char *id);

/* Makes the capture standard input; false when the system refuses. */
bool demo_play(const struct demo *demo);
