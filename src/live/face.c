#include "live/face.h"

#include "live/face_inside.h"

#include <inttypes.h>
#include <stdio.h>

enum { EVENTS_LEAST = 4, EVENTS_MOST = 12, HEAD = 3, FOOT = 2, ROOM_FOR_KEYS = 100 };

static const int64_t second_ns = 1000000000;

void face_age(struct text *t, int64_t ns)
{
    int64_t s = ns > 0 ? ns / second_ns : 0;

    if (s >= 86400)
        text_format(t, "%" PRId64 " d %02" PRId64 " h", s / 86400, s / 3600 % 24);
    else if (s >= 3600)
        text_format(t, "%" PRId64 ":%02" PRId64 ":%02" PRId64, s / 3600, s / 60 % 60, s % 60);
    else
        text_format(t, "%" PRId64 ":%02" PRId64, s / 60, s % 60);
}

/* ---- the head ---- */

/* The servers of the endpoints, the most frequent ones; told ones first. */
static void add_servers(const struct view *v, struct text *t)
{
    char address[ADDRESS_TEXT];
    const struct profile *p = v->profile;

    for (size_t i = 0; p && i < p->n_ems_addresses && i < 3; i++) {
        bool backup = profile_role(p, &p->ems_address[i], NULL) == EMS_BACKUP;
        text_format(t, "   %s %s", backup ? "backup" : "EMS",
                    address_text(&p->ems_address[i], address));
    }
    for (size_t i = 0; p && !p->n_ems_addresses && i < p->n_ems_names && i < 2; i++)
        text_format(t, "   EMS %s", p->ems_name[i]);
}

static void draw_title(const struct face *f)
{
    const struct view *v = f->view;
    char line[600], time[STAMP_TEXT], offset[STAMP_TEXT];
    struct text t = text_of(line, sizeof line);
    unsigned column = canvas_put(f->canvas, 0, FACE_MARGIN, INK_BOLD, "shakeout");

    text_format(&t, "  %s  ", v->interface);
    if (v->now_ns)
        text_format(&t, "%s %s  ", stamp_whole(v->now_ns, face_stamps(v), time),
                    stamp_offset(v->now_ns, face_stamps(v), offset));
    text_add(&t, "up ");
    face_age(&t, v->facts.up_ns);
    add_servers(v, &t);
    column = canvas_put(f->canvas, 0, column, INK_PLAIN, line);
    canvas_right(f->canvas, 0, column + 2, v->frozen ? INK_YELLOW : INK_BOLD,
                 v->frozen ? "FROZEN " : "LIVE ");
}

static unsigned put_count(const struct face *f, unsigned column, enum ink ink, uint32_t n,
                          const char *word)
{
    return canvas_format(f->canvas, 1, column, n ? ink : INK_PLAIN, "%" PRIu32 " %s", n, word) + 3;
}

/* What is wrong most often, as far as there is room. */
static void draw_counts(const struct face *f)
{
    const struct board_sums *s = &f->view->sums;
    unsigned column = put_count(f, FACE_MARGIN, INK_RED, s->failing, "failing");

    column = put_count(f, column, INK_PLAIN, s->healthy, "healthy");
    column = put_count(f, column, INK_PLAIN, s->undecided, "undecided");
    column = put_count(f, column, INK_YELLOW, s->stale, "stale");
    for (size_t i = 0; i < s->n_causes; i++) {
        const struct board_cause *c = &s->cause[i];
        char text[100];
        int n = snprintf(text, sizeof text, "%" PRIu32 " %s", c->endpoints, finding_of(c->id)->id);
        if (c->port)
            n += snprintf(text + n, sizeof text - (size_t)n, " %u", c->port);
        if (column + (unsigned)n > f->canvas->columns)
            return;
        column = canvas_put(f->canvas, 1, column, INK_PLAIN, text) + 2;
    }
}

