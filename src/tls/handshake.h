/* handshake.h - what messages, key changes and alerts mean for one TLS connection.
 *
 * What it is: private to tls/.  Keeps the facts of each message and steps the table of edges.
 * Sources: RFC 5246 section 7.3, RFC 8446 sections 4 and 6. */
#pragma once

#include "tls/tls.h"

/* A handshake message, header included; what was not captured or is missing is `clipped`.
 * True when it filled t->fresh. */
bool handshake_message(struct tls *t, enum side from, struct bytes message, struct tls_stamp at);

/* A ClientHello in SSL 2.0 form, its header of two octets taken off. */
void handshake_sslv2_hello(struct tls *t, struct bytes message, struct tls_stamp at);

void handshake_key_change(struct tls *t, enum side from, struct tls_stamp at);
void handshake_sealed_record(struct tls *t, enum side from, struct tls_stamp at);
/* The same for records of application data, without a look at the record that is being read.  In
 * TLS 1.3, and as early data of an offer that nobody answered yet, they hide what they are: those
 * are told one by one; of others n of them at once, with so many octets of bodies. */
bool handshake_hides_type(const struct tls *t, const struct tls_half *half);
void handshake_hidden_record(struct tls *t, struct tls_half *half, uint16_t length,
                             struct tls_stamp at);
void handshake_application(struct tls_half *half, uint32_t n, uint64_t octets, struct tls_stamp at);

void handshake_alert(struct tls *t, enum side from,
                     const uint8_t *level_code, /* NULL: unreadable */
                     struct tls_stamp at);

/* ---- the same, read with keys: opened.c ---- */

void handshake_opened_message(struct tls *t, struct tls_message message);
void handshake_opened_alert(struct tls *t, const struct tls_record *record,
                            const uint8_t level_code[2]);
void handshake_opened_certificate(struct tls *t, enum side from, struct bytes body,
                                  struct tls_stamp at);

/* A copy in the arena of at most so many octets of a window; the rest counts as cut. */
struct bytes handshake_kept(struct tls *t, struct bytes window, size_t most);
