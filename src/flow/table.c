#include "flow/table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { TCP = 6, UDP = 17, DNS_PORT = 53 };
enum { FIRST_SLOTS = 1024, LINE = 64, HUGE_PAGE = 1 << 21 };

#define CHUNK_BYTES (FLOW_CHUNK * sizeof(struct flow))

/* ---- memory ---- */

bool flows_may_take(const struct flows *flows, size_t n)
{
    size_t table = flows->table_bytes + n;
    return table <= flows->ceiling / 4 * 3 && table + pool_held(flows->pool) <= flows->ceiling;
}

static void table_bytes_set(struct flows *flows, size_t n)
{
    flows->table_bytes = n;
    size_t rest = flows->ceiling > n ? flows->ceiling - n : 0;
    size_t share = flows->ceiling / 4 * 3;
    pool_lower(flows->pool, rest < share ? rest : share);
}

size_t flows_memory(const struct flows *flows)
{
    return flows->counts.open * sizeof(struct flow) + flows->n_slots * sizeof(struct slot) +
           pool_used(flows->pool);
}

/* ---- index ---- */

static struct slot *slot_first(const struct flows *flows, uint32_t tag)
{
    return &flows->slots[tag & (flows->n_slots - 1)];
}

static struct slot *slot_after(const struct flows *flows, struct slot *slot)
{
    return ++slot == flows->slots + flows->n_slots ? flows->slots : slot;
}

static uint32_t tag_of(uint64_t hash) { return (uint32_t)(hash >> 32); }

static struct slot *slot_free(const struct flows *flows, uint32_t tag)
{
    struct slot *slot = slot_first(flows, tag);
    while (slot->id)
        slot = slot_after(flows, slot);
    return slot;
}

/* Large ones are visited as randomly as records are. */
static struct slot *slots_make(size_t n)
{
    size_t bytes = n * sizeof(struct slot);
    if (bytes < 2 * HUGE_PAGE)
        return calloc(n, sizeof(struct slot));
    struct slot *slots = aligned_alloc(HUGE_PAGE, bytes);
    if (!slots)
        return NULL;
    (void)madvise(slots, bytes, MADV_HUGEPAGE);
    return memset(slots, 0, bytes);
}

/* Twice the slots; false when the ceiling forbids both to exist for a moment. */
static bool index_grow(struct flows *flows)
{
    size_t old_bytes = flows->n_slots * sizeof(struct slot);
    if (!flows_may_take(flows, old_bytes * 2))
        return false;
    struct slot *old = flows->slots;
    uint32_t n_old = flows->n_slots;
    struct slot *slots = slots_make((size_t)n_old * 2);
    if (!slots)
        return false;
    flows->slots = slots;
    flows->n_slots = n_old * 2;
    for (uint32_t i = 0; i < n_old; i++)
        if (old[i].id)
            *slot_free(flows, old[i].tag) = old[i];
    free(old);
    table_bytes_set(flows, flows->table_bytes + old_bytes);
    return true;
}

/* Room for one more entry: at 9/16 it grows; when it must not, it fills up to 7/8. */
static bool index_reserve(struct flows *flows)
{
    uint64_t n = flows->n_used + 1;
    if (n * 16 <= (uint64_t)flows->n_slots * 9 || index_grow(flows))
        return true;
    return n * 8 <= (uint64_t)flows->n_slots * 7;
}

/* Entries behind a gap move up, unless that would put one before its place (Knuth 6.4, R). */
static void slot_remove(struct flows *flows, struct slot *gap)
{
    uint32_t mask = flows->n_slots - 1;
    for (struct slot *slot = slot_after(flows, gap); slot->id; slot = slot_after(flows, slot)) {
        uint32_t from_home = ((uint32_t)(slot - flows->slots) - slot->tag) & mask;
        uint32_t from_gap = (uint32_t)(slot - gap) & mask;
        if (from_home < from_gap)
            continue;
        *gap = *slot;
        gap = slot;
    }
    *gap = (struct slot){ 0 };
    flows->n_used--;
}

static bool end_is(const struct flow *f, enum side side, const struct address *address,
                   uint16_t port)
{
    return f->port[side] == port && address_equal(&f->address[side], address);
}

