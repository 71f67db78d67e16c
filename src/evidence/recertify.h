/* recertify.h - a certificate made anew at the same length: other names, other keys, and signatures
 * that verify where the old ones did.
 *
 * What it is: recertify works on one DER certificate in place: strings and serial are replaced (by
 * scrub.h), the public key by a fresh one of its kind and size, always the same for the same key,
 * and the signature by one of the issuer's stand-in.  Chains, self-signed certificates and names
 * that agree or do not still do.  A signature that did not verify stays one that does not.
 * What it refuses: kinds of keys that it cannot make (then the old key stays, counted in `kept`).
 * Cost: making an RSA key takes a tenth of a second and more, once a key.
 * Sources: RFC 5280, RFC 8017, RFC 5480, RFC 8410. */
#pragma once

#include "evidence/scrub.h"

struct recertifier;

struct recertifier *recertifier_open(void);
void recertifier_close(struct recertifier *r);

/* Certificates of one message, as sent: looked at together, since one may be the other's issuer. */
void recertify(const struct scrubber *s, uint8_t *const *der, const size_t *n, size_t count);
