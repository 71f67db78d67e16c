/* matter.h - one connection under judgement: the facts that rules ask for, gathered once.
 *
 * What it is: matter_of reads flow, session and TLS and says how far the connection came (enum
 * stop) and how it ended; the rules in stall.c, checks.c and blame.c read only this. What it
 * refuses: judging. Ownership: borrows everything; lives on the stack of verdict_of. */
#pragma once

#include "verdict/served.h"
#include "verdict/verdict.h"

#define SECONDS(n) ((int64_t)(n)*1000000000)

/* How far it came before it stopped, went on, or the capture ended. */
enum stop {
    STOP_SYN,            /* no answer to the SYN */
    STOP_CHALLENGED,     /* a plain ACK instead of the SYN-ACK, then nothing */
    STOP_REFUSED,        /* RST to the SYN */
    STOP_SYNACK,         /* SYN-ACK, but no ACK */
    STOP_OPEN,           /* connected, no payload at all */
    STOP_MIDSTREAM,      /* began before the capture, and no ClientHello came later */
    STOP_SERVER_ONLY,    /* plain payload of the server only */
    STOP_CLIENT_ONLY,    /* plain payload of the client only */
    STOP_PLAIN,          /* plain payload both ways */
    STOP_HELLO,          /* ClientHello, no TLS from the server */
    STOP_RETRY,          /* HelloRetryRequest, no ServerHello */
    STOP_FLIGHT,         /* ServerHello, but not the whole of the server's flight */
    STOP_CERTIFIED,      /* the server's whole flight, not yet the client's */
    STOP_CLIENT_REJECTS, /* TLS 1.3: alert-size record in place of the client's final flight;
                            before: an encrypted alert ahead of the server's Finished */
    STOP_FINAL,          /* the client's final flight; the server has not shown that it took it */
    STOP_SERVER_REJECTS, /* TLS 1.3: alert-size record of the server at once after it */
    STOP_SERVER_LATE,    /* ... later */
    STOP_UP,             /* handshake complete, no data of the client */
    STOP_REQUEST,        /* handshake complete, data of the client only */
    STOP_DATA,           /* application data both ways */
    STOP_UNREADABLE,     /* TLS 1.3 whose record lengths fit nothing */
    STOPS,
};

struct matter {
    const struct scene *scene;
    const struct flow *flow;
    const struct flow_more *more;    /* never NULL */
    const struct session *session;   /* NULL without payload */
    const struct tls *tls;           /* NULL when no TLS was seen */
    const struct service *service;   /* of the profile; NULL when the port is not in it */
    const struct service_seen *seen; /* NULL = nothing known */
    const struct host *server;       /* NULL = never seen to send or be answered */
    const struct lookup *name_lookup;
    const struct tls_alert *alert; /* the first that ends the session; NULL = none readable */
    enum stop stop;
    enum ending how;
    struct sealed_end end;
    struct sealed_reading sealed;
    int64_t now_ns; /* last packet of the capture so far */
    bool opened, midstream, tls13;
};

struct matter matter_of(const struct scene *scene, const struct flow *flow);

/* The close that ended it: FIN or RST; NULL when it is open.  *side is its sender. */
const struct ending_packet *matter_close(const struct matter *m, enum side *side);
const struct ending_packet *matter_reset(const struct matter *m, enum side *side); /* by RST */

/* From `since` to the close, or to the end of the capture. */
int64_t matter_waited(const struct matter *m, int64_t since_ns);

/* Was the TLS part that decides not whole in the capture, and why? */
enum blindness { SIGHTED, BLIND_LOSS, BLIND_CUT };
enum blindness matter_blind(const struct matter *m);

/* The highest acknowledged octet is behind what was sent: nothing of the payload was taken. */
bool matter_unacked(const struct matter *m, enum side side);   /* none of it */
bool matter_all_acked(const struct matter *m, enum side side); /* all of it */

/* Log events of this kind and sender with a frame above `after`. */
unsigned matter_count(const struct matter *m, enum event_kind kind, enum side from, uint64_t after);

/* The largest payload of a segment that the SYN options and headers allow; 0 = unknown. */
uint32_t matter_full_size(const struct matter *m);

/* The name the client meant: TLS name, else the DNS question; "" when unknown. */
const char *matter_name(const struct matter *m);
bool matter_expects_tls(const struct matter *m);
bool matter_resumed(const struct matter *m);
/* TLS 1.3: is the server's part of the handshake complete as far as lengths can show? */
bool matter_flight_complete(const struct matter *m);
/* Where the server's certificate had come, readable or sealed; 0 = it had not. */
uint64_t matter_flight_frame(const struct matter *m);
/* Readable or derived: the server asked for a client certificate; the client sent an empty one. */
bool matter_certificate_requested(const struct matter *m);
bool matter_certificate_empty(const struct matter *m);
