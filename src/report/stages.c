/* stages.c - a line an endpoint and a service: how far it came, stage by stage, and what stopped
 * it; and, for grep and awk, a line a finding behind them. */
#include "report/inside.h"
#include "report/matrix.h"

#include <inttypes.h>
#include <stdlib.h>

enum { STAGE_CELL = 8, PORT_CELL = 6, ADDRESS_CELL = 16, SERVICES_SHOWN = 64 };

static const char *const heads[ATTEMPT_STAGES] = { "dns", "proxy", "tcp", "tls", "cert", "app" };

struct stages {
    enum stages_form form;
    struct page *page; /* of the console */
    struct writer *writer;
    const struct summary *summary;
    bool proxies;   /* somebody asked one */
    unsigned width; /* of addresses */
};

struct service_line {
    const struct service_key *key;
    const struct service_count *count;
    bool same_port; /* another server of the same port stands above */
};

/* ---- what is shown ---- */

static bool any_proxy(const struct summary *s)
{
    for (size_t i = 0; i < s->services.n; i++) {
        const struct service_key *key = table_key(&s->services, i);
        const struct service_count *c = table_at(&s->services, i);
        if (!key->is_lookup && c->stage[STAGE_PROXY] != TOKEN_NOT_TRIED)
            return true;
    }
    return false;
}

/* What is merely noted beside a connection does not say what became of it. */
static bool tells(const struct group *g)
{
    return !g->of_set && !g->of_capture && (g->primary || g->severity > SEVERITY_INFO);
}

/* The most severe finding that this client has at this service; NULL = none. */
static const struct group *worst_of(const struct summary *s, const struct service_key *key)
{
    const struct group *worst = NULL;

    for (size_t i = 0; i < s->groups.n; i++) {
        const struct group *g = table_at(&s->groups, i);
        struct member_key member;
        if (g->port != key->port || g->lookup != (bool)key->is_lookup || !tells(g) ||
            !address_equal(&g->server, &key->server) || (worst && worst->severity >= g->severity))
            continue;
        memset(&member, 0, sizeof member);
        member.group = g->number;
        member.client = key->client;
        if (table_get(&s->members, &member))
            worst = g;
    }
    return worst;
}

static int by_service(const void *a, const void *b)
{
    const struct service_line *x = a, *y = b;
    int difference = (int)x->key->port - (int)y->key->port;

    return difference ? difference
                      : memcmp(&x->key->server, &y->key->server, sizeof x->key->server);
}

/* Connections, and lookups that failed: an answered question is in the stages of what was dialled.
 */
static size_t services_of(const struct summary *s, const struct endpoint *e,
                          struct service_line lines[SERVICES_SHOWN], size_t *left_out)
{
    size_t n = 0;

    *left_out = 0;
    for (uint32_t i = e->first_service; i;) {
        const struct service_key *key = table_key(&s->services, i - 1);
        const struct service_count *c = table_at(&s->services, i - 1);
        i = c->next;
        if (key->is_lookup && !c->failed)
            continue;
        if (n < SERVICES_SHOWN)
            lines[n++] = (struct service_line){ key, c, false };
        else
            ++*left_out;
    }
    qsort(lines, n, sizeof *lines, by_service);
    for (size_t i = 1; i < n; i++)
        lines[i].same_port = lines[i].key->port == lines[i - 1].key->port;
    return n;
}

static const char *stage_word(const struct service_line *line, size_t stage)
{
    uint8_t token = line->count->stage[stage];

    if (line->key->is_lookup && stage != STAGE_DNS)
        token = TOKEN_NOT_REACHED;
    return token_name((enum stage_token)token);
}

/* ---- the console ---- */

static enum page_style style_of(uint8_t token)
{
    if (token >= TOKEN_FAIL)
        return STYLE_RED;
    return token == TOKEN_WARN || token == TOKEN_MIXED ? STYLE_YELLOW : STYLE_PLAIN;
}

