#include "report/exports.h"
#include "report/filter.h"
#include "report/inside.h"
#include "report/lines.h"
#include "report/pem.h"
#include "report/shown.h"
#include "report/tell.h"

#include <errno.h>
#include <stdlib.h>

/* With a filter there are two: of all, and of what is shown. */
static bool open_whole(struct report *r)
{
    r->whole = r->config.filter ? calloc(1, sizeof *r->whole) : &r->summary;
    return r->whole == &r->summary || (r->whole && summary_open(r->whole, false));
}

static void narrow(struct report *r)
{
    const struct filter *f = r->config.filter;

    if (!f)
        return;
    r->summary.wanted = f->by_finding ? f->finding : NULL;
    r->summary.only = f->network;
    r->summary.n_only = f->n_networks;
}

struct report *report_open(const struct report_config *config, struct failure *failure)
{
    struct report *r = calloc(1, sizeof *r);

    if (r)
        r->config = *config;
    if (r && open_whole(r) && summary_open(&r->summary, config->verbose >= 2 || config->html) &&
        table_open(&r->shown, sizeof(struct shown_key), sizeof(struct shown), SHOWN_MAX)) {
        narrow(r);
        r->told = calloc(1, sizeof *r->told); /* without it no story is told */
        writer_open(&r->writer, config->out);
        json_open(r); /* a watch writes lines beside a report of any form */
        return r;
    }
    report_free(r);
    *failure = (struct failure){ .what = "report", .why = "no memory" };
    return NULL;
}

void report_free(struct report *r)
{
    if (!r)
        return;
    if (r->whole != &r->summary && r->whole) {
        summary_close(r->whole);
        free(r->whole);
    }
    summary_close(&r->summary);
    free(r->told);
    table_close(&r->shown);
    prints_close(r->prints);
    free(r);
}

bool report_exports(const struct report *r) { return r->config.exports != NULL; }

static bool is_json(const struct report *r) { return r->config.format == REPORT_JSONL; }
static bool is_csv(const struct report *r) { return r->config.format == REPORT_CSV; }

/* Who watches reads each line when it is there. */
static void settle(struct report *r, const struct scene *scene)
{
    if (scene->live)
        writer_flush(&r->writer);
}

/* The first line, once: a flow that had to go early may come before the engine says so. */
void report_capture(struct report *r, const struct scene *scene)
{
    if ((!is_json(r) && !is_csv(r)) || r->begun)
        return;
    r->begun = true;
    if (is_csv(r))
        csv_head(r);
    else
        json_capture(r, scene);
    settle(r, scene);
}

void report_prefetch(const struct report *r, const struct flow *flow, bool records)
{
    summary_prefetch(r->whole, flow, records);
}

static void note_outcome(struct report *r, const struct verdict *v)
{
    struct outcomes *all = r->config.outcomes;

    if (!all || v->primary.id == F_NONE)
        return;
    if (all->n == all->room) {
        size_t room = all->room ? all->room * 2 : 64;
        struct outcome_line *line = realloc(all->line, room * sizeof *line);
        if (!line)
            return;
        all->line = line;
        all->room = room;
    }
    all->line[all->n++] =
        (struct outcome_line){ .frame = v->flow ? v->flow->first_frame : v->lookup->frames[0],
                               .id = (uint16_t)v->primary.id,
                               .owner = (uint8_t)v->primary.owner,
                               .fact = (uint8_t)v->primary.fact,
                               .cause = (uint8_t)v->primary.cause };
}

static bool has_room(struct report_lines *lines)
{
    if (!lines->file)
        return false;
    bool any = lines->room > 0;
    lines->room -= any;
    lines->left_out += !any;
    lines->any |= any;
    return any;
}

static int lines_turn_to(struct report *r)
{
    writer_flush(&r->writer);
    int error = r->writer.error;
    r->writer.out = r->config.lines->file;
    r->writer.error = 0;
    return error;
}

