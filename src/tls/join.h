/* join.h - handshake messages joined across records and segments.
 *
 * What it is: private to tls/.  A message that lies whole in the window is handed on in place;
 * otherwise its octets gather in a buffer of the arena that doubles as it fills and is given back.
 * What it refuses: messages above TLS_MESSAGE_MAX, which are handed on cut and skipped.
 * Source: RFC 8446 section 5.1 (fragmentation), section 4 (message header). */
#pragma once

#include "tls/tls.h"

/* Takes octets of the current handshake record from `in`.  True: stopped behind a Certificate. */
bool join_feed(struct tls *t, enum side from, struct bytes *in, struct tls_stamp at);

/* n octets of the current handshake record are missing. */
void join_gap(struct tls *t, enum side from, uint32_t n, struct tls_stamp at);

/* What is under way will not be completed: hand it on cut.  True when it was a Certificate: then
 * t->fresh borrows the buffer until join_settle. */
bool join_cut(struct tls *t, enum side from, struct tls_stamp at);

/* Gives back the buffer of a message that was handed on in it. */
void join_settle(struct tls *t, enum side from);
