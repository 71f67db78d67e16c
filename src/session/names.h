/* names.h - DNS questions and what came back; addresses and the names they were given.
 *
 * What it is: one struct lookup per question (client, server, name, type) with its retries; a new
 * one starts after an answer, or 30 s after the last try.  Answers make labels for addresses.
 * What it refuses: resolving anything.  Names are those the capture showed.
 * Bounds: NAMES_LOOKUPS lookups and NAMES_LABELS labels; what is beyond is counted.
 * Sources: RFC 1035, RFC 3596, RFC 2308, RFC 7766. */
#pragma once

#include "base/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    NAMES_LOOKUPS = 1 << 16,
    NAMES_LABELS = 1 << 16,
    LOOKUP_ANSWERS = 8,
    LOOKUP_FRAMES = 8,
    DNS_NAME_TEXT = 256, /* printable presentation form, without the final dot, lower case */
};

enum dns_type {
    DNS_A = 1,
    DNS_CNAME = 5,
    DNS_PTR = 12,
    DNS_AAAA = 28,
    DNS_SVCB = 64,
    DNS_HTTPS = 65
};
enum dns_rcode {
    DNS_NOERROR = 0,
    DNS_FORMERR,
    DNS_SERVFAIL,
    DNS_NXDOMAIN,
    DNS_NOTIMP,
    DNS_REFUSED
};

struct lookup {
    struct address client, server;
    uint16_t client_port, server_port, type, id;
    bool tcp, truncated, answered;
    bool cut; /* answers may have been in a part of the reply that was not captured, or is broken */
    uint16_t rcode; /* with the upper octet of RFC 6891 */
    char name[DNS_NAME_TEXT];
    char canonical[DNS_NAME_TEXT];  /* end of the CNAME chain; empty without one */
    unsigned tries;                 /* questions seen, the first included */
    unsigned repeats;               /* of them for want of an answer, not of the rest of one */
    uint64_t frames[LOOKUP_FRAMES]; /* of the questions */
    uint64_t reply_frame;           /* 0 = none */
    int64_t first_ns, last_try_ns, reply_ns;
    unsigned n_answers, n_answers_all; /* addresses */
    struct address answer[LOOKUP_ANSWERS];
    uint64_t icmp_frame; /* an ICMP error quoted the question; 0 = none */
    uint8_t icmp_type, icmp_code;
    bool noticed; /* live: what it came to was seen already */
};

/* One message as a dissector read it. */
struct dns_message {
    uint64_t frame;
    int64_t time_ns;
    struct address client, server;
    uint16_t client_port, server_port;
    bool tcp, reply, truncated, cut;
    uint16_t id, type, rcode;
    char name[DNS_NAME_TEXT];
    char canonical[DNS_NAME_TEXT];
    unsigned n_answers, n_answers_all;
    struct address answer[LOOKUP_ANSWERS];
};

struct names; /* opaque */

struct names *names_open(void);
void names_close(struct names *names);

void names_message(struct names *names, const struct dns_message *message);

/* An ICMP error that quotes a question from this client port to this server. */
void names_icmp(struct names *names, const struct address *client, uint16_t client_port,
                const struct address *server, uint16_t server_port, uint64_t frame, uint8_t type,
                uint8_t code);

/* A TLS server name or HTTP host that clients used towards this address. */
void names_learn(struct names *names, const struct address *address, const char *name);

/* The best name of an address: from DNS, else as clients asked for; NULL when unknown. */
const char *names_of(const struct names *names, const struct address *address);
bool names_from_dns(const struct names *names, const struct address *address);

/* The newest lookup by this client that answered with this address before time_ns; NULL if none. */
const struct lookup *names_lookup_for(const struct names *names, const struct address *client,
                                      const struct address *address, int64_t before_ns);

size_t names_lookups(const struct names *names);
struct lookup *names_lookup(const struct names *names,
                            size_t i); /* in order of the first question */
uint64_t names_refused(const struct names *names);
