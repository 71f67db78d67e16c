#include "correlate/rhythm.h"
#include "correlate/summary.h"
#include "live/board_inside.h"

#include <stdlib.h>
#include <string.h>

enum { OVERDUE_QUARTERS = 9, GONE_INTERVALS = 12 };

static const int64_t together_ns = 3000000000; /* two connections of one check-in */

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
    e->interval_ns = rhythm_interval(e->times, e->n_times);
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

static void keep_event(struct board *b, const struct board_event *event)
{
    b->event[b->n_events++ % BOARD_EVENTS] = *event;
}

static void note_event(struct board *b, const struct place *place, const struct board_deed *deed,
                       struct board_news news)
{
    int64_t worked_ns = place ? place->worked_ns : 0;
    struct board_event event = { .change = news.change,
                                 .client = deed->client,
                                 .server = deed->server,
                                 .port = deed->port,
                                 .id = deed->id,
                                 .frame = deed->frame,
                                 .time_ns = deed->first_ns,
                                 .before_ns =
                                     news.change == BOARD_FAILS ? worked_ns : news.since_ns };

    if (news.change != BOARD_SAME)
        keep_event(b, &event);
}

/* What its cell shows; `same`: the newest attempt changed its mind. */
static void remember(struct place *place, const struct board_deed *deed, bool same)
{
    bool failed = deed->outcome == OUTCOME_FAILED;

    if (!same) {
        place->recent = (uint8_t)(place->recent << 1);
        place->n_recent += place->n_recent < BOARD_RECENT;
    }
    place->recent = (uint8_t)((place->recent & ~1U) | failed);
    if (!failed) {
        place->worked_ns = deed->first_ns;
        return;
    }
    place->token = (uint8_t)deed->token;
    place->failed_id = (uint16_t)deed->id;
    place->failed_frame = deed->frame;
    place->failed_ns = deed->first_ns;
}

/* tcp.syn.refused says less than tcp.syn.refused_by_host, and nothing else: which of them it is
 * depends on what was seen beside it, and much of that is forgotten with each run. */
static bool is_same_failure(enum finding_id a, enum finding_id b)
{
    const char *x = finding_of(a)->id, *y = finding_of(b)->id;
    return a == b || strncmp(x, y, strlen(x)) == 0 || strncmp(x, y, strlen(y)) == 0;
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
    bool lasts = failed && failed_before && is_same_failure((enum finding_id)place->id, deed->id);
    bool says_less = lasts && place->id != deed->id &&
                     strlen(finding_of(deed->id)->id) < strlen(finding_of(place->id)->id);
    if (failed && !lasts) {
        news.change = BOARD_FAILS;
        b->raised[deed->id]++;
    } else if (!failed && failed_before) {
        news.change = BOARD_RECOVERED;
    }
    if (failed && !failed_before)
        place->since_ns = deed->first_ns;
    remember(place, deed, same);
    place->decided = true;
    place->frame = deed->frame;
    place->outcome = (uint8_t)deed->outcome;
    place->id = says_less ? place->id : (uint16_t)deed->id;
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
    if (!place) {
        news = unkept(b, deed);
    } else if (deed->outcome != OUTCOME_UNDECIDED) {
        struct board_news decided = decide(b, place, deed);
        decided.known = e->succeeded;
        news = decided.change == BOARD_SAME ? news : decided;
    }
    note_event(b, place, deed, news);
    return news;
}

/* ---- sums ---- */

static bool is_overdue(int64_t interval_ns, int64_t age_ns)
{
    return interval_ns && age_ns / OVERDUE_QUARTERS * 4 > interval_ns;
}

/* Since when nothing came for certain: what happened while nobody watched is not known. */
int64_t board_silent_since(const struct board *b, const struct endpoint_state *e)
{
    int64_t last_ns = e->n_times ? e->times[e->n_times - 1] : 0;
    return e->resumed && last_ns < b->resumed_ns ? b->resumed_ns : last_ns;
}

bool board_is_gone(const struct endpoint_state *e, const struct board *b, int64_t now_ns)
{
    int64_t interval = e->interval_ns;
    int64_t age = e->n_times ? now_ns - board_silent_since(b, e) : 0;

    return interval && age > GONE_INTERVALS * interval && now_ns - e->last_ns > interval;
}

