/* One finding in full, in the fixed order of its sub-headings. */
#include "report/commands.h"
#include "report/inside.h"
#include "report/tell.h"
#include "report/trusted.h"
#include "tls/names.h"
#include "verdict/blame.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    BLOCK_TEXT = 2048,
    ROW_INDENT = 14,
    NARROW_INDENT = 4,
    RULED_INDENT = 29,
    ROWS_SHOWN = 8,
    ROWS_OF_MANY = 4
};

struct block {
    struct page *page;
    const struct report *report;
    const struct scene *scene;
    const struct group *group;
    const struct finding *finding;
    struct facts facts;
    char text[BLOCK_TEXT]; /* of the field being written */
};

/* Does anything show that this server is an EMS? */
static bool server_is_ems(const struct report *r, const struct scene *scene, const struct group *g)
{
    const struct server *server = table_get(&r->summary.servers, &g->server);
    const struct service *service = profile_service(scene->profile, g->port);
    const char *name = scene->names ? names_of(scene->names, &g->server) : NULL;

    if (g->lookup)
        return !g->example || !g->example->lookup ||
               profile_names_ems(scene->profile, g->example->lookup->name);
    return (server && (server->configured || server->answers_checkin || server->from_tls)) ||
           (service && service->checkin) || (name && profile_names_ems(scene->profile, name));
}

/* May the other end be something else than an EMS? */
static bool may_be_other(const struct scene *scene, const struct group *g)
{
    const struct service *service = profile_service(scene->profile, g->port);

    return scene->scope == SCOPE_ALL || (service && service->by_ems) ||
           site_is_proxy(&scene->profile->site, &g->server, g->port);
}

struct facts report_facts(const struct report *r, const struct scene *scene, const struct group *g)
{
    return (struct facts){ .scene = scene,
                           .group = g,
                           .verdict = g->example,
                           .names_hidden = r->config.names_hidden,
                           .not_ems = scene->profile && may_be_other(scene, g) && !g->of_capture &&
                                      !server_is_ems(r, scene, g) };
}

/* A group of one, for what is said of a verdict alone. */
struct group report_group_of(const struct verdict *v)
{
    struct group g = { .id = v->primary.id, .n_endpoints = 1, .n_members = 1, .example = v };

    g.one_network = true;
    if (v->flow) {
        g.client = v->flow->address[CLIENT];
        g.server = v->flow->address[SERVER];
        g.port = v->flow->port[SERVER];
        g.n_syn = v->flow->n_syn;
    } else if (v->lookup) {
        g.client = v->lookup->client;
        g.server = v->lookup->server;
        g.port = v->lookup->server_port;
        g.lookup = true;
    }
    return g;
}

static enum page_mark mark_of(const struct group *g)
{
    switch (g->severity) {
    case SEVERITY_ERROR:
        return MARK_FAIL;
    case SEVERITY_WARNING:
        return MARK_WARN;
    default:
        return g->id == F_CAPTURE_DAMAGED ? MARK_WARN : MARK_UNKNOWN;
    }
}

static void write_title(struct block *b)
{
    struct page *p = b->page;
    char right[80];
    unsigned used = page_glyph(p, mark_of(b->group));
    page_flow(p, used, used, STYLE_BOLD, b->finding->title);
    page_put(p, STYLE_PLAIN, "  [");
    page_put(p, STYLE_BOLD, b->finding->id);
    page_put(p, STYLE_PLAIN, "]");
    snprintf(right, sizeof right, "%s   act: %s", confidence_name(b->group->fact),
             owner_name(b->group->owner));
    page_right(p, page_columns(b->finding->id) + 4, STYLE_PLAIN, right);
}

static const char *unit_of(const struct group *g)
{
    if (g->lookup)
        return "question";
    return g->severity == SEVERITY_ERROR ? "attempt" : "connection";
}

