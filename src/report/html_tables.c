/* html_tables.c - endpoints, attempts over time, certificates, names. */
#include "base/text.h"
#include "report/html_inside.h"
#include "x509/cert.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    ROWS_MOST = 2000,
    BINS = 60,
    CHART_W = 900,
    CHART_H = 120,
    LOOKUPS_SHOWN = 200,
    CHAINS = 32
};

/* ---- endpoints ---- */

static const char *state_of(const struct endpoint *e)
{
    static const char *const states[] = {
        [OUTCOME_OK] = "healthy", [OUTCOME_FAILED] = "failing", [OUTCOME_UNDECIDED] = "undecided"
    };
    return states[endpoint_state(e)];
}

static const char *finding_of_endpoint(const struct html *h, const struct endpoint *e)
{
    const struct group *g =
        e->worst_group ? table_at(&h->report->summary.groups, e->worst_group - 1) : NULL;
    return g ? finding_of(g->id)->id : "";
}

static const char *class_of(const struct cell *cell)
{
    if (!cell->attempts)
        return "none";
    return cell->failed ? cell->ok ? "mixed" : "bad" : cell->ok ? "ok" : "none";
}

static void put_row(struct html *h, const struct matrix *m, const struct matrix_line *line)
{
    struct cell cells[PORTS_SHOWN];
    char address[ADDRESS_TEXT], text[24], time[STAMP_TEXT];
    const char *lookup = NULL, *id = finding_of_endpoint(h, line->endpoint);

    matrix_cells(m, line->endpoint, cells, &lookup);
    html_format(h->w, "<tr data-state=\"%s\" data-finding=\"%s\"><th scope=\"row\">%s</th>",
                state_of(line->endpoint), id, address_text(line->address, address));
    html_format(h->w, "<td class=\"%s\">%s</td>", lookup ? "bad" : "none", lookup ? lookup : "");
    for (size_t i = 0; i < m->n_ports; i++)
        html_element(h->w, "td", class_of(&cells[i]), matrix_cell_text(&cells[i], text));
    html_element(h->w, "td", NULL,
                 line->endpoint->last_ok_ns
                     ? stamp_whole(line->endpoint->last_ok_ns, h->page.stamps, time)
                     : "never");
    html_format(h->w, "<td>%" PRIu32 "/%" PRIu32 "</td><td>%s</td></tr>", line->endpoint->ok,
                line->endpoint->attempts, id);
    writer_end_line(h->w);
}

static void put_columns(struct html *h, const struct matrix *m)
{
    static const char *const last[] = { "last worked", "worked/tried", "why" };

    html_put(h->w, "<thead><tr><th scope=\"col\"><button type=\"button\">endpoint</button></th>"
                   "<th scope=\"col\"><button type=\"button\">dns</button></th>");
    for (size_t i = 0; i < m->n_ports; i++)
        html_format(h->w, "<th scope=\"col\"><button type=\"button\">%u</button></th>", m->port[i]);
    for (size_t i = 0; i < 3; i++)
        html_format(h->w, "<th scope=\"col\"><button type=\"button\">%s</button></th>", last[i]);
    html_raw(h->w, "</tr></thead>");
}

/* Every finding that heads some endpoint, once. */
static void put_options(struct html *h)
{
    bool said[FINDINGS] = { false };

    for (size_t i = 0; i < h->n_groups; i++) {
        const struct group *g = h->group[i];
        if ((!g->n_headed && !g->n_round) || said[g->id])
            continue;
        said[g->id] = true;
        html_format(h->w, "<option>%s</option>", finding_of(g->id)->id);
    }
}

static void put_find(struct html *h)
{
    html_raw(h->w, "<div class=\"find only-script\">");
    html_raw(h->w,
             "<label>find <input id=\"find-text\" type=\"search\" autocomplete=\"off\"></label>");
    html_raw(h->w, "<label>state <select id=\"find-state\"><option "
                   "value=\"\">all</option><option>failing</option>"
                   "<option>undecided</option><option>healthy</option></select></label>");
    html_put(h->w, "<label>finding <select id=\"find-finding\"><option value=\"\">all</option>");
    put_options(h);
    html_raw(h->w, "</select></label><p id=\"find-count\" aria-live=\"polite\"></p></div>");
}

/* How many rows: all, or with very many only those that need somebody. */
static size_t rows_of_lines(const struct matrix_line *lines, size_t n)
{
    size_t needy = 0;

    if (n <= ROWS_MOST)
        return n;
    while (needy < n && endpoint_state(lines[needy].endpoint) != OUTCOME_OK)
        needy++;
    return needy < ROWS_MOST ? needy : ROWS_MOST;
}

