/* The console report: verdict first, then findings, endpoints, and what the capture is worth. */
#include "report/inside.h"
#include "verdict/visible.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    BLOCKS_DEFAULT = 3,
    BLOCKS_VERBOSE = 64,
    NOTES_DEFAULT = 3,
    GROUP_TABLE_FROM = 5,
    SERVERS_SHOWN = 3
};

struct page text_page(struct report *r)
{
    const struct report_config *c = &r->config;
    unsigned width = c->width ? c->width : 80;
    return (struct page){
        .writer = &r->writer,
        .ascii = c->ascii,
        .colour = c->colour,
        .width = width < PAGE_LEAST  ? PAGE_LEAST
                 : width > PAGE_MOST ? PAGE_MOST
                                     : width,
        .input = c->several_inputs ? c->input : 0,
        .stamps = { .utc = c->utc, .absolute = !c->terminal, .relative = r->clock_relative },
    };
}

static void write_verdict(struct page *p, const struct report *r)
{
    unsigned used = page_glyph(p, r->mark);
    if (r->word[0]) {
        page_put(p, STYLE_BOLD, r->word);
        page_spaces(p, 3);
        used += page_columns(r->word) + 3;
    }
    page_flow(p, used, used < 12 ? used : 12, STYLE_PLAIN, r->headline);
}

/* One line beneath the verdict of a damaged file: what held up to the break. */
static void write_up_to_the_break(struct page *p, const struct report *r)
{
    const struct totals *t = &r->summary.totals;
    if (r->mark != MARK_WARN || !r->summary.any_ok)
        return;
    page_glyph(p, MARK_OK);
    page_format(p, STYLE_PLAIN, "up to the break: %" PRIu64 " of %" PRIu64 " endpoint%s reached %s",
                t->healthy, t->endpoints, t->endpoints == 1 ? "" : "s", "the server");
    page_end(p);
    page_end(p);
}

static void add_clues(const struct scene *scene, const struct address *address,
                      const struct server *s, struct text *t)
{
    const char *mark = "   (recognised: ";
    bool dns = scene->names && names_from_dns(scene->names, address) &&
               profile_names_ems(scene->profile, names_of(scene->names, address));
    if (s->configured) {
        text_add(t, scene->profile->n_sections ? "   (as configured)" : "   (as told by --ems)");
        return;
    }
    if (s->answers_checkin) {
        text_format(t, "%sanswers on %u", mark, s->checkin_port);
        mark = ", ";
    }
    if (dns) {
        text_format(t, "%sDNS name", mark);
        mark = ", ";
    }
    if (s->from_tls) {
        text_format(t, "%sTLS name", mark);
        mark = ", ";
    }
    text_add(t, mark[0] == ',' ? ")" : "");
}

/* The servers that were recognised, most used first as they came. */
static void write_servers(struct page *p, const struct report *r, const struct scene *scene)
{
    size_t shown = 0, n = r->summary.servers.n;
    for (size_t i = 0; scene->profile && i < n && shown < SERVERS_SHOWN; i++, shown++) {
        const struct address *address = table_key(&r->summary.servers, i);
        const struct server *s = table_at(&r->summary.servers, i);
        const char *name = scene->names ? names_of(scene->names, address) : NULL;
        char line[600], text[ADDRESS_TEXT];
        struct text t = text_of(line, sizeof line);
        if (!name && s->from_tls)
            name = s->name;
        if (name && !r->config.names_hidden)
            text_format(&t, "%s ", name);
        text_add(&t, address_text(address, text));
        add_clues(scene, address, s, &t);
        page_field(p, shown ? "" : "Server", PAGE_FIELD, line, NULL);
    }
    if (n > shown) {
        char line[64];
        snprintf(line, sizeof line, "and %s%zu more", r->summary.servers.refused ? "at least " : "",
                 n - shown);
        page_field(p, "", PAGE_FIELD, line, NULL);
    }
}