/* "2 attempts, both failed", "9 of 12 attempts failed" */
static void add_attempts(const struct block *b, struct text *out)
{
    const struct group *g = b->group;
    if (g->of_set) /* its members say how many */
        return;
    const char *unit = unit_of(g);
    uint32_t all = g->n_endpoints == 1 && !g->lookup
                       ? service_attempts(&b->report->summary, &g->client, &g->server, g->port)
                       : 0;
    if (g->severity != SEVERITY_ERROR)
        text_format(out, "%" PRIu32 " %s%s", g->n_members, unit, g->n_members == 1 ? "" : "s");
    else if (all > g->n_members)
        text_format(out, "%" PRIu32 " of %" PRIu32 " %ss failed", g->n_members, all, unit);
    else if (g->n_members == 1)
        text_format(out, "1 %s, failed", unit);
    else
        text_format(out, "%" PRIu32 " %ss, %s failed", g->n_members, unit,
                    g->n_members == 2 ? "both" : "all");
}

/* "10.20.40.17 -> ems.corp.example 10.0.0.10:8013     2 attempts, both failed" */
static void write_parties(struct block *b)
{
    const struct group *g = b->group;
    char address[ADDRESS_TEXT];
    const char *name = fill_server_name(&b->facts);
    const struct talk *tunnel = fill_tunnel(&b->facts);
    struct text t = text_of(b->text, sizeof b->text);

    if (g->of_capture)
        return;
    fill(&b->facts, "{client}", &t);
    text_add(&t, g->lookup ? " asking " : " -> ");
    if (name[0] && !g->lookup)
        text_format(&t, "%s ", name);
    if (name[0] && tunnel)
        text_format(&t, "port %u through the proxy ", tunnel->target_port);
    text_format(&t, address_is_ipv4(&g->server) ? "%s" : "[%s]", address_text(&g->server, address));
    if (g->port)
        text_format(&t, ":%u", g->port);
    if (g->lookup && b->facts.verdict && b->facts.verdict->lookup)
        text_format(&t, ": %s", b->facts.verdict->lookup->name);
    page_spaces(b->page, 2);
    page_put(b->page, STYLE_PLAIN, b->text);
    unsigned columns = page_columns(b->text) + 2;
    t = text_of(b->text, sizeof b->text);
    add_attempts(b, &t);
    if (columns + 5 + page_columns(b->text) <= b->page->width) {
        page_spaces(b->page, 5);
    } else {
        page_end(b->page);
        page_spaces(b->page, 4);
    }
    page_put(b->page, STYLE_PLAIN, b->text);
    page_end(b->page);
    page_end(b->page);
}

static const struct raised *raised_of(const struct verdict *v, enum finding_id id)
{
    for (size_t i = 0; i < v->n_also; i++)
        if (v->also[i].id == id && v->primary.id != id)
            return &v->also[i];
    return &v->primary;
}

static bool is_evidence(const struct raised *r, uint64_t frame)
{
    for (size_t i = 0; i < r->n_frames; i++)
        if (r->frames[i] == frame)
            return true;
    return false;
}

/* Lines of evidence: the rows of a frame on one line. */
struct evidence {
    const struct rows *rows;
    const struct row *shown[ROWS_MAX];
    size_t n, most;
    unsigned indent, side; /* columns; side: of who sent each, 0 where it does not matter */
    struct stamp_style stamps;
};

/* How many of the rows from the first on are of one frame and side. */
static size_t same_frame(const struct row *const *row, size_t n)
{
    size_t same = 1;
    while (same < n && row[same]->frame == row[0]->frame && row[same]->from == row[0]->from &&
           row[same]->icmp == row[0]->icmp)
        same++;
    return same;
}

/* Of the i-th row, the last of its frame. */
static const char *ending_of(const struct evidence *e, size_t i, size_t same)
{
    bool last = i && i + same == e->n;

    return last && e->shown[i]->unanswered && !strncmp(e->shown[i]->text, "SYN", 3) ? ", the last"
                                                                                    : "";
}

static const char *sender_of(const struct row *row)
{
    return row->icmp ? "network" : side_name(row->from);
}

static unsigned row_head(const struct evidence *e, const struct row *row)
{
    char time[STAMP_TEXT];

    return e->indent + 6 + page_columns(stamp_time(row->time_ns, e->stamps, time)) + 11 + e->side;
}

