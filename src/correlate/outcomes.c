#include "correlate/outcomes.h"

#include <stdlib.h>
#include <string.h>

const struct service_key *outcomes_key(const struct outcomes *o, size_t i)
{
    return table_key(&o->s->services, o->service[i] - 1);
}

const struct service_count *outcomes_count(const struct outcomes *o, size_t i)
{
    return table_at(&o->s->services, o->service[i] - 1);
}

static bool is_of(const struct offer *offer, const struct service_key *key)
{
    return offer->port == key->port && address_equal(&offer->server, &key->server);
}

struct offer_key {
    struct address server;
    uint16_t port;
};

/* While offers are gathered. */
struct sorting {
    struct table offers; /* struct offer_key -> struct offer */
    struct offer *last;  /* services of one offer often come one behind the other */
    uint32_t *of;        /* of each service the number of its offer; 0 = none; owned */
};

static struct offer *find_offer(struct sorting *sorting, const struct service_key *key)
{
    struct offer_key wanted;

    if (sorting->last && is_of(sorting->last, key))
        return sorting->last;
    memset(&wanted, 0, sizeof wanted);
    wanted.server = key->server;
    wanted.port = key->port;
    struct offer *offer = table_put(&sorting->offers, &wanted);
    if (offer && !offer->number)
        *offer = (struct offer){ .server = key->server,
                                 .port = key->port,
                                 .number = (uint32_t)sorting->offers.n };
    return sorting->last = offer;
}

static bool count_services(struct outcomes *o, struct sorting *sorting)
{
    const struct table *services = &o->s->services;

    for (size_t i = 0; i < services->n; i++) {
        const struct service_key *key = table_key(services, i);
        const struct service_count *c = table_at(services, i);
        if (key->is_lookup || !key->port)
            continue;
        struct offer *offer = find_offer(sorting, key);
        if (!offer)
            return false;
        sorting->of[i] = offer->number;
        o->n++;
        offer->n++;
        offer->worked += c->ok > 0;
        offer->failed += c->failed > 0;
        offer->never += c->failed > 0 && !c->ok;
    }
    return true;
}

static int by_server(const void *a, const void *b)
{
    const struct offer *x = a, *y = b;
    int difference = memcmp(&x->server, &y->server, sizeof x->server);
    return difference ? difference : (int)x->port - (int)y->port;
}

static bool sort_offers(struct outcomes *o, const struct table *offers)
{
    uint32_t first = 0;

    o->n_offers = offers->n;
    o->offer = calloc(o->n_offers + 1, sizeof *o->offer);
    if (!o->offer)
        return false;
    for (size_t i = 0; i < o->n_offers; i++)
        o->offer[i] = *(const struct offer *)table_at(offers, i);
    qsort(o->offer, o->n_offers, sizeof *o->offer, by_server);
    for (size_t i = 0; i < o->n_offers; i++) {
        o->offer[i].first = first;
        first += o->offer[i].n;
    }
    return true;
}

/* There are few offers and many services: those are put in their places, not compared. */
static bool place_services(struct outcomes *o, const uint32_t *of)
{
    uint32_t *next = calloc(o->n_offers + 1, sizeof *next); /* by number of the offer */

    o->service = calloc(o->n + 1, sizeof *o->service);
    bool fine = next && o->service;

    if (fine) {
        for (size_t i = 0; i < o->n_offers; i++)
            next[o->offer[i].number] = o->offer[i].first;
        for (uint32_t i = 0; i < o->s->services.n; i++)
            if (of[i])
                o->service[next[of[i]]++] = i + 1;
    }
    free(next);
    return fine;
}

bool outcomes_open(struct outcomes *o, struct summary *s, const struct scene *scene)
{
    struct sorting sorting = { .of = calloc(s->services.n + 1, sizeof *sorting.of) };

    *o = (struct outcomes){ .s = s, .scene = scene };
    bool fine = sorting.of &&
                table_open(&sorting.offers, sizeof(struct offer_key), sizeof(struct offer),
                           SUMMARY_SERVICES) &&
                count_services(o, &sorting) && sort_offers(o, &sorting.offers) &&
                place_services(o, sorting.of);
    table_close(&sorting.offers);
    free(sorting.of);
    return fine;
}

void outcomes_close(struct outcomes *o)
{
    free(o->service);
    free(o->offer);
}

/* The first offer that is not before this server and port. */
static const struct offer *lower_bound(const struct outcomes *o, const struct address *server,
                                       uint16_t port)
{
    size_t low = 0, high = o->n_offers;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const struct offer *offer = &o->offer[middle];
        int difference = memcmp(&offer->server, server, sizeof *server);
        if (difference < 0 || (!difference && offer->port < port))
            low = middle + 1;
        else
            high = middle;
    }
    return o->offer + low;
}

const struct offer *outcomes_from(const struct outcomes *o, const struct address *server)
{
    return lower_bound(o, server, 0);
}

const struct offer *outcomes_offer(const struct outcomes *o, const struct address *server,
                                   uint16_t port)
{
    const struct offer *offer = lower_bound(o, server, port);
    bool found = offer < o->offer + o->n_offers && offer->port == port &&
                 address_equal(&offer->server, server);
    return found ? offer : NULL;
}

static uint32_t count_switches(struct moment *m, size_t n)
{
    uint32_t switches = 0;
    moments_sort(m, n);
    for (size_t i = 1; i < n; i++)
        switches += m[i].failed != m[i - 1].failed;
    return switches;
}

static void note_time(struct times *t, int64_t ns, bool failed)
{
    int64_t *first = failed ? &t->first_failed : &t->first_ok;
    int64_t *last = failed ? &t->last_failed : &t->last_ok;
    uint32_t *n = failed ? &t->n_failed : &t->n_ok;
    if (!*n || ns < *first)
        *first = ns;
    if (!*n || ns > *last)
        *last = ns;
    ++*n;
}

struct times times_of(const struct summary *s, uint32_t service, uint32_t group)
{
    struct times t = { 0 };
    size_t room = history_count(&s->history, service), n = 0;
    struct moment *m = room ? malloc(room * sizeof *m) : NULL;

    for (size_t i = 0; m && i < room; i++) {
        const struct deed *deed = history_of(&s->history, service, i);
        bool failed = deed->outcome == OUTCOME_FAILED;
        if (deed->outcome == OUTCOME_UNDECIDED || (failed && group && deed->group != group))
            continue;
        note_time(&t, deed->time_ns, failed);
        m[n++] = (struct moment){ deed->time_ns, failed };
    }
    if (t.n_ok && t.n_failed)
        t.n_switches = count_switches(m, n);
    free(m);
    return t;
}

bool times_meet(const struct times *ok, const struct times *failed)
{
    const int64_t period = (int64_t)SETS_PERIOD_S * 1000000000;
    return ok->n_ok && failed->n_failed && ok->first_ok <= failed->last_failed + period &&
           ok->last_ok >= failed->first_failed - period;
}
