/* raise.h - building one struct raised: defaults from the catalogue, evidence, ceilings. */
#pragma once

#include "verdict/matter.h"

/* Kinds of evidence that a rule can name; raise_evidence finds their frames. */
enum evidence {
    E_SYN = 0x0001,     /* every SYN of the client */
    E_SYNACK = 0x0002,  /* every SYN-ACK */
    E_HELLO = 0x0004,   /* ClientHello, or else the client's first octets */
    E_ANSWER = 0x0008,  /* ServerHello, or else the server's first octets */
    E_FLIGHT = 0x0010,  /* the end of the server's part of the handshake */
    E_AGAIN_C = 0x0020, /* repeats of the client */
    E_AGAIN_S = 0x0040, /* repeats of the server */
    E_HOLE = 0x0080,    /* acknowledgements that name missing octets */
    E_CLOSE = 0x0100,   /* the FIN or RST that ended it */
    E_RESETS = 0x0200,  /* the first reset of each side */
    E_ALERT = 0x0400,   /* the deciding alert, readable or by its size */
    E_FINAL = 0x0800,   /* the client's final flight */
    E_ICMP = 0x1000,
    E_TOO_BIG = 0x2000,
    E_DATA = 0x4000, /* last data of both sides */
    E_OPEN = 0x8000, /* the ACK that completed the opening */
};

/* The id with severity, owner and strongest words of its record; no evidence yet. */
struct raised raise_of(enum finding_id id);

/* Adds a frame; 0 and known ones are ignored.  Keeps them ascending; when full, the first ones and
 * the newest stay. */
void raise_frame(struct raised *r, uint64_t frame);
void raise_evidence(struct raised *r, const struct matter *m, unsigned kinds);

void raise_owner(struct raised *r, enum owner owner, const char *why);

/* Ceilings: no word above the record's, no cause above the fact, no finding without evidence. */
void raise_settle(struct raised *r, const struct matter *m);

/* Adds r to the verdict as something else that was noticed; full is full. */
void raise_also(struct verdict *out, const struct raised *r);
