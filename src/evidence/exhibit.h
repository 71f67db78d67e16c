/* exhibit.h - the packets of one failure, copied out of memory, and the capture made of them.
 *
 * What it is: packets come from a ring (ring.h) or as they arrive, in any order and also twice;
 * exhibit_write sorts them, writes the notes of a plan beside them and takes contents and
 * credentials away (redact.h, light) unless they are asked for.
 * Bounds: EXHIBIT_PACKETS and EXHIBIT_BYTES; what is beyond is counted and said in the capture.
 * Ownership: opaque; the notes (`kept`) are its own, filled by the caller. */
#pragma once

#include "evidence/mask.h"
#include "evidence/plan.h"
#include "evidence/ring.h"
#include "frame/capture.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    EXHIBIT_PACKETS = 2048,
    EXHIBIT_BYTES = 1 << 20,
    EXHIBIT_SUPPORT = 64, /* packets of what was noted to rule something out */
};

struct exhibit; /* opaque */

struct exhibit_words {
    const char *comment; /* what failed, printable; the rest of the sentence is added */
    const struct capture_interface *interfaces; /* what frames name by their place; may be NULL */
    size_t n_interfaces;
    const char *name;   /* of the server; NULL or empty = not known */
    bool contents;      /* payload stays as it was */
    const uint8_t *key; /* of MASK_KEY octets, secret */
};

struct exhibit *exhibit_open(void);    /* NULL without memory */
void exhibit_close(struct exhibit *e); /* accepts NULL */
struct kept *exhibit_kept(struct exhibit *e);

void exhibit_add(struct exhibit *e, const struct frame *frame);

/* The packets of a conversation since its first frame; of more than `most` the oldest half and the
 * newest. */
void exhibit_gather(struct exhibit *e, const struct ring *ring, uint64_t hash, uint64_t first,
                    size_t most);

/* What the notes name, and whole conversations where they say so. */
void exhibit_gather_notes(struct exhibit *e, const struct ring *ring);

size_t exhibit_packets(const struct exhibit *e);
bool exhibit_holds(const struct exhibit *e, uint64_t frame);

/* A pcapng file in memory, of malloc, the caller's; false without memory. */
bool exhibit_write(struct exhibit *e, const struct exhibit_words *words, uint8_t **octets,
                   size_t *n);