static void write_capture(struct page *p, const struct report *r, const struct scene *scene,
                          bool times_below)
{
    char line[700], a[STAMP_TEXT], b[STAMP_TEXT];
    struct text t = text_of(line, sizeof line);

    (void)r;
    text_format(&t, "%s   ", scene->file);
    if (scene->packets)
        text_format(&t, "%s to %s", stamp_whole(scene->first_ns, p->stamps, a),
                    stamp_whole(scene->last_ns, p->stamps, b));
    if (scene->packets && times_below)
        text_format(&t, " (%s)", stamp_duration(scene->last_ns - scene->first_ns, a));
    text_format(&t, "   %" PRIu64 " packets", scene->packets);
    if (scene->packets && !times_below && !p->stamps.absolute && !p->stamps.relative)
        text_format(&t, "   %s", stamp_offset(scene->first_ns, p->stamps, a));
    page_field(p, "Capture", PAGE_FIELD, line, NULL);
    if (scene->remark[0])
        page_field(p, "Input", PAGE_FIELD, scene->remark, NULL);
    if (!times_below || p->stamps.absolute || p->stamps.relative || !scene->packets)
        return;
    if (p->stamps.utc)
        snprintf(line, sizeof line, "UTC");
    else
        snprintf(line, sizeof line, "local, %s; --utc for UTC",
                 stamp_offset(scene->first_ns, p->stamps, a));
    page_field(p, "Times", PAGE_FIELD, line, NULL);
}

/* Do most copies have another TTL?  A mirror changes none: a router stands between the two. */
static bool forwards(const struct scene *scene)
{
    return scene->copies && scene->ttl_steps * 2 > scene->copies;
}

/* Said only when the first packet of every example proves it: no router has lowered its TTL. */
static void write_taken(struct page *p, const struct report *r, const struct scene *scene)
{
    unsigned fresh = 0;
    if (forwards(scene)) {
        page_field(p, "Taken", PAGE_FIELD,
                   "on both sides of a device that forwards the packets (on the device "
                   "itself, or a mirror of two of its ports)",
                   NULL);
        return;
    }
    for (size_t i = 0; i < r->summary.n_examples; i++) {
        const struct flow *flow = r->summary.example[i].flow;
        if (!flow || !(flow->half[CLIENT].flags & HALF_SYN))
            continue;
        uint8_t ttl = flow->half[CLIENT].ttl;
        if (ttl != 64 && ttl != 128 && ttl != 255)
            return;
        fresh++;
    }
    if (fresh)
        page_field(p, "Taken", PAGE_FIELD,
                   "next to the client (its packets have not crossed a router yet)", NULL);
}

static bool capture_has(const struct report *r, enum finding_id id)
{
    for (size_t i = 0; i < r->n_capture_findings; i++)
        if (r->capture_findings[i].id == id)
            return true;
    return false;
}