static bool flow_is_of(const struct flow *f, const struct tuple *t, enum side *from)
{
    if (f->protocol != t->protocol)
        return false;
    for (enum side side = CLIENT; side < SIDES; side++)
        if (end_is(f, side, t->source, t->source_port) &&
            end_is(f, side_other(side), t->destination, t->destination_port)) {
            *from = side;
            return true;
        }
    return false;
}

static struct slot *slot_find(const struct flows *flows, uint64_t hash, const struct tuple *tuple,
                              enum side *from)
{
    uint32_t tag = tag_of(hash);
    struct slot *slot = slot_first(flows, tag);
    for (; slot->id; slot = slot_after(flows, slot))
        if (slot->tag == tag && flow_is_of(flow_at(flows, slot->id - 1), tuple, from))
            return slot;
    return NULL;
}

struct flow *flows_find(const struct flows *flows, uint64_t hash, const struct tuple *tuple,
                        enum side *from)
{
    struct slot *slot = slot_find(flows, hash, tuple, from);
    return slot ? flow_at(flows, slot->id - 1) : NULL;
}

static struct slot *slot_of_flow(const struct flows *flows, const struct flow *flow)
{
    struct slot *slot = slot_first(flows, tag_of(flow->hash));
    while (slot->id && slot->id != flow->self + 1)
        slot = slot_after(flows, slot);
    return slot->id ? slot : NULL;
}

/* ---- records ---- */

static bool chunk_add(struct flows *flows)
{
    if (flows->n_chunks == flows->chunk_room) {
        size_t room = flows->chunk_room ? flows->chunk_room * 2 : 16;
        struct flow **chunks = realloc(flows->chunks, room * sizeof(struct flow *));
        if (!chunks)
            return false;
        flows->chunks = chunks;
        flows->chunk_room = room;
    }
    struct flow *chunk = aligned_alloc(HUGE_PAGE, CHUNK_BYTES);
    if (!chunk)
        return false;
    /* Flows are visited at random: with small pages the address translation alone would cost as
     * much as the record.  Small captures stay in the first chunk and touch what they need. */
    if (flows->n_chunks)
        (void)madvise(chunk, CHUNK_BYTES, MADV_HUGEPAGE);
    flows->chunks[flows->n_chunks++] = chunk;
    return true;
}

/* A record that was never used; the machine hands out its pages only now. */
static bool record_reserve(struct flows *flows)
{
    size_t portion = FLOW_CHARGED * sizeof(struct flow);
    if (flows->n_records > UINT32_MAX - 2 * FLOW_CHUNK)
        return false;
    if (flows->n_records % FLOW_CHARGED == 0 && !flows_may_take(flows, portion))
        return false;
    if (flows->n_records == flows->n_chunks * FLOW_CHUNK && !chunk_add(flows))
        return false;
    if (flows->n_records % FLOW_CHARGED == 0)
        table_bytes_set(flows, flows->table_bytes + portion);
    return true;
}

/* A zeroed record with its number; NULL when there is no room. */
static struct flow *record_take(struct flows *flows)
{
    uint32_t id = flows->n_records;
    if (flows->free_id) {
        id = flows->free_id - 1;
        flows->free_id = flow_at(flows, id)->older;
    } else {
        if (!record_reserve(flows))
            return NULL;
        flows->n_records++;
    }
    struct flow *flow = flow_at(flows, id);
    *flow = (struct flow){ .self = id };
    return flow;
}

static void record_give_back(struct flows *flows, struct flow *flow)
{
    flow->protocol = 0;
    flow->more = NULL;
    flow->older = flows->free_id;
    flows->free_id = flow->self + 1;
}

/* ---- making flows ---- */

static bool is_server_port(const struct flows *flows, uint16_t port)
{
    const uint16_t *known = flows->server_ports;
    while (known && *known && *known != port)
        known++;
    return known && *known;
}

/* Who of the two is the client, when no SYN says so: the port does. */
static enum side sender_by_port(const struct flows *flows, const struct packet *p,
                                enum role_source *role)
{
    bool udp = p->kind == PACKET_UDP;
    bool source_known =
        is_server_port(flows, p->source_port) || (udp && p->source_port == DNS_PORT);
    bool destination_known =
        is_server_port(flows, p->destination_port) || (udp && p->destination_port == DNS_PORT);
    *role = ROLE_PORT;
    if (source_known != destination_known) {
        *role = ROLE_PROFILE;
        return source_known ? SERVER : CLIENT;
    }
    return !udp && p->source_port < p->destination_port ? SERVER : CLIENT;
}

