#include "live/board.h"

#include "base/table.h"
#include "correlate/rhythm.h"
#include "correlate/summary.h"

#include <stdlib.h>
#include <string.h>

enum { OVERDUE_QUARTERS = 9, GONE_INTERVALS = 12 };

static const int64_t together_ns = 3000000000; /* two connections of one check-in */

struct place { /* one service, as one endpoint knows it */
    struct address server;
    uint64_t frame;   /* of the attempt that decided last */
    int64_t since_ns; /* it fails since */
    uint16_t port;
    uint16_t id; /* why it fails */
    uint8_t outcome;
    bool decided;
};

struct endpoint_state {
    uint8_t n_places, n_times;
    bool succeeded, missed; /* missed: and told */
    int64_t last_ns;
    struct place place[BOARD_SERVICES];
    int64_t times[BOARD_TIMES]; /* of check-ins, ascending, the latest ones */
};

struct board {
    struct table endpoints; /* struct address -> struct endpoint_state */
    uint64_t refused, checkins;
    size_t n_failed_only;
    uint64_t raised[FINDINGS];
    size_t n_ports;
    struct port_counts {
        uint16_t port;
        uint64_t attempts[3];
    } port[BOARD_PORTS];
};

struct board *board_open(void)
{
    struct board *b = calloc(1, sizeof *b);

    if (b && table_open(&b->endpoints, sizeof(struct address), sizeof(struct endpoint_state),
                        BOARD_ENDPOINTS))
        return b;
    free(b);
    return NULL;
}

void board_close(struct board *b)
{
    if (!b)
        return;
    table_close(&b->endpoints);
    free(b);
}

/* ---- one deed ---- */

static struct endpoint_state *endpoint_of(struct board *b, const struct board_deed *deed)
{
    struct endpoint_state *e = table_get(&b->endpoints, &deed->client);
    bool ok = deed->outcome == OUTCOME_OK;

    if (!e && (ok || b->n_failed_only < BOARD_ENDPOINTS / 2)) {
        e = table_put(&b->endpoints, &deed->client);
        b->n_failed_only += e && !ok;
    } else if (e && ok && !e->succeeded) {
        b->n_failed_only--;
    }
    if (e)
        e->succeeded |= ok;
    return e;
}

static struct place *place_of(struct endpoint_state *e, const struct board_deed *deed)
{
    for (size_t i = 0; i < e->n_places; i++)
        if (e->place[i].port == deed->port && address_equal(&e->place[i].server, &deed->server))
            return &e->place[i];
    if (e->n_places == BOARD_SERVICES)
        return NULL;
    struct place *place = &e->place[e->n_places++];
    place->server = deed->server;
    place->port = deed->port;
    place->outcome = OUTCOME_UNDECIDED;
    return place;
}

/* Answers whether it ends a silence that was told. */
static struct board_news note_checkin(struct board *b, struct endpoint_state *e, int64_t time_ns)
{
    struct board_news news = { .change = BOARD_SAME };
    int64_t last_ns = e->n_times ? e->times[e->n_times - 1] : INT64_MIN / 2;

    if (time_ns - last_ns < together_ns)
        return news; /* the same one, or long counted */
    if (e->missed)
        news = (struct board_news){ .change = BOARD_RECOVERED, .since_ns = last_ns };
    e->missed = false;
    if (e->n_times == BOARD_TIMES)
        memmove(e->times, e->times + 1, --e->n_times * sizeof *e->times);
    e->times[e->n_times++] = time_ns;
    b->checkins++;
    return news;
}

static void count_attempt(struct board *b, uint16_t port, enum outcome outcome)
{
    size_t i = 0;

    while (i < b->n_ports && b->port[i].port != port)
        i++;
    if (i == BOARD_PORTS)
        return;
    if (i == b->n_ports)
        b->port[b->n_ports++] = (struct port_counts){ .port = port };
    b->port[i].attempts[outcome]++;
}

/* Attempts are known by their first frame: an older one changes nothing any more, the newest may
 * still change its mind. */
