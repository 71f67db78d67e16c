/* link.h - from the first byte of a frame to the first byte of IP or ARP.
 *
 * What it is: Ethernet II and 802.3 with LLC/SNAP, 802.1Q and QinQ tags, MPLS labels, PPPoE and
 * PPP, Linux cooked v1 and v2, BSD null and loop, raw IP.  Sets vlan and the MAC addresses.
 * What it refuses: anything that wraps a packet in another IP packet (see tunnel.h).
 * Faults: afterwards the payload's fault tells a frame that ends too early (SHORT) from one that
 * the snap length cut (CLIPPED); both answer LINK_NOTHING. Sources: IEEE 802.3 and 802.1Q; RFC
 * 1042, 3032, 2516, 1661; tcpdump.org/linktypes.html. */
#pragma once

#include "packet/packet.h"

#include <stdint.h>

enum link_inside {
    LINK_UNKNOWN, /* no such link type here */
    LINK_NOTHING, /* neither IP nor ARP */
    LINK_IPV4,
    LINK_IPV6,
    LINK_ARP,
};

/* Takes the link headers off p->payload, the frame; what is left is the packet, without the padding
 * of 802.3. */
enum link_inside link_open(uint32_t link, struct packet *p);

/* The same behind the EtherType that a tunnel names. */
enum link_inside link_open_type(uint16_t type, struct packet *p);
