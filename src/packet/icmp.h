/* icmp.h - ICMP and ICMPv6, and the packet that an error quotes.
 *
 * What it is: type, code, checksum, the MTU of "fragmentation needed" and "packet too big", and of
 * errors as much of the quoted packet as is there; often only 8 octets follow its IP header; who
 * asks for a neighbour, and who answers.
 * What it refuses: the bodies of other messages; extensions behind the quote (RFC 4884).
 * Faults: a message without type and code stays PACKET_OTHER.  quote.present needs both ports.
 * Sources: RFC 792, RFC 1191 section 4, RFC 4443, RFC 4861 section 4. */
#pragma once

#include "packet/packet.h"

#include <stdbool.h>

/* Reads p->payload.  `v6` is ICMPv6, whose types mean other things. */
void icmp_decode(bool v6, struct packet *p);
