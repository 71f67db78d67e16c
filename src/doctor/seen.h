/* seen.h - what passes an interface, as far as it tells whether captures of it can be judged.
 *
 * What it is: counters over packets, and a short list of servers on ports of the profile.
 * What it refuses: verdicts; more than SEEN_SERVERS servers.
 * One direction alone is proven only by a client that acknowledges what was never seen, or by a
 * server that is answered by nobody: requests alone may be a server that is silent. */
#pragma once

#include "config/profile.h"
#include "packet/packet.h"

#include <stdbool.h>
#include <stdint.h>

enum { SEEN_SERVERS = 64, SEEN_PORTS = 8 };

struct seen_server {
    struct address address;
    bool ems;              /* configured, or used on a port where endpoints check in */
    uint64_t to, from;     /* TCP packets */
    uint64_t acknowledged; /* of those to it: they acknowledge something it sent */
    uint8_t n_ports;
    uint16_t port[SEEN_PORTS]; /* asked for */
    bool answered[SEEN_PORTS];
};

struct seen {
    uint64_t packets, cut, large; /* large: longer than the interface may send */
    uint64_t dns_asked, dns_answered;
    uint32_t n_servers;
    struct seen_server server[SEEN_SERVERS];
};

void seen_take(struct seen *seen, const struct profile *profile, const struct packet *p);

/* The server that has most to tell: EMS before others, then by packets; NULL = none. */
const struct seen_server *seen_best(const struct seen *seen);

/* Has everything been seen that can be hoped for? */
bool seen_enough(const struct seen *seen);
