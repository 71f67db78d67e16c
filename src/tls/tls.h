/* tls.h - one TLS connection as a bystander without keys sees it: bytes in, facts out.
 *
 * What it is: tls_feed takes the in-order bytes of one side, frames records (SSL 3.0 to TLS 1.3,
 * and the SSL 2.0 form of a ClientHello), joins handshake messages across record and segment
 * borders, keeps what was said, and steps a table of edges.  Bodies of sealed records are never
 * copied: the caller is told how many bytes may be skipped. What it refuses: policy.  It records
 * what was said, even when it is illegal; verdict/ judges. Bounds: a handshake message above
 * TLS_MESSAGE_MAX is skipped and marked; lists have ceilings and count what they could not keep;
 * every byte is looked at at most once. Units: lengths in octets as on the wire, without record
 * headers; times in ns; frames 1-based. Ownership: struct tls and everything it points to lives in
 * the arena given to tls_open; windows in hellos point into copies there.  Certificates are
 * borrowed: see tls_feed. Sources: RFC 8446, 5246, 4346, 2246, 6101, 6066, 7301, 7507, 7627, 8701
 * (GREASE). */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "base/side.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tls_content { /* RFC 8446 section 5.1 */
                   TLS_CHANGE_CIPHER_SPEC = 20,
                   TLS_ALERT = 21,
                   TLS_HANDSHAKE = 22,
                   TLS_APPLICATION_DATA = 23,
                   TLS_HEARTBEAT = 24,
};

enum tls_message_type { /* IANA TLS HandshakeType; from 1000 up: ours */
                        TLS_HELLO_REQUEST = 0,
                        TLS_CLIENT_HELLO = 1,
                        TLS_SERVER_HELLO = 2,
                        TLS_NEW_SESSION_TICKET = 4,
                        TLS_END_OF_EARLY_DATA = 5,
                        TLS_ENCRYPTED_EXTENSIONS = 8,
                        TLS_CERTIFICATE = 11,
                        TLS_SERVER_KEY_EXCHANGE = 12,
                        TLS_CERTIFICATE_REQUEST = 13,
                        TLS_SERVER_HELLO_DONE = 14,
                        TLS_CERTIFICATE_VERIFY = 15,
                        TLS_CLIENT_KEY_EXCHANGE = 16,
                        TLS_FINISHED = 20,
                        TLS_CERTIFICATE_URL = 21,
                        TLS_CERTIFICATE_STATUS = 22,
                        TLS_SUPPLEMENTAL_DATA = 23,
                        TLS_KEY_UPDATE = 24,
                        TLS_COMPRESSED_CERTIFICATE = 25,
                        TLS_NEXT_PROTOCOL = 67,
                        TLS_HELLO_RETRY_REQUEST =
                            1000, /* a ServerHello with the random of RFC 8446 section 4.1.3 */
                        TLS_SERVER_HELLO_13 =
                            1001,              /* in edges only: a ServerHello that chose TLS 1.3 */
                        TLS_KEY_CHANGE = 1002, /* in edges only: ChangeCipherSpec up to TLS 1.2 */
};

enum tls_state {
    TLS_START,
    TLS_OFFERED,       /* ClientHello */
    TLS_RETRY,         /* HelloRetryRequest */
    TLS_CHOSEN,        /* ServerHello, up to TLS 1.2 */
    TLS_CERTIFIED,     /* server Certificate in clear */
    TLS_KEYED,         /* ServerHelloDone */
    TLS_CLIENT_KEYED,  /* ClientKeyExchange */
    TLS_CLIENT_SEALED, /* client ChangeCipherSpec, up to TLS 1.2 */
    TLS_SERVER_SEALED, /* server ChangeCipherSpec first: abbreviated handshake */
    TLS_UP,            /* ChangeCipherSpec and a sealed handshake record from both, up to TLS 1.2 */
    TLS_SEALED,        /* ServerHello of TLS 1.3: the rest is encrypted */
    TLS_STATES,
};

enum {
    TLS_MESSAGE_MAX =
        128 * 1024 - 64,       /* octets of one handshake message that we keep, header included */
    TLS_HELLO_MAX = 16 * 1024, /* octets of a hello that we keep; the rest counts as cut */
    TLS_CHAIN_MAX = 16,
    TLS_SEALED_MAX = 24,  /* sealed records remembered a side, from the first */
    TLS_KEPT_SMALL = 512, /* octets of a later sealed record that is still handed on, for keys */
    TLS_MESSAGES_MAX = 96,
    TLS_ALERTS_MAX = 16,
};

/* Where something was seen: the frame that completed it. */
struct tls_stamp {
    uint64_t frame;
    int64_t time_ns;
};

