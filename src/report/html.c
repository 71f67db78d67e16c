/* html.c - the report as one page that needs nothing but itself. */
#include "base/text.h"
#include "html_parts.h"
#include "report/html_inside.h"
#include "report/version.h"

#include <inttypes.h>
#include <stdlib.h>

enum { NEXT_SHOWN = 5, MEMBERS_SHOWN = 500, BAR = 1000, FINDINGS_SHOWN = 200 };

static const char *mark_word(enum page_mark mark)
{
    static const char *const words[] = {
        [MARK_OK] = "OK", [MARK_FAIL] = "FAIL", [MARK_WARN] = "WARN", [MARK_UNKNOWN] = "UNKNOWN"
    };
    return words[mark];
}

static const char *mark_glyph(enum page_mark mark)
{
    static const char *const glyphs[] = {
        [MARK_OK] = "\u2713", [MARK_FAIL] = "\u2717", [MARK_WARN] = "!", [MARK_UNKNOWN] = "?"
    };
    return glyphs[mark];
}

static enum page_mark mark_of(const struct group *g)
{
    return g->severity == SEVERITY_ERROR     ? MARK_FAIL
           : g->severity == SEVERITY_WARNING ? MARK_WARN
                                             : MARK_UNKNOWN;
}

/* ---- fields ---- */

void html_copy(struct html *h, const char *tag, const char *class, const char *text)
{
    unsigned id = ++h->n_copies;

    html_format(h->w, "<div class=\"copyline\"><%s class=\"%s\" id=\"c%u\">", tag, class, id);
    html_text(h->w, text);
    html_format(h->w, "</%s>", tag);
    html_format(
        h->w, "<button type=\"button\" class=\"only-script\" data-copy=\"c%u\">copy</button></div>",
        id);
    writer_end_line(h->w);
}

static void put_commands(struct html *h, const char *lines)
{
    while (*lines) {
        char line[GATHER_TEXT];
        size_t n = strcspn(lines, "\n");
        snprintf(line, sizeof line, "%.*s", (int)n, lines);
        html_copy(h, "pre", "cmd", line);
        lines += n + (lines[n] == '\n');
    }
}

/* The first line is prose, the others are commands. */
static void put_prose(struct html *h, const struct gathered *item)
{
    size_t n = strcspn(item->text, "\n");
    char first[GATHER_TEXT];

    snprintf(first, sizeof first, "%.*s", (int)n, item->text);
    html_put(h->w, "<p>");
    if (item->lead[0] && (item->lead[0] < '0' || item->lead[0] > '9')) {
        html_element(h->w, "b", NULL, item->lead);
        html_put(h->w, ": ");
    }
    html_text(h->w, first);
    if (item->tail[0])
        html_element(h->w, "span", "sure", item->tail);
    html_raw(h->w, "</p>");
    put_commands(h, item->text[n] ? item->text + n + 1 : "");
}

/* Lines that follow each other are one block of text as it stands. */
static size_t put_lines(struct html *h, size_t i)
{
    const struct gathering *g = h->gathering;

    html_put(h->w, "<pre>");
    for (; i < g->n && g->item[i].line; i++) {
        html_text(h->w, g->item[i].text + strspn(g->item[i].text, " "));
        writer_end_line(h->w);
    }
    html_raw(h->w, "</pre>");
    return i;
}

static size_t put_steps(struct html *h, size_t i)
{
    const struct gathering *g = h->gathering;
    bool first = true;

    html_raw(h->w, "<ol class=\"next\">");
    for (; i < g->n && !g->item[i].line && (first || !g->item[i].label[0]); i++, first = false) {
        html_put(h->w, "<li>");
        put_prose(h, &g->item[i]);
        html_raw(h->w, "</li>");
    }
    html_raw(h->w, "</ol>");
    return i;
}

static bool is(const struct gathered *item, const char *label)
{
    return strcmp(item->label, label) == 0;
}

