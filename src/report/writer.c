#include "report/writer.h"

#include "base/newfile.h"
#include "base/text.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <unistd.h>

void writer_open(struct writer *w, FILE *out)
{
    w->out = out;
    w->error = 0;
    w->too_long = false;
    w->dropped = 0;
    w->line = w->n = 0;
}

/* Past stdio where there is a descriptor: one write for all lines. */
static int write_all(FILE *out, const char *p, size_t n)
{
    int descriptor = fileno(out);
    if (fflush(out))
        return errno;
    if (descriptor < 0)
        return fwrite(p, 1, n, out) == n ? 0 : EIO;
    while (n) {
        ssize_t written = write(descriptor, p, n);
        if (written < 0 && errno != EINTR)
            return errno;
        if (written > 0) {
            p += written;
            n -= (size_t)written;
        }
    }
    return 0;
}

void writer_flush(struct writer *w)
{
    if (w->line && !w->error)
        w->error = write_all(w->out, w->at, w->line);
    memmove(w->at, w->at + w->line, w->n - w->line);
    w->n -= w->line;
    w->line = 0;
}

bool writer_failed(const struct writer *w, struct failure *failure)
{
    if (!w->error || w->error == EPIPE)
        return false;
    *failure = (struct failure){ .what = "output" };
    snprintf(failure->why, sizeof failure->why, "cannot be written: %s", strerror(w->error));
    text_copy(failure->remedy, sizeof failure->remedy, newfile_remedy(w->error));
    return true;
}

bool writer_make_room(struct writer *w, size_t n)
{
    writer_flush(w);
    if (n <= WRITER_ROOM - w->n)
        return true;
    w->too_long = true;
    return false;
}

char *writer_reserve(struct writer *w, size_t n)
{
    bool there = writer_has_room(w, n);
    assert(there);
    (void)there;
    return w->at + w->n;
}

void writer_format(struct writer *w, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (n > 0)
        writer_put_n(w, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
}

void writer_end_line(struct writer *w)
{
    writer_put_char(w, '\n');
    if (w->too_long || w->n - w->line > WRITER_LINE) {
        w->n = w->line;
        w->dropped++;
        w->too_long = false;
    }
    w->line = w->n;
}
