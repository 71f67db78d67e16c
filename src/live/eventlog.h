/* eventlog.h - JSON Lines of a watch in a file of its own, which is rotated.
 *
 * What it is: a line when somebody's state changes, one when an alarm begins or is over, and those
 * of connections that the report writes into it.  PATH becomes PATH.1, that PATH.2 and so on, when
 * it is large or old enough; eventlog_reopen serves who rotates from outside.
 * What it refuses: half a line: what does not fit on the disk is cut off again, counted, and said
 * once; anything that is no regular file.
 * Ownership: eventlog_open .. eventlog_close.  Units: ns since 1970. */
#pragma once

#include "base/failure.h"
#include "config/output.h"
#include "live/alerts.h"
#include "live/board.h"
#include "report/lines.h"

#include <stdbool.h>
#include <stdint.h>

struct eventlog; /* opaque */

/* NULL with a failure.  The path is borrowed. */
struct eventlog *eventlog_open(const char *path, const struct output_jsonl *config,
                               struct failure *failure);
void eventlog_close(struct eventlog *log); /* accepts NULL */

void eventlog_configure(struct eventlog *log, const struct output_jsonl *config);

/* Where a report writes its connections. */
struct report_lines *eventlog_lines(struct eventlog *log);

/* What changed since the latest time. */
void eventlog_changes(struct eventlog *log, const struct board *board);
void eventlog_alert(struct eventlog *log, const struct alert *alert);
void eventlog_filed(struct eventlog *log, const struct filed *filed, int64_t time_ns);

/* Often: what is there leaves the buffer; a file that is large or old enough is put aside. */
void eventlog_tick(struct eventlog *log, int64_t now_ns);

/* Somebody put the file aside: another one of its name. */
void eventlog_reopen(struct eventlog *log);