static size_t put_term(struct html *h, size_t i)
{
    const struct gathering *g = h->gathering;
    const struct gathered *head = &g->item[i];

    html_element(h->w, "dt", NULL, head->label);
    html_put(h->w, "<dd>");
    if (is(head, "Next")) {
        i = put_steps(h, i);
    } else if (is(head, "Packets")) {
        html_copy(h, "code", "filter", head->text);
        i++;
    } else {
        for (bool first = true; i < g->n && (first || g->item[i].line || !g->item[i].label[0]);
             first = false) {
            if (g->item[i].line) {
                i = put_lines(h, i);
            } else {
                put_prose(h, &g->item[i]);
                i++;
            }
        }
    }
    html_raw(h->w, "</dd>");
    return i;
}

void html_fields(struct html *h)
{
    const struct gathering *g = h->gathering;
    size_t i = 0;

    while (i < g->n && g->item[i].line) { /* before the first field: who with whom */
        html_element(h->w, "p", "mono", g->item[i].text + strspn(g->item[i].text, " "));
        writer_end_line(h->w);
        i++;
    }
    if (i == g->n)
        return;
    html_raw(h->w, "<dl class=\"said\">");
    while (i < g->n)
        i = put_term(h, i);
    html_raw(h->w, "</dl>");
}

/* ---- the top ---- */

static void put_all(struct writer *w, const char *const *pieces)
{
    for (; *pieces; pieces++) {
        writer_put(w, *pieces);
        writer_flush(w);
    }
}

