/* script.h - what one made-up connection sends, packet by packet, before it has addresses.
 *
 * What it is: a list of steps (who sends which TCP flags and which octets, with sequence numbers
 * from 0) and the octets themselves.  Many flows play the same script; what differs between them
 * (randoms, the digits of the server name) is patched where a step says so.
 * What it refuses: being TLS.  Records and messages are well-formed and lengths are those of real
 * stacks; keys, signatures and sealed bodies are noise.
 * Sources: RFC 8446, RFC 5246, RFC 6066 section 3, RFC 9293.
 * Ownership: script_close frees the octets; the struct is the caller's. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { STEPS_MAX = 96, MSS = 1448, NAME_DIGITS = 8, RANDOM_BYTES = 32 };

enum tcp_flag { FIN = 0x01, SYN = 0x02, RST = 0x04, PSH = 0x08, ACK = 0x10 };

struct step {
    uint8_t from; /* 0 client, 1 server */
    uint8_t flags;
    uint16_t length; /* of the payload */
    uint32_t seq, ack;
    uint32_t payload;   /* offset in script.octets */
    uint16_t random_at; /* in the payload: RANDOM_BYTES to patch; 0 = none */
    uint16_t name_at;   /* in the payload: NAME_DIGITS to patch; 0 = none */
};

struct script {
    struct step step[STEPS_MAX];
    unsigned n_steps;
    unsigned loop_from, loop_to; /* steps [from, to) are played `loops` times */
    unsigned loops;
    uint32_t loop_bytes[2]; /* payload of each side in one loop */
    uint8_t *octets;        /* owned */
    size_t n_octets, room;
    uint32_t next[2]; /* while writing: next sequence number of each side */
    unsigned n_names, n_server_hellos, n_alerts; /* truth: what a reader must find */
};

struct chain { /* DER, borrowed */
    const uint8_t *leaf, *issuer;
    size_t leaf_length, issuer_length;
};

bool script_half_open(struct script *s);   /* SYNs that nobody answers */
bool script_established(struct script *s); /* opened, kept alive, never closed */
/* A handshake, one exchange, `further` small ones. */
bool script_tls12(struct script *s, const struct chain *chain, unsigned further);
bool script_tls13(struct script *s, const struct chain *chain, unsigned further);
bool script_refused(struct script *s, const struct chain *chain); /* unknown_ca, TLS 1.2 */
bool script_reset(struct script *s); /* the ClientHello is answered by a reset */
bool script_bulk(struct script *s, const struct chain *chain, unsigned records);
void script_close(struct script *s);
