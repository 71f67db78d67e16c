#include "packet/usual.h"

#include "packet/field.h"
#include "packet/key.h"
#include "packet/tcp.h"

#include <endian.h>
#include <string.h>

enum { ETHERNET = 1, TYPE_IPV4 = 0x0800, VERSION_AND_LENGTH = 0x45, TCP = 6 };
enum { LINK_HEADER = 14, IP_HEADER = 20, TCP_HEADER = 20, TIMESTAMPS = 12 };
enum { MORE_OR_OFFSET = 0x3fff, DONT_FRAGMENT = 0x40 };

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

static void link_and_ip_take(const uint8_t *link, const uint8_t *ip, size_t total, struct packet *p)
{
    p->has_mac = true;
    memcpy(p->mac_destination, link, 6);
    memcpy(p->mac_source, link + 6, 6);
    p->dscp = ip[1] >> 2;
    p->ip_length = (uint16_t)total;
    p->ip_id = load_16(ip + 4);
    p->dont_fragment = (ip[6] & DONT_FRAGMENT) != 0;
    p->ttl = ip[8];
    p->ip_protocol = TCP;
}

static void tcp_take(const uint8_t *tcp, struct packet *p)
{
    p->kind = PACKET_TCP;
    p->source_port = load_16(tcp);
    p->destination_port = load_16(tcp + 2);
    p->seq = load_32(tcp + 4);
    p->ack = load_32(tcp + 8);
    p->flags = tcp[13];
    p->window = load_16(tcp + 14);
    p->checksum = load_16(tcp + 16);
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
    if (load_16(link + 12) != TYPE_IPV4 || ip[0] != VERSION_AND_LENGTH || ip[9] != TCP ||
        load_16(ip + 6) & MORE_OR_OFFSET || total > left - LINK_HEADER ||
        total < IP_HEADER + TCP_HEADER)
        return false;
    size_t header = (size_t)(tcp[12] >> 4) * 4;
    if (header < TCP_HEADER || header > total - IP_HEADER)
        return false;
    uint32_t source = load_32(ip + 12), destination = load_32(ip + 16);
    link_and_ip_take(link, ip, total, p);
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
