/* plan.h - which packets of a capture are the evidence, and what to write beside them.
 *
 * What it is: filled while connections are judged, read when the capture is read once more.  Of
 * each group of failing conversations (same finding, server and port) at most PLAN_SAMPLES are
 * kept: the first ones, some from between, the last ones.  Of each service that worked, the
 * shortest conversation is kept as an example.  A note is a frame to keep, what is written beside
 * it, and whether its whole conversation is wanted (what rules another explanation out). What it
 * refuses: packets; judging. Bounds: groups, services, notes and names, as below; what is beyond is
 * counted in `left_out`. Ownership: opaque; texts are copied.  A struct kept is good until the next
 * call that makes one. */
#pragma once

#include "base/address.h"
#include "base/side.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PLAN_SAMPLES = 20, /* conversations of one group */
    PLAN_GROUPS = 512,
    PLAN_SERVICES = 256,
    PLAN_NOTES = 24, /* of one conversation */
    PLAN_NAMES = 1024,
    PLAN_NOTE_TEXT = 256,
};

struct plan; /* opaque */

struct plan_key {
    struct address address[SIDES];
    uint16_t port[SIDES];
    uint8_t ip_protocol; /* 0 = no conversation: the noted frames alone */
};

struct plan_note {
    uint64_t frame;
    char *text;       /* NULL = nothing is written beside it */
    uint16_t name_at; /* where in text a name out of the packets begins; 0 = all of it is ours */
    bool whole;       /* keep the conversation that this frame belongs to */
};

struct kept {
    struct plan_key key;
    uint64_t first, last; /* frames of the conversation */
    uint32_t packets;
    uint8_t n_notes;
    struct plan_note note[PLAN_NOTES];
};

/* Conversations that fail alike. */
struct plan_group {
    struct address server;
    uint16_t port;
    uint16_t id; /* of the finding */
};

struct plan *plan_open(void); /* NULL without memory */
void plan_close(struct plan *plan);

/* A place for one more conversation of a group; NULL when there are examples enough. */
struct kept *plan_failing(struct plan *plan, const struct plan_group *group);

/* A place for an exchange that worked; NULL when a shorter one is there already. */
struct kept *plan_working(struct plan *plan, const struct address *server, uint16_t port,
                          uint32_t packets);

void kept_note(struct kept *kept, uint64_t frame, const char *text, bool whole);

/* The same with a name out of the packets behind our words, which redaction replaces alone. */
void kept_note_name(struct kept *kept, uint64_t frame, const char *lead, const char *name,
                    bool whole);

/* Frees the texts; of one that no plan owns. */
void kept_clear(struct kept *kept);

/* Not removed at the end of a conversation: evidence of the capture as a whole. */
struct kept *plan_capture(struct plan *plan);

void plan_name(struct plan *plan, const struct address *address, const char *name);

/* For reading: every conversation that is kept, in no order. */
size_t plan_all(const struct plan *plan, const struct kept **out, size_t most);
size_t plan_most(const struct plan *plan); /* how many that may be */
size_t plan_names(const struct plan *plan);
const char *plan_name_at(const struct plan *plan, size_t i, struct address *address);
uint64_t plan_left_out(const struct plan *plan);