/* The rows of one frame on one line, as far as it has room. */
static void write_row(struct page *p, const struct evidence *e, size_t first, size_t n)
{
    const struct row *const *row = e->shown + first;
    char frame[32], time[STAMP_TEXT];
    int64_t offset = row[0]->time_ns - e->rows->zero_ns;
    unsigned used = row_head(e, row[0]);

    page_spaces(p, e->indent);
    page_format(p, STYLE_PLAIN, "%-5s ", page_frame(p, row[0]->frame, frame));
    page_format(p, STYLE_DIM, offset ? "%s  +%6.3f  " : "%s  %7.3f  ",
                stamp_time(row[0]->time_ns, e->stamps, time), (double)offset / 1e9);
    if (e->side)
        page_format(p, STYLE_PLAIN, "%-*s", (int)e->side, sender_of(row[0]));
    for (size_t i = 0; i < n; i++) {
        unsigned columns = page_columns(row[i]->text) + (i ? 3 : 0);
        if (i && used + columns + 4 > p->width) {
            page_put(p, STYLE_PLAIN, used + 4 <= p->width ? " ..." : "");
            break;
        }
        page_format(p, STYLE_PLAIN, "%s%s", i ? " + " : "", row[i]->text);
        used += columns;
    }
    page_put(p, STYLE_PLAIN, ending_of(e, first, n));
    page_end(p);
}

static void choose_rows(const struct block *b, const struct raised *raised, struct evidence *e)
{
    bool told = false;

    for (size_t i = 0; i < e->rows->n; i++) {
        const struct row *row = &e->rows->row[i];
        if (!is_evidence(raised, row->frame))
            continue;
        told |= row->from == SERVER || row->icmp;
        unsigned columns = page_columns(sender_of(row)) + 2;
        e->side = columns > e->side ? columns : e->side;
        e->shown[e->n++] = row;
    }
    e->side = told ? e->side : 0; /* the client alone speaks */
    e->most = b->group->n_endpoints > 1 ? ROWS_OF_MANY : ROWS_SHOWN;
}

/* Where whole dates leave no room for what happened, one line tells the date of them all. */
static void shorten_dates(struct page *p, struct evidence *e)
{
    unsigned widest = 0;
    char date[STAMP_TEXT], offset[STAMP_TEXT];

    for (size_t i = 0, same, lines = 0; i < e->n && lines < e->most; i += same, lines++) {
        same = same_frame(e->shown + i, e->n - i);
        unsigned columns = row_head(e, e->shown[i]) + page_columns(e->shown[i]->text) +
                           page_columns(ending_of(e, i, same)) + (same > 1 ? 4 : 0);
        widest = columns > widest ? columns : widest;
    }
    if (!e->stamps.absolute || e->stamps.relative || widest <= p->width)
        return;
    stamp_time(e->shown[0]->time_ns, e->stamps, date);
    page_spaces(p, e->indent);
    page_format(p, STYLE_DIM, "on %.10s, times in %s:", date,
                stamp_offset(e->shown[0]->time_ns, e->stamps, offset));
    page_end(p);
    e->stamps.absolute = false;
}

/* The rows whose frames are the evidence. */
static void write_rows(struct block *b)
{
    const struct verdict *v = b->facts.verdict;
    struct rows *rows = v && v->flow ? malloc(sizeof *rows) : NULL;
    bool narrow = b->page->width < 80;
    struct evidence e = { .rows = rows,
                          .indent = narrow ? NARROW_INDENT : ROW_INDENT,
                          .stamps = b->page->stamps };

    if (!rows)
        return;
    rows_of(v, rows);
    choose_rows(b, raised_of(v, b->group->id), &e);
    if (e.n)
        shorten_dates(b->page, &e);
    for (size_t i = 0, same, lines = 0; i < e.n && lines < e.most; i += same, lines++) {
        same = same_frame(e.shown + i, e.n - i);
        write_row(b->page, &e, i, same);
    }
    free(rows);
}

static void write_further_attempts(struct block *b)
{
    static const char *const words[GROUP_ATTEMPTS] = { "first", "second", "third", "fourth" };
    const struct group *g = b->group;

    if (g->n_endpoints > 1 ||
        (g->n_members > 2 && g->severity == SEVERITY_ERROR && !b->report->config.verbose))
        return; /* many are told as one story */
    for (size_t i = 1; i < g->n_attempts; i++) {
        const struct group_attempt *a = &g->attempt[i];
        char frame[32], time[STAMP_TEXT];
        struct text t = text_of(b->text, sizeof b->text);
        if (!a->n_frames)
            continue;
        text_format(&t, "%s %s:", words[i], unit_of(g));
        for (size_t k = 0; k < a->n_frames; k++)
            text_format(&t, " %s", page_frame(b->page, a->frames[k], frame));
        text_format(&t, " (%s)", stamp_whole(a->first_ns, b->page->stamps, time));
        page_field(b->page, "", ROW_INDENT, b->text, NULL);
    }
    if (g->n_members > g->n_attempts)
        page_field(b->page, "", ROW_INDENT, "and so on", NULL);
}

