#include "correlate/outcomes.h"

#include <stdlib.h>
#include <string.h>

struct sortable {
    const struct service_key *key;
    uint32_t number;
};

static int by_offer(const void *a, const void *b)
{
    const struct sortable *x = a, *y = b;
    int difference = memcmp(&x->key->server, &y->key->server, sizeof x->key->server);
    if (difference)
        return difference;
    if (x->key->port != y->key->port)
        return x->key->port < y->key->port ? -1 : 1;
    return x->number < y->number ? -1 : 1;
}

static bool sort_services(struct outcomes *o)
{
    const struct table *services = &o->s->services;
    struct sortable *all = calloc(services->n + 1, sizeof *all);

    o->service = calloc(services->n + 1, sizeof *o->service);
    if (!all || !o->service) {
        free(all);
        return false;
    }
    for (size_t i = 0; i < services->n; i++) {
        const struct service_key *key = table_key(services, i);
        if (!key->is_lookup && key->port)
            all[o->n++] = (struct sortable){ key, (uint32_t)i + 1 };
    }
    qsort(all, o->n, sizeof *all, by_offer);
    for (size_t i = 0; i < o->n; i++)
        o->service[i] = all[i].number;
    free(all);
    return true;
}

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

static bool gather_offers(struct outcomes *o)
{
    o->offer = calloc(o->n + 1, sizeof *o->offer);
    if (!o->offer)
        return false;
    for (size_t i = 0; i < o->n; i++) {
        const struct service_key *key = outcomes_key(o, i);
        const struct service_count *c = outcomes_count(o, i);
        if (!o->n_offers || !is_of(&o->offer[o->n_offers - 1], key))
            o->offer[o->n_offers++] =
                (struct offer){ .server = key->server, .port = key->port, .first = (uint32_t)i };
        struct offer *offer = &o->offer[o->n_offers - 1];
        offer->n++;
        offer->worked += c->ok > 0;
        offer->failed += c->failed > 0;
        offer->never += c->failed > 0 && !c->ok;
    }
    return true;
}

bool outcomes_open(struct outcomes *o, struct summary *s, const struct scene *scene)
{
    *o = (struct outcomes){ .s = s, .scene = scene };
    return sort_services(o) && gather_offers(o);
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
