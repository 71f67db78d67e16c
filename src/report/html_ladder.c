/* html_ladder.c - one connection as a picture between its two ends, and the same as text. */
#include "base/text.h"
#include "report/html_inside.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    WIDTH = 760,
    CLIENT_X = 190,
    SERVER_X = 730,
    TOP = 40,
    STEP = 26,
    GAP = 22,
    STEPS_DRAWN = 40,
    LONG_MS = 200,
};

static bool is_tls(const struct row *row)
{
    static const char *const words[] = { "Hello", "encrypted",   "alert",
                                         "CCS",   "Certificate", "Finish",
                                         "Key",   "records",     "change cipher" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strstr(row->text, words[i]))
            return true;
    return false;
}

static const char *kind_of(const struct row *row, bool here)
{
    return here ? "here" : row->icmp ? "icmp" : is_tls(row) ? "tls" : "tcp";
}

static void put_text(struct writer *w, int x, int y, const char *class, const char *text)
{
    html_format(w, "<text x=\"%d\" y=\"%d\" class=\"%s\">", x, y, class);
    html_text(w, text);
    html_put(w, "</text>");
}

static void put_head(struct writer *w, int x, int y, bool right, bool here)
{
    int back = right ? -8 : 8;
    html_format(w, "<path class=\"%s\" d=\"M%d %dl%d -4v8z\"/>", here ? "headhere" : "head", x, y,
                back);
}

/* Towards whom it goes; what nobody saw arrive ends in a question mark. */
static void put_arrow(struct writer *w, const struct row *row, int y, bool here)
{
    bool right = row->from == CLIENT;
    int from = right ? CLIENT_X : SERVER_X, to = right ? SERVER_X : CLIENT_X;
    int end = row->unanswered ? (from + to * 3) / 4 : to;

    if (row->icmp) {
        from = (CLIENT_X + SERVER_X) / 2;
        end = right ? CLIENT_X : SERVER_X;
        right = !right;
    }
    html_format(w, "<path class=\"%s\" d=\"M%d %dH%d\"/>", kind_of(row, here), from, y, end);
    if (row->unanswered && !row->icmp)
        put_text(w, end + (right ? 6 : -14), y + 4, here ? "bad" : "", "?");
    else
        put_head(w, end, y, right, here);
    put_text(w, (CLIENT_X + SERVER_X) / 2, y - 5, here ? "mid bad" : "mid", row->text);
}

static void put_step(struct writer *w, const struct rows *rows, size_t i, int y, bool here)
{
    const struct row *row = &rows->row[i];
    char number[24], time[24];

    snprintf(number, sizeof number, "#%" PRIu64, row->frame);
    snprintf(time, sizeof time, "%.3f", (double)(row->time_ns - rows->zero_ns) / 1e9);
    put_text(w, 4, y + 4, "", number);
    put_text(w, CLIENT_X - 12, y + 4, "dim end", time);
    put_arrow(w, row, y, here);
    writer_end_line(w);
}

/* Silence looks like silence. */
static int put_gap(struct writer *w, int64_t gap_ns, int y)
{
    char text[STAMP_TEXT + 16], time[STAMP_TEXT];

    snprintf(text, sizeof text, "%s of silence", stamp_duration(gap_ns, time));
    html_format(w, "<path class=\"gap\" d=\"M%d %dH%d\"/>", CLIENT_X, y - 4, SERVER_X);
    put_text(w, CLIENT_X + 8, y + 8, "dim", text);
    writer_end_line(w);
    return y + GAP;
}

static bool is_gap(const struct rows *rows, size_t i)
{
    return i && rows->row[i].time_ns - rows->row[i - 1].time_ns > LONG_MS * 1000000LL;
}

static int height_of(const struct rows *rows, size_t n, bool silent)
{
    int y = TOP + 20;

    for (size_t i = 0; i < n; i++)
        y += STEP + (is_gap(rows, i) ? GAP : 0);
    return y + (silent ? GAP : 0) + (n < rows->n ? GAP : 0);
}

static void put_ends(struct writer *w, const struct flow *flow, int height)
{
    char address[ADDRESS_TEXT], text[80];

    html_format(w, "<path class=\"life\" d=\"M%d %dV%d\"/><path class=\"life\" d=\"M%d %dV%d\"/>",
                CLIENT_X, TOP - 12, height, SERVER_X, TOP - 12, height);
    put_text(w, 4, 18, "dim", "packet");
    snprintf(text, sizeof text, "client %s", address_text(&flow->address[CLIENT], address));
    put_text(w, CLIENT_X - 70, 18, "", text);
    snprintf(text, sizeof text, "server %s port %u", address_text(&flow->address[SERVER], address),
             flow->port[SERVER]);
    put_text(w, SERVER_X + 20, 18, "end", text);
}

static void put_picture(struct html *h, const struct verdict *v, const struct rows *rows,
                        unsigned number)
{
    struct writer *w = h->w;
    size_t n = rows->n < STEPS_DRAWN ? rows->n : STEPS_DRAWN, here = ladder_here(v, rows);
    bool silent = rows->n && rows->row[rows->n - 1].unanswered && !h->scene->live;
    int height = height_of(rows, n, silent), y = TOP + 14;

    html_raw(w, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Packets\">");
    html_format(w,
                "<svg class=\"ladder\" viewBox=\"0 0 %d %d\" role=\"img\" aria-labelledby=\"l%u\" "
                "aria-describedby=\"t%u\"><title id=\"l%u\">",
                WIDTH, height, number, number, number);
    html_format(w, "%s, packet by packet</title><desc>the same as text below</desc>",
                finding_of(v->primary.id)->id);
    put_ends(w, v->flow, height - 6);
    writer_end_line(w);
    for (size_t i = 0; i < n; i++, y += STEP) {
        if (is_gap(rows, i))
            y = put_gap(w, rows->row[i].time_ns - rows->row[i - 1].time_ns, y);
        put_step(w, rows, i, y, i == here);
    }
    if (n < rows->n)
        put_text(w, CLIENT_X + 8, y, "dim", "further steps: see the text below");
    else if (silent)
        put_text(w, CLIENT_X + 8, y, "dim", "no answer until the capture ends");
    html_raw(w, "</svg></div>");
}

void html_ladder(struct html *h, const struct verdict *v, unsigned number)
{
    struct rows *rows = malloc(sizeof *rows);

    if (!rows)
        return;
    rows_of(v, rows);
    html_raw(h->w, "<details open><summary>one connection, packet by packet</summary>");
    put_picture(h, v, rows, number);
    free(rows);
    h->gathering->n = 0;
    h->gathering->open[0] = h->gathering->label[0] = '\0';
    ladder_write(&h->page, h->report, h->scene, v);
    html_format(h->w, "<details open data-fold><summary>as text</summary><pre id=\"t%u\">", number);
    for (size_t i = 0; i < h->gathering->n; i++) {
        const struct gathered *item = &h->gathering->item[i];
        if (!item->line && item->label[0]) {
            html_text(h->w, item->label);
            html_put(h->w, "  ");
        }
        html_text(h->w, item->text);
        writer_end_line(h->w);
    }
    html_raw(h->w, "</pre></details></details>");
}
