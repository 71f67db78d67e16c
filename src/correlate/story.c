#include "correlate/story.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const int64_t second_ns = 1000000000;

/* ---- what two services have to do with each other ---- */

static uint64_t hash_name(const struct summary *s, const char *name)
{
    char lower[256];
    size_t n = 0;

    for (; name[n] && n < sizeof lower; n++)
        lower[n] = (char)tolower((unsigned char)name[n]);
    return hash_bytes(lower, n, s->services.seed) | 1;
}

void story_note_target(const struct summary *s, const struct scene *scene, const struct flow *flow,
                       struct service_count *c)
{
    const struct talk *talk = flow->session ? flow->session->talk : NULL;

    if (!talk || !talk->target[0] || c->via_many)
        return;
    uint64_t name = hash_name(s, talk->target);
    c->via_many = c->via_port && (c->via_port != talk->target_port || c->via_name != name);
    c->via_port = talk->target_port;
    c->via_name = name;
    c->via_ems = scene->profile && profile_is_ems_name(scene->profile, talk->target);
}

static bool is_proxied(const struct service_count *c) { return c->via_port && !c->via_many; }

static const char *name_of(const struct summary *s, const struct scene *scene,
                           const struct address *address)
{
    const struct server *server = table_get(&s->servers, address);
    const char *name = scene->names ? names_of(scene->names, address) : NULL;

    return !name && server && server->from_tls ? server->name : name;
}

static bool is_configured(const struct summary *s, const struct scene *scene,
                          const struct address *address)
{
    const char *name = name_of(s, scene, address);

    return scene->profile && (profile_is_ems_address(scene->profile, address) ||
                              (name && profile_is_ems_name(scene->profile, name)));
}

struct party {
    const struct service_key *key;
    const struct service_count *count;
};

static struct party party_of(const struct summary *s, uint32_t service)
{
    return (struct party){ table_key(&s->services, service - 1),
                           table_at(&s->services, service - 1) };
}

/* A direct server, and the target of a connection through a proxy. */
static bool is_target(const struct summary *s, const struct scene *scene,
                      const struct address *server, const struct service_count *via)
{
    const char *name = name_of(s, scene, server);
    char text[ADDRESS_TEXT];

    return (name && hash_name(s, name) == via->via_name) ||
           hash_name(s, address_text(server, text)) == via->via_name ||
           (via->via_ems && is_configured(s, scene, server));
}

/* Are they one service, reached in two ways? */
static bool is_kin(const struct summary *s, const struct scene *scene, uint32_t a, uint32_t b)
{
    struct party x = party_of(s, a), y = party_of(s, b);

    if (a == b)
        return true;
    if (is_proxied(x.count) && is_proxied(y.count))
        return x.count->via_name == y.count->via_name;
    if (is_proxied(x.count))
        return is_target(s, scene, &y.key->server, x.count);
    if (is_proxied(y.count))
        return is_target(s, scene, &x.key->server, y.count);
    const char *one = name_of(s, scene, &x.key->server);
    const char *other = name_of(s, scene, &y.key->server);
    return (one && other && strcmp(one, other) == 0) ||
           (is_configured(s, scene, &x.key->server) && is_configured(s, scene, &y.key->server));
}

static enum story_way way_between(const struct summary *s, const struct story_step *failed,
                                  const struct story_step *worked)
{
    struct party x = party_of(s, failed->service), y = party_of(s, worked->service);

    if (worked->first_ns - failed->last_ns > STORY_ROUND_S * second_ns)
        return WAY_AGAIN;
    if (x.key->is_lookup)
        return WAY_NAME;
    if (failed->service == worked->service)
        return worked->version && worked->version < failed->version ? WAY_VERSION : WAY_AGAIN;
    if (is_proxied(x.count) != is_proxied(y.count))
        return is_proxied(y.count) ? WAY_PROXY : WAY_DIRECT;
    return address_is_ipv4(&x.key->server) == address_is_ipv4(&y.key->server) ? WAY_SERVER
                                                                              : WAY_FAMILY;
}

/* ---- one endpoint's deeds, in order of time ---- */

struct tried {
    const struct deed *deed;
    uint16_t port; /* of the service meant; 0 = a lookup */
};

static int by_time(const void *a, const void *b)
{
    const struct tried *x = a, *y = b;

    if (x->deed->time_ns != y->deed->time_ns)
        return x->deed->time_ns < y->deed->time_ns ? -1 : 1;
    if (x->deed->outcome != y->deed->outcome)
        return x->deed->outcome == OUTCOME_FAILED ? -1 : 1;
    return (x->deed->service > y->deed->service) - (x->deed->service < y->deed->service);
}

