/* scrub.h - what may stay of what somebody said, with stand-ins for identities in place.
 *
 * What it is: one function for each kind of message; each works in place and keeps every length.
 * scrub_stream feeds the octets of a connection in order; what may stay is put into its edits, and
 * all the rest is to be zero.
 *   TLS: record headers, plain alerts, plain handshake messages with names, session identifiers,
 *        tickets and certificates replaced; nothing that is encrypted.
 *   Text (SMTP, FTP ...): the words of the protocol, codes and lengths; other words and names
 *        replaced; values of credentials blanked with x.
 *   HTTP: names replaced; fields that are known, products, dates and words of the protocol stay;
 * all else, and every body, becomes x. DNS: names and addresses replaced.   LDAP and other BER:
 * strings replaced.   SSH: up to NEWKEYS. What it refuses: anything it does not know, which becomes
 * zero. Bounds: a handshake message of SCRUB_MESSAGE octets, SCRUB_TEXT octets of text a side.
 * Sources: RFC 8446, 5246, 5280, 1035, 9112, 4511, 4253. */
#pragma once

#include "base/side.h"
#include "evidence/edits.h"
#include "evidence/mask.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SCRUB_MESSAGE = 256 * 1024, SCRUB_TEXT = 64 * 1024 };

struct recertifier; /* recertify.h */

struct scrubber {
    struct mask *mask;
    struct recertifier *recertifier;
    bool names;  /* are names and addresses replaced at all? */
    bool strict; /* keeps what the verdicts need, and nothing else */
};

/* A DNS message in p[0..n-1], of which maybe not all was captured. */
void scrub_dns(const struct scrubber *s, uint8_t *p, size_t n);

/* Strings of DER or BER: names, mail addresses, addresses. */
void scrub_der(const struct scrubber *s, uint8_t *p, size_t n);

/* LDAP messages: strings, and what may be a password. */
void scrub_ber(const struct scrubber *s, uint8_t *p, size_t n);

/* A whole plain TLS handshake message with its header; false when nothing of it may stay. */
bool scrub_handshake(const struct scrubber *s, uint16_t version, uint8_t *p, size_t n);

/* Lines of HTTP (scrub_http.c): of what stays nothing is letters that were drawn; what may be
 * somebody's, and is no name, becomes x.  In strict redaction method, version, status code and
 * lengths stay, and nothing else. */
bool scrub_is_http(const uint8_t *p, size_t n); /* the first line of a message? */
void scrub_http_first(const struct scrubber *s, uint8_t *p, size_t n);
void scrub_http_field(const struct scrubber *s, uint8_t *p, size_t n);
void scrub_http_body(const struct scrubber *s, uint8_t *p, size_t n);

/* What the fields of a message say of its body. */
struct scrub_body {
    uint64_t left; /* octets of it, or of the chunk, to come */
    bool chunked;
};
void scrub_http_length(const uint8_t *p, size_t n, struct scrub_body *body); /* of a field */
uint64_t scrub_http_chunk(const uint8_t *p, size_t n);                       /* of its line */

/* Free text: words that no protocol has, names and numbers of addresses. */
void scrub_text(const struct scrubber *s, uint8_t *p, size_t n);

/* The same, where a word that is no name becomes x in place of a stand-in. */
void scrub_words(const struct scrubber *s, uint8_t *p, size_t n);

/* A name of a protocol or of software: its longer words, where no protocol has them. */
void scrub_label_words(const struct scrubber *s, uint8_t *p, size_t n);

/* Is this a word that protocols, status lines or public names have, and so nobody's? */
bool scrub_is_common(const uint8_t *word, size_t n);

/* ---- one connection ---- */

enum scrub_kind {
    SCRUB_UNKNOWN,
    SCRUB_TLS,
    SCRUB_LINES,
    SCRUB_SSH,
    SCRUB_DNS,
    SCRUB_BER,
    SCRUB_NOTHING
};

/* Where in a message of HTTP the next octet stands. */
enum scrub_place { HTTP_FIRST, HTTP_FIELDS, HTTP_BODY, HTTP_CHUNK, HTTP_CHUNK_END };

struct scrub_piece {
    uint64_t at; /* in the stream */
    size_t from; /* in the message */
};

struct scrub_side {
    uint8_t kind; /* enum scrub_kind */
    struct edits edits;
    uint64_t next; /* offset of the octet that comes next */
    /* what is not whole yet: a header, a message, a line */
    uint8_t *held;
    size_t n_held, held_room;
    struct scrub_piece *pieces;
    size_t n_pieces, pieces_room;
    uint8_t header[6];
    uint8_t n_header, type;
    uint32_t left; /* of the record, of the DNS message, of the packet of SSH */
    bool greeted;  /* of SSH: the line that identifies it is through */
    bool sealed;   /* its ChangeCipherSpec was seen */
    bool skipping; /* the handshake message is too long, or not whole */
    bool fresh;    /* nothing of this record was taken yet */
    bool http;     /* its text is HTTP, as the first line said */
    uint8_t place; /* enum scrub_place, of HTTP */
    struct scrub_body body;
    uint64_t text; /* octets of text so far */
};

struct scrub_stream {
    struct scrub_side side[SIDES]; /* which is the client does not matter here */
    uint16_t version;              /* that the server chose */
    bool dns, ldap;                /* a port of these */
};

void scrub_take(struct scrub_stream *c, const struct scrubber *s, enum side from, const uint8_t *p,
                size_t n);
void scrub_lost(struct scrub_stream *c, const struct scrubber *s, enum side from, uint64_t n);
void scrub_end(struct scrub_stream *c, const struct scrubber *s);
void scrub_free(struct scrub_stream *c);