static enum side sender_role(const struct flows *flows, const struct packet *p,
                             enum role_source *role)
{
    if (p->kind == PACKET_TCP && (p->flags & (TCP_SYN | TCP_RST)) == TCP_SYN) {
        bool answers = p->flags & TCP_ACK;
        *role = answers ? ROLE_SYNACK : ROLE_SYN;
        return answers ? SERVER : CLIENT;
    }
    return sender_by_port(flows, p, role);
}

static void flow_begin(struct flows *flows, struct flow *flow, const struct packet *p,
                       enum side from)
{
    flow->address[from] = p->source;
    flow->address[side_other(from)] = p->destination;
    flow->port[from] = p->source_port;
    flow->port[side_other(from)] = p->destination_port;
    flow->protocol = p->kind == PACKET_TCP ? TCP : UDP;
    flow->hash = p->flow_hash;
    flow->first_ns = flow->last_ns = p->time_ns;
    flow->first_frame = p->frame;
    flow->vlan = p->vlan;
    flow->interface = (uint16_t)p->interface;
    flows->counts.made++;
    flows->counts.open++;
    if (flow->protocol == TCP) {
        flows->counts.one_sided_tcp++;
        flows->counts.with_syn += flow->role >= ROLE_SYNACK;
        flows->counts.midstream += flow->role < ROLE_SYNACK;
    }
}

static struct flow *flow_make(struct flows *flows, const struct packet *p, struct slot *taken,
                              enum side *from)
{
    struct flow *flow = (taken || index_reserve(flows)) ? record_take(flows) : NULL;
    if (!flow) {
        flows->counts.refused++;
        return NULL;
    }
    enum role_source role;
    *from = sender_role(flows, p, &role);
    flow->role = (uint8_t)role;
    flow_begin(flows, flow, p, *from);
    if (taken) {
        flow->older = taken->id;
        flow_at(flows, taken->id - 1)->flags |= FLOW_SUCCEEDED;
        taken->id = flow->self + 1;
    } else {
        *slot_free(flows, tag_of(p->flow_hash)) =
            (struct slot){ tag_of(p->flow_hash), flow->self + 1 };
        flows->n_used++;
    }
    return flow;
}

/* ---- the clock ---- */

/* A step back of more than this is the capture's clock, not the order of two interfaces; a step
 * ahead of more than that is no pause in the traffic. */
#define STEP_BACK_NS  INT64_C(1000000000)
#define STEP_AHEAD_NS (INT64_C(12) * 3600 * 1000000000)

/* a - b, at the ends of the range where it does not fit. */
static int64_t time_between(int64_t a, int64_t b)
{
    int64_t step;
    if (__builtin_sub_overflow(a, b, &step))
        return a < b ? INT64_MIN : INT64_MAX;
    return step;
}

static void age_note(struct flows *flows)
{
    const int64_t step_ns = AGE_STEP_S * INT64_C(1000000000);
    int64_t step = flows->now_ns / step_ns;
    for (int64_t i = 0; flows->age_step < step && i < AGE_STEPS; i++) {
        flows->age_step = i + 1 < AGE_STEPS ? flows->age_step + 1 : step;
        flows->age_frame[flows->age_step % AGE_STEPS] = flows->counts.last_frame;
    }
    flows->age_next_ns = (flows->age_step + 1) * step_ns;
}

static void clock_advance(struct flows *flows, int64_t step_ns)
{
    flows->now_ns += step_ns;
    if (flows->now_ns >= flows->age_next_ns)
        age_note(flows);
}

static void clock_jump_note(struct flow_counts *counts, int64_t step, uint64_t frame)
{
    counts->backward_steps += step < 0;
    counts->forward_jumps += step > 0;
    counts->first_jump_frame = counts->first_jump_frame ? counts->first_jump_frame : frame;
}

