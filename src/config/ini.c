#include "config/ini.h"

#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LINE_LONGEST = 198, /* inih gives a line 200 octets with its end */
    HEAD_LONGEST = 48,  /* of a section and of a key; inih would cut them */
    HEADS_MAX = 256,
    KEYS_MAX = 64
};

struct heads {
    size_t n;
    char one[HEADS_MAX][HEAD_LONGEST + 1];
};

struct reading {
    const char *rest;            /* what inih was not given yet */
    int line;                    /* the one it has */
    int failed_line;             /* 0 = none */
    struct heads sections, keys; /* keys: of this section */
    ini_accept *accept;
    void *into;
    struct failure *failure;
};

static bool refuse(struct reading *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool refuse(struct reading *r, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(r->failure->why, sizeof r->failure->why, format, args);
    va_end(args);
    r->failed_line = r->line;
    return false;
}

/* Remembers a head; it must be the first of its name. */
static bool first_of_its_name(struct reading *r, struct heads *heads, size_t max, const char *name,
                              size_t n, const char *kind)
{
    if (n > HEAD_LONGEST)
        return refuse(r, "the name of the %s is longer than %d characters", kind, HEAD_LONGEST);
    for (size_t i = 0; i < heads->n; i++)
        if (strlen(heads->one[i]) == n && strncmp(heads->one[i], name, n) == 0)
            return refuse(r, "the %s %.*s was there before", kind, (int)n, name);
    if (heads->n == max)
        return refuse(r, "more than %zu %ss", max, kind);
    memcpy(heads->one[heads->n], name, n);
    heads->one[heads->n++][n] = '\0';
    return true;
}

/* What inih would take silently: a section that goes on further down, half of a value. */
static bool line_is_plain(struct reading *r, const char *line, size_t n)
{
    size_t from = 0;
    while (from < n && isspace((unsigned char)line[from]))
        from++;
    if (from == n || line[from] == '#' || line[from] == ';')
        return true;
    if (memchr(line, ';', n))
        return refuse(r, "a semicolon in a value; a comment has a line of its own");
    const char *end = memchr(line + from, ']', n - from);
    if (line[from] != '[' || !end)
        return true;
    r->keys.n = 0;
    return first_of_its_name(r, &r->sections, HEADS_MAX, line + from,
                             (size_t)(end + 1 - (line + from)), "section");
}

/* One line for inih, as fgets would: a NULL ends the text. */
static char *reading_line(char *out, int size, void *stream)
{
    struct reading *r = stream;
    if (!*r->rest || r->failed_line)
        return NULL;
    size_t n = strcspn(r->rest, "\n");
    n += r->rest[n] == '\n';
    r->line++;
    if (n > LINE_LONGEST || n >= (size_t)size) {
        refuse(r, "the line is longer than %d characters", LINE_LONGEST);
        return NULL;
    }
    if (!line_is_plain(r, r->rest, n))
        return NULL;
    memcpy(out, r->rest, n);
    out[n] = '\0';
    r->rest += n;
    return out;
}

static int reading_entry(void *user, const char *section, const char *key, const char *value)
{
    struct reading *r = user;
    struct ini_entry entry = { .section = section, .key = key, .value = value, .line = r->line };
    if (r->failed_line || !first_of_its_name(r, &r->keys, KEYS_MAX, key, strlen(key), "key"))
        return 0;
    if (r->accept(r->into, &entry, r->failure))
        return 1;
    r->failed_line = r->line;
    return 0;
}

bool ini_read(const char *text, const char *name, ini_accept *accept, void *into,
              struct failure *failure)
{
    struct reading r = { .rest = text, .accept = accept, .into = into, .failure = failure };

    *failure = (struct failure){ 0 };
    int bad = ini_parse_stream(reading_line, &r, reading_entry, &r);
    if (!bad && !r.failed_line)
        return true;
    int line = r.failed_line ? r.failed_line : bad;
    if (!failure->why[0])
        snprintf(failure->why, sizeof failure->why, "neither [section] nor key = value");
    struct text what = text_of(failure->what, sizeof failure->what);
    text_foreign(&what, name, strlen(name));
    if (line > 0)
        text_format(&what, ":%d", line);
    return false;
}

/* What is in it, with a NUL behind; NULL with why. */
static char *load(FILE *in, struct failure *failure)
{
    enum { MOST = 1 << 20 };
    char *text = malloc(MOST + 1);
    size_t n = text ? fread(text, 1, MOST + 1, in) : 0;
    const char *why = NULL;

    if (!text)
        why = "the machine has no memory left";
    else if (ferror(in))
        why = strerror(errno);
    else if (n > MOST)
        why = "larger than 1 MiB: no configuration";
    else if (memchr(text, '\0', n))
        why = "holds NUL octets: no text";
    if (!why) {
        text[n] = '\0';
        return text;
    }
    snprintf(failure->why, sizeof failure->why, "%s", why);
    free(text);
    return NULL;
}

FILE *ini_open(const char *path, const struct ini_source *source)
{
    return source ? source->open(source->into, path) : fopen(path, "re");
}

char *ini_load(const char *path, const struct ini_source *source, struct failure *failure)
{
    FILE *in = ini_open(path, source);
    int error = errno;

    *failure = (struct failure){ 0 };
    text_printable(path, strlen(path), failure->what, sizeof failure->what);
    if (!in) {
        snprintf(failure->why, sizeof failure->why, "%s", strerror(error));
        return NULL;
    }
    char *text = load(in, failure);
    fclose(in);
    return text;
}

const char *ini_library(void)
{
#ifdef INIH_VERSION
    return "inih " INIH_VERSION;
#else
    return "inih";
#endif
}
