#include "report/html_pen.h"

#include "base/text.h"

#include <stdarg.h>

static const char *entity_of(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void html_text(struct writer *w, const char *s)
{
    for (size_t from = 0, i = 0;; i++) {
        const char *entity = s[i] ? entity_of(s[i]) : NULL;
        if (s[i] && !entity)
            continue;
        writer_put_n(w, s + from, i - from);
        if (!s[i])
            return;
        writer_put(w, entity);
        from = i + 1;
    }
}

void html_put(struct writer *w, const char *markup) { writer_put(w, markup); }

void html_raw(struct writer *w, const char *markup)
{
    writer_put(w, markup);
    writer_end_line(w);
}

void html_format(struct writer *w, const char *format, ...)
{
    char line[1024];
    struct text t = text_of(line, sizeof line);
    va_list args;

    va_start(args, format);
    text_vformat(&t, format, args);
    va_end(args);
    writer_put(w, line);
}

void html_element(struct writer *w, const char *tag, const char *class, const char *text)
{
    html_format(w, class ? "<%s class=\"%s\">" : "<%s>", tag, class);
    html_text(w, text);
    html_format(w, "</%s>", tag);
}
