/* gather.h - what a console page would say, kept as fields and lines for another form of it.
 *
 * What it is: a page with a gathering prints nothing; each field (page_field, or page_label and
 * page_wrapped) and each other line becomes an item, in order.  So every form of the report says
 * the same words. Bounds: GATHER_ITEMS; what is beyond is counted. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GATHER_ITEMS = 256, GATHER_LABEL = 24, GATHER_LEAD = 80, GATHER_TEXT = 2200 };

struct gathered {
    bool line;                /* no field: a row of a table, a step of a connection */
    char label[GATHER_LABEL]; /* empty: it belongs to the field above */
    char lead[GATHER_LEAD];   /* what stands before the text: "1", "server down" */
    char tail[GATHER_LABEL];  /* what stands at the right edge */
    char text[GATHER_TEXT];   /* lines after the first are commands */
};

struct gathering {
    size_t n, lost;
    char label[GATHER_LABEL]; /* of the field that is under way */
    char open[GATHER_TEXT];   /* of the line that is under way */
    struct gathered item[GATHER_ITEMS];
};

void gather_put(struct gathering *g, const char *s);
void gather_label(struct gathering *g, const char *label);
void gather_field(struct gathering *g, const char *text, const char *tail);
void gather_end(struct gathering *g); /* of a line */
