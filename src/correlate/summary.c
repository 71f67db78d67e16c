#include "correlate/summary.h"

#include "correlate/checkin.h"
#include "correlate/links.h"
#include "correlate/sets.h"
#include "correlate/story.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct group_key {
    struct address server;
    uint32_t id;
    uint16_t port, is_lookup;
};

/* Who asked whom, whether by a connection or by a DNS question. */
struct parties {
    const struct address *client, *server;
    uint16_t client_port, port;
    bool lookup;
    int64_t first_ns, last_ns;
    uint32_t n_syn;
    struct traits traits;
};

/* In five steps, without a loop: it is asked for with every connection, three times. */
static uint64_t hash_of_service(const struct summary *s, const struct service_key *key)
{
    uint64_t hash = hash_mix16(s->seed.b, &key->client, s->seed);

    hash = hash_mix16(hash, &key->server, s->seed);
    return hash_end(hash_mix(hash, (uint32_t)key->port << 16 | key->is_lookup, s->seed));
}

static struct service_key service_key(const struct address *client, const struct address *server,
                                      uint16_t port, bool lookup)
{
    struct service_key key;
    memset(&key, 0, sizeof key);
    key.client = *client;
    key.server = *server;
    key.port = port;
    key.is_lookup = lookup;
    return key;
}

bool summary_open(struct summary *s, bool keep_all)
{
    memset(s, 0, sizeof *s);
    s->seed = hash_seed_draw();
    s->keep_all = keep_all;
    s->shapes = shapes_open();
    if (table_open(&s->groups, sizeof(struct group_key), sizeof(struct group), SUMMARY_GROUPS) &&
        table_open(&s->members, sizeof(struct member_key), sizeof(struct member),
                   SUMMARY_MEMBERS) &&
        table_open(&s->endpoints, sizeof(struct address), sizeof(struct endpoint),
                   SUMMARY_ENDPOINTS) &&
        table_open(&s->services, sizeof(struct service_key), sizeof(struct service_count),
                   SUMMARY_SERVICES) &&
        table_open(&s->servers, sizeof(struct address), sizeof(struct server), SUMMARY_SERVERS) &&
        table_open(&s->storms, sizeof(uint32_t), sizeof(struct storm), SUMMARY_STORMS) &&
        table_open(&s->sharings, sizeof(uint32_t), sizeof(struct sharing), SUMMARY_SHARINGS) &&
        table_open(&s->other_ports, sizeof(uint32_t), sizeof(uint64_t), SUMMARY_PORTS) &&
        traits_open(&s->traits))
        return true;
    summary_close(s);
    return false;
}

void summary_close(struct summary *s)
{
    table_close(&s->groups);
    table_close(&s->members);
    table_close(&s->endpoints);
    table_close(&s->services);
    table_close(&s->servers);
    table_close(&s->storms);
    table_close(&s->sharings);
    table_close(&s->other_ports);
    table_close(&s->traits);
    shapes_close(s->shapes);
    history_close(&s->history);
    goners_close(s->goners);
    free(s->example);
    memset(s, 0, sizeof *s);
}

bool finding_in_family(enum finding_id id, const char *family)
{
    const char *name = finding_of(id)->id;
    while (*family && *name == *family) {
        family++;
        name++;
    }
    return !*family && (*name == '.' || !*name);
}

enum outcome outcome_of(const struct raised *primary)
{
    if (primary->severity == SEVERITY_ERROR)
        return OUTCOME_FAILED;
    if (primary->severity == SEVERITY_WARNING || finding_in_family(primary->id, "ok"))
        return OUTCOME_OK; /* a warning works, and will bite */
    return OUTCOME_UNDECIDED;
}

bool same_network(const struct address *a, const struct address *b)
{
    size_t octets = address_is_ipv4(a) ? 15 : 8; /* /24 and /64 */
    return memcmp(a->octet, b->octet, octets) == 0;
}

static void keep_frames(struct group *g, const struct raised *r)
{
    for (size_t i = 0; i < r->n_frames; i++) {
        if (g->n_frames < GROUP_FRAMES)
            g->frames[g->n_frames] = r->frames[i];
        g->n_frames++;
    }
}