/* Only what succeeded or failed; an answer to a question says nothing of other names. */
static size_t gather(const struct summary *s, const struct endpoint *e, struct tried *out)
{
    size_t n = 0;

    for (uint32_t i = e->first_service; i;) {
        struct party party = party_of(s, i);
        uint16_t port = is_proxied(party.count) ? party.count->via_port : party.key->port;
        const struct deed *deed;
        for (size_t k = 0; (deed = history_of(&s->history, i, k)); k++)
            if (deed->outcome == OUTCOME_FAILED ||
                (deed->outcome == OUTCOME_OK && !party.key->is_lookup)) {
                if (out)
                    out[n] = (struct tried){ deed, party.key->is_lookup ? 0 : port };
                n++;
            }
        i = party.count->next;
    }
    return n;
}

/* ---- stories ---- */

struct telling {
    const struct summary *s;
    const struct scene *scene;
    struct stories *out;
    size_t open[STORIES_MOST]; /* which of them are not at their end, + 1 */
    size_t n_open;
};

static struct story_step step_of(const struct tried *t)
{
    return (struct story_step){ .service = t->deed->service,
                                .group = t->deed->outcome == OUTCOME_FAILED ? t->deed->group : 0,
                                .stage = t->deed->stage,
                                .version = t->deed->version,
                                .worked = t->deed->outcome == OUTCOME_OK,
                                .n = 1,
                                .first_ns = t->deed->time_ns,
                                .last_ns = t->deed->time_ns };
}

static bool is_same_step(const struct story_step *a, const struct story_step *b)
{
    return a->service == b->service && a->group == b->group && a->stage == b->stage &&
           a->version == b->version && a->worked == b->worked;
}

static const struct story_step *last_of(const struct story *story)
{
    return &story->step[story->n_steps - 1];
}

/* The last place is kept for what works. */
static void add_step(struct story *story, const struct story_step *step)
{
    struct story_step *last = &story->step[story->n_steps ? story->n_steps - 1 : 0];
    bool room = story->n_steps < (step->worked ? STORY_STEPS : STORY_STEPS - 1);

    if (story->n_steps && (is_same_step(last, step) || !room)) {
        story->more_steps |= !is_same_step(last, step);
        last->n += step->n;
        last->last_ns = step->last_ns;
    } else {
        story->step[story->n_steps++] = *step;
    }
    story->n_tried += step->n;
    story->n_failed += step->worked ? 0 : step->n;
    story->last_ns = step->last_ns;
}

/* Is this attempt one that the story goes on with? */
static bool goes_on(const struct telling *t, const struct story *story, const struct tried *tried)
{
    const struct story_step *last = last_of(story);

    if (story->port == tried->port && tried->port)
        return is_kin(t->s, t->scene, story->step[0].service, tried->deed->service) ||
               is_kin(t->s, t->scene, last->service, tried->deed->service);
    if (story->port) /* names are asked for before */
        return false;
    return !tried->port || (t->scene->scope == SCOPE_EMS &&
                            tried->deed->time_ns - last->last_ns <= STORY_NAME_S * second_ns);
}

static struct story *open_one(struct telling *t, const struct tried *tried, size_t *at)
{
    for (*at = 0; *at < t->n_open; ++*at) {
        struct story *story = &t->out->story[t->open[*at] - 1];
        if (goes_on(t, story, tried))
            return story;
    }
    return NULL;
}

static struct story *begin(struct telling *t, const struct tried *tried)
{
    if (t->out->n == STORIES_MOST) {
        t->out->full = true;
        return NULL;
    }
    struct story *story = &t->out->story[t->out->n++];
    *story = (struct story){ .port = tried->port, .times = 1, .first_ns = tried->deed->time_ns };
    t->open[t->n_open++] = t->out->n;
    return story;
}

static bool is_same_story(const struct story *a, const struct story *b)
{
    if (a->port != b->port || a->way != b->way || a->n_steps != b->n_steps)
        return false;
    for (size_t i = 0; i < a->n_steps; i++)
        if (!is_same_step(&a->step[i], &b->step[i]))
            return false;
    return true;
}

/* A story that was told already is counted there, and its place given back. */
static void fold(struct telling *t, size_t number)
{
    struct stories *out = t->out;
    struct story *again = &out->story[number], *told = NULL;

    for (size_t k = number; k && !told; k--)
        told = is_same_story(&out->story[k - 1], again) ? &out->story[k - 1] : NULL;
    if (!told)
        return;
    for (size_t i = 0; i < again->n_steps; i++) {
        told->step[i].n += again->step[i].n;
        told->step[i].last_ns = again->step[i].last_ns;
    }
    told->times++;
    told->n_failed += again->n_failed;
    told->n_tried += again->n_tried;
    told->last_ns = again->last_ns;
    memmove(again, again + 1, (--out->n - number) * sizeof *again);
    for (size_t i = 0; i < t->n_open; i++)
        t->open[i] -= t->open[i] > number + 1;
}

