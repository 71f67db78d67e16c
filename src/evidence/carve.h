/* carve.h - the evidence of a capture as a capture of its own.
 *
 * What it is: reads an input once more and writes the packets that a plan names: whole failing
 * conversations with the ICMP that quotes them, name lookups, what rules other explanations out,
 * and an example of what works; each key packet has a comment.
 * What it refuses: secrets (they are in no block that is copied); changing the input.
 * Frames keep time, link type, length and octets; fragments are kept when they run between two
 * hosts of a kept conversation.
 * Bounds: of a conversation that was only kept to rule something out, CARVE_SUPPORT packets. */
#pragma once

#include "base/failure.h"
#include "evidence/pcapng_out.h"
#include "evidence/plan.h"
#include "evidence/redact.h"
#include "frame/capture.h"

#include <stdbool.h>
#include <stdint.h>

enum { CARVE_SUPPORT = 400, CARVE_LEFT = 256 };

/* Conversations that are not to be written, and what numbers their packets would have had. */
struct carve_left {
    struct plan_key key[CARVE_LEFT];
    size_t n;
    uint64_t *frame; /* ascending; carve makes it anew, the caller frees it */
    size_t n_frames, room;
};

struct carve_source {
    const char *path;                    /* to be read again: no pipe */
    const struct capture_config *config; /* as it was read before, so that numbers agree */
    const char *comment;                 /* of the section; printable */
    struct redactor *redactor;           /* NULL = packets stay as they are */
    struct carve_left *left;             /* NULL = nothing is left out */
};

struct carve_counts {
    uint64_t kept, frames;
};

/* Adds a section with the evidence of one input, or without a plan with all of it; false with a
 * failure. */
bool carve(struct pcapng_out *out, const struct plan *plan, const struct carve_source *source,
           struct carve_counts *counts, struct failure *failure);