static void clock_break_note(struct flow_counts *counts, const struct packet *p, int64_t raw_ns,
                             int64_t before_ns)
{
    if (counts->n_breaks < CLOCK_BREAKS)
        counts->breaks[counts->n_breaks] =
            (struct clock_break){ p->frame, before_ns, before_ns < raw_ns };
    counts->n_breaks += counts->n_breaks < UINT32_MAX;
}

static uint64_t usual_step(const struct flows *flows)
{
    int64_t most = flows->largest_step_ns < STEP_BACK_NS ? flows->largest_step_ns : STEP_BACK_NS;
    return most > 0 ? (uint64_t)most : 0;
}

/* A step that is none of the usual ones: the first, back, or far ahead. */
static __attribute__((noinline)) void clock_odd_step(struct flows *flows, const struct packet *p)
{
    struct flow_counts *counts = &flows->counts;
    if (!flows->clock_set) {
        counts->first_ns = flows->raw_ns = p->time_ns;
        flows->clock_set = true;
    }
    flows->usual_step_ns = usual_step(flows);
    int64_t step = time_between(p->time_ns, flows->raw_ns);
    if (step < -STEP_AHEAD_NS || step > STEP_AHEAD_NS || flows->unwatched)
        clock_break_note(counts, p, flows->raw_ns,
                         flows->unwatched && flows->unwatched_ns < flows->raw_ns
                             ? flows->unwatched_ns
                             : flows->raw_ns);
    flows->raw_ns = p->time_ns;
    flows->unwatched = false;
    if (step < -STEP_BACK_NS || step > STEP_AHEAD_NS)
        clock_jump_note(counts, step, p->frame);
    if (step > 0)
        clock_advance(flows, step < flows->largest_step_ns ? step : flows->largest_step_ns);
}

static inline void clock_step(struct flows *flows, const struct packet *p)
{
    int64_t step;
    flows->counts.last_frame = p->frame;
    flows->counts.last_ns = p->time_ns;
    bool fits = !__builtin_sub_overflow(p->time_ns, flows->raw_ns, &step);
    if (!fits || (uint64_t)step >= flows->usual_step_ns) {
        clock_odd_step(flows, p);
        return;
    }
    flows->raw_ns = p->time_ns;
    clock_advance(flows, step);
}

/* ---- packets ---- */

static struct tuple tuple_of(const struct packet *p)
{
    return (struct tuple){ .source = &p->source,
                           .destination = &p->destination,
                           .source_port = p->source_port,
                           .destination_port = p->destination_port,
                           .protocol = p->kind == PACKET_TCP ? TCP : UDP };
}

static void udp_take(struct flow *flow, const struct packet *p, enum side from)
{
    struct half *half = &flow->half[from];
    if (!(half->flags & HALF_SEEN))
        half->ttl = p->ttl;
    half->flags |= HALF_SEEN | (bytes_on_wire(&p->payload) ? HALF_DATA : 0);
    half->bytes += bytes_on_wire(&p->payload);
    half->packets++;
}

static inline bool is_sent_by(const struct flow *f, enum side side, const struct packet *p)
{
    enum side other = side_other(side);
    return f->port[side] == p->source_port && f->port[other] == p->destination_port &&
           address_equal(&f->address[side], &p->source) &&
           address_equal(&f->address[other], &p->destination);
}

/* Is the flow that the batch met still there, and still the newest of the packet's ends? */
static inline bool met_stands(const struct flow *met, const struct packet *p, enum side *from)
{
    if (!met || met->flags & FLOW_SUCCEEDED || met->protocol != (p->kind == PACKET_TCP ? TCP : UDP))
        return false;
    *from = is_sent_by(met, CLIENT, p) ? CLIENT : SERVER;
    return *from == CLIENT || is_sent_by(met, SERVER, p);
}

/* For what the batch did not meet: the flow may have been made by a packet of the same batch. */
static __attribute__((noinline)) struct flow *flow_missed(const struct flows *flows,
                                                          const struct packet *p, enum side *from)
{
    struct tuple tuple = tuple_of(p);
    return flows_find(flows, p->flow_hash, &tuple, from);
}

static void flow_update(struct flow *flow, const struct packet *p)
{
    flow->last_ns = p->time_ns;
    flow->last_frame = p->frame;
}

