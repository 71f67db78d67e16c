/* Sets that compare the ports of one server. */
#include "correlate/sets_rules.h"

#include <inttypes.h>
#include <stdio.h>

static bool is_blocked(enum finding_id id)
{
    return id == F_TCP_SYN_SILENT_DROP || id == F_TCP_SYN_REFUSED_BY_MIDDLEBOX;
}

static bool is_unopened(enum finding_id id)
{
    return is_blocked(id) || id == F_TCP_SYN_REFUSED || id == F_TCP_SYN_REFUSED_BY_HOST;
}

/* ---- set.port.only_tcp_blocked ---- */

/* What one client's other ports of the same server say. */
struct others {
    bool failed;
    uint16_t port; /* that works in the same period; 0 = none */
    uint64_t frame;
};

static struct others others_of(const struct outcomes *o, const struct group *g,
                               const struct address *client, const struct times *blocked)
{
    const struct endpoint *e = table_get(&o->s->endpoints, client);
    struct others others = { 0 };

    for (uint32_t i = e ? e->first_service : 0; i;) {
        const struct service_key *key = table_key(&o->s->services, i - 1);
        const struct service_count *c = table_at(&o->s->services, i - 1);
        if (!key->is_lookup && key->port != g->port && address_equal(&key->server, &g->server)) {
            struct times t = times_of(o->s, i, 0);
            others.failed = others.failed || c->failed;
            if (!others.port && times_meet(&t, blocked)) {
                others.port = key->port;
                others.frame = c->ok_frame;
            }
        }
        i = c->next;
    }
    return others;
}

static bool stays_blocked(const struct outcomes *o, const struct group *g,
                          const struct address *client, struct times *out)
{
    const struct service_count *c = service_find(o->s, client, &g->server, g->port, false);
    if (!c)
        return false;
    *out = times_of(o->s, c->number, g->number);
    return out->n_failed && (!out->n_ok || out->last_ok < out->last_failed);
}

static bool answers_elsewhere(const struct outcomes *o, const struct group *g)
{
    const struct offer *offer = outcomes_offer(o, &g->server, g->port);
    for (uint32_t i = offer ? offer->first : 0; offer && i < offer->first + offer->n; i++)
        if (outcomes_count(o, i)->ok && !same_network(&outcomes_key(o, i)->client, &g->client))
            return true;
    return false;
}

/* Counts the members of which only this port is blocked; adds them when there is a set. */
static uint32_t only_this_port(struct outcomes *o, const struct group *g, struct group *set,
                               uint16_t *port)
{
    uint32_t n = 0;
    for (uint32_t i = g->first_member; i;) {
        const struct member_key *key = table_key(&o->s->members, i - 1);
        struct times t;
        i = ((const struct member *)table_at(&o->s->members, i - 1))->next;
        if (!stays_blocked(o, g, &key->client, &t))
            continue;
        struct others others = others_of(o, g, &key->client, &t);
        if (others.failed || !others.port)
            continue;
        *port = *port ? *port : others.port;
        n++;
        if (set) {
            set_add_client(o, set, &key->client, &g->server, g->port);
            summary_set_member(o->s, set, &key->client, n == 1 ? others.frame : 0);
        }
    }
    return n;
}

/* A port outside the profile may never have been open: file sharing between strangers tries
 * several, and Windows tries 139 beside 445.  The silence itself is told in any case. */
static bool is_expected(const struct outcomes *o, uint16_t port)
{
    const struct profile *profile = o->scene->profile;
    return profile && profile_service(profile, port);
}

void rule_only_blocked(struct outcomes *o, struct group *g)
{
    uint16_t port = 0;
    uint32_t n =
        is_blocked(g->id) && is_expected(o, g->port) ? only_this_port(o, g, NULL, &port) : 0;
    struct group *set = n && (uint64_t)n * 10 >= (uint64_t)g->n_endpoints * 9
                            ? summary_set(o->s, F_SET_PORT_ONLY_TCP_BLOCKED, &g->server, g->port)
                            : NULL;
    if (!set)
        return;
    only_this_port(o, g, set, &port);
    summary_set_about(set, g);
    if (n == 1)
        snprintf(set->words, sizeof set->words, "%u works for the same endpoint", port);
    else
        snprintf(set->words, sizeof set->words, "%u works for %s%" PRIu32 " endpoints", port,
                 n == g->n_endpoints ? "the same " : "", n);
    if (g->id == F_TCP_SYN_SILENT_DROP && !answers_elsewhere(o, g))
        set->cause = POSSIBLE;
}

/* ---- set.port.other_port_works ---- */

/* An endpoint's port of this server, other than that, where at least two endpoints work. */
static const struct offer *other_port(const struct outcomes *o, const struct group *g)
{
    const struct profile *profile = o->scene->profile;
    const struct offer *end = o->offer + o->n_offers;
    for (const struct offer *offer = outcomes_from(o, &g->server);
         offer < end && address_equal(&offer->server, &g->server); offer++) {
        const struct service *service = profile ? profile_service(profile, offer->port) : NULL;
        if (offer->port != g->port && service && service->checkin && offer->worked >= 2)
            return offer;
    }
    return NULL;
}

