#include "report/tell.h"

#include "report/json_parts.h"

#include <inttypes.h>

enum { JSON_STORIES = 16, STORY_TEXT = 900 };

static const char *const way_names[] = {
    [WAY_NONE] = "none",     [WAY_AGAIN] = "again",     [WAY_NAME] = "name",
    [WAY_FAMILY] = "family", [WAY_SERVER] = "server",   [WAY_VERSION] = "version",
    [WAY_PROXY] = "proxy",   [WAY_DIRECT] = "no_proxy",
};

static const struct service_key *key_of(const struct report *r, uint32_t service)
{
    return table_key(&r->summary.services, service - 1);
}

static const struct service_count *count_of(const struct report *r, uint32_t service)
{
    return table_at(&r->summary.services, service - 1);
}

static void add_end(const struct report *r, uint32_t service, struct text *out)
{
    const struct service_key *key = key_of(r, service);
    char text[ADDRESS_TEXT];

    text_format(out, address_is_ipv4(&key->server) ? "%s:%u" : "[%s]:%u",
                address_text(&key->server, text), key->port);
}

/* ---- what others went on with ---- */

static void add_way(const struct report *r, const struct group *g, bool many, struct text *out)
{
    const char *s = many ? "" : "es";

    switch ((enum story_way)g->way) {
    case WAY_NAME:
        text_format(out, "reach%s ", s);
        add_end(r, g->round_service, out);
        text_add(out, " all the same");
        return;
    case WAY_FAMILY:
        text_format(out, "go%s on over %s, to ", s,
                    address_is_ipv4(&key_of(r, g->round_service)->server) ? "IPv4" : "IPv6");
        break;
    case WAY_VERSION:
        text_format(out, "tr%s a lower version of TLS, which works", many ? "y" : "ies");
        return;
    case WAY_PROXY:
        text_format(out, "go%s on through the proxy ", s);
        break;
    case WAY_DIRECT:
        text_format(out, "go%s on without the proxy, to ", s);
        break;
    default:
        text_format(out, "go%s on to ", s);
    }
    add_end(r, g->round_service, out);
    text_add(out, ", which works");
}

bool tell_round(const struct report *r, const struct group *g, struct text *out)
{
    if (!g->n_round)
        return false;
    if (g->n_endpoints == 1)
        text_add(out, "it ");
    else if (g->n_round == g->n_endpoints)
        text_format(out, "all %" PRIu32 " ", g->n_round);
    else
        text_format(out, "%" PRIu32 " of %" PRIu32 " ", g->n_round, g->n_endpoints);
    if (g->one_way)
        add_way(r, g, g->n_endpoints > 1, out);
    else
        text_add(out, "go on in other ways, which work");
    return true;
}

/* ---- the story of one endpoint ---- */

static const char *state_of(const struct report *r, const struct story_step *step)
{
    const struct service_count *c = count_of(r, step->service);

    if (step->worked)
        return "ok";
    return step->stage < ATTEMPT_STAGES && c->failed_stage == step->stage
               ? token_name((enum stage_token)c->stage[step->stage])
               : "FAIL";
}

static void add_times(const struct page *p, const struct story_step *step, struct text *out)
{
    struct stamp_style style = p->stamps;
    char first[STAMP_TEXT], last[STAMP_TEXT];

    style.absolute = false; /* the rows above have the date */
    stamp_whole(step->first_ns, style, first);
    stamp_whole(step->last_ns, style, last);
    if (step->n == 1)
        text_format(out, " at %s", first);
    else if (strcmp(first, last) == 0)
        text_format(out, ", %" PRIu32 " times at %s", step->n, first);
    else
        text_format(out, ", %" PRIu32 " times from %s to %s", step->n, first, last);
}

static void add_failure(const struct page *p, const struct report *r, const struct story_step *step,
                        struct text *out)
{
    add_end(r, step->service, out);
    if (step->stage < ATTEMPT_STAGES)
        text_format(out, " %s", stage_name((enum stage)step->stage));
    text_format(out, " %s", state_of(r, step));
    add_times(p, step, out);
}

static void add_success(const struct page *p, const struct report *r, const struct story *story,
                        const struct story_step *step, struct text *out)
{
    const struct service_count *c = count_of(r, step->service);
    char frame[32];

    text_add(out, story->way == WAY_AGAIN ? "later " : "then ");
    add_end(r, step->service, out);
    if (story->way == WAY_VERSION)
        text_add(out, " with a lower version of TLS");
    text_add(out, " ok");
    add_times(p, step, out);
    if (c->ok == step->n && c->ok_frame)
        text_format(out, " (%s)", page_frame(p, c->ok_frame, frame));
}

