/* opened.h - a TLS 1.3 handshake as keys show it, in the words of sealed.h.
 *
 * What it is: private to tls/.  The same questions that the decision table answers from lengths,
 * answered from what was read: nothing here is an inference.
 * What it refuses: an answer when a record of the handshake stayed closed. */
#pragma once

#include "tls/sealed.h"

/* False when keys did not open the whole handshake as far as it was sent: the table counts then. */
bool opened_read(const struct tls *t, const struct sealed_end *end, struct sealed_reading *out);

/* What the keys of up to TLS 1.2 need of a ServerHello, and nobody else. */
void opened_server_hello(struct tls_opened *o, struct bytes body);