static void keep_attempt(struct group *g, const struct parties *who, const struct raised *r)
{
    if (g->n_attempts == GROUP_ATTEMPTS)
        return;
    struct group_attempt *a = &g->attempt[g->n_attempts++];
    a->first_ns = who->first_ns;
    a->client_port = who->client_port;
    for (size_t i = 0; i < r->n_frames && i < GROUP_ATTEMPT_FRAMES; i++)
        a->frames[a->n_frames++] = r->frames[i];
}

/* Keeps the verdict and pins its flow: the report reads both again when it closes. */
static const struct verdict *keep_example(struct summary *s, const struct verdict *v, unsigned room)
{
    if (!s->example)
        s->example = calloc(SUMMARY_EXAMPLES, sizeof *s->example);
    if (!s->example || s->n_examples >= room)
        return NULL;
    for (size_t i = 0; i < s->n_examples; i++)
        if (s->example[i].flow == v->flow && s->example[i].lookup == v->lookup)
            return &s->example[i];
    struct verdict *kept = &s->example[s->n_examples++];
    *kept = *v;
    if (v->flow) /* the one thing that a report may change of a flow */
        ((struct flow *)(uintptr_t)v->flow)->flags |= FLOW_PINNED;
    return kept;
}

static void count_member(struct summary *s, struct group *g, uint32_t number,
                         const struct parties *who)
{
    struct member_key key;
    memset(&key, 0, sizeof key);
    key.group = number;
    key.client = *who->client;
    struct member *m = table_put(&s->members, &key);
    g->n_members++;
    if (!m || m->n++)
        return;
    m->traits = who->traits;
    uint32_t self = (uint32_t)s->members.n; /* new: it is the last record */
    g->n_endpoints++;
    g->one_network =
        g->n_endpoints == 1 || (g->one_network && same_network(&g->client, who->client));
    if (g->last_member)
        ((struct member *)table_at(&s->members, g->last_member - 1))->next = self;
    else
        g->first_member = self;
    g->last_member = self;
}

static void begin_group(struct summary *s, struct group *g, const struct raised *r,
                        const struct parties *who)
{
    *g = (struct group){ .id = r->id,
                         .severity = r->severity,
                         .fact = r->fact,
                         .cause = r->cause,
                         .owner = r->owner,
                         .lookup = who->lookup,
                         .port = who->port,
                         .server = *who->server,
                         .client = *who->client,
                         .first_ns = who->first_ns };
    memcpy(g->owner_reason, r->owner_reason, sizeof g->owner_reason);
    s->totals.findings[r->severity]++;
}

/* The group's words are those that hold for all members: the weakest confidence, and the owner of
 * the catalogue where members differ. */
static void merge_into_group(struct summary *s, struct group *g, const struct raised *r)
{
    if (r->severity > g->severity) {
        s->totals.findings[g->severity]--;
        s->totals.findings[r->severity]++;
        g->severity = r->severity;
    }
    if (r->fact < g->fact)
        g->fact = r->fact;
    if (r->cause < g->cause)
        g->cause = r->cause;
    if (r->owner != g->owner) {
        g->owner = finding_of(g->id)->owner;
        g->owner_reason[0] = '\0';
    }
}

static uint32_t add_to_group(struct summary *s, const struct raised *r, const struct parties *who,
                             const struct verdict *v)
{
    struct group_key key;
    memset(&key, 0, sizeof key);
    key.id = (uint32_t)r->id;
    key.server = *who->server;
    key.port = who->port;
    key.is_lookup = who->lookup;
    size_t before = s->groups.n;
    bool of_capture = !v->flow && !v->lookup;
    if (!of_capture && before >= SUMMARY_GROUPS - SUMMARY_OF_CAPTURE &&
        !table_get(&s->groups, &key)) {
        s->groups.refused++;
        return 0;
    }
    struct group *g = table_put(&s->groups, &key);
    if (!g)
        return 0;
    uint32_t number = 0;
    if (s->groups.n > before) {
        begin_group(s, g, r, who);
        number = (uint32_t)s->groups.n;
        g->number = number;
    } else {
        merge_into_group(s, g, r);
        number = g->number;
    }
    count_member(s, g, number, who);
    keep_frames(g, r);
    keep_attempt(g, who, r);
    g->primary = g->primary || r == &v->primary;
    g->n_syn += who->n_syn;
    if (who->last_ns > g->last_ns)
        g->last_ns = who->last_ns;
    bool worth = r == &v->primary || r->severity > SEVERITY_INFO;
    if (!g->example && worth && (v->flow || v->lookup))
        g->example = keep_example(s, v, SUMMARY_EXAMPLES_OF_GROUPS);
    return number;
}

