/* packet.h - what one frame says at the network and transport layer, in host order.
 *
 * What it is: packet_decode turns a frame into a struct packet: Ethernet, 802.1Q and QinQ, Linux
 * cooked v1 and v2, null/loop, raw IP; tunnels that are not sealed; IPv4 with options and
 * fragments, IPv6 with extension headers and fragments; TCP with options, UDP, ICMP and ICMPv6 with
 * the packet they quote. What it refuses: judging.  Checksums are not verified (offload leaves them
 * wrong); a length that lies is `malformed`, a length cut by the snap length is not. Sources: RFC
 * 791, 8200, 9293, 7323, 2018, 768, 792, 4443; IEEE 802.1Q; tcpdump.org link types. Units: payload
 * as a window (left = captured, clipped = sent but not captured); times in ns. Ownership: payload
 * borrows the frame, or the decoder's reassembly buffer; until the next batch is decoded. */
#pragma once

#include "base/address.h"
#include "base/bytes.h"
#include "base/hash.h"
#include "frame/frame.h"

#include <stdbool.h>
#include <stdint.h>

enum packet_kind {
    PACKET_OTHER, /* decoded, but no TCP, UDP or ICMP: counted only */
    PACKET_TCP,
    PACKET_UDP,
    PACKET_ICMP, /* both versions; the family tells which */
    PACKET_ARP,
};

/* Which hardware has this address?  ARP for IPv4 (RFC 826), neighbour discovery (RFC 4861). */
enum resolution {
    RESOLUTION_NONE,
    RESOLUTION_ASK,      /* source asks for `wanted`; an unspecified source only probes it */
    RESOLUTION_ANSWER,   /* the sender has `wanted`, and tells `destination` */
    RESOLUTION_ANNOUNCE, /* the sender has `wanted`, told to all without being asked */
};

enum tcp_flag {
    TCP_FIN = 0x01,
    TCP_SYN = 0x02,
    TCP_RST = 0x04,
    TCP_PSH = 0x08,
    TCP_ACK = 0x10,
    TCP_URG = 0x20,
};

struct tcp_options {
    uint16_t mss;         /* 0 = option absent */
    uint8_t window_scale; /* shift + 1; 0 = option absent */
    bool sack_permitted;
    bool timestamps;
    bool malformed; /* an option's length lies; the others that can be told apart count */
    uint32_t ts_value, ts_echo;
    uint8_t n_sack; /* blocks, at most 4 */
    uint32_t sack_left[4], sack_right[4];
};

/* The packet that an ICMP error quotes: enough to find its flow (RFC 792, RFC 4443 section 3). */
struct quote {
    bool present; /* at least addresses, protocol and both ports were quoted */
    uint8_t ip_protocol;
    uint8_t ttl;
    struct address source, destination;
    uint16_t source_port, destination_port;
    uint32_t seq; /* TCP only */
    bool seq_present;
    uint16_t ip_length; /* total length of the quoted packet */
};

/* Numbers and flags that do not apply to the kind are 0.  `options` is set for TCP alone, `quote`
 * (but for `present`) for ICMP alone, SACK blocks up to n_sack, and what is wanted for a resolution
 * alone. */
