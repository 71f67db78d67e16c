/* sharing.h - do several hosts use one address?  Told by two kinds of them, or two certificates of
 * clients, at one service by turns.
 *
 * What it is: of one endpoint at one service, two marks of the same kind and the time in which each
 * was seen.  When each is there at least twice and neither is over before the other begins, no
 * change of owner explains them: more than one host is behind the address (NAT, a virtual machine).
 * A mark is the initial TTL of the SYN, which belongs to a whole TCP stack, or, where endpoints
 * check in, the leaf of the client certificate, which belongs to one installation.
 * What it refuses: telling hosts of one kind from each other; ports, timestamps, IP identifiers and
 * hellos, which one modern host chooses anew for each connection or has several of; counting hosts.
 * Units: times in ns on the capture's clock.
 * Sources: initial values in use are 64, 128 and 255 (RFC 1700 "IP TIME TO LIVE" and measured
 * stacks). */
#pragma once

#include "flow/flow.h"

#include <stdbool.h>
#include <stdint.h>

enum { SHARING_MARKS = 2 };

struct sharing {
    uint32_t mark[SHARING_MARKS]; /* 0 = none yet */
    uint8_t n[SHARING_MARKS];     /* stops at its highest value */
    int64_t first_ns[SHARING_MARKS], last_ns[SHARING_MARKS];
};

/* The mark of a connection; 0 = it has none.  The certificate is that of the client. */
uint32_t sharing_stack(const struct flow *flow); /* 64, 128 or 255 */
uint32_t sharing_card(const struct flow *flow);

/* One more connection; a third mark changes nothing. */
void sharing_note(struct sharing *s, uint32_t mark, int64_t time_ns);

bool sharing_is_sure(const struct sharing *s);
