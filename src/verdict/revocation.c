#include "verdict/revocation.h"

#include "verdict/dns.h"

static const int64_t checking_ns = SECONDS(30);
static const int64_t silence_ns = SECONDS(3);

/* While the certificate is being judged. */
struct span {
    int64_t from_ns, until_ns;
};

static struct span span_of(const struct matter *m)
{
    enum side side = CLIENT;
    const struct ending_packet *close = matter_close(m, &side);
    struct span span = { .from_ns = m->tls->certificate[SERVER].time_ns };

    span.until_ns = close ? close->time_ns : m->now_ns;
    if (span.until_ns - span.from_ns > checking_ns)
        span.until_ns = span.from_ns + checking_ns;
    return span;
}

/* A refusal, or an ICMP error, needs no waiting. */
static bool is_over(const struct matter *m, const struct dealing *d)
{
    return d->attempts > d->unanswered || m->now_ns - d->first_ns >= silence_ns;
}

/* Dialled in that time, and never answered, then or at any other time. */
static const struct dealing *dialled_in_vain(const struct matter *m, const struct address *address,
                                             struct span span)
{
    const struct dealing *d =
        served_dealing(m->scene->served, &m->flow->address[CLIENT], address, 0);

    return d && !d->answered_frame && d->first_ns >= span.from_ns && d->first_ns <= span.until_ns &&
                   is_over(m, d)
               ? d
               : NULL;
}

/* One address that answers is enough for the client. */
static const struct dealing *unreachable(const struct matter *m, const struct lookup *l,
                                         struct span span)
{
    const struct dealing *first = NULL;

    for (unsigned i = 0; i < l->n_answers && i < LOOKUP_ANSWERS; i++) {
        const struct dealing *all =
            served_dealing(m->scene->served, &m->flow->address[CLIENT], &l->answer[i], 0);
        if (all && all->answered_frame)
            return NULL;
        if (!first)
            first = dialled_in_vain(m, &l->answer[i], span);
    }
    return first;
}

static struct raised raise_lookup(const struct lookup *l)
{
    struct raised r = raise_of(F_TLS_CERT_REVOCATION_UNREACHABLE);

    for (unsigned i = 0; i < l->tries && i < LOOKUP_FRAMES; i++)
        raise_frame(&r, l->frames[i]);
    raise_frame(&r, l->reply_frame);
    raise_owner(&r, OWNER_DNS, "the name of the revocation server is not resolved");
    return r;
}

static struct raised raise_dialling(const struct lookup *l, const struct dealing *d)
{
    struct raised r = raise_of(F_TLS_CERT_REVOCATION_UNREACHABLE);

    raise_frame(&r, l->reply_frame);
    raise_frame(&r, d->first_frame);
    return r;
}

static struct raised host_of(const struct matter *m, const char *host, struct span span)
{
    const struct names *names = m->scene->names;
    const struct address *client = &m->flow->address[CLIENT];
    struct raised failed = raise_of(F_NONE);
    size_t i = 0;

    for (const struct lookup *l;
         (l = dns_lookup_of(names, client, host, span.from_ns, span.until_ns, &i)) != NULL;) {
        const struct dealing *d = unreachable(m, l, span);
        if (d)
            return raise_dialling(l, d);
        if (dns_failed(m->scene, l))
            failed = raise_lookup(l);
    }
    return failed;
}

/* Most certificates of an own authority name nobody who could be asked. */
static bool names_servers(const struct session *s)
{
    for (unsigned i = 0; i < s->n_chain[SERVER]; i++)
        if (cert_facts(s->chain[SERVER][i])->n_revocation)
            return true;
    return false;
}

struct raised revocation_of(const struct matter *m)
{
    const struct session *s = m->session;
    struct raised r = raise_of(F_NONE);

    if (!m->scene->names || !m->tls->certificate[SERVER].frame || !flow_both_seen(m->flow) ||
        !names_servers(s))
        return r;
    struct span span = span_of(m);
    for (unsigned i = 0; i < s->n_chain[SERVER]; i++) {
        const struct cert_facts *facts = cert_facts(s->chain[SERVER][i]);
        for (unsigned k = 0; k < facts->n_revocation && r.id == F_NONE; k++)
            r = host_of(m, facts->revocation[k], span);
    }
    if (r.id != F_NONE)
        raise_frame(&r, m->tls->certificate[SERVER].frame);
    return r;
}
