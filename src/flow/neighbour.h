/* neighbour.h - who asks which address for its hardware, and who answers (ARP, neighbour
 * discovery).
 *
 * What it is: a bounded table of askers and the addresses they want: how often they asked since the
 * last answer, whose hardware answered, and whether two answered one question.  And whose link is
 * watched: requests go to all of a broadcast domain, answers to the asker alone, so that a port of
 * somebody else shows questions without answers.
 * What it refuses: judging; probes of an address that is about to be used (RFC 5227, RFC 4862);
 * growing.  What finds no room is not known.
 * Units: times in ns on the capture's clock; frames from 1. */
#pragma once

#include "packet/packet.h"

enum { NEIGHBOUR_FRAMES = 4 };

struct neighbour {
    uint8_t asker_mac[6];
    bool outgoing;                     /* asked by the capturing host itself */
    uint32_t n_asked;                  /* since the last answer */
    uint64_t frames[NEIGHBOUR_FRAMES]; /* of the first of them */
    int64_t asked_ns[NEIGHBOUR_FRAMES];
    int64_t last_ns;      /* of the newest of them */
    uint64_t asked_frame; /* of the newest question, answered or not; 0 = none */
    int64_t question_ns;
    uint8_t n_macs; /* 2: two answered one question */
    uint8_t mac[2][6];
    uint64_t mac_frame[2], mac_asked[2]; /* of the answer, and of the question before it */
};

struct neighbour_key {
    struct address asker, wanted;
};

struct neighbours; /* opaque */

struct neighbours *neighbours_open(void);             /* NULL without memory */
void neighbours_close(struct neighbours *neighbours); /* accepts NULL */

/* Tells of a packet: a question, an answer, a SYN that leaves for an address that was wanted, or
 * any with hardware addresses, until it is clear that no single station is an end of all. */
void neighbours_take(struct neighbours *neighbours, const struct packet *packet);

size_t neighbours_count(const struct neighbours *neighbours);
const struct neighbour *neighbour_at(const struct neighbours *neighbours, size_t i,
                                     const struct neighbour_key **key);

/* Would the answer to this question be in the capture?  Where the asker itself captures, or one of
 * both is an end of all that was captured. */
bool neighbour_is_watched(const struct neighbours *neighbours, const struct neighbour_key *key,
                          const struct neighbour *neighbour);

/* Did that address speak (ARP or neighbour discovery) after this frame? */
bool neighbour_spoke_after(const struct neighbours *neighbours, const struct address *address,
                           uint64_t frame);

/* The hardware address it named last; NULL = none known. */
const uint8_t *neighbour_mac_of(const struct neighbours *neighbours, const struct address *address);

/* Addresses this asker wants in vain: many are a search, not a need. */
uint32_t neighbour_unanswered(const struct neighbours *neighbours, const struct address *asker);

/* Is this the one address for which the asker ever had an answer? */
bool neighbour_is_only_one(const struct neighbours *neighbours, const struct neighbour_key *key);

bool neighbour_was_wanted(const struct neighbours *neighbours, const struct address *asker,
                          const struct address *wanted);

/* Addresses, other than that one, for which both of its hardware addresses answer. */
uint32_t neighbour_same_pair(const struct neighbours *neighbours, const struct neighbour_key *key,
                             const struct neighbour *neighbour);
