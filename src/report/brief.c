/* brief.c - at most 60 lines to paste into a ticket, as text or as Markdown. */
#include "report/inside.h"
#include "report/version.h"

#include <inttypes.h>
#include <stdlib.h>

enum { BRIEF_LABEL = 10, BRIEF_WIDTH = 79, BRIEF_TEXT = 700, RULE = 75 };
/* In lines: of all findings, of one field, of a filter, which is of no use when it is cut. */
enum { BRIEF_FINDINGS = 40, FIELD_LINES = 4, FILTER_LINES = 10, SHORTEST = 40 };

struct brief {
    struct report *report;
    const struct scene *scene;
    bool markdown;
    struct page page;  /* gathers */
    struct page paper; /* writes */
    struct gathering *gathering;
};

/* ---- one line of either form ---- */

/* What Markdown, or HTML in Markdown, would take for its own. */
static void put_escaped(struct writer *w, const char *s)
{
    for (; *s; s++) {
        if (strchr("\\`*_{}[]<>#|~!&", *s))
            writer_put_char(w, '\\');
        writer_put_char(w, *s);
    }
}

static unsigned lines_since(const struct writer *w, size_t from)
{
    unsigned n = 0;

    for (size_t i = from; i < w->n; i++)
        n += w->at[i] == '\n';
    return n;
}

/* To three quarters, at the border of a character. */
static void shorten(char *text)
{
    size_t n = strlen(text) * 3 / 4;

    while (n && ((unsigned char)text[n] & 0xc0) == 0x80)
        n--;
    snprintf(text + n, 4, "...");
}

/* In at most so many lines; what is beyond is cut.  Nothing leaves the buffer meanwhile. */
static void put_within(struct brief *b, const char *label, unsigned indent, unsigned lines,
                       const char *text)
{
    struct writer *w = b->paper.writer;
    char padded[BRIEF_LABEL + 1], cut[1000];

    writer_flush(w);
    size_t from = w->n;
    snprintf(padded, sizeof padded, "%-*s", (int)indent, label);
    text_copy(cut, sizeof cut, text);
    for (;;) {
        writer_put(w, padded);
        page_wrapped(&b->paper, indent, cut, NULL);
        if (lines_since(w, from) <= lines || strlen(cut) < SHORTEST)
            return;
        w->n = w->line = from;
        shorten(cut);
    }
}

static void put(struct brief *b, const char *label, const char *text)
{
    struct writer *w = b->paper.writer;

    if (!text[0])
        return;
    if (!b->markdown) {
        put_within(b, label, BRIEF_LABEL, FIELD_LINES, text);
        return;
    }
    if (label[0])
        writer_format(w, "- **%s:** ", label);
    else
        writer_put(w, "  ");
    put_escaped(w, text);
    writer_end_line(w);
}

static void put_code(struct brief *b, const char *label, const char *code)
{
    if (!b->markdown) {
        put_within(b, label, BRIEF_LABEL, FILTER_LINES, code);
        return;
    }
    writer_format(b->paper.writer, "- **%s:** `", label);
    for (; *code; code++) /* a backtick would end it */
        writer_put_char(b->paper.writer, *code == '`' ? '\'' : *code);
    writer_put(b->paper.writer, "`");
    writer_end_line(b->paper.writer);
}

static void blank(struct brief *b) { writer_end_line(b->paper.writer); }

/* ---- what the fields of a block say, without their commands ---- */

static void add_item(const struct gathered *item, const char *join, struct text *t)
{
    size_t n = strcspn(item->text, "\n");

    if (t->n)
        text_add(t, item->lead[0] ? "; " : join);
    if (item->lead[0] && (item->lead[0] < '0' || item->lead[0] > '9'))
        text_format(t, "%s: ", item->lead);
    text_add_n(t, item->text, n);
    if (item->text[n])
        text_format(t, " %s", item->text + n + 1);
    if (item->tail[0])
        text_format(t, " [%s]", item->tail);
}

/* Who must act, and why, stands on a line of its own. */
static bool is_of_owner(const struct gathered *item)
{
    return strncmp(item->text, "act: ", 5) == 0;
}

/* The fields of that label, and those that belong to the first, joined; false: there is none. */
static bool field_of(const struct gathering *g, const char *label, const char *join,
                     bool first_only, struct text *t)
{
    size_t i = 0;

    while (i < g->n && strcmp(g->item[i].label, label) != 0)
        i++;
    for (bool first = true; i < g->n && (first || (!g->item[i].label[0] && !first_only)); i++) {
        if (!g->item[i].line && !is_of_owner(&g->item[i]))
            add_item(&g->item[i], join, t);
        first = false;
    }
    for (size_t k = 0; k < t->n; k++)
        if (t->at[k] == '\n')
            t->at[k] = ' ';
    return t->n;
}

static void put_field(struct brief *b, const char *label, const char *as, bool first_only)
{
    char line[BRIEF_TEXT];
    struct text t = text_of(line, sizeof line);

    if (field_of(b->gathering, label, " ", first_only, &t))
        put(b, as, line);
}

/* ---- the parts ---- */

