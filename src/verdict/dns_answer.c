#include "verdict/dns_answer.h"

#include "base/text.h"
#include "verdict/raise.h"

#include <string.h>

/* ---- kinds of addresses */

enum realm {
    REALM_PUBLIC,
    REALM_10, /* RFC 1918 */
    REALM_172_16,
    REALM_192_168,
    REALM_SHARED,  /* RFC 6598, between a customer and its provider */
    REALM_LOCAL_6, /* RFC 4193 */
    REALM_OTHER,   /* loopback, link-local, multicast, none */
};

static enum realm realm_of(const struct address *a)
{
    const uint8_t *o = a->octet;

    if (address_is_loopback(a) || address_is_unspecified(a) || address_is_multicast_or_broadcast(a))
        return REALM_OTHER;
    if (!address_is_ipv4(a))
        return (o[0] & 0xfe) == 0xfc                   ? REALM_LOCAL_6
               : o[0] == 0xfe && (o[1] & 0xc0) == 0x80 ? REALM_OTHER
                                                       : REALM_PUBLIC;
    o += 12;
    if (o[0] == 10)
        return REALM_10;
    if (o[0] == 172 && (o[1] & 0xf0) == 16)
        return REALM_172_16;
    if (o[0] == 192 && o[1] == 168)
        return REALM_192_168;
    if (o[0] == 100 && (o[1] & 0xc0) == 64)
        return REALM_SHARED;
    return o[0] == 169 && o[1] == 254 ? REALM_OTHER : REALM_PUBLIC;
}

static bool is_inside(enum realm r)
{
    return r == REALM_10 || r == REALM_172_16 || r == REALM_192_168 || r == REALM_LOCAL_6;
}

/* Company networks route between 10/8 and 172.16/12; who has 192.168/16, a shared or a public
 * address sits at home or on the road, unless the answer is of the same kind. */
static bool is_outside(const struct address *client, const struct address *answer)
{
    enum realm from = realm_of(client), to = realm_of(answer);

    if (address_is_ipv4(client) != address_is_ipv4(answer) || !is_inside(to) || from == to)
        return false;
    return from == REALM_PUBLIC || from == REALM_SHARED || from == REALM_192_168;
}

/* RFC 6052: the well-known prefix of NAT64, before an IPv4 address. */
static bool nat64_embeds(const struct address *a, struct address *v4)
{
    static const uint8_t prefix[12] = { 0, 0x64, 0xff, 0x9b };
    if (memcmp(a->octet, prefix, sizeof prefix) != 0)
        return false;
    *v4 = address_v4(a->octet + 12);
    return true;
}

/* ---- lookups */

static const struct lookup *nth(const struct lookup *l, unsigned i, const struct address **out)
{
    if (i >= l->n_answers || i >= LOOKUP_ANSWERS)
        return NULL;
    *out = &l->answer[i];
    return l;
}

static bool contains(const struct lookup *l, const struct address *address)
{
    const struct address *answer;
    for (unsigned i = 0; nth(l, i, &answer); i++)
        if (address_equal(answer, address))
            return true;
    return false;
}

/* Attempts of this client to the addresses of the answer: none, some that got an answer, or some
 * and none that did. */
enum tried { TRIED_NOT, TRIED_IN_VAIN, TRIED_WELL };

static enum tried tried(const struct scene *scene, const struct lookup *l, uint64_t *frame)
{
    const struct address *answer;
    enum tried how = TRIED_NOT;

    for (unsigned i = 0; nth(l, i, &answer); i++) {
        const struct dealing *d = served_dealing(scene->served, &l->client, answer, 0);
        if (!d || d->last_ns < l->first_ns)
            continue;
        if (d->answered_frame)
            return TRIED_WELL;
        how = TRIED_IN_VAIN;
        *frame = d->first_frame;
    }
    return how;
}

static struct raised of_lookup(enum finding_id id, const struct lookup *l)
{
    struct raised r = raise_of(id);

    raise_frame(&r, l->frames[0]);
    raise_frame(&r, l->reply_frame);
    return r;
}

/* ---- the rules */

/* Does the profile name addresses of this family, and none of them is in the answer? */
static bool is_unexpected(const struct scene *scene, const struct lookup *l)
{
    const struct profile *p = scene->profile;
    const struct address *answer;
    struct address v4;
    bool family = false;

    for (size_t i = 0; i < p->n_ems_addresses; i++)
        family |= address_is_ipv4(&p->ems_address[i]) == (l->type == DNS_A);
    if (!family || !profile_names_ems(p, l->name))
        return false;
    for (unsigned i = 0; nth(l, i, &answer); i++)
        if (profile_is_ems_address(p, answer) ||
            (nat64_embeds(answer, &v4) && profile_is_ems_address(p, &v4)))
            return false;
    return l->n_answers == l->n_answers_all; /* or the expected one may be among the rest */
}

/* The same client asked another resolver, which knows other addresses only. */
static const struct lookup *contradiction(const struct scene *scene, const struct lookup *l)
{
    enum { LOOK_BACK = 64 };
    size_t n = names_lookups(scene->names), seen = 0;
    const struct address *answer;

    if (!profile_names_ems(scene->profile, l->name))
        return NULL;
    for (size_t i = n; i > 0 && seen < LOOK_BACK; i--) {
        const struct lookup *other = names_lookup(scene->names, i - 1);
        bool shared = false;
        if (other->first_ns >= l->first_ns)
            continue;
        seen++;
        if (other->type != l->type || !other->n_answers || strcmp(other->name, l->name) != 0 ||
            !address_equal(&other->client, &l->client) || address_equal(&other->server, &l->server))
            continue;
        for (unsigned k = 0; nth(l, k, &answer); k++)
            shared |= contains(other, answer);
        if (!shared)
            return other;
    }
    return NULL;
}

