#include "packet/usual.h"

#include "packet/field.h"
#include "packet/key.h"
#include "packet/tcp.h"

#include <endian.h>
#include <string.h>

enum { ETHERNET = 1, TCP = 6 };
/* Type of the frame, version and header length; the octet of the service class may be any. */
enum { CLASS = 0xff, IPV4_OF_FIVE_WORDS = 0x08004500 };
enum { LINK_HEADER = 14, IP_HEADER = 20, TCP_HEADER = 20, TIMESTAMPS = 12 };
/* Fragment flags and offset, time to live, protocol. */
#define DONT_FRAGMENT  UINT32_C(0x40000000)
#define MORE_OR_OFFSET UINT32_C(0x3fff0000)
#define PROTOCOL       UINT32_C(0xff)

static uint32_t load_32(const uint8_t *at)
{
    uint32_t v;
    memcpy(&v, at, sizeof v);
    return be32toh(v);
}

static uint16_t load_16(const uint8_t *at)
{
    uint16_t v;
    memcpy(&v, at, sizeof v);
    return be16toh(v);
}

/* IPv4 in its mapped form (address.h), in two stores. */
static void address_store(struct address *out, uint32_t quad)
{
    uint64_t high = 0, low = htobe64((uint64_t)0xffff << 32 | quad);
    memcpy(out->octet, &high, sizeof high);
    memcpy(out->octet + 8, &low, sizeof low);
}

/* Nothing, nothing, timestamps: RFC 7323 appendix A. */
static bool options_are_timestamps(const uint8_t *options)
{
    enum { NOTHING_NOTHING_TIMESTAMPS = 0x0101080a };
    return load_32(options) == NOTHING_NOTHING_TIMESTAMPS;
}

static inline void link_take(const uint8_t *link, struct packet *p)
{
    p->has_mac = true;
    memcpy(p->mac_destination, link, 6);
    memcpy(p->mac_source, link + 6, 6);
}

/* `fragment_on`: the four octets from the flags on, as a number. */
static inline void ip_take(const uint8_t *ip, size_t total, uint32_t fragment_on, struct packet *p)
{
    p->dscp = ip[1] >> 2;
    p->ip_length = (uint16_t)total;
    p->ip_id = load_16(ip + 4);
    p->dont_fragment = (fragment_on & DONT_FRAGMENT) != 0;
    p->ttl = (uint8_t)(fragment_on >> 8);
    p->ip_protocol = TCP;
}

static inline void tcp_take(const uint8_t *tcp, struct packet *p)
{
    uint32_t ports = load_32(tcp), window_on = load_32(tcp + 14);
    p->kind = PACKET_TCP;
    p->source_port = (uint16_t)(ports >> 16);
    p->destination_port = (uint16_t)ports;
    p->seq = load_32(tcp + 4);
    p->ack = load_32(tcp + 8);
    p->flags = tcp[13];
    p->window = (uint16_t)(window_on >> 16);
    p->checksum = (uint16_t)window_on;
}

static void options_take(const uint8_t *options, size_t n, struct packet *p)
{
    if (n == TIMESTAMPS && options_are_timestamps(options)) {
        p->options.timestamps = true;
        p->options.ts_value = load_32(options + 4);
        p->options.ts_echo = load_32(options + 8);
    } else {
        tcp_options_read(bytes_whole(options, n), &p->options);
    }
}

bool usual_decode(const struct frame *frame, struct hash_seed seed, struct packet *p)
{
    const uint8_t *link = frame->data.at, *ip = link + LINK_HEADER, *tcp = ip + IP_HEADER;
    size_t left = frame->data.left;
    if (frame->link != ETHERNET || frame->data.clipped ||
        left < LINK_HEADER + IP_HEADER + TCP_HEADER)
        return false;
    size_t total = load_16(ip + 2);
    uint32_t fragment_on = load_32(ip + 6);
    if ((load_32(link + 12) & ~(uint32_t)CLASS) != IPV4_OF_FIVE_WORDS ||
        (fragment_on & (MORE_OR_OFFSET | PROTOCOL)) != TCP || total > left - LINK_HEADER ||
        total < IP_HEADER + TCP_HEADER)
        return false;
    size_t header = (size_t)(tcp[12] >> 4) * 4;
    if (header < TCP_HEADER || header > total - IP_HEADER)
        return false;
    uint32_t source = load_32(ip + 12), destination = load_32(ip + 16);
    link_take(link, p);
    ip_take(ip, total, fragment_on, p);
    tcp_take(tcp, p);
    if (header > TCP_HEADER)
        options_take(tcp + TCP_HEADER, header - TCP_HEADER, p);
    address_store(&p->source, source);
    address_store(&p->destination, destination);
    p->payload = (struct bytes){ .at = tcp + header, .left = total - IP_HEADER - header };
    p->flow_hash = key_of_ipv4(source, destination, p->source_port, p->destination_port, TCP, seed,
                               &p->swapped);
    return true;
}