static bool reaches_server(const struct outcomes *o, const struct group *g,
                           const struct address *client)
{
    const struct endpoint *e = table_get(&o->s->endpoints, client);
    for (uint32_t i = e ? e->first_service : 0; i;) {
        const struct service_key *key = table_key(&o->s->services, i - 1);
        const struct service_count *c = table_at(&o->s->services, i - 1);
        if (c->ok && address_equal(&key->server, &g->server))
            return true;
        i = c->next;
    }
    return false;
}

void rule_other_port(struct outcomes *o, struct group *g)
{
    const struct offer *here = outcomes_offer(o, &g->server, g->port);
    const struct offer *other =
        is_unopened(g->id) && here && !here->worked ? other_port(o, g) : NULL;

    for (uint32_t i = other ? g->first_member : 0; i;) {
        const struct member_key *key = table_key(&o->s->members, i - 1);
        if (reaches_server(o, g, &key->client))
            return; /* it uses both ports */
        i = ((const struct member *)table_at(&o->s->members, i - 1))->next;
    }
    struct group *set =
        other ? summary_set(o->s, F_SET_PORT_OTHER_PORT_WORKS, &g->server, g->port) : NULL;
    if (!set)
        return;
    snprintf(set->words, sizeof set->words,
             "%" PRIu32 " other endpoints work with the server on %u", other->worked, other->port);
    set_add_group(o, set, g);
    summary_set_member(o->s, set, &g->client, outcomes_count(o, other->first)->ok_frame);
}

/* ---- set.server.down ---- */

static bool fails_at_tcp(const struct service_count *c)
{
    return c->failed && !c->ok && c->failed_stage == STAGE_TCP;
}

static bool nobody_reaches(const struct outcomes *o, const struct offer *offers, size_t n)
{
    const struct address *first = NULL;
    bool subnets = false;

    for (size_t i = 0; i < n; i++)
        for (uint32_t k = offers[i].first; k < offers[i].first + offers[i].n; k++) {
            const struct address *client = &outcomes_key(o, k)->client;
            if (!fails_at_tcp(outcomes_count(o, k)))
                return false;
            subnets = subnets || (first && !same_network(first, client));
            first = first ? first : client;
        }
    return subnets;
}

static bool refused_by_host(const struct outcomes *o, const struct address *server)
{
    for (size_t i = 0; i < o->s->groups.n; i++) {
        const struct group *g = table_at(&o->s->groups, i);
        if (!g->of_set && !g->lookup && g->severity == SEVERITY_ERROR &&
            address_equal(&g->server, server) && g->id != F_TCP_SYN_REFUSED_BY_HOST)
            return false;
    }
    return true;
}

void rule_server_down(struct outcomes *o, const struct offer *offers, size_t n)
{
    if (!o->s->any_ok || !nobody_reaches(o, offers, n))
        return;
    struct group *set = summary_set(o->s, F_SET_SERVER_DOWN, &offers->server, 0);
    if (!set)
        return;
    set->cause = POSSIBLE;
    if (refused_by_host(o, &offers->server)) {
        set->cause = PROBABLE;
        set->owner = OWNER_SERVER;
        snprintf(set->owner_reason, sizeof set->owner_reason,
                 "the host itself refuses every port that was tried");
    }
    for (size_t i = 0; i < n; i++)
        for (uint32_t k = offers[i].first; k < offers[i].first + offers[i].n; k++)
            set_add_client(o, set, &outcomes_key(o, k)->client, &offers->server, offers[i].port);
    snprintf(set->words, sizeof set->words,
             "none of %" PRIu32
             " endpoints reaches it on any of the %zu ports tried; other servers work",
             set->n_endpoints, n);
    set_about_server(o->s, set, &set->server, 0);
}

/* ---- set.undocumented_port_only ---- */

void rule_undocumented(struct outcomes *o, const struct offer *offers, size_t n)
{
    const struct offer *failing = NULL, *works = NULL;

    for (size_t i = 0; i < n; i++) {
        const struct service *service =
            o->scene->profile ? profile_service(o->scene->profile, offers[i].port) : NULL;
        if (!service ||
            (offers[i].failed && (service->documented || service->expect == EXPECT_ALWAYS)))
            return;
        if (offers[i].failed)
            failing = &offers[i];
        else if (service->documented && offers[i].worked)
            works = &offers[i];
    }
    struct group *set = failing && works ? summary_set(o->s, F_SET_UNDOCUMENTED_PORT_ONLY,
                                                       &failing->server, failing->port)
                                         : NULL;
    if (!set)
        return;
    snprintf(set->words, sizeof set->words,
             "vendor guides do not list %u; this alone does not explain a telemetry failure",
             failing->port);
    for (uint32_t k = failing->first; k < failing->first + failing->n; k++)
        if (outcomes_count(o, k)->failed)
            set_add_client(o, set, &outcomes_key(o, k)->client, &failing->server, failing->port);
    set_about_server(o->s, set, &set->server, failing->port);
    set->heads = false; /* a note */
}
