/* kept.h - what a watch knows, in a file, so that a restart forgets nobody and repeats nothing.
 *
 * What it is: JSON Lines.  The first says which form it is, then comes a line for each endpoint
 * and each alarm, and the last tells how many there were: what was cut off is known.
 * What it refuses: reading anything that it would not have written, whole lines longer than
 * KEPT_LINE, more than the board holds.  A finding that this version does not know any more is
 * forgotten.
 * Units: ns since 1970; who reads it says since when it watches. */
#pragma once

#include "base/failure.h"
#include "live/alerts.h"
#include "live/board.h"
#include "report/writer.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { KEPT_VERSION = 1, KEPT_LINE = 16 * 1024 };

/* alerts may be NULL. */
void kept_write(struct writer *w, const struct board *board, const struct alerts *alerts,
                int64_t now_ns);

/* Into an empty board and, unless NULL, empty alerts; false with a failure (its `why`, and the line
 * in `what`) when the file is damaged: they then hold a part of it, and are to be given up. */
bool kept_read(FILE *in, const char *name, int64_t now_ns, struct board *board,
               struct alerts *alerts, struct failure *failure);
