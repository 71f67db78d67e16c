/* blame.h - who sent a reset, and who must act (rules R5 and R13).
 *
 * What it is: compares a reset with other packets of the same address in the same connection,
 * scores the signs that it was forged, and finds the reasons for another owner than the table's.
 * What it refuses: naming a product; deciding from one weak sign.
 * Sources: Weaver, Sommer, Paxson: Detecting Forged TCP Reset Packets (NDSS 2009); RFC 9293 3.10.7,
 * RFC 5961. */
#pragma once

#include "verdict/matter.h"

enum origin {
    ORIGIN_UNKNOWN, /* nothing to compare with */
    ORIGIN_SAME,    /* as the other packets of that address */
    ORIGIN_OTHER,
};

/* What a reset is asked. */
enum sign {
    SIGN_TTL,
    SIGN_MAC,
    SIGN_ORDER,    /* data of the same side behind it */
    SIGN_SEQUENCE, /* outside the window */
    SIGN_STEPS,    /* several resets, each further on */
    SIGN_STAMPS,
    SIGN_IP_ID,
    SIGN_WINDOW,
    SIGN_DSCP,
    SIGN_DF,
    SIGN_TIME,
    SIGNS,
};

/* Signs that a reset with the address of `side` was sent by somebody else. */
struct forgery {
    unsigned score;  /* a strong sign counts 3; from 3 up it was probably forged */
    bool strong;     /* one sign that no other explanation makes ordinary */
    bool answer;     /* bare: the answer of a kernel that knows no such connection */
    enum origin ttl; /* compared with the SYN-ACK or data of that side in this connection */
    uint64_t frame;  /* a packet compared with, or the deciding one */
    char why[VERDICT_NOTE];
    uint16_t found, unusable; /* by enum sign; the others speak for its sender */
};

const char *sign_name(enum sign sign);

enum { FORGED = 3, DOUBTFUL = 2 }; /* scores: probably forged; too much for blaming its sender */

struct forgery blame_reset(const struct matter *m, enum side side);

/* Did a bare reset end it: its sender knew of no such connection? */
bool blame_is_answer(const struct matter *m);

/* Resets of both sides within 1 ms; rtt above 5 ms tells that one cannot answer the other. */
bool blame_both_ends(const struct matter *m, bool *far);

/* A reset to a SYN, compared with what else the server sent in the whole capture.  The second says
 * which of its signs could not be used. */
enum origin blame_refusal(const struct matter *m, uint64_t *compared_frame);
uint16_t blame_refusal_unusable(const struct matter *m);

/* One client of many: client; all clients: server; else OWNER_UNKNOWN.  Writes the reason. */
enum owner blame_rejection(const struct matter *m, char why[VERDICT_NOTE], uint64_t *frame);

/* Is this initial TTL (64, 128, 255): was the sender on this link? */
bool blame_is_adjacent(uint8_t ttl);

/* Hops from the next initial value above; different initial values at one distance are one place,
 * perhaps one host, whose kernel and programs do not begin alike. */
uint8_t blame_hops(uint8_t ttl);
