/* fleet.h - connections of many endpoints with one EMS, for tests of what they have in common. */
#pragma once

#include "correlate/summary.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

struct fleet {
    struct summary summary;
    struct scene scene;
    struct flow flow;
    struct flow_more more;
    struct verdict verdict;
    struct profile profile;
    uint16_t port; /* of the next attempt */
};

static inline void fleet_begin(struct fleet *f)
{
    struct failure failure;
    memset(f, 0, sizeof *f);
    cr_assert(profile_open_default(&f->profile, &failure));
    f->scene.profile = &f->profile;
    f->port = 8013;
    cr_assert(summary_open(&f->summary, false));
    f->flow.protocol = 6;
    f->flow.more = &f->more;
    f->flow.half[CLIENT].flags = HALF_SEEN | HALF_SYN;
    f->flow.half[CLIENT].ttl = 127;
}

/* One attempt at second `at`; OK with id F_OK_TLS_ESTABLISHED.  vlan 0 = none. */
static inline void fleet_try(struct fleet *f, const char *client, const char *server, uint16_t vlan,
                             int at, enum finding_id id)
{
    const struct finding *finding = finding_of(id);

    address_parse(client, &f->flow.address[CLIENT]);
    address_parse(server, &f->flow.address[SERVER]);
    f->flow.port[SERVER] = f->port;
    f->flow.vlan = vlan ? vlan + 1 : 0;
    f->flow.first_ns = f->flow.last_ns = (int64_t)at * 1000000000;
    f->verdict = (struct verdict){ .flow = &f->flow, .failed_stage = (uint8_t)finding->stage };
    f->verdict.primary = (struct raised){ .id = id,
                                          .severity = finding->severity,
                                          .fact = finding->best,
                                          .n_frames = 1,
                                          .frames = { 1 + (uint64_t)at },
                                          .owner = finding->owner };
    summary_add(&f->summary, &f->scene, &f->verdict);
}

/* Clients of one /24, numbered from .1. */
static inline void fleet_subnet(struct fleet *f, const char *subnet, int n, uint16_t vlan, int at,
                                enum finding_id id)
{
    for (int i = 1; i <= n; i++) {
        char client[64];
        snprintf(client, sizeof client, "%s.%d", subnet, i);
        fleet_try(f, client, "10.0.0.10", vlan, at, id);
    }
}

static inline const struct group *fleet_group(struct fleet *f, enum finding_id id)
{
    for (size_t i = 0; i < f->summary.groups.n; i++) {
        const struct group *g = table_at(&f->summary.groups, i);
        if (g->id == id)
            return g;
    }
    return NULL;
}

static inline const char *fleet_trait(struct fleet *f, const struct part *part)
{
    static char line[128];
    struct text t = text_of(line, sizeof line);
    trait_text(&f->summary.traits, part->value, &t);
    return line;
}
