/* Driver, and the sets that are about one group: who else, and since when. */
#include "correlate/sets.h"

#include "correlate/sets_rules.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void set_add_group(struct outcomes *o, struct group *set, struct group *g)
{
    for (uint32_t i = g->first_member; i;) {
        const struct member_key *key = table_key(&o->s->members, i - 1);
        set_add_client(o, set, &key->client, &g->server, g->port);
        i = ((const struct member *)table_at(&o->s->members, i - 1))->next;
    }
    summary_set_about(set, g);
}

void set_add_client(struct outcomes *o, struct group *set, const struct address *client,
                    const struct address *server, uint16_t port)
{
    const struct service_count *c = service_find(o->s, client, server, port, false);
    summary_set_member(o->s, set, client, c ? c->failed_frame : 0);
}

static bool is_member(const struct summary *s, const struct group *g, const struct address *client)
{
    struct member_key key;

    memset(&key, 0, sizeof key);
    key.group = g->number;
    key.client = *client;
    return table_get(&s->members, &key);
}

/* A group whose endpoints are all others has nothing to do with the set. */
static bool share_members(const struct summary *s, const struct group *set, const struct group *g)
{
    for (uint32_t i = set->first_member; i;) {
        const struct member_key *key = table_key(&s->members, i - 1);
        if (is_member(s, g, &key->client))
            return true;
        i = ((const struct member *)table_at(&s->members, i - 1))->next;
    }
    return false;
}

static void about_failures(struct summary *s, struct group *set, const struct address *server,
                           uint16_t port, const struct address *client)
{
    enum finding_id id = F_NONE;
    for (size_t i = 0; i < s->groups.n; i++) {
        struct group *g = table_at(&s->groups, i);
        if (g->of_set || g->lookup || g->of_capture || g->severity != SEVERITY_ERROR ||
            !address_equal(&g->server, server) || (port && g->port != port) ||
            (client ? !is_member(s, g, client) : !share_members(s, set, g)))
            continue;
        set->heads = set->heads || (id && id != g->id);
        id = g->id;
        summary_set_about(set, g);
    }
}

void set_about_server(struct summary *s, struct group *set, const struct address *server,
                      uint16_t port)
{
    about_failures(s, set, server, port, NULL);
}

void set_about_client(struct summary *s, struct group *set, const struct address *server,
                      uint16_t port, const struct address *client)
{
    about_failures(s, set, server, port, client);
}

/* ---- set.client.only_one ---- */

/* Others that succeeded on the same service while this client failed, and one of its subnet. */
static uint32_t count_others(const struct outcomes *o, const struct offer *offer,
                             const struct address *client, const struct times *failed, bool *near,
                             uint64_t *frame)
{
    uint32_t n = 0;
    for (uint32_t i = offer->first; i < offer->first + offer->n; i++) {
        const struct service_key *key = outcomes_key(o, i);
        if (!outcomes_count(o, i)->ok || address_equal(&key->client, client))
            continue;
        struct times t = times_of(o->s, o->service[i], 0);
        if (!times_meet(&t, failed))
            continue;
        *near = *near || same_network(&key->client, client);
        *frame = *frame ? *frame : outcomes_count(o, i)->ok_frame;
        n++;
    }
    return n;
}

void rule_only_one(struct outcomes *o, struct group *g)
{
    const struct offer *offer = outcomes_offer(o, &g->server, g->port);
    const struct service_count *c = service_find(o->s, &g->client, &g->server, g->port, false);
    bool near = false;
    uint64_t frame = 0;

    if (summary_is_shared(o->s, o->scene, &g->client))
        return; /* who knows how many of those behind it fail */
    if (g->n_endpoints != 1 || !offer || offer->failed != 1 || offer->worked < 2 || !c)
        return;
    struct times t = times_of(o->s, c->number, 0);
    if (!t.n_failed || (t.n_ok && t.last_ok > t.first_failed))
        return; /* it works again: a single failure */
    uint32_t n = count_others(o, offer, &g->client, &t, &near, &frame);
    struct group *set =
        n >= 2 && near ? summary_set(o->s, F_SET_CLIENT_ONLY_ONE, &g->server, g->port) : NULL;
    if (!set)
        return;
    snprintf(set->words, sizeof set->words,
             "%" PRIu32 " others reach the same port, one at least in the same subnet", n);
    set_add_group(o, set, g);
    summary_set_member(o->s, set, &g->client, frame);
}

/* ---- set.time_dependent ---- */

static bool began_once(const struct change *c)
{
    return c->found && !c->from_start && c->n_before >= CHANGE_LEAST;
}

void rule_time_dependent(struct outcomes *o, struct group *g)
{
    const struct change *change = &g->common.change;
    for (size_t i = 0; g->common.how == COMMON_EACH && i < g->common.n; i++)
        if (!began_once(change))
            change = &g->common.part[i].change;
    if (g->n_endpoints < 2 || !began_once(change))
        return;
    struct group *set = summary_set(o->s, F_SET_TIME_DEPENDENT, &g->server, g->port);
    if (!set)
        return;
    snprintf(set->words, sizeof set->words,
             "%" PRIu32 " attempts worked before one moment, %" PRIu32 " failed after it",
             change->n_before, change->n_failed);
    set_add_group(o, set, g);
}

