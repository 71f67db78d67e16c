/* dense.c - fleets on one screen: a table a port, a line a subnet, a cell an endpoint. */
#include "report/fill.h"
#include "report/inside.h"
#include "report/matrix.h"

#include <stdlib.h>

enum { CHUNK = 10, SUBNET_CELL = 16, LABEL_CELL = 4, SUBNET_TEXT = ADDRESS_TEXT + 4 };

enum dense { NOT_TRIED, WORKS, FAILS, MIXED, UNDECIDED };

/* Neighbours in the order of addresses. */
struct subnet {
    size_t first, n; /* of lines */
    uint32_t failing, tried;
};

struct dense_page {
    struct page *page;
    const struct profile *profile;
    struct matrix matrix;
    struct matrix_line *line; /* by address */
    uint8_t (*state)[PORTS_SHOWN];
    struct subnet *subnet;
    size_t n, n_subnets;
    unsigned width; /* of the names of subnets */
};

/* ---- what is known ---- */

static enum dense state_of(const struct cell *cell, bool lookup_failed, bool is_checkin)
{
    if (!cell->attempts) /* who does not get the name dials nothing */
        return lookup_failed && is_checkin ? FAILS : NOT_TRIED;
    if (cell->failed)
        return cell->ok ? MIXED : FAILS;
    return cell->ok ? WORKS : UNDECIDED;
}

static bool is_checkin(const struct dense_page *d, uint16_t port)
{
    const struct service *service = d->profile ? profile_service(d->profile, port) : NULL;

    return service && service->checkin;
}

static void read_states(struct dense_page *d)
{
    for (size_t i = 0; i < d->n; i++) {
        struct cell cells[PORTS_SHOWN];
        const char *lookup;
        bool dials_nothing =
            matrix_cells(&d->matrix, d->line[i].endpoint, cells, &lookup) && lookup;
        for (size_t k = 0; k < d->matrix.n_ports; k++)
            d->state[i][k] =
                (uint8_t)state_of(&cells[k], dials_nothing, is_checkin(d, d->matrix.port[k]));
    }
}

static int by_address(const void *a, const void *b)
{
    const struct matrix_line *x = a, *y = b;

    return memcmp(x->address, y->address, sizeof *x->address);
}

static void find_subnets(struct dense_page *d)
{
    for (size_t i = 0; i < d->n; i++) {
        struct subnet *last = d->n_subnets ? &d->subnet[d->n_subnets - 1] : NULL;
        if (!last || !same_network(d->line[last->first].address, d->line[i].address)) {
            char name[SUBNET_TEXT];
            struct text t = text_of(name, sizeof name);
            last = &d->subnet[d->n_subnets++];
            *last = (struct subnet){ .first = i };
            fill_network(d->line[i].address, &t);
            d->width = t.n + 2 > d->width ? (unsigned)t.n + 2 : d->width;
        }
        last->n++;
    }
}

static void count_subnets(struct dense_page *d, size_t port)
{
    for (size_t i = 0; i < d->n_subnets; i++) {
        struct subnet *s = &d->subnet[i];
        s->failing = s->tried = 0;
        for (size_t k = s->first; k < s->first + s->n; k++) {
            s->tried += d->state[k][port] != NOT_TRIED;
            s->failing += d->state[k][port] == FAILS;
        }
    }
}

/* Most failing first, then as addresses go. */
static int by_failing(const void *a, const void *b)
{
    const struct subnet *x = a, *y = b;

    if (x->failing != y->failing)
        return x->failing < y->failing ? 1 : -1;
    return x->first < y->first ? -1 : 1;
}

/* ---- what is written ---- */

static void put_state(struct page *p, enum dense state)
{
    static const char *const glyphs[][2] = { [NOT_TRIED] = { "·", "-" },
                                             [WORKS] = { "✓", "+" },
                                             [FAILS] = { "✗", "x" },
                                             [MIXED] = { "~", "~" },
                                             [UNDECIDED] = { "?", "?" } };
    static const enum page_style styles[] = { [NOT_TRIED] = STYLE_DIM,
                                              [WORKS] = STYLE_PLAIN,
                                              [FAILS] = STYLE_RED,
                                              [MIXED] = STYLE_YELLOW,
                                              [UNDECIDED] = STYLE_PLAIN };
    page_put(p, styles[state], glyphs[state][p->ascii]);
}

