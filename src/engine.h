/* engine.h - one input, from bytes to report.
 *
 * What it is: opens the stages, runs frames through them in batches, judges what ended, and closes
 * the report.  See docs/architecture.md for the map.
 * Memory: bounded by options.max_memory; flows given up for it are counted and said. */
#pragma once

#include "base/failure.h"
#include "frame/capture.h"
#include "keys/keys.h"
#include "live/live.h"
#include "live/screen.h"
#include "recorder.h"
#include "reload.h"
#include "report/report.h"
#include "x509/trust.h"

#include <stdbool.h>
#include <stddef.h>

struct engine_config {
    const struct profile *profile;
    enum scope scope;
    size_t max_memory;         /* octets; 0 = 512 MiB for files, 256 MiB live */
    bool label;                /* let nDPI name what nobody else knows */
    bool progress;             /* a progress line on stderr, when it is a terminal */
    struct keys *keys;         /* of the user; what the input itself carries is added; or NULL */
    struct trust *trust;       /* what chains are held against; or NULL */
    struct live *live;         /* who wants the state of a watch written; or NULL */
    int64_t run_ns;            /* live: it ends after so long, or when a table is full; 0 = never */
    bool changes;              /* live: notices of changes alone, not of each connection */
    struct reload *reload;     /* live: the configuration may change; or NULL */
    struct screen *screen;     /* live: of the person who watches; or NULL */
    struct recorder *recorder; /* live: keeps the packets of what fails; or NULL */
    const char *input_name;    /* printable name of the input */
};

/* Runs one capture to its end (live: until capture_stop, or for run_ns; then it may be run again).
 * Answers the exit code of report_close.
 */
int engine_run(const struct engine_config *config, struct capture *capture, struct report *report,
               struct failure *failure);