static void add_part(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add_part(struct text *t, const char *format, ...)
{
    va_list args;
    if (t->n)
        text_add(t, ", ");
    va_start(args, format);
    text_vformat(t, format, args);
    va_end(args);
}

/* Everything that is wrong with the capture; answers how much that weighs. */
static bool add_faults(const struct report *r, const struct scene *scene, struct text *t)
{
    if (capture_has(r, F_CAPTURE_ONE_WAY))
        add_part(t, "one direction only");
    if (scene->drops)
        add_part(t, "the capture lost %" PRIu64 " packets", scene->drops);
    if (scene->unseen_bytes)
        add_part(t, "%" PRIu64 " bytes were acknowledged but not captured", scene->unseen_bytes);
    if (scene->bare_packets)
        add_part(t, "%" PRIu64 " packets came without octets", scene->bare_packets);
    if (scene->cut_packets > scene->bare_packets)
        add_part(t, "%" PRIu64 " packets are cut short", scene->cut_packets - scene->bare_packets);
    if (scene->malformed)
        add_part(t, "%" PRIu64 " packets contradict themselves", scene->malformed);
    if (scene->unknown_link)
        add_part(t, "%" PRIu64 " packets of an unknown link type", scene->unknown_link);
    if (scene->evicted_flows)
        add_part(t, "%" PRIu64 " connections given up for memory (--max-memory)",
                 scene->evicted_flows);
    if (scene->clock_back || scene->clock_forward)
        add_part(t, "timestamps jump");
    if (scene->damaged)
        add_part(t, scene->resumed ? "parts of the file are damaged" : "the file breaks off");
    return t->n;
}

static void write_quality(struct page *p, const struct report *r, const struct scene *scene)
{
    char parts[900] = "", line[1000];
    struct text t = text_of(parts, sizeof parts);
    bool one_way = capture_has(r, F_CAPTURE_ONE_WAY);

    if (!scene->packets)
        return;
    if (add_faults(r, scene, &t)) {
        snprintf(line, sizeof line, "%s: %s", one_way ? "poor" : "fair", parts);
    } else {
        if (scene->connections > scene->one_sided)
            add_part(&t, "both directions");
        add_part(&t, scene->drops_known ? "no lost packets" : "no sign of lost packets");
        add_part(&t, "full-length packets");
        snprintf(line, sizeof line, "good: %s", parts);
    }
    page_field(p, "Quality", PAGE_FIELD, line, NULL);
    if (scene->copies) {
        snprintf(line, sizeof line,
                 forwards(scene) ? "%" PRIu64 " packets were seen coming in and going out, with "
                                   "another TTL; they count once"
                                 : "%" PRIu64 " copies made by the mirror were left out",
                 scene->copies);
        page_field(p, "", PAGE_FIELD, line, NULL);
    }
}

/* A healthy headline must not hide that a client may have left for the certificate: where a defect
 * is in plain sight, or nothing in the capture shows that anybody can work. */
static void write_doubtful(struct page *p, const struct report *r)
{
    const struct summary *s = &r->summary;
    const struct doubtful *d = s->before_defect.n ? &s->before_defect : &s->silent;
    char line[700], defects[200], address[ADDRESS_TEXT];
    struct text t = text_of(line, sizeof line);

    if (!d->n || (!s->before_defect.n && s->n_with_data))
        return;
    text_format(&t, "%" PRIu64 " connection%s completed TLS and ended without any data, ", d->n,
                d->n == 1 ? "" : "s");
    text_format(&t, address_is_ipv4(&d->server) ? "%sto %s:%u" : "%sto [%s]:%u",
                d->n == 1 ? "" : "the first ", address_text(&d->server, address), d->port);
    if (s->before_defect.n) {
        visible_list(d->defects, defects, sizeof defects);
        text_add(&t, ".  Its certificate ");
        if (d->frame) /* none where it was read with keys */
            text_format(&t, "(#%" PRIu64 ") ", d->frame);
        text_format(&t, "is visibly not right: %s.  ", defects);
    } else {
        text_add(&t, ", and no other exchanged any.  ");
    }
    text_add(&t,
             "A client that refuses the certificate after the handshake looks so, and so does a "
             "probe: read the client's log [ok.tls.no_data]");
    page_field(p, "Note", PAGE_FIELD, line, NULL);
}

/* Nearly every capture is shorter than a check-in interval; it matters when nothing else was found.
 */
static bool is_remarkable(const struct report *r, enum finding_id id)
{
    return id != F_CAPTURE_TOO_SHORT || r->mark == MARK_UNKNOWN || r->config.verbose;
}

/* The lines about capture findings that are not blocks of their own; shown NULL: all of them. */
static void write_remarks(struct page *p, const struct report *r, const struct group *const *groups,
                          size_t n, const bool *shown)
{
    for (size_t i = 0; i < n; i++) {
        if (!groups[i]->of_capture || (shown && (shown[i] || !is_remarkable(r, groups[i]->id))))
            continue;
        char line[200];
        snprintf(line, sizeof line, "%s [%s]", finding_of(groups[i]->id)->title,
                 finding_of(groups[i]->id)->id);
        page_field(p, "", PAGE_FIELD, line, NULL);
    }
}

/* The file as a shell takes it for one word. */
static void add_word(struct text *t, const char *s)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_./:=,+@%-";

    if (s[0] && s[0] != '-' && strspn(s, plain) == strlen(s)) {
        text_add(t, s);
        return;
    }
    text_add(t, s[0] == '-' ? "./'" : "'");
    for (; *s; s++)
        text_format(t, *s == '\'' ? "'\\%c'" : "%c", *s);
    text_add(t, "'");
}

/* Not through a pipe, and not with a name that had to be escaped or cut to be printed. */
static bool can_be_named(const char *file)
{
    return strcmp(file, "-") != 0 && !strchr(file, '\\') &&
           strlen(file) + 1 < sizeof((struct scene *)0)->file;
}

