/* fuzz_flow.c - packets built from the input through a small flow table, with what must always
 * hold.
 *
 * Sixteen octets make a packet: kind and side, flags, which of a few connections, numbers near to
 * or far from what was sent, length, window, time.  One kind of step makes many half-open flows, so
 * that the ceiling is reached. */
#include "flow/flow.h"
#include "flow/host.h"
#include "flow/ledger.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { STEP = 16, CEILING = 160 * 1024, FLOOD = 100 };

static const struct hash_seed seed = { 3, 5 };

struct desk {
    struct flows *flows;
    struct hosts *hosts;
    struct ledgers *ledgers;
    uint64_t frame;
    int64_t now_ns;
    uint32_t next[2];
    uint32_t flooded;
};

static uint32_t number(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void flow_check(const struct flow *flow, const struct packet *p, enum side from)
{
    if (p->kind != PACKET_ICMP) {
        assert(address_equal(&flow->address[from], &p->source));
        assert(flow->port[side_other(from)] == p->destination_port);
        assert(flow->half[from].flags & HALF_SEEN);
        assert(flow->last_frame == p->frame);
    }
    assert(flow->state < TCP_STATES);
    assert(tcp_state_name(flow->state));
    if (flow->more) {
        assert(flow->more->log.n <= LOG_MAX);
        assert(flow->more->longest_gap_ns >= 0 && flow->more->rtt_ns >= 0);
    }
}

/* Letters never outgrow their room, and a state is one of Zeek's. */
static void ledger_check(struct desk *d, const struct flow *flow)
{
    static const char states[] = "S0 S1 SF REJ S2 S3 RSTO RSTR RSTOS0 RSTRH SH SHR OTH";
    struct ledger l;
    if (!flow_is_tcp(flow))
        return;
    assert(ledger_of(d->ledgers, flow, &l));
    assert(strlen(l.letters) <= LEDGER_LETTERS + 1);
    assert(l.state[0] && strstr(states, l.state));
    assert(l.duration_ns >= 0);
}

static void table_check(struct desk *d)
{
    uint32_t cursor = 0;
    uint64_t n = 0, one_sided = 0;
    for (struct flow *flow; (flow = flows_next(d->flows, &cursor)) != NULL; n++)
        one_sided += flow_is_tcp(flow) && !flow_both_seen(flow);
    assert(n == flows_counts(d->flows)->open);
    assert(one_sided <= flows_counts(d->flows)->one_sided_tcp);
    assert(flows_memory(d->flows) <= CEILING);
}

static void expire(struct desk *d)
{
    for (struct flow *flow; (flow = flow_expired(d->flows)) != NULL;)
        flow_release(d->flows, flow);
}

static void packet_send(struct desk *d, struct packet *p)
{
    enum side from;
    p->frame = ++d->frame;
    p->time_ns = d->now_ns;
    if (p->kind == PACKET_TCP || p->kind == PACKET_UDP)
        packet_set_key(p, seed);
    flows_prefetch(d->flows, p, 1);
    struct flow *flow = flow_accept(d->flows, p, &from);
    if (!flow)
        return;
    flow_check(flow, p, from);
    if (p->kind == PACKET_TCP) {
        ledger_take(d->ledgers, flow, p, from, 14 + bytes_on_wire(&p->payload));
        ledger_check(d, flow);
    }
    if (host_wants(flow, p, from))
        host_note(d->hosts, flow, p, from);
}

static void ends_set(struct packet *p, uint8_t which, bool back)
{
    struct address low = address_v4((const uint8_t[4]){ 10, 0, 0, (uint8_t)(which & 3) });
    struct address high = address_v4((const uint8_t[4]){ 10, 0, 0, (uint8_t)(which >> 2 & 3) });
    p->source = back ? high : low;
    p->destination = back ? low : high;
    p->source_port = back ? 8013 : 1000;
    p->destination_port = back ? 1000 : 8013;
}

static void numbers_set(struct desk *d, struct packet *p, const uint8_t *step, bool back)
{
    static const uint8_t zeroes[4096];
    size_t length = (size_t)step[3] * (step[4] & 1 ? 16 : 1);
    p->seq = step[4] & 2 ? number(step + 8) : d->next[back] + (uint32_t)(int8_t)step[5];
    p->ack = step[4] & 4 ? number(step + 12) : d->next[!back] + (uint32_t)(int8_t)step[6];
    p->payload = bytes_of(zeroes, step[4] & 8 ? length / 2 : length, length);
    p->window = (uint16_t)(step[4] & 16 ? 0 : 512);
    p->header_cut = step[4] & 32;
    if (step[4] & 64) {
        p->options.n_sack = 1;
        p->options.sack_left[0] = p->ack + step[7];
        p->options.sack_right[0] = p->ack + step[7] + 100;
    }
    d->next[back] = p->seq + packet_segment_length(p);
}

static void quote_set(struct packet *p, const struct desk *d)
{
    p->kind = PACKET_ICMP;
    p->icmp_type = 3;
    p->icmp_code = (uint8_t)(p->seq & 15);
    p->quote = (struct quote){ .present = true,
                               .ip_protocol = 6,
                               .source = p->source,
                               .destination = p->destination,
                               .source_port = p->source_port,
                               .destination_port = p->destination_port,
                               .seq = d->next[0],
                               .seq_present = true };
}

static void flood(struct desk *d)
{
    for (unsigned i = 0; i < FLOOD; i++) {
        struct packet p = { .kind = PACKET_TCP, .ip_protocol = 6, .flags = TCP_SYN };
        p.payload = bytes_whole("", 0);
        p.source_port = (uint16_t)d->flooded++;
        p.destination_port = 443;
        packet_send(d, &p);
    }
}

static void step_take(struct desk *d, const uint8_t *step)
{
    struct packet p = { .kind = PACKET_TCP, .ip_protocol = 6, .ttl = step[7], .has_mac = true };
    bool back = step[0] & 1;
    d->now_ns = (int64_t)((uint64_t)d->now_ns + step[7] * (step[0] & 2 ? UINT64_C(10000000) : 1));
    if (step[0] == 255)
        memcpy(&d->now_ns, step + 8, sizeof d->now_ns);
    p.flags = step[1] & 0x3f;
    ends_set(&p, step[2], back);
    numbers_set(d, &p, step, back);
    if ((step[0] >> 2 & 15) == 1)
        quote_set(&p, d);
    else if ((step[0] >> 2 & 15) == 2)
        p.kind = PACKET_UDP, p.ip_protocol = 17;
    packet_send(d, &p);
    if ((step[0] >> 2 & 15) == 3)
        flood(d);
    if (step[0] & 0x80)
        expire(d);
}

/* As a session does when a hello comes from the wrong side. */
static void turn_all(struct desk *d)
{
    uint32_t cursor = 0;
    for (struct flow *flow; (flow = flows_next(d->flows, &cursor)) != NULL;)
        if (flow->role < ROLE_SYNACK)
            flow_swap_roles(flow, ROLE_HELLO);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint16_t ports[] = { 8013, 0 };
    struct flow_limits limits = { .memory_bytes = CEILING,
                                  .largest_step_ns = INT64_C(60000000000),
                                  .server_ports = ports };
    struct desk d = { .flows = flows_open(&limits, seed),
                      .hosts = hosts_open(8),
                      .ledgers = ledgers_open(),
                      .next = { 1, 9 } };
    if (!d.flows || !d.hosts || !d.ledgers)
        abort();
    for (size_t i = 0; i + STEP <= size && i < 200 * STEP; i += STEP) {
        step_take(&d, data + i);
        if (i == 50 * STEP)
            turn_all(&d);
    }
    table_check(&d);
    ledgers_close(d.ledgers);
    hosts_close(d.hosts);
    flows_close(d.flows);
    return 0;
}