static struct board_news decide(struct board *b, struct place *place, const struct board_deed *deed)
{
    struct board_news news = { .change = BOARD_SAME, .since_ns = place->since_ns };
    bool failed = deed->outcome == OUTCOME_FAILED;
    bool failed_before = place->decided && place->outcome == OUTCOME_FAILED;
    bool same = place->decided && place->frame == deed->frame;

    if (place->decided && (deed->frame < place->frame || (same && place->outcome == deed->outcome)))
        return news;
    if (!same)
        count_attempt(b, deed->port, deed->outcome);
    if (failed && (!failed_before || place->id != deed->id)) {
        news.change = BOARD_FAILS;
        b->raised[deed->id]++;
    } else if (!failed && failed_before) {
        news.change = BOARD_RECOVERED;
    }
    if (failed && !failed_before)
        place->since_ns = deed->first_ns;
    place->decided = true;
    place->frame = deed->frame;
    place->outcome = (uint8_t)deed->outcome;
    place->id = (uint16_t)deed->id;
    return news;
}

/* What is not kept cannot stay the same. */
static struct board_news unkept(struct board *b, const struct board_deed *deed)
{
    bool failed = deed->outcome == OUTCOME_FAILED;

    b->refused++;
    return (struct board_news){ .change = failed ? BOARD_FAILS : BOARD_SAME };
}

struct board_news board_note(struct board *b, const struct board_deed *deed)
{
    struct board_news news = { .change = BOARD_SAME };
    struct endpoint_state *e = endpoint_of(b, deed);
    struct place *place = e ? place_of(e, deed) : NULL;

    if (!e) {
        b->refused++; /* a flood: nobody wants to read of each */
        return news;
    }
    if (deed->last_ns > e->last_ns)
        e->last_ns = deed->last_ns;
    if (deed->checkin && deed->outcome == OUTCOME_OK)
        news = note_checkin(b, e, deed->first_ns);
    if (!place)
        return unkept(b, deed);
    if (deed->outcome == OUTCOME_UNDECIDED)
        return news;
    struct board_news decided = decide(b, place, deed);
    decided.known = e->succeeded;
    return decided.change == BOARD_SAME ? news : decided;
}

/* ---- sums ---- */

enum state { HEALTHY, FAILING, STALE, UNDECIDED, GONE };

static enum state state_of(const struct endpoint_state *e, int64_t now_ns)
{
    int64_t interval = rhythm_interval(e->times, e->n_times);
    int64_t age = e->n_times ? now_ns - e->times[e->n_times - 1] : 0;
    bool any = false;

    if (interval && age > GONE_INTERVALS * interval && now_ns - e->last_ns > interval)
        return GONE;
    for (size_t i = 0; i < e->n_places; i++) {
        if (e->place[i].decided && e->place[i].outcome == OUTCOME_FAILED)
            return FAILING;
        any |= e->place[i].decided;
    }
    if (interval && age / OVERDUE_QUARTERS * 4 > interval)
        return STALE;
    return any ? HEALTHY : UNDECIDED;
}

static bool is_missing(const struct endpoint_state *e, int64_t now_ns, struct board_missed *out)
{
    int64_t interval = rhythm_interval(e->times, e->n_times);
    int64_t last_ns = e->n_times ? e->times[e->n_times - 1] : 0;

    if (!interval || e->missed || state_of(e, now_ns) != STALE || e->last_ns < last_ns + interval)
        return false;
    out->interval_ns = interval;
    out->last_ns = last_ns;
    out->missed = (unsigned)((now_ns - last_ns) / interval);
    return true;
}

bool board_missed(struct board *b, int64_t now_ns, size_t *cursor, struct board_missed *out)
{
    for (; *cursor < b->endpoints.n; ++*cursor) {
        struct endpoint_state *e = table_at(&b->endpoints, *cursor);
        if (!is_missing(e, now_ns, out))
            continue;
        memcpy(&out->client, table_key(&b->endpoints, *cursor), sizeof out->client);
        e->missed = true;
        ++*cursor;
        return true;
    }
    *cursor = 0;
    return false;
}

