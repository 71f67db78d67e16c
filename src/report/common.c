/* What the endpoints of a group have in common, and since when they fail, in words. */
#include "report/inside.h"
#include "report/json_parts.h"

#include <inttypes.h>

enum { COMMON_TEXT = 300, JSON_OUTSIDE = 256, RIVALS_SHOWN = 2 };

/* What is common is that of all members, shown or not. */
static const struct group *all_of(const struct group *g) { return g->whole ? g->whole : g; }

/* ---- console ---- */

static void add_part(const struct report *r, const struct group *g, const struct part *part,
                     struct text *t)
{
    trait_text(&r->whole->traits, part->value, t);
    text_format(t, ": %" PRIu32 " of %" PRIu32 " failing, %" PRIu32 " of %" PRIu32 " healthy",
                part->failing, g->n_endpoints, part->healthy, g->common.n_healthy);
}

static void add_change(const struct page *p, const struct change *c, struct text *t)
{
    char worked[STAMP_TEXT], failed[STAMP_TEXT], again[STAMP_TEXT];

    stamp_whole(c->worked_ns, p->stamps, worked);
    stamp_whole(c->failed_ns, p->stamps, failed);
    stamp_whole(c->again_ns, p->stamps, again);
    if (c->from_start && c->to_end)
        text_add(t, "since the start of the capture (no working moment seen)");
    else if (c->from_start)
        text_format(t, "failed from the start of the capture; works since %s", again);
    else if (c->to_end)
        text_format(t, "worked until %s, then failed from %s on", worked, failed);
    else
        text_format(t, "worked until %s, failed from %s on, works again since %s", worked, failed,
                    again);
}

static void write_line(struct page *p, bool *first, const char *line)
{
    page_field(p, *first ? "Common" : "", PAGE_FIELD, line, NULL);
    *first = false;
}

static void write_change(struct page *p, const struct group *g, const struct change *c, bool *first)
{
    char line[COMMON_TEXT];
    struct text t = text_of(line, sizeof line);
    bool changed = !c->from_start || !c->to_end;

    if (!c->found || (!changed && g->n_endpoints < COMMON_LEAST))
        return;
    add_change(p, c, &t);
    write_line(p, first, line);
}

static void write_rivals(struct page *p, const struct report *r, const struct group *g, bool *first)
{
    for (size_t i = 1; i < g->common.n && i <= RIVALS_SHOWN; i++) {
        char line[COMMON_TEXT];
        struct text t = text_of(line, sizeof line);
        text_add(&t, "or ");
        add_part(r, g, &g->common.part[i], &t);
        write_line(p, first, line);
    }
}

static void write_outside(struct page *p, const struct group *g, bool *first)
{
    char line[COMMON_TEXT];
    uint32_t n = g->common.n_outside;
    if (!n)
        return;
    snprintf(line, sizeof line, "%" PRIu32 " more fail%s alone, with nothing of this in common", n,
             n == 1 ? "s" : "");
    write_line(p, first, line);
}

static void write_parts(struct page *p, const struct report *r, const struct group *g, bool *first)
{
    bool whole = g->common.how == COMMON_WHOLE;
    for (size_t i = 0; i < (whole ? 1u : g->common.n); i++) {
        char line[COMMON_TEXT];
        struct text t = text_of(line, sizeof line);
        add_part(r, g, &g->common.part[i], &t);
        write_line(p, first, line);
        if (whole)
            write_rivals(p, r, g, first);
        write_change(p, g, &g->common.part[i].change, first);
    }
    write_outside(p, g, first);
}

static void write_what(struct page *p, const struct report *r, const struct group *g, bool *first)
{
    switch ((enum common_how)g->common.how) {
    case COMMON_WHOLE:
    case COMMON_EACH:
        write_parts(p, r, g, first);
        return;
    case COMMON_NONE:
        write_line(p, first, "nothing obvious in common");
        break;
    case COMMON_UNASKED:
        if (g->n_endpoints >= COMMON_LEAST && g->severity == SEVERITY_ERROR)
            write_line(p, first, "nothing to compare with: no endpoint here is healthy");
        break;
    }
    write_change(p, g, &g->common.change, first);
}