static void write_seen(struct block *b)
{
    struct text t = text_of(b->text, sizeof b->text);
    const struct verdict *v = b->facts.verdict;
    if (b->group->id == F_CAPTURE_DAMAGED && b->scene->damage[0])
        text_add(&t, b->scene->damage);
    else if (!fill(&b->facts, b->finding->prose.seen, &t) && !b->group->of_capture &&
             !b->group->of_set)
        text_add(&t, "these packets:");
    if (!b->text[0])
        return;
    page_field(b->page, "Seen", PAGE_FIELD, b->text, NULL);
    if (!v || !v->flow) {
        tell_write(b->page, b->report, b->scene, b->group);
        return;
    }
    if (b->group->n_endpoints > 1) {
        char address[ADDRESS_TEXT], line[128];
        snprintf(line, sizeof line,
                 "one of them, %s port %u:", address_text(&v->flow->address[CLIENT], address),
                 v->flow->port[CLIENT]);
        page_field(b->page, "", PAGE_FIELD, line, NULL);
    }
    write_rows(b);
    write_further_attempts(b);
    tell_write(b->page, b->report, b->scene, b->group);
}

static void write_means(struct block *b)
{
    struct text t = text_of(b->text, sizeof b->text);
    bool means = fill(&b->facts, b->finding->prose.means, &t);
    if (means)
        page_field(b->page, "Means", PAGE_FIELD, b->text,
                   b->group->cause ? confidence_name(b->group->cause) : NULL);
    if (b->group->owner_reason[0]) {
        snprintf(b->text, sizeof b->text, "act: %s, because %s", owner_name(b->group->owner),
                 b->group->owner_reason);
        page_field(b->page, means ? "" : "Means", PAGE_FIELD, b->text, NULL);
    }
}

/* The sets that this group supports; or of a set, what makes it one. */
static void write_together(struct block *b)
{
    const struct group *g = b->group;

    for (size_t i = 0; i < g->n_sets; i++) {
        const struct group *set = table_at(&b->report->summary.groups, g->set[i] - 1u);
        snprintf(b->text, sizeof b->text, "%s: %s", finding_of(set->id)->id, set->words);
        page_field(b->page, i ? "" : "Together", PAGE_FIELD, b->text, NULL);
    }
    if (g->of_set)
        page_field(b->page, "Together", PAGE_FIELD, g->words, NULL);
}

/* What TLS 1.3 hides, said where somebody will look for it.  Before the ServerHello it hides
 * nothing: a server that asked for another key share has sent no certificate, and no alert in
 * secret. */
static void write_not_seen(struct block *b)
{
    const struct verdict *v = b->facts.verdict;
    const struct session *session = v && v->flow ? v->flow->session : NULL;
    const struct tls *tls = session ? session->tls : NULL;
    enum stage stage = b->finding->stage;

    if (!tls || !tls_is_13(tls) || !tls->server_hello.present || session->n_chain[SERVER] ||
        b->group->severity != SEVERITY_ERROR || (stage != STAGE_CERT && stage != STAGE_TLS))
        return;
    page_field(b->page, "Not seen", PAGE_FIELD,
               v->alert && !v->alert->encrypted
                   ? "The certificate: TLS 1.3 encrypts it."
                   : "The certificate and the text of an alert: TLS 1.3 encrypts both.",
               NULL);
}

/* What keys were good for, and with -v what would have been said without. */
static void write_keys(struct block *b)
{
    const struct verdict *v = b->facts.verdict;
    struct text t = text_of(b->text, sizeof b->text);

    if (!v || !v->agreement)
        return;
    text_add(&t, "used for the handshake, certificates and alerts only; application data was not "
                 "read; keys are not in any output.");
    if (b->report->config.verbose)
        text_format(&t, " Without them: %s, %s; the inference is %s.", finding_of(v->keyless)->id,
                    confidence_name((enum confidence)v->keyless_fact),
                    agreement_name((enum agreement)v->agreement));
    page_field(b->page, "Keys", PAGE_FIELD, b->text, NULL);
}