/* Its error is its owner's matter, and does not end the report. */
static void lines_turn_back(struct report *r, int error)
{
    struct report_lines *lines = r->config.lines;

    writer_flush(&r->writer);
    lines->error = lines->error ? lines->error : r->writer.error;
    r->writer.out = r->config.out;
    r->writer.error = error;
}

void report_begin_lines(struct report *r, const struct scene *scene)
{
    struct report_lines *lines = r->config.lines;
    struct scene begun = *scene;

    if (!lines || !lines->file || lines->begun)
        return;
    lines->begun = true;
    begun.reading = true; /* totals as of now would be read as those of the file */
    int error = lines_turn_to(r);
    json_capture(r, &begun);
    lines_turn_back(r, error);
}

static void lines_put(struct report *r, const struct scene *scene, const struct verdict *v)
{
    if (!has_room(r->config.lines))
        return;
    report_begin_lines(r, scene);
    int error = lines_turn_to(r);
    if (v->flow)
        json_connection(r, scene, v);
    else
        json_lookup(r, scene, v);
    lines_turn_back(r, error);
}

void report_line(struct report *r, const struct scene *scene, const struct verdict *verdict)
{
    if (r->config.lines && r->config.lines->failing)
        lines_put(r, scene, verdict);
}

/* What failed while somebody watched has its line already. */
static bool wants_line(const struct report_lines *lines, const struct verdict *v)
{
    bool failed = v->primary.severity == SEVERITY_ERROR;
    bool told = v->flow ? (v->flow->flags & FLOW_NOTICED) != 0 : failed && v->lookup->noticed;
    return lines && !told && (lines->all || (lines->failing && failed));
}

void report_add(struct report *r, const struct scene *scene, const struct verdict *verdict)
{
    r->attempt = summary_add(r->whole, scene, verdict);
    note_outcome(r, verdict);
    if (!view_takes(r, scene, verdict))
        return;
    if (r->whole != &r->summary)
        summary_add(&r->summary, scene, verdict);
    if (r->config.plan)
        proof_connection(r, scene, verdict);
    if (r->config.certs || is_json(r))
        shown_note(&r->shown, verdict);
    if (r->config.exports)
        exports_connection(r->config.exports, scene, verdict);
    if (wants_line(r->config.lines, verdict))
        lines_put(r, scene, verdict);
    if (!is_json(r) && !is_csv(r))
        return;
    report_capture(r, scene);
    if (is_csv(r))
        csv_connection(r, scene, verdict);
    else
        json_connection(r, scene, verdict);
    settle(r, scene);
}

void report_add_lookup(struct report *r, const struct scene *scene, const struct verdict *verdict)
{
    summary_add_lookup(r->whole, scene, verdict);
    note_outcome(r, verdict);
    if (!view_takes(r, scene, verdict))
        return;
    if (r->whole != &r->summary)
        summary_add_lookup(&r->summary, scene, verdict);
    if (r->config.plan)
        proof_lookup(r, scene, verdict);
    if (wants_line(r->config.lines, verdict))
        lines_put(r, scene, verdict);
    if (!is_json(r) && !is_csv(r))
        return;
    report_capture(r, scene);
    if (is_csv(r))
        csv_lookup(r, verdict);
    else
        json_lookup(r, scene, verdict);
    settle(r, scene);
}

void report_other(struct report *r, const struct flow *flow) { summary_other(&r->summary, flow); }

/* Notices are for the person who watches: JSON keeps its output to itself, and goes on when nobody
 * takes them. */
static int notice_begin(struct report *r)
{
    writer_flush(&r->writer);
    if (is_json(r))
        r->writer.out = stderr;
    return r->writer.error;
}

static void notice_end(struct report *r, int error)
{
    writer_flush(&r->writer);
    r->writer.out = r->config.out;
    if (is_json(r))
        r->writer.error = error;
}

void report_notice(struct report *r, const struct scene *scene, const struct verdict *verdict)
{
    if (r->config.quiet || r->config.silent || !view_takes(r, scene, verdict))
        return;
    int error = notice_begin(r);
    text_notice(r, scene, verdict);
    notice_end(r, error);
}

