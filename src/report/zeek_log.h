/* zeek_log.h - lines of one log in Zeek's own text format.
 *
 * What it is: cells behind each other, a tab between them, each with the type that the head named.
 * What it refuses: control characters, tabs, backslashes, bidirectional marks and octets that are
 * no UTF-8: they become \xNN, as Zeek writes and zeek-cut reads them. Source: docs.zeek.org, "Zeek
 * Log Formats and Inspection"; base/frameworks/logging/writers/ascii. */
#pragma once

#include "base/address.h"
#include "report/writer.h"

struct zeek_column {
    const char *name, *type;
};

/* "#separator ..." to "#types ..."; the time of the first line stands for that of the opening. */
void zeek_head(struct writer *w, const char *path, const struct zeek_column *columns, size_t n,
               int64_t ns);
void zeek_tail(struct writer *w, int64_t ns);

void zeek_unset(struct writer *w);
void zeek_text(struct writer *w, const char *s); /* empty: unset */
void zeek_octets(struct writer *w, const void *p, size_t n);
void zeek_flag(struct writer *w, bool v);
void zeek_count(struct writer *w, uint64_t v);
void zeek_time(struct writer *w, int64_t ns);
void zeek_interval(struct writer *w, int64_t ns); /* 0: unset */
void zeek_address(struct writer *w, const struct address *a);

/* A vector or set: zeek_list_add for each element between the two; without one it is unset. */
struct zeek_list {
    struct writer *writer;
    size_t n;
};
struct zeek_list zeek_list_begin(struct writer *w);
void zeek_list_add(struct zeek_list *l, const char *s);
void zeek_list_end(struct zeek_list *l);
