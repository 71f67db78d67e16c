/* newfile.h - a file that is written whole or not at all.
 *
 * It grows under a temporary name beside its target and takes the target's name when it is complete
 * and on the disk, so nobody finds half of one, whatever happens meanwhile.
 * What it refuses: replacing a file unless it was told to; anything that is no regular file.
 * Ownership: newfile_finish or newfile_abandon ends it. */
#pragma once

#include "base/failure.h"

#include <stdbool.h>
#include <stdio.h>

struct newfile {
    FILE *file;
    char *path, *temporary;
    bool replace;
};

/* False with a failure, and nothing to end. */
bool newfile_open(struct newfile *f, const char *path, bool replace, struct failure *failure);

/* error: errno of a write that failed, which the caller saw; 0 = none.  False with a failure, and
 * nothing left behind. */
bool newfile_finish(struct newfile *f, int error, struct failure *failure);
void newfile_abandon(struct newfile *f); /* accepts a zeroed one */

/* What the user can do about an errno of writing. */
const char *newfile_remedy(int error);
