/* The endpoints: columns, rows, headings, and how many of how many. */
#include "correlate/summary.h"
#include "live/face_inside.h"

#include <inttypes.h>
#include <string.h>

enum { CELL = 8, AGE = 8, BAR = 14, BAR_MOST = 12, EVERY = 7, ID_LEAST = 9, ADDRESS_LEAST = 15 };

static const int64_t second_ns = 1000000000;

static bool is_checkin(const struct view *v, uint16_t port)
{
    const struct service *service = v->profile ? profile_service(v->profile, port) : NULL;
    return service && service->checkin;
}

/* Where somebody fails, then what endpoints check in at, then what most of them use. */
static uint64_t weight_of(const struct view *v, const struct board_port *p)
{
    uint64_t n = (uint64_t)p->healthy + p->failing + p->undecided;
    return ((uint64_t)p->failing << 32) + (is_checkin(v, p->port) ? (uint64_t)1 << 31 : 0) + n;
}

/* As many as fit beside everything else; in ascending order. */
static void choose_ports(struct face *f)
{
    const struct board_sums *s = &f->view->sums;
    unsigned rest = FACE_MARGIN + f->address + 2 + AGE + BAR + EVERY + ID_LEAST;
    size_t most = f->canvas->columns > rest ? (f->canvas->columns - rest) / CELL : 0;

    for (size_t i = 0; i < s->n_ports; i++) {
        size_t heavier = 0;
        for (size_t k = 0; k < s->n_ports; k++) {
            uint64_t own = weight_of(f->view, &s->port[i]), other = weight_of(f->view, &s->port[k]);
            heavier += k != i && (other > own || (other == own && k < i));
        }
        if (heavier < most)
            f->port[f->n_ports++] = s->port[i].port;
    }
}

static void measure_addresses(struct face *f)
{
    char address[ADDRESS_TEXT];

    f->address = ADDRESS_LEAST;
    for (size_t i = 0; i < f->view->list.n_rows; i++) {
        const struct address *client = &f->view->list.row[i].client;
        unsigned n = address_is_ipv4(client) ? 0 : (unsigned)strlen(address_text(client, address));
        f->address = n > f->address ? n : f->address;
    }
}

static void draw_columns(const struct face *f, unsigned row)
{
    unsigned column = FACE_MARGIN + f->address + 2;

    canvas_put(f->canvas, row, FACE_MARGIN, INK_BOLD, "endpoint");
    for (size_t i = 0; i < f->n_ports; i++, column += CELL) {
        if (f->port[i])
            canvas_format(f->canvas, row, column, INK_BOLD, "%u", f->port[i]);
        else
            canvas_put(f->canvas, row, column, INK_BOLD, "dns");
    }
    canvas_put(f->canvas, row, column, INK_BOLD, "age");
    canvas_put(f->canvas, row, column + AGE + BAR, INK_BOLD, "every");
    canvas_put(f->canvas, row, column + AGE + BAR + EVERY, INK_BOLD, "last failure");
}

/* Several servers at one port: the one that fails is shown. */
static const struct board_cell *cell_of(const struct board_row *row, uint16_t port)
{
    const struct board_cell *found = NULL;

    for (size_t i = 0; i < row->n_cells; i++)
        if (row->cell[i].port == port && (!found || (row->cell[i].failing && !found->failing)))
            found = &row->cell[i];
    return found;
}

static void draw_cell(const struct face *f, unsigned row, unsigned column,
                      const struct board_cell *cell)
{
    if (!cell)
        canvas_put(f->canvas, row, column, INK_DIM, "--");
    else if (!cell->decided)
        canvas_put(f->canvas, row, column, INK_PLAIN, "?");
    else if (cell->failing)
        canvas_put(f->canvas, row, column, INK_RED, token_name((enum stage_token)cell->token));
    else if (cell->ok < cell->of)
        canvas_format(f->canvas, row, column, INK_YELLOW, "%u/%u", cell->ok, cell->of);
    else
        canvas_put(f->canvas, row, column, INK_PLAIN, "ok");
}