/* A mirror of one direction makes most of the screen worthless: it is said across it. */
static void draw_banner(const struct face *f)
{
    if (!f->view->facts.one_way) {
        canvas_rule(f->canvas, 2);
        return;
    }
    canvas_format(f->canvas, 2, FACE_MARGIN, INK_BOLD,
                  "%s shows only one direction. Most verdicts are impossible. Mirror rx and tx.",
                  f->view->interface);
    canvas_reverse(f->canvas, 2);
}

/* ---- the foot ---- */

static void draw_health(const struct face *f, unsigned row)
{
    const struct view *v = f->view;
    uint64_t lost = view_lost(v);

    if (lost) {
        canvas_format(f->canvas, row, FACE_MARGIN, INK_YELLOW,
                      "LOST %" PRIu64
                      " packets in %d s: verdicts with missing packets are withheld",
                      lost, VIEW_SECONDS);
        return;
    }
    unsigned column = canvas_format(f->canvas, row, FACE_MARGIN, INK_PLAIN,
                                    "in %" PRIu64 "/s  packets %" PRIu64 "  lost: kernel %" PRIu64
                                    "  interface %" PRIu64 "  own %" PRIu64,
                                    view_rate(v), v->facts.packets, v->facts.kernel_dropped,
                                    v->facts.interface_dropped, v->facts.evicted_flows);
    canvas_format(f->canvas, row, column + 2, INK_PLAIN, "filter %s",
                  v->filter[0] ? v->filter : "none");
}

static void draw_keys(const struct face *f, unsigned row)
{
    const struct view *v = f->view;

    if (v->mode == VIEW_FIND)
        canvas_format(f->canvas, row, FACE_MARGIN, INK_BOLD,
                      "find: %s_   enter keeps it, escape gives it up", v->order.find);
    else if (v->mode == VIEW_PAGE)
        canvas_put(f->canvas, row, FACE_MARGIN, INK_PLAIN,
                   "escape back  up down  pgup pgdn  x explain");
    else if (f->canvas->columns < ROOM_FOR_KEYS)
        canvas_put(
            f->canvas, row, FACE_MARGIN, INK_PLAIN,
            "enter details  f filter  s sort  g group  / find  p pause  x explain  ? help  q");
    else
        canvas_put(f->canvas, row, FACE_MARGIN, INK_PLAIN,
                   "enter details  f filter  s sort  g group  / find  e evidence  m mute  p pause  "
                   "x explain  ? help  q");
}

/* ---- all of it ---- */

static void draw_too_small(struct canvas *c)
{
    canvas_format(c, 0, 0, INK_BOLD, "%ux%u is too small", c->columns, c->rows);
    canvas_format(c, 1, 0, INK_PLAIN, "%dx%d at least; or --plain", FACE_COLUMNS, FACE_ROWS);
    canvas_put(c, 2, 0, INK_PLAIN, "q ends");
}

void face_draw(struct view *v, struct canvas *c)
{
    struct face f = { .view = v, .canvas = c };

    canvas_clear(c);
    if (c->columns < FACE_COLUMNS || c->rows < FACE_ROWS) {
        draw_too_small(c);
        return;
    }
    unsigned events = c->rows / 6 < EVENTS_LEAST  ? EVENTS_LEAST
                      : c->rows / 6 > EVENTS_MOST ? EVENTS_MOST
                                                  : c->rows / 6;
    unsigned foot = c->rows - FOOT;
    draw_title(&f);
    draw_counts(&f);
    draw_banner(&f);
    draw_health(&f, foot);
    draw_keys(&f, foot + 1);
    canvas_rule(c, foot - 1);
    if (v->mode == VIEW_PAGE) {
        face_page(&f, HEAD, foot - 1 - HEAD);
        return;
    }
    face_list(&f, HEAD, foot - 1 - events - 1 - HEAD);
    canvas_rule(c, foot - 1 - events - 1);
    face_events(&f, foot - 1 - events, events);
}