static void put_title(struct brief *b)
{
    const struct report *r = b->report;
    char line[700];
    struct text t = text_of(line, sizeof line);

    text_format(&t, "EMS connectivity: %s%s%s", r->word, r->word[0] ? ": " : "", r->headline);
    if (b->markdown) {
        writer_put(b->paper.writer, "# ");
        put_escaped(b->paper.writer, line);
        blank(b);
        blank(b);
        return;
    }
    put_within(b, "", 0, FIELD_LINES, line);
    for (unsigned i = 0; i < RULE; i++)
        writer_put_char(b->paper.writer, '-');
    blank(b);
}

/* Before anybody looks for an address of this text in a log of his own. */
static void put_stand_ins(struct brief *b)
{
    const struct report_config *c = &b->report->config;
    char line[300];

    if (c->case_name)
        put(b, "Case", c->case_name);
    if (!report_has_stand_ins(b->report))
        return;
    snprintf(line, sizeof line,
             "names and addresses here are stand-ins (redaction %s), the same ones everywhere; %s",
             c->redaction,
             c->case_name ? "who sent this turns them back:"
                          : "drawn for this bundle alone, and no map of them was kept");
    put(b, "Names", line);
    if (c->case_name) {
        snprintf(line, sizeof line, "shakeout unmask --case %s < your-reply.txt", c->case_name);
        put_code(b, b->markdown ? "Turned back by" : "", line);
    }
    blank(b);
}

static void put_since(struct brief *b, const struct group *g)
{
    char line[200], time[STAMP_TEXT];
    const char *unit = g->lookup ? "question" : "connection";

    if (g->of_capture)
        return;
    snprintf(line, sizeof line,
             "%s (first seen in this capture); %" PRIu32 " %s%s of %" PRIu32 " endpoint%s",
             stamp_whole(g->first_ns, b->page.stamps, time), g->n_members, unit,
             g->n_members == 1 ? "" : "s", g->n_endpoints, g->n_endpoints == 1 ? "" : "s");
    put(b, "Since", line);
}

static void put_packets(struct brief *b, const struct group *g)
{
    char line[BRIEF_TEXT];
    struct text t = text_of(line, sizeof line);

    block_filter(g, &t);
    put_code(b, "Packets", line);
}

/* "Fact: ... [certain]": its own confidence beside it, never that of the cause. */
static void put_fact(struct brief *b, const struct group *g)
{
    char line[BRIEF_TEXT];
    struct text t = text_of(line, sizeof line);

    if (!field_of(b->gathering, "Seen", " ", true, &t) || line[t.n - 1] == ':') {
        t = text_of(line, sizeof line); /* what it would announce are packets */
        text_add(&t, finding_of(g->id)->title);
    }
    text_format(&t, " [%s]", confidence_name(g->fact));
    put(b, "Fact", line);
}

static void put_owner(struct brief *b, const struct group *g)
{
    char line[BRIEF_TEXT];
    struct text t = text_of(line, sizeof line);

    text_add(&t, owner_people(g->owner));
    if (g->owner_reason[0])
        text_format(&t, ", because %s", g->owner_reason);
    put(b, "Must act", line);
}

static void put_group(struct brief *b, const struct group *g)
{
    const struct finding *f = finding_of(g->id);
    char line[BRIEF_TEXT];

    b->gathering->n = 0;
    b->gathering->open[0] = b->gathering->label[0] = '\0';
    block_write(&b->page, b->report, b->scene, g);
    snprintf(line, sizeof line, "%s: %s", f->id, f->title);
    put(b, "Finding", line);
    put_since(b, g);
    put_fact(b, g);
    put_field(b, "Means", "Cause", false);
    put_field(b, "Else", "Else", true);
    put_field(b, "Not seen", "Not seen", true);
    put_owner(b, g);
    put_field(b, "Ruled out", "Excluded", false);
    put_field(b, "Common", "Common", false);
    put_field(b, "Next", "Next", true);
    put_packets(b, g);
    blank(b);
}

enum { BRIEF_PORTS = 8 };

struct port_count {
    uint16_t port;
    uint32_t ok, tried;
};

static int by_port(const void *a, const void *b)
{
    return (int)((const struct port_count *)a)->port - (int)((const struct port_count *)b)->port;
}

/* "443: 12 of 12; 8013: 0 of 2": what works on one port is no comfort for another. */
static void add_ports(const struct summary *s, struct text *t)
{
    struct port_count count[BRIEF_PORTS];
    size_t n = 0;

    for (size_t i = 0; i < s->services.n; i++) {
        const struct service_key *key = table_key(&s->services, i);
        const struct service_count *c = table_at(&s->services, i);
        size_t at = 0;
        while (at < n && count[at].port != key->port)
            at++;
        if (key->is_lookup || at == BRIEF_PORTS)
            continue;
        if (at == n)
            count[n++] = (struct port_count){ .port = key->port };
        count[at].ok += c->ok;
        count[at].tried += c->attempts;
    }
    qsort(count, n, sizeof *count, by_port);
    for (size_t i = 0; i < n; i++)
        text_format(t, "%sport %u: %" PRIu32 " of %" PRIu32, i ? ", " : " (", count[i].port,
                    count[i].ok, count[i].tried);
    text_add(t, n ? ")" : "");
}