struct tls_message {
    struct tls_stamp at;
    uint16_t type; /* enum tls_message_type */
    uint8_t from;  /* enum side */
    bool cut;      /* not all of it was captured */
    bool opened;   /* it was sealed, and read with keys */
    uint32_t length;
};

struct tls_alert {
    struct tls_stamp at;
    uint8_t from;    /* enum side */
    bool encrypted;  /* level and code are unknown */
    bool opened;     /* it was sealed, and read with keys */
    uint8_t level;   /* 1 warning, 2 fatal; as sent */
    uint8_t code;    /* IANA TLS Alerts */
    uint16_t length; /* of the record */
};

struct tls_sealed {
    struct tls_stamp at;
    uint16_t length; /* of the record body */
    uint8_t type;    /* enum tls_content as on the outside */
    uint8_t inside;  /* as read with keys; 0 = it was not */
};

struct tls_client_hello {
    struct tls_stamp at;
    uint16_t record_version, legacy_version;
    uint8_t random[32];
    uint8_t session_id_length;
    uint8_t session_id[32]; /* its first octets */
    bool sslv2_form, cut, malformed;
    bool psk, early_data, ticket, ech, renegotiation, fallback_scsv, extended_master_secret;
    bool post_handshake_auth;
    struct bytes server_name; /* host_name as sent; empty when absent */
    struct bytes suites;      /* uint16 list, network order, as sent (GREASE included) */
    struct bytes extensions;  /* the whole block, as sent */
    struct bytes versions;    /* supported_versions: uint16 list; empty when absent */
    struct bytes groups, signature_schemes; /* uint16 lists */
    struct bytes point_formats;             /* uint8 list */
    struct bytes alpn;                      /* list of uint8-prefixed names */
    struct bytes key_share_groups;          /* the key_share entries as sent */
    uint32_t length;                        /* of the handshake message body */
};

enum tls_downgrade { TLS_NO_MARK, TLS_MARK_12, TLS_MARK_11 };

struct tls_server_hello {
    struct tls_stamp at;
    bool present, cut, malformed;
    bool psk;               /* pre_shared_key: the offer was accepted */
    bool session_id_echoed; /* equal to the client's non-empty one */
    bool ticket, extended_master_secret, early_data;
    uint16_t record_version, legacy_version;
    uint16_t version; /* negotiated: supported_versions, else the legacy one */
    uint16_t suite;
    uint16_t group; /* of key_share; 0 when absent */
    enum tls_downgrade downgrade;
    uint8_t session_id_length;
    struct bytes alpn;       /* the chosen name; empty when none */
    struct bytes extensions; /* as sent */
};

struct tls_half {
    /* first line: every record */
    uint8_t record_type; /* of the record being read */
    uint8_t record_use;  /* what its body is good for: see record.c */
    uint16_t record_version;
    uint16_t record_length;
    uint8_t alert[2];   /* of the plain alert being read */
    uint32_t body_left; /* octets of that record still to come */
    uint8_t alert_have;
    bool lost;      /* records were missed: a gap over a header, or no TLS any more; stays */
    bool dead;      /* ... and nothing more can be read */
    bool seeking;   /* ... and the next record is being looked for, at the start of each window */
    bool alien;     /* an impossible record header in a complete stream */
    bool gap;       /* some handshake bytes of this side were never seen */
    bool clipped;   /* ... because of the snap length */
    bool sealed;    /* everything from here on is encrypted */
    bool kept;      /* the current record's body is being kept, for keys */
    bool wrapped;   /* some of the current record's body is missing */
    bool unsure;    /* client ChangeCipherSpec before any ServerHello: 1.3 or not? */
    bool join_lost; /* a gap hid a message border: wait for the next record */
    uint32_t n_records;
    uint32_t n_application; /* records of type 23 up to TLS 1.2, or of unknown version; in TLS 1.3
                               (and as early data) they are in the sealed list instead */
    uint8_t *join;          /* the handshake message being joined */
    uint32_t join_have, join_need;
    struct tls_sealed *sealed_list; /* the first TLS_SEALED_MAX */
    uint32_t n_sealed; /* sealed records of type 21, 22 and, as said above, 23; also those not
                          remembered */
    uint32_t join_size;
    /* second line: every record that is sealed */
    struct tls_stamp last; /* record completed */
    struct tls_sealed sealed_last;
    uint64_t application_bytes;
    struct tls_stamp last_application;
    /* third line */
    struct tls_stamp ccs;    /* frame 0 = none */
    struct tls_stamp finish; /* up to 1.2: first sealed handshake record after the CCS */
    uint32_t finish_length;
    uint32_t join_skip; /* octets still to come of a message that was handed on cut */
    struct tls_stamp first_application;
    uint8_t to_the_line[8];
};

