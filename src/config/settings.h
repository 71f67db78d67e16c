/* settings.h - what configuration files say, and where.
 *
 * What it is: the lines of several INI files, the strongest file last; sections and keys are known
 * ones (settings.def, [ems NAME], [port N], [alert NAME]), values are judged by whom they concern.
 * What it refuses: an unknown section or key, with the nearest known one.
 * Units: lengths in octets.  Ownership: paths belong to the caller, who keeps them. */
#pragma once

#include "base/failure.h"
#include "config/ini.h"

#include <stdbool.h>
#include <stddef.h>

enum { SETTINGS_FILES = 8, SETTINGS_MAX = 512 };

struct setting {
    char section[49], key[49], value[200];
    int line;
    const char *file;
};

struct settings {
    size_t n_files, n;
    const char *file[SETTINGS_FILES];
    const struct ini_source *source; /* who opens them; NULL = fopen */
    struct setting one[SETTINGS_MAX];
};

struct setting_row {
    const char *section, *key, *option, *yes, *value, *remark;
};

/* The rows of settings.def, in their order. */
const struct setting_row *setting_rows(size_t *n);

/* Adds a file that is stronger than those before. */
bool settings_read(struct settings *s, const char *path, struct failure *failure);

/* The strongest of its kind; NULL = no file has it. */
const struct setting *settings_find(const struct settings *s, const char *section, const char *key);

struct ini_entry setting_entry(const struct setting *setting);

/* "file:12", printable. */
void setting_origin(const struct setting *setting, char *out, size_t size);