static void put_head(struct html *h)
{
    struct writer *w = h->w;

    html_raw(w, "<!DOCTYPE html>");
    html_raw(w, "<html lang=\"en\">");
    html_raw(w, "<head>");
    html_raw(w, "<meta charset=\"utf-8\">");
    html_raw(w, "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                "style-src '" HTML_STYLE_HASH "'; script-src '" HTML_SCRIPT_HASH
                "'; img-src data:; base-uri 'none'; form-action 'none'\">");
    html_raw(w, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
    html_put(w, "<title>shakeout report: ");
    html_text(w, h->report->headline);
    html_raw(w, "</title>");
    html_put(w, "<style>");
    put_all(w, html_style);
    html_raw(w, "</style>");
    html_raw(w, "</head>");
}

static void put_theme(struct writer *w)
{
    static const char *const themes[] = { "auto", "light", "dark" };

    html_put(w, "<div class=\"theme only-script\" role=\"group\" aria-label=\"Theme\">");
    for (size_t i = 0; i < sizeof themes / sizeof *themes; i++)
        html_format(w,
                    "<button type=\"button\" data-set-theme=\"%s\" aria-pressed=\"%s\">%s</button>",
                    themes[i], i ? "false" : "true", themes[i]);
    html_raw(w, "</div>");
}

static void put_badge(struct html *h)
{
    const struct report *r = h->report;

    if (report_has_stand_ins(r))
        html_format(h->w, "<a class=\"badge closed\" href=\"#made\">REDACTED: %s</a>",
                    r->config.redaction);
    else
        html_put(
            h->w,
            "<a class=\"badge open\" href=\"#made\">NOT REDACTED - contains real addresses</a>");
}

static void put_part(struct html *h, const char *class, uint64_t before, uint64_t n, uint64_t all)
{
    if (n)
        html_format(h->w,
                    "<rect class=\"bar-%s\" x=\"%" PRIu64 "\" y=\"0\" width=\"%" PRIu64
                    "\" height=\"24\"/>",
                    class, before * BAR / all, n * BAR / all ? n * BAR / all : 1);
}

/* How many endpoints of each kind, as one bar and in words. */
static void put_bar(struct html *h)
{
    const struct totals *t = &h->report->summary.totals;
    char words[200];

    if (t->endpoints < 2)
        return;
    snprintf(words, sizeof words,
             "%" PRIu64 " failing, %" PRIu64 " undecided, %" PRIu64 " healthy of %" PRIu64
             " endpoints",
             t->failing, t->unclear, t->healthy, t->endpoints);
    html_format(h->w, "<svg viewBox=\"0 0 %d 24\" preserveAspectRatio=\"none\" role=\"img\">", BAR);
    html_element(h->w, "title", NULL, words);
    put_part(h, "bad", 0, t->failing, t->endpoints);
    put_part(h, "unknown", t->failing, t->unclear, t->endpoints);
    put_part(h, "ok", t->failing + t->unclear, t->healthy, t->endpoints);
    html_raw(h->w, "</svg>");
    html_element(h->w, "p", NULL, words);
    writer_end_line(h->w);
}

static void put_view(struct html *h)
{
    char line[900];
    struct text t = text_of(line, sizeof line);

    if (view_text(h->report, &t))
        html_element(h->w, "p", NULL, line);
}

/* On the console its parts stand apart by spaces. */
static void put_headline(struct html *h)
{
    const char *s = h->report->headline, *gap;

    for (; (gap = strstr(s, "   ")) != NULL; s = gap + strspn(gap, " ")) {
        char part[512];
        snprintf(part, sizeof part, "%.*s", (int)(gap - s), s);
        html_text(h->w, part);
        html_put(h->w, " &#183; ");
    }
    html_text(h->w, s);
}

static void put_verdict(struct html *h)
{
    const struct report *r = h->report;
    char line[300], a[STAMP_TEXT], b[STAMP_TEXT];

    html_raw(h->w, "<div class=\"verdict\">");
    html_format(h->w, "<h1><span class=\"mark %s\" aria-hidden=\"true\">%s</span><span>",
                mark_word(r->mark), mark_glyph(r->mark));
    if (r->word[0]) {
        html_element(h->w, "span", mark_word(r->mark), r->word);
        html_put(h->w, " ");
    }
    put_headline(h);
    html_raw(h->w, "</span></h1>");
    if (h->scene->packets) {
        snprintf(line, sizeof line, "%s to %s, %" PRIu64 " packets",
                 stamp_whole(h->scene->first_ns, h->page.stamps, a),
                 stamp_whole(h->scene->last_ns, h->page.stamps, b), h->scene->packets);
        html_element(h->w, "p", NULL, line);
    }
    put_bar(h);
    put_view(h);
    html_raw(h->w, "</div>");
}

static void put_top(struct html *h)
{
    html_raw(h->w, "<body>");
    html_raw(h->w, "<a class=\"skip\" href=\"#findings\">Skip to the findings</a>");
    html_put(
        h->w,
        "<header class=\"top\"><span class=\"name\">shakeout report</span><span class=\"mono\">");
    html_text(h->w, h->scene->file);
    html_put(h->w, "</span>");
    put_badge(h);
    put_theme(h->w);
    html_raw(h->w, "</header>");
    put_verdict(h);
}

static void put_contents(struct html *h)
{
    static const char *const entries[][2] = {
        { "next", "What to do next" },      { "findings", "Findings" },
        { "endpoints", "Endpoints" },       { "timeline", "Timeline" },
        { "certificates", "Certificates" }, { "names", "Names and DNS" },
        { "quality", "Capture quality" },   { "made", "How this was made" },
    };
    html_raw(h->w, "<div class=\"page\">");
    html_raw(h->w, "<nav aria-label=\"Contents\"><ol>");
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
        html_format(h->w, "<li><a href=\"#%s\">%zu %s</a></li>", entries[i][0], i + 1,
                    entries[i][1]);
        writer_end_line(h->w);
    }
    html_raw(h->w, "</ol></nav>");
}

/* ---- findings ---- */

static bool gather_block(struct html *h, const struct group *g)
{
    h->gathering->n = h->gathering->lost = 0;
    h->gathering->open[0] = h->gathering->label[0] = '\0';
    block_write(&h->page, h->report, h->scene, g);
    return h->gathering->n != 0;
}

static const struct gathered *first_step(const struct gathering *g)
{
    for (size_t i = 0; i < g->n; i++)
        if (is(&g->item[i], "Next"))
            return &g->item[i];
    return NULL;
}

static int by_reach(const void *a, const void *b)
{
    const struct group *x = *(const struct group *const *)a, *y = *(const struct group *const *)b;
    if (x->severity != y->severity)
        return x->severity < y->severity ? 1 : -1;
    return (x->n_headed < y->n_headed) - (x->n_headed > y->n_headed);
}

