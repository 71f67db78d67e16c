/* prints.h - the texts from which fingerprints of hellos are made.
 *
 * What it is: JA3 and JA3S as text, and the three parts of JA4 for a client over TCP.  Who prints
 * them takes MD5 or SHA-256 of the texts; nothing is computed while packets are read.
 * What it refuses: a hello that was cut, is malformed or has the form of SSL 2.0: a fingerprint of
 * a part would be that of another program.  GREASE (RFC 8701) is left out everywhere.
 * Units: a text holds at most PRINT_TEXT - 1 octets, for the largest hello that is kept.
 * Sources: JA3 (github.com/salesforce/ja3, BSD 3-Clause), JA4 for TLS clients
 * (github.com/FoxIO-LLC/ja4, technical_details/JA4.md; BSD 3-Clause).  Of the family of JA4 only
 * this one is free; the others are under another licence and are not here. */
#pragma once

#include "base/text.h"
#include "tls/tls.h"

enum {
    PRINT_TEXT = 4 * TLS_HELLO_MAX + 64, /* point formats: an octet becomes "255-" */
    JA4_HEAD = 10,                       /* "t13d1516h2" */
};

bool print_is_possible(const struct tls_client_hello *hello); /* NULL: it is not */
bool print_ja3s_is_possible(const struct tls_server_hello *hello);

/* "771,4865-4866,0-11-10,29-23,0" */
void print_ja3(const struct tls_client_hello *hello, struct text *out);

/* "771,4865,43-51" */
void print_ja3s(const struct tls_server_hello *hello, struct text *out);

/* The part in clear, and what the two digests are taken of; an empty text has the digest of zeros.
 */
void print_ja4_head(const struct tls_client_hello *hello, char out[JA4_HEAD + 1]);
void print_ja4_suites(const struct tls_client_hello *hello, struct text *out);
void print_ja4_extensions(const struct tls_client_hello *hello, struct text *out);
