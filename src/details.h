/* details.h - what the person before the screen wants to know of one endpoint: its latest failure,
 * judged again as of now.
 *
 * What it refuses: keeping anything.  A connection that was let go is not there any more, and that
 * is what is said of it. */
#pragma once

#include "live/screen.h"
#include "recorder.h"
#include "report/report.h"
#include "session/names.h"

struct details {
    struct flows *flows;
    struct names *names;
    const struct scene *scene; /* as of now */
    struct report *report;
    struct recorder *recorder; /* NULL = no evidence is kept */
};

/* Of the endpoint that is selected there. */
void details_show(const struct details *details, struct screen *screen);

/* Writes the packets of its latest failure, and says where to. */
void details_keep(const struct details *details, struct screen *screen);