/* The two commands that come next; what went wrong can be packed where it can be read again. */
static void write_more(struct page *p, const struct scene *scene, const struct group *group)
{
    char line[600];
    struct text t = text_of(line, sizeof line);

    page_end(p);
    page_label(p, "More", PAGE_FIELD);
    page_format(p, STYLE_PLAIN, "shakeout explain %s", finding_of(group->id)->id);
    page_end(p);
    if (group->severity != SEVERITY_ERROR || scene->live || !can_be_named(scene->file))
        return;
    text_format(&t, "shakeout bundle %s", scene->scope == SCOPE_ALL ? "--scope all " : "");
    add_word(&t, scene->file);
    page_label(p, "Ticket", PAGE_FIELD);
    page_put(p, STYLE_PLAIN, line);
    page_end(p);
}

/* Findings about the capture that can be why there is no verdict. */
static bool decides(enum finding_id id)
{
    return id == F_CAPTURE_NOTHING_RELEVANT || id == F_CAPTURE_ONE_WAY ||
           id == F_CAPTURE_CUT_SHORT || id == F_CAPTURE_MIDSTREAM || id == F_CANNOT_TELL_NOT_PARSED;
}

static bool is_block(const struct report *r, const struct group *g)
{
    if (g->of_capture)
        return g->id == F_CAPTURE_DAMAGED || (r->mark == MARK_UNKNOWN && decides(g->id));
    if (g->of_set) /* else it is a line of the block that it is about */
        return g->heads;
    if (g->severity == SEVERITY_INFO)
        return g->primary && !r->summary.any_ok && !r->summary.any_error;
    if (g->severity == SEVERITY_QUALITY)
        return g->primary;
    return true;
}

static void write_blocks(struct page *p, const struct report *r, const struct scene *scene,
                         const struct group *const *groups, size_t n, bool *shown)
{
    size_t most = r->config.verbose ? BLOCKS_VERBOSE : BLOCKS_DEFAULT, written = 0, left = 0;
    for (size_t i = 0; i < n; i++) {
        bool always = groups[i]->id == F_CAPTURE_DAMAGED;
        if (!is_block(r, groups[i]))
            continue;
        if (written >= most && !always) {
            left++;
            continue;
        }
        block_write(p, r, scene, groups[i]);
        shown[i] = true;
        written++;
        if (r->config.verbose == 1 && groups[i]->example && groups[i]->example->flow)
            ladder_write(p, r, scene, groups[i]->example);
    }
    if (left) {
        page_format(p, STYLE_PLAIN, "  ... %zu smaller group%s; -v shows %s", left,
                    left == 1 ? "" : "s", left == 1 ? "it" : "them");
        page_end(p);
    }
    if (r->summary.groups.refused) {
        page_format(p, STYLE_PLAIN,
                    "  ... %" PRIu64 " findings more than fit; --format jsonl has them",
                    r->summary.groups.refused);
        page_end(p);
    }
    if (left || r->summary.groups.refused)
        page_end(p);
}

/* What was seen and hurts nobody, so that it has no block: a line each. */
static bool is_note(const struct report *r, const struct group *g)
{
    return g->severity == SEVERITY_INFO && !g->of_capture && !g->of_set && !is_block(r, g);
}

static void write_note(struct page *p, const struct group *g, bool first)
{
    char line[400], address[ADDRESS_TEXT];
    struct text t = text_of(line, sizeof line);

    text_format(&t, "%s (", finding_of(g->id)->title);
    if (g->n_endpoints > 1)
        text_format(&t, "%" PRIu32 " endpoints", g->n_endpoints);
    else
        text_add(&t, address_text(&g->client, address));
    if (g->port)
        text_format(&t, " to %s port %u", address_text(&g->server, address), g->port);
    if (g->n_frames)
        text_format(&t, ", #%" PRIu64, g->frames[0]);
    text_format(&t, ") [%s]", finding_of(g->id)->id);
    page_field(p, first ? "Note" : "", PAGE_FIELD, line, NULL);
}

