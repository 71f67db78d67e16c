/* session.h - what was said on one connection: all facts that a verdict may use.
 *
 * What it is: a session joins a flow at its first payload octet.  session_advance reads the two
 * streams, looks at the first octets to tell TLS from plain text, hands the octets to struct tls or
 * to a dissector, and keeps what they showed.
 * What it refuses: judging, printing.
 * Ownership: in the flow's arena; certificates in the shared store; gone with flow_release. */
#pragma once

#include "config/profile.h"
#include "flow/flow.h"
#include "flow/host.h"
#include "keys/unsealer.h"
#include "session/names.h"
#include "session/talk.h"
#include "stream/stream.h"
#include "tls/sealed.h"
#include "tls/tls.h"
#include "x509/cert.h"

#include <stdbool.h>
#include <stdint.h>

/* How a connection ended, for a dissector's end hook and for tables of stalls. */
enum ending {
    ENDED_OPEN,       /* still open when the capture ended, or when it was given up */
    ENDED_FIN_CLIENT, /* FIN; who sent the first */
    ENDED_FIN_SERVER,
    ENDED_RST_CLIENT, /* RST before or without a FIN; who sent it */
    ENDED_RST_SERVER,
    ENDINGS,
};

enum { SESSION_OPENING = 32, SESSION_LINE = 128 };

/* The first octets of one side, and a readable first line when it is text. */
struct opening {
    uint8_t octets[SESSION_OPENING];
    uint8_t n;
    bool clipped; /* fewer were captured than sent */
    struct tls_stamp at;
    const char
        *line; /* printable, shorter than SESSION_LINE; empty when it is no text; never NULL */
    uint16_t http_status; /* of a first line "HTTP/1.x NNN"; 0 = none */
    bool http_request;    /* a first line such as "GET / HTTP/1.1" */
};

struct session {
    /* To the first line's end, 32 octets from here; then a line for each stream, and one more. */
    struct tls *tls; /* NULL until TLS was seen */
    struct session_world *world;
    struct flow *flow;
    bool searching; /* the first octets have not decided yet */
    bool named;     /* server_name is settled: no hello needs to be asked */
    bool ending;    /* nothing more will come */
    bool dissector_done;
    bool protocol_guessed; /* the name is nDPI's */
    bool plain_reply;    /* the server answers a ClientHello in plain text, which is read as such */
    bool clipped[SIDES]; /* the snap length cut octets that were wanted */
    struct stream stream[SIDES];
    struct tls_stamp now;         /* the packet being read */
    int64_t hole_since_ns[SIDES]; /* reading waits for octets that were not seen; 0 = it does not */
    uint64_t gave_up[SIDES];      /* octets given up in the region that decides */
    uint64_t tls_offset[SIDES];   /* stream offset where TLS began (after an upgrade) */
    const struct dissector *dissector; /* NULL = none chosen */
    void *state;                       /* of the dissector */
    const char *protocol; /* "tls", "dns", "http", a dissector's or nDPI's name; "" unknown */
    void *ndpi;           /* of ndpi.c; NULL mostly */
    const struct cert **chain[SIDES]; /* n_chain entries as sent; NULL when none */
    uint8_t n_chain[SIDES];
    bool chain_cut[SIDES];
    uint32_t plain_left[SIDES]; /* octets of plain text still to be looked at */
    const char *server_name;    /* SNI, printable; empty when none; never NULL */
    struct talk *talk;          /* what dissectors read; NULL mostly */
    uint64_t pass;              /* octets behind those just read that the dissector needs not see */
    bool adopted;               /* the dissector was chosen by the first octets, not by the port */
    uint8_t ndpi_packets;
    struct tls_stamp alien;    /* first octets that fit nothing expected; frame 0 = none */
    struct unsealer *unsealer; /* NULL unless keys are in play */
    struct opening opening[SIDES];
};

/* What all sessions share. */
struct session_world {
    struct flows *flows;
    struct pool *pool;
    struct cert_store *certs;
    struct names *names;
    const struct profile *profile;
    struct keys *keys;         /* NULL = none are looked for */
    struct labeller *labeller; /* nDPI; NULL = off */
};

/* Asks memory for the TLS facts that a batch of packets will change, after flows_prefetch. */
void sessions_prefetch(const struct flows *flows, const struct packet *packets, size_t n);

/* The same for one connection that is going to be judged: its session, and when that is there, TLS.
 */
void session_prefetch(const struct flow *flow);
void session_prefetch_tls(const struct flow *flow);

/* A packet with payload of `from` has entered the flow.  Makes the session at need. */
void session_advance(struct session_world *world, struct flow *flow, const struct packet *packet,
                     enum side from);

/* Opens what waited for a secret that has come since; live, before a look. */
void session_unseal(struct flow *flow);

/* Where the secrets came from that opened records: "keylog", "file" (inside the capture), "none".
 */
const char *session_keys(const struct session *session);

/* The flow is over or given up: drains what is left, tells the dissector. */
void session_end(struct session_world *world, struct flow *flow);

enum ending session_ending(const struct flow *flow);
struct sealed_end session_sealed_end(const struct flow *flow);
