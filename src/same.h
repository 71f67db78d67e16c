/* same.h - does a redacted capture come to the same verdicts as the one it is out of?
 *
 * What it is: both are judged, silently, and compared connection by connection: finding, owner and
 * words of confidence.  A connection that differs is to be left out of the redacted capture; in
 * strict redaction one that only lost what a certificate told may stay, and is listed.
 * What it refuses: leaving out everything, or more than CARVE_LEFT connections.
 * Ownership: same_close frees what same_verdicts noted. */
#pragma once

#include "evidence/carve.h"
#include "options.h"

enum { SAME_REASONS = 8 };

/* So many connections would have come to another verdict, as in the first example. */
struct same_reason {
    uint16_t was, is; /* enum finding_id; F_NONE = nothing is said */
    uint32_t n;
};

struct same {
    struct carve_left left;
    struct same_reason reason[SAME_REASONS], lost[SAME_REASONS];
    size_t n_reasons, n_lost; /* kinds */
    uint32_t lost_in_all, left_in_all;
};

enum same_answer { SAME_YES, SAME_AGAIN, SAME_NO };

struct same_question {
    const struct options *options;
    const char *original, *redacted;        /* files */
    const struct profile *redacted_profile; /* with stand-ins for the configured names */
};

/* SAME_AGAIN: more is to be left out now, so write it again.  SAME_NO: a failure. */
enum same_answer same_verdicts(struct same *s, const struct same_question *question,
                               struct failure *failure);
void same_close(struct same *s);

/* "2 connections left out, which ...": a line each; nothing when nothing was. */
void same_print(const struct same *s, FILE *f);