static void write_notes(struct page *p, const struct report *r, const struct group *const *groups,
                        size_t n)
{
    size_t written = 0, left = 0;

    for (size_t i = 0; i < n; i++) {
        if (!is_note(r, groups[i]))
            continue;
        if (written < NOTES_DEFAULT || r->config.verbose)
            write_note(p, groups[i], !written++);
        else
            left++;
    }
    if (left) {
        char line[64];
        snprintf(line, sizeof line, "and %zu more; -v shows %s", left, left == 1 ? "it" : "them");
        page_field(p, "", PAGE_FIELD, line, NULL);
    }
}

static void write_all_ladders(struct page *p, const struct report *r, const struct scene *scene)
{
    uint64_t drawn = 0;
    for (size_t i = 0; i < r->summary.n_examples; i++) {
        const struct verdict *v = &r->summary.example[i];
        if (!v->flow || outcome_of(&v->primary) == OUTCOME_OK)
            continue;
        ladder_write(p, r, scene, v);
        drawn++;
    }
    if (r->summary.totals.failed > drawn) {
        page_format(p, STYLE_PLAIN, "  ... %" PRIu64 " more failing connections are not drawn",
                    r->summary.totals.failed - drawn);
        page_end(p);
        page_end(p);
    }
}

static bool wants_group_table(const struct report *r, const struct group *const *groups, size_t n)
{
    size_t failing = 0;
    for (size_t i = 0; i < n; i++)
        failing += groups[i]->severity == SEVERITY_ERROR;
    return failing > 1 && r->summary.totals.endpoints >= GROUP_TABLE_FROM;
}

void text_of_capture(struct page *p, const struct report *r, const struct scene *scene)
{
    const struct group *groups[SUMMARY_GROUPS];
    size_t n = summary_order(&r->summary, groups, SUMMARY_GROUPS);

    write_servers(p, r, scene);
    write_capture(p, r, scene, true);
    write_taken(p, r, scene);
    write_doubtful(p, r);
    write_quality(p, r, scene);
    write_remarks(p, r, groups, n, NULL);
}

void quality_report(struct report *r, const struct scene *scene, FILE *out)
{
    FILE *before = r->writer.out;

    writer_flush(&r->writer);
    r->writer.out = out;
    r->clock_relative = scene->clock_relative;
    struct page page = text_page(r);
    page.ascii = true;
    text_of_capture(&page, r, scene);
    writer_flush(&r->writer);
    r->writer.out = before;
}

bool report_has_stand_ins(const struct report *r)
{
    const char *level = r->config.redaction;

    return level && (strcmp(level, "standard") == 0 || strcmp(level, "strict") == 0);
}

bool text_is_block(const struct report *r, const struct group *g) { return is_block(r, g); }

static void write_body(struct page *p, const struct report *r, const struct scene *scene,
                       const struct group *const *groups, size_t n)
{
    bool healthy = r->mark == MARK_OK, table = wants_group_table(r, groups, n);
    bool shown[SUMMARY_GROUPS] = { false };

    page_end(p);
    if (healthy) {
        write_servers(p, r, scene);
        write_capture(p, r, scene, true);
        page_end(p);
        matrix_write(p, r, scene);
    }
    if (table)
        matrix_groups(p, r, groups, n);
    write_blocks(p, r, scene, groups, n, shown);
    if (r->config.verbose >= 2)
        write_all_ladders(p, r, scene);
    write_up_to_the_break(p, r);
    if (!healthy) {
        matrix_write(p, r, scene);
        write_servers(p, r, scene);
        write_capture(p, r, scene, false);
        write_taken(p, r, scene);
    }
    write_doubtful(p, r);
    write_quality(p, r, scene);
    write_remarks(p, r, groups, n, shown);
    write_notes(p, r, groups, n);
    for (size_t i = 0; i < n; i++)
        if (shown[i]) {
            write_more(p, scene, groups[i]);
            return;
        }
}

/* What is left out, where nobody reads past it. */
static void write_view(struct page *p, const struct report *r)
{
    char line[900];
    struct text t = text_of(line, sizeof line);

    if (!r->config.quiet && view_text(r, &t))
        page_field(p, "Shown", PAGE_FIELD, line, NULL);
}

void text_begin(struct page *p, const struct report *r, const struct scene *scene)
{
    if (r->config.several_inputs) {
        page_format(p, STYLE_BOLD, "%s%u  %s", r->config.input > 1 ? "\n" : "", r->config.input,
                    scene->file);
        page_end(p);
    }
    write_verdict(p, r);
    write_view(p, r);
}

