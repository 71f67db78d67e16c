#include "packet/vpn.h"

#include "packet/field.h"

enum { PORT_ESP = 4500, PORT_HTTPS = 443, PORT_HTTPS_OTHER = 8443, PORT_SSL_VPN = 10443 };

/* Four octets that are no security association are IKE's; one octet keeps the NAT awake. */
static bool is_esp(const struct packet *p)
{
    enum { LEAST = 20 }; /* association, number, and a check value of twelve */
    bool port = p->destination_port == PORT_ESP || p->source_port == PORT_ESP;
    return port && bytes_on_wire(&p->payload) >= LEAST && p->payload.left >= 4 &&
           field_32(p->payload.at) != 0;
}

/* A type from 1 to 4, three octets of zero, and the length that this type has. */
static bool is_wireguard(const struct packet *p)
{
    enum { INITIATION = 1, RESPONSE = 2, COOKIE = 3, DATA = 4, DATA_LEAST = 32 };
    size_t n = bytes_on_wire(&p->payload);
    if (p->payload.left < 4 || field_32(p->payload.at) & 0xffffff)
        return false;
    switch (p->payload.at[0]) {
    case INITIATION:
        return n == 148;
    case RESPONSE:
        return n == 92;
    case COOKIE:
        return n == 64;
    case DATA:
        return n >= DATA_LEAST && n % 16 == 0;
    default:
        return false;
    }
}

static bool is_gateway(uint16_t port)
{
    return port == PORT_HTTPS || port == PORT_HTTPS_OTHER || port == PORT_SSL_VPN;
}

static bool is_dtls(const struct packet *p)
{
    enum { FIRST_TYPE = 20, LAST_TYPE = 25, MAJOR = 0xfe, HEADER = 13 };
    const uint8_t *at = p->payload.at;
    if (!is_gateway(p->destination_port) && !is_gateway(p->source_port))
        return false;
    return p->payload.left >= HEADER && at[0] >= FIRST_TYPE && at[0] <= LAST_TYPE &&
           at[1] == MAJOR && (at[2] == 0xff || at[2] == 0xfd || at[2] == 0xfc);
}

bool vpn_is_sealed(const struct packet *p) { return is_esp(p) || is_wireguard(p) || is_dtls(p); }
