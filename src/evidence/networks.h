/* networks.h - which stand-ins of addresses were neighbours.
 *
 * What it is: strict redaction keeps no prefix, so what shared a network of 24 bits (IPv4) or 64
 * (IPv6) is listed beside the capture as N1, N2 ...: that they are neighbours, and not whose.
 * What it refuses: more than NETWORKS groups of NETWORK_MEMBERS; it says how many more there are.
 */
#pragma once

#include "evidence/mask.h"

#include <stdio.h>

enum { NETWORKS = 64, NETWORK_MEMBERS = 32 };

void networks_print(const struct mask *mask, FILE *f);