static void put_padded(struct page *p, enum page_style style, const char *s, unsigned width)
{
    unsigned columns = page_columns(s);

    page_put(p, style, s);
    page_spaces(p, columns < width ? width - columns : 1);
}

static void put_head(struct stages *t)
{
    put_padded(t->page, STYLE_BOLD, "endpoint", t->width);
    put_padded(t->page, STYLE_BOLD, "port", PORT_CELL);
    for (size_t i = 0; i < ATTEMPT_STAGES; i++)
        if (i != STAGE_PROXY || t->proxies)
            put_padded(t->page, STYLE_BOLD, heads[i], STAGE_CELL);
    page_put(t->page, STYLE_BOLD, "attempts");
    page_end(t->page);
}

/* "-> tcp.syn.silent_drop", and the server where the port does not tell which. */
static void put_finding(struct stages *t, const struct service_line *line)
{
    const struct group *worst = worst_of(t->summary, line->key);
    char server[ADDRESS_TEXT];

    if (!worst && !line->same_port)
        return;
    page_spaces(t->page, t->width + PORT_CELL);
    if (worst)
        page_format(t->page, style_of(worst->severity == SEVERITY_ERROR ? TOKEN_FAIL : TOKEN_OK),
                    "-> %s", finding_of(worst->id)->id);
    if (line->same_port)
        page_format(t->page, STYLE_PLAIN, "%sserver %s", worst ? "  " : "",
                    address_text(&line->key->server, server));
    page_end(t->page);
}

static void put_line(struct stages *t, const char *address, const struct service_line *line)
{
    char port[8];

    snprintf(port, sizeof port, "%u", line->key->port);
    put_padded(t->page, STYLE_PLAIN, address, t->width);
    put_padded(t->page, STYLE_PLAIN, port, PORT_CELL);
    for (size_t i = 0; i < ATTEMPT_STAGES; i++)
        if (i != STAGE_PROXY || t->proxies)
            put_padded(t->page, style_of(line->count->stage[i]), stage_word(line, i), STAGE_CELL);
    page_format(t->page, STYLE_PLAIN, "%" PRIu32 "/%" PRIu32, line->count->ok,
                line->count->attempts);
    page_end(t->page);
    put_finding(t, line);
}

/* ---- a spreadsheet ---- */

static void csv_line(struct stages *t, const char *address, const struct service_line *line)
{
    const struct group *worst = worst_of(t->summary, line->key);
    char server[ADDRESS_TEXT];

    csv_text(t->writer, address);
    writer_put(t->writer, ",");
    csv_text(t->writer, address_text(&line->key->server, server));
    writer_format(t->writer, ",%u,", line->key->port);
    for (size_t i = 0; i < ATTEMPT_STAGES; i++) {
        csv_text(t->writer, stage_word(line, i));
        writer_put(t->writer, ",");
    }
    writer_format(t->writer, "%" PRIu32 ",%" PRIu32 ",", line->count->ok, line->count->attempts);
    csv_text(t->writer, worst ? finding_of(worst->id)->id : "");
    writer_end_line(t->writer);
}

static void csv_begin(struct stages *t)
{
    writer_put(t->writer, "endpoint,server,port");
    for (size_t i = 0; i < ATTEMPT_STAGES; i++)
        writer_format(t->writer, ",%s", heads[i]);
    writer_put(t->writer, ",worked,attempts,finding");
    writer_end_line(t->writer);
}

/* ---- for grep and awk ---- */

/* The stages that every attempt has; what a proxy refuses stands where TLS would be. */
static const char *stage_of_five(const struct service_line *line, size_t stage)
{
    bool by_proxy = line->count->stage[STAGE_PROXY] >= TOKEN_FAIL;

    return stage_word(line, stage == STAGE_TLS && by_proxy ? STAGE_PROXY : stage);
}

