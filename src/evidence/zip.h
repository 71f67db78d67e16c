/* zip.h - files of a folder as one ZIP archive, the same octets for the same contents.
 *
 * Names in the order given, under one folder, mode 0644, owner 0, one time for all.  Written whole
 * or not at all (base/newfile.h).  By libarchive. */
#pragma once

#include "base/failure.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zip_source {
    const char *folder;       /* where the files lie */
    const char *root;         /* the folder's name in the archive */
    const char *const *names; /* sorted */
    size_t n;
    int64_t time_s;
};

bool zip_write(const char *path, bool replace, const struct zip_source *source,
               struct failure *failure);
