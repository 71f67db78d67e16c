#include "flow/table.h"

enum { ICMP_UNREACHABLE = 3, ICMP_FRAGMENTATION_NEEDED = 4, ICMP6_TOO_BIG = 2, OLDER_MOST = 4 };

/* A quoted number this far behind the newest may still be on its way back. */
enum { QUOTE_BEHIND = 1 << 24 };

static bool is_too_big(const struct packet *p)
{
    if (!address_is_ipv4(&p->source))
        return p->icmp_type == ICMP6_TOO_BIG;
    return p->icmp_type == ICMP_UNREACHABLE && p->icmp_code == ICMP_FRAGMENTATION_NEEDED;
}

/* Stale and forged errors quote numbers that this connection never used. */
static bool seq_is_plausible(const struct flow *flow, const struct quote *quote, enum side from)
{
    const struct half *half = &flow->half[from];
    if (!flow_is_tcp(flow))
        return true;
    if (!quote->seq_present || !(half->flags & HALF_SEEN))
        return false;
    uint32_t oldest = half->flags & HALF_SYN ? half->isn : half->next - QUOTE_BEHIND;
    if (half->next - oldest > QUOTE_BEHIND)
        oldest = half->next - QUOTE_BEHIND;
    return quote->seq - oldest <= half->next - oldest;
}

static struct flow *flow_quoted(struct flows *flows, const struct quote *quote, enum side *from)
{
    struct packet key = { .source = quote->source,
                          .destination = quote->destination,
                          .source_port = quote->source_port,
                          .destination_port = quote->destination_port,
                          .ip_protocol = quote->ip_protocol };
    struct tuple tuple = { &quote->source, &quote->destination, quote->source_port,
                           quote->destination_port, quote->ip_protocol };
    packet_set_key(&key, flows->seed);
    return flows_find(flows, key.flow_hash, &tuple, from);
}

/* An error about an earlier connection on the same ports may come after the next one began. */
static struct flow *flow_plausible(struct flows *flows, struct flow *newest,
                                   const struct quote *quote, enum side *from)
{
    enum side side = *from;
    struct flow *flow = newest;
    for (unsigned i = 0; flow && i < OLDER_MOST; i++) {
        side = address_equal(&flow->address[CLIENT], &quote->source) &&
                       flow->port[CLIENT] == quote->source_port
                   ? CLIENT
                   : SERVER;
        if (seq_is_plausible(flow, quote, side)) {
            *from = side;
            return flow;
        }
        flow = flow_older(flows, flow);
    }
    return newest;
}

static struct icmp_note note_of(const struct flow *flow, const struct packet *p, enum side from)
{
    return (struct icmp_note){ .frame = p->frame,
                               .time_ns = p->time_ns,
                               .sender = p->source,
                               .quoted_from = from,
                               .type = p->icmp_type,
                               .code = p->icmp_code,
                               .ttl = p->ttl,
                               .quoted_ttl = p->quote.ttl,
                               .seq_plausible = seq_is_plausible(flow, &p->quote, from),
                               .state_before = flow->state,
                               .mtu = p->icmp_mtu };
}

struct flow *icmp_join(struct flows *flows, const struct packet *packet, enum side *from)
{
    struct flow *flow = flow_quoted(flows, &packet->quote, from);
    if (!flow)
        return NULL;
    flow = flow_plausible(flows, flow, &packet->quote, from);
    struct flow_more *more = flow_more(flows, flow);
    if (!more)
        return flow;
    struct icmp_note *note = is_too_big(packet) ? &more->too_big : &more->icmp;
    more->n_icmp++;
    /* A plausible one is worth more than an earlier one that is not. */
    struct icmp_note found = note_of(flow, packet, *from);
    if (!note->frame || (found.seq_plausible && !note->seq_plausible))
        *note = found;
    struct event event = event_of(packet, EVENT_ICMP, *from);
    event.length = 0;
    event.detail = (uint16_t)(packet->icmp_type << 8 | packet->icmp_code);
    if (more->n_icmp <= 8)
        log_add(flows, flow, &event);
    return flow;
}
