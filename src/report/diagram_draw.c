/* diagram_draw.c - the same picture for a browser (SVG 1.1) and for Graphviz (the language DOT). */
#include "report/diagram.h"
#include "report/html_pen.h"

#include <inttypes.h>

enum {
    WIDTH = 1080,
    LEFT_X = 20,
    LEFT_W = 330,
    BEND_X = 400,
    LANE_X = 480,
    RIGHT_X = 740,
    RIGHT_W = 320,
    TOP = 96,
    BOX = 46,  /* height of a node with one edge */
    LANE = 34, /* and of each further one */
    GAP = 18,
};

/* The colours of the page (html/report.css), whose contrast the tests compute. */
static const char style[] =
    "svg{--bg:#fff;--fg:#1b1f24;--soft:#f4f5f7;--line:#6b7480;--dim:#57606a;--bad:#b3261e;"
    "--good:#1a6b32;--unknown:#4d5560;--warn:#8a5300;background:var(--bg)}"
    "@media (prefers-color-scheme:dark){svg{--bg:#14171c;--fg:#e6e9ee;--soft:#1d2127;"
    "--line:#8a93a0;--dim:#a3acb9;--bad:#ff9a91;--good:#7fd197;--unknown:#b3bcc9;--warn:#f0bf66}}"
    "text{font:14px system-ui,'Liberation Sans','DejaVu Sans',sans-serif;fill:var(--fg)}"
    ".b{font-weight:700}.h{font-size:18px;font-weight:700}.d{fill:var(--dim);font-size:12.5px}"
    "rect.g{fill:var(--bg)}rect.n{fill:var(--soft);stroke:var(--line)}"
    "rect.bad{stroke:var(--bad);stroke-width:2}path{fill:none;stroke-width:2}"
    ".ok{stroke:var(--good)}.fail{stroke:var(--bad);stroke-dasharray:7 4}"
    ".mixed{stroke:var(--warn);stroke-dasharray:12 3}.unsure{stroke:var(--unknown);"
    "stroke-dasharray:2 4}.cross{stroke:var(--bad);stroke-width:3}"
    "text.ok{fill:var(--good);stroke:none}text.fail{fill:var(--bad);stroke:none}"
    "text.mixed{fill:var(--warn);stroke:none}text.unsure{fill:var(--unknown);stroke:none}";

static const char *class_of(const struct diagram_edge *e)
{
    return e->failed ? e->ok ? "mixed" : "fail" : e->ok ? "ok" : "unsure";
}

static int height_of(const struct diagram_node *n)
{
    return BOX + (n->n_edges > 1 ? ((int)n->n_edges - 1) * LANE : 0);
}

static int height_of_all(const struct diagram_node *n, size_t count)
{
    int y = TOP;

    for (size_t i = 0; i < count; i++)
        y += height_of(&n[i]) + GAP;
    return y;
}

static void put_text(struct writer *w, int x, int y, const char *class, const char *text)
{
    html_format(w, "<text x=\"%d\" y=\"%d\" class=\"%s\">", x, y, class);
    html_text(w, text);
    html_raw(w, "</text>");
}

/* Long names lose their middle: both ends tell more. */
static void shorten(const char *from, size_t most, char out[DIAGRAM_LABEL])
{
    size_t n = strlen(from), half = (most - 3) / 2;

    text_copy(out, DIAGRAM_LABEL, from);
    if (n <= most)
        return;
    while (half && ((unsigned char)from[half] & 0xc0) == 0x80)
        half--;
    size_t tail = n - half;
    while (tail < n && ((unsigned char)from[tail] & 0xc0) == 0x80)
        tail++;
    snprintf(out, DIAGRAM_LABEL, "%.*s...%s", (int)half, from, from + tail);
}

static void put_node(struct writer *w, const struct diagram_node *n, int x, int y, int width)
{
    char label[DIAGRAM_LABEL];

    html_format(w, "<rect class=\"n%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"6\"/>",
                n->failed ? " bad" : "", x, y, width, height_of(n));
    shorten(n->title, 38, label);
    put_text(w, x + 12, y + 19, "b", label);
    shorten(n->text, 50, label);
    put_text(w, x + 12, y + 37, "d", label);
}

/* The nearer to the server, the later the stage that failed. */
static int break_at(const struct diagram_edge *e)
{
    bool network = e->stage == STAGE_TCP || e->stage == STAGE_DNS;
    return network ? (BEND_X + LANE_X) / 2 + 20 : RIGHT_X - 16;
}

static void put_edge(struct writer *w, const struct diagram_edge *e, int from_y, int y)
{
    char words[DIAGRAM_LABEL];
    struct text t = text_of(words, sizeof words);
    const char *class = class_of(e);

    html_format(w, "<path class=\"%s\" d=\"M%d %dC%d %d %d %d %d %dH%d\"/>", class, LEFT_X + LEFT_W,
                from_y, BEND_X, from_y, BEND_X, y, LANE_X, y, RIGHT_X);
    writer_end_line(w);
    diagram_words(e, &t);
    put_text(w, LANE_X + 6, y - 6, class, words);
    if (e->failed && !e->ok && break_at(e) > LANE_X)
        html_format(w, "<path class=\"cross\" d=\"M%d %dl12 12m0 -12l-12 12\"/>", break_at(e) - 6,
                    y - 6);
    else if (e->failed && !e->ok)
        html_format(w, "<path class=\"cross\" d=\"M%d %dl12 12m0 -12l-12 12\"/>", LANE_X - 6,
                    y - 6);
    writer_end_line(w);
}

