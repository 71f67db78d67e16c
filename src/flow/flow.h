/* flow.h - one TCP connection or UDP exchange: who, since when, how far, how it ended.
 *
 * What it is: flow_accept finds or makes the flow of a packet, decides who is the client, steps the
 * TCP rows (handshake.c) and keeps the counters a verdict needs.  The first 192 octets are what a
 * half-open flow costs; everything else (struct flow_more, log, session) is in the arena and comes
 * only when something answers or repeats.
 * What it refuses: reading payload; judging.
 * A new SYN with another initial sequence number on the same addresses and ports is a new flow; the
 * old one stays until it is judged.
 * Units: times in ns on the capture's clock, made monotonic with a bounded step; sequence numbers
 * raw, as on the wire.
 * Ownership: flows belong to the table; a pointer is good until flow_release.
 * Sources: RFC 9293 (3.4 sequence numbers, 3.5 opening, 3.6 closing, 3.10.7), RFC 5961, RFC 7323,
 * RFC 1122 4.2.3.6 (keep-alives), RFC 2018. */
#pragma once

#include "base/address.h"
#include "base/arena.h"
#include "base/side.h"
#include "flow/log.h"
#include "packet/packet.h"

#include <stdbool.h>
#include <stdint.h>

struct session; /* carried, never looked into */

enum tcp_state {
    TCP_NEW,          /* nothing yet */
    TCP_SYN_SENT,     /* SYN, no answer */
    TCP_SYN_CROSSED,  /* SYN from both: simultaneous open */
    TCP_SYN_ANSWERED, /* SYN and SYN-ACK */
    TCP_OPEN,         /* three-way handshake complete */
    TCP_MIDSTREAM,    /* joined without the SYN */
    TCP_REFUSED,      /* RST answered the SYN */
    TCP_CLOSING,      /* FIN from one side */
    TCP_CLOSED,       /* FIN from both */
    TCP_RESET,        /* RST after the opening */
    TCP_STATES,
};

/* How we know who the client is, most trusted last. */
enum role_source { ROLE_PORT, ROLE_PROFILE, ROLE_HELLO, ROLE_SYNACK, ROLE_SYN };

enum half_flag {
    HALF_SYN = 0x01,   /* its SYN (or SYN-ACK) was seen: isn is valid */
    HALF_SEEN = 0x02,  /* at least one packet: next is valid */
    HALF_ACKED = 0x04, /* the peer acknowledged something: acked is valid */
    HALF_FIN = 0x08,
    HALF_RST = 0x10,
    HALF_DATA = 0x20,  /* payload was seen */
    HALF_DONE = 0x40,  /* the session wants no more payload of this side */
    HALF_LARGE = 0x80, /* a segment larger than one MSS was seen: offload at the capture host */
};

struct half {
    uint32_t isn;
    uint32_t next;  /* after the highest octet this side was seen to send */
    uint32_t acked; /* highest acknowledgement by the peer of this side's octets */
    uint32_t want;  /* first octet the session still wants; all before may pass unread */
    uint64_t bytes; /* payload on the wire, repeats included */
    uint32_t packets;
    uint16_t window; /* last announced, unscaled */
    uint8_t flags;   /* enum half_flag */
    uint8_t ttl;     /* of the first packet */
};

enum flow_flag {
    FLOW_EVICTED = 0x01,   /* given up for memory before its time */
    FLOW_PINNED = 0x02,    /* a report still needs it */
    FLOW_JUDGED = 0x04,    /* its verdict was taken */
    FLOW_NOTICED = 0x08,   /* live: already announced */
    FLOW_SUCCEEDED = 0x10, /* another flow took over its addresses and ports */
    FLOW_ENDED = 0x20,     /* closed, and the session was told */
    FLOW_NO_MEMORY = 0x40, /* the arena was refused: facts are missing */
    FLOW_PARTING = 0x80,   /* closed, and waiting for late packets */
};