static void note_severity(struct summary *s, enum severity severity)
{
    s->any_error = s->any_error || severity == SEVERITY_ERROR;
    s->any_warning = s->any_warning || severity == SEVERITY_WARNING;
}

/* Answers the number of its group; 0 = none. */
static uint32_t note_finding(struct summary *s, struct endpoint *e, const struct raised *r,
                             const struct parties *who, const struct verdict *v)
{
    if (r->id == F_NONE || finding_in_family(r->id, "ok") || (s->wanted && !s->wanted[r->id]))
        return 0;
    note_severity(s, r->severity);
    uint32_t number = add_to_group(s, r, who, v);
    if (e && (!e->worst_group || r->severity > (enum severity)e->worst) &&
        r->severity >= (enum severity)e->worst) {
        e->worst_group = number; /* 0: no room for its group, and still the worst */
        e->worst = (uint8_t)r->severity;
    }
    return number;
}

/* Answers the number of the group of its primary finding. */
static uint32_t note_findings(struct summary *s, struct endpoint *e, const struct parties *who,
                              const struct verdict *v)
{
    uint32_t number = note_finding(s, e, &v->primary, who, v);
    for (size_t i = 0; i < v->n_also; i++)
        note_finding(s, e, &v->also[i], who, v);
    return number;
}

static const struct tls *hello_of(const struct verdict *v)
{
    const struct session *session = v->flow ? v->flow->session : NULL;
    return session && session->tls && session->tls->hello ? session->tls : NULL;
}

/* An address that gives no answer is a warning where another one of the name works; it is no
 * success. */
static bool got_through(const struct verdict *v) { return v->stage[STAGE_TCP] < TOKEN_FAIL; }

bool outcome_has_data(const struct verdict *v)
{
    return v->flow && outcome_of(&v->primary) == OUTCOME_OK && got_through(v) &&
           v->primary.id != F_OK_TCP_PORT_PROBE && v->primary.id != F_OK_TLS_NO_DATA;
}

static uint16_t offered_highest(const struct summary *s, const struct tls_client_hello *hello)
{
    return s->shape ? s->shape->offered_highest : tls_offered_highest(hello);
}

static void note_deed(struct summary *s, const struct service_count *c, const struct verdict *v,
                      const struct parties *who, uint32_t group)
{
    const struct tls *tls = hello_of(v);
    enum shake shake = !tls ? SHAKE_NONE : tls_resumed(tls) ? SHAKE_RESUMED : SHAKE_FULL;

    if (c)
        history_add(&s->history,
                    &(struct deed){ .time_ns = who->first_ns,
                                    .service = c->number,
                                    .group = (uint16_t)group,
                                    .outcome = outcome_of(&v->primary) & 3,
                                    .shake = shake & 3,
                                    .stage = v->failed_stage & 7,
                                    .data = outcome_has_data(v),
                                    .version = tls ? (uint8_t)offered_highest(s, tls->hello) : 0 });
}

/* e may be NULL: what only answers questions is no endpoint's service yet. */
static struct service_count *service_of(struct summary *s, struct endpoint *e,
                                        const struct parties *who)
{
    const struct service_key key = service_key(who->client, who->server, who->port, who->lookup);
    struct service_count *c = table_put_hashed(&s->services, &key, hash_of_service(s, &key));
    if (c && !c->number) {
        c->number = (uint32_t)s->services.n;
        c->failed_stage = ATTEMPT_STAGES;
    }
    if (c && e && !c->linked) {
        c->next = e->first_service;
        e->first_service = c->number;
        c->linked = true;
    }
    return c;
}

static void count_service(struct service_count *c, const struct verdict *v, enum outcome outcome)
{
    uint64_t frame = v->primary.n_frames ? v->primary.frames[0] : 0;

    c->attempts++;
    if (outcome == OUTCOME_OK && !c->ok_frame)
        c->ok_frame = frame;
    if (outcome == OUTCOME_FAILED && !c->failed_frame)
        c->failed_frame = frame;
    c->ok += outcome == OUTCOME_OK;
    c->failed += outcome == OUTCOME_FAILED;
    if (outcome == OUTCOME_FAILED || !c->failed) { /* a failure is what a table shows */
        memcpy(c->stage, v->stage, sizeof c->stage);
        c->failed_stage = outcome == OUTCOME_FAILED ? v->failed_stage : ATTEMPT_STAGES;
    }
}

