/* Sets about one service that works for some attempts and fails for others. */
#include "correlate/sets_rules.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { MIXED_LEAST = 3, TRIED_LEAST = 6, EACH_LEAST = 2, TLS_13 = 0x04, COMPARED_MOST = 256 };

/* ---- set.server.intermittent ---- */

static bool is_mixed(const struct times *t)
{
    return t->n_ok >= MIXED_LEAST && t->n_failed >= MIXED_LEAST && t->n_switches >= MIXED_LEAST;
}

/* Clients whose attempts succeed and fail in turn, and clients that tried as often. */
static void count_mixed(const struct outcomes *o, const struct offer *offer, uint32_t *mixed,
                        uint32_t *tried)
{
    for (uint32_t i = offer->first; i < offer->first + offer->n; i++) {
        if (outcomes_count(o, i)->attempts < TRIED_LEAST)
            continue;
        struct times t = times_of(o->s, o->service[i], 0);
        *mixed += is_mixed(&t);
        ++*tried;
    }
}

void rule_intermittent(struct outcomes *o, const struct offer *offer)
{
    uint32_t mixed = 0, tried = 0;

    if (offer->failed == offer->never) /* nobody has both */
        return;
    count_mixed(o, offer, &mixed, &tried);
    if (!mixed || mixed * 2 < tried)
        return; /* one client of many: not the server */
    struct group *set = summary_set(o->s, F_SET_SERVER_INTERMITTENT, &offer->server, offer->port);
    if (!set)
        return;
    for (uint32_t i = offer->first; i < offer->first + offer->n; i++) {
        struct times t = times_of(o->s, o->service[i], 0);
        if (!is_mixed(&t))
            continue;
        set_add_client(o, set, &outcomes_key(o, i)->client, &offer->server, offer->port);
        summary_set_member(o->s, set, &outcomes_key(o, i)->client, outcomes_count(o, i)->ok_frame);
    }
    snprintf(set->words, sizeof set->words,
             "success and failure alternate for %" PRIu32 " of %" PRIu32 " endpoints", mixed,
             tried);
    set_about_server(o->s, set, &set->server, offer->port);
}

/* ---- set.tls.mixed_versions ---- */

struct versions {
    uint32_t new_ok, new_failed, old_ok, old_failed, both;
};

/* One client's attempts that came as far as a ClientHello. */
static struct versions versions_of(const struct summary *s, uint32_t service)
{
    struct versions v = { 0 };
    const struct deed *deed;
    for (size_t i = 0; (deed = history_of(&s->history, service, i)); i++) {
        bool ok = deed->outcome == OUTCOME_OK, is_new = deed->version >= TLS_13;
        if (!deed->version || deed->outcome == OUTCOME_UNDECIDED)
            continue;
        v.new_ok += is_new && ok;
        v.new_failed += is_new && !ok;
        v.old_ok += !is_new && ok;
        v.old_failed += !is_new && !ok;
    }
    v.both = v.new_failed && v.old_ok;
    return v;
}

static void add_versions(struct versions *all, const struct versions *v)
{
    all->new_ok += v->new_ok;
    all->new_failed += v->new_failed;
    all->old_ok += v->old_ok;
    all->old_failed += v->old_failed;
    all->both += v->both;
}

void rule_versions(struct outcomes *o, const struct offer *offer)
{
    struct versions all = { 0 };

    if (!offer->failed || !offer->worked)
        return;
    for (uint32_t i = offer->first; i < offer->first + offer->n; i++) {
        struct versions v = versions_of(o->s, o->service[i]);
        add_versions(&all, &v);
    }
    if (all.new_ok || all.old_failed || all.new_failed < EACH_LEAST || all.old_ok < EACH_LEAST ||
        !all.both)
        return;
    struct group *set = summary_set(o->s, F_SET_TLS_MIXED_VERSIONS, &offer->server, offer->port);
    if (!set)
        return;
    snprintf(set->words, sizeof set->words,
             "all %" PRIu32 " attempts that offer TLS 1.3 fail, all %" PRIu32
             " that offer at most 1.2 work; the same endpoint does both",
             all.new_failed, all.old_ok);
    for (uint32_t i = offer->first; i < offer->first + offer->n; i++)
        if (versions_of(o->s, o->service[i]).new_failed)
            set_add_client(o, set, &outcomes_key(o, i)->client, &offer->server, offer->port);
    set_about_server(o->s, set, &set->server, offer->port);
}