struct flow {
    /* first line: every packet */
    _Alignas(64) struct address address[SIDES];
    uint16_t port[SIDES];
    uint8_t protocol; /* 6 or 17 */
    uint8_t state;    /* enum tcp_state */
    uint8_t role;     /* enum role_source */
    uint8_t flags;    /* enum flow_flag */
    int64_t last_ns;
    uint64_t last_frame;
    struct flow_more *more; /* NULL until something beyond one SYN happened */
    /* second line: every packet */
    struct half half[SIDES];
    /* third line: openings, and things that stay */
    int64_t first_ns;
    uint64_t first_frame;
    uint64_t hash;
    struct arena arena;
    struct session *session; /* NULL until the first payload octet */
    struct syns *syns;       /* repeats of its SYN while there is nothing else (again.c) */
    uint32_t self;           /* its number in the table */
    uint32_t older;          /* earlier flow of the same tuple + 1; 0 = none */
    uint32_t n_syn;          /* SYNs with the same initial sequence number */
    uint16_t vlan;           /* of the first packet, + 1 */
    uint16_t interface;
};

_Static_assert(sizeof(struct flow) == 192, "what a half-open flow costs");

/* One reset or FIN, as it came. */
struct ending_packet {
    uint64_t frame; /* 0 = none */
    int64_t time_ns;
    int64_t gap_ns; /* since the packet before it on this flow */
    uint32_t seq, ack;
    uint32_t expected_seq; /* the next octet of that side when it came */
    uint16_t ip_id, window;
    uint8_t ttl, flags;
    uint8_t state_before; /* enum tcp_state */
    bool timestamps;
    uint8_t mac[6];
    uint8_t dscp;
    bool dont_fragment;
};

struct icmp_note {
    uint64_t frame; /* 0 = none */
    int64_t time_ns;
    struct address sender;
    enum side quoted_from; /* whose packet is quoted */
    uint8_t type, code, ttl, quoted_ttl;
    bool seq_plausible; /* the quoted sequence number is one this flow used */
    uint8_t state_before;
    uint32_t mtu;
};

/* Sequence numbers [from, to) that were passed over, and when; from == to is none. */
struct seq_range {
    uint32_t from, to;
    int64_t time_ns;
};

enum { HALF_HOLES = 2 };

/* Of the SYN or SYN-ACK, as in struct tcp_options. */
struct syn_options {
    uint16_t mss;
    uint8_t window_scale;
    bool sack_permitted, timestamps, malformed;
};

struct half_more {
    /* first line: payload in the middle of a transfer */
    _Alignas(64) struct event last_data;
    uint32_t n_data;       /* segments with payload, without repeats */
    uint32_t largest;      /* payload octets of the largest segment */
    int64_t zero_since_ns; /* window 0 announced since; 0 = not now */
    struct event
        sack_hole; /* newest proof that the peer misses earlier octets; cleared when filled */
    uint32_t sack_hole_seq; /* first missing octet */
    uint32_t again_seq;     /* the start that is being repeated without acknowledgement */
    uint32_t again_length;  /* of that segment */
    uint32_t again_count;   /* sendings after the first; 0 once acknowledged */
    uint32_t n_keepalive, n_keepalive_unanswered;
    struct event again_first, again_last; /* meaningful while again_count is not 0 */
    uint32_t n_again;  /* repeated segments (without keep-alives, SYN, window probes) */
    uint32_t n_filled; /* of those, octets never captured before: lost before the capture point */
    uint32_t n_reordered;
    uint32_t n_rst;
    uint32_t n_syn_other;      /* server: SYN-ACKs with another sequence number */
    uint32_t other_isn;        /* of the newest of them */
    uint8_t ttl_syn, ttl_data; /* 0 = none seen */
    uint16_t ip_id_syn;
    struct host *host; /* host.c: this side's, once it was looked up */
    uint8_t mac[6];    /* source of the first packet */
    uint8_t next_hole;
    struct syn_options syn_options;
    struct event first_syn, last_syn; /* SYN, or SYN-ACK for the server */
    struct event first_data;
    struct ending_packet fin, rst;
    uint64_t unseen_bytes;             /* acknowledged by the peer, never captured */
    struct event unseen;               /* first such acknowledgement; frame 0 = none */
    struct seq_range unseen_range;     /* of the newest, in case it was only captured early */
    struct seq_range hole[HALF_HOLES]; /* newest octets that the capture passed over */
    int64_t zero_longest_ns;
    struct event zero_window; /* the first */
    uint32_t cut_packets;     /* payload shortened by the snap length */
    bool rst_ttl_varies; /* its resets do not agree, as when one is seen before a router and behind
                          */
    uint16_t ip_id_own;  /* of its first acknowledgement of payload, or its first data */
    bool leg_changed;    /* TCP options of its SYN differ there */
    /* Of its SYN and its first data, when these agree. */
    uint8_t style_known : 1, style_varies : 1, dont_fragment_own : 1;
    uint8_t dscp_own;
    /* Octets between the numbers of its first reset and of a further one that followed at once, the
     * most; both acknowledge, as those of programs do. */
    uint32_t rst_step;
    uint64_t leg_frame; /* its SYN once more at once with another TTL: behind a router */
};