static void note_presence(struct endpoint *e, const struct parties *who, enum outcome outcome)
{
    if (!e->first_ns || who->first_ns < e->first_ns)
        e->first_ns = who->first_ns;
    if (who->last_ns > e->last_ns)
        e->last_ns = who->last_ns;
    if (outcome != OUTCOME_OK ||
        who->last_ns - who->first_ns < e->longest.to_ns - e->longest.from_ns)
        return;
    e->longest.from_ns = who->first_ns;
    e->longest.to_ns = who->last_ns;
}

static void note_traits(struct summary *s, struct endpoint *e, const struct verdict *v,
                        struct parties *who)
{
    const struct trait_hints hints = { e->traits, s->usual, s->shape };

    traits_of(&s->traits, v, &hints, &who->traits);
    traits_keep(e->traits, &who->traits);
    traits_keep(s->usual, &who->traits);
}

static struct endpoint *count_endpoint(struct summary *s, const struct verdict *v,
                                       struct parties *who, enum outcome outcome,
                                       struct service_count **service)
{
    struct endpoint *e = table_put(&s->endpoints, who->client);
    if (!e)
        return NULL;
    note_traits(s, e, v, who);
    note_presence(e, who, outcome);
    e->attempts++;
    e->ok += outcome == OUTCOME_OK;
    e->failed += outcome == OUTCOME_FAILED;
    if (outcome == OUTCOME_OK && who->last_ns > e->last_ok_ns && got_through(v))
        e->last_ok_ns = who->last_ns;
    struct service_count *c = service_of(s, e, who);
    if (c)
        count_service(c, v, outcome);
    *service = c;
    return e;
}

/* One connection after the other leads to the same server. */
static struct server *server_of(struct summary *s, const struct address *address)
{
    size_t last = s->last_server;

    if (last && address_equal(table_key(&s->servers, last - 1), address))
        return table_at(&s->servers, last - 1);
    struct server *server = table_put(&s->servers, address);
    if (server && !server->number)
        server->number = (uint32_t)s->servers.n;
    s->last_server = server ? server->number : 0;
    return server;
}

static void note_server(struct summary *s, const struct scene *scene, const struct flow *flow,
                        enum outcome outcome)
{
    const struct address *address = &flow->address[SERVER];
    struct server *server = server_of(s, address);
    if (!server)
        return;
    const struct service *service =
        scene->profile ? profile_service(scene->profile, flow->port[SERVER]) : NULL;
    bool by_ems = service && service->only_ems;
    s->any_by_ems |= by_ems;
    s->any_of_ems |= !by_ems;
    if (!server->connections++ && scene->profile)
        server->configured = profile_is_ems_address(scene->profile, address);
    server->ok += outcome == OUTCOME_OK;
    if (service && service->checkin && flow->half[SERVER].flags & HALF_SYN) {
        server->answers_checkin = true;
        server->checkin_port = flow->port[SERVER];
    }
    if (!server->from_tls && scene->profile && flow->session && flow->session->server_name[0] &&
        profile_names_ems(scene->profile, flow->session->server_name)) {
        server->from_tls = true;
        snprintf(server->name, sizeof server->name, "%s", flow->session->server_name);
    }
}

/* One more connection with a mark that is not that of the first attempt, or behind such. */
static bool watch_marks(struct summary *s, uint32_t key, uint16_t *place, uint32_t mark,
                        int64_t time_ns)
{
    struct sharing *sharing =
        *place ? table_at(&s->sharings, *place - 1u) : table_put(&s->sharings, &key);

    if (!sharing)
        return false;
    *place = *place ? *place : (uint16_t)s->sharings.n;
    sharing_note(sharing, mark, time_ns);
    return sharing_is_sure(sharing);
}

static void note_sharing(struct summary *s, const struct scene *scene, struct endpoint *e,
                         struct service_count *c, const struct flow *flow)
{
    const struct service *service =
        scene->profile ? profile_service(scene->profile, flow->port[SERVER]) : NULL;
    uint32_t stack = sharing_stack(flow);
    uint32_t card = service && service->checkin ? sharing_card(flow) : 0;