static struct flow *udp_accept(struct flows *flows, const struct packet *p, struct flow *met,
                               enum side *from)
{
    struct flow *flow = met_stands(met, p, from) ? met : flow_missed(flows, p, from);
    flows->counts.udp_packets++;
    if (!flow)
        flow = flow_make(flows, p, NULL, from);
    if (!flow)
        return NULL;
    udp_take(flow, p, *from);
    flow_update(flow, p);
    return flow;
}

/* The long way, for a packet of `flow`; NULL when it begins one. */
static __attribute__((noinline)) struct flow *tcp_accept_slowly(struct flows *flows,
                                                                const struct packet *p,
                                                                struct flow *flow, enum side *from)
{
    if (!flow)
        flow = flow_make(flows, p, NULL, from);
    else if (handshake_begins_another(flow, p, *from))
        flow = flow_make(flows, p, slot_of_flow(flows, flow), from);
    if (!flow)
        return NULL;
    *from = handshake_take(flows, flow, p, *from);
    flow_update(flow, p);
    return flow;
}

static inline struct flow *tcp_accept(struct flows *flows, const struct packet *p, struct flow *met,
                                      enum side *from)
{
    flows->counts.tcp_packets++;
    struct flow *flow = met_stands(met, p, from) ? met : flow_missed(flows, p, from);
    if (!flow || !steady_take(flows, flow, p, *from))
        return tcp_accept_slowly(flows, p, flow, from);
    flow_update(flow, p);
    return flow;
}

struct flow *flow_accept_met(struct flows *flows, const struct packet *packet, struct flow *met,
                             enum side *from)
{
    *from = CLIENT;
    clock_step(flows, packet);
    if (packet->kind == PACKET_TCP)
        return tcp_accept(flows, packet, met, from);
    switch (packet->kind) {
    case PACKET_UDP:
        return udp_accept(flows, packet, met, from);
    case PACKET_ICMP:
        flows->counts.other_packets++;
        return packet->quote.present ? icmp_join(flows, packet, from) : NULL;
    default:
        flows->counts.other_packets++;
        return NULL;
    }
}

struct flow *flow_accept(struct flows *flows, const struct packet *packet, enum side *from)
{
    return flow_accept_met(flows, packet, NULL, from);
}

static inline bool has_key(const struct packet *p)
{
    return p->kind == PACKET_TCP || p->kind == PACKET_UDP;
}

static inline struct flow *flow_by_tag(const struct flows *flows, const struct packet *p)
{
    uint32_t tag = tag_of(p->flow_hash);
    const struct slot *slot = slot_first(flows, tag);
    while (slot->id && slot->tag != tag)
        slot = slot_after(flows, (struct slot *)slot);
    return slot->id && has_key(p) ? flow_at(flows, slot->id - 1) : NULL;
}

static inline void prefetch_line(const void *p) { __builtin_prefetch(p, 1); }

static inline void prefetch_record(const struct flow *flow)
{
    prefetch_line(flow);
    prefetch_line(&flow->half);
    prefetch_line(&flow->first_ns);
}

struct flow *flows_met(const struct flows *flows, size_t i) { return flows->met[i]; }

static void prefetch_lines(const void *p, size_t n)
{
    for (size_t i = 0; i < n; i += LINE)
        prefetch_line((const char *)p + i);
}

void flow_prefetch(const struct flow *flow) { prefetch_lines(flow, sizeof *flow); }

void flow_prefetch_more(const struct flow *flow)
{
    if (flow_in_use(flow) && flow->more)
        prefetch_lines(flow->more, sizeof *flow->more);
}

/* What a packet of this sender will touch beyond the record. */
static void prefetch_rest(const struct flow *flow, const struct packet *p)
{
    enum { SESSION_LINES = 4 }; /* what the session needs for every packet comes first in it */
    enum side from = p->source_port == flow->port[CLIENT] ? CLIENT : SERVER;
    if (!flow->more)
        return;
    prefetch_line(flow->more);
    if (p->payload.left) {
        prefetch_line(&flow->more->half[from]);
        if (flow->session)
            prefetch_lines(flow->session, SESSION_LINES * LINE);
    }
}

