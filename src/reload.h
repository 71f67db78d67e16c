/* reload.h - a configuration that is read again while the watch goes on: all of it, or nothing.
 *
 * What it is: SIGHUP reopens what is written to, and reads the files of the configuration anew, as
 * the same command line would.  One that is wrong, or that changes what only a restart can, is one
 * message and changes nothing.  Rules and rotation change at once; what judges (servers, ports,
 * check-ins) with the next run, which begins then.
 * What it refuses: opening a file itself: the confinement forbids it, the porter opens them.
 * Ownership: reload_open .. reload_close; the options are the caller's, and change. */
#pragma once

#include "live/live.h"
#include "options.h"
#include "sandbox/porter.h"

#include <stdbool.h>

struct reload; /* opaque */

/* Adds the files of the configuration to the porter's items, before it is opened. */
struct reload *reload_open(struct options *options, struct porter *porter);

void reload_ask(struct reload *reload); /* safe in a signal handler */

/* Often.  True when this run of the watch is to end, so that the next judges otherwise. */
bool reload_tick(struct reload *reload, struct live *live); /* accepts NULL */

/* Between two runs.  True when there is something new, and a next run. */
bool reload_apply(struct reload *reload); /* accepts NULL */