/* With -v: which programs spoke, in the terms of other tools. */
static void write_prints(struct block *b)
{
    const struct verdict *v = b->facts.verdict;
    const struct session *session = v && v->flow ? v->flow->session : NULL;
    struct prints prints;

    if (!b->report->config.verbose || !session || !session->tls)
        return;
    struct prints_maker *maker = NULL;
    prints_of(&maker, session->tls, NULL, &prints);
    prints_close(maker);
    struct text t = text_of(b->text, sizeof b->text);
    if (prints.ja4[0])
        text_format(&t, "client JA4 %s, JA3 %s", prints.ja4, prints.ja3);
    if (prints.ja3s[0])
        text_format(&t, "%sserver JA3S %s", t.n ? "; " : "", prints.ja3s);
    if (t.n)
        page_field(b->page, "Stacks", PAGE_FIELD, b->text, NULL);
}

static void write_template(struct block *b, const char *label, const char *template)
{
    struct text t = text_of(b->text, sizeof b->text);
    if (fill(&b->facts, template, &t))
        page_field(b->page, label, PAGE_FIELD, b->text, NULL);
}

static void add_check_frame(const struct page *p, const struct check *c, struct text *t)
{
    char frame[32];
    if (c->frame)
        text_format(t, " (%s)", page_frame(p, c->frame, frame));
}

static void add_times(const struct check *c, const char *unit, struct text *t)
{
    if (c->count > 1)
        text_format(t, ", %" PRIu32 " %s", c->count, unit);
}

static bool has_check(const struct block *b, enum check_kind kind)
{
    for (size_t i = 0; i < b->facts.verdict->n_checks; i++)
        if (b->facts.verdict->checks[i].kind == kind)
            return true;
    return false;
}

/* What a check excludes, and how it knows; false when it says nothing on its own. */
static bool check_text(const struct block *b, const struct check *c, const char **label,
                       struct text *t)
{
    char server[ADDRESS_TEXT];
    address_text(&b->group->server, server);
    switch (c->kind) {
    case CHECK_SERVER_ANSWERS:
        *label = "server down";
        text_format(t, "%s answers on %u", server, c->port);
        add_times(c, "times", t);
        return true;
    case CHECK_PORT_ANSWERS_OTHERS:
        *label = "stopped service";
        text_format(t, "%s answers other attempts on %u", server,
                    c->port ? c->port : b->group->port);
        add_times(c, "of them", t);
        return true;
    case CHECK_NAME_RESOLVED:
        *label = "DNS";
        text_format(t, "%s -> %s", b->facts.names_hidden ? "the name" : fill_server_name(&b->facts),
                    server);
        return true;
    case CHECK_BOTH_DIRECTIONS:
        *label = "the capture";
        text_format(t, "sees both directions of %s%s", server,
                    has_check(b, CHECK_NO_CAPTURE_LOSS) ? ", lost nothing here" : "");
        return true;
    case CHECK_NO_CAPTURE_LOSS:
        *label = "capture loss";
        text_add(t, "no packet is missing around this");
        return !has_check(b, CHECK_BOTH_DIRECTIONS);
    case CHECK_RST_TTL_EQUAL:
        *label = "forged reset"; /* not excluded: who stands as far away looks the same */
        text_format(t, "unlikely: it has the TTL of other packets of %s",
                    c->side == CLIENT ? "the client" : server);
        return true;
    case CHECK_RST_TTL_DIFFERS:
        *label = c->side == CLIENT ? "the client" : "the server";
        text_format(t, "the reset has another TTL than the packets of %s",
                    c->side == CLIENT ? "the client" : server);
        return true;
    case CHECK_CLOSED_PORT_RESETS:
        *label = "closed port";
        text_format(t, "%s answers closed ports with a reset, not with silence", server);
        return true;
    case CHECK_NETWORK_WORKS:
        *label = "network";
        text_add(t, "both directions work up to this point");
        return true;
    case CHECK_OTHERS_ACCEPT:
        *label = "server-wide";
        text_format(t, "%" PRIu32 " other client%s complete%s the same service", c->count,
                    c->count == 1 ? "" : "s", c->count == 1 ? "s" : "");
        return true;
    }
    return false;
}

