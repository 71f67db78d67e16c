/* progress.h - the one line on stderr that tells a person that a long file is being read.
 *
 * Shown only when stderr is a terminal, after 0.7 s, at most five times a second, and erased.
 * Also the clock of live mode, which no setting of the time moves.  Units: ns since some moment. */
#pragma once

#include "engine.h"

#include <stdint.h>

struct progress {
    const char *name;
    int64_t started_ns, shown_ns;
    unsigned batches;
    bool on, visible;
};

struct progress progress_of(const struct engine_config *config);
void progress_show(struct progress *progress, const struct capture_facts *facts);
void progress_erase(struct progress *progress);

int64_t clock_steady_ns(void);