_Static_assert(sizeof(struct half_more) == 512, "with the log both sides fit into 2 KiB");

/* Copies that the capture shows of what this side sent: behind a router that records on all its
 * sides, what it passed on. */
struct passed_on {
    uint64_t frame;   /* of the newest; 0 = none */
    uint32_t next;    /* behind the highest octet of them */
    uint32_t largest; /* payload octets of the largest; 0 = none with any, `next` means nothing */
};

struct flow_more {
    /* first line: every packet */
    struct event progress; /* the last packet that brought something new */
    int64_t longest_gap_ns;
    struct log log;
    uint16_t mss[SIDES];   /* as in syn_options */
    bool watched[SIDES];   /* the side is not simply sending: repeats, holes, a closed window ... */
    bool all_acked[SIDES]; /* the peer acknowledged all its payload so far, at least once */
    struct half_more half[SIDES];
    struct event longest_gap; /* the packet after it */
    int64_t rtt_ns;           /* SYN to SYN-ACK plus SYN-ACK to ACK, as seen here; 0 unknown */
    struct event established; /* the ACK that completed the handshake */
    struct event ack_instead; /* plain ACK in answer to the SYN */
    struct event synack_bad;
    struct icmp_note icmp;    /* first unreachable or time exceeded that quotes this flow */
    struct icmp_note too_big; /* first "fragmentation needed" or "packet too big" */
    uint32_t n_icmp;
    struct passed_on passed_on[SIDES];
};

struct flow_limits {
    size_t memory_bytes;          /* ceiling for flows, arenas and index together */
    int64_t largest_step_ns;      /* clock: at most so far ahead per packet */
    const uint16_t *server_ports; /* profile: ends with 0 */
};

/* Where the capture's clock leaps so far that what comes behind is another recording: files that
 * were joined.  Nothing was watched in between. */
struct clock_break {
    uint64_t frame;    /* the first packet behind it */
    int64_t before_ns; /* time of the last one before it, or since when not all was watched: */
    bool partly;       /* then packets came in between */
};

enum { CLOCK_BREAKS = 64 };

struct flow_counts {
    uint64_t tcp_packets, udp_packets, other_packets;
    uint64_t made, evicted, refused; /* flows */
    uint64_t open;                   /* in the table now */
    uint64_t with_syn;               /* TCP flows that began with a SYN or SYN-ACK */
    uint64_t midstream;              /* TCP flows that did not */
    uint64_t one_sided_tcp; /* TCP flows made of which one side never sent anything so far */
    uint64_t data_bytes, unseen_bytes;      /* of TCP: seen, and acknowledged but never seen */
    uint64_t backward_steps, forward_jumps; /* of the capture's clock */
    uint64_t first_jump_frame;
    uint32_t n_breaks; /* the first CLOCK_BREAKS of them are kept */
    struct clock_break breaks[CLOCK_BREAKS];
    int64_t first_ns, last_ns; /* of the packets, as the capture claims */
    uint64_t last_frame;
};