static void write_ruled_out(struct block *b)
{
    const struct verdict *v = b->facts.verdict;
    bool first = true;
    for (size_t i = 0; v && i < v->n_checks; i++) {
        struct text t = text_of(b->text, sizeof b->text);
        const char *label = "";
        if (!check_text(b, &v->checks[i], &label, &t))
            continue;
        add_check_frame(b->page, &v->checks[i], &t);
        page_label(b->page, first ? "Ruled out" : "", PAGE_FIELD);
        page_put(b->page, STYLE_PLAIN, label);
        page_spaces(b->page, RULED_INDENT - PAGE_FIELD - page_columns(label));
        page_wrapped(b->page, RULED_INDENT, b->text, NULL);
        first = false;
    }
}

static void add_signs(unsigned signs, const char *label, struct text *t)
{
    unsigned n = 0;

    for (int i = 0; i < SIGNS; i++)
        if (signs & 1U << i)
            text_format(t, "%s%s", n++ ? ", " : label, sign_name((enum sign)i));
    text_add(t, n ? "; " : "");
}

/* What a reset was asked about its sender, and where there was no answer. */
static void write_signs(struct block *b)
{
    const struct verdict *v = b->facts.verdict;
    struct text t = text_of(b->text, sizeof b->text);

    if (!v || !v->signs_asked || !v->flow)
        return;
    add_signs(v->signs_found, "against its sender: ", &t);
    add_signs(v->signs_asked & ~(unsigned)(v->signs_found | v->signs_unusable),
              "nothing against it by: ", &t);
    add_signs(v->signs_unusable, "could not be used: ", &t);
    if (t.n >= 2)
        b->text[t.n - 2] = '\0';
    page_field(b->page, "Signs", PAGE_FIELD, b->text, NULL);
}

/* Up to what the damage lets through. */
static void write_usable(struct block *b)
{
    char first[STAMP_TEXT], last[STAMP_TEXT], line[200];
    if (b->group->id != F_CAPTURE_DAMAGED || !b->scene->packets)
        return;
    snprintf(line, sizeof line, "%s to %s is complete and usable",
             stamp_whole(b->scene->first_ns, b->page->stamps, first),
             stamp_whole(b->scene->last_ns, b->page->stamps, last));
    page_field(b->page, "Trust", PAGE_FIELD, line, NULL);
}

/* What the user's bundle says; of a damaged file, up to where it is good. */
static void write_trust(struct block *b)
{
    struct text t = text_of(b->text, sizeof b->text);

    if (trusted_text(&b->facts, &t))
        page_field(b->page, "Trust", PAGE_FIELD, b->text, NULL);
    write_usable(b);
}

/* A command is easier to copy from a line of its own. */
static void part_command(struct text *t)
{
    static const char *const commands[] = { ": tcpdump ", ": pktmon ", ": netstat ",
                                            ": diagnose " };
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        char *at = strstr(t->at, commands[i]), rest[BLOCK_TEXT];
        if (!at)
            continue;
        snprintf(rest, sizeof rest, "%s", at + 2);
        t->n = (size_t)(at - t->at) + 1;
        text_add(t, "\n");
        text_add(t, rest);
        return;
    }
}

static bool wants_deciding(const struct group *g)
{
    return g->cause <= POSSIBLE || g->severity == SEVERITY_QUALITY;
}

static void write_next(struct block *b)
{
    const struct prose *prose = &b->finding->prose;
    const char *templates[4];
    size_t n = 0;
    bool first = true;
    for (size_t i = 0; i < 3 && prose->next[i]; i++)
        templates[n++] = prose->next[i];
    if (prose->deciding && wants_deciding(b->group))
        templates[n++] = prose->deciding;
    for (size_t i = 0, number = 1; i < n; i++) {
        struct text t = text_of(b->text, sizeof b->text);
        if (!fill(&b->facts, templates[i], &t))
            continue;
        part_command(&t);
        page_label(b->page, first ? "Next" : "", PAGE_FIELD);
        if (n > 1)
            page_format(b->page, STYLE_PLAIN, "%zu ", number++);
        page_wrapped(b->page, n > 1 ? PAGE_FIELD + 2 : PAGE_FIELD, b->text, NULL);
        first = false;
    }
}

