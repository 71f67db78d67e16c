/* One connection drawn between its two ends. */
#include "report/inside.h"

#include <inttypes.h>
#include <stdlib.h>

enum { LADDER_LEFT = 31, LANE_LEAST = 24, LANE_MOST = 56, LANE_REST = 44, FATE_GAP = 7 };

struct ladder {
    struct page *page;
    const struct verdict *verdict;
    unsigned lane; /* columns between the two lines */
    const char *line, *dash;
    unsigned notes;
};

static void put_dashes(const struct ladder *l, unsigned n)
{
    while (n--)
        page_put(l->page, STYLE_PLAIN, l->dash);
}

/* An arrow with its text near its beginning; one whose fate is unknown ends in a question mark. */
static void draw_arrow(const struct ladder *l, const struct row *row)
{
    char text[ROW_TEXT];
    unsigned room = l->lane - 5;
    snprintf(text, sizeof text, "%.*s", (int)(room < ROW_TEXT - 1 ? room : ROW_TEXT - 1),
             row->text);
    unsigned columns = page_columns(text), rest = l->lane - 5 - columns;
    if (row->from == SERVER) {
        page_put(l->page, STYLE_PLAIN, "<");
        put_dashes(l, rest);
        page_format(l->page, STYLE_PLAIN, " %s ", text);
        put_dashes(l, 2);
        return;
    }
    put_dashes(l, 2);
    page_format(l->page, STYLE_PLAIN, " %s ", text);
    if (row->unanswered && rest > FATE_GAP + 2) {
        put_dashes(l, rest - FATE_GAP - 1);
        page_put(l->page, STYLE_PLAIN, " ?");
        page_spaces(l->page, FATE_GAP);
        return;
    }
    put_dashes(l, rest);
    page_put(l->page, STYLE_PLAIN, ">");
}

/* A message of somebody on the way has no end on either line. */
static void draw_note(const struct ladder *l, const char *text)
{
    unsigned columns = page_columns(text);
    page_format(l->page, STYLE_PLAIN, " %.*s", (int)l->lane - 1, text);
    page_spaces(l->page, columns + 1 < l->lane ? l->lane - 1 - columns : 0);
}

static bool is_here(const struct verdict *v, const struct row *row)
{
    uint8_t n = v->primary.n_frames;
    if (v->alert)
        return v->alert->at.frame == row->frame && (enum side)v->alert->from == row->from;
    if (v->sealed.alert_at.frame)
        return v->sealed.alert_at.frame == row->frame;
    return n && v->primary.frames[n - 1] == row->frame;
}

static void draw_row(struct ladder *l, const struct rows *rows, size_t i, bool here)
{
    const struct row *row = &rows->row[i];
    bool same = i && rows->row[i - 1].frame == row->frame;
    char time[STAMP_TEXT];
    struct stamp_style style = { .utc = l->page->stamps.utc, .relative = l->page->stamps.relative };

    page_format(l->page, STYLE_PLAIN, "%6" PRIu64 "  ", row->frame);
    if (same)
        page_spaces(l->page, 12 + 9);
    else
        page_format(l->page, STYLE_DIM, "%12s%9.3f", stamp_time(row->time_ns, style, time),
                    (double)(row->time_ns - rows->zero_ns) / 1e9);
    page_spaces(l->page, 2);
    page_put(l->page, STYLE_PLAIN, l->line);
    if (row->icmp)
        draw_note(l, row->text);
    else
        draw_arrow(l, row);
    page_put(l->page, STYLE_PLAIN, l->line);
    if (row->note[0])
        page_format(l->page, STYLE_PLAIN, " %u", ++l->notes);
    if (here)
        page_put(l->page, STYLE_BOLD, " <- here");
    page_end(l->page);
}

static void draw_silence(struct ladder *l, const struct scene *scene, const struct rows *rows)
{
    char time[STAMP_TEXT];
    struct stamp_style style = { .utc = l->page->stamps.utc, .relative = l->page->stamps.relative };
    if (!rows->n || !rows->row[rows->n - 1].unanswered || scene->live)
        return;
    page_format(l->page, STYLE_DIM, "%6s  %12s%9.3f", "", stamp_time(scene->last_ns, style, time),
                (double)(scene->last_ns - rows->zero_ns) / 1e9);
    page_spaces(l->page, 2);
    page_put(l->page, STYLE_PLAIN, l->line);
    draw_note(l, "no answer until the capture ends");
    page_put(l->page, STYLE_PLAIN, l->line);
    page_end(l->page);
}

static void endpoint_text(const struct flow *flow, enum side side, char *out, size_t size)
{
    char address[ADDRESS_TEXT];
    bool v4 = address_is_ipv4(&flow->address[side]);
    snprintf(out, size, v4 ? "%s:%u" : "[%s]:%u", address_text(&flow->address[side], address),
             flow->port[side]);
}

static void draw_head(struct ladder *l, const struct flow *flow)
{
    char client[64], server[64];
    endpoint_text(flow, CLIENT, client, sizeof client);
    endpoint_text(flow, SERVER, server, sizeof server);
    page_format(l->page, STYLE_PLAIN, "  %s -> %s", client, server);
    page_end(l->page);
    page_format(l->page, STYLE_BOLD, "  %s", finding_of(l->verdict->primary.id)->id);
    page_end(l->page);
    page_format(l->page, STYLE_DIM, "%6s  %-12s%9s  ", "#", "time", "+s");
    unsigned columns = page_columns(client) + page_columns(server);
    if (columns + 2 <= l->lane + 2) {
        page_put(l->page, STYLE_PLAIN, client);
        page_spaces(l->page, l->lane + 2 - columns);
        page_put(l->page, STYLE_PLAIN, server);
    } else {
        page_put(l->page, STYLE_PLAIN, "client");
        page_spaces(l->page, l->lane + 2 - 12);
        page_put(l->page, STYLE_PLAIN, "server");
    }
    page_end(l->page);
}

size_t ladder_here(const struct verdict *verdict, const struct rows *rows)
{
    size_t here = rows->n;

    for (size_t i = 0; i < rows->n; i++)
        if (is_here(verdict, &rows->row[i]))
            here = i;
    return here;
}

void ladder_write(struct page *p, const struct report *r, const struct scene *scene,
                  const struct verdict *verdict)
{
    struct rows *rows = verdict->flow ? malloc(sizeof *rows) : NULL;
    unsigned lane = p->width > LANE_REST + LANE_LEAST ? p->width - LANE_REST : LANE_LEAST;
    struct ladder l = { .page = p,
                        .verdict = verdict,
                        .lane = lane < LANE_MOST ? lane : LANE_MOST,
                        .line = p->ascii ? "|" : "\u2502",
                        .dash = p->ascii ? "-" : "\u2500" };

    (void)r;
    if (!rows)
        return;
    rows_of(verdict, rows);
    draw_head(&l, verdict->flow);
    size_t here = ladder_here(verdict, rows);
    for (size_t i = 0; i < rows->n; i++)
        draw_row(&l, rows, i, i == here && !rows->row[i].unanswered);
    if (rows->lost) {
        page_format(p, STYLE_DIM, "        (%zu further events)", rows->lost);
        page_end(p);
    }
    draw_silence(&l, scene, rows);
    for (size_t i = 0, note = 0; i < rows->n; i++) {
        char label[16];
        if (!rows->row[i].note[0])
            continue;
        snprintf(label, sizeof label, "   %zu", ++note);
        page_field(p, label, 7, rows->row[i].note, NULL);
    }
    page_end(p);
    free(rows);
}
