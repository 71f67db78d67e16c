/* view.c - the part of what was judged that a report shows (filter.h). */
#include "report/filter.h"
#include "report/inside.h"
#include "report/json_parts.h"

#include <inttypes.h>

static void begin(struct report *r, const struct scene *scene)
{
    const struct filter *f = r->config.filter;

    r->view.begun = true;
    r->view.since_ns =
        f->since.set ? filter_ns(&f->since, scene->first_ns, r->config.utc) : INT64_MIN;
    r->view.until_ns =
        f->until.set ? filter_ns(&f->until, scene->first_ns, r->config.utc) : INT64_MAX;
    if (f->until.set)
        r->summary.before_ns = r->view.until_ns;
}

static int64_t last_of(const struct lookup *l)
{
    return l->reply_ns > l->last_try_ns ? l->reply_ns : l->last_try_ns;
}

bool view_takes(struct report *r, const struct scene *scene, const struct verdict *v)
{
    const struct filter *f = r->config.filter;

    if (!f)
        return true;
    if (!r->view.begun)
        begin(r, scene);
    const struct address *client = v->flow ? &v->flow->address[CLIENT] : &v->lookup->client;
    int64_t first = v->flow ? v->flow->first_ns : v->lookup->first_ns;
    int64_t last = v->flow ? v->flow->last_ns : last_of(v->lookup);
    if ((f->n_networks && !networks_hold(f->network, f->n_networks, client)) ||
        first >= r->view.until_ns || last < r->view.since_ns)
        return false;
    r->view.any_ok |= v->flow && outcome_of(&v->primary) == OUTCOME_OK;
    return !f->by_finding || filter_finds(f, v);
}

bool view_text(const struct report *r, struct text *out)
{
    const struct totals *all = &r->whole->totals, *shown = &r->summary.totals;

    if (!r->config.filter)
        return false;
    text_format(out,
                "only %s: %" PRIu64 " of %" PRIu64 " connections, %" PRIu64 " of %" PRIu64
                " endpoints. All of them were judged and compared; the rest is left out here.",
                r->config.filter->said, shown->connections, all->connections, shown->endpoints,
                all->endpoints);
    return true;
}

void view_json(struct report *r)
{
    const struct totals *all = &r->whole->totals, *shown = &r->summary.totals;
    struct writer *w = &r->writer;

    if (!r->config.filter)
        return;
    json_object(w, "left_out_by_filter");
    json_string(w, "filter", r->config.filter->said, &r->cut);
    json_number(w, "connections", all->connections - shown->connections);
    json_number(w, "lookups", all->lookups - shown->lookups);
    json_number(w, "endpoints", all->endpoints - shown->endpoints);
    json_end_object(w);
}
