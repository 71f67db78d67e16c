/* The two tables: endpoints against ports, and groups. */
#include "report/matrix.h"

#include "report/inside.h"

#include <inttypes.h>
#include <stdlib.h>

enum { CELL = 7, ROWS_DEFAULT = 12, ROWS_VERBOSE = 200, ADDRESS_LEAST = 16, GROUP_ID = 33 };
/* "2026-11-19T14:02:11Z": a terminal shows less, a zone other than UTC more, but all the same
 * columns. */
enum { LAST_SEEN = 20, TABLE_LEAST = 80, CHECKINS_TEXT = 32, SHARED_SHOWN = 3 };

/* How wide its columns are; 0 = it has no such column. */
struct table_form {
    const struct stamp_style *stamps;
    unsigned address, lookup, checkins, last_seen;
};

static int port_index(const struct matrix *m, uint16_t port)
{
    for (size_t i = 0; i < m->n_ports; i++)
        if (m->port[i] == port)
            return (int)i;
    return -1;
}

static int by_port(const void *a, const void *b)
{
    return *(const uint16_t *)a - *(const uint16_t *)b;
}

void matrix_find_ports(struct matrix *m)
{
    const struct table *services = &m->summary->services;
    for (size_t i = 0; i < services->n; i++) {
        const struct service_key *key = table_key(services, i);
        if (key->is_lookup || !key->port || port_index(m, key->port) >= 0)
            continue;
        if (m->n_ports < PORTS_SHOWN)
            m->port[m->n_ports++] = key->port;
        else
            m->ports_left_out++;
    }
    qsort(m->port, m->n_ports, sizeof *m->port, by_port);
}

static void add_to_cell(struct cell *cell, const struct service_count *c)
{
    if (c->failed && c->failed_stage < ATTEMPT_STAGES)
        cell->token = c->stage[c->failed_stage];
    else if (c->failed)
        cell->token = TOKEN_FAIL;
    else if (!cell->failed && c->ok)
        cell->token = c->stage[STAGE_TCP] < TOKEN_FAIL ? TOKEN_OK : TOKEN_WARN;
    else if (!cell->failed)
        cell->token = TOKEN_UNSEEN;
    cell->attempts += c->attempts;
    cell->ok += c->ok;
    cell->failed += c->failed;
}

bool matrix_cells(const struct matrix *m, const struct endpoint *e, struct cell cells[PORTS_SHOWN],
                  const char **lookup)
{
    *lookup = NULL;
    memset(cells, 0, sizeof *cells * PORTS_SHOWN);
    for (uint32_t i = e->first_service; i;) {
        const struct service_key *key = table_key(&m->summary->services, i - 1);
        const struct service_count *c = table_at(&m->summary->services, i - 1);
        int column = key->is_lookup ? -1 : port_index(m, key->port);
        if (column >= 0)
            add_to_cell(&cells[column], c);
        if (key->is_lookup && c->failed)
            *lookup = token_name(c->stage[STAGE_DNS] == TOKEN_NOT_TRIED ? TOKEN_FAIL
                                                                        : c->stage[STAGE_DNS]);
        i = c->next;
    }
    return *lookup;
}

const char *matrix_cell_text(const struct cell *cell, char out[24])
{
    if (!cell->attempts)
        return "--";
    if (cell->failed && cell->ok)
        snprintf(out, 24, "%" PRIu32 "/%" PRIu32, cell->ok, cell->attempts);
    else if (cell->failed)
        return token_name(cell->token);
    else
        return cell->ok ? token_name(cell->token) : "?";
    return out;
}

static enum page_style cell_style(const struct cell *cell)
{
    if (cell->failed)
        return cell->ok ? STYLE_YELLOW : STYLE_RED;
    return cell->token == TOKEN_WARN ? STYLE_YELLOW : STYLE_PLAIN;
}

/* In a column of that width; 0 is the last one. */
static void put_padded(struct page *p, enum page_style style, const char *s, unsigned width)
{
    unsigned columns = page_columns(s);
    page_put(p, style, s);
    page_spaces(p, columns < width ? width - columns : width ? 1 : 0);
}

static int endpoint_rank(const struct endpoint *e)
{
    static const uint8_t rank[] = {
        [OUTCOME_FAILED] = 0, [OUTCOME_UNDECIDED] = 1, [OUTCOME_OK] = 3
    };
    return e->goes_round ? 2 : rank[endpoint_state(e)];
}

static int by_need(const void *a, const void *b)
{
    const struct matrix_line *x = a, *y = b;
    int difference = endpoint_rank(x->endpoint) - endpoint_rank(y->endpoint);
    return difference ? difference : memcmp(x->address, y->address, sizeof *x->address);
}

