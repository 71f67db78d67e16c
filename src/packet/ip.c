#include "packet/ip.h"

#include "packet/field.h"

#include <endian.h>
#include <string.h>

enum { /* IANA protocol numbers */
       HOP_BY_HOP = 0,
       IPV4_IN_IP = 4,
       IPV6_IN_IP = 41,
       ROUTING = 43,
       FRAGMENT = 44,
       GRE = 47,
       AUTHENTICATION = 51,
       NO_NEXT_HEADER = 59,
       DESTINATION = 60,
       MOBILITY = 135,
       HOST_IDENTITY = 139,
       SHIM6 = 140,
};

bool ip_is_tunnel(uint8_t protocol)
{
    return protocol == IPV4_IN_IP || protocol == IPV6_IN_IP || protocol == GRE;
}

static bool ip_lies(struct packet *p)
{
    p->malformed = true;
    return false;
}

static uint16_t capped_16(size_t n) { return n < UINT16_MAX ? (uint16_t)n : UINT16_MAX; }

static bool is_short(const struct bytes *b, struct packet *p)
{
    return b->fault == BYTES_SHORT && ip_lies(p);
}

/* As address_v4, in two stores: the flow key reads them back at once. */
static void address_put_v4(const uint8_t *quad, struct address *out)
{
    uint64_t high = 0, low = htobe64((uint64_t)0xffff << 32 | field_32(quad));
    memcpy(out->octet, &high, sizeof high);
    memcpy(out->octet + 8, &low, sizeof low);
}

static void ip4_fields(const uint8_t *head, struct packet *p)
{
    p->dscp = head[1] >> 2;
    p->ip_id = field_16(head + 4);
    p->dont_fragment = (head[6] & 0x40) != 0;
    p->ttl = head[8];
    p->ip_protocol = head[9];
    address_put_v4(head + 12, &p->source);
    address_put_v4(head + 16, &p->destination);
}

bool ip4_open(struct packet *p, struct datagram *out)
{
    enum { HEADER = 20, MORE = 0x2000, OFFSET = 0x1fff };
    struct bytes *b = &p->payload;
    size_t wire = bytes_on_wire(b);
    const uint8_t *head = field_block(b, HEADER);
    if (!head)
        return is_short(b, p);
    size_t header = (size_t)(head[0] & 0x0f) * 4, length = field_16(head + 2);
    size_t total = length ? length : wire;
    if (head[0] >> 4 != 4 || header < HEADER || header > total)
        return ip_lies(p);
    p->ip_length = capped_16(total);
    ip4_fields(head, p);
    if (header > HEADER)
        bytes_skip(b, header - HEADER);
    if (!bytes_ok(b)) /* options beyond the end of a frame that some tool shortened */
        return false;
    out->missing = field_trim(b, total - header);
    out->header = header;
    uint16_t place = field_16(head + 6);
    out->is_fragment = (place & (MORE | OFFSET)) != 0;
    out->fragment = (struct fragment){ .id = p->ip_id,
                                       .offset = (place & OFFSET) * 8u,
                                       .more = (place & MORE) != 0 };
    return p->ip_protocol != AUTHENTICATION || out->is_fragment || ip_open_inner(p, out);
}

static bool is_extension(uint8_t protocol)
{
    switch (protocol) {
    case HOP_BY_HOP:
    case ROUTING:
    case DESTINATION:
    case AUTHENTICATION:
    case MOBILITY:
    case HOST_IDENTITY:
    case SHIM6:
        return true;
    default:
        return false;
    }
}

/* Its length counts units of eight octets after the first (RFC 8200 section 4.2), in AH units of
 * four after the second (RFC 4302 section 2.2). */
static bool extension_skip(struct bytes *b, uint8_t *protocol)
{
    struct bytes ahead = *b;
    uint8_t next = bytes_u8(&ahead);
    size_t length = bytes_u8(&ahead);
    b->fault = ahead.fault;
    bytes_skip(b, *protocol == AUTHENTICATION ? (length + 2) * 4 : (length + 1) * 8);
    *protocol = next;
    return bytes_ok(b);
}

/* RFC 8200 section 4.5; one that does not fragment at all is passed over (RFC 6946). */
static bool fragment_skip(struct bytes *b, uint8_t *protocol, uint32_t *id, uint16_t *place)
{
    const uint8_t *head = field_block(b, 8);
    if (!head)
        return false;
    *protocol = head[0];
    *place = field_16(head + 2) & 0xfff9;
    *id = field_32(head + 4);
    return true;
}

bool ip_open_inner(struct packet *p, struct datagram *out)
{
    for (;;) {
        uint32_t id = 0;
        uint16_t place = 0;
        bool fine = true;
        size_t before = bytes_on_wire(&p->payload);
        if (p->ip_protocol == FRAGMENT)
            fine = fragment_skip(&p->payload, &p->ip_protocol, &id, &place);
        else if (is_extension(p->ip_protocol))
            fine = extension_skip(&p->payload, &p->ip_protocol);
        else
            return true;
        if (!fine)
            return out->missing == 0 && is_short(&p->payload, p);
        if (place && p->reassembled) /* fragments within fragments */
            return ip_lies(p);
        if (place) {
            out->is_fragment = true;
            out->fragment = (struct fragment){ id, place & 0xfff8u, (place & 1) != 0 };
            return true;
        }
        out->header += before - bytes_on_wire(&p->payload);
    }
}

bool ip6_open(struct packet *p, struct datagram *out)
{
    enum { HEADER = 40 };
    struct bytes *b = &p->payload;
    const uint8_t *head = field_block(b, HEADER);
    if (!head)
        return is_short(b, p);
    if (head[0] >> 4 != 6)
        return ip_lies(p);
    size_t length = field_16(head + 4);
    p->ip_protocol = head[6];
    if (length == 0 && p->ip_protocol != NO_NEXT_HEADER)
        length = bytes_on_wire(b);
    p->ip_length = capped_16(HEADER + length);
    p->ttl = head[7];
    p->dscp = (uint8_t)(field_16(head) >> 6 & 0x3f);
    memcpy(p->source.octet, head + 8, 16);
    memcpy(p->destination.octet, head + 24, 16);
    out->missing = field_trim(b, length);
    out->header = HEADER;
    out->is_fragment = false;
    return ip_open_inner(p, out);
}

bool ip6_skip_extensions(struct bytes *b, uint8_t *protocol)
{
    for (;;) {
        uint32_t id = 0;
        uint16_t place = 0;
        if (is_extension(*protocol)) {
            if (!extension_skip(b, protocol))
                return false;
        } else if (*protocol == FRAGMENT) {
            if (!fragment_skip(b, protocol, &id, &place) || place > 7)
                return false;
        } else {
            return true;
        }
    }
}
