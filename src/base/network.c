#include "base/network.h"

#include <stdio.h>

/* 0 to `most`, without signs and zeros before it; -1 when it is none. */
static int read_length(const char *text, int most)
{
    int v = 0;

    if (!*text || (text[0] == '0' && text[1]))
        return -1;
    for (; *text; text++) {
        if (*text < '0' || *text > '9' || (v = v * 10 + (*text - '0')) > most)
            return -1;
    }
    return v;
}

/* Bits from this one on are zero. */
static bool ends_with_zeros(const struct address *a, unsigned from)
{
    for (unsigned i = from; i < 128; i++)
        if (a->octet[i / 8] >> (7 - i % 8) & 1)
            return false;
    return true;
}

bool network_parse_n(const char *text, size_t n, struct network *out)
{
    char copy[ADDRESS_TEXT + 4];
    char *slash;
    int bits;

    if (n >= sizeof copy)
        return false;
    snprintf(copy, sizeof copy, "%.*s", (int)n, text);
    slash = strchr(copy, '/');
    if (slash)
        *slash = '\0';
    if (!address_parse(copy, &out->address))
        return false;
    int most = address_is_ipv4(&out->address) ? 32 : 128;
    bits = slash ? read_length(slash + 1, most) : most;
    out->bits = (uint8_t)(bits + 128 - most);
    return bits >= 0 && ends_with_zeros(&out->address, out->bits);
}

bool network_parse(const char *text, struct network *out)
{
    return network_parse_n(text, strlen(text), out);
}

void network_trim(struct network *network)
{
    for (unsigned i = network->bits; i < 128; i++)
        network->address.octet[i / 8] &= (uint8_t) ~(1U << (7 - i % 8));
}

bool network_holds(const struct network *network, const struct address *address)
{
    unsigned octets = network->bits / 8, rest = network->bits % 8;

    if (memcmp(network->address.octet, address->octet, octets) != 0)
        return false;
    return !rest || !((network->address.octet[octets] ^ address->octet[octets]) >> (8 - rest));
}

bool networks_hold(const struct network *network, size_t n, const struct address *address)
{
    for (size_t i = 0; i < n; i++)
        if (network_holds(&network[i], address))
            return true;
    return false;
}