/* "14, every 64 s": how often the endpoint did what an EMS takes for a sign of life. */
static const char *checkins_text(const struct checkins *c, char out[CHECKINS_TEXT])
{
    int64_t every_s = (c->interval_ns + 500000000) / 1000000000;

    if (!c->count)
        return "none";
    if (c->missed)
        snprintf(out, CHECKINS_TEXT, "%" PRIu32 ", %" PRIu32 " missed", c->count, c->missed);
    else if (c->irregular)
        snprintf(out, CHECKINS_TEXT, "%" PRIu32 ", irregular", c->count);
    else if (every_s && !c->configured)
        snprintf(out, CHECKINS_TEXT, "%" PRIu32 ", every %" PRId64 " s", c->count, every_s);
    else
        snprintf(out, CHECKINS_TEXT, "%" PRIu32, c->count);
    return out;
}

static bool has_checkin_port(const struct matrix *m, const struct scene *scene)
{
    for (size_t i = 0; scene->profile && i < m->n_ports; i++) {
        const struct service *service = profile_service(scene->profile, m->port[i]);
        if (service && service->checkin)
            return true;
    }
    return false;
}

static void write_head(struct page *p, const struct matrix *m, const struct table_form *f)
{
    page_spaces(p, 2);
    put_padded(p, STYLE_BOLD, "endpoint", f->address);
    if (f->lookup)
        put_padded(p, STYLE_BOLD, "dns", m->n_ports ? f->lookup : 0);
    for (size_t i = 0; i < m->n_ports; i++) {
        char port[8];
        snprintf(port, sizeof port, "%u", m->port[i]);
        put_padded(p, STYLE_BOLD, port, i + 1 < m->n_ports || f->checkins ? CELL : 0);
    }
    if (f->checkins)
        put_padded(p, STYLE_BOLD, "check-ins", f->last_seen ? f->checkins : 0);
    if (f->last_seen)
        page_put(p, STYLE_BOLD, "last seen");
    page_end(p);
}

static void write_checkins(struct page *p, const struct table_form *f, const struct checkins *c)
{
    char text[CHECKINS_TEXT], stamp[STAMP_TEXT];

    if (f->checkins)
        put_padded(p, STYLE_PLAIN, checkins_text(c, text), f->last_seen ? f->checkins : 0);
    if (f->last_seen)
        page_put(p, STYLE_PLAIN, c->count ? stamp_whole(c->last_ns, *f->stamps, stamp) : "never");
}

/* Answers whether some cell says "no attempt". */
static bool write_line(struct page *p, const struct matrix *m, const struct matrix_line *line,
                       const struct table_form *f)
{
    struct cell cells[PORTS_SHOWN];
    char address[ADDRESS_TEXT], text[24];
    const char *lookup = NULL;
    bool none = false;

    matrix_cells(m, line->endpoint, cells, &lookup);
    page_spaces(p, 2);
    put_padded(p, STYLE_PLAIN, address_text(line->address, address), f->address);
    if (f->lookup)
        put_padded(p, STYLE_RED, lookup ? lookup : "", m->n_ports ? f->lookup : 0);
    for (size_t i = 0; i < m->n_ports; i++) {
        const char *cell = matrix_cell_text(&cells[i], text);
        none = none || !cells[i].attempts;
        put_padded(p, cell_style(&cells[i]), cell, i + 1 < m->n_ports || f->checkins ? CELL : 0);
    }
    write_checkins(p, f, &line->endpoint->checkins);
    page_end(p);
    return none;
}

static bool any_failed_lookup(const struct summary *s)
{
    for (size_t i = 0; i < s->services.n; i++) {
        const struct service_key *key = table_key(&s->services, i);
        const struct service_count *c = table_at(&s->services, i);
        if (key->is_lookup && c->failed)
            return true;
    }
    return false;
}

/* What all rows need; what would make them too wide is left out, last seen first. */
static struct table_form form_of(const struct page *p, const struct matrix *m,
                                 const struct scene *scene, const struct matrix_line *lines,
                                 size_t shown)
{
    unsigned room = p->width > TABLE_LEAST ? p->width : TABLE_LEAST;
    struct table_form f = { .stamps = &p->stamps,
                            .address = ADDRESS_LEAST,
                            .lookup = any_failed_lookup(m->summary) ? CELL + 2 : 0,
                            .checkins = has_checkin_port(m, scene) ? sizeof "check-ins" + 1 : 0 };

    for (size_t i = 0; i < shown; i++) {
        char address[ADDRESS_TEXT], text[CHECKINS_TEXT];
        unsigned columns = page_columns(address_text(lines[i].address, address)) + 2;
        f.address = columns > f.address ? columns : f.address;
        columns = page_columns(checkins_text(&lines[i].endpoint->checkins, text)) + 2;
        f.checkins = f.checkins && columns > f.checkins ? columns : f.checkins;
    }
    unsigned used = 2 + f.address + f.lookup + CELL * (unsigned)m->n_ports + f.checkins;
    f.last_seen = f.checkins && used + LAST_SEEN <= room ? LAST_SEEN : 0;
    f.checkins = used <= room ? f.checkins : 0;
    return f;
}

