/* vpn.h - datagrams of a tunnel that is sealed: counted, for what is in them nobody sees.
 *
 * What it is: ESP in UDP, WireGuard, and DTLS on the ports of TLS gateways.
 * What it refuses: DTLS elsewhere, which is mostly telephony.
 * Sources: RFC 3948 section 2; the WireGuard paper, section 5.4; RFC 6347 section 4.1. */
#pragma once

#include "packet/packet.h"

bool vpn_is_sealed(const struct packet *p);