struct packet {
    uint64_t frame; /* number */
    int64_t time_ns;
    struct bytes payload; /* of TCP or UDP */
    uint64_t flow_hash;   /* of the canonical key, keyed; TCP and UDP */
    uint64_t twin_hash;   /* of all that a copy repeats; 0 = not made (twin.h) */
    uint32_t interface;
    enum packet_kind kind;
    bool malformed; /* a length field lies: fields after it are not set, the kind is OTHER */
    bool cut;       /* captured length shorter than the wire's */
    /* TCP, UDP: the header itself is cut; of TCP window, checksum and options may be lacking.  Cut
     * before the flags (TCP) or the ports (UDP) the kind is OTHER. */
    bool header_cut;
    bool fragment;       /* part of a datagram that is not (yet) whole: OTHER, no ports */
    bool reassembled;    /* payload comes from several fragments */
    bool has_mac;        /* Ethernet: source and destination are set */
    bool outgoing;       /* cooked: the capturing host sent it itself */
    bool dont_fragment;  /* IPv4 DF */
    bool swapped;        /* the canonical key has destination first */
    uint8_t ip_protocol; /* of the transport: behind extension headers */
    uint8_t ttl;         /* IPv4 TTL or IPv6 hop limit */
    uint8_t dscp;
    uint8_t flags;                          /* TCP: enum tcp_flag */
    uint16_t vlan;                          /* outermost 802.1Q VLAN id + 1; 0 = untagged */
    uint16_t source_port, destination_port; /* TCP and UDP */
    /* The eight octets from here are taken as one by twin.c, and so are those of seq and ack. */
    _Alignas(8) uint16_t ip_id; /* IPv4 identification; 0 for IPv6 */
    /* IP header and payload as the header (or, when it says 0, the wire) has it; of a reassembled
     * datagram as if it had come whole; 65535 at most. */
    uint16_t ip_length;
    uint16_t window;   /* TCP */
    uint16_t checksum; /* TCP, UDP and ICMP */
    uint32_t seq, ack; /* TCP */
    uint8_t mac_source[6], mac_destination[6];
    struct address source, destination; /* of ARP for IPv4: sender and target */
    uint32_t icmp_mtu;                  /* of "fragmentation needed" and "packet too big" */
    uint8_t icmp_type, icmp_code;
    uint8_t resolution; /* enum resolution */
    struct tcp_options options;
    struct quote quote;
    struct address wanted; /* of a resolution */
    uint8_t wanted_mac[6]; /* hardware address that its sender names as its own */
    bool wanted_mac_lasts; /* not one of several that may answer (override, RFC 4861 4.4) */
};

enum { PACKET_BATCH = FRAME_BATCH };

struct decoder; /* opaque: seed, fragment store, counters */

struct decoder_counts {
    uint64_t frames;
    uint64_t unknown_link; /* link type not known */
    uint32_t first_unknown_link;
    uint64_t unknown_inside; /* known link, but neither IP nor ARP, or a wrapping we cannot open */
    uint64_t tunnelled;      /* of those: tunnels with something else inside */
    uint64_t opened;         /* packets taken out of a tunnel */
    uint64_t sealed;         /* packets of a tunnel that nobody can open: ESP, WireGuard ... */
    uint64_t first_sealed, last_sealed; /* frames */
    uint64_t malformed;
    uint64_t cut;
    uint64_t fragments, datagrams_reassembled;
};

struct decoder *decoder_open(struct hash_seed seed); /* NULL without memory */
void decoder_close(struct decoder *decoder);         /* accepts NULL */
const struct decoder_counts *decoder_counts(const struct decoder *decoder);

/* Decodes n <= PACKET_BATCH frames; out[i] belongs to frames[i].  Sets kind, flow_hash, swapped.
 * The canonical key has the lower (address, port) first, so both directions hash alike; VLAN,
 * interface and MAC addresses are no part of it. */
void packet_decode(struct decoder *decoder, const struct frame *frames, size_t n,
                   struct packet *out);

/* Sets flow_hash and swapped from addresses, ports and ip_protocol; packet_decode does it for TCP
 * and UDP.  For the packet that an ICMP error quotes. */
void packet_set_key(struct packet *p, struct hash_seed seed);

/* Payload length on the wire, SYN and FIN counted (RFC 9293 section 3.4: SEG.LEN). */
static inline uint32_t packet_segment_length(const struct packet *p)
{
    return (uint32_t)(bytes_on_wire(&p->payload) + ((p->flags & TCP_SYN) != 0) +
                      ((p->flags & TCP_FIN) != 0));
}

/* Sequence numbers wrap (RFC 9293 section 3.4): a before b? */
static inline bool seq_before(uint32_t a, uint32_t b) { return (int32_t)(a - b) < 0; }
static inline bool seq_after(uint32_t a, uint32_t b) { return (int32_t)(a - b) > 0; }