/* Whose rows are those of several hosts. */
static void write_shared(struct page *p, const struct report *r, const struct scene *scene)
{
    char line[400];
    struct text t = text_of(line, sizeof line);
    size_t n = 0;

    for (size_t i = 0; i < r->summary.endpoints.n; i++) {
        const struct address *client = table_key(&r->summary.endpoints, i);
        char address[ADDRESS_TEXT];
        if (summary_is_shared(&r->summary, scene, client) && n++ < SHARED_SHOWN)
            text_format(&t, "%s%s", t.n ? ", " : "", address_text(client, address));
    }
    if (!n)
        return;
    if (n > SHARED_SHOWN)
        text_format(&t, " and %zu more", n - SHARED_SHOWN);
    text_add(&t, n == 1 ? ": several hosts use this address (NAT, or a virtual machine)"
                        : ": several hosts use each of these addresses (NAT, or virtual machines)");
    page_spaces(p, 2);
    page_flow(p, 2, 2, STYLE_PLAIN, line);
}

static void write_lines(struct page *p, const struct matrix *m, const struct table_form *f,
                        const struct matrix_line *lines, size_t shown)
{
    bool none = false;

    write_head(p, m, f);
    for (size_t i = 0; i < shown; i++)
        none |= write_line(p, m, &lines[i], f);
    if (none) {
        page_spaces(p, f->address + 2);
        page_put(p, STYLE_DIM, "--  no attempt in this capture; not a failure");
        page_end(p);
    }
}

static void write_rest(struct page *p, const struct matrix *m, size_t left_out)
{
    if (left_out) {
        page_format(p, STYLE_PLAIN, "  ... %zu more endpoints; -v shows more of them", left_out);
        page_end(p);
    }
    if (m->ports_left_out) {
        page_format(p, STYLE_PLAIN, "  ... further ports are left out here");
        page_end(p);
    }
}

struct matrix_line *matrix_lines(const struct summary *s)
{
    size_t n = s->endpoints.n;
    struct matrix_line *lines = n ? calloc(n, sizeof *lines) : NULL;

    if (!lines)
        return NULL;
    for (size_t i = 0; i < n; i++)
        lines[i] = (struct matrix_line){ .address = table_key(&s->endpoints, i),
                                         .endpoint = table_at(&s->endpoints, i) };
    qsort(lines, n, sizeof *lines, by_need);
    return lines;
}

static size_t rows_wanted(const struct report *r, size_t n)
{
    size_t most = r->config.verbose >= 2 || r->config.format == REPORT_PORTS ? n
                  : r->config.verbose                                        ? ROWS_VERBOSE
                                                                             : ROWS_DEFAULT;
    return n < most ? n : most;
}

void matrix_write(struct page *p, const struct report *r, const struct scene *scene)
{
    struct matrix m = { .summary = &r->summary };
    struct matrix_line *lines = matrix_lines(&r->summary);
    size_t n = r->summary.endpoints.n, shown = rows_wanted(r, n);

    if (!lines)
        return;
    matrix_find_ports(&m);
    if (m.n_ports || r->summary.totals.lookups) { /* else nothing was tried that has a column */
        struct table_form form = form_of(p, &m, scene, lines, shown);
        write_lines(p, &m, &form, lines, shown);
        write_rest(p, &m, n - shown);
        write_shared(p, r, scene);
        page_end(p);
    }
    free(lines);
}

static void group_line(struct page *p, const struct report *r, enum page_mark mark, uint64_t n,
                       const char *id, const struct group *g)
{
    char count[24], common[128];
    struct text t = text_of(common, sizeof common);
    unsigned glyph = page_glyph(p, mark);
    snprintf(count, sizeof count, "%" PRIu64, n);
    page_spaces(p, glyph < 6 ? 6 - glyph : 1);
    page_format(p, STYLE_PLAIN, "%9s  ", count);
    if (!g) {
        page_put(p, STYLE_PLAIN, id);
        page_end(p);
        return;
    }
    put_padded(p, STYLE_BOLD, id, GROUP_ID);
    common_short(r, g, &t);
    page_put(p, STYLE_PLAIN, common);
    page_end(p);
}

void matrix_groups(struct page *p, const struct report *r, const struct group *const *groups,
                   size_t n)
{
    const struct totals *t = &r->summary.totals;
    uint64_t headed = 0;

    page_spaces(p, 6);
    page_format(p, STYLE_BOLD, "%-*s%s", 11 + GROUP_ID, "endpoints  finding",
                "what they have in common");
    page_end(p);
    for (size_t i = 0; i < n; i++) {
        if (!groups[i]->n_headed || groups[i]->severity != SEVERITY_ERROR)
            continue;
        group_line(p, r, MARK_FAIL, groups[i]->n_headed, finding_of(groups[i]->id)->id, groups[i]);
        headed += groups[i]->n_headed;
    }
    if (t->failing > headed)
        group_line(p, r, MARK_FAIL, t->failing - headed, "others", NULL);
    if (t->unclear)
        group_line(p, r, MARK_UNKNOWN, t->unclear, "undecided", NULL);
    if (t->going_round)
        group_line(p, r, MARK_WARN, t->going_round, "healthy, by another way", NULL);
    if (t->healthy > t->going_round)
        group_line(p, r, MARK_OK, t->healthy - t->going_round, "healthy", NULL);
    page_end(p);
}