void html_endpoints(struct html *h)
{
    struct matrix m = { .summary = &h->report->summary };
    struct matrix_line *lines = matrix_lines(m.summary);
    size_t n = m.summary->endpoints.n, shown = lines ? rows_of_lines(lines, n) : 0;

    html_raw(h->w, "<section id=\"endpoints\"><h2>3 Endpoints</h2>");
    if (!lines) {
        html_raw(h->w, "<p>No endpoint was judged.</p></section>");
        return;
    }
    matrix_find_ports(&m);
    put_find(h);
    html_raw(h->w, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
                   "aria-label=\"Endpoints\"><table id=\"endpoints-table\">");
    html_format(
        h->w,
        "<caption>Endpoint against port. -- means: no attempt in this capture, which is no "
        "failure.%s</caption>",
        shown < n
            ? " Healthy endpoints are left out, for there are very many; the JSON Lines have all."
            : "");
    put_columns(h, &m);
    html_raw(h->w, "<tbody>");
    for (size_t i = 0; i < shown; i++)
        put_row(h, &m, &lines[i]);
    html_raw(h->w, "</tbody></table></div></section>");
    free(lines);
}

/* ---- time ---- */

struct bin {
    uint32_t ok, failed;
};

static size_t fill_bins(const struct html *h, struct bin bins[BINS], int64_t width_ns)
{
    const struct history *all = &h->report->summary.history;
    size_t most = 0;

    for (size_t i = 0; i < all->n; i++) {
        const struct deed *d = &all->chunks[i / HISTORY_CHUNK][i % HISTORY_CHUNK];
        const struct service_key *key =
            d->service ? table_key(&h->report->summary.services, d->service - 1) : NULL;
        if (key && key->is_lookup)
            continue; /* a question is part of an attempt */
        int64_t at = (d->time_ns - h->scene->first_ns) / width_ns;
        struct bin *bin = &bins[at < 0 ? 0 : at >= BINS ? BINS - 1 : at];
        if (d->outcome == OUTCOME_OK)
            bin->ok++;
        else if (d->outcome == OUTCOME_FAILED)
            bin->failed++;
        most = bin->ok > most ? bin->ok : most;
        most = bin->failed > most ? bin->failed : most;
    }
    return most;
}

static void put_chart(struct html *h, const struct bin *bins, size_t most)
{
    int half = CHART_H / 2, width = CHART_W / BINS;

    html_format(h->w,
                "<svg viewBox=\"0 0 %d %d\" role=\"img\"><title>attempts over time: above the line "
                "those that worked, below those that failed</title><desc>the numbers are in the "
                "table below</desc>",
                CHART_W, CHART_H);
    for (int i = 0; i < BINS; i++) {
        int up = (int)((uint64_t)bins[i].ok * (uint64_t)(half - 4) / most);
        int down = (int)((uint64_t)bins[i].failed * (uint64_t)(half - 4) / most);
        up += bins[i].ok && !up;
        down += bins[i].failed && !down;
        if (up)
            html_format(h->w,
                        "<rect class=\"bar-ok\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>",
                        i * width, half - up, width - 2, up);
        if (down)
            html_format(h->w,
                        "<rect class=\"bar-bad\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>",
                        i * width, half, width - 2, down);
    }
    html_format(h->w, "<path class=\"axis\" d=\"M0 %dH%d\"/></svg>", half, CHART_W);
    writer_end_line(h->w);
}

static void put_numbers(struct html *h, const struct bin *bins, int64_t width_ns)
{
    char time[STAMP_TEXT];

    html_raw(h->w,
             "<details open data-fold><summary>the same as numbers</summary><div class=\"scroll\" "
             "tabindex=\"0\" role=\"region\" aria-label=\"Attempts over time\"><table>");
    html_put(h->w, "<caption>Attempts by the time of their first packet, in steps of ");
    html_text(h->w, stamp_duration(width_ns, time));
    html_raw(h->w, "</caption><thead><tr><th scope=\"col\">from</th><th "
                   "scope=\"col\">worked</th><th scope=\"col\">failed</th></tr></thead><tbody>");
    for (int i = 0; i < BINS; i++) {
        if (!bins[i].ok && !bins[i].failed)
            continue;
        html_format(h->w,
                    "<tr><th scope=\"row\">%s</th><td>%" PRIu32 "</td><td>%" PRIu32 "</td></tr>",
                    stamp_time(h->scene->first_ns + i * width_ns, h->page.stamps, time), bins[i].ok,
                    bins[i].failed);
        writer_end_line(h->w);
    }
    html_raw(h->w, "</tbody></table></div></details>");
}

static uint64_t decided(const struct bin *bins)
{
    uint64_t n = 0;

    for (int i = 0; i < BINS; i++)
        n += bins[i].ok + bins[i].failed;
    return n;
}

