/* forge.h - packets made by hand, for tests.
 *
 * What it is: forge_tcp, forge_udp, forge_icmp and forge_arp write a whole Ethernet frame into a
 * `struct forged` from a record of what matters; members left out get plain values.  Lengths and
 * checksums are right unless the record says otherwise; tests that want a lie write it into the
 * octets afterwards (the layers' places are noted in the frame).
 *     struct forged f;
 *     forge_tcp(&f, &(struct forge_tcp){ .ip = { .source = "10.0.0.1", .destination = "10.0.0.2" },
 *                                        .source_port = 40000, .destination_port = 443,
 *                                        .flags = TCP_SYN });
 *     struct frame frame = forge_frame(&f, 1, 0);
 * What it refuses: frames above FORGE_LARGEST octets, addresses that do not parse (both assert).
 * The family follows from the text of the addresses.  Wire order is big-endian, records are host
 * order.
 * Ownership: a frame borrows the struct forged it was made of.
 * Sources: RFC 791, 8200, 9293, 768, 792, 4443, 826, 1071; IEEE 802.1Q. */
#pragma once

#include "base/address.h"
#include "frame/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FORGE_LARGEST = 70000 };

struct forged {
    size_t n;         /* octets of the frame */
    size_t ip;        /* where the IP header begins */
    size_t transport; /* where TCP, UDP or ICMP begins */
    size_t payload;   /* where its payload begins */
    uint8_t octets[FORGE_LARGEST];
};

/* Octets that go in as they are. */
struct forge_octets {
    const void *at;
    size_t n;
};

struct forge_ip {
    const char *source, *destination; /* both IPv4 or both IPv6 */
    uint8_t ttl;                      /* 0 = 64 */
    uint8_t dscp;
    uint16_t id;                    /* IPv4 */
    bool dont_fragment;             /* IPv4 */
    struct forge_octets options;    /* IPv4, a multiple of 4; or IPv6 extension headers */
    uint8_t first_extension;        /* IPv6: protocol number of the first of these headers */
    uint16_t vlan[4];               /* tags outside in, as VLAN id + 1; 0 ends them */
    const uint8_t *mac_source;      /* NULL = 02:00:00:00:00:01 */
    const uint8_t *mac_destination; /* NULL = 02:00:00:00:00:02 */
};

struct forge_tcp {
    struct forge_ip ip;
    uint16_t source_port, destination_port;
    uint32_t seq, ack;
    uint16_t window;
    uint8_t flags;               /* enum tcp_flag */
    struct forge_octets options; /* padded to a multiple of 4 with END */
    struct forge_octets payload;
};

struct forge_udp {
    struct forge_ip ip;
    uint16_t source_port, destination_port;
    struct forge_octets payload;
};

struct forge_icmp {
    struct forge_ip ip; /* IPv6 addresses make it ICMPv6 */
    uint8_t type, code;
    uint32_t rest;               /* the four octets after the checksum */
    struct forge_octets payload; /* what follows: for errors, the quoted packet */
};

struct forge_arp {
    const char *sender, *target; /* IPv4 */
    uint16_t operation;          /* 1 = request, 2 = reply */
};

void forge_tcp(struct forged *out, const struct forge_tcp *tcp);
void forge_udp(struct forged *out, const struct forge_udp *udp);
void forge_icmp(struct forged *out, const struct forge_icmp *icmp);
void forge_arp(struct forged *out, const struct forge_arp *arp);

/* An IP packet of any protocol. */
void forge_ip(struct forged *out, const struct forge_ip *ip, uint8_t protocol,
              struct forge_octets payload);

/* The fragment of `whole` that holds octets [from, to) of its IP payload, with the identification
 * that `id` names; `to` beyond the end, or at it, makes it the last.  `from` is a multiple of 8. */
void forge_fragment(struct forged *out, const struct forged *whole, size_t from, size_t to,
                    uint32_t id);

/* Octets of the IP packet in a frame: to quote it, or to put it on another link. */
struct forge_octets forge_inside(const struct forged *f);

/* What a reader would hand out: Ethernet, all octets captured. */
struct frame forge_frame(const struct forged *f, uint64_t number, int64_t time_ns);

/* The same, cut by a snap length. */
struct frame forge_frame_cut(const struct forged *f, uint64_t number, int64_t time_ns,
                             size_t snap_length);
