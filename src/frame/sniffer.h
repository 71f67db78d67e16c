/* sniffer.h - the lines of packet text that terminals show: what each says, and frames made of it.
 *
 * What it is: two layouts.  FortiGate `diagnose sniffer packet`, verbosity 1 to 6: a head line a
 * packet (time, interface, direction, addresses, flags and numbers) and, from verbosity 2 on, rows
 * of 16 octets.  tcpdump -X and -XX, as FortiAuthenticator prints it: a head line and such rows.
 * What it refuses: guessing what a line means that only looks like one of these.
 * Sources: Fortinet, "Using the FortiOS built-in packet sniffer"; the head lines that its printers
 * write for TCP, UDP, ICMP, ARP, ESP, PPPoE and others; tcpdump(1).
 * Units: times in ns, either since 1970 or since a start that the text does not name. */
#pragma once

#include "base/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum way { WAY_UNSAID, WAY_IN, WAY_OUT, WAY_BOTH /* "--": one interface was named */ };

enum head_kind {
    HEAD_OTHER, /* a printer that tells no addresses, or one not known */
    HEAD_TCP,
    HEAD_UDP,
    HEAD_IP, /* addresses and a protocol */
    HEAD_ARP_ASK,
    HEAD_ARP_REPLY,
};

/* What a head line says; what does not apply is 0. */
struct head {
    int64_t time_ns;
    bool relative; /* seconds since the sniffer began, or a time of day without its day */
    bool tcpdump;
    bool garbled; /* something stands before it that does not belong there */
    char interface[32];
    enum way way;
    enum head_kind kind;
    struct address from, to;
    uint16_t from_port, to_port;
    uint8_t protocol, flags;
    bool has_seq, has_ack;
    uint32_t seq, ack;
    uint32_t length; /* of a UDP payload */
    bool has_mac;
    uint8_t mac_to[6], mac_from[6]; /* from: also of an ARP reply */
    uint16_t type;                  /* EtherType, where the line names it */
};

enum { ROW_OCTETS = 16 };

struct row_read {
    uint64_t offset;
    uint8_t octet[ROW_OCTETS];
    uint8_t n;
    bool broken; /* not all of it are octets */
};

bool sniffer_head(const char *line, struct head *out);
bool sniffer_row(const char *line, struct row_read *out);

/* Takes what a terminal makes of it: backspaces, escape sequences, carriage returns.  At most
 * size - 1 characters go to out; answers how many. */
size_t sniffer_clean(const uint8_t *line, size_t n, char *out, size_t size);

/* Is one of these lines among the first n octets?  cut: more may follow. */
bool sniffer_recognise(const uint8_t *p, size_t n);

enum { COOKED = 113, COOKED_HEADER = 16, BARE_LARGEST = COOKED_HEADER + 40 + 28 };

/* Linux cooked header without an address, for what has no link header of its own. */
void sniffer_cooked(uint16_t type, uint8_t out[COOKED_HEADER]);

/* What is known of the numbers of one direction of a connection. */
struct numbers {
    struct address from, to;
    uint16_t from_port, to_port;
    uint32_t next, acked; /* next to be sent; newest acknowledgement by `from` */
    bool has_next, has_acked;
};

enum { LOOK_AHEAD = 512, NUMBERS_KEPT = 4096 };

/* Packets of which the text holds the head line only: how much one carried shows in later ones. */
struct bare {
    struct head ring[LOOK_AHEAD];
    size_t first, n;
    struct numbers numbers[NUMBERS_KEPT];
};

/* A cooked frame for the oldest; answers how many octets are in `out`, of how many on the wire. */
size_t bare_frame(struct bare *bare, uint8_t out[BARE_LARGEST], size_t *on_wire);
