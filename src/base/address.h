/* address.h - an IPv4 or IPv6 address in one form.
 *
 * IPv4 is kept as ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2), so that one key fits both.  Which
 * family a packet used is told by address_is_ipv4.  Text form: dotted quad, or RFC 5952. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct address {
    uint8_t octet[16];
};

enum { ADDRESS_TEXT = 46 }; /* bytes that address_text may need, with the NUL */

static inline struct address address_v4(const uint8_t quad[4])
{
    struct address a = { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff } };
    memcpy(a.octet + 12, quad, 4);
    return a;
}

static inline bool address_is_ipv4(const struct address *a)
{
    static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
    return memcmp(a->octet, mapped, sizeof mapped) == 0;
}

static inline bool address_equal(const struct address *a, const struct address *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* Writes the address; out needs ADDRESS_TEXT bytes.  Returns out. */
char *address_text(const struct address *a, char *out);

/* Reads a dotted quad or an IPv6 address; false when it is neither. */
bool address_parse(const char *text, struct address *out);

bool address_is_multicast_or_broadcast(const struct address *a);
bool address_is_loopback(const struct address *a);
bool address_is_unspecified(const struct address *a);
