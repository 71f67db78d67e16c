/* usual.h - the short way for the frame that most frames are.
 *
 * What it is: Ethernet, IPv4 without options or fragments, TCP, all of it captured.  Read in one
 * go, for this is done for nearly every packet; the result is that of the layers, octet by octet
 * (test_usual.c runs both). What it refuses: everything else: false, and nothing that the layers
 * would have to undo. */
#pragma once

#include "base/hash.h"
#include "packet/packet.h"

#include <stdbool.h>

/* p is cleared, but for the payload, and frame, time and interface are set. */
bool usual_decode(const struct frame *frame, struct hash_seed seed, struct packet *p);

/* The long way for the same frame, for whatever it is. */
void layers_decode(struct decoder *decoder, const struct frame *frame, struct packet *p);