static struct board_port *port_of(struct board_sums *out, uint16_t port)
{
    for (size_t i = 0; i < out->n_ports; i++)
        if (out->port[i].port == port)
            return &out->port[i];
    return NULL;
}

static bool same_cause(const struct board_cause *c, const struct place *place)
{
    return c->id == (enum finding_id)place->id && c->port == place->port;
}

/* An endpoint that fails in one way at two servers counts once. */
static bool is_first(const struct endpoint_state *e, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (e->place[k].decided && e->place[k].outcome == OUTCOME_FAILED &&
            e->place[k].id == e->place[i].id && e->place[k].port == e->place[i].port)
            return false;
    return true;
}

static void sum_cause(struct board_sums *out, const struct address *client, const struct place *p)
{
    size_t i = 0;

    while (i < out->n_causes && !same_cause(&out->cause[i], p))
        i++;
    if (i == BOARD_CAUSES)
        return;
    struct board_cause *c = &out->cause[i];
    if (i == out->n_causes) {
        out->n_causes++;
        *c = (struct board_cause){
            .id = (enum finding_id)p->id, .port = p->port, .network = *client, .one_network = true
        };
    }
    c->endpoints++;
    c->one_network = c->one_network && same_network(&c->network, client);
}

static void sum_places(struct board_sums *out, const struct address *client,
                       const struct endpoint_state *e)
{
    for (size_t i = 0; i < e->n_places; i++) {
        const struct place *p = &e->place[i];
        struct board_port *port = port_of(out, p->port);
        bool failed = p->decided && p->outcome == OUTCOME_FAILED;
        if (port) {
            port->failing += failed;
            port->healthy += p->decided && !failed;
            port->undecided += !p->decided;
        }
        if (failed && is_first(e, i))
            sum_cause(out, client, p);
    }
}

static int by_port(const void *a, const void *b)
{
    const struct board_port *x = a, *y = b;
    return (x->port > y->port) - (x->port < y->port);
}

static int by_endpoints(const void *a, const void *b)
{
    const struct board_cause *x = a, *y = b;
    if (x->endpoints != y->endpoints)
        return x->endpoints > y->endpoints ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

static void sum_endpoint(const struct board *b, size_t i, int64_t now_ns, struct board_sums *out)
{
    const struct endpoint_state *e = table_at(&b->endpoints, i);
    enum state state = state_of(e, now_ns);
    int64_t last = e->n_times ? e->times[e->n_times - 1] : 0;

    out->gone += state == GONE;
    if (state == GONE)
        return;
    out->endpoints++;
    out->healthy += state == HEALTHY;
    out->failing += state == FAILING;
    out->stale += state == STALE;
    out->undecided += state == UNDECIDED;
    if (last && (!out->oldest_checkin_ns || last < out->oldest_checkin_ns))
        out->oldest_checkin_ns = last;
    sum_places(out, table_key(&b->endpoints, i), e);
}

void board_sum(const struct board *b, int64_t now_ns, struct board_sums *out)
{
    *out = (struct board_sums){ .checkins = b->checkins, .refused = b->refused };
    for (; out->n_ports < b->n_ports; out->n_ports++) {
        struct board_port *port = &out->port[out->n_ports];
        port->port = b->port[out->n_ports].port;
        memcpy(port->attempts, b->port[out->n_ports].attempts, sizeof port->attempts);
    }
    for (size_t i = 0; i < b->endpoints.n; i++)
        sum_endpoint(b, i, now_ns, out);
    if (out->n_ports)
        qsort(out->port, out->n_ports, sizeof *out->port, by_port);
    if (out->n_causes)
        qsort(out->cause, out->n_causes, sizeof *out->cause, by_endpoints);
}

uint64_t board_raised(const struct board *b, enum finding_id id) { return b->raised[id]; }
