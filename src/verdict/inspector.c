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

/* What others were shown under the same name; NULL = nothing that could be compared. */
static const struct leaf *shown_to_others(const struct matter *m, const struct leaf *leaf)
{
    const struct leaves *all = m->seen->leaves;

    for (unsigned i = 0; i < all->n; i++) {
        const struct leaf *other = &all->leaf[i];
        if (other != leaf && other->name == leaf->name && leaf_issued_by_another(leaf, other) &&
            leaf_meets(leaf, other) && always_shown(m, leaf))
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

/* ---- a FortiGate that shows its own ---- */

enum { ENDPOINT_CONTROL = 8013 };

static bool shows_fortigate(const struct matter *m)
{
    const struct cert *leaf = m->tls ? visible_leaf(m) : NULL;
    return leaf && m->flow->port[SERVER] == ENDPOINT_CONTROL &&
           issuer_is_fortigate(cert_facts(leaf)->subject_cn);
}

/* By the configuration, or because the DNS gives this address for the name of an EMS. */
static bool should_be_ems(const struct matter *m)
{
    const struct profile *profile = m->scene->profile;
    const struct names *names = m->scene->names;
    const char *name = names ? names_of(names, &m->flow->address[SERVER]) : NULL;

    if (profile_is_ems_address(profile, &m->flow->address[SERVER]))
        return true;
    return (name && profile_names_ems(profile, name)) ||
           (m->name_lookup && profile_names_ems(profile, m->name_lookup->name));
}

bool inspector_is_reported_to(const struct matter *m)
{
    return shows_fortigate(m) && !should_be_ems(m);
}

static struct raised wrong_endpoint(const struct matter *m)
{
    struct raised r = raise_of(F_TLS_WRONG_ENDPOINT_FORTIGATE_8013);

    raise_frame(&r, m->name_lookup ? m->name_lookup->reply_frame : 0);
    raise_frame(&r, m->tls->certificate[SERVER].frame);
    return r;
}

bool inspector_replaces(const struct matter *m)
{
    enum finding_id id = inspector_of(m).id;
    return id && id != F_TLS_WRONG_ENDPOINT_FORTIGATE_8013;
}

/* The site says who issues the certificate of its EMS, and this one is by somebody else.  What an
 * EMS shows when it has no certificate is its own, and no inspection. */
static bool is_unexpected(const struct matter *m, const struct cert *cert)
{
    const char *expected = m->scene->profile ? m->scene->profile->site.issuer : "";
    const struct cert_facts *leaf = cert ? cert_facts(cert) : NULL;

    return expected[0] && leaf && leaf->parsed && leaf->issuer_cn[0] &&
           strcmp(leaf->issuer_cn, expected) != 0 && !issuer_is_ems(leaf->subject_cn) &&
           !issuer_is_fortigate(leaf->subject_cn) && should_be_ems(m);
}

struct raised inspector_of(const struct matter *m)
{
    if (shows_fortigate(m) && should_be_ems(m))
        return wrong_endpoint(m);
    const struct cert *cert = visible_leaf(m);
    struct inspection is = cert ? issuer_inspects(cert_facts(cert)) : (struct inspection){ 0 };
    bool compared = m->seen && leaves_compare(m->seen->leaves);
    const struct leaf *leaf = compared ? leaves_of(m->seen->leaves, m->flow) : NULL;
    const struct leaf *other = leaf ? shown_to_others(m, leaf) : NULL;

    if (other &&
        (is.id == F_TLS_INTERCEPT_OTHER || (is.id == F_NONE && is_the_false_one(leaf, other))))
        is = (struct inspection){ F_TLS_INTERCEPT_OTHER, PROBABLE, is.on_endpoint };
    if ((is.id == F_NONE || is.id == F_TLS_INTERCEPT_OTHER) && is_unexpected(m, cert))
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