static void put_works(struct brief *b)
{
    const struct totals *totals = &b->report->summary.totals;
    char line[BRIEF_TEXT], shown[900];
    struct text t = text_of(line, sizeof line);

    text_format(&t, "%" PRIu64 " of %" PRIu64 " connections", totals->ok, totals->connections);
    add_ports(&b->report->summary, &t);
    text_format(&t, "; %" PRIu64 " of %" PRIu64 " endpoints without a failure",
                totals->healthy - totals->going_round, totals->endpoints);
    put(b, "Works", line);
    t = text_of(shown, sizeof shown);
    if (view_text(b->report, &t))
        put(b, "Shown", shown);
}

static void put_capture(struct brief *b)
{
    const struct scene *s = b->scene;
    char line[BRIEF_TEXT], from[STAMP_TEXT], to[STAMP_TEXT], duration[STAMP_TEXT];

    b->gathering->n = 0;
    b->gathering->open[0] = b->gathering->label[0] = '\0';
    text_of_capture(&b->page, b->report, s);
    snprintf(line, sizeof line, "%s to %s (%s), %" PRIu64 " packets",
             stamp_whole(s->first_ns, b->page.stamps, from),
             stamp_whole(s->last_ns, b->page.stamps, to),
             stamp_duration(s->last_ns - s->first_ns, duration), s->packets);
    put(b, "Captured", line);
    put_field(b, "Taken", "Taken", true);
    put_field(b, "Note", "Note", true);
    struct text t = text_of(line, sizeof line);
    if (field_of(b->gathering, "Quality", "; ", false, &t))
        put(b, "Quality", line);
    put(b, "Clock", "as the capturing machine had it; its offset is not known");
}

static void put_forms(struct brief *b)
{
    put(b, "Tried", "(fill in: client restart, other network, ...)");
    put(b, "Versions", "(fill in: FortiClient ____  EMS ____  OS ____  FortiGate ____)");
    put(b, "Also sent", "(tick) ( ) FortiClient diagnostic package  ( ) EMS debug log");
    put(b, "Made by", "shakeout " SHAKEOUT_VERSION ", from the packets alone");
}

/* What is put together before it is known whether it has room. */
struct aside {
    char *at; /* owned */
    size_t n;
    FILE *file, *before;
};

static bool aside_begin(struct brief *b, struct aside *a)
{
    struct writer *w = b->paper.writer;

    writer_flush(w);
    *a = (struct aside){ .before = w->out };
    a->file = open_memstream(&a->at, &a->n);
    if (a->file)
        w->out = a->file;
    return a->file != NULL;
}

static unsigned aside_end(struct brief *b, struct aside *a)
{
    struct writer *w = b->paper.writer;
    unsigned lines = 0;

    writer_flush(w);
    w->out = a->before;
    bool fine = fclose(a->file) == 0;
    for (size_t i = 0; fine && i < a->n; i++)
        lines += a->at[i] == '\n';
    return lines;
}

/* At most so many lines of findings, and the first of them in any case. */
static void put_groups(struct brief *b)
{
    const struct group *groups[SUMMARY_GROUPS];
    size_t n = summary_order(&b->report->summary, groups, SUMMARY_GROUPS), left = 0;
    unsigned lines = 0;
    char line[80];

    for (size_t i = 0; i < n; i++) {
        struct aside aside;
        if (!text_is_block(b->report, groups[i]))
            continue;
        if (lines >= BRIEF_FINDINGS || !aside_begin(b, &aside)) {
            left++;
            continue;
        }
        put_group(b, groups[i]);
        unsigned more = aside_end(b, &aside);
        if (lines && lines + more > BRIEF_FINDINGS)
            left++;
        else
            writer_put_n(b->paper.writer, aside.at, aside.n);
        lines += more;
        free(aside.at);
    }
    snprintf(line, sizeof line, "%zu more finding%s in the full report", left,
             left == 1 ? " is" : "s are");
    if (left)
        put(b, "More", line);
}

void brief_report(struct report *r, const struct scene *scene, FILE *out, bool markdown)
{
    struct brief b = { .report = r, .scene = scene, .markdown = markdown };
    FILE *before = r->writer.out;

    b.gathering = calloc(1, sizeof *b.gathering);
    if (!b.gathering)
        return;
    writer_flush(&r->writer);
    r->writer.out = out;
    r->clock_relative = scene->clock_relative;
    b.page = text_page(r);
    b.page.ascii = true;
    b.page.colour = false;
    b.page.stamps =
        (struct stamp_style){ .utc = true, .absolute = true, .relative = scene->clock_relative };
    b.paper = b.page;
    b.paper.width = BRIEF_WIDTH;
    b.page.gather = b.gathering;
    put_title(&b);
    put_stand_ins(&b);
    put_groups(&b);
    put_works(&b);
    put_capture(&b);
    put_forms(&b);
    writer_flush(&r->writer);
    r->writer.out = before;
    free(b.gathering);
}