static void put_edges(const struct diagram *d, struct writer *w, const int *left_y,
                      const int *right_y)
{
    int used[DIAGRAM_LEFT + 1] = { 0 };

    for (size_t k = 0; k < d->n_right; k++) {
        int lane = 0;
        for (size_t i = 0; i < d->n_left; i++)
            if (d->edge[i][k].attempts)
                put_edge(w, &d->edge[i][k], left_y[i] + BOX / 2 + LANE * used[i]++,
                         right_y[k] + BOX / 2 + LANE * lane++);
    }
}

static void put_column(struct writer *w, const struct diagram_node *node, size_t n, int x,
                       int width, int *at)
{
    int y = TOP;

    for (size_t i = 0; i < n; i++) {
        put_node(w, &node[i], x, y, width);
        at[i] = y;
        y += height_of(&node[i]) + GAP;
    }
}

void diagram_svg(const struct diagram *d, struct writer *w)
{
    int left_y[DIAGRAM_LEFT + 1], right_y[DIAGRAM_RIGHT + 1];
    int left = height_of_all(d->left, d->n_left), right = height_of_all(d->right, d->n_right);
    int height = (left > right ? left : right) + 30;
    char line[DIAGRAM_LABEL];

    html_raw(w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
    html_format(w,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
                "height=\"%d\" role=\"img\" aria-labelledby=\"t d\"><title id=\"t\">",
                WIDTH, height, WIDTH, height);
    html_text(w, d->report->word);
    html_put(w, " ");
    html_text(w, d->report->headline);
    html_raw(w, "</title><desc id=\"d\">endpoints, services, and where the path breaks</desc>");
    html_put(w, "<style>");
    html_put(w, style);
    html_raw(w, "</style>");
    html_format(w, "<rect class=\"g\" width=\"%d\" height=\"%d\"/>", WIDTH, height);
    html_format(w, "<text x=\"%d\" y=\"36\" class=\"h\">", LEFT_X);
    shorten(d->report->headline, 110, line);
    html_text(w, line);
    html_raw(w, "</text>");
    put_text(w, LEFT_X, TOP - 16, "d", "endpoints");
    put_text(w, LANE_X, TOP - 16, "d", "attempts");
    put_text(w, RIGHT_X, TOP - 16, "d", "services");
    if (!d->n_left)
        put_text(w, LEFT_X, TOP + 20, "d", "Nothing relevant was tried in this capture.");
    put_column(w, d->left, d->n_left, LEFT_X, LEFT_W, left_y);
    put_column(w, d->right, d->n_right, RIGHT_X, RIGHT_W, right_y);
    put_edges(d, w, left_y, right_y);
    html_raw(w, "</svg>");
}

/* ---- Graphviz ---- */

/* A quoted string: only the quote and the backslash mean something in it. */
static void put_quoted(struct writer *w, const char *s)
{
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            writer_put_char(w, '\\');
        writer_put_char(w, *s);
    }
}

static void put_dot_node(struct writer *w, char kind, size_t number, const struct diagram_node *n)
{
    html_format(w, "  %c%zu [label=\"", kind, number);
    put_quoted(w, n->title);
    html_put(w, "\\n");
    put_quoted(w, n->text);
    html_format(w, "\"%s];", n->failed ? ", color=\"#b3261e\", penwidth=2" : "");
    writer_end_line(w);
}

static void put_dot_edge(struct writer *w, size_t from, size_t to, const struct diagram_edge *e)
{
    static const char *const look[] = { "color=\"#1a6b32\", fontcolor=\"#1a6b32\"",
                                        ("color=\"#b3261e\", fontcolor=\"#b3261e\", style=dashed, "
                                         "arrowhead=tee"),
                                        "color=\"#8a5300\", fontcolor=\"#8a5300\", style=dashed",
                                        "color=\"#4d5560\", fontcolor=\"#4d5560\", style=dotted" };
    char words[DIAGRAM_LABEL];
    struct text t = text_of(words, sizeof words);

    diagram_words(e, &t);
    html_format(w, "  c%zu -> s%zu [label=\"%s\", %s];", from, to, words,
                look[e->failed ? e->ok ? 2 : 1
                     : e->ok   ? 0
                               : 3]);
    writer_end_line(w);
}

void diagram_dot(const struct diagram *d, struct writer *w)
{
    html_raw(w, "digraph shakeout {");
    html_put(w, "  label=\"");
    put_quoted(w, d->report->headline);
    html_raw(w, "\";");
    html_raw(w, "  labelloc=t; rankdir=LR; ranksep=2; fontname=\"sans-serif\";");
    html_raw(w, "  node [shape=box, style=rounded, fontname=\"sans-serif\"];");
    html_raw(w, "  edge [fontname=\"sans-serif\", fontsize=11];");
    for (size_t i = 0; i < d->n_left; i++)
        put_dot_node(w, 'c', i, &d->left[i]);
    for (size_t i = 0; i < d->n_right; i++)
        put_dot_node(w, 's', i, &d->right[i]);
    for (size_t i = 0; i < d->n_left; i++)
        for (size_t k = 0; k < d->n_right; k++)
            if (d->edge[i][k].attempts)
                put_dot_edge(w, i, k, &d->edge[i][k]);
    html_raw(w, "}");
}
