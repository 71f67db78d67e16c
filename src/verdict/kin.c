#include "verdict/kin.h"

const struct flow *kin_before(const struct matter *m)
{
    if (!m->scene->kin || !(m->flow->half[CLIENT].flags & HALF_SYN))
        return NULL;
    const struct flow *older = flow_older(m->scene->kin->flows, m->flow);
    bool ended = older && older->state >= TCP_CLOSING && older->state <= TCP_RESET;
    return ended && m->flow->first_ns - older->last_ns < SECONDS(1) ? older : NULL;
}

static bool between(uint32_t from, uint32_t n, uint32_t to)
{
    return !seq_before(n, from) && !seq_after(n, to);
}

/* Both numbers must fit: what the client sent first, and what it had of the server. */
static bool continues(const struct flow *f, const struct flow *old, uint32_t had)
{
    const struct half *client = &f->half[CLIENT];
    uint32_t first = client->next - (uint32_t)client->bytes;
    unsigned both = old->half[CLIENT].flags & old->half[SERVER].flags;

    return both & HALF_SEEN && both & HALF_ACKED && flow_is_tcp(old) &&
           old->port[SERVER] == f->port[SERVER] &&
           address_equal(&old->address[SERVER], &f->address[SERVER]) &&
           between(old->half[CLIENT].acked, first, old->half[CLIENT].next) &&
           between(old->half[SERVER].acked, had, old->half[SERVER].next);
}

const struct flow *kin_continued(const struct matter *m)
{
    const struct ending_packet *rst = &m->more->half[SERVER].rst;
    struct kin *kin = m->scene->kin;
    uint32_t cursor = 0;
    const struct flow *old;

    if (!kin || !m->midstream || !rst->frame || m->flow->half[SERVER].flags & HALF_DATA)
        return NULL;
    while (kin->visits < KIN_VISITS && (old = flows_next(kin->flows, &cursor)) != NULL) {
        kin->visits++;
        if (old != m->flow && old->first_frame < m->flow->first_frame &&
            continues(m->flow, old, rst->seq))
            return old;
    }
    return NULL;
}

/* A named address may be one that the client, for good reasons, does not take. */
static bool leads_there(const struct flow *f, const struct matter *m,
                        const struct rendezvous *place)
{
    return flow_is_tcp(f) && f->port[SERVER] == place->port && f->first_frame > place->at.frame &&
           address_equal(&f->address[CLIENT], &m->flow->address[CLIENT]) &&
           (address_equal(&f->address[SERVER], &m->flow->address[SERVER]) ||
            address_equal(&f->address[SERVER], &place->address));
}

const struct flow *kin_rendezvous(const struct matter *m, const struct rendezvous *place)
{
    struct kin *kin = m->scene->kin;
    uint32_t cursor = 0;
    const struct flow *f;

    while (kin && kin->visits < KIN_VISITS && (f = flows_next(kin->flows, &cursor)) != NULL) {
        kin->visits++;
        if (f != m->flow && leads_there(f, m, place))
            return f;
    }
    return NULL;
}
