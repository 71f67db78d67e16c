/* exports.h - the judged connections in the forms of other tools, in files beside the report.
 *
 * What it is: --export KIND=PATH, each of them once: zeek=DIRECTORY (conn.log, ssl.log, x509.log),
 * eve=FILE (Suricata), ecs=FILE (Elastic Common Schema).  Lines go out as connections are judged,
 * those of several inputs one behind the other; the files get their names when all is written.
 * What it refuses: an answer that its tool's documentation does not have; what shakeout thinks of a
 * connection stands apart, under its own name.
 * Ownership: exports_open to exports_close. */
#pragma once

#include "base/failure.h"
#include "verdict/verdict.h"

#include <stdbool.h>
#include <stddef.h>

enum { EXPORTS_MAX = 3 }; /* one of each kind */

/* The path in "zeek=DIRECTORY" and the like, and whether it is a directory; NULL: not of that form.
 */
const char *export_path(const char *spec, bool *directory);

/* NULL with a failure, and nothing left behind. */
struct exports *exports_open(const char *const *specs, size_t n, bool replace,
                             struct failure *failure);

void exports_connection(struct exports *exports, const struct scene *scene,
                        const struct verdict *verdict);

/* All lines so far leave their buffers. */
void exports_settle(struct exports *exports);

/* keep: the files are complete.  False with a failure when one of them could not be written. */
bool exports_close(struct exports *exports, bool keep, struct failure *failure); /* accepts NULL */