struct raised dns_judge_address(const struct scene *scene, const struct lookup *l)
{
    struct raised none = { .id = F_NONE };
    uint64_t frame = 0;
    enum tried how = tried(scene, l, &frame);
    const struct lookup *other = NULL;

    if (is_unexpected(scene, l) || (other = contradiction(scene, l)) != NULL) {
        struct raised r = of_lookup(F_DNS_UNEXPECTED_ADDRESS, l);
        if (how != TRIED_IN_VAIN)
            r.severity = SEVERITY_WARNING; /* rule R20: nothing failed */
        raise_frame(&r, frame);
        raise_frame(&r, other ? other->reply_frame : 0);
        r.cause = POSSIBLE;
        return r;
    }
    if (how != TRIED_IN_VAIN || !l->n_answers || !is_outside(&l->client, &l->answer[0]))
        return none;
    struct raised r = of_lookup(F_DNS_PRIVATE_FOR_PUBLIC, l);
    raise_frame(&r, frame);
    return r;
}

struct raised dns_judge_truncated(const struct scene *scene, const struct lookup *l)
{
    struct raised none = { .id = F_NONE };
    uint64_t frame = 0;
    const struct dealing *d = served_dealing(scene->served, &l->client, &l->server, 53);

    if (!l->truncated || l->tcp || !d || d->answered_frame || d->last_ns < l->first_ns ||
        tried(scene, l, &frame) == TRIED_WELL)
        return none;
    struct raised r = of_lookup(F_DNS_TRUNCATED_TCP_FAIL, l);
    raise_frame(&r, d->first_frame);
    return r;
}

/* "10.0.0.10.in-addr.arpa": the labels before the suffix, last first (RFC 1035 section 3.5). */
static void quad_reversed(const char *name, size_t n, struct text *out)
{
    while (n) {
        size_t start = n;
        while (start && name[start - 1] != '.')
            start--;
        text_add_n(out, name + start, n - start);
        text_add(out, start ? "." : "");
        n = start ? start - 1 : 0;
    }
}

/* 32 labels of one digit (RFC 3596 section 2.5). */
static void nibbles_reversed(const char *name, struct text *out)
{
    for (size_t i = 0; i < 32; i++) {
        text_add_n(out, name + 62 - 2 * i, 1);
        text_add(out, i % 4 == 3 && i < 31 ? ":" : "");
    }
}

static bool pointer_address(const char *name, struct address *out)
{
    static const char v4[] = ".in-addr.arpa", v6[] = ".ip6.arpa";
    char buffer[64];
    struct text t = text_of(buffer, sizeof buffer);
    size_t n = strlen(name);

    if (n >= sizeof v4 && strcmp(name + n - (sizeof v4 - 1), v4) == 0)
        quad_reversed(name, n - (sizeof v4 - 1), &t);
    else if (n == 63 + sizeof v6 - 1 && strcmp(name + 63, v6) == 0)
        nibbles_reversed(name, &t);
    return address_parse(buffer, out);
}

bool dns_asks_for_pointer(const struct scene *scene, const struct lookup *l)
{
    struct address a;
    const char *name;

    if (l->type != DNS_PTR || !pointer_address(l->name, &a))
        return false;
    name = names_of(scene->names, &a);
    return profile_is_ems_address(scene->profile, &a) ||
           (name && profile_names_ems(scene->profile, name));
}

struct raised dns_judge_pointer(const struct lookup *l)
{
    struct raised none = { .id = F_NONE };
    bool without = l->rcode == DNS_NXDOMAIN ||
                   (l->rcode == DNS_NOERROR && !l->n_answers_all && !l->cut && !l->truncated);

    return l->answered && without ? of_lookup(F_DNS_PTR_MISSING, l) : none;
}

/* ---- connections that do not follow the answer */

static bool dials_checkin(const struct matter *m, const struct lookup *l)
{
    return m->service && m->service->checkin && !m->tls &&
           profile_names_ems(m->scene->profile, l->name) &&
           m->flow->first_ns - l->reply_ns < SECONDS(30);
}

static bool is_disregarded(const struct matter *m, const struct lookup *l, const char *sni)
{
    const struct flow *flow = m->flow;

    return (l->type == DNS_A || l->type == DNS_AAAA) && l->answered && l->n_answers &&
           l->n_answers == l->n_answers_all && l->reply_ns <= flow->first_ns &&
           address_equal(&l->client, &flow->address[CLIENT]) &&
           (l->type == DNS_A) == address_is_ipv4(&flow->address[SERVER]) &&
           (sni[0] ? strcmp(l->name, sni) == 0 : dials_checkin(m, l));
}

const struct lookup *dns_disregarded(const struct matter *m)
{
    enum { LOOK_BACK = 256 };
    const struct names *names = m->scene->names;
    const struct address *server = &m->flow->address[SERVER];
    size_t n = names ? names_lookups(names) : 0;
    const char *sni = m->session ? m->session->server_name : "";

    /* Behind an upgrade or a CONNECT the name is not that of the peer. */
    if (!n || m->name_lookup || !(m->flow->half[CLIENT].flags & HALF_SYN) ||
        (m->session && m->session->tls_offset[CLIENT]) || names_from_dns(names, server) ||
        profile_is_ems_address(m->scene->profile, server))
        return NULL;
    for (size_t i = n, seen = 0; i > 0 && seen < LOOK_BACK; i--, seen++)
        if (is_disregarded(m, names_lookup(names, i - 1), sni))
            return names_lookup(names, i - 1);
    return NULL;
}
