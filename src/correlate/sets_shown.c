/* Sets about what a server shows to some and not to others. */
#include "correlate/sets_rules.h"
#include "verdict/leaves.h"

#include <inttypes.h>
#include <stdio.h>

enum { INSPECTED_LEAST = 2, COMPARED_LEAST = 2 };

/* ---- set.intercept.selective ---- */

/* Who was shown which certificate, by network. */
struct shown_by {
    const struct cert *false_one;
    const struct leaves *leaves;
    struct table networks;       /* struct address -> uint8_t of enum seen */
    uint32_t n_networks, n_true; /* of those that were shown the false one; clients */
    uint64_t true_frame;         /* of a true one; 0 = none */
    bool mixed;                  /* a network was shown both, or nothing can be concluded */
};

enum seen { SEEN_FALSE = 1, SEEN_TRUE = 2 };

/* The one certificate that this client was shown; NULL = none that could be read, or several. */
static const struct cert *shown_to(const struct outcomes *o, const struct address *client,
                                   const struct group *g)
{
    const struct dealing *d = served_dealing(o->scene->served, client, &g->server, g->port);

    return d && !d->leaf_varies ? d->leaf : NULL;
}

static void note_network(struct shown_by *s, const struct address *client, enum seen seen)
{
    const struct address network = served_subnet(client);
    uint8_t *mark = table_put(&s->networks, &network);

    if (!mark) {
        s->mixed = true;
        return;
    }
    s->n_networks += seen == SEEN_FALSE && !*mark;
    *mark |= (uint8_t)seen;
    s->mixed |= *mark == (SEEN_FALSE | SEEN_TRUE);
}

/* All members were shown the same certificate, and nothing else. */
static void note_members(const struct outcomes *o, const struct group *g, struct shown_by *s)
{
    s->false_one = shown_to(o, &g->client, g);
    for (uint32_t i = g->first_member; i && !s->mixed;) {
        const struct member_key *key = table_key(&o->s->members, i - 1);
        s->mixed = !s->false_one || shown_to(o, &key->client, g) != s->false_one;
        note_network(s, &key->client, SEEN_FALSE);
        i = ((const struct member *)table_at(&o->s->members, i - 1))->next;
    }
}

/* All others that were shown something were shown what another authority issued, at the same time.
 */
static void note_others(const struct outcomes *o, const struct offer *offer, const struct group *g,
                        struct shown_by *s)
{
    for (uint32_t i = offer->first; i < offer->first + offer->n && !s->mixed; i++) {
        const struct address *client = &outcomes_key(o, i)->client;
        const struct cert *shown = shown_to(o, client, g);
        if (shown == s->false_one)
            note_network(s, client, SEEN_FALSE);
        if (!shown || shown == s->false_one)
            continue;
        uint64_t frame = leaves_rival(s->leaves, s->false_one, shown);
        s->mixed = !frame;
        s->true_frame = frame;
        s->n_true++;
        note_network(s, client, SEEN_TRUE);
    }
}

static void raise_selective(struct outcomes *o, struct group *g, const struct shown_by *s)
{
    struct group *set = summary_set(o->s, F_SET_INTERCEPT_SELECTIVE, &g->server, g->port);

    if (!set)
        return;
    summary_set_severity(o->s, set, g->severity); /* a warning while it works all the same */
    snprintf(set->words, sizeof set->words,
             "two issuers for one server, by network: %" PRIu32 " endpoints of %" PRIu32
             " network%s are shown another certificate than %" PRIu32 " of others",
             g->n_endpoints, s->n_networks, s->n_networks == 1 ? "" : "s", s->n_true);
    set_add_group(o, set, g);
    for (size_t i = 0; i < g->n_frames && i < GROUP_FRAMES; i++)
        summary_set_member(o->s, set, &g->client, g->frames[i]);
    summary_set_member(o->s, set, &g->client, s->true_frame);
}

void rule_selective(struct outcomes *o, struct group *g)
{
    const struct offer *offer = outcomes_offer(o, &g->server, g->port);
    const struct service_seen *seen = served_service(o->scene->served, &g->server, g->port);
    struct shown_by s = { .leaves = seen ? seen->leaves : NULL };

    if (!finding_in_family(g->id, "tls.intercept") || g->n_endpoints < INSPECTED_LEAST || !offer ||
        !s.leaves || !table_open(&s.networks, sizeof(struct address), 1, SUMMARY_ENDPOINTS))
        return;
    note_members(o, g, &s);
    note_others(o, offer, g, &s);
    if (!s.mixed && s.n_true >= COMPARED_LEAST)
        raise_selective(o, g, &s);
    table_close(&s.networks);
}