    c->stack = c->stack ? c->stack : (uint8_t)stack;
    c->card = c->card ? c->card : card;
    if (stack && (c->by_stack || stack != c->stack))
        e->shared_by_stack |= watch_marks(s, c->number * 2, &c->by_stack, stack, flow->first_ns);
    if (card && (c->by_card || card != c->card))
        e->shared_by_card |= watch_marks(s, c->number * 2 + 1, &c->by_card, card, flow->first_ns);
}

bool summary_is_shared(const struct summary *s, const struct scene *scene,
                       const struct address *client)
{
    const struct endpoint *e = table_get(&s->endpoints, client);

    return (e && (e->shared_by_stack || e->shared_by_card)) ||
           (scene->profile && site_is_nat(&scene->profile->site, client));
}

static void count_outcome(struct summary *s, enum outcome outcome)
{
    s->totals.ok += outcome == OUTCOME_OK;
    s->totals.failed += outcome == OUTCOME_FAILED;
    s->totals.undecided += outcome == OUTCOME_UNDECIDED;
    s->any_ok = s->any_ok || outcome == OUTCOME_OK;
}

void summary_prefetch(const struct summary *s, const struct flow *flow, bool records)
{
    const struct service_key key =
        service_key(&flow->address[CLIENT], &flow->address[SERVER], flow->port[SERVER], false);
    uint64_t hash = hash_of_service(s, &key);

    if (records) {
        table_prefetch_record_hashed(&s->services, hash);
        table_prefetch_record(&s->endpoints, &flow->address[CLIENT]);
    } else {
        table_prefetch_slot_hashed(&s->services, hash);
        table_prefetch_slot(&s->endpoints, &flow->address[CLIENT]);
    }
}

static void add_doubtful(struct doubtful *d, const struct verdict *v, const struct tls *tls)
{
    if (d->n++)
        return;
    d->frame = tls ? tls->certificate[SERVER].frame : 0;
    d->defects = v->defects;
    d->server = v->flow->address[SERVER];
    d->port = v->flow->port[SERVER];
}

static void note_doubtful(struct summary *s, const struct verdict *v, const struct tls *tls)
{
    s->n_with_data += outcome_has_data(v);
    if (v->primary.id != F_OK_TLS_NO_DATA)
        return;
    add_doubtful(&s->silent, v, tls);
    if (v->defects)
        add_doubtful(&s->before_defect, v, tls);
}

uint32_t summary_add(struct summary *s, const struct scene *scene, const struct verdict *v)
{
    const struct flow *flow = v->flow;
    struct parties who = { .client = &flow->address[CLIENT],
                           .server = &flow->address[SERVER],
                           .client_port = flow->port[CLIENT],
                           .port = flow->port[SERVER],
                           .first_ns = flow->first_ns,
                           .last_ns = flow->last_ns,
                           .n_syn = flow->n_syn };
    enum outcome outcome = outcome_of(&v->primary);

    const struct tls *tls = hello_of(v);
    s->shape = tls ? shape_of_client(s->shapes, tls->hello) : NULL;
    s->totals.connections++;
    count_outcome(s, outcome);
    struct service_count *service = NULL;
    struct endpoint *e = count_endpoint(s, v, &who, outcome, &service);
    if (e && !e->has_mac && flow->more) {
        static const uint8_t none[6];
        memcpy(e->mac, flow->more->half[CLIENT].mac, sizeof e->mac);
        e->has_mac = memcmp(e->mac, none, sizeof none) != 0;
    }
    note_server(s, scene, flow, outcome);
    note_doubtful(s, v, tls);
    if (service)
        story_note_target(s, scene, flow, service);
    uint32_t group = note_findings(s, e, &who, v);
    note_deed(s, service, v, &who, group);
    if (service && v->primary.id == F_OK_TLS_FORTIGATE_POSTURE)
        service->posture = true;
    if (service) {
        note_sharing(s, scene, e, service, flow);
        storm_note(s, service, outcome == OUTCOME_FAILED ? group : 0, flow);
        goners_note(s, scene, service, v);
    }
    if (s->keep_all && outcome == OUTCOME_FAILED)
        keep_example(s, v, SUMMARY_EXAMPLES);
    return service ? service->attempts : 0;
}

/* A question that was answered: what others are compared with. */
static void add_answered(struct summary *s, const struct lookup *l, const struct parties *who)
{
    struct service_count *c = l->answered ? service_of(s, NULL, who) : NULL;
    if (c)
        history_add(&s->history, &(struct deed){ .time_ns = who->first_ns,
                                                 .service = c->number,
                                                 .outcome = OUTCOME_OK,
                                                 .stage = ATTEMPT_STAGES });
}

