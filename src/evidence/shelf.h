/* shelf.h - a folder of evidence files that never grows beyond its limits.
 *
 * What it is: shelf_put writes a file aside, brings it to the disk and then gives it its name, so
 * that nobody finds half of one under it; before that the oldest files go, as many as the limits
 * ask.  What lies there is looked at anew each time, so files of an earlier watch count, and
 * somebody may take files away.  Names are shelf_name's: UTC of the first packet, what it is about,
 * who:
 *
 *     20261119T130211Z-tcp.syn.silent_drop-10.20.40.17.pcapng
 *
 * What it refuses: other names; touching files that are not named so; a folder that another watch
 * writes to.  What an interrupted watch left unfinished is removed when the shelf is opened.
 * Faults: shelf_put says why as an errno; the next one may succeed.
 * Ownership: shelf_open .. shelf_close. */
#pragma once

#include "base/address.h"
#include "base/failure.h"

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SHELF_NAME = 160, SHELF_SUBJECT = 64, SHELF_FILES = 200 };

struct shelf_limits {
    uint64_t bytes; /* of all files; 0 = no limit */
    uint32_t files;
};

struct shelf_counts {
    uint64_t files, bytes;   /* that lie there */
    uint64_t written, large; /* by this watch; refused: larger than all may be */
    uint64_t dropped;        /* older ones that went for the limits */
};

struct shelf {
    DIR *folder;
    struct shelf_limits limits;
    struct shelf_counts counts;
};

/* Makes the folder if it is not there; false with a failure when no file can be made in it. */
bool shelf_open(struct shelf *shelf, const char *path, const struct shelf_limits *limits,
                struct failure *failure);
void shelf_close(struct shelf *shelf); /* accepts a zeroed one */

/* 0, or the errno of what went wrong; EFBIG = it alone is larger than all may be.  A name that is
 * taken gets a number: `name` is what it came to. */
int shelf_put(struct shelf *shelf, char name[SHELF_NAME], const void *octets, size_t n);

/* Takes the files one by one: false at the end. */
struct shelf_item {
    int64_t time_s;
    char subject[SHELF_SUBJECT]; /* "tcp.syn.silent_drop" */
    struct address who;
};
bool shelf_next(struct shelf *shelf, struct shelf_item *out);
void shelf_rewind(struct shelf *shelf);

void shelf_name(const struct shelf_item *item, char out[SHELF_NAME]);
bool shelf_read_name(const char *name, struct shelf_item *out);
