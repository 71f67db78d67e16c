/* Line one and the exit code: the same for a person and for a machine. */
#include "report/filter.h"
#include "report/inside.h"
#include "report/tell.h"

#include <inttypes.h>

static bool capture_has(const struct report *r, enum finding_id id)
{
    for (size_t i = 0; i < r->n_capture_findings; i++)
        if (r->capture_findings[i].id == id)
            return true;
    return false;
}

static int exit_code(const struct report *r, const struct scene *scene)
{
    const struct summary *s = &r->summary;
    bool failed = s->any_error || (r->config.fail_on_warning && s->any_warning);
    bool damaged = scene->damaged || capture_has(r, F_CAPTURE_DAMAGED);
    int code = failed ? 1 : damaged || !s->any_ok ? 3 : 0;
    return r->config.exit_zero && code != 2 ? 0 : code;
}

static void headline_of(const struct report *r, const struct scene *scene, const struct group *g,
                        struct text *out)
{
    struct facts facts = report_facts(r, scene, g);
    fill_headline(&facts, out);
}

/* What connections show; a set says of the same failures that they belong together. */
static uint64_t count_failures(const struct group *const *groups, size_t n)
{
    uint64_t failures = 0;
    for (size_t i = 0; i < n; i++)
        failures +=
            groups[i]->severity == SEVERITY_ERROR && (!groups[i]->of_set || groups[i]->alone);
    return failures;
}

/* Is it about reaching an EMS?  What EMS itself opens reaches others. */
static bool is_about_ems(const struct report *r, const struct scene *scene)
{
    return scene->scope == SCOPE_EMS && (r->summary.any_of_ems || !r->summary.any_by_ems);
}

/* Who goes another way, which works, is not cut off. */
static void say_round(const struct report *r, const struct group *first, struct text *out)
{
    char line[300];
    struct text t = text_of(line, sizeof line);

    if (tell_round(r, first, &t))
        text_format(out, "; %s", line);
}

/* Many endpoints are counted, one is named. */
static void say_failures(struct report *r, const struct scene *scene, const struct group *first,
                         uint64_t n_failures, struct text *out)
{
    const struct totals *t = &r->summary.totals;
    const char *what = is_about_ems(r, scene) ? "cannot work with EMS" : "have failing connections";
    if (t->failing <= 1) {
        snprintf(r->word, sizeof r->word, "%" PRIu64 " FAILURE%s", n_failures,
                 n_failures == 1 ? "" : "S");
        headline_of(r, scene, first, out);
        say_round(r, first, out);
        if (n_failures > 1)
            text_format(out, "; %" PRIu64 " more below", n_failures - 1);
        return;
    }
    text_format(out, "%" PRIu64 " of %" PRIu64 " endpoints %s", t->failing, t->endpoints, what);
    if (t->healthy)
        text_format(out, "     %" PRIu64 " healthy", t->healthy);
    if (t->going_round)
        text_format(out, ", %" PRIu64 " of them by another way", t->going_round);
    if (t->unclear)
        text_format(out, "   %" PRIu64 " undecided", t->unclear);
}

static void say_healthy(struct report *r, const struct scene *scene, struct text *out)
{
    const struct totals *t = &r->summary.totals;
    const char *whom = is_about_ems(r, scene) ? "EMS"
                       : t->endpoints == 1    ? "its servers"
                                              : "their servers";
    text_format(out, "%" PRIu64 " of %" PRIu64 " endpoint%s reached %s on every port %s tried",
                t->healthy, t->endpoints, t->endpoints == 1 ? "" : "s", whom,
                t->endpoints == 1 ? "it" : "they");
}

static void say_nothing_decided(const struct report *r, const struct scene *scene,
                                const struct group *first, struct text *out)
{
    if (first)
        headline_of(r, scene, first, out);
    else if (r->config.filter)
        text_add(out, "nothing that was judged is within what was asked for");
    else
        text_add(out, "no judged connection shows how it went");
}

/* What stands on line one when nothing failed: the reason why nothing can be said. */
static const struct group *reason_of(const struct group *const *groups, size_t n)
{
    static const enum finding_id first[] = { F_CANNOT_TELL_ENCAPSULATED_ENCRYPTED,
                                             F_CAPTURE_NOTHING_RELEVANT, F_CAPTURE_ONE_WAY };
    for (size_t k = 0; k < sizeof first / sizeof *first; k++)
        for (size_t i = 0; i < n; i++)
            if (groups[i]->id == first[k])
                return groups[i];
    for (size_t i = 0; i < n; i++)
        if (groups[i]->primary && !groups[i]->of_capture)
            return groups[i];
    return n ? groups[0] : NULL;
}

/* Certain findings were asked for, and none of them is an error. */
static void say_sought(struct report *r, const struct scene *scene,
                       const struct group *const *groups, size_t n, struct text *out)
{
    const struct totals *all = &r->whole->totals;
    size_t i = 0;

    while (i < n && (groups[i]->of_capture || groups[i]->of_set))
        i++;
    if (i < n) {
        r->mark = MARK_WARN;
        headline_of(r, scene, groups[i], out);
        return;
    }
    r->mark = MARK_OK;
    snprintf(r->word, sizeof r->word, "NOT FOUND");
    text_format(out, "%" PRIu64 " connections of %" PRIu64 " endpoints were judged",
                all->connections, all->endpoints);
}

/* Whoever reads line one alone must not take the part for all. */
static void say_part(const struct report *r, struct text *out)
{
    if (r->config.filter)
        text_format(out, "   (%s)", r->config.filter->said);
}

void report_decide(struct report *r, const struct scene *scene)
{
    const struct group *groups[SUMMARY_GROUPS];
    size_t n = summary_order(&r->summary, groups, SUMMARY_GROUPS);
    struct text out = text_of(r->headline, sizeof r->headline);
    int code = exit_code(r, scene);
    bool damaged = scene->damaged || capture_has(r, F_CAPTURE_DAMAGED);

    r->exit_code = code;
    if (r->summary.any_error) {
        r->mark = MARK_FAIL;
        say_failures(r, scene, groups[0], count_failures(groups, n), &out);
    } else if (damaged) {
        r->mark = MARK_WARN;
        snprintf(r->word, sizeof r->word, "PARTIAL");
        if (scene->resumed)
            text_add(&out, "parts of the file are damaged; all the rest is analysed");
        else
            text_format(&out,
                        "the file breaks off after packet %" PRIu64 "; all before it is analysed",
                        scene->last_frame);
    } else if (!r->summary.any_ok) {
        r->mark = MARK_UNKNOWN;
        snprintf(r->word, sizeof r->word, "NO VERDICT");
        say_nothing_decided(r, scene, reason_of(groups, n), &out);
    } else if (r->config.filter && r->config.filter->by_finding) {
        say_sought(r, scene, groups, n, &out);
    } else {
        r->mark = MARK_OK;
        snprintf(r->word, sizeof r->word, "HEALTHY");
        say_healthy(r, scene, &out);
    }
    say_part(r, &out);
}