/* One for each third of the endpoint's own interval. */
static void add_bar(struct text *t, const struct board_row *row, int64_t age_ns)
{
    int64_t thirds = row->interval_ns && age_ns > 0 ? age_ns / (row->interval_ns / 3 + 1) : 0;

    for (int64_t i = 0; i < thirds && i < BAR_MOST; i++)
        text_add(t, "#");
    if (row->overdue)
        text_add(t, "!");
}

static enum ink ink_of(const struct board_row *row)
{
    return row->muted                    ? INK_DIM
           : row->state == BOARD_FAILING ? INK_RED
           : row->state == BOARD_STALE   ? INK_YELLOW
           : row->state == BOARD_GONE    ? INK_DIM
                                         : INK_PLAIN;
}

/* Nobody watched before: it may be longer, in a word that fits. */
static void add_least(struct text *t, int64_t ns)
{
    int64_t s = ns > 0 ? ns / second_ns : 0;

    text_add(t, ">=");
    if (s >= 86400)
        text_format(t, "%" PRId64 " d", s / 86400);
    else if (s >= 3600)
        text_format(t, "%" PRId64 " h", s / 3600);
    else
        face_age(t, ns);
}

static void draw_age(const struct face *f, unsigned line, unsigned column,
                     const struct board_row *row)
{
    char text[64], bar[BAR + 1];
    struct text age = text_of(text, sizeof text), hashes = text_of(bar, sizeof bar);
    enum ink ink = row->overdue ? INK_YELLOW : INK_PLAIN;

    if (!row->checkin_ns) {
        canvas_put(f->canvas, line, column, INK_PLAIN, "never");
        canvas_put(f->canvas, line, column + AGE + BAR, INK_PLAIN, "-");
        return;
    }
    if (row->silent_ns > row->checkin_ns)
        add_least(&age, f->view->now_ns - row->silent_ns);
    else
        face_age(&age, f->view->now_ns - row->checkin_ns);
    canvas_put(f->canvas, line, column, ink, text);
    add_bar(&hashes, row, f->view->now_ns - row->silent_ns);
    canvas_put(f->canvas, line, column + AGE, ink, bar);
    if (row->interval_ns)
        canvas_format(f->canvas, line, column + AGE + BAR, INK_PLAIN, "%" PRId64 " s",
                      (row->interval_ns + second_ns / 2) / second_ns);
    else
        canvas_put(f->canvas, line, column + AGE + BAR, INK_PLAIN, "-");
}

/* As much of the id as fits, cut at a dot. */
static void draw_id(const struct face *f, unsigned line, unsigned column, enum ink ink,
                    enum finding_id id)
{
    char text[120];
    size_t room =
        f->canvas->columns > column + FACE_MARGIN ? f->canvas->columns - column - FACE_MARGIN : 0;

    text_copy(text, sizeof text, finding_of(id)->id);
    while (strlen(text) > room) {
        char *dot = strrchr(text, '.');
        if (!dot)
            return;
        *dot = '\0';
    }
    canvas_put(f->canvas, line, column, ink, text);
}

static void draw_row(const struct face *f, unsigned line, const struct board_row *row)
{
    char address[ADDRESS_TEXT];
    unsigned column = FACE_MARGIN + f->address + 2;
    bool fails = row->state == BOARD_FAILING;

    canvas_put(f->canvas, line, FACE_MARGIN, ink_of(row), address_text(&row->client, address));
    for (size_t i = 0; i < f->n_ports; i++, column += CELL)
        draw_cell(f, line, column, cell_of(row, f->port[i]));
    draw_age(f, line, column, row);
    column += AGE + BAR + EVERY;
    if (row->muted)
        column = canvas_put(f->canvas, line, column, INK_DIM, "muted ");
    if (row->id != F_NONE)
        draw_id(f, line, column, fails && !row->muted ? INK_RED : INK_DIM, row->id);
    else
        canvas_put(f->canvas, line, column, INK_DIM, "-");
}

