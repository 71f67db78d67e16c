/* ledger.h - each TCP connection in the terms of Zeek's conn.log: conn_state, history, octets.
 *
 * What it is: a record beside a flow, kept only when somebody asks for an export; ledger_take sees
 * every packet of the flow, after the flow has taken it.  Letters and states follow Zeek's own
 * rules, which differ from ours (flow/handshake.c): what is printed under Zeek's names must mean
 * what Zeek means by them.
 * What it refuses: judging; checksums (as Zeek with -C: offload leaves them wrong); Zeek's timers,
 * which cut a long attempt into several connections; more than LEDGERS_MAX flows at a time: the
 * others have none.
 * Units: octets, ns.  Ownership: the table owns the records; they are reused with the flow's
 * number. Sources: docs.zeek.org, base/protocols/conn (Conn::Info: conn_state, history); zeek/zeek,
 * packet_analysis/protocol/tcp (BSD 3-Clause) for the order in which letters are added. */
#pragma once

#include "flow/flow.h"

enum { LEDGER_LETTERS = 40, LEDGERS_MAX = 1 << 20 };

/* Of one connection, as seen from its client. */
struct ledger {
    char letters[LEDGER_LETTERS + 2]; /* "ShADadFf"; '^' first when the server was heard first */
    const char *state;                /* "SF", "S0", "REJ" ... */
    uint64_t stream_bytes[SIDES];     /* by sequence numbers, SYN and FIN not counted */
    uint64_t missed_bytes;            /* acknowledged and never captured */
    uint64_t ip_bytes[SIDES], frame_bytes[SIDES]; /* IP total length; whole frames on the wire */
    int64_t duration_ns;                          /* to the packet that closed the second side */
    uint8_t flags[SIDES];                         /* TCP flags seen, enum tcp_flag */
};

struct ledgers; /* opaque */

struct ledgers *ledgers_open(void);          /* NULL without memory */
void ledgers_close(struct ledgers *ledgers); /* accepts NULL */

/* A TCP packet that flow_accept gave to this flow; frame_bytes on the wire, with its link header.
 */
void ledger_take(struct ledgers *ledgers, const struct flow *flow, const struct packet *packet,
                 enum side from, uint64_t frame_bytes);

/* False when nothing is known of this flow. */
bool ledger_of(struct ledgers *ledgers, const struct flow *flow, struct ledger *out);