/* Three rounds, so that each finds in the cache what the one before asked for. */
void flows_prefetch(struct flows *flows, const struct packet *packets, size_t n)
{
    struct flow **found = flows->met;
    assert(n <= PACKET_BATCH);
    for (size_t i = 0; i < n; i++)
        prefetch_line(slot_first(flows, tag_of(packets[i].flow_hash)));
    for (size_t i = 0; i < n; i++) {
        found[i] = flow_by_tag(flows, &packets[i]);
        if (found[i])
            prefetch_record(found[i]);
    }
    for (size_t i = 0; i < n; i++)
        if (found[i])
            prefetch_rest(found[i], &packets[i]);
}

/* ---- the cold part ---- */

struct flow_more *flow_more(struct flows *flows, struct flow *flow)
{
    if (flow->more)
        return flow->more;
    /* The arena aligns to 16 octets, what every packet touches should lie in one line. */
    uint8_t *room = arena_zalloc(&flow->arena, flows->pool, sizeof(struct flow_more) + LINE - 16);
    if (!room) {
        flow->flags |= FLOW_NO_MEMORY;
        return NULL;
    }
    struct flow_more *more = (void *)(room + (-(uintptr_t)room & (LINE - 1)));
    flow->more = more;
    if (flow_is_tcp(flow) && flow->half[CLIENT].flags & HALF_SYN && !flow->half[SERVER].flags) {
        handshake_recall_syn(flow, more);
        log_add(flows, flow, &more->half[CLIENT].first_syn);
        syn_again_replay(flows, flow);
    }
    return more;
}

static void event_turn(struct event *event)
{
    if (event->frame)
        event->from = (uint8_t)side_other((enum side)event->from);
}

static void half_turn(struct half_more *half)
{
    struct event *events[] = { &half->first_syn,  &half->last_syn,  &half->first_data,
                               &half->last_data,  &half->unseen,    &half->again_first,
                               &half->again_last, &half->sack_hole, &half->zero_window };
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
        event_turn(events[i]);
}

static void icmp_turn(struct icmp_note *note)
{
    if (note->frame)
        note->quoted_from = side_other(note->quoted_from);
}

static void more_turn(struct flow_more *more)
{
    struct half_more half = more->half[CLIENT];
    more->half[CLIENT] = more->half[SERVER];
    more->half[SERVER] = half;
    uint16_t mss = more->mss[CLIENT];
    more->mss[CLIENT] = more->mss[SERVER];
    more->mss[SERVER] = mss;
    struct passed_on passed = more->passed_on[CLIENT];
    more->passed_on[CLIENT] = more->passed_on[SERVER];
    more->passed_on[SERVER] = passed;
    bool all_acked = more->all_acked[CLIENT];
    more->all_acked[CLIENT] = more->all_acked[SERVER];
    more->all_acked[SERVER] = all_acked;
    half_turn(&more->half[CLIENT]);
    half_turn(&more->half[SERVER]);
    event_turn(&more->established);
    event_turn(&more->ack_instead);
    event_turn(&more->synack_bad);
    event_turn(&more->longest_gap);
    event_turn(&more->progress);
    icmp_turn(&more->icmp);
    icmp_turn(&more->too_big);
    for (size_t i = 0; i < more->log.n; i++)
        event_turn(&more->log.event[i]);
}

void flow_note_copy(struct flow *flow, const struct packet *p)
{
    enum side from = CLIENT;
    uint32_t length = (uint32_t)bytes_on_wire(&p->payload);

    if (!flow || p->kind != PACKET_TCP || !met_stands(flow, p, &from) || !flow->more)
        return;
    if (p->ttl == flow->half[from].ttl)
        return; /* of a mirror: it has not passed a router */
    struct passed_on *passed = &flow->more->passed_on[from];
    if (length && (!passed->largest || seq_after(p->seq + length, passed->next)))
        passed->next = p->seq + length;
    passed->largest = length > passed->largest ? length : passed->largest;
    passed->frame = p->frame;
}