/* A command is one line, however long: shells do not agree on how to go on in the next. */
static void write_command(struct block *b, const struct command *c, bool first, bool titled)
{
    struct text t = text_of(b->text, sizeof b->text);

    text_format(&t, "%s%s%s", titled ? platform_title(c->on) : "", titled ? ", " : "", c->purpose);
    text_add(&t, strchr("?)", t.at[t.n - 1]) ? "" : ":");
    if (b->page->gather)
        text_format(&t, "\n%s", c->text);
    page_field(b->page, first ? "Commands" : "", PAGE_FIELD, b->text, NULL);
    for (const char *line = c->text; *line && !b->page->gather;) {
        size_t n = strcspn(line, "\n");
        page_spaces(b->page, PAGE_FIELD + 2);
        page_format(b->page, STYLE_PLAIN, "%.*s", (int)n, line);
        page_end(b->page);
        line += n + (line[n] == '\n');
    }
}

/* With -v, and in forms that have room. */
static void write_commands(struct block *b)
{
    struct command *commands = malloc(COMMANDS_MAX * sizeof *commands);
    size_t n = commands ? commands_of(&b->facts, commands) : 0;

    for (size_t i = 0; i < n; i++)
        write_command(b, &commands[i], !i, !i || commands[i].on != commands[i - 1].on);
    free(commands);
}

static int by_number(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Not of the fact alone: also what other explanations are ruled out by.  None where there are too
 * many to be listed. */
static size_t filter_frames(const struct group *g, uint64_t *frame)
{
    size_t n = g->n_frames <= GROUP_FRAMES ? g->n_frames : 0, kept = 0;

    memcpy(frame, g->frames, n * sizeof *frame);
    for (size_t i = 0; n && g->example && i < g->example->n_checks; i++)
        frame[n++] = g->example->checks[i].frame;
    qsort(frame, n, sizeof *frame, by_number);
    for (size_t i = 0; i < n; i++)
        if (frame[i] && (!kept || frame[i] != frame[kept - 1]))
            frame[kept++] = frame[i];
    return kept;
}

void block_filter(const struct group *g, struct text *t)
{
    uint64_t frame[GROUP_FRAMES + VERDICT_CHECKS];
    char address[ADDRESS_TEXT];
    size_t n = filter_frames(g, frame);

    if (n == 1) {
        text_format(t, "frame.number == %" PRIu64, frame[0]);
    } else if (n) {
        for (size_t i = 0; i < n; i++)
            text_format(t, "%s%" PRIu64, i ? ", " : "frame.number in {", frame[i]);
        text_add(t, "}");
    } else if (g->n_frames) {
        text_format(t, "%s == %s && %s.port == %u",
                    address_is_ipv4(&g->server) ? "ip.addr" : "ipv6.addr",
                    address_text(&g->server, address), g->lookup ? "udp" : "tcp", g->port);
    }
}

static void write_packets(struct block *b)
{
    struct text t = text_of(b->text, sizeof b->text);
    block_filter(b->group, &t);
    if (t.n)
        page_field(b->page, "Packets", PAGE_FIELD, b->text, NULL);
}

void block_write(struct page *p, const struct report *r, const struct scene *scene,
                 const struct group *group)
{
    struct block b = { .page = p,
                       .report = r,
                       .scene = scene,
                       .group = group,
                       .finding = finding_of(group->id),
                       .facts = report_facts(r, scene, group) };
    if (!p->gather)
        write_title(&b); /* other forms have a title of their own */
    write_parties(&b);
    if (group->id == F_CAPTURE_NOTHING_RELEVANT && scene->profile)
        looked_at_write(p, r, scene);
    write_seen(&b);
    write_means(&b);
    write_together(&b);
    write_not_seen(&b);
    write_keys(&b);
    write_prints(&b);
    write_template(&b, "Else", b.finding->prose.others);
    write_ruled_out(&b);
    write_signs(&b);
    common_write(p, r, group);
    write_trust(&b);
    write_next(&b);
    if (p->gather || r->config.verbose)
        write_commands(&b);
    write_packets(&b);
    page_end(p);
}
