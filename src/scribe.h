/* scribe.h - a process of its own that writes evidence, so that who parses packets opens no file.
 *
 * What it is: a child that holds the shelf (evidence/shelf.h) and a pipe, confined to that folder;
 * the watch hands it whole files and never waits for the disk.  It ends when the pipe does: a file
 * of which the end never came is not written.  Signals of a terminal are none of its business.
 * What it refuses: more than SCRIBE_QUEUE files or SCRIBE_BYTES octets that wait for the disk; any
 * name that is not the shelf's, whoever asks.
 * Ownership: scribe_open takes the shelf over; octets given are the scribe's, who frees them. */
#pragma once

#include "base/failure.h"
#include "evidence/shelf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SCRIBE_QUEUE = 32, SCRIBE_BYTES = 16 << 20 };

struct scribe; /* opaque */

struct scribe_state {
    struct shelf_counts counts; /* of the shelf, as of the newest answer */
    int error;                  /* errno of the newest file; 0 = it was written */
    uint64_t failed;            /* files that could not be written */
    bool gone;                  /* nobody writes any more */
};

/* Forks; `confined`: the child gives up every right but that of making files in the folder. */
struct scribe *scribe_open(struct shelf *shelf, const char *path, bool confined,
                           struct failure *failure);

/* False, and the octets freed, when too much waits or nobody writes.  The tag is the caller's. */
bool scribe_give(struct scribe *scribe, const char *name, uint32_t tag, uint8_t *octets, size_t n);

/* Often: hands over what the pipe takes, and hears what came of it; never waits. */
void scribe_tick(struct scribe *scribe);
const struct scribe_state *scribe_state(const struct scribe *scribe);

/* What was written, one by one: the tag, and the name that the file came to have.  False at the
 * end.  Who does not ask for long misses the oldest. */
bool scribe_wrote(struct scribe *scribe, uint32_t *tag, char name[SHELF_NAME]);

/* Waits until all is written, for at most some seconds. */
void scribe_flush(struct scribe *scribe);
void scribe_close(struct scribe *scribe); /* flushes first; accepts NULL */
