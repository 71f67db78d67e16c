#include "verdict/candidate.h"

#include "base/table.h"
#include "session/session.h"

#include <stdlib.h>

enum { CANDIDATES_MAX = 4096 };

struct candidates {
    struct table set;    /* key: struct address; the value says nothing */
    struct address last; /* one of them, which many connections lead to; unspecified = none yet */
};

struct candidates *candidates_open(void)
{
    struct candidates *c = calloc(1, sizeof *c);
    if (c && !table_open(&c->set, sizeof(struct address), 1, CANDIDATES_MAX)) {
        free(c);
        c = NULL;
    }
    return c;
}

void candidates_close(struct candidates *c)
{
    if (!c)
        return;
    table_close(&c->set);
    free(c);
}

static bool is_checkin(const struct profile *profile, const struct flow *flow)
{
    const struct service *service = profile_service(profile, flow->port[SERVER]);
    return service && service->checkin && service->tcp;
}

static bool names_ems(const struct profile *profile, const struct flow *flow)
{
    const struct session *s = flow->session;
    bool inside = s && s->talk && s->talk->target[0]; /* the address is the proxy's */

    return s && !inside && s->server_name[0] && profile_names_ems(profile, s->server_name);
}

void candidate_note(struct candidates *c, const struct profile *profile, const struct flow *flow)
{
    if (!flow_is_tcp(flow))
        return;
    if (candidate_is(c, &flow->address[SERVER])) {
        c->last = flow->address[SERVER];
        return;
    }
    uint8_t seen = flow->half[CLIENT].flags | flow->half[SERVER].flags;
    bool by_port = is_checkin(profile, flow) && seen & (HALF_SYN | HALF_DATA);
    if (by_port || names_ems(profile, flow))
        (void)table_put(&c->set, &flow->address[SERVER]);
}

bool candidate_is(const struct candidates *c, const struct address *address)
{
    bool is_last = c && address_equal(&c->last, address) && !address_is_unspecified(address);
    return is_last || (c && table_get(&c->set, address));
}