static void put_head(struct page *p, uint16_t port)
{
    static const char *const words[] = {
        [WORKS] = " ok", [FAILS] = " fails", [MIXED] = " mixed", [UNDECIDED] = " undecided"
    };

    page_format(p, STYLE_BOLD, "%-7u", port);
    for (int i = WORKS; i <= UNDECIDED; i++) {
        put_state(p, (enum dense)i);
        page_format(p, STYLE_PLAIN, "%s  ", words[i]);
    }
    put_state(p, NOT_TRIED);
    page_put(p, STYLE_PLAIN, " not tried");
    page_end(p);
}

/* What tells the endpoint from others of its subnet: ".17", "::17". */
static void host_text(const struct address *address, char out[ADDRESS_TEXT])
{
    static const uint8_t none[8];
    struct address host = *address;

    if (address_is_ipv4(address)) {
        snprintf(out, ADDRESS_TEXT, ".%u", address->octet[15]);
        return;
    }
    memcpy(host.octet, none, sizeof none);
    address_text(&host, out);
}

static bool is_next(const struct address *a, const struct address *b)
{
    struct address next = *a;
    size_t i = sizeof next.octet;

    while (i && !++next.octet[i - 1])
        i--;
    return address_equal(&next, b);
}

/* Neighbours without a gap, at most CHUNK of them. */
static size_t chunk_of(const struct dense_page *d, size_t first, size_t end)
{
    size_t n = 1;

    while (n < CHUNK && first + n < end &&
           is_next(d->line[first + n - 1].address, d->line[first + n].address))
        n++;
    return n;
}

static void put_subnet(struct dense_page *d, const struct subnet *s, size_t port)
{
    char name[SUBNET_TEXT], host[ADDRESS_TEXT];
    struct text t = text_of(name, sizeof name);
    struct page *p = d->page;
    unsigned used = d->width;
    size_t end = s->first + s->n;

    fill_network(d->line[s->first].address, &t);
    page_format(p, STYLE_PLAIN, "%-*s", (int)d->width, name);
    for (size_t i = s->first, n; i < end; i += n) {
        n = chunk_of(d, i, end);
        host_text(d->line[i].address, host);
        unsigned label =
            (unsigned)strlen(host) + 1 > LABEL_CELL ? (unsigned)strlen(host) + 1 : LABEL_CELL;
        if (i > s->first && used + 1 + label + n > p->width) {
            page_end(p);
            page_spaces(p, d->width);
            used = d->width;
        } else if (i > s->first) {
            page_spaces(p, 1);
            used++;
        }
        page_format(p, STYLE_DIM, "%-*s", (int)label, host);
        for (size_t k = i; k < i + n; k++)
            put_state(p, (enum dense)d->state[k][port]);
        used += label + (unsigned)n;
    }
    page_end(p);
}

static void put_port(struct dense_page *d, size_t port)
{
    size_t others = 0;

    count_subnets(d, port);
    qsort(d->subnet, d->n_subnets, sizeof *d->subnet, by_failing);
    put_head(d->page, d->matrix.port[port]);
    for (size_t i = 0; i < d->n_subnets; i++) {
        if (d->subnet[i].tried)
            put_subnet(d, &d->subnet[i], port);
        else
            others += d->subnet[i].n;
    }
    if (others) {
        page_format(d->page, STYLE_DIM, "... and %zu endpoints in subnets where nobody tried",
                    others);
        page_end(d->page);
    }
}

static void put_all(struct dense_page *d)
{
    qsort(d->line, d->n, sizeof *d->line, by_address);
    matrix_find_ports(&d->matrix);
    read_states(d);
    find_subnets(d);
    for (size_t i = 0; i < d->matrix.n_ports; i++) {
        page_end(d->page);
        put_port(d, i);
    }
    if (d->matrix.ports_left_out) {
        page_put(d->page, STYLE_PLAIN, "... further ports are left out here");
        page_end(d->page);
    }
}

void dense_report(struct report *r, const struct scene *scene)
{
    struct page page = text_page(r);
    struct dense_page d = { .page = &page,
                            .profile = scene->profile,
                            .matrix = { .summary = &r->summary },
                            .line = matrix_lines(&r->summary),
                            .n = r->summary.endpoints.n,
                            .width = SUBNET_CELL };

    text_begin(&page, r, scene);
    d.state = d.line ? calloc(d.n, sizeof *d.state) : NULL;
    d.subnet = d.line ? calloc(d.n, sizeof *d.subnet) : NULL;
    if (d.state && d.subnet)
        put_all(&d);
    free(d.line);
    free(d.state);
    free(d.subnet);
}