/* Of a part of its endpoints: how many have it besides. */
static void write_left_out(struct page *p, const struct group *g, const struct group *all,
                           bool *first)
{
    uint32_t n = all->n_endpoints - g->n_endpoints;
    char line[COMMON_TEXT];

    if (all->n_endpoints <= g->n_endpoints)
        return;
    snprintf(line, sizeof line, "%" PRIu32 " further endpoint%s this finding, and %s left out here",
             n, n == 1 ? " has" : "s have", n == 1 ? "is" : "are");
    write_line(p, first, line);
}

void common_write(struct page *p, const struct report *r, const struct group *part)
{
    const struct group *g = all_of(part);
    bool first = true;

    if (g->of_set)
        return;
    write_what(p, r, g, &first);
    write_left_out(p, part, g, &first);
}

void common_short(const struct report *r, const struct group *part, struct text *t)
{
    const struct group *g = all_of(part);
    const struct common *common = &g->common;
    char address[ADDRESS_TEXT];

    if (common->how == COMMON_WHOLE && !common->n_outside)
        text_add(t, "all: ");
    if (common->how == COMMON_WHOLE || common->how == COMMON_EACH) {
        trait_text(&r->whole->traits, common->part[0].value, t);
        if (common->how == COMMON_EACH && common->n > 1)
            text_format(t, " and %d more", common->n - 1);
    } else if (g->n_endpoints == 1) {
        text_add(t, address_text(&g->client, address));
    } else if (common->how == COMMON_NONE) {
        text_add(t, "nothing obvious");
    }
}

/* ---- JSON ---- */

static void put_change(struct report *r, const struct change *c)
{
    if (!c->found)
        return;
    json_object(&r->writer, "change");
    if (!c->from_start)
        json_put_time(r, "worked_until", c->worked_ns);
    json_put_time(r, "failed_since", c->failed_ns);
    if (!c->to_end)
        json_put_time(r, "works_since", c->again_ns);
    json_number(&r->writer, "failed", c->n_failed);
    json_number(&r->writer, "worked", (uint64_t)c->n_before + c->n_after);
    json_end_object(&r->writer);
}

static void put_part(struct report *r, const struct part *part)
{
    struct writer *w = &r->writer;
    char value[64];
    struct text t = text_of(value, sizeof value);

    trait_value_text(&r->whole->traits, part->value, &t);
    json_word(w, "kind", trait_kind_name(trait_kind_of(&r->whole->traits, part->value)));
    json_string(w, "value", value, &r->cut);
    json_number(w, "failing", part->failing);
    json_number(w, "healthy", part->healthy);
}

static void put_parts(struct report *r, const char *key, const struct part *part, size_t n)
{
    struct writer *w = &r->writer;
    json_array(w, key);
    for (size_t i = 0; i < n; i++) {
        json_object(w, NULL);
        put_part(r, &part[i]);
        put_change(r, &part[i].change);
        json_end_object(w);
    }
    json_end_array(w);
}

/* Those that the common does not cover; usually few. */
static void put_outside(struct report *r, const struct group *g)
{
    const struct summary *s = r->whole;
    size_t n = 0;
    json_array(&r->writer, "outside");
    for (uint32_t i = g->first_member; i && n < JSON_OUTSIDE;) {
        const struct member_key *key = table_key(&s->members, i - 1);
        if (!common_covers(s, g, i)) {
            json_address(&r->writer, NULL, &key->client);
            n++;
        }
        i = ((const struct member *)table_at(&s->members, i - 1))->next;
    }
    json_end_array(&r->writer);
    json_number(&r->writer, "outside_count", g->common.n_outside);
}

void json_put_common(struct report *r, const struct group *part)
{
    const struct group *g = all_of(part);
    const struct common *common = &g->common;
    struct writer *w = &r->writer;

    if (g->of_capture || g->of_set || g->severity != SEVERITY_ERROR)
        return;
    json_object(w, "common");
    if (common->how == COMMON_WHOLE)
        put_part(r, &common->part[0]);
    else
        json_word(w, "kind", common->how == COMMON_EACH ? "several" : "none");
    if (common->how == COMMON_WHOLE && common->n > 1)
        put_parts(r, "or", &common->part[1], common->n - 1u);
    if (common->how == COMMON_EACH)
        put_parts(r, "parts", common->part, common->n);
    if (common->how != COMMON_UNASKED) {
        json_number(w, "of_failing", g->n_endpoints);
        json_number(w, "of_healthy", common->n_healthy);
    }
    if (common->n && common->n_outside)
        put_outside(r, g);
    put_change(r, &common->change);
    json_end_object(w);
}
