#include "verdict/inspector.h"

#include "verdict/issuer.h"
#include "verdict/leaves.h"
#include "verdict/visible.h"

#include <string.h>

/* Every client that was shown this one, was it shown nothing else? */
static bool always_shown(const struct matter *m, const struct leaf *leaf)
{
    const struct flow *flow = m->flow;

    for (unsigned i = 0; i < leaf->clients.n; i++) {
        const struct dealing *d = served_dealing(m->scene->served, &leaf->clients.client[i].address,
                                                 &flow->address[SERVER], flow->port[SERVER]);
        if (!d || d->leaf_varies)
            return false;
    }
    return true;
}

static bool at_the_same_time(const struct leaf *a, const struct leaf *b)
{
    return a->first_ns <= b->last_ns && b->first_ns <= a->last_ns;
}

static bool issued_by_another(const struct leaf *a, const struct leaf *b)
{
    const struct cert_facts *x = cert_facts(a->cert), *y = cert_facts(b->cert);
    return x->parsed && y->parsed && strcmp(x->issuer, y->issuer) != 0;
}

/* What others were shown under the same name; NULL = nothing that could be compared. */
static const struct leaf *shown_to_others(const struct matter *m, const struct leaf *leaf)
{
    const struct leaves *all = m->seen->leaves;

    for (unsigned i = 0; i < all->n; i++) {
        const struct leaf *other = &all->leaf[i];
        if (other != leaf && other->name == leaf->name && issued_by_another(leaf, other) &&
            at_the_same_time(leaf, other) && always_shown(m, leaf))
            return other;
    }
    return NULL;
}

/* Shown more than once and never of use, while the other one is, to two clients at least. */
static bool is_the_false_one(const struct leaf *leaf, const struct leaf *other)
{
    return leaf->n >= 2 && !leaf->n_worked && leaf->rejected.n && other->worked.n >= 2;
}

/* Two of those who were shown the other one, which is what the comparison needs. */
static void raise_others(struct raised *r, const struct leaf *other)
{
    const struct served_clients *list = other->worked.n ? &other->worked : &other->clients;

    for (unsigned i = 0; i < list->n && i < 2; i++)
        raise_frame(r, list->client[i].frame);
}

struct raised inspector_of(const struct matter *m)
{
    const struct cert *cert = visible_leaf(m);
    struct inspection is = cert ? issuer_inspects(cert_facts(cert)) : (struct inspection){ 0 };
    bool compared = m->seen && leaves_compare(m->seen->leaves);
    const struct leaf *leaf = compared ? leaves_of(m->seen->leaves, m->flow) : NULL;
    const struct leaf *other = leaf ? shown_to_others(m, leaf) : NULL;

    if (other &&
        (is.id == F_TLS_INTERCEPT_OTHER || (is.id == F_NONE && is_the_false_one(leaf, other))))
        is = (struct inspection){ F_TLS_INTERCEPT_OTHER, PROBABLE, is.on_endpoint };
    struct raised r = raise_of(is.id);
    if (is.id == F_NONE)
        return r;
    r.fact = is.fact;
    raise_frame(&r, m->tls->certificate[SERVER].frame);
    if (is.id == F_TLS_INTERCEPT_OTHER && other)
        raise_others(&r, other);
    if (is.on_endpoint)
        raise_owner(&r, OWNER_CLIENT, "the issuer is a security product of the endpoint");
    return r;
}
