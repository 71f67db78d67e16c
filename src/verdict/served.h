/* served.h - what services of this capture were seen to accept, and from whom.
 *
 * What it is: two bounded tables that other connections are compared with.  By service (server
 * address and port): suites and groups the server chose, which clients worked, which refused its
 * certificate, which subnets got an answer.  By dealing (client, server, port): how many attempts,
 * how many without any answer, when one was answered.
 * What it refuses: remembering everything.  Lists are short; "at least so many" is all that rules
 * need.  A full table only makes conclusions weaker.
 * Units: times in ns, frames 1-based. */
#pragma once

#include "flow/flow.h"
#include "tls/sealed.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SERVED_CHOICES = 8, SERVED_CLIENTS = 4, SERVED_EMPTY = 8 };

struct served_choice {
    uint16_t version, suite, group; /* of one ServerHello; group 0 = not told */
    uint64_t frame;
};

struct served_client {
    struct address address; /* of a client, or the first address of its subnet */
    uint64_t frame;
    int64_t time_ns;
};

struct served_clients {
    unsigned n; /* at most SERVED_CLIENTS are kept */
    struct served_client client[SERVED_CLIENTS];
};

struct service_seen {
    unsigned n_choices;
    struct served_choice choice[SERVED_CHOICES]; /* distinct */
    struct served_clients worked;                /* clients that exchanged data */
    struct served_clients rejected;              /* clients that broke off at the certificate */
    struct served_clients answered;              /* subnets that got a SYN-ACK */
    struct leaves *leaves;                       /* leaves.h; NULL mostly */
    uint64_t named_frame; /* ClientHello with a name on a connection that worked; 0 = none */
    uint32_t small_hello; /* octets of the largest ClientHello segment that was acknowledged */
    uint64_t small_frame; /* where */
};

struct served_empty {
    int64_t time_ns[SERVED_EMPTY];
    uint64_t frame[SERVED_EMPTY];
};

struct dealing {
    uint32_t attempts, unanswered; /* connections; those whose SYN got no answer at all */
    uint32_t split;                /* connections whose second ClientHello segment was not taken */
    int64_t first_ns, last_ns;     /* of the attempts */
    uint64_t first_frame;
    int64_t answered_ns;        /* newest SYN-ACK */
    uint64_t answered_frame;    /* 0 = none */
    const struct cert *leaf;    /* certificate that it was shown; NULL = none readable */
    bool leaf_varies;           /* and others at other times */
    bool exchanged;             /* data both ways, at least once */
    uint8_t n_empty;            /* full handshakes that the client closed without data */
    struct served_empty *empty; /* the first of them; NULL mostly */
};

struct served; /* opaque */

struct served *served_open(void); /* NULL without memory */
void served_close(struct served *served);

/* Tells of a connection whose session has ended, before its verdict or any other that may
 * compare with it. */
void served_note(struct served *served, const struct flow *flow);

/* Asks memory for what served_note will look at; twice, as table_prefetch_slot and _record. */
void served_prefetch(const struct served *served, const struct flow *flow, bool records);

/* NULL when nothing was seen.  All accept a NULL table. */
const struct service_seen *served_service(const struct served *served, const struct address *server,
                                          uint16_t port);
/* What the sealed records of the connection that was told of last say, if it is this one and
 * nothing came since; NULL = to be read (tls/sealed.h).  It has a session with TLS. */
const struct sealed_reading *served_reading(const struct served *served, const struct flow *flow,
                                            const struct sealed_end *end);

/* port 0: all ports together. */
const struct dealing *served_dealing(const struct served *served, const struct address *client,
                                     const struct address *server, uint16_t port);

/* Did this client, within half a minute after `since_ns`, get through to the same end of the same
 * server that asked it for a login? */
bool served_login_follows(const struct served *served, const struct flow *flow, int64_t since_ns);

void served_list_add(struct served_clients *clients, const struct address *address, uint64_t frame,
                     int64_t time_ns);

/* Is it in the list, and how many others are? */
bool served_has(const struct served_clients *clients, const struct address *address);
unsigned served_others(const struct served_clients *clients, const struct address *address);

/* Did this client again and again complete TLS and leave without data, at no regular distance,
 * while it never exchanged any? */
bool served_leaves_empty(const struct dealing *dealing);

/* The /24 or /64 that an address is in. */
struct address served_subnet(const struct address *address);
