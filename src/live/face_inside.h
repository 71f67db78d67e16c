/* face_inside.h - what the parts of a face share. */
#pragma once

#include "base/text.h"
#include "live/canvas.h"
#include "live/view.h"
#include "report/stamp.h"

enum { FACE_MARGIN = 1 };

struct face {
    struct view *view;
    struct canvas *canvas;
    unsigned address; /* columns of the widest that may be shown */
    size_t n_ports;
    uint16_t port[BOARD_PORTS]; /* the columns; 0 = dns */
};

/* face_list.c: the endpoints, and between which lines they are. */
void face_list(struct face *f, unsigned from, unsigned rows);

/* face_text.c: what changed, newest first; a page of text instead of all that. */
void face_events(const struct face *f, unsigned from, unsigned rows);
void face_page(const struct face *f, unsigned from, unsigned rows);

/* "0:42", "21:24", "1:02:03", "3 d 04 h" */
void face_age(struct text *t, int64_t ns);

static inline struct stamp_style face_stamps(const struct view *v)
{
    return (struct stamp_style){ .utc = v->utc };
}