struct flows; /* the table; opaque */

struct flows *flows_open(const struct flow_limits *limits, struct hash_seed seed);
void flows_close(struct flows *flows); /* accepts NULL */
struct pool *flows_pool(struct flows *flows);
const struct flow_counts *flows_counts(const struct flows *flows);

/* Pass two: looks the index slots of a batch up and prefetches the records. */
void flows_prefetch(struct flows *flows, const struct packet *packets, size_t n);

/* The flow that the i-th of those packets probably belongs to; NULL when it seems to be new. */
struct flow *flows_met(const struct flows *flows, size_t i);

/* Asks memory for one flow, and when that is there, for its cold part. */
void flow_prefetch(const struct flow *flow);
void flow_prefetch_more(const struct flow *flow);

/* Pass three: the flow of a packet, updated by it; NULL for what is no TCP, UDP or ICMP error, and
 * when there is no room (counted).  ICMP errors enter at the flow they quote. `*from` is the
 * sender. */
struct flow *flow_accept(struct flows *flows, const struct packet *packet, enum side *from);

/* The same for a packet of which flows_met(flows, i) said this since the last flows_prefetch. */
struct flow *flow_accept_met(struct flows *flows, const struct packet *packet, struct flow *met,
                             enum side *from);

/* A copy of a packet of this flow (NULL is accepted), which is not counted otherwise. */
void flow_note_copy(struct flow *flow, const struct packet *packet);

/* The client is the other side after all (a ClientHello says so).  Swaps everything. */
void flow_swap_roles(struct flow *flow, enum role_source why);

/* Since then not all that the capture is of was watched, until the packet that comes next. */
void flows_break(struct flows *flows, int64_t since_ns);

/* The next flow that may be judged now because memory is short or its time is over; NULL = none.
 * Closed ones first, then half-open, then idle ones. */
struct flow *flow_expired(struct flows *flows);

/* Walks every flow of the table: *cursor starts at 0; NULL at the end.  Order is that of creation.
 */
struct flow *flows_next(struct flows *flows, uint32_t *cursor);

void flow_release(struct flows *flows, struct flow *flow);

/* No packet comes any more: gives back the index.  Flows are found by flows_next alone. */
void flows_close_index(struct flows *flows);

/* After that, when all is judged: gives back what holds no flow that is pinned.  Pointers to pinned
 * ones stay good, others do not; counts stay as they are. */
void flows_forget(struct flows *flows);

/* The cold part, made on demand; NULL without memory. */
struct flow_more *flow_more(struct flows *flows, struct flow *flow);

/* Gives a half-open flow its cold part for as long as somebody looks, so that a million of them can
 * be looked at one by one; false, and nothing done, when it has it or needs none.  flow_fold takes
 * it away again, unless the flow was pinned meanwhile. */
bool flow_unfold(struct flows *flows, struct flow *flow, struct flow *kept);
void flow_fold(struct flows *flows, struct flow *flow, struct flow *kept);

/* The earlier flow on the same addresses and ports; NULL when there was none or it is gone. */
struct flow *flow_older(struct flows *flows, const struct flow *flow);

/* Octets in records, index and arenas that are in use. */
size_t flows_memory(const struct flows *flows);

/* Names for reports and tests. */
const char *tcp_state_name(enum tcp_state state);

/* For the graph test: next state of the rows, or -1 when no row fits.  flags as enum tcp_flag. */
int tcp_row_next(enum tcp_state now, enum side from, uint8_t flags);

static inline bool flow_is_tcp(const struct flow *f) { return f->protocol == 6; }
static inline bool flow_is_midstream(const struct flow *f)
{
    return flow_is_tcp(f) && !((f->half[CLIENT].flags | f->half[SERVER].flags) & HALF_SYN);
}
static inline bool flow_both_seen(const struct flow *f)
{
    return f->half[CLIENT].flags & f->half[SERVER].flags & HALF_SEEN;
}