void report_notice_more(struct report *r, size_t n)
{
    if (r->config.quiet || r->config.silent)
        return;
    int error = notice_begin(r);
    writer_format(&r->writer, "and %zu more connections fail", n);
    writer_end_line(&r->writer);
    notice_end(r, error);
}

void report_recovered(struct report *r, const struct scene *scene,
                      const struct report_parties *parties, int64_t for_ns)
{
    if (r->config.quiet || r->config.silent)
        return;
    int error = notice_begin(r);
    text_recovered(r, scene, parties, for_ns);
    notice_end(r, error);
}

void report_tell(struct report *r, const struct scene *scene, enum finding_id id, const char *text)
{
    if (r->config.quiet || r->config.silent)
        return;
    int error = notice_begin(r);
    text_tell(r, scene, id, text);
    notice_end(r, error);
}

void report_filed(struct report *r, const struct scene *scene, const struct report_parties *parties,
                  const char *name)
{
    if (r->config.quiet || r->config.silent)
        return;
    int error = notice_begin(r);
    text_filed(r, scene, parties, name);
    notice_end(r, error);
}

void report_missed(struct report *r, const struct scene *scene, const struct address *client,
                   unsigned missed, int64_t interval_ns, int64_t last_ns)
{
    if (r->config.quiet || r->config.silent)
        return;
    int error = notice_begin(r);
    text_missed(r, scene, client, missed, interval_ns, last_ns);
    notice_end(r, error);
}

bool report_broken(const struct report *r) { return r->writer.error != 0; }

static void report_ports(struct report *r, const struct scene *scene)
{
    struct page page = text_page(r);

    text_begin(&page, r, scene);
    page_end(&page);
    matrix_write(&page, r, scene);
}

static void report_form(struct report *r, const struct scene *scene)
{
    switch (r->config.format) {
    case REPORT_TEXT:
        text_report(r, scene);
        return;
    case REPORT_JSONL:
        json_close(r, scene);
        return;
    case REPORT_SUMMARY:
    case REPORT_MARKDOWN:
        brief_report(r, scene, r->config.out, r->config.format == REPORT_MARKDOWN);
        return;
    case REPORT_CSV: /* all its lines are out */
        return;
    case REPORT_LINES:
        stages_report(r, scene, STAGES_LINES);
        return;
    case REPORT_STAGES:
        stages_report(r, scene, STAGES_CONSOLE);
        return;
    case REPORT_STAGES_CSV:
        stages_report(r, scene, STAGES_CSV);
        return;
    case REPORT_PORTS:
        report_ports(r, scene);
        return;
    case REPORT_DENSE:
        dense_report(r, scene);
        return;
    case REPORT_SUGGEST:
        suggest_report(r, scene);
        return;
    }
}

int report_close(struct report *r, const struct scene *scene, const struct raised *capture_findings,
                 size_t n, struct failure *failure)
{
    for (size_t i = 0; i < n; i++)
        summary_add_capture(&r->summary, &capture_findings[i]);
    r->capture_findings = capture_findings;
    r->n_capture_findings = n;
    if (r->config.plan)
        proof_capture(r);
    if (r->config.exports)
        exports_settle(r->config.exports);
    summary_count(r->whole, scene);
    if (r->whole != &r->summary) {
        r->summary.any_ok |= r->view.any_ok;
        summary_count_part(&r->summary, r->whole, scene);
    }
    if (r->told) /* a watch may have asked before anything was counted */
        r->told->endpoint = NULL;
    report_decide(r, scene);
    report_capture(r, scene);
    report_form(r, scene);
    if (r->config.summary)
        brief_report(r, scene, r->config.summary, false);
    if (r->config.quality)
        quality_report(r, scene, r->config.quality);
    if (r->config.markdown)
        brief_report(r, scene, r->config.markdown, true);
    writer_flush(&r->writer);
    if (r->config.html && !r->writer.error)
        html_report(r, scene);
    if (r->config.diagram && !r->writer.error)
        diagram_report(r, scene);
    if (r->config.certs && !pem_write(r, failure))
        return 2;
    return writer_failed(&r->writer, failure) ? 2 : r->exit_code;
}
