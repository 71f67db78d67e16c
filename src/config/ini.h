/* ini.h - INI text, read strictly.
 *
 * What it is: hands every `key = value` of a text to a caller that must accept it; the first line
 * that is no INI, or that the caller does not accept, ends it as a failure named file:line.
 * What it refuses: guessing, values over several lines, lines above 198 characters, a section or a
 * key of a section for the second time, a semicolon in a value (inih would take it for a comment).
 * Source: the format as inih reads it (sections, `;` and `#` comments). */
#pragma once

#include "base/failure.h"

#include <stdbool.h>
#include <stdio.h>

struct ini_entry {
    const char *section; /* "" before the first */
    const char *key, *value;
    int line; /* from 1 */
};

/* Answers false, with why and perhaps a remedy, to what it does not know. */
typedef bool ini_accept(void *into, const struct ini_entry *entry, struct failure *failure);

bool ini_read(const char *text, const char *name, ini_accept *accept, void *into,
              struct failure *failure);

/* Who opens files in place of fopen; NULL with errno. */
struct ini_source {
    FILE *(*open)(void *into, const char *path);
    void *into;
};

/* NULL with errno; source may be NULL: fopen. */
FILE *ini_open(const char *path, const struct ini_source *source);

/* A file of at most 1 MiB as text; owned by the caller, who frees it.  NULL with a failure. */
char *ini_load(const char *path, const struct ini_source *source, struct failure *failure);

/* "inih", and its version where the build knows it; for --version. */
const char *ini_library(void);
