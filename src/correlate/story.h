/* story.h - attempts of one endpoint that are one intention: the failures, and what came of them.
 *
 * What it is: a story begins with a failure (of a name lookup, or of a connection) and goes on with
 * what the same endpoint tries after it for the same service, until something works: the same way
 * again, or a way round: another address of the same name or another configured server, the other
 * family, a lower TLS version, a proxy, an address that it had without the name.  The same story
 * once more is counted, not kept.
 * What it refuses: taking two servers for one service because both look like an EMS.  They are one
 * when they have one name, or when the configuration names both: a FortiGate listens on 8013 too.
 * Bounds: STORIES_MOST an endpoint, of STORY_STEPS steps.  Units: times in ns.  Ownership: the
 * caller's. */
#pragma once

#include "correlate/summary.h"

enum {
    STORY_STEPS = 6,
    STORY_ROUND_S = 180, /* the way round is tried so soon; TCP gives up after at most 127 s */
    STORY_NAME_S = 60,   /* what is dialled after a failed lookup, and because of it */
    STORIES_MOST = 32
};

/* How it worked in the end. */
enum story_way {
    WAY_NONE,  /* it did not */
    WAY_AGAIN, /* by the same way, or much later */
    WAY_NAME,  /* without the answer that failed to come */
    WAY_FAMILY,
    WAY_SERVER,
    WAY_VERSION, /* with a lower version of TLS */
    WAY_PROXY,
    WAY_DIRECT, /* without the proxy */
};

/* Attempts by one way with one end, one behind the other. */
struct story_step {
    uint32_t service; /* number + 1 */
    uint16_t group;   /* of its finding; 0 of what worked */
    uint8_t stage;    /* at which it failed; ATTEMPT_STAGES = none */
    uint8_t version;  /* of TLS, low octet of the highest offered; 0 = none seen */
    bool worked;
    uint32_t n;
    int64_t first_ns, last_ns;
};

struct story {
    uint16_t port; /* of the service meant; 0 = only a name was asked for */
    uint8_t n_steps;
    bool more_steps; /* of failures than are kept; they are counted in the last of those */
    enum story_way way;
    uint32_t times;             /* the same story, one behind the other */
    uint32_t n_failed, n_tried; /* attempts; n_tried: with what worked */
    int64_t first_ns, last_ns;
    struct story_step step[STORY_STEPS];
};

struct stories {
    size_t n;
    bool full;         /* there were more */
    uint64_t n_failed; /* attempts that are in some story */
    struct story story[STORIES_MOST];
};

/* A way round, and not the same way again. */
static inline bool way_is_round(enum story_way way) { return way > WAY_AGAIN; }

/* After history_arrange.  False without memory: out is empty. */
bool stories_of(const struct summary *s, const struct scene *scene, const struct endpoint *e,
                struct stories *out);

/* Marks the endpoints for which every failure ended in a way round, and of groups how many of their
 * members went on so; run last, for nothing is a cause of failure less because of it. */
void stories_count(struct summary *s, const struct scene *scene);

/* What a connection through a proxy is meant for. */
void story_note_target(const struct summary *s, const struct scene *scene, const struct flow *flow,
                       struct service_count *c);
