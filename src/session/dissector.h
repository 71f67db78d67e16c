/* dissector.h - how a protocol joins: one file in dissectors/, one const record, one line.
 *
 * What it is: the record a dissector fills in, and the few calls it may make.  `feed` is given the
 * in-order octets of one side (for UDP: one whole message); it takes what it understood from `in`
 * and leaves the rest, which comes again with more behind it.
 * What it refuses: reaching the flow table, other connections, or any output. */
#pragma once

#include "session/session.h"

enum step {
    STEP_MORE,  /* understood so far; call again when there is more */
    STEP_DONE,  /* nothing further to learn here */
    STEP_TLS,   /* what follows is TLS */
    STEP_ALIEN, /* not my protocol */
};

struct dissector {
    const char *name;      /* lower case, stable: appears in reports */
    const uint16_t *ports; /* server side, ends with 0 */
    bool server_first;     /* the server greets before the client says anything */
    size_t state_size;     /* zeroed, from the flow's arena, gone with the flow */
    enum step (*feed)(struct session *s, void *state, enum side from, struct bytes *in);
    void (*gap)(struct session *s, void *state, enum side from, uint64_t missing); /* optional */
    void (*end)(struct session *s, void *state, enum ending how);                  /* optional */
};

/* The registry, in the order of dissectors/meson.build. */
const struct dissector *dissector_at(size_t i); /* NULL past the end */
const struct dissector *dissector_named(const char *name);

/* As the profile says, which may be NULL; where it says nothing, the one that has this port. */
const struct dissector *dissector_for_port(const struct profile *profile, uint16_t port);

/* What a profile calls it: the name of its file; NULL past the end. */
const char *dissector_key(size_t i);

/* Is every dissector that the profile names there?  Else the first port of one that is not. */
bool dissectors_known(const struct profile *profile, uint16_t *port);

/* The packet that brought the octets being fed. */
struct tls_stamp session_now(const struct session *s);

/* Keeps what was said, once a kind and code; `line` is quoted of the first time and may be empty.
 */
void session_say(struct session *s, enum said said, uint16_t code, struct bytes line);

/* The host and port that a proxy is asked for; the first one stays. */
void session_target(struct session *s, struct bytes host, uint16_t port);

/* Where the server waits for another connection of this client; the newest one stays.  An
 * unspecified address is the server's own. */
void session_rendezvous(struct session *s, const struct address *address, uint16_t port);

/* The next n octets of the side being fed, behind what was taken, need not be shown. */
void session_pass(struct session *s, uint64_t n);

/* For DNS: one message read from this session. */
void session_dns(struct session *s, const struct dns_message *message);

/* The shared behaviour of a port where TLS is expected from the first octet. */
enum step session_expect_tls(struct session *s, enum side from, struct bytes *in);
