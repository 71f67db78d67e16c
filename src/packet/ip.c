#include "packet/ip.h"

#include "packet/field.h"

enum { /* IANA protocol numbers */
       HOP_BY_HOP = 0,
       IPV4_IN_IP = 4,
       IPV6_IN_IP = 41,
       ROUTING = 43,
       FRAGMENT = 44,
       GRE = 47,
       ESP = 50,
       AUTHENTICATION = 51,
       NO_NEXT_HEADER = 59,
       DESTINATION = 60,
       MOBILITY = 135,
       HOST_IDENTITY = 139,
       SHIM6 = 140,
};

bool ip_is_tunnel(uint8_t protocol)
{
    return protocol == IPV4_IN_IP || protocol == IPV6_IN_IP || protocol == GRE || protocol == ESP;
}

static bool ip_lies(struct packet *p)
{
    p->malformed = true;
    return false;
}

static uint16_t capped_16(size_t n) { return n < UINT16_MAX ? (uint16_t)n : UINT16_MAX; }

static struct datagram datagram_of(struct bytes *b, size_t promised)
{
    struct bytes body = field_up_to(b, promised);
    return (struct datagram){ .body = body, .missing = promised - bytes_on_wire(&body) };
}

/* A fragment's place is fixed by what it promises: what the frame lacks of it counts as cut. */
static void fragment_set(struct datagram *d, uint32_t id, unsigned offset, bool more)
{
    d->is_fragment = true;
    d->fragment = (struct fragment){ .id = id, .offset = offset, .more = more, .body = d->body };
    d->fragment.body.clipped += d->missing;
}

bool ip4_open(struct bytes *b, struct packet *p, struct datagram *out)
{
    size_t wire = bytes_on_wire(b);
    uint8_t head[20];
    if (!bytes_copy(b, head, sizeof head))
        return b->fault == BYTES_SHORT && ip_lies(p);
    size_t header = (size_t)(head[0] & 0x0f) * 4, total = field_16(head + 2);
    if (total == 0)
        total = wire;
    if (head[0] >> 4 != 4 || header < sizeof head || header > total)
        return ip_lies(p);
    p->ip_length = capped_16(total);
    p->ip_protocol = head[9];
    p->ttl = head[8];
    p->dscp = head[1] >> 2;
    p->ip_id = field_16(head + 4);
    uint16_t fragment = field_16(head + 6);
    p->dont_fragment = (fragment & 0x4000) != 0;
    p->source = address_v4(head + 12);
    p->destination = address_v4(head + 16);
    if (header > sizeof head)
        bytes_skip(b, header - sizeof head);
    if (!bytes_ok(b)) /* options beyond the end of a frame that some tool shortened */
        return false;
    *out = datagram_of(b, total - header);
    if (fragment & 0x3fff)
        fragment_set(out, p->ip_id, (fragment & 0x1fffu) * 8, (fragment & 0x2000) != 0);
    else if (p->ip_protocol == AUTHENTICATION)
        return ip_open_inner(out, p);
    return true;
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
    uint8_t head[8];
    if (!bytes_copy(b, head, sizeof head))
        return false;
    *protocol = head[0];
    *place = field_16(head + 2) & 0xfff9;
    *id = field_32(head + 4);
    return true;
}

bool ip_open_inner(struct datagram *d, struct packet *p)
{
    for (;;) {
        uint32_t id = 0;
        uint16_t place = 0;
        bool fine = true;
        if (p->ip_protocol == FRAGMENT)
            fine = fragment_skip(&d->body, &p->ip_protocol, &id, &place);
        else if (is_extension(p->ip_protocol))
            fine = extension_skip(&d->body, &p->ip_protocol);
        else
            return true;
        if (!fine)
            return d->body.fault == BYTES_SHORT && d->missing == 0 && ip_lies(p);
        if (place && p->reassembled) /* fragments within fragments */
            return ip_lies(p);
        if (place) {
            fragment_set(d, id, place & 0xfff8u, (place & 1) != 0);
            return true;
        }
    }
}

bool ip6_open(struct bytes *b, struct packet *p, struct datagram *out)
{
    uint8_t head[40];
    if (!bytes_copy(b, head, sizeof head))
        return b->fault == BYTES_SHORT && ip_lies(p);
    if (head[0] >> 4 != 6)
        return ip_lies(p);
    size_t length = field_16(head + 4);
    p->ip_protocol = head[6];
    if (length == 0 && p->ip_protocol != NO_NEXT_HEADER)
        length = bytes_on_wire(b);
    p->ip_length = capped_16(sizeof head + length);
    p->ttl = head[7];
    p->dscp = (uint8_t)(field_16(head) >> 6 & 0x3f);
    memcpy(p->source.octet, head + 8, 16);
    memcpy(p->destination.octet, head + 24, 16);
    *out = datagram_of(b, length);
    return ip_open_inner(out, p);
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