static enum board_state state_of(const struct board *b, const struct endpoint_state *e,
                                 int64_t now_ns)
{
    int64_t age = e->n_times ? now_ns - board_silent_since(b, e) : 0;
    bool any = false;

    if (board_is_gone(e, b, now_ns))
        return BOARD_GONE;
    for (size_t i = 0; i < e->n_places; i++) {
        if (e->place[i].decided && e->place[i].outcome == OUTCOME_FAILED)
            return BOARD_FAILING;
        any |= e->place[i].decided;
    }
    if (is_overdue(e->interval_ns, age))
        return BOARD_STALE;
    return any ? BOARD_HEALTHY : BOARD_UNDECIDED;
}

static bool is_missing(const struct board *b, const struct endpoint_state *e, int64_t now_ns,
                       struct board_missed *out)
{
    int64_t interval = e->interval_ns;
    int64_t last_ns = board_silent_since(b, e);

    if (!interval || e->missed || state_of(b, e, now_ns) != BOARD_STALE ||
        e->last_ns < last_ns + interval)
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
        if (!is_missing(b, e, now_ns, out))
            continue;
        memcpy(&out->client, table_key(&b->endpoints, *cursor), sizeof out->client);
        e->missed = true;
        ++*cursor;
        keep_event(b, &(struct board_event){ .change = BOARD_FAILS,
                                             .client = out->client,
                                             .id = F_CHECKIN_MISSED,
                                             .time_ns = now_ns,
                                             .before_ns = out->last_ns });
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
    enum board_state state = state_of(b, e, now_ns);
    int64_t last = e->n_times ? e->times[e->n_times - 1] : 0;

    out->gone += state == BOARD_GONE;
    if (state == BOARD_GONE)
        return;
    out->endpoints++;
    out->healthy += state == BOARD_HEALTHY;
    out->failing += state == BOARD_FAILING;
    out->stale += state == BOARD_STALE;
    out->undecided += state == BOARD_UNDECIDED;
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

/* ---- one by one ---- */

size_t board_count(const struct board *b) { return b->endpoints.n; }

static struct board_cell cell_of(const struct place *p)
{
    struct board_cell cell = { .port = p->port,
                               .decided = p->decided,
                               .failing = p->decided && p->outcome == OUTCOME_FAILED,
                               .of = p->n_recent,
                               .token = p->token };

    for (unsigned i = 0; i < p->n_recent; i++)
        cell.ok += !(p->recent >> i & 1);
    return cell;
}

/* The failure to show: one that lasts before one that is over, then the latest. */
static bool is_worse(const struct place *a, const struct place *b)
{
    bool lasts = a->outcome == OUTCOME_FAILED, other_lasts = b->outcome == OUTCOME_FAILED;
    return lasts != other_lasts ? lasts : a->failed_ns > b->failed_ns;
}

void board_row(const struct board *b, size_t i, int64_t now_ns, struct board_row *out)
{
    const struct endpoint_state *e = table_at(&b->endpoints, i);
    const struct place *worst = NULL, *tried = NULL;

    *out = (struct board_row){ .state = state_of(b, e, now_ns),
                               .checkin_ns = e->n_times ? e->times[e->n_times - 1] : 0,
                               .silent_ns = board_silent_since(b, e),
                               .interval_ns = e->interval_ns,
                               .n_cells = e->n_places };
    memcpy(&out->client, table_key(&b->endpoints, i), sizeof out->client);
    out->overdue = is_overdue(out->interval_ns, now_ns - out->silent_ns);
    for (size_t k = 0; k < e->n_places; k++) {
        out->cell[k] = cell_of(&e->place[k]);
        if (!tried || !tried->port)
            tried = &e->place[k];
        if (e->place[k].failed_ns && (!worst || is_worse(&e->place[k], worst)))
            worst = &e->place[k];
    }
    if (tried)
        out->server = (worst ? worst : tried)->server;
    if (!worst)
        return;
    out->id = (enum finding_id)worst->failed_id;
    out->port = worst->port;
    out->frame = worst->failed_frame;
    out->failed_ns = worst->failed_ns;
}

uint64_t board_changes(const struct board *b) { return b->n_events; }

const struct board_event *board_event(const struct board *b, size_t i)
{
    if (i >= b->n_events || i >= BOARD_EVENTS)
        return NULL;
    return &b->event[(b->n_events - 1 - i) % BOARD_EVENTS];
}