_Static_assert(offsetof(struct tls_half, last) == 64 && offsetof(struct tls_half, ccs) == 128 &&
                   sizeof(struct tls_half) == 192,
               "lines");

/* A sealed record that keys may open. */
struct tls_record {
    struct tls_stamp at;
    uint64_t sequence; /* of this side's sealed records; also those that are not handed on count */
    uint32_t index;    /* of those that the sealed list counts */
    uint16_t version;
    uint8_t from, type;
    struct bytes body; /* borrowed until the next call that takes octets */
};

/* What keys need, and what they brought to light beyond what half, messages and alerts say. */
struct tls_opened {
    struct tls_record record; /* just handed on: TLS_STEP_SEALED */
    struct tls_kept {         /* a record under way */
        uint8_t *at;          /* a block of the arena; NULL = none */
        uint32_t have;
    } kept[SIDES];
    bool has_server_random, compressed; /* compression was chosen: RFC 3749 */
    uint8_t server_random[32];
    struct tls_stamp finished[SIDES]; /* Finished read with keys; frame 0 = none */
    uint32_t n_opened[SIDES];         /* records */
    uint32_t n_closed[SIDES];         /* records that keys were tried on in vain */
    uint32_t n_updates[SIDES];        /* KeyUpdate messages */
    struct bytes alpn;                /* of EncryptedExtensions; empty when none */
    struct tls_again {                /* the newest renegotiation, up to TLS 1.2 */
        uint8_t random[SIDES][32];
        bool hello[SIDES];
        uint16_t suite;
        struct bytes extensions; /* of its ServerHello; in the arena */
    } again;
    uint32_t n_key_changes[SIDES]; /* ChangeCipherSpec records */
    struct tls_join {              /* a message across records */
        uint8_t *at;
        uint32_t have, need, size;
    } join[SIDES];
};

struct tls_certificates {
    enum side from;
    struct tls_stamp at;
    unsigned n; /* entries in the message; der holds the first TLS_CHAIN_MAX */
    bool cut;   /* the message was not whole, or did not parse to its end */
    struct bytes der[TLS_CHAIN_MAX];
};

struct tls {
    /* To the first line's end, 32 octets from here: every record. */
    struct tls_message *messages;
    struct tls_client_hello *hello; /* the first; NULL before it */
    enum tls_state state;
    uint16_t n_messages, n_alerts;
    bool chose_13; /* tls_is_13, where every record asks */
    bool fresh;    /* the Certificate message just read is there for tls_fresh */
    bool out_of_memory;
    bool keep; /* tls_keep was called: no keys, no cost */
    struct tls_half half[SIDES];
    struct arena *arena;                         /* borrowed */
    struct pool *pool;                           /* borrowed */
    struct tls_client_hello *hello_again;        /* after a HelloRetryRequest */
    struct tls_server_hello server_hello, retry; /* .present tells */
    unsigned n_client_hellos, n_retries;
    struct tls_stamp unexpected; /* first message that no edge allows; frame 0 = none */
    uint16_t unexpected_type;
    uint16_t messages_lost, alerts_lost;
    struct tls_alert *alerts;
    struct tls_stamp certificate[SIDES]; /* Certificate seen in clear; frame 0 = none */
    unsigned n_certificates[SIDES];
    struct tls_stamp certificate_request; /* seen in clear */
    struct bytes request_types,
        request_schemes;          /* its certificate_types, supported_signature_algs */
    unsigned request_authorities; /* CA names it lists */
    uint16_t exchange_group;      /* named by a ServerKeyExchange, if it is one of ECDHE; 0 none */
    /* Of that Certificate message: borrowed. */
    enum side fresh_from;
    struct bytes fresh_body;
    struct tls_stamp fresh_at;
    bool fresh_13;             /* it has the form of TLS 1.3 */
    struct tls_opened *opened; /* NULL unless keep */
};

_Static_assert(offsetof(struct tls, half) == 32, "with the header of its block one line");

enum tls_step {
    TLS_STEP_MORE,         /* all of `in` was used */
    TLS_STEP_CERTIFICATES, /* stopped behind a Certificate message: take tls_fresh, call again */
    TLS_STEP_SEALED,       /* stopped behind a sealed record: take t->opened->record, call again */
    TLS_STEP_LOST,         /* this side cannot be framed any more */
};

/* NULL when the arena is full. */
struct tls *tls_open(struct arena *arena, struct pool *pool);

