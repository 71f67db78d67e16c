/* dial.h - was the machine's clock set?
 *
 * What it is: how far time of day and time since boot lie apart is the same at each reading, except
 * where somebody set the clock.  A slow correction is followed, and is no step.
 * Units: ns. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct dial {
    bool read; /* at least once */
    int64_t apart_ns;
};

/* By how much since the latest reading; 0 = it was not set. */
int64_t dial_read(struct dial *dial, int64_t day_ns, int64_t boot_ns);

/* The same with the clocks of this machine. */
int64_t dial_look(struct dial *dial);
