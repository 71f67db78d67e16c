/* log.h - what happened on one connection at the TCP level, in order, bounded.
 *
 * What it is: the evidence behind a verdict and the rows of a ladder.  Openings, the first data of
 * each side, repeats, ends and errors are logged; bulk is not.  TLS messages live in struct tls and
 * are merged by the reader.  The last quarter of the room is kept for the events that end things.
 * Ownership: in the flow's arena. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum event_kind {
    EVENT_SYN,
    EVENT_SYN_AGAIN, /* same initial sequence number */
    EVENT_SYNACK,
    EVENT_SYNACK_AGAIN,
    EVENT_SYNACK_OTHER, /* another initial sequence number than the first SYN-ACK */
    EVENT_SYNACK_BAD,   /* acknowledges neither ISN+1 nor data in the SYN */
    EVENT_ACK,          /* completes the three-way handshake */
    EVENT_ACK_INSTEAD,  /* a plain ACK where a SYN-ACK was due (RFC 5961 section 4) */
    EVENT_DATA,         /* first data of a side, and data up to a small number of segments */
    EVENT_DATA_AGAIN,   /* the same start again, not acknowledged so far */
    EVENT_DATA_ACKED,   /* the peer acknowledges everything sent so far, for the first time */
    EVENT_KEEPALIVE,
    EVENT_ZERO_WINDOW,
    EVENT_FIN,
    EVENT_RST,
    EVENT_ICMP,      /* detail = type << 8 | code; from = the side whose packet is quoted */
    EVENT_UNSEEN,    /* the peer acknowledged octets that the capture does not hold */
    EVENT_SACK_HOLE, /* the peer has later octets and misses earlier ones */
};

struct event {
    uint64_t frame;
    int64_t time_ns;
    uint32_t length; /* payload octets on the wire */
    uint16_t detail;
    uint8_t kind; /* enum event_kind */
    uint8_t from; /* enum side: who sent it */
};

struct log {
    struct event *event; /* NULL before the first */
    uint16_t n, size;
    uint16_t lost; /* events that found no room */
};

enum { LOG_MAX = 64, LOG_KEPT_FOR_ENDINGS = LOG_MAX / 4 };
