/* table.h - inside the flow layer: records, index and clock, shared by its files and nobody else.
 *
 * Records lie in chunks and never move; a number (uint32_t) names one.  The index is an open hash
 * table of {tag, number + 1}: half the hash decides both the place and, compared whole, that a
 * record is worth looking at, so that growing and removing touch no record.
 * Memory: records and index together may have three quarters of the ceiling, and so may the arenas;
 * all together the ceiling. */
#pragma once

#include "flow/flow.h"

struct slot {
    uint32_t tag; /* upper half of the hash */
    uint32_t id;  /* of the newest flow of these addresses and ports, + 1; 0 = free */
};

enum { FLOW_CHUNK_SHIFT = 15, FLOW_CHUNK = 1 << FLOW_CHUNK_SHIFT }; /* 6 MiB: three huge pages */
enum { FLOW_CHARGED = 64 }; /* records are charged to the ceiling in such portions */

/* Frame numbers of the last ten minutes of the table's clock, to tell for how long a flow was idle
 * from its last frame alone. */
enum { AGE_STEP_S = 10, AGE_STEPS = 60 };

struct flows {
    struct slot *slots;
    uint32_t n_slots, n_used;
    uint32_t n_records; /* in chunks that were ever used */
    uint32_t free_id;   /* of a record given back, + 1; chained by `older` */
    struct flow **chunks;
    size_t n_chunks, chunk_room;
    struct pool *pool;
    struct hash_seed seed;
    size_t ceiling, table_bytes;
    const uint16_t *server_ports;
    struct flow_counts counts;
    bool clock_set;
    bool unwatched;       /* not all was watched before the packet that comes next, */
    int64_t unwatched_ns; /* since then */
    int64_t largest_step_ns;
    uint64_t usual_step_ns;         /* the clock moves on by less; 0 before the first packet */
    int64_t raw_ns;                 /* of the newest packet, as the capture claims */
    int64_t now_ns;                 /* the table's own clock: begins at 0, never goes back */
    uint32_t hand;                  /* where flow_expired looks next */
    int64_t age_step;               /* newest step of the clock that age_frame knows */
    int64_t age_next_ns;            /* when the next one begins */
    uint64_t age_frame[AGE_STEPS];  /* the newest frame when step i (mod AGE_STEPS) began */
    struct flow *met[PACKET_BATCH]; /* by flows_prefetch */
    struct flow_more scratch;       /* for flows that the arena has no room for */
};

/* Who talks to whom, as a packet (or the quote of one) says it. */
struct tuple {
    const struct address *source, *destination;
    uint16_t source_port, destination_port;
    uint8_t protocol;
};

static inline struct flow *flow_at(const struct flows *flows, uint32_t id)
{
    return &flows->chunks[id >> FLOW_CHUNK_SHIFT][id & (FLOW_CHUNK - 1)];
}

static inline bool flow_in_use(const struct flow *f) { return f->protocol != 0; }

/* The newest flow of a tuple; NULL when there is none.  *from is the side of its source. */
struct flow *flows_find(const struct flows *flows, uint64_t hash, const struct tuple *tuple,
                        enum side *from);

/* Could n more octets be taken for records or index? */
bool flows_may_take(const struct flows *flows, size_t n);

/* icmp.c: joins an ICMP error to the flow it quotes; NULL when there is none. */
struct flow *icmp_join(struct flows *flows, const struct packet *packet, enum side *from);

/* handshake.c: what one TCP packet does to its flow.  Answers the sender: an opening that was
 * captured late may tell that the roles are the other way round. */
enum side handshake_take(struct flows *flows, struct flow *flow, const struct packet *packet,
                         enum side from);

/* steady.c: the same for the usual packet in the middle of a transfer; false, and nothing done,
 * when it is none. */
bool steady_take(struct flows *flows, struct flow *flow, const struct packet *packet,
                 enum side from);

/* Does this packet open another connection on the addresses and ports of `flow`? */
bool handshake_begins_another(const struct flow *flow, const struct packet *packet, enum side from);

/* A first SYN leaves its options where the server's numbers will be, until something answers. */
void handshake_keep_syn(struct flow *flow, const struct packet *packet);
void handshake_recall_syn(struct flow *flow, struct flow_more *more);

/* again.c: keeps a repeated SYN in a few octets; false when it is more than that. */
bool syn_again_keep(struct flows *flows, struct flow *flow, const struct packet *packet,
                    enum side from);
/* ... and what they would have done to the flow, which has its cold part by now. */
void syn_again_replay(struct flows *flows, struct flow *flow);

/* log.c */
void log_add_slowly(struct flows *flows, struct flow *flow, const struct event *event);
void log_remove(struct log *log, enum event_kind kind, enum side from, uint64_t frame);

static inline void log_add(struct flows *flows, struct flow *flow, const struct event *event)
{
    struct log *log = flow->more ? &flow->more->log : NULL;
    if (log && log->n < log->size && log->n < LOG_MAX - LOG_KEPT_FOR_ENDINGS)
        log->event[log->n++] = *event;
    else if (log)
        log_add_slowly(flows, flow, event);
}

static inline struct event event_of(const struct packet *packet, enum event_kind kind,
                                    enum side from)
{
    return (struct event){ .frame = packet->frame,
                           .time_ns = packet->time_ns,
                           .length = (uint32_t)bytes_on_wire(&packet->payload),
                           .kind = (uint8_t)kind,
                           .from = (uint8_t)from };
}