void summary_add_lookup(struct summary *s, const struct scene *scene, const struct verdict *v)
{
    const struct lookup *l = v->lookup;
    struct parties who = { .client = &l->client,
                           .server = &l->server,
                           .client_port = l->client_port,
                           .port = l->server_port,
                           .lookup = true,
                           .first_ns = l->first_ns,
                           .last_ns = l->reply_ns > l->last_try_ns ? l->reply_ns : l->last_try_ns };
    enum outcome outcome = outcome_of(&v->primary);

    (void)scene;
    s->shape = NULL;
    s->totals.lookups++;
    if (v->primary.id == F_NONE && !v->n_also) {
        add_answered(s, l, &who);
        return;
    }
    s->totals.failed_lookups += outcome == OUTCOME_FAILED;
    struct endpoint *e = table_put(&s->endpoints, &l->client);
    struct service_count *c = NULL;
    if (e) {
        note_traits(s, e, v, &who);
        note_presence(e, &who, OUTCOME_UNDECIDED);
    }
    if (e && outcome == OUTCOME_FAILED) {
        e->attempts++;
        e->failed++;
        c = service_of(s, e, &who);
        if (c)
            count_service(c, v, outcome);
    }
    note_deed(s, c, v, &who, note_findings(s, e, &who, v));
}

void summary_add_capture(struct summary *s, const struct raised *r)
{
    static const struct address nobody;
    static const struct verdict none;
    struct parties who = { .client = &nobody, .server = &nobody };
    struct verdict v = none;

    v.primary = *r;
    note_severity(s, r->severity);
    uint32_t number = add_to_group(s, &v.primary, &who, &v);
    if (number)
        ((struct group *)table_at(&s->groups, number - 1))->of_capture = true;
}

/* An endpoint that does something else is awake; once in half a minute is enough. */
static void note_other(struct summary *s, const struct flow *flow)
{
    static const struct address nobody;
    static const int64_t half_minute_ns = 30 * 1000000000LL;
    struct endpoint *e = table_get(&s->endpoints, &flow->address[CLIENT]);
    const struct parties who = { .client = &flow->address[CLIENT], .server = &nobody };

    if (!e || (e->other_ns && flow->first_ns < e->other_ns + half_minute_ns &&
               flow->first_ns > e->other_ns - half_minute_ns))
        return;
    const struct service_count *c = service_of(s, NULL, &who);
    if (!c)
        return;
    e->other_service = c->number;
    e->other_ns = flow->first_ns;
    history_add(&s->history, &(struct deed){ .time_ns = flow->first_ns,
                                             .service = c->number,
                                             .outcome = OUTCOME_UNDECIDED,
                                             .stage = ATTEMPT_STAGES });
}

void summary_other(struct summary *s, const struct flow *flow)
{
    note_other(s, flow);
    uint32_t port = flow->port[SERVER];
    uint64_t *n = table_put(&s->other_ports, &port);
    s->others++;
    if (n)
        ++*n;
}

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void sort_frames(struct group *g)
{
    size_t kept = g->n_frames < GROUP_FRAMES ? g->n_frames : GROUP_FRAMES, n = 0;
    qsort(g->frames, kept, sizeof *g->frames, by_number);
    for (size_t i = 0; i < kept; i++)
        if (!n || g->frames[i] != g->frames[n - 1])
            g->frames[n++] = g->frames[i];
    if (g->n_frames <= GROUP_FRAMES)
        g->n_frames = (uint32_t)n;
}

bool summary_looks_at(const struct summary *s, enum finding_id id, const struct address *client,
                      int64_t first_ns)
{
    return (!s->wanted || s->wanted[id]) && (!s->before_ns || first_ns < s->before_ns) &&
           (!s->n_only || networks_hold(s->only, s->n_only, client));
}

static void count_endpoints(struct summary *s)
{
    for (size_t i = 0; i < s->endpoints.n; i++) {
        const struct endpoint *e = table_at(&s->endpoints, i);
        if (e->worst_group)
            ((struct group *)table_at(&s->groups, e->worst_group - 1))->n_headed++;
        s->totals.endpoints++;
        if (e->worst == SEVERITY_ERROR)
            s->totals.failing++;
        else if (e->ok)
            s->totals.healthy++;
        else
            s->totals.unclear++;
    }
}

