/* schedule.h - from a secret to the keys of one direction.
 *
 * What it is: private to keys/.  TLS 1.3: HKDF-Expand-Label of a traffic secret.  Before: the key
 * block of a master secret and both randoms.  What it refuses: deriving secrets from handshakes;
 * the log gives them. Sources: RFC 8446 sections 7.1, 7.2, 7.3; RFC 5246 sections 5, 6.3; RFC 2246
 * section 5. */
#pragma once

#include "base/bytes.h"
#include "base/side.h"
#include "keys/suite.h"

enum { DIRECTION_KEY = 32, DIRECTION_MAC = 48, DIRECTION_IV = 16 };

struct direction {
    struct suite suite;
    uint16_t version; /* as negotiated: 0x0304, or a draft of it, 0x0303 ... */
    bool tls13;
    bool encrypt_then_mac; /* RFC 7366 */
    uint8_t key[DIRECTION_KEY], iv[DIRECTION_IV], mac[DIRECTION_MAC];
};

/* Fills key and iv; suite and version are set.  False when OpenSSL cannot. */
bool schedule_13(struct direction *d, const uint8_t *secret, uint8_t octets);

/* The next application traffic secret, in place (after a KeyUpdate). */
bool schedule_13_update(const struct direction *d, uint8_t *secret, uint8_t octets);

/* Fills mac, key and iv of one side; suite and version are set. */
bool schedule_12(struct direction *d, enum side side, const uint8_t master[48],
                 const uint8_t client_random[32], const uint8_t server_random[32]);