static void put_next_step(struct html *h, const struct group *g, const struct gathered *step)
{
    html_put(h->w, "<li>");
    put_prose(h, step);
    html_format(h->w,
                "<p class=\"mono\">act: %s &#183; %" PRIu32
                " endpoint%s &#183; <a href=\"#f%" PRIu32 "\">%s</a></p>",
                owner_name(g->owner), g->n_endpoints, g->n_endpoints == 1 ? "" : "s", g->number,
                finding_of(g->id)->id);
    html_raw(h->w, "</li>");
}

/* The first step of each group, failures first and those of most endpoints; each step once. */
static void put_next(struct html *h)
{
    const struct group *order[SUMMARY_GROUPS];
    char said[NEXT_SHOWN][GATHER_TEXT];
    size_t n = 0, shown = 0;

    for (size_t i = 0; i < h->n_groups; i++)
        if (text_is_block(h->report, h->group[i]) && h->group[i]->severity >= SEVERITY_WARNING)
            order[n++] = h->group[i];
    qsort(order, n, sizeof *order, by_reach);
    html_raw(h->w, "<section id=\"next\"><h2>1 What to do next</h2>");
    if (!n)
        html_raw(h->w, h->report->mark == MARK_OK
                           ? "<p>Nothing: everything that was tried works.</p>"
                           : "<p>See the findings.</p>");
    html_put(h->w, n ? "<ol class=\"next\">" : "");
    for (size_t i = 0; i < n && shown < NEXT_SHOWN; i++) {
        const struct gathered *step = gather_block(h, order[i]) ? first_step(h->gathering) : NULL;
        bool again = !step;
        for (size_t k = 0; k < shown && !again; k++)
            again = strcmp(said[k], step->text) == 0;
        if (again)
            continue;
        text_copy(said[shown++], GATHER_TEXT, step->text);
        put_next_step(h, order[i], step);
    }
    html_raw(h->w, n ? "</ol></section>" : "</section>");
}

static void put_members(struct html *h, const struct group *g)
{
    const struct table *members = &h->report->summary.members;
    char address[ADDRESS_TEXT];
    size_t shown = 0;

    if (g->n_endpoints < 2)
        return;
    html_format(h->w,
                "<details open data-fold><summary>all %" PRIu32
                " endpoints</summary><p class=\"mono\">",
                g->n_endpoints);
    for (uint32_t i = g->first_member; i && shown < MEMBERS_SHOWN; shown++) {
        const struct member_key *key = table_key(members, i - 1);
        const struct member *member = table_at(members, i - 1);
        html_text(h->w, address_text(&key->client, address));
        html_raw(h->w, "");
        i = member->next;
    }
    if (shown < g->n_endpoints)
        html_format(h->w, "and %" PRIu32 " more", g->n_endpoints - (uint32_t)shown);
    html_raw(h->w, "</p></details>");
}

static void put_chips(struct html *h, const struct group *g)
{
    html_put(h->w, "<ul class=\"chips\">");
    html_format(h->w, "<li><code>%s</code></li><li>%s</li><li>%s</li><li>act: %s</li>",
                finding_of(g->id)->id, severity_name(g->severity), confidence_name(g->fact),
                owner_name(g->owner));
    if (!g->of_capture)
        html_format(h->w, "<li>%" PRIu32 " endpoint%s</li>", g->n_endpoints,
                    g->n_endpoints == 1 ? "" : "s");
    html_raw(h->w, "</ul>");
}

static void put_finding(struct html *h, const struct group *g)
{
    enum page_mark mark = mark_of(g);

    gather_block(h, g);
    html_format(h->w,
                "<article class=\"%s\" id=\"f%" PRIu32 "\"><h3><span class=\"mark %s\" "
                "aria-hidden=\"true\">%s</span> ",
                mark_word(mark), g->number, mark_word(mark), mark_glyph(mark));
    html_text(h->w, finding_of(g->id)->title);
    html_raw(h->w, "</h3>");
    put_chips(h, g);
    html_fields(h);
    if (g->example && g->example->flow)
        html_ladder(h, g->example, g->number);
    put_members(h, g);
    html_raw(h->w, "</article>");
}