void text_report(struct report *r, const struct scene *scene)
{
    const struct group *groups[SUMMARY_GROUPS];
    r->clock_relative = scene->clock_relative;
    struct page page = text_page(r);
    size_t n = summary_order(&r->summary, groups, SUMMARY_GROUPS);

    if (r->config.quiet > 1)
        return;
    text_begin(&page, r, scene);
    if (!r->config.quiet)
        write_body(&page, r, scene, groups, n);
}

/* What a notice begins with: its priority for the journal, which has times of its own. */
static void put_prefix(struct page *page, const struct report *r, const struct scene *scene,
                       const char *priority)
{
    char time[STAMP_TEXT];

    if (r->config.journal)
        page_put(page, STYLE_PLAIN, priority);
    else
        page_format(page, STYLE_DIM, "%s  ", stamp_whole(scene->last_ns, page->stamps, time));
}

static void put_notice(struct page *page, const struct report *r, const struct scene *scene,
                       const char *priority, enum page_mark mark)
{
    put_prefix(page, r, scene, priority);
    page_glyph(page, mark);
}

void text_recovered(struct report *r, const struct scene *scene,
                    const struct report_parties *parties, int64_t for_ns)
{
    struct page page = text_page(r);
    char client[ADDRESS_TEXT], server[ADDRESS_TEXT], duration[STAMP_TEXT];

    put_notice(&page, r, scene, "<5>", MARK_OK);
    page_format(&page, STYLE_PLAIN, "%s works again with %s%s",
                address_text(parties->client, client), parties->port ? "" : "the name server ",
                address_text(parties->server, server));
    if (parties->port)
        page_format(&page, STYLE_PLAIN, " on port %u", parties->port);
    page_format(&page, STYLE_PLAIN, " after %s", stamp_duration(for_ns, duration));
    page_end(&page);
}

void text_tell(struct report *r, const struct scene *scene, enum finding_id id, const char *text)
{
    struct page page = text_page(r);

    put_notice(&page, r, scene, id ? "<4>" : "<5>", id ? MARK_WARN : MARK_OK);
    page_put(&page, STYLE_PLAIN, text);
    if (id)
        page_format(&page, STYLE_BOLD, "  [%s]", finding_of(id)->id);
    page_end(&page);
}

/* It says nothing new of the network: no mark, and no finding but in the name. */
void text_filed(struct report *r, const struct scene *scene, const struct report_parties *parties,
                const char *name)
{
    struct page page = text_page(r);
    char client[ADDRESS_TEXT];

    put_prefix(&page, r, scene, "<6>");
    page_format(&page, STYLE_PLAIN, "packets of %s", address_text(parties->client, client));
    if (parties->port)
        page_format(&page, STYLE_PLAIN, " on port %u are in %s", parties->port, name);
    else
        page_format(&page, STYLE_PLAIN, " and its name server are in %s", name);
    page_end(&page);
}

void text_missed(struct report *r, const struct scene *scene, const struct address *client,
                 unsigned missed, int64_t interval_ns, int64_t last_ns)
{
    char line[300], address[ADDRESS_TEXT], every[STAMP_TEXT], last[STAMP_TEXT];

    snprintf(line, sizeof line, "%s missed %u check-ins; it made one every %s, the last at %s",
             address_text(client, address), missed, stamp_duration(interval_ns, every),
             stamp_whole(last_ns, text_page(r).stamps, last));
    text_tell(r, scene, F_CHECKIN_MISSED, line);
}

void text_notice(struct report *r, const struct scene *scene, const struct verdict *v)
{
    r->clock_relative = scene->clock_relative;
    struct page page = text_page(r);
    struct group g = report_group_of(v);
    char line[600];
    struct text t = text_of(line, sizeof line);
    bool error = v->primary.severity == SEVERITY_ERROR;

    struct facts facts = report_facts(r, scene, &g);
    fill_headline(&facts, &t);
    put_notice(&page, r, scene, error ? "<3>" : "<4>", error ? MARK_FAIL : MARK_WARN);
    page_put(&page, STYLE_PLAIN, line);
    page_format(&page, STYLE_BOLD, "  [%s]", finding_of(g.id)->id);
    page_end(&page);
}
