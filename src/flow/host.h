/* host.h - what the capture shows of each address beyond one connection.
 *
 * What it is: a bounded table with the few facts that verdicts compare with: was it ever seen to
 * send, to receive; the TTL and MAC of its packets; which ports answered, refused or stayed silent.
 * Updated on the first packets of a connection and on its end, never per packet.
 * What it refuses: spoofed floods.  An address enters only when it answers somebody, or is
 * answered. */
#pragma once

#include "flow/flow.h"

struct host_port {
    uint16_t port;
    uint32_t answered, refused; /* connections: SYN-ACK seen; RST to the SYN */
    uint64_t answered_frame;    /* newest SYN-ACK */
    uint64_t refused_frame;     /* newest RST to a SYN */
    uint8_t refused_ttl, answered_ttl;
    int64_t answered_ns;
};

enum { HOST_PORTS = 12 };

struct host {
    uint64_t sent_frame;     /* a packet from it; 0 = none seen */
    uint64_t received_frame; /* a packet to it from somebody who answers it; 0 = none */
    uint8_t ttl;             /* of its SYN-ACK or data; 0 = unknown */
    uint64_t ttl_frame;
    bool ttl_varies;   /* its own packets do not agree */
    bool hears_unseen; /* it acknowledges somebody of whom nothing was captured so far */
    bool has_mac;
    uint8_t mac[6];
    uint32_t n_answers; /* SYNs that were sent once and answered */
    int64_t answer_ns;  /* the least time that one of them took, as seen here */
    unsigned n_ports;
    struct host_port *port; /* HOST_PORTS of them, once one answered or refused */
};

struct hosts; /* opaque */

struct hosts *hosts_open(size_t max_hosts);
void hosts_close(struct hosts *hosts);

/* Is this packet one that host_note should see?  Cheap: most are not. */
static inline bool host_wants(const struct flow *flow, const struct packet *packet, enum side from)
{
    if (packet->kind == PACKET_ICMP)
        return false;
    if (packet->kind == PACKET_TCP && packet->flags & (TCP_SYN | TCP_RST))
        return packet->flags & (TCP_ACK | TCP_RST); /* who only sends SYNs may not exist */
    return flow->half[from].packets <= 3;
}

/* Tells the table of a packet that opened, answered, refused or carried first data. */
void host_note(struct hosts *hosts, const struct flow *flow, const struct packet *packet,
               enum side from);

const struct host *host_find(const struct hosts *hosts, const struct address *address);
const struct host_port *host_port(const struct host *host, uint16_t port); /* accepts NULL */
