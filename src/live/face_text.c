/* What changed, and pages of text. */
#include "live/face_inside.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- events ---- */

static void add_remark(const struct view *v, const struct board_event *e, struct text *t)
{
    char time[STAMP_TEXT];

    if (e->change == BOARD_RECOVERED)
        text_format(t, "recovered after %s", stamp_duration(e->time_ns - e->before_ns, time));
    else if (e->before_ns)
        text_format(t, "worked until %s", stamp_whole(e->before_ns, face_stamps(v), time));
}

static void draw_event(const struct face *f, unsigned row, const struct board_event *e)
{
    char text[200], address[ADDRESS_TEXT], time[STAMP_TEXT], frame[32];
    struct text t = text_of(text, sizeof text);
    unsigned column = FACE_MARGIN;

    column = canvas_put(f->canvas, row, column, INK_DIM,
                        stamp_whole(e->time_ns, face_stamps(f->view), time)) +
             2;
    canvas_put(f->canvas, row, column, INK_PLAIN, address_text(&e->client, address));
    column += f->address + 2;
    if (e->port)
        canvas_format(f->canvas, row, column, INK_PLAIN, "%u", e->port);
    else if (e->frame)
        canvas_put(f->canvas, row, column, INK_PLAIN, "dns");
    column += 6;
    if (e->change == BOARD_FAILS)
        column = canvas_put(f->canvas, row, column, INK_RED, finding_of(e->id)->id) + 2;
    add_remark(f->view, e, &t);
    column = canvas_put(f->canvas, row, column,
                        e->change == BOARD_RECOVERED ? INK_GREEN : INK_PLAIN, text);
    snprintf(frame, sizeof frame, "#%" PRIu64 " ", e->frame);
    if (e->frame)
        canvas_right(f->canvas, row, column + 2, INK_DIM, frame);
}

void face_events(const struct face *f, unsigned from, unsigned rows)
{
    const struct view *v = f->view;

    if (!v->n_events)
        canvas_put(f->canvas, from, FACE_MARGIN, INK_DIM, "no changes yet");
    for (unsigned i = 0; i < rows && i < v->n_events; i++)
        draw_event(f, from + i, &v->event[i]);
}

/* ---- a page of text ---- */

/* Answers the beginning of the next line; `end` is that of this one. */
static const char *line_end(const char *line, const char **end)
{
    *end = line + strcspn(line, "\n");
    return **end ? *end + 1 : *end;
}

static void draw_text(const struct face *f, unsigned from, unsigned rows)
{
    const struct view *v = f->view;
    const char *line = v->page, *end;
    char text[2048];

    for (size_t i = 0; i < v->page_top && *line; i++)
        line = line_end(line, &end);
    for (unsigned i = 0; i < rows && *line; i++) {
        const char *next = line_end(line, &end);
        struct text t = text_of(text, sizeof text);
        text_add_n(&t, line, (size_t)(end - line));
        canvas_put(f->canvas, from + i, FACE_MARGIN, INK_PLAIN, text);
        line = next;
    }
}

void face_page(const struct face *f, unsigned from, unsigned rows)
{
    struct view *v = f->view;
    char place[80];
    unsigned room = rows - 1; /* beneath the title */
    size_t last = v->page_top + room < v->page_lines ? v->page_top + room : v->page_lines;

    v->shown = room;
    unsigned column = canvas_put(f->canvas, from, FACE_MARGIN, INK_BOLD, v->title);
    snprintf(place, sizeof place, "lines %zu to %zu of %zu ", v->page_top + 1, last, v->page_lines);
    canvas_right(f->canvas, from, column + 2, INK_DIM, place);
    draw_text(f, from + 1, room);
}
