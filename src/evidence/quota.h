/* quota.h - which failures get a file of their own, when many fail at once or one fails for ever.
 *
 * What it is: of one finding at one service QUOTA_GROUP files in QUOTA_GROUP_S seconds, of which
 * QUOTA_STRANGERS may be of endpoints for which nothing worked so far (a flood has no others); of
 * one finding and one endpoint QUOTA_EACH in an hour.  What is refused is counted.
 * Bounds: QUOTA_GROUPS and QUOTA_PAIRS are remembered; the one that asked longest ago is forgotten.
 * Units: ns on one clock, the caller's. */
#pragma once

#include "base/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    QUOTA_GROUP = 5,
    QUOTA_STRANGERS = 3,
    QUOTA_GROUP_S = 300,
    QUOTA_EACH = 3,
    QUOTA_EACH_S = 3600,
    QUOTA_GROUPS = 64,
    QUOTA_PAIRS = 512,
};

struct quota_case {
    uint16_t id; /* of the finding */
    uint16_t port;
    struct address server, client;
    bool known; /* something worked for this endpoint before */
};

struct quota {
    struct quota_group {
        uint16_t id, port;
        uint8_t n, n_strangers;
        struct address server;
        int64_t since_ns, asked_ns; /* 0 = not in use */
    } group[QUOTA_GROUPS];
    struct quota_pair {
        uint16_t id;
        uint8_t n;
        struct address client;
        int64_t at_ns[QUOTA_EACH]; /* newest last */
    } pair[QUOTA_PAIRS];
    size_t n_pairs, next_pair;
    uint64_t refused_group, refused_pair;
};

/* Takes a file, if one is left. */
bool quota_take(struct quota *quota, const struct quota_case *failed, int64_t now_ns);

/* One that lies there from before. */
void quota_note(struct quota *quota, uint16_t id, const struct address *client, int64_t at_ns);