/* What failed last, a connection rather than a question. */
static const struct story_step *failure_of(const struct story *story)
{
    for (size_t i = story->n_steps; i; i--) {
        const struct story_step *step = &story->step[i - 1];
        if (!step->worked && step->stage != STAGE_DNS)
            return step;
    }
    return last_of(story);
}

static void end(struct telling *t, size_t at, const struct tried *tried)
{
    size_t number = t->open[at] - 1;
    struct story *story = &t->out->story[number];
    struct story_step worked = step_of(tried);

    story->way = way_between(t->s, failure_of(story), &worked);
    story->port = tried->port;
    add_step(story, &worked);
    t->open[at] = t->open[--t->n_open];
    fold(t, number);
}

static void tell_failure(struct telling *t, const struct tried *tried)
{
    size_t at;
    struct story *story = open_one(t, tried, &at);
    struct story_step step = step_of(tried);

    if (!story)
        story = begin(t, tried);
    if (!story)
        return;
    if (!story->port) /* now it is known what the name was for */
        story->port = tried->port;
    add_step(story, &step);
}

static void tell(struct telling *t, const struct tried *tried)
{
    size_t at;

    if (tried->deed->outcome == OUTCOME_FAILED)
        tell_failure(t, tried);
    else
        while (open_one(t, tried, &at))
            end(t, at, tried);
}

bool stories_of(const struct summary *s, const struct scene *scene, const struct endpoint *e,
                struct stories *out)
{
    struct telling t = { .s = s, .scene = scene, .out = out };
    size_t n = s->history.order && e->failed ? gather(s, e, NULL) : 0;
    struct tried *all = n ? malloc(n * sizeof *all) : NULL;

    out->n = out->n_failed = 0;
    out->full = false;
    if (!all)
        return !n;
    gather(s, e, all);
    qsort(all, n, sizeof *all, by_time);
    for (size_t i = 0; i < n && !out->full; i++)
        tell(&t, &all[i]);
    free(all);
    for (size_t i = 0; i < out->n; i++)
        out->n_failed += out->story[i].n_failed;
    return true;
}

/* ---- what they amount to ---- */

static void mark_members(struct summary *s, const struct address *client, const struct story *story)
{
    const struct story_step *last = last_of(story);

    for (size_t i = 0; i < story->n_steps; i++) {
        struct member_key key;
        memset(&key, 0, sizeof key);
        key.group = story->step[i].group;
        key.client = *client;
        struct member *m = key.group ? table_get(&s->members, &key) : NULL;
        if (m && way_is_round(story->way)) {
            m->round_service = last->service;
            m->way = (uint8_t)story->way;
        } else if (m) {
            m->stays = true;
        }
    }
}

static bool all_went_round(const struct summary *s, const struct endpoint *e,
                           const struct stories *stories)
{
    const struct group *worst = e->worst_group ? table_at(&s->groups, e->worst_group - 1) : NULL;

    if (stories->full || stories->n_failed != e->failed || !e->ok || !worst || !worst->primary)
        return false;
    for (size_t i = 0; i < stories->n; i++)
        if (!way_is_round(stories->story[i].way))
            return false;
    return stories->n;
}

static void count_group(struct summary *s, struct group *g)
{
    for (uint32_t i = g->first_member; i && !g->of_set;) {
        const struct member *m = table_at(&s->members, i - 1);
        if (m->round_service && !m->stays) {
            g->n_round++;
            g->one_way = g->n_round == 1 ||
                         (g->one_way && g->way == m->way && g->round_service == m->round_service);
            g->way = m->way;
            g->round_service = m->round_service;
        }
        i = m->next;
    }
}

void stories_count(struct summary *s, const struct scene *scene)
{
    struct stories *stories = s->history.order ? malloc(sizeof *stories) : NULL;

    for (size_t i = 0; stories && i < s->endpoints.n; i++) {
        struct endpoint *e = table_at(&s->endpoints, i);
        if (!e->failed || !stories_of(s, scene, e, stories))
            continue;
        for (size_t k = 0; k < stories->n; k++)
            mark_members(s, table_key(&s->endpoints, i), &stories->story[k]);
        e->goes_round = e->worst == SEVERITY_ERROR && all_went_round(s, e, stories);
        if (!e->goes_round)
            continue;
        s->totals.failing--;
        s->totals.healthy++;
        s->totals.going_round++;
        ((struct group *)table_at(&s->groups, e->worst_group - 1))->n_headed--;
    }
    for (size_t i = 0; stories && i < s->groups.n; i++)
        count_group(s, table_at(&s->groups, i));
    free(stories);
}