void html_timeline(struct html *h)
{
    struct bin bins[BINS] = { { 0, 0 } };
    int64_t span = h->scene->last_ns - h->scene->first_ns, width = span / BINS + 1;
    size_t most = fill_bins(h, bins, width);

    html_raw(h->w, "<section id=\"timeline\"><h2>4 Timeline</h2>");
    if (most && decided(bins) < 2) {
        html_raw(h->w, "<p>One attempt: there is no course of time to draw.</p>");
    } else if (most) {
        put_chart(h, bins, most);
        html_raw(h->w,
                 "<p>Above the line attempts that worked, below it attempts that failed.</p>");
        put_numbers(h, bins, width);
    } else {
        html_raw(h->w, "<p>No attempt was decided.</p>");
    }
    html_raw(h->w, "</section>");
}

/* ---- certificates ---- */

struct chain {
    const struct cert *const *cert;
    uint8_t n;
    struct address server;
    uint16_t port;
    uint64_t frame;
    const char *asked; /* server name */
};

struct chains {
    size_t n, hidden; /* hidden: connections whose certificates TLS 1.3 encrypts */
    struct chain chain[CHAINS];
};

static void add_chain(struct chains *all, const struct verdict *v)
{
    const struct flow *flow = v->flow;
    const struct session *s = flow ? flow->session : NULL;

    if (!s || !s->tls)
        return;
    if (!s->n_chain[SERVER]) {
        all->hidden += tls_is_13(s->tls);
        return;
    }
    for (size_t i = 0; i < all->n; i++)
        if (all->chain[i].cert[0] == s->chain[SERVER][0])
            return;
    if (all->n < CHAINS)
        all->chain[all->n++] = (struct chain){ (const struct cert *const *)s->chain[SERVER],
                                               s->n_chain[SERVER],
                                               flow->address[SERVER],
                                               flow->port[SERVER],
                                               flow->first_frame,
                                               s->server_name };
}

static void put_line(struct html *h, const char *label, const char *value)
{
    html_put(h->w, "<p>");
    html_element(h->w, "b", NULL, label);
    html_put(h->w, " ");
    html_text(h->w, value);
    html_raw(h->w, "</p>");
}

static void put_validity(struct html *h, const struct cert_facts *f)
{
    char from[STAMP_TEXT], to[STAMP_TEXT], line[200];
    int64_t now_s = h->scene->last_ns / 1000000000, left = (f->not_after_s - now_s) / 86400;

    snprintf(line, sizeof line, "%s to %s", stamp_utc_day(f->not_before_s, from),
             stamp_utc_day(f->not_after_s, to));
    put_line(h, "valid", line);
    if (now_s > f->not_after_s)
        html_element(h->w, "p", "FAIL", "\u2717 expired at the time of the capture");
    else if (now_s < f->not_before_s)
        html_element(h->w, "p", "FAIL", "\u2717 not yet valid at the time of the capture");
    else {
        snprintf(line, sizeof line, "%s%" PRId64 " days left at the time of the capture",
                 left < 30 ? "! " : "\u2713 ", left);
        html_element(h->w, "p", left < 30 ? "WARN" : "OK", line);
    }
}

static void put_card(struct html *h, const struct chain *c, size_t i)
{
    const struct cert_facts *f = cert_facts(c->cert[i]);
    char line[200];

    html_put(h->w, "<div class=\"card\"><h4>");
    html_text(h->w, f->parsed ? f->subject_cn[0] ? f->subject_cn : f->subject : "not readable");
    html_raw(h->w, "</h4>");
    if (f->parsed) {
        snprintf(line, sizeof line, "%s, %s %d", i ? "sent with it" : "leaf", f->key_algorithm,
                 f->key_bits);
        html_element(h->w, "p", NULL, line);
        put_line(h, "issued by", f->self_issued ? "itself" : f->issuer);
        put_validity(h, f);
        if (!i && c->asked[0])
            html_element(h->w, "p", cert_names_host(c->cert[0], c->asked) ? "OK" : "FAIL",
                         cert_names_host(c->cert[0], c->asked)
                             ? "\u2713 has the name that was asked for"
                             : "\u2717 does not have the name that was asked for");
        if (i + 1U < c->n && !cert_signed_by(c->cert[i], c->cert[i + 1]))
            html_element(h->w, "p", "WARN", "! not signed by the next one that was sent");
        if (i + 1U == c->n && !f->self_issued)
            html_element(h->w, "p", NULL, "its issuer was not sent");
    }
    put_line(h, "SHA-256", f->sha256);
    html_raw(h->w, "</div>");
}

static void put_chain(struct html *h, const struct chain *c)
{
    char address[ADDRESS_TEXT];

    html_format(h->w, "<h3>%s port %u</h3><p>", address_text(&c->server, address), c->port);
    if (c->asked[0]) {
        html_put(h->w, "asked for as ");
        html_text(h->w, c->asked);
        html_put(h->w, ", ");
    }
    html_format(h->w,
                "first seen on the connection of packet %" PRIu64 "; trust was not judged</p>",
                c->frame);
    html_raw(h->w, "<div class=\"cards\">");
    for (size_t i = 0; i < c->n; i++)
        put_card(h, c, i);
    html_raw(h->w, "</div>");
}

