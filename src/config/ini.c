#include "config/ini.h"

#include <ini.h>
#include <stdio.h>
#include <string.h>

enum { LINE_LONGEST = 198 }; /* inih gives a line 200 octets with its end */

struct reading {
    const char *rest; /* what inih was not given yet */
    int line;         /* the one it has */
    int failed_line;  /* 0 = none */
    ini_accept *accept;
    void *into;
    struct failure *failure;
};

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
        r->failed_line = r->line;
        snprintf(r->failure->why, sizeof r->failure->why, "the line is longer than %d characters",
                 LINE_LONGEST);
        return NULL;
    }
    memcpy(out, r->rest, n);
    out[n] = '\0';
    r->rest += n;
    return out;
}

static int reading_entry(void *user, const char *section, const char *key, const char *value)
{
    struct reading *r = user;
    struct ini_entry entry = { .section = section, .key = key, .value = value };
    if (r->failed_line)
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
    if (line > 0)
        snprintf(failure->what, sizeof failure->what, "%s:%d", name, line);
    else
        snprintf(failure->what, sizeof failure->what, "%s", name);
    return false;
}

const char *ini_library(void)
{
#ifdef INIH_VERSION
    return "inih " INIH_VERSION;
#else
    return "inih";
#endif
}
