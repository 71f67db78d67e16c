/* sealed.h - what record lengths and positions tell about a TLS 1.3 handshake nobody can read.
 *
 * What it is: the decision table for a keyless observer, as rows: which sealed records each side
 * sent after the ServerHello, how long they are for this cipher suite, when, and who closed.  Up to
 * TLS 1.2 one row: an encrypted alert of the client where it should wait for the server's Finished.
 * What it refuses: deciding from one length alone; anything after an accepted PSK that would be a
 * statement about a certificate; padded connections (no row fits: SEALED_UNREADABLE).
 * Sources: RFC 8446 sections 4.4, 5.2, 6; lengths measured on OpenSSL, GnuTLS, Go, JSSE, NSS,
 * wolfSSL (docs/limits.md). */
#pragma once

#include "tls/tls.h"

enum sealed_row {
    SEALED_NONE,               /* nothing to say (yet) */
    SEALED_CLIENT_REJECTS,     /* first and only client record is of alert size, then it closes */
    SEALED_CLIENT_LEAVES,      /* client FIN or RST after the server flight, no record of its own */
    SEALED_SERVER_REJECTS,     /* server's first record after the client's final flight: alert size,
                                  within the window, then close */
    SEALED_SERVER_CLOSES_LATE, /* the same, later than the window */
    SEALED_SERVER_GONE,        /* final flight, then server FIN or RST without any record */
    SEALED_ACCEPTED,           /* a server record that is no alert came after the final flight */
    SEALED_FINISHED,           /* final flight sent; nothing decided after it */
    SEALED_SERVER_ABORTS, /* server's only records are of alert size, before any final flight: it
                             takes back its own ServerHello (no common ALPN, no certificate) */
    SEALED_UNREADABLE,    /* lengths fit no row: padding, or records lost */
};

/* How the connection ended, as TCP shows it. */
struct sealed_end {
    bool closed;         /* FIN or RST by anybody */
    enum side closed_by; /* the first to close */
    bool by_reset;
    int64_t close_ns; /* time of that close */
    int64_t last_ns;  /* last packet of the connection */
    int64_t rtt_ns;   /* 0 when unknown */
};

struct sealed_reading {
    enum sealed_row row;
    uint16_t expected_finished; /* octets of a normal Finished record for this suite; 0 unknown */
    uint16_t alert_length;      /* octets of the alert-size record, when the row has one */
    struct tls_stamp alert_at;  /* that record */
    struct tls_stamp final_flight;  /* where the client's final flight was complete */
    struct tls_stamp server_flight; /* last server record before the client answered */
    int64_t window_ns;              /* 2 RTT + 200 ms, as used */
    bool certificate_requested;    /* derived: the client sent a Certificate, or the server's flight
                                      has a record between EncryptedExtensions and Certificate */
    bool client_certificate_empty; /* 25 octets (41 padded by 16) before the Finished */
    bool client_certificate_sent;  /* any Certificate, even empty */
    bool client_data;              /* sealed client records beyond the final flight */
    bool server_data;   /* sealed server records beyond tickets, or any after client data */
    bool maybe_tickets; /* ... and all of that may as well be the tickets of a server that does not
                           answer */
    bool closed_clean;  /* an alert-size record (close_notify) preceded the close */
    bool with_keys;     /* nothing of this is inferred: keys opened the handshake */
};

struct sealed_reading sealed_read(const struct tls *t, const struct sealed_end *end);

/* Sets of lengths for a suite: is n an alert, a Finished?  hash_bytes is 32 or 48. */
bool sealed_is_alert(uint16_t suite, uint16_t n);
bool sealed_is_finished(uint16_t suite, uint16_t n);