static void add_heading(const struct face *f, const struct rows_line *heading, struct text *t)
{
    const struct board_row *row = &f->view->list.row[heading->row];
    char address[ADDRESS_TEXT];
    struct address network = row->client;
    bool ipv4 = address_is_ipv4(&network);

    switch (f->view->order.group) {
    case GROUP_SUBNET:
        memset(network.octet + (ipv4 ? 15 : 8), 0, ipv4 ? 1 : 8);
        text_format(t, "%s/%u", address_text(&network, address), ipv4 ? 24U : 64U);
        break;
    case GROUP_FINDING:
        text_add(t, row->id == F_NONE ? "no failure" : finding_of(row->id)->id);
        break;
    default:
        text_format(t, "server %s", address_text(&row->server, address));
    }
    text_format(t, "   %" PRIu32 " endpoint%s", heading->n, heading->n == 1 ? "" : "s");
    if (heading->failing)
        text_format(t, ", %" PRIu32 " failing", heading->failing);
}

static void draw_lines(const struct face *f, unsigned from, unsigned rows)
{
    struct view *v = f->view;

    if (v->selected < v->top)
        v->top = v->selected ? v->selected - 1 : 0; /* with its heading, if it has one */
    if (v->selected >= v->top + rows)
        v->top = v->selected - rows + 1;
    if (v->top + rows > v->list.n_lines)
        v->top = v->list.n_lines > rows ? v->list.n_lines - rows : 0;
    for (unsigned i = 0; i < rows && v->top + i < v->list.n_lines; i++) {
        const struct rows_line *line = &v->list.line[v->top + i];
        char text[200];
        struct text t = text_of(text, sizeof text);
        if (line->heading) {
            add_heading(f, line, &t);
            canvas_put(f->canvas, from + i, FACE_MARGIN, INK_BOLD, text);
            continue;
        }
        draw_row(f, from + i, &v->list.row[line->row]);
        if (v->top + i != v->selected)
            continue;
        canvas_put(f->canvas, from + i, 0, INK_BOLD, ">");
        canvas_reverse(f->canvas, from + i);
    }
}

/* How many of how many, and why these in this order. */
static void draw_shown(const struct face *f, unsigned row, unsigned rows)
{
    const struct view *v = f->view;
    char line[300];
    struct text t = text_of(line, sizeof line);
    size_t shown = 0;
    const char *filter = rows_filter_name(v->order.filter),
               *group = rows_group_name(v->order.group);

    for (size_t i = v->top; i < v->top + rows && i < v->list.n_lines; i++)
        shown += !v->list.line[i].heading;
    text_format(&t, "%zu of %zu shown, %s%s%s%s%s", shown, v->list.n_all,
                rows_sort_name(v->order.sort), group[0] ? ", " : "", group, filter[0] ? ", " : "",
                filter);
    if (v->order.find[0])
        text_format(&t, ", with \"%s\"", v->order.find);
    if (v->sums.refused)
        text_format(&t, ", %" PRIu64 " not kept", v->sums.refused);
    text_add(&t, " ");
    if (v->top + rows < v->list.n_lines)
        canvas_put(f->canvas, row, FACE_MARGIN, INK_DIM, "...");
    canvas_right(f->canvas, row, FACE_MARGIN + 4, INK_DIM, line);
}

void face_list(struct face *f, unsigned from, unsigned rows)
{
    measure_addresses(f);
    choose_ports(f);
    draw_columns(f, from);
    f->view->shown = rows - 2;
    draw_lines(f, from + 1, rows - 2);
    draw_shown(f, from + rows - 1, rows - 2);
    if (!f->view->list.n_all)
        canvas_put(f->canvas, from + 2, FACE_MARGIN, INK_PLAIN,
                   f->view->facts.packets ? "no endpoint has tried to reach an EMS yet"
                                          : "no packets yet: is this the right interface?");
}