static void tab_line(struct stages *t, const char *address, const struct service_line *line)
{
    const struct group *worst = worst_of(t->summary, line->key);
    char server[ADDRESS_TEXT];

    writer_format(t->writer, "endpoint\t%s\t%s\t%u", address,
                  address_text(&line->key->server, server), line->key->port);
    for (size_t i = 0; i < ATTEMPT_STAGES; i++)
        if (i != STAGE_PROXY)
            writer_format(t->writer, "\t%s", stage_of_five(line, i));
    writer_format(t->writer, "\t%s", worst ? finding_of(worst->id)->id : "-");
    writer_end_line(t->writer);
}

static void tab_place(struct writer *w, const struct group *g)
{
    char server[ADDRESS_TEXT];

    address_text(&g->server, server);
    if (address_is_unspecified(&g->server))
        writer_put(w, "\t-");
    else if (!g->port)
        writer_format(w, "\t%s", server);
    else
        writer_format(w, strchr(server, ':') ? "\t[%s]:%u" : "\t%s:%u", server, g->port);
}

static void tab_findings(struct writer *w, const struct summary *s)
{
    const struct group *groups[SUMMARY_GROUPS];
    size_t n = summary_order(s, groups, SUMMARY_GROUPS);

    for (size_t i = 0; i < n; i++) {
        const struct group *g = groups[i];
        writer_format(w, "finding\t%s\t%s\t%s\t%s\t%" PRIu32, finding_of(g->id)->id,
                      severity_name(g->severity), confidence_name(g->fact), owner_name(g->owner),
                      g->of_capture ? 0 : g->n_endpoints);
        tab_place(w, g);
        if (g->n_frames)
            writer_format(w, "\t#%" PRIu64, g->frames[0]);
        else
            writer_put(w, "\t-");
        writer_end_line(w);
    }
}

/* ---- all of it ---- */

static void put_service(struct stages *t, const char *address, bool first,
                        const struct service_line *line)
{
    switch (t->form) {
    case STAGES_CONSOLE:
        put_line(t, first ? address : "", line);
        return;
    case STAGES_CSV:
        csv_line(t, address, line);
        return;
    case STAGES_LINES:
        tab_line(t, address, line);
        return;
    }
}

static void put_endpoint(struct stages *t, const struct matrix_line *endpoint)
{
    struct service_line lines[SERVICES_SHOWN];
    size_t left_out, n = services_of(t->summary, endpoint->endpoint, lines, &left_out);
    char address[ADDRESS_TEXT];

    address_text(endpoint->address, address);
    for (size_t i = 0; i < n; i++)
        put_service(t, address, !i, &lines[i]);
    if (t->form == STAGES_CONSOLE && left_out) {
        page_format(t->page, STYLE_PLAIN, "%*s... %zu more services", (int)t->width, "", left_out);
        page_end(t->page);
    }
}

static unsigned width_of(const struct matrix_line *lines, size_t n)
{
    unsigned width = ADDRESS_CELL;

    for (size_t i = 0; i < n; i++) {
        char address[ADDRESS_TEXT];
        unsigned columns = page_columns(address_text(lines[i].address, address)) + 2;
        width = columns > width ? columns : width;
    }
    return width;
}

void stages_report(struct report *r, const struct scene *scene, enum stages_form form)
{
    struct page page = text_page(r);
    struct stages t = { .form = form,
                        .page = &page,
                        .writer = &r->writer,
                        .summary = &r->summary,
                        .proxies = any_proxy(&r->summary) };
    struct matrix_line *lines = matrix_lines(&r->summary);
    size_t n = lines ? r->summary.endpoints.n : 0;

    if (form == STAGES_CSV)
        csv_begin(&t);
    if (form == STAGES_CONSOLE) {
        text_begin(&page, r, scene);
        t.width = width_of(lines, n);
        page_end(&page);
        put_head(&t);
    }
    for (size_t i = 0; i < n; i++)
        put_endpoint(&t, &lines[i]);
    if (form == STAGES_LINES)
        tab_findings(&r->writer, &r->summary);
    if (form == STAGES_CONSOLE) {
        page_put(&page, STYLE_DIM,
                 ". not reached  -- no attempt  ? cannot be seen  ok* derived  n/m worked/tried");
        page_end(&page);
    }
    free(lines);
}