static void put_findings(struct html *h)
{
    size_t shown = 0, left = 0;

    html_raw(h->w, "<section id=\"findings\" tabindex=\"-1\"><h2>2 Findings</h2>");
    for (size_t i = 0; i < h->n_groups; i++) {
        if (!text_is_block(h->report, h->group[i]))
            continue;
        if (shown == FINDINGS_SHOWN)
            left++;
        else
            put_finding(h, h->group[i]), shown++;
    }
    if (!shown)
        html_raw(h->w, "<p>Nothing failed in this capture.</p>");
    if (left)
        html_format(h->w, "<p>%zu smaller groups are not shown here; the JSON Lines have them.</p>",
                    left);
    html_raw(h->w, "</section>");
}

/* ---- the rest ---- */

static void put_quality(struct html *h)
{
    h->gathering->n = 0;
    h->gathering->open[0] = h->gathering->label[0] = '\0';
    text_of_capture(&h->page, h->report, h->scene);
    html_raw(h->w, "<section id=\"quality\"><h2>7 Capture quality</h2>");
    html_fields(h);
    html_raw(h->w, "</section>");
}

static void put_made(struct html *h)
{
    const char *level = h->report->config.redaction;

    html_raw(h->w, "<section id=\"made\"><h2>8 How this was made</h2>");
    html_raw(h->w,
             "<p>By shakeout " SHAKEOUT_VERSION
             " from the capture alone; no packet was sent, nothing was asked of "
             "any host. Every statement names the packets it rests on; <i>certain</i> means that "
             "the octets say it, <i>probable</i> that there is one ordinary explanation, "
             "<i>possible</i> that there are several.</p>");
    if (report_has_stand_ins(h->report))
        html_format(
            h->w,
            "<p>Redaction: %s. Names and addresses are stand-ins of the same length, the same "
            "one everywhere; contents were removed; the verdicts were checked to be the same.</p>",
            level);
    else
        html_format(h->w,
                    "<p>Redaction: %s. Addresses and names are real; application contents and "
                    "TLS secrets are not in this file.</p>",
                    level && level[0] ? level : "none");
    html_format(h->w, "<p>Scope: %s. Times are those of the capture's clock.</p>",
                h->scene->scope == SCOPE_EMS ? "services of the profile towards EMS servers"
                                             : "every TCP connection");
    html_raw(h->w, "</section>");
}

static void put_all_sections(struct html *h)
{
    put_next(h);
    put_findings(h);
    html_endpoints(h);
    html_timeline(h);
    html_certificates(h);
    html_names(h);
    put_quality(h);
    put_made(h);
}

void html_report(struct report *r, const struct scene *scene)
{
    struct html h = { .w = &r->writer, .report = r, .scene = scene };
    FILE *before = r->writer.out;

    h.gathering = calloc(1, sizeof *h.gathering);
    if (!h.gathering)
        return;
    writer_flush(&r->writer);
    r->writer.out = r->config.html;
    r->clock_relative = scene->clock_relative;
    h.page = text_page(r);
    h.page.ascii = h.page.colour = false;
    h.page.stamps.absolute = !scene->clock_relative;
    h.page.gather = h.gathering;
    h.n_groups = summary_order(&r->summary, h.group, SUMMARY_GROUPS);
    put_head(&h);
    put_top(&h);
    put_contents(&h);
    html_raw(h.w, "<main>");
    put_all_sections(&h);
    html_raw(h.w, "</main></div>");
    html_raw(h.w, "<footer>shakeout " SHAKEOUT_VERSION "</footer>");
    html_put(h.w, "<script>");
    put_all(h.w, html_script);
    html_raw(h.w, "</script>");
    html_raw(h.w, "</body></html>");
    writer_flush(h.w);
    r->writer.out = before;
    free(h.gathering);
}
