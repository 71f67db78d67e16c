/* hello.h - ClientHello, ServerHello and HelloRetryRequest as facts.
 *
 * What it is: private to tls/.  Each reader copies what its windows point to into the arena.
 * Ownership: hellos and their windows live in t->arena.
 * Sources: RFC 8446 section 4.1, RFC 5246 section 7.4.1 and appendix E.2 (SSL 2.0 form). */
#pragma once

#include "tls/tls.h"

/* NULL when the arena is full. */
struct tls_client_hello *hello_read_client(struct tls *t, struct bytes body, struct tls_stamp at);
struct tls_client_hello *hello_read_sslv2(struct tls *t, struct bytes body, struct tls_stamp at);

/* Reads a ServerHello, or a HelloRetryRequest: *retry tells.  out is zeroed before. */
void hello_read_server(struct tls *t, struct bytes body, struct tls_stamp at, bool *retry,
                       struct tls_server_hello *out);

/* The HelloRetryRequest that drafts of TLS 1.3 had as a message of its own (type 6). */
void hello_read_draft_retry(struct tls *t, struct bytes body, struct tls_stamp at,
                            struct tls_server_hello *out);

bool hello_version_is_13(uint16_t version); /* drafts and experiments included */