static void sort_all_frames(struct summary *s)
{
    for (size_t i = 0; i < s->groups.n; i++)
        sort_frames(table_at(&s->groups, i));
}

void summary_count(struct summary *s, const struct scene *scene)
{
    links_find(s, scene);
    count_endpoints(s);
    storms_find(s);
    goners_find(s);
    if (history_arrange(&s->history, s->services.n)) {
        common_find(s);
        sets_find(s, scene);
        checkins_find(s, scene);
        checkin_servers_find(s, scene);
        stories_count(s, scene);
    }
    sort_all_frames(s);
}

/* ---- a part ---- */

static struct group_key key_of_group(const struct group *g)
{
    struct group_key key;

    memset(&key, 0, sizeof key);
    key.id = (uint32_t)g->id;
    key.server = g->server;
    key.port = g->port;
    key.is_lookup = g->lookup;
    return key;
}

static void recount(struct summary *s, struct group *set, enum severity severity)
{
    s->totals.findings[set->severity]--;
    s->totals.findings[severity]++;
    set->severity = severity;
}

/* A set of the whole, with those of its endpoints that are in the part. */
static void adopt_set(struct summary *part, const struct summary *whole, const struct group *g)
{
    struct group *set = NULL;

    if (part->before_ns && g->first_ns >= part->before_ns)
        return;
    for (uint32_t i = g->first_member; i;) {
        const struct member_key *key = table_key(&whole->members, i - 1);
        bool shown = table_get(&part->endpoints, &key->client);
        set = shown && !set ? summary_set(part, g->id, &g->server, g->port) : set;
        if (shown && set)
            summary_set_member(part, set, &key->client, 0);
        i = ((const struct member *)table_at(&whole->members, i - 1))->next;
    }
    if (!set)
        return;
    recount(part, set, g->severity);
    if (!finding_in_family(g->id, "set")) /* what those are about failed on its own */
        note_severity(part, g->severity);
    memcpy(set->words, g->words, sizeof set->words);
    memcpy(set->frames, g->frames, sizeof set->frames);
    set->n_frames = g->n_frames;
    set->heads = g->heads;
    set->alone = g->alone;
    set->fact = g->fact;
    set->first_ns = g->first_ns;
}

/* What was concluded of all members. */
static void adopt_conclusions(struct group *g, const struct group *all)
{
    g->whole = all;
    g->cause = all->of_set ? all->cause : g->cause;
    g->owner = all->owner;
    memcpy(g->owner_reason, all->owner_reason, sizeof g->owner_reason);
}

static void adopt_groups(struct summary *part, const struct summary *whole)
{
    for (size_t i = 0; i < part->groups.n; i++) {
        struct group *g = table_at(&part->groups, i);
        struct group_key key = key_of_group(g);
        const struct group *all = table_get(&whole->groups, &key);
        if (!all)
            continue;
        adopt_conclusions(g, all);
        for (size_t k = 0; k < all->n_sets; k++) {
            key = key_of_group(table_at(&whole->groups, all->set[k] - 1u));
            const struct group *set = table_get(&part->groups, &key);
            if (set && g->n_sets < GROUP_SETS)
                g->set[g->n_sets++] = (uint16_t)set->number;
        }
    }
}

static void adopt_endpoints(struct summary *part, const struct summary *whole)
{
    for (size_t i = 0; i < part->endpoints.n; i++) {
        const struct endpoint *e = table_get(&whole->endpoints, table_key(&part->endpoints, i));
        struct endpoint *own = table_at(&part->endpoints, i);
        if (!e)
            continue;
        own->checkins = e->checkins;
        own->shared_by_stack = e->shared_by_stack;
        own->shared_by_card = e->shared_by_card;
    }
}

void summary_count_part(struct summary *part, const struct summary *whole,
                        const struct scene *scene)
{
    links_find(part, scene);
    count_endpoints(part);
    for (size_t i = 0; i < whole->groups.n; i++) {
        const struct group *g = table_at(&whole->groups, i);
        if (g->of_set && (!part->wanted || part->wanted[g->id]))
            adopt_set(part, whole, g);
    }
    adopt_groups(part, whole);
    adopt_endpoints(part, whole);
    if (history_arrange(&part->history, part->services.n))
        stories_count(part, scene);
    sort_all_frames(part);
}

