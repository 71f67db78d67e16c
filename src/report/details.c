/* One verdict by itself, while the capture goes on: its block, and its ladder. */
#include "report/inside.h"

static struct group group_of(const struct verdict *v)
{
    struct group g = report_group_of(v);

    g.n_attempts = 1;
    g.severity = v->primary.severity;
    g.fact = v->primary.fact;
    g.cause = v->primary.cause;
    g.owner = v->primary.owner;
    g.first_ns = v->flow ? v->flow->first_ns : v->lookup->first_ns;
    g.last_ns = v->flow ? v->flow->last_ns : v->lookup->last_try_ns;
    g.n_frames = v->primary.n_frames;
    memcpy(g.frames, v->primary.frames, sizeof v->primary.frames);
    memcpy(g.owner_reason, v->primary.owner_reason, sizeof g.owner_reason);
    return g;
}

void report_details(struct report *r, const struct scene *scene, const struct verdict *verdict,
                    FILE *out, unsigned width)
{
    FILE *before = r->writer.out;
    unsigned width_before = r->config.width;
    struct group group = group_of(verdict);

    writer_flush(&r->writer);
    r->writer.out = out;
    r->clock_relative = scene->clock_relative;
    r->config.width = width;
    struct page page = text_page(r);
    page.colour = false;
    block_write(&page, r, scene, &group);
    if (verdict->flow)
        ladder_write(&page, r, scene, verdict);
    writer_flush(&r->writer);
    r->writer.out = before;
    r->config.width = width_before;
}
