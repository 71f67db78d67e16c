/* html_inside.h - the sections of the HTML report, as its files share them. */
#pragma once

#include "report/html_pen.h"
#include "report/inside.h"
#include "report/matrix.h"

struct html {
    struct writer *w;
    struct report *report;
    const struct scene *scene;
    struct page page; /* gathers */
    struct gathering *gathering;
    const struct group *group[SUMMARY_GROUPS];
    size_t n_groups;
    unsigned n_copies; /* texts that a button copies */
};

void html_fields(struct html *h); /* what was gathered, as a list of terms */
void html_copy(struct html *h, const char *tag, const char *class, const char *text);

/* html_ladder.c: one connection as a picture and as text. */
void html_ladder(struct html *h, const struct verdict *verdict, unsigned number);

/* html_tables.c */
void html_endpoints(struct html *h);
void html_timeline(struct html *h);
void html_names(struct html *h);
void html_certificates(struct html *h);
