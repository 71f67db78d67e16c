/* tunnel.h - what wraps a packet in another packet and can be taken off.
 *
 * What it is: GRE with and without key and sequence number, and in it ERSPAN I to III, PPP and
 * MPLS; IP in IP; VXLAN and its generic form, GENEVE, GTP-U.  The inner packet takes the place of
 * the outer one, addresses, TTL and all: the tunnel is how it was captured, not what it is. What it
 * refuses: ESP and whatever else is sealed; a header with a bit its RFC reserves; ports of tunnels
 * that ordinary programs took (the caller restores the outer packet when nothing is found inside).
 * Sources: RFC 2784, 2890, 2637 (GRE for PPP), draft-foschiano-erspan; RFC 2003, 4213; RFC 7348,
 * draft-ietf-nvo3-vxlan-gpe; RFC 8926; 3GPP TS 29.281. */
#pragma once

#include "packet/link.h"

#include <stdbool.h>

enum { TUNNELS_DEEPEST = 4 }; /* one in another: more is an attack, not a network */

/* Can the port of this UDP datagram carry packets?  Cheap: most are not. */
bool tunnel_is_datagram(const struct packet *p);

/* Takes the headers of the tunnel off p->payload, and what is told of link, ports and tags of the
 * outer packet with them; LINK_NOTHING when there is neither IP nor ARP inside. */
enum link_inside tunnel_open(struct packet *p);
