/* suite.h - what a cipher suite does to a record.
 *
 * What it is: private to keys/.  The registry's names say it all: cipher, mode, and hash follow
 * "WITH", or the prefix in TLS 1.3.  A name becomes the names OpenSSL has for the same.
 * What it refuses: stream ciphers (they need every octet from the first), export ciphers, and what
 * OpenSSL does not have; these are known by name and cannot be read.
 * Sources: IANA TLS Cipher Suites; RFC 5246 section 6.2.3, RFC 5288, RFC 6655, RFC 7905, RFC 8446
 * section B.4. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum suite_mode {
    SUITE_UNREADABLE,
    SUITE_GCM,
    SUITE_CCM,
    SUITE_CHACHA20,
    SUITE_CBC,
    SUITE_NULL, /* authenticated only */
};

struct suite {
    enum suite_mode mode;
    char cipher[24];  /* OpenSSL's name: "AES-128-GCM" */
    const char *hash; /* of the key schedule, in TLS 1.2 and 1.3: "SHA256" */
    const char *mac;  /* of SUITE_CBC and SUITE_NULL: "SHA1" */
    uint8_t key_octets;
    uint8_t iv_octets; /* what the key block holds: the fixed part of a nonce, or a block */
    uint8_t tag_octets;
    uint8_t mac_octets;
    uint8_t block; /* SUITE_CBC */
};

/* mode SUITE_UNREADABLE when it is none that can be read. */
struct suite suite_of(uint16_t number, bool tls13);
