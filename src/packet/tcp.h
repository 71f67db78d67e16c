/* tcp.h - TCP and UDP headers.
 *
 * What it is: tcp_decode and udp_decode take the header off p->payload and read it into p.
 * What it refuses: checksums; options of other kinds than those of struct tcp_options.
 * Faults: a header that cannot be (data offset below 5 or beyond the datagram, UDP length below 8
 * or beyond it) is `malformed` and stays PACKET_OTHER: its receiver would not take it either.  A
 * TCP header that is cut before its flags stays PACKET_OTHER; one that is cut later is PACKET_TCP
 * with `header_cut`.  An option whose length is not its kind's is passed over,
 * one that ends beyond the header ends the options: stacks do the same.
 * Units: `missing` as in struct datagram.
 * Sources: RFC 9293 section 3.1, RFC 7323, RFC 2018, RFC 768, RFC 2675. */
#pragma once

#include "base/bytes.h"
#include "packet/packet.h"

#include <stddef.h>

void tcp_decode(size_t missing, struct packet *p);
void udp_decode(size_t missing, struct packet *p);

/* Reads options into out, whose scalar members are zero. */
void tcp_options_read(struct bytes options, struct tcp_options *out);