/* ---- set.size_dependent ---- */

static bool is_size_silence(enum finding_id id)
{
    return id == F_TCP_MTU_BLACKHOLE_SERVER_FLIGHT || id == F_TCP_MTU_BLACKHOLE_CLIENTHELLO ||
           id == F_TLS_SERVER_STALLED || id == F_TCP_CLIENTHELLO_ACKED_NO_REPLY;
}

struct sizes {
    uint32_t full_ok, full_failed, short_ok, short_failed;
};

static void add_sizes(const struct summary *s, uint32_t service, struct sizes *out)
{
    const struct deed *deed;
    for (size_t i = 0; (deed = history_of(&s->history, service, i)); i++) {
        bool ok = deed->outcome == OUTCOME_OK, failed = deed->outcome == OUTCOME_FAILED;
        out->full_ok += ok && deed->shake == SHAKE_FULL;
        out->full_failed += failed && deed->shake == SHAKE_FULL;
        out->short_ok += ok && deed->shake == SHAKE_RESUMED;
        out->short_failed += failed && deed->shake == SHAKE_RESUMED;
    }
}

void rule_size_dependent(struct outcomes *o, struct group *g)
{
    struct sizes sizes = { 0 };

    if (!is_size_silence(g->id))
        return;
    for (uint32_t i = g->first_member; i;) {
        const struct member_key *key = table_key(&o->s->members, i - 1);
        const struct service_count *c =
            service_find(o->s, &key->client, &g->server, g->port, false);
        if (c)
            add_sizes(o->s, c->number, &sizes);
        i = ((const struct member *)table_at(&o->s->members, i - 1))->next;
    }
    if (sizes.full_ok || sizes.short_failed || sizes.full_failed < 2 || sizes.short_ok < 2)
        return;
    struct group *set = summary_set(o->s, F_SET_SIZE_DEPENDENT, &g->server, g->port);
    if (!set)
        return;
    snprintf(set->words, sizeof set->words,
             "%" PRIu32 " resumed handshakes worked, all %" PRIu32 " full ones stopped",
             sizes.short_ok, sizes.full_failed);
    set_add_group(o, set, g);
}

/* ---- the owner of a silence: the path of one subnet ---- */

/* Subnets other than that one whose attempts at the group's service succeed; at most two matter. */
static unsigned count_answered(const struct outcomes *o, const struct group *g)
{
    const struct offer *offer = outcomes_offer(o, &g->server, g->port);
    const struct address *first = NULL;

    for (uint32_t i = offer ? offer->first : 0; offer && i < offer->first + offer->n; i++) {
        const struct address *client = &outcomes_key(o, i)->client;
        if (!outcomes_count(o, i)->ok || same_network(client, &g->client))
            continue;
        if (first && !same_network(first, client))
            return 2;
        first = client;
    }
    return first != NULL;
}

void rule_owner_of_silence(struct outcomes *o, struct group *g)
{
    const struct common *common = &g->common;
    char subnet[64];
    struct text t = text_of(subnet, sizeof subnet);

    if (g->id != F_TCP_SYN_SILENT_DROP || common->how != COMMON_WHOLE ||
        trait_kind_of(&o->s->traits, common->part[0].value) != TRAIT_SUBNET || common->n_outside ||
        count_answered(o, g) < 2)
        return;
    trait_value_text(&o->s->traits, common->part[0].value, &t);
    g->owner = OWNER_NETWORK;
    snprintf(g->owner_reason, sizeof g->owner_reason,
             "%u answers other subnets, and is silent for %s alone", g->port, subnet);
}

/* ---- all of them ---- */

static void for_groups(struct outcomes *o)
{
    static void (*const rules[])(struct outcomes *, struct group *) = {
        rule_owner_of_silence, rule_only_blocked,   rule_other_port,
        rule_only_one,         rule_time_dependent, rule_size_dependent,
    };
    size_t n = o->s->groups.n; /* without the sets that come */

    for (size_t i = 0; i < n; i++) {
        struct group *g = table_at(&o->s->groups, i);
        if (g->of_set || g->lookup || g->of_capture || g->severity < SEVERITY_WARNING)
            continue;
        rule_selective(o, g); /* also of what works all the same */
        if (g->severity != SEVERITY_ERROR)
            continue;
        for (size_t k = 0; k < sizeof rules / sizeof *rules; k++)
            rules[k](o, g);
    }
}

static void for_offers(struct outcomes *o)
{
    for (size_t i = 0; i < o->n_offers; i++) {
        rule_intermittent(o, &o->offer[i]);
        rule_versions(o, &o->offer[i]);
        rule_ipv6(o, &o->offer[i]);
        if (i && address_equal(&o->offer[i].server, &o->offer[i - 1].server))
            continue;
        size_t n = 1;
        while (i + n < o->n_offers && address_equal(&o->offer[i].server, &o->offer[i + n].server))
            n++;
        rule_server_down(o, &o->offer[i], n);
        rule_undocumented(o, &o->offer[i], n);
    }
}

void sets_find(struct summary *s, const struct scene *scene)
{
    struct outcomes o = { 0 };

    if (!s->history.order)
        return;
    if (outcomes_open(&o, s, scene)) {
        for_groups(&o);
        for_offers(&o);
    }
    outcomes_close(&o);
}