/* ---- set.ipv6_broken ---- */

struct attempts {
    uint32_t ok, unopened, other;
};

/* A client that goes on over IPv4 at once has only a warning, and failed here all the same. */
static bool is_unopened(const struct summary *s, const struct deed *deed)
{
    const struct group *g = deed->group ? table_at(&s->groups, deed->group - 1u) : NULL;
    return (deed->outcome == OUTCOME_FAILED && deed->stage == STAGE_TCP) ||
           (g && g->id == F_DNS_IPV6_FIRST_FAIL);
}

static struct attempts attempts_of(const struct outcomes *o, const struct offer *offer)
{
    struct attempts a = { 0 };
    const struct deed *deed;

    for (uint32_t i = offer->first; i < offer->first + offer->n; i++)
        for (size_t k = 0; (deed = history_of(&o->s->history, o->service[i], k)); k++) {
            bool unopened = is_unopened(o->s, deed);
            a.unopened += unopened;
            a.ok += !unopened && deed->outcome == OUTCOME_OK;
            a.other += !unopened && deed->outcome != OUTCOME_OK;
        }
    return a;
}

/* The same name's IPv4 address on the same port, where all attempts work. */
static const struct offer *counterpart(const struct outcomes *o, const struct offer *offer,
                                       const char *name, uint32_t *worked)
{
    for (size_t i = 0; i < o->n_offers; i++) {
        const struct offer *other = &o->offer[i];
        const char *its = names_of(o->scene->names, &other->server);
        if (other->port != offer->port || !address_is_ipv4(&other->server) || !its ||
            strcmp(its, name) != 0)
            continue;
        struct attempts a = attempts_of(o, other);
        *worked = a.ok;
        if (a.ok >= EACH_LEAST && !a.unopened && !a.other)
            return other;
    }
    return NULL;
}

static void about_first_fails(struct outcomes *o, struct group *set)
{
    for (size_t i = 0; i < o->s->groups.n; i++) {
        struct group *g = table_at(&o->s->groups, i);
        if (g->id == F_DNS_IPV6_FIRST_FAIL && g->port == set->port &&
            address_equal(&g->server, &set->server))
            summary_set_about(set, g);
    }
    set_about_server(o->s, set, &set->server, set->port);
}

void rule_ipv6(struct outcomes *o, const struct offer *offer)
{
    uint32_t worked = 0;

    if (address_is_ipv4(&offer->server) || !o->scene->names || o->n_compared >= COMPARED_MOST)
        return;
    o->n_compared++;
    const char *name = names_of(o->scene->names, &offer->server);
    struct attempts a = attempts_of(o, offer);
    const struct offer *v4 = name && a.unopened >= EACH_LEAST && !a.ok && !a.other
                                 ? counterpart(o, offer, name, &worked)
                                 : NULL;
    struct group *set =
        v4 ? summary_set(o->s, F_SET_IPV6_BROKEN, &offer->server, offer->port) : NULL;
    if (!set)
        return;
    snprintf(set->words, sizeof set->words,
             "all %" PRIu32 " attempts over IPv6 get no connection, all %" PRIu32 " over IPv4 work",
             a.unopened, worked);
    for (uint32_t i = offer->first; i < offer->first + offer->n; i++) {
        const struct service_count *c = outcomes_count(o, i);
        summary_set_member(o->s, set, &outcomes_key(o, i)->client,
                           c->failed_frame ? c->failed_frame : c->ok_frame);
    }
    summary_set_member(o->s, set, &set->client, outcomes_count(o, v4->first)->ok_frame);
    about_first_fails(o, set);
}
