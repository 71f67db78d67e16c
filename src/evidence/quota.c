#include "evidence/quota.h"

#include <string.h>

static const int64_t second_ns = 1000000000;

static bool is_group(const struct quota_group *g, const struct quota_case *c)
{
    return g->asked_ns && g->id == c->id && g->port == c->port &&
           address_equal(&g->server, &c->server);
}

static struct quota_group *group_of(struct quota *quota, const struct quota_case *c, int64_t now_ns)
{
    struct quota_group *oldest = &quota->group[0];

    for (size_t i = 0; i < QUOTA_GROUPS; i++) {
        struct quota_group *g = &quota->group[i];
        if (is_group(g, c))
            return g;
        if (g->asked_ns < oldest->asked_ns)
            oldest = g;
    }
    *oldest = (struct quota_group){
        .id = c->id, .port = c->port, .server = c->server, .since_ns = now_ns
    };
    return oldest;
}

static bool group_has_room(struct quota *quota, const struct quota_case *c, int64_t now_ns,
                           struct quota_group **out)
{
    struct quota_group *g = *out = group_of(quota, c, now_ns);

    g->asked_ns = now_ns ? now_ns : 1;
    if (now_ns - g->since_ns >= QUOTA_GROUP_S * second_ns) {
        g->since_ns = now_ns;
        g->n = g->n_strangers = 0;
    }
    return g->n < QUOTA_GROUP && (c->known || g->n_strangers < QUOTA_STRANGERS);
}

static struct quota_pair *pair_of(struct quota *quota, uint16_t id, const struct address *client)
{
    for (size_t i = 0; i < quota->n_pairs; i++)
        if (quota->pair[i].id == id && address_equal(&quota->pair[i].client, client))
            return &quota->pair[i];
    struct quota_pair *p = &quota->pair[quota->next_pair];
    quota->next_pair = (quota->next_pair + 1) % QUOTA_PAIRS;
    quota->n_pairs += quota->n_pairs < QUOTA_PAIRS;
    *p = (struct quota_pair){ .id = id, .client = *client };
    return p;
}

/* Those of the last hour stay; what the clock, set back, says of the future does not. */
static void forget(struct quota_pair *p, int64_t now_ns)
{
    uint8_t n = 0;

    for (uint8_t i = 0; i < p->n; i++) {
        int64_t age_ns = now_ns - p->at_ns[i];
        if (age_ns < QUOTA_EACH_S * second_ns && -age_ns < QUOTA_EACH_S * second_ns)
            p->at_ns[n++] = p->at_ns[i];
    }
    p->n = n;
}

bool quota_take(struct quota *quota, const struct quota_case *c, int64_t now_ns)
{
    struct quota_group *group;

    if (!group_has_room(quota, c, now_ns, &group)) {
        quota->refused_group++;
        return false;
    }
    struct quota_pair *pair = pair_of(quota, c->id, &c->client);
    forget(pair, now_ns);
    if (pair->n == QUOTA_EACH) {
        quota->refused_pair++;
        return false;
    }
    pair->at_ns[pair->n++] = now_ns;
    group->n++;
    group->n_strangers += !c->known;
    return true;
}

void quota_note(struct quota *quota, uint16_t id, const struct address *client, int64_t at_ns)
{
    struct quota_pair *pair = pair_of(quota, id, client);

    if (pair->n == QUOTA_EACH) {
        memmove(pair->at_ns, pair->at_ns + 1, (QUOTA_EACH - 1) * sizeof *pair->at_ns);
        pair->n--;
    }
    pair->at_ns[pair->n++] = at_ns;
}
