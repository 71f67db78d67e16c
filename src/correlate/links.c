#include "correlate/links.h"

#include "verdict/resolution.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Did packets of that server come from that hardware?  Where frames do not tell: the asker never
 * looked for the server itself, and found one neighbour alone. */
static bool leads_to(const struct scene *scene, const struct resolution_case *c,
                     const struct address *server)
{
    const struct neighbour_key key = { *c->asker, *c->wanted };
    const struct host *host = host_find(scene->hosts, server);
    const uint8_t *mac = neighbour_mac_of(scene->neighbours, c->wanted);

    if (host && host->has_mac)
        return mac && memcmp(host->mac, mac, sizeof host->mac) == 0;
    return host && !address_equal(server, c->wanted) &&
           !neighbour_was_wanted(scene->neighbours, c->asker, server) &&
           neighbour_is_only_one(scene->neighbours, &key);
}

/* The way to a server that this endpoint uses. */
static bool is_next_hop(const struct summary *s, const struct scene *scene,
                        const struct resolution_case *c)
{
    const struct endpoint *e = table_get(&s->endpoints, c->asker);

    for (uint32_t i = e && scene->hosts ? e->first_service : 0; i;) {
        const struct service_key *key = table_key(&s->services, i - 1);
        if (leads_to(scene, c, &key->server))
            return true;
        i = ((const struct service_count *)table_at(&s->services, i - 1))->next;
    }
    return false;
}

/* Named by DNS, or seen in use: more than somebody's search for what may be there. */
static bool is_known(const struct scene *scene, const struct address *wanted)
{
    return (scene->names && names_of(scene->names, wanted)) ||
           (scene->hosts && host_find(scene->hosts, wanted)) ||
           neighbour_mac_of(scene->neighbours, wanted);
}

static bool matters(const struct summary *s, const struct scene *scene,
                    const struct resolution_case *c)
{
    return verdict_is_ems(scene, c->wanted) || is_next_hop(s, scene, c) ||
           (scene->scope == SCOPE_ALL && is_known(scene, c->wanted));
}

static void say_silence(struct group *set, const struct neighbour *w)
{
    snprintf(set->words, sizeof set->words,
             "asked for %" PRIu32 " times in %.1f s, without an answer and without a packet to it",
             w->n_asked, (double)(w->last_ns - w->asked_ns[0]) / 1e9);
}

static void say_claims(struct group *set, const struct neighbour *w)
{
    const uint8_t *a = w->mac[0], *b = w->mac[1];
    snprintf(set->words, sizeof set->words,
             "%02x:%02x:%02x:%02x:%02x:%02x and %02x:%02x:%02x:%02x:%02x:%02x answer the same "
             "question",
             a[0], a[1], a[2], a[3], a[4], a[5], b[0], b[1], b[2], b[3], b[4], b[5]);
}

/* The attempt ended before there was a connection to count. */
static void count_asker(struct summary *s, const struct group *set, const struct address *asker)
{
    struct endpoint *e = table_put(&s->endpoints, asker);

    if (!e)
        return;
    e->attempts++;
    e->failed++;
    if (e->worst_group && e->worst == SEVERITY_ERROR)
        return;
    e->worst = SEVERITY_ERROR;
    e->worst_group = set->number;
}

static int64_t began(const struct neighbour *w)
{
    return w->n_asked ? w->asked_ns[0] : w->question_ns;
}

static void add(struct summary *s, const struct resolution_case *c)
{
    struct group *set = summary_set(s, c->raised.id, c->wanted, 0);

    if (!set)
        return;
    if (!set->n_members) {
        set->heads = set->alone = true;
        set->fact = c->raised.fact;
        set->cause = c->raised.cause;
        set->first_ns = began(c->neighbour);
        summary_set_severity(s, set, c->raised.severity);
        if (c->raised.id == F_L2_ARP_UNRESOLVED)
            say_silence(set, c->neighbour);
        else
            say_claims(set, c->neighbour);
    }
    for (size_t i = 0; i < c->raised.n_frames; i++)
        summary_set_member(s, set, c->asker, c->raised.frames[i]);
    if (c->raised.severity == SEVERITY_ERROR)
        count_asker(s, set, c->asker);
}

void links_find(struct summary *s, const struct scene *scene)
{
    for (size_t i = 0; i < resolution_count(scene); i++) {
        struct resolution_case c = resolution_judge(scene, i);
        if (c.raised.id && matters(s, scene, &c) &&
            summary_looks_at(s, c.raised.id, c.asker, began(c.neighbour)))
            add(s, &c);
    }
}
