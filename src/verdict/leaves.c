#include "verdict/leaves.h"

#include "session/session.h"

#include <stdlib.h>
#include <string.h>

const struct cert *leaf_shown(const struct flow *flow)
{
    const struct session *s = flow->session;
    return s && s->tls && s->tls->certificate[SERVER].frame && s->n_chain[SERVER] &&
                   s->chain[SERVER]
               ? s->chain[SERVER][0]
               : NULL;
}

static uint8_t lower(char c) { return (uint8_t)(c >= 'A' && c <= 'Z' ? c | 0x20 : c); }

static uint64_t name_of(const struct flow *flow)
{
    const char *name = flow->session->server_name;
    uint64_t mark = 0xcbf29ce484222325; /* FNV-1a */

    if (!name || !name[0])
        return 0;
    for (; *name; name++)
        mark = (mark ^ lower(*name)) * 0x100000001b3;
    return mark | 1;
}

/* Its place in the list; LEAVES when it is not there. */
static unsigned place_of(const struct leaves *all, const struct flow *flow)
{
    const struct cert *cert = leaf_shown(flow);
    uint64_t name = name_of(flow);

    for (unsigned i = 0; i < all->n; i++)
        if (all->leaf[i].cert == cert && all->leaf[i].name == name)
            return i;
    return LEAVES;
}

static struct leaf *find_or_add(struct leaves *all, const struct flow *flow)
{
    unsigned place = place_of(all, flow);

    if (place < LEAVES)
        return &all->leaf[place];
    if (all->n == LEAVES) {
        all->full = true;
        return NULL;
    }
    struct leaf *leaf = &all->leaf[all->n++];
    *leaf = (struct leaf){
        .cert = leaf_shown(flow), .name = name_of(flow), .first_ns = INT64_MAX, .last_ns = INT64_MIN
    };
    return leaf;
}

/* Connections are told of in the order in which they end. */
static void note_time(struct leaf *leaf, const struct tls_stamp *at)
{
    if (at->time_ns < leaf->first_ns) {
        leaf->first_ns = at->time_ns;
        leaf->first_frame = at->frame;
    }
    if (at->time_ns > leaf->last_ns) {
        leaf->last_ns = at->time_ns;
        leaf->last_frame = at->frame;
    }
}

void leaves_note(struct leaves **leaves, const struct flow *flow, const struct leaf_told *told)
{
    const struct address *client = &flow->address[CLIENT];

    if (!leaf_shown(flow))
        return;
    const struct tls_stamp *at = &flow->session->tls->certificate[SERVER];
    if (!*leaves && (*leaves = calloc(1, sizeof **leaves)) == NULL)
        return;
    struct leaf *leaf = find_or_add(*leaves, flow);
    if (!leaf)
        return;
    leaf->n++;
    note_time(leaf, at);
    served_list_add(&leaf->clients, client, at->frame, at->time_ns);
    if (told->rejected)
        served_list_add(&leaf->rejected, client, at->frame, at->time_ns);
    if (!told->worked)
        return;
    leaf->n_worked++;
    served_list_add(&leaf->worked, client, at->frame, at->time_ns);
}

bool leaves_compare(const struct leaves *leaves)
{
    return leaves && leaves->n > 1 && !leaves->full;
}

const struct leaf *leaves_of(const struct leaves *leaves, const struct flow *flow)
{
    unsigned place = leaves && leaf_shown(flow) ? place_of(leaves, flow) : LEAVES;
    return place < LEAVES ? &leaves->leaf[place] : NULL;
}

const struct leaf *leaves_before(const struct leaves *leaves, const struct leaf *leaf)
{
    const struct leaf *before = NULL;

    if (leaves->full)
        return NULL;
    for (unsigned i = 0; i < leaves->n; i++) {
        const struct leaf *other = &leaves->leaf[i];
        if (other == leaf || other->name != leaf->name)
            continue;
        if (before || other->last_ns >= leaf->first_ns)
            return NULL;
        before = other;
    }
    return before;
}

bool leaf_meets(const struct leaf *a, const struct leaf *b)
{
    return a->first_ns <= b->last_ns && b->first_ns <= a->last_ns;
}

bool leaf_issued_by_another(const struct leaf *a, const struct leaf *b)
{
    const struct cert_facts *x = cert_facts(a->cert), *y = cert_facts(b->cert);
    return x->parsed && y->parsed && strcmp(x->issuer, y->issuer) != 0;
}

uint64_t leaves_rival(const struct leaves *all, const struct cert *a, const struct cert *b)
{
    for (unsigned i = 0; !all->full && i < all->n; i++)
        for (unsigned k = 0; k < all->n; k++) {
            const struct leaf *x = &all->leaf[i], *y = &all->leaf[k];
            if (x->cert == a && y->cert == b && x->name == y->name && leaf_meets(x, y) &&
                leaf_issued_by_another(x, y))
                return y->first_frame;
        }
    return 0;
}