void html_certificates(struct html *h)
{
    const struct summary *s = &h->report->summary;
    struct chains all = { 0 };

    for (size_t i = 0; i < s->n_examples; i++)
        add_chain(&all, &s->example[i]);
    if (s->first_success)
        add_chain(&all, s->first_success);
    html_raw(h->w, "<section id=\"certificates\"><h2>5 Certificates</h2>");
    for (size_t i = 0; i < all.n; i++)
        put_chain(h, &all.chain[i]);
    if (all.hidden)
        html_raw(h->w, "<div class=\"card\"><h4>Not visible</h4><p>TLS 1.3 encrypts certificates. "
                       "To see one, from an "
                       "endpoint: <code>openssl s_client -connect SERVER:PORT -servername NAME "
                       "-showcerts</code></p></div>");
    if (!all.n && !all.hidden)
        html_raw(h->w, "<p>No certificate was seen.</p>");
    html_raw(h->w, "</section>");
}

/* ---- names ---- */

static void put_answer(struct html *h, const struct lookup *l)
{
    char address[ADDRESS_TEXT];

    html_put(h->w, "<td>");
    if (!l->answered)
        html_put(h->w, l->icmp_frame ? "refused by ICMP" : "no answer");
    else if (l->rcode)
        html_put(h->w, l->rcode == DNS_NXDOMAIN   ? "NXDOMAIN"
                       : l->rcode == DNS_SERVFAIL ? "SERVFAIL"
                       : l->rcode == DNS_REFUSED  ? "REFUSED"
                                                  : "error");
    else if (!l->n_answers)
        html_put(h->w, "no address");
    for (unsigned i = 0; i < l->n_answers && i < LOOKUP_ANSWERS; i++) {
        html_put(h->w, i ? ", " : "");
        html_text(h->w, address_text(&l->answer[i], address));
    }
    html_put(h->w, "</td>");
}

static void put_lookup(struct html *h, const struct lookup *l)
{
    char address[ADDRESS_TEXT];

    html_put(h->w, "<tr>");
    html_element(h->w, "td", NULL, address_text(&l->client, address));
    html_element(h->w, "td", NULL, address_text(&l->server, address));
    html_put(h->w, "<th scope=\"row\">");
    html_text(h->w, l->name);
    html_put(h->w, "</th>");
    html_format(h->w, "<td>%s</td><td>%u</td>",
                l->type == DNS_A      ? "A"
                : l->type == DNS_AAAA ? "AAAA"
                : l->type == DNS_PTR  ? "PTR"
                                      : "other",
                l->tries);
    put_answer(h, l);
    html_format(h->w, "<td>#%" PRIu64 "</td></tr>", l->frames[0]);
    writer_end_line(h->w);
}

/* The questions that matter here: for names of an EMS, and those that failed. */
static bool is_shown(const struct html *h, const struct lookup *l)
{
    return !l->answered || l->rcode || h->scene->scope == SCOPE_ALL ||
           profile_names_ems(h->scene->profile, l->name);
}

void html_names(struct html *h)
{
    size_t n = h->scene->names ? names_lookups(h->scene->names) : 0, shown = 0, wanted = 0;

    for (size_t i = 0; i < n; i++)
        wanted += is_shown(h, names_lookup(h->scene->names, i));
    html_raw(h->w, "<section id=\"names\"><h2>6 Names and DNS</h2>");
    if (!wanted || h->report->config.names_hidden) {
        html_format(h->w, "<p>%s</p></section>",
                    n ? "No question for an EMS was seen." : "No DNS in this capture.");
        writer_end_line(h->w);
        return;
    }
    html_raw(h->w,
             "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"DNS "
             "questions\"><table><caption>Who asked whom for what</caption><thead><tr><th "
             "scope=\"col\">client</th>"
             "<th scope=\"col\">resolver</th><th scope=\"col\">name</th><th "
             "scope=\"col\">type</th><th scope=\"col\">tries</th>"
             "<th scope=\"col\">answer</th><th scope=\"col\">packet</th></tr></thead><tbody>");
    for (size_t i = 0; i < n && shown < LOOKUPS_SHOWN; i++) {
        const struct lookup *l = names_lookup(h->scene->names, i);
        if (is_shown(h, l))
            put_lookup(h, l), shown++;
    }
    html_raw(h->w, "</tbody></table></div>");
    if (shown < wanted)
        html_format(h->w, "<p>and %zu more; the JSON Lines have them.</p>", wanted - shown);
    html_raw(h->w, "</section>");
}