void flow_swap_roles(struct flow *flow, enum role_source why)
{
    struct address address = flow->address[CLIENT];
    flow->address[CLIENT] = flow->address[SERVER];
    flow->address[SERVER] = address;
    uint16_t port = flow->port[CLIENT];
    flow->port[CLIENT] = flow->port[SERVER];
    flow->port[SERVER] = port;
    struct half half = flow->half[CLIENT];
    flow->half[CLIENT] = flow->half[SERVER];
    flow->half[SERVER] = half;
    flow->role = (uint8_t)why;
    if (flow->more)
        more_turn(flow->more);
}

/* ---- the table ---- */

static bool flows_begin(struct flows *flows)
{
    flows->pool = pool_open(0);
    flows->slots = calloc(FIRST_SLOTS, sizeof(struct slot));
    flows->n_slots = FIRST_SLOTS;
    flows->age_next_ns = AGE_STEP_S * INT64_C(1000000000);
    if (!flows->pool || !flows->slots)
        return false;
    table_bytes_set(flows, FIRST_SLOTS * sizeof(struct slot));
    return true;
}

struct flows *flows_open(const struct flow_limits *limits, struct hash_seed seed)
{
    struct flows *flows = calloc(1, sizeof *flows);
    if (!flows)
        return NULL;
    flows->ceiling = limits->memory_bytes;
    flows->largest_step_ns = limits->largest_step_ns;
    flows->server_ports = limits->server_ports;
    flows->seed = seed;
    if (flows_begin(flows))
        return flows;
    flows_close(flows);
    return NULL;
}

void flows_close(struct flows *flows)
{
    if (!flows)
        return;
    for (size_t i = 0; i < flows->n_chunks; i++)
        free(flows->chunks[i]);
    free(flows->chunks);
    free(flows->slots);
    pool_close(flows->pool);
    free(flows);
}

void flows_close_index(struct flows *flows)
{
    struct slot *none = calloc(FIRST_SLOTS, sizeof(struct slot));
    if (!none)
        return;
    free(flows->slots);
    flows->slots = none;
    flows->n_slots = FIRST_SLOTS;
    flows->n_used = 0;
}

static bool chunk_has_pinned(const struct flows *flows, uint32_t at)
{
    for (uint32_t i = at; i < flows->n_records && i - at < FLOW_CHUNK; i++)
        if (flow_in_use(flow_at(flows, i)) && flow_at(flows, i)->flags & FLOW_PINNED)
            return true;
    return false;
}

/* Without pages a record is zero, which is one that is not in use. */
void flows_forget(struct flows *flows)
{
    flows->free_id = 0;
    for (size_t i = 0; i < flows->n_chunks; i++)
        if (!chunk_has_pinned(flows, (uint32_t)(i * FLOW_CHUNK)))
            (void)madvise(flows->chunks[i], CHUNK_BYTES, MADV_DONTNEED);
}

struct pool *flows_pool(struct flows *flows) { return flows->pool; }
void flows_break(struct flows *flows, int64_t since_ns)
{
    flows->unwatched = true;
    flows->unwatched_ns = since_ns;
    flows->usual_step_ns = 0; /* whatever the step: the next one is looked at */
}

const struct flow_counts *flows_counts(const struct flows *flows) { return &flows->counts; }

void flow_release(struct flows *flows, struct flow *flow)
{
    struct slot *slot = slot_of_flow(flows, flow);
    if (slot)
        slot_remove(flows, slot);
    arena_release(&flow->arena, flows->pool);
    record_give_back(flows, flow);
    flows->counts.open--;
}

struct flow *flow_older(struct flows *flows, const struct flow *flow)
{
    if (!flow->older)
        return NULL;
    struct flow *older = flow_at(flows, flow->older - 1);
    struct tuple tuple = { &flow->address[CLIENT], &flow->address[SERVER], flow->port[CLIENT],
                           flow->port[SERVER], flow->protocol };
    enum side from;
    /* The record may have been used again since. */
    bool same = flow_in_use(older) && older->flags & FLOW_SUCCEEDED && older->self != flow->self &&
                older->first_frame <= flow->first_frame && flow_is_of(older, &tuple, &from);
    return same ? older : NULL;
}

struct flow *flows_next(struct flows *flows, uint32_t *cursor)
{
    while (*cursor < flows->n_records) {
        struct flow *flow = flow_at(flows, (*cursor)++);
        if (flow_in_use(flow))
            return flow;
    }
    return NULL;
}