static bool holds(const struct story *story, uint32_t group)
{
    for (size_t i = 0; i < story->n_steps; i++)
        if (story->step[i].group == group)
            return true;
    return false;
}

/* One failure and nothing else is what the rows show. */
static bool is_worth_telling(const struct story *story)
{
    return story->n_steps > 1 || story->n_failed > 1;
}

static void write_story(struct page *p, const struct report *r, const struct story *story)
{
    char line[STORY_TEXT];
    struct text t = text_of(line, sizeof line);

    text_add(&t, "in all: ");
    for (size_t i = 0; i < story->n_steps; i++) {
        const struct story_step *step = &story->step[i];
        text_add(&t, i ? "; " : "");
        if (step->worked)
            add_success(p, r, story, step, &t);
        else
            add_failure(p, r, step, &t);
    }
    if (story->more_steps)
        text_add(&t, "; with further ways in between");
    if (story->times > 1)
        text_format(&t, "; the same %" PRIu32 " times", story->times);
    if (story->way == WAY_NONE)
        text_add(&t, "; nothing worked after it");
    page_field(p, "", PAGE_FIELD, line, NULL);
}

/* Many findings may be of one endpoint that tried a million times. */
static const struct stories *stories_for(const struct report *r, const struct scene *scene,
                                         const struct endpoint *e)
{
    struct telling_of *told = r->told;

    if (told && told->endpoint != e) {
        told->endpoint = e;
        stories_of(&r->summary, scene, e, &told->stories); /* without memory there are none */
    }
    return told ? &told->stories : NULL;
}

static void write_of_one(struct page *p, const struct report *r, const struct scene *scene,
                         const struct group *g)
{
    const struct endpoint *e = table_get(&r->summary.endpoints, &g->client);
    const struct stories *stories = e ? stories_for(r, scene, e) : NULL;

    for (size_t i = 0; stories && i < stories->n; i++)
        if (holds(&stories->story[i], g->number) && is_worth_telling(&stories->story[i]))
            write_story(p, r, &stories->story[i]);
}

void tell_write(struct page *p, const struct report *r, const struct scene *scene,
                const struct group *g)
{
    char line[STORY_TEXT];
    struct text t = text_of(line, sizeof line);

    if (g->of_set || g->of_capture || g->severity != SEVERITY_ERROR)
        return;
    if (g->n_endpoints == 1)
        write_of_one(p, r, scene, g);
    else if (tell_round(r, g, &t))
        page_field(p, "", PAGE_FIELD, line, NULL);
}

/* ---- JSON ---- */

static void json_step(struct report *r, const struct story_step *step)
{
    struct writer *w = &r->writer;
    const struct service_key *key = key_of(r, step->service);
    const struct group *g = step->group ? table_at(&r->summary.groups, step->group - 1u) : NULL;

    json_object(w, NULL);
    json_put_end(r, "server", &key->server, key->port, false);
    if (!step->worked && step->stage < ATTEMPT_STAGES)
        json_word(w, "failed_stage", stage_name((enum stage)step->stage));
    json_word(w, "state", state_of(r, step));
    if (g)
        json_word(w, "code", finding_of(g->id)->id);
    json_number(w, "attempts", step->n);
    json_put_time(r, "first", step->first_ns);
    json_put_time(r, "last", step->last_ns);
    json_end_object(w);
}

static void json_story(struct report *r, const struct story *story)
{
    struct writer *w = &r->writer;

    json_object(w, NULL);
    if (story->port)
        json_number(w, "port", story->port);
    json_word(w, "outcome", json_outcome_name(story->way ? OUTCOME_OK : OUTCOME_FAILED));
    json_word(w, "way", way_names[story->way]);
    json_number(w, "times", story->times);
    json_number(w, "attempts", story->n_tried);
    json_number(w, "failed", story->n_failed);
    json_put_time(r, "first", story->first_ns);
    json_put_time(r, "last", story->last_ns);
    json_array(w, "steps");
    for (size_t i = 0; i < story->n_steps; i++)
        json_step(r, &story->step[i]);
    json_end_array(w);
    json_end_object(w);
}

void tell_json(struct report *r, const struct scene *scene, const struct endpoint *e)
{
    const struct stories *stories = e->failed ? stories_for(r, scene, e) : NULL;
    struct writer *w = &r->writer;

    if (!stories || !stories->n)
        return;
    json_array(w, "stories");
    for (size_t i = 0; i < stories->n && i < JSON_STORIES; i++)
        json_story(r, &stories->story[i]);
    json_end_array(w);
    if (stories->full || stories->n > JSON_STORIES)
        json_flag(w, "stories_left_out", true);
}
