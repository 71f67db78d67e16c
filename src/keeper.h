/* keeper.h - the file that -w asks for: the evidence of all inputs, a section for each.
 *
 * Ownership: keeper_close ends it, whether or not anything was kept; without keeper_take for every
 * input, or after a failure, no file is left. */
#pragma once

#include "evidence/carve.h"
#include "options.h"
#include "same.h"

struct keeper {
    const struct options *options;
    struct pcapng_out *out;    /* NULL = nobody asked */
    struct redactor *redactor; /* NULL = packets stay as they are */
    uint8_t key[MASK_KEY];
    char word[PATTERNS_MAX][64];
    const char *kept[PATTERNS_MAX + 1]; /* parts of names that stay */
    struct carve_counts counts;
    struct same same;     /* what was left out so that the rest may stay */
    bool failed, redrawn; /* redrawn: stand-ins were somebody's name, and were drawn again */
};

bool keeper_open(struct keeper *k, const struct options *options, struct failure *failure);

/* Reads an input once more, for what its plan names; all of it without one.  What was redacted is
 * looked through for what should be gone, and judged: connections that do not come to the same
 * verdict are left out. */
bool keeper_take(struct keeper *k, const struct plan *plan, const char *input,
                 struct failure *failure);

/* The configured names and addresses of EMS as they are in what was written. */
void keeper_profile(const struct keeper *k, struct profile *profile);
size_t keeper_replaced(const struct keeper *k); /* names and addresses */

/* Says on stderr what was written, and keeps the map if it is wanted; false with a failure. */
bool keeper_close(struct keeper *k, struct failure *failure);
