#include "base/address.h"

#include <arpa/inet.h>
#include <sys/socket.h>

char *address_text(const struct address *a, char *out)
{
    const char *done = address_is_ipv4(a) ? inet_ntop(AF_INET, a->octet + 12, out, ADDRESS_TEXT)
                                          : inet_ntop(AF_INET6, a->octet, out, ADDRESS_TEXT);
    if (!done)
        out[0] = '\0';
    return out;
}

bool address_parse(const char *text, struct address *out)
{
    uint8_t quad[4];
    if (inet_pton(AF_INET, text, quad) == 1) {
        *out = address_v4(quad);
        return true;
    }
    return inet_pton(AF_INET6, text, out->octet) == 1;
}

bool address_is_multicast_or_broadcast(const struct address *a)
{
    static const uint8_t everyone[4] = { 255, 255, 255, 255 };
    if (address_is_ipv4(a))
        return (a->octet[12] & 0xf0) == 0xe0 || memcmp(a->octet + 12, everyone, 4) == 0;
    return a->octet[0] == 0xff;
}

bool address_is_loopback(const struct address *a)
{
    static const struct address one = { { [15] = 1 } };
    return address_is_ipv4(a) ? a->octet[12] == 127 : address_equal(a, &one);
}

bool address_is_unspecified(const struct address *a)
{
    static const struct address none = { { 0 } };
    static const uint8_t quad[4] = { 0 };
    return address_equal(a, &none) || (address_is_ipv4(a) && memcmp(a->octet + 12, quad, 4) == 0);
}