/* Reads in-order bytes of one side.  `in` is consumed as far as understood; what remains in it must
 * come again, followed by more (less than a record header, or an unsplit SSL 2.0 hello).
 * After TLS_STEP_MORE, t->half[from].body_left octets that follow belong to a record nobody needs
 * (see tls_skippable) and may be skipped unseen.  tls_fresh borrows `in` and the join buffer and is
 * valid until the next call.  Clipped bytes at the end of `in` were on the wire but not captured.
 */
enum tls_step tls_feed(struct tls *t, enum side from, struct bytes *in, struct tls_stamp at);

/* From now on sealed records that may hold more than application data are handed on by tls_feed.
 * False when the arena is full. */
bool tls_keep(struct tls *t);

/* What a sealed record held: facts as from records in clear, marked as opened.  tls_fresh as after
 * tls_feed.  What it says of the connection's state stays what anybody can see.  tls_unopened: keys
 * were at hand, and it did not yield. */
void tls_unsealed(struct tls *t, const struct tls_record *record, uint8_t inside,
                  struct bytes plain);
void tls_unopened(struct tls *t, const struct tls_record *record);

/* How many octets after the last tls_feed of this side the caller may drop without showing them;
 * they are counted as seen.  tls_skipped takes them off. */
uint32_t tls_skippable(const struct tls *t, enum side from);
void tls_skipped(struct tls *t, enum side from, uint32_t n, struct tls_stamp at);

/* n octets of this side are missing for good (capture loss, or cut).  Framing survives when they
 * lie inside one record.  A Certificate under way is handed on as far as it was seen: t->fresh.n >
 * 0 then, until the next call (tls_feed answers TLS_STEP_CERTIFICATES when it meets clipped bytes
 * itself). */
void tls_gap(struct tls *t, enum side from, uint64_t n, bool clipped, struct tls_stamp at);

/* No more octets of this side will come: a message under way is read as far as it was seen.
 * tls_fresh as after tls_gap. */
void tls_end(struct tls *t, enum side from, struct tls_stamp at);

/* The certificates of the message just read; n is 0 when there is none.  Windows are borrowed and
 * valid until the next call that takes octets. */
struct tls_certificates tls_fresh(const struct tls *t);
static inline bool tls_has_fresh(const struct tls *t) { return t->fresh; } /* is it worth asking? */

/* Does this look like the start of a TLS conversation?  1 yes, 0 no, -1 too short to tell. */
int tls_looks_like_client(const struct bytes *in); /* a ClientHello record, or its SSL 2.0 form */
int tls_looks_like_server(const struct bytes *in); /* a record with ServerHello or an alert */
int tls_looks_like_record(const struct bytes *in); /* any plausible record header, mid-stream */

/* Negotiated version as sent (0x0304, 0x7f17 ...); 0 before a ServerHello, and when it was cut so
 * early that nothing tells.  Drafts of 1.3 (0x7fxx) count as 1.3 in tls_is_13, and so does a
 * HelloRetryRequest. */
uint16_t tls_version(const struct tls *t);
bool tls_suite_known(const struct tls *t); /* a ServerHello was seen as far as its suite */
bool tls_is_13(const struct tls *t);
uint16_t tls_group(const struct tls *t); /* that both agreed on; 0 = none, or not known */
bool tls_resumed(const struct tls *t);   /* PSK accepted, or an abbreviated handshake */

/* The PSK that was accepted comes from elsewhere, not from a session before: its age was given as 0
 * (RFC 8446 section 4.2.11). */
bool tls_psk_is_external(const struct tls *t);

/* The highest version offered: supported_versions without GREASE, else the legacy version. */
uint16_t tls_offered_highest(const struct tls_client_hello *hello);
uint16_t tls_offered_lowest_hint(const struct tls_client_hello *hello); /* 0 when not listed */
bool tls_offers_version(const struct tls_client_hello *hello, uint16_t version);
bool tls_offers_suite(const struct tls_client_hello *hello, uint16_t suite);
bool tls_offers_scheme(const struct tls_client_hello *hello, uint16_t scheme);
bool tls_offers_group(const struct tls_client_hello *hello, uint16_t group);
bool tls_is_grease(uint16_t value);

/* What a stack offers in the same way each time, in 32 bits: suites, groups, signature schemes, and
 * which extensions there are, without GREASE, tickets and padding.  Two runs agree on it. */
uint32_t tls_hello_mark(const struct tls_client_hello *hello);

/* For the graph test: the next state, or -1 when no edge lists it.  TLS_FINISHED stands for a
 * sealed handshake record up to TLS 1.2.  A message without an edge is kept as `unexpected`; the
 * state then moves on only as far as that message proves (its forerunners may lie in a gap). */
int tls_edge_next(enum tls_state now, enum side from, uint16_t message_type);