struct group *summary_set(struct summary *s, enum finding_id id, const struct address *server,
                          uint16_t port)
{
    const struct finding *finding = finding_of(id);
    struct group_key key;

    memset(&key, 0, sizeof key);
    key.id = (uint32_t)id;
    key.server = *server;
    key.port = port;
    struct group *g = table_put(&s->groups, &key);
    if (!g || g->number)
        return g;
    *g = (struct group){ .number = (uint32_t)s->groups.n,
                         .id = id,
                         .severity = finding->severity,
                         .fact = finding->best,
                         .cause = finding->prose.cause,
                         .owner = finding->owner,
                         .server = *server,
                         .port = port,
                         .of_set = true };
    s->totals.findings[g->severity]++;
    return g;
}

void summary_set_member(struct summary *s, struct group *set, const struct address *client,
                        uint64_t frame)
{
    const struct parties who = { .client = client, .server = &set->server };

    if (!set->n_members)
        set->client = *client;
    count_member(s, set, set->number, &who);
    set->n_members = set->n_endpoints;
    keep_frames(set, &(struct raised){ .n_frames = frame != 0, .frames = { frame } });
}

void summary_set_severity(struct summary *s, struct group *set, enum severity severity)
{
    recount(s, set, severity);
    note_severity(s, severity);
}

void summary_set_about(struct group *set, struct group *group)
{
    for (size_t i = 0; i < group->n_sets; i++)
        if (group->set[i] == set->number)
            return;
    if (group->n_sets < GROUP_SETS)
        group->set[group->n_sets++] = (uint16_t)set->number;
    if (!set->first_ns || group->first_ns < set->first_ns)
        set->first_ns = group->first_ns;
}

bool endpoint_is_healthy(const struct endpoint *e) { return e->worst != SEVERITY_ERROR && e->ok; }

void member_traits(const struct summary *s, uint32_t member, struct traits *out)
{
    const struct member_key *key = table_key(&s->members, member - 1);
    const struct endpoint *e = table_get(&s->endpoints, &key->client);

    *out = ((const struct member *)table_at(&s->members, member - 1))->traits;
    for (int i = 0; e && i < TRAITS; i++)
        if (!out->value[i])
            out->value[i] = e->traits[0].value[i];
}

enum outcome endpoint_state(const struct endpoint *e)
{
    if (e->worst == SEVERITY_ERROR && !e->goes_round)
        return OUTCOME_FAILED;
    return e->ok ? OUTCOME_OK : OUTCOME_UNDECIDED;
}

static int severity_rank(const struct group *g)
{
    if (g->severity == SEVERITY_QUALITY) /* the verdict of a connection before a remark */
        return g->of_capture || g->primary ? 1 : 0;
    return g->severity == SEVERITY_ERROR ? 3 : g->severity == SEVERITY_WARNING ? 2 : 0;
}

/* A set that is a line in the blocks of its groups. */
static bool is_remark(const struct group *g) { return g->of_set && !g->heads; }

/* Severity, then how many endpoints, then how many members, then order of time. */
static int by_weight(const void *a, const void *b)
{
    const struct group *x = *(const struct group *const *)a, *y = *(const struct group *const *)b;
    if (severity_rank(x) != severity_rank(y))
        return severity_rank(y) - severity_rank(x);
    if (is_remark(x) != is_remark(y))
        return is_remark(x) ? 1 : -1;
    if (x->n_endpoints != y->n_endpoints)
        return x->n_endpoints < y->n_endpoints ? 1 : -1;
    if (x->n_members != y->n_members)
        return x->n_members < y->n_members ? 1 : -1;
    return x->number < y->number ? -1 : 1;
}

size_t summary_order(const struct summary *s, const struct group **out, size_t n)
{
    size_t filled = 0;
    for (size_t i = 0; i < s->groups.n && filled < n; i++)
        out[filled++] = table_at(&s->groups, i);
    if (filled)
        qsort(out, filled, sizeof *out, by_weight);
    return filled;
}

const struct service_count *service_find(const struct summary *s, const struct address *client,
                                         const struct address *server, uint16_t port, bool lookup)
{
    const struct service_key key = service_key(client, server, port, lookup);
    return table_get_hashed(&s->services, &key, hash_of_service(s, &key));
}

uint32_t service_attempts(const struct summary *s, const struct address *client,
                          const struct address *server, uint16_t port)
{
    const struct service_count *c = service_find(s, client, server, port, false);
    return c ? c->attempts : 0;
}
