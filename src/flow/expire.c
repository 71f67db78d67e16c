#include "flow/table.h"

/* Above HIGH of what may be used flows are given up, above FULL whichever is worth least. */
enum { HIGH_PERCENT = 90, FULL_PERCENT = 95 };
enum { LOOKED_AT = 128 };                                     /* records per call */
enum { LIGHT_S = 60, IDLE_S = (AGE_STEPS - 1) * AGE_STEP_S }; /* idle for so long */

static unsigned percent_of(size_t used, size_t all)
{
    return all ? (unsigned)(used / (all / 100 + 1)) : 100;
}

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/* How full is what fills first: the room for records and index, or that for arenas?  An index that
 * may not grow any more holds all records that then find room (slots are filled up to 7/8). */
static unsigned pressure(const struct flows *flows)
{
    size_t share = flows->ceiling / 4 * 3;
    size_t held = pool_held(flows->pool), index = flows->n_slots * sizeof(struct slot);
    size_t for_table = smaller(share, flows->ceiling > held ? flows->ceiling - held : 0);
    size_t for_pool = smaller(share, flows->ceiling - smaller(flows->ceiling, flows->table_bytes));
    unsigned table = percent_of(flows->counts.open * sizeof(struct flow) + index, for_table);
    unsigned pool = percent_of(pool_used(flows->pool), for_pool);
    return table > pool ? table : pool;
}

static bool is_over(const struct flow *flow)
{
    return flow->state == TCP_CLOSED || flow->state == TCP_RESET || flow->state == TCP_REFUSED ||
           flow->flags & FLOW_ENDED;
}

/* Half-open, or a UDP exchange: little is lost with it. */
static bool is_light(const struct flow *flow)
{
    return flow->state == TCP_SYN_SENT || !flow_is_tcp(flow);
}

/* What a flow is worth, lowest first: over, light, everything else; older before newer. */
static uint64_t worth(const struct flow *flow)
{
    uint64_t rank = is_over(flow) ? 0 : is_light(flow) ? 1 : 2;
    return rank << 62 | (flow->last_frame & (UINT64_MAX >> 2));
}

/* Nothing for so many seconds of the table's own clock, which no jump of the capture moves far. */
static bool is_idle(const struct flows *flows, const struct flow *flow, int64_t seconds)
{
    int64_t step = flows->age_step - seconds / AGE_STEP_S;
    return step > 0 && flow->last_frame < flows->age_frame[step % AGE_STEPS];
}

static bool is_due(const struct flows *flows, const struct flow *flow)
{
    return is_over(flow) || is_idle(flows, flow, is_light(flow) ? LIGHT_S : IDLE_S);
}

/* The least worthy of the next records; NULL when none may go. */
static struct flow *flow_least(struct flows *flows, bool only_due)
{
    struct flow *least = NULL;
    for (unsigned i = 0; i < LOOKED_AT && i < flows->n_records; i++) {
        flows->hand = flows->hand + 1 < flows->n_records ? flows->hand + 1 : 0;
        struct flow *flow = flow_at(flows, flows->hand);
        if (!flow_in_use(flow) || flow->flags & FLOW_PINNED || (only_due && !is_due(flows, flow)))
            continue;
        if (!least || worth(flow) < worth(least))
            least = flow;
    }
    return least;
}

struct flow *flow_expired(struct flows *flows)
{
    unsigned used = pressure(flows);
    if (used < HIGH_PERCENT)
        return NULL;
    struct flow *flow = flow_least(flows, used < FULL_PERCENT);
    if (flow && !is_over(flow)) {
        flow->flags |= FLOW_EVICTED;
        flows->counts.evicted++;
    }
    return flow;
}
