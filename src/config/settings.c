#include "config/settings.h"

#include "base/text.h"
#include "config/alert.h"
#include "config/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N(array) (sizeof(array) / sizeof *(array))

static const struct setting_row rows[] = {
#define SETTING(section, key, option, yes, value, remark) \
    { section, key, option, yes, value, remark },
#include "config/settings.def"
#undef SETTING
};

const struct setting_row *setting_rows(size_t *n)
{
    *n = N(rows);
    return rows;
}

/* Sections that have names of their own. */
static bool is_named(const char *section)
{
    return strncmp(section, "ems ", 4) == 0 || strncmp(section, "port ", 5) == 0 ||
           alert_is_section(section);
}

static bool refuse_section(const char *section, struct failure *failure)
{
    const char *known[N(rows) + 3];
    char first[49];

    snprintf(first, sizeof first, "%.*s", (int)strcspn(section, " "), section);
    for (size_t i = 0; i < N(rows); i++)
        known[i] = rows[i].section;
    known[N(rows)] = "ems";
    known[N(rows) + 1] = "port";
    known[N(rows) + 2] = "alert";
    const char *nearest = text_nearest(first, known, N(known));
    if (nearest)
        snprintf(failure->remedy, sizeof failure->remedy, "did you mean [%s%s]?", nearest,
                 nearest == known[N(rows)] || nearest == known[N(rows) + 2] ? " NAME"
                 : nearest == known[N(rows) + 1]                            ? " NUMBER"
                                                                            : "");
    return section[0] ? value_refuse(failure, "unknown section [%.48s]", section)
                      : value_refuse(failure, "a key before the first [section]");
}

static bool is_known(const struct ini_entry *e, struct failure *failure)
{
    const char *keys[N(rows)];
    size_t n = 0;

    for (size_t i = 0; i < N(rows); i++) {
        if (strcmp(rows[i].section, e->section))
            continue;
        if (strcmp(rows[i].key, e->key) == 0)
            return true;
        keys[n++] = rows[i].key;
    }
    return n ? value_unknown_key(e, keys, n, failure) : refuse_section(e->section, failure);
}

static bool accept(void *into, const struct ini_entry *e, struct failure *failure)
{
    struct settings *s = into;

    if (!is_named(e->section) && !is_known(e, failure))
        return false;
    if (s->n == SETTINGS_MAX)
        return value_refuse(failure, "more than %d settings", SETTINGS_MAX);
    struct setting *one = &s->one[s->n];
    if (!value_text(one->value, sizeof one->value, e, failure))
        return false;
    snprintf(one->section, sizeof one->section, "%s", e->section);
    snprintf(one->key, sizeof one->key, "%s", e->key);
    one->line = e->line;
    one->file = s->file[s->n_files - 1];
    s->n++;
    return true;
}

bool settings_read(struct settings *s, const char *path, struct failure *failure)
{
    char *text;

    *failure = (struct failure){ 0 };
    if (s->n_files == SETTINGS_FILES) {
        snprintf(failure->what, sizeof failure->what, "--config");
        return value_refuse(failure, "more than %d files", SETTINGS_FILES);
    }
    text = ini_load(path, s->source, failure);
    if (!text)
        return false;
    s->file[s->n_files++] = path;
    bool fine = ini_read(text, path, accept, s, failure);
    free(text);
    return fine;
}

const struct setting *settings_find(const struct settings *s, const char *section, const char *key)
{
    for (size_t i = s->n; i--;)
        if (strcmp(s->one[i].key, key) == 0 && strcmp(s->one[i].section, section) == 0)
            return &s->one[i];
    return NULL;
}

struct ini_entry setting_entry(const struct setting *setting)
{
    return (struct ini_entry){ .section = setting->section,
                               .key = setting->key,
                               .value = setting->value,
                               .line = setting->line };
}

void setting_origin(const struct setting *setting, char *out, size_t size)
{
    struct text t = text_of(out, size);

    text_foreign(&t, setting->file, strlen(setting->file));
    text_format(&t, ":%d", setting->line);
}
