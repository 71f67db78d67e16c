/* diagram.h - who talks to whom, and where the path breaks, as one picture.
 *
 * What it is: endpoints on one side, services (server and port, resolvers, proxies) on the other,
 * an edge for each pair that was tried: how often it worked and failed, and the stage and word of
 * the failure.  With more than DIAGRAM_LEFT endpoints those of one network with the same worst
 * finding are one node.
 * What it refuses: more than DIAGRAM_LEFT nodes on the left and DIAGRAM_RIGHT on the right; what is
 * beyond is one node that says how many. */
#pragma once

#include "base/address.h"
#include "base/table.h"
#include "report/inside.h"

enum { DIAGRAM_LEFT = 16, DIAGRAM_RIGHT = 12, DIAGRAM_LABEL = 200 };

struct diagram_node {
    struct address address; /* of its network, when several endpoints are in it */
    uint16_t port;          /* of a service */
    bool lookup;            /* a resolver of names */
    uint16_t via_port;      /* of what a proxy was asked for; 0 = it is none, or for several */
    bool proxy;
    bool rest; /* what found no node of its own */
    uint64_t members, failed;
    uint32_t n_edges;
    char title[DIAGRAM_LABEL], text[DIAGRAM_LABEL]; /* printable */
};

struct diagram_edge {
    uint64_t attempts, ok, failed;
    uint8_t stage, token; /* of the failure; ATTEMPT_STAGES = not known */
};

struct diagram {
    const struct report *report;
    const struct scene *scene;
    bool grouped;
    struct table sides[2]; /* endpoints, services */
    size_t n_left, n_right;
    struct diagram_node left[DIAGRAM_LEFT + 1], right[DIAGRAM_RIGHT + 1];
    struct diagram_edge edge[DIAGRAM_LEFT + 1][DIAGRAM_RIGHT + 1];
};

/* "2 of 2 fail: DROP at tcp", "12 of 12 work" */
void diagram_words(const struct diagram_edge *edge, struct text *out);

/* diagram_draw.c */
void diagram_svg(const struct diagram *d, struct writer *w);
void diagram_dot(const struct diagram *d, struct writer *w);
