/* extensions.h - the extensions of hellos: one row each, number and where its value goes.
 *
 * What it is: private to tls/.  Walks hello->extensions and fills the hello.
 * What it refuses: judging.  Unlisted numbers (GREASE among them) are passed over; of an extension
 * that comes twice the first counts.
 * Faults: false when a length inside lies (BYTES_SHORT); what was not captured is no fault.
 * Source: RFC 8446 section 4.2, IANA TLS ExtensionType Values. */
#pragma once

#include "tls/tls.h"

bool extensions_read_client(struct tls_client_hello *hello);
bool extensions_read_server(struct tls_server_hello *hello, bool retry);
