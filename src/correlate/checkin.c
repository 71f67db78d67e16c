#include "correlate/checkin.h"

#include "base/order.h"
#include "correlate/rhythm.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ADDRESSES = 16, MARKS_MAX = 1 << 20, TOGETHER_S = 3 };

static const int64_t second_ns = 1000000000;

enum mark_kind { MARK_CHECKIN, MARK_FAILED, MARK_AWAKE };

struct mark_seen {
    int64_t time_ns;
    uint32_t service; /* number + 1 */
    enum mark_kind kind;
};

/* One endpoint, with all addresses it had. */
struct person {
    uint32_t endpoint[ADDRESSES]; /* numbers, in the order of their first packet */
    size_t n;
};

struct diary {
    struct summary *s;
    const struct scene *scene;
    const struct person *person;
    struct mark_seen *marks; /* by time; owned */
    int64_t *times;          /* of check-ins, thinned; owned */
    size_t n_marks, n_times, room;
};

static struct endpoint *endpoint_at(const struct summary *s, uint32_t i)
{
    return table_at(&s->endpoints, i);
}

static bool is_checkin_port(const struct scene *scene, const struct service_key *key)
{
    const struct service *service =
        !key->is_lookup ? profile_service(scene->profile, key->port) : NULL;
    return service && service->checkin;
}

/* ---- what was seen of one endpoint ---- */

static size_t count_deeds(const struct summary *s, const struct person *p)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++)
        for (uint32_t k = endpoint_at(s, p->endpoint[i])->first_service; k;) {
            n += history_count(&s->history, k);
            k = ((const struct service_count *)table_at(&s->services, k - 1))->next;
        }
    for (size_t i = 0; i < p->n; i++)
        n += history_count(&s->history, endpoint_at(s, p->endpoint[i])->other_service);
    return n < MARKS_MAX ? n : MARKS_MAX;
}

static void note_service(struct diary *d, uint32_t service, size_t most)
{
    bool checkin = service && is_checkin_port(d->scene, table_key(&d->s->services, service - 1));
    const struct deed *deed;

    for (size_t i = 0; (deed = history_of(&d->s->history, service, i)) && d->n_marks < most; i++) {
        enum mark_kind kind = MARK_AWAKE;
        if (checkin && deed->outcome == OUTCOME_FAILED)
            kind = MARK_FAILED;
        else if (checkin && deed->outcome == OUTCOME_OK && deed->data)
            kind = MARK_CHECKIN;
        d->marks[d->n_marks++] = (struct mark_seen){ deed->time_ns, service, kind };
    }
}

static int by_time(const void *a, const void *b)
{
    const struct mark_seen *x = a, *y = b;
    return (x->time_ns > y->time_ns) - (x->time_ns < y->time_ns);
}

/* Most endpoints do one thing after the other. */
static void sort_marks(struct diary *d)
{
    for (size_t i = 1; i < d->n_marks; i++)
        if (d->marks[i].time_ns < d->marks[i - 1].time_ns) {
            qsort(d->marks, d->n_marks, sizeof *d->marks, by_time);
            return;
        }
}

/* One diary after the other is written into the same memory. */
static bool diary_make_room(struct diary *d, size_t n)
{
    if (n <= d->room)
        return true;
    free(d->marks);
    free(d->times);
    d->room = n * 2;
    d->marks = malloc(d->room * sizeof *d->marks);
    d->times = malloc(d->room * sizeof *d->times);
    if (d->marks && d->times)
        return true;
    d->room = 0;
    return false;
}

static bool diary_begin(struct diary *d, const struct person *p)
{
    struct summary *s = d->s;
    size_t most = count_deeds(s, p);

    d->person = p;
    d->n_marks = d->n_times = 0;
    if (!diary_make_room(d, most + 1))
        return false;
    for (size_t i = 0; i < p->n; i++)
        for (uint32_t k = endpoint_at(s, p->endpoint[i])->first_service; k;) {
            note_service(d, k, most);
            k = ((const struct service_count *)table_at(&s->services, k - 1))->next;
        }
    for (size_t i = 0; i < p->n; i++)
        note_service(d, endpoint_at(s, p->endpoint[i])->other_service, most);
    sort_marks(d);
    for (size_t i = 0; i < d->n_marks; i++)
        if (d->marks[i].kind == MARK_CHECKIN)
            d->times[d->n_times++] = d->marks[i].time_ns;
    d->n_times = rhythm_thin(d->times, d->n_times, TOGETHER_S * second_ns);
    return true;
}

static void diary_close(struct diary *d)
{
    free(d->marks);
    free(d->times);
}

/* ---- missed ---- */

/* A stretch without check-ins. */
struct absence_of {
    int64_t from, to, interval;
    bool open;                              /* it lasts until the end of the capture */
    const struct mark_seen *failed, *awake; /* the first of each; NULL = none */
};

/* Awake when it should have checked in: not only about to sleep, or just woken up. */
static void look_into(const struct diary *d, struct absence_of *a)
{
    int64_t half = a->interval / 2, end = a->open ? a->to : a->to - half;
    for (size_t i = 0; i < d->n_marks; i++) {
        const struct mark_seen *m = &d->marks[i];
        if (m->time_ns < a->from + half || m->time_ns > end)
            continue;
        if (m->kind == MARK_FAILED && !a->failed)
            a->failed = m;
        if (m->kind == MARK_AWAKE && !a->awake && m->time_ns >= a->from + 3 * half)
            a->awake = m;
    }
}

static bool capture_breaks(const struct scene *scene, int64_t from, int64_t to)
{
    for (uint32_t i = 0; i < scene->n_breaks; i++)
        if (scene->breaks[i].before_ns >= from && scene->breaks[i].before_ns <= to)
            return true;
    return scene->drops || scene->evicted_flows;
}

/* A connection that stayed open all the while is no absence. */
static bool was_connected(const struct diary *d, const struct absence_of *a)
{
    for (size_t i = 0; i < d->person->n; i++) {
        const struct endpoint *e = endpoint_at(d->s, d->person->endpoint[i]);
        if (e->longest.from_ns <= a->from + a->interval && e->longest.to_ns >= a->to - a->interval)
            return true;
    }
    return false;
}

static const struct mark_seen *checkin_before(const struct diary *d, int64_t ns)
{
    const struct mark_seen *last = NULL;
    for (size_t i = 0; i < d->n_marks && d->marks[i].time_ns <= ns; i++)
        if (d->marks[i].kind == MARK_CHECKIN)
            last = &d->marks[i];
    return last;
}

static void raise_missed(struct diary *d, const struct absence_of *a, uint32_t missed)
{
    const struct mark_seen *last = checkin_before(d, a->from);
    const struct mark_seen *sign = a->failed ? a->failed : a->awake;
    const struct service_key *key = table_key(&d->s->services, last->service - 1);
    const struct service_count *c = table_at(&d->s->services, sign->service - 1);
    const struct service_key *at = table_key(&d->s->services, sign->service - 1);
    struct group *set = summary_set(d->s, F_CHECKIN_MISSED, &key->server, key->port);

    if (!set)
        return;
    if (!a->failed && !set->n_members)
        summary_set_severity(d->s, set, SEVERITY_WARNING);
    if (a->failed)
        summary_set_severity(d->s, set, SEVERITY_ERROR);
    summary_set_member(d->s, set, &at->client, c->failed_frame ? c->failed_frame : c->ok_frame);
    const char *meanwhile = a->failed ? "attempts fail" : "it is seen to do other things";
    if (set->n_endpoints == 1)
        snprintf(set->words, sizeof set->words,
                 "every %" PRId64 " s, then %" PRIu32 " missing in a row, while %s",
                 (a->interval + second_ns / 2) / second_ns, missed, meanwhile);
    else
        snprintf(set->words, sizeof set->words,
                 "%" PRIu32 " endpoints miss check-ins that were due, several in a row",
                 set->n_endpoints);
    if (!set->first_ns)
        set->first_ns = sign->time_ns;
    if (a->failed)
        set_about_client(d->s, set, &at->server, at->port, &at->client);
    set->heads = set->severity == SEVERITY_WARNING; /* else the failures have a block */
}

/* As configured, else as learned around the i-th check-in. */
static int64_t interval_at(const struct diary *d, size_t i)
{
    uint32_t configured = d->scene->profile->interval_s;

    return configured ? configured * second_ns : rhythm_around(d->times, d->n_times, i);
}

static void find_missed(struct diary *d, struct endpoint *e)
{
    for (size_t i = 0; i < d->n_times; i++) {
        struct absence_of a = { .from = d->times[i], .open = i + 1 == d->n_times };
        a.to = a.open ? d->scene->last_ns : d->times[i + 1];
        a.interval = interval_at(d, i);
        if (!a.interval || a.to - a.from < (1 + (int64_t)d->scene->profile->missed) * a.interval)
            continue;
        look_into(d, &a);
        if ((!a.failed && !a.awake) || capture_breaks(d->scene, a.from, a.to) ||
            was_connected(d, &a))
            continue;
        uint32_t missed = (uint32_t)((a.to - a.from + a.interval / 2) / a.interval) - !a.open;
        e->checkins.missed += missed;
        raise_missed(d, &a, missed);
    }
}

/* ---- irregular ---- */

static void find_irregular(struct diary *d, struct endpoint *e)
{
    if (!rhythm_is_irregular(d->times, d->n_times))
        return;
    const struct mark_seen *last = checkin_before(d, d->scene->last_ns);
    const struct service_key *key = table_key(&d->s->services, last->service - 1);
    const struct service_count *c = table_at(&d->s->services, last->service - 1);
    struct group *set = summary_set(d->s, F_CHECKIN_IRREGULAR, &key->server, key->port);
    e->checkins.irregular = true;
    if (!set)
        return;
    set->heads = true;
    set->first_ns = d->times[0];
    summary_set_severity(d->s, set, SEVERITY_WARNING);
    summary_set_member(d->s, set, &key->client, c->ok_frame);
    snprintf(set->words, sizeof set->words,
             "%zu check-ins whose distances differ by more than a factor of three", d->n_times);
}

/* ---- addresses ---- */

static void find_moves(struct diary *d)
{
    for (size_t i = 1; i < d->person->n; i++) {
        const struct address *now = table_key(&d->s->endpoints, d->person->endpoint[i]);
        const struct address *before = table_key(&d->s->endpoints, d->person->endpoint[i - 1]);
        uint32_t service = endpoint_at(d->s, d->person->endpoint[i])->first_service;
        if (!service)
            continue;
        const struct service_key *key = table_key(&d->s->services, service - 1);
        const struct service_count *c = table_at(&d->s->services, service - 1);
        struct group *set = summary_set(d->s, F_CHECKIN_ADDRESS_CHANGED, &key->server, key->port);
        char text[ADDRESS_TEXT];
        if (!set)
            continue;
        snprintf(set->words, sizeof set->words, "the same network card had %s before",
                 address_text(before, text));
        set->first_ns = endpoint_at(d->s, d->person->endpoint[i])->first_ns;
        summary_set_member(d->s, set, now, c->ok_frame ? c->ok_frame : c->failed_frame);
    }
}

/* The TTL is as its sender set it: no router has put its own MAC in place of the endpoint's. */
static bool is_near(const struct summary *s, const struct endpoint *e)
{
    uint32_t hops = e->traits[0].value[TRAIT_HOPS];
    return hops && e->has_mac && trait_number(&s->traits, hops) == 0;
}

static uint64_t card_of(const struct endpoint *e)
{
    uint64_t card = 0;
    for (size_t i = 0; i < sizeof e->mac; i++)
        card = card << 8 | e->mac[i];
    return card;
}

/* Endpoints by their network card, then by their first packet. */
static void sort_cards(const struct summary *s, struct ordered *cards, size_t n)
{
    struct ordered *spare = cards + n;

    for (size_t i = 0; i < n; i++)
        cards[i].key = order_of_time(endpoint_at(s, cards[i].number)->first_ns);
    order_sort(cards, spare, n);
    for (size_t i = 0; i < n; i++)
        cards[i].key = card_of(endpoint_at(s, cards[i].number));
    order_sort(cards, spare, n);
}

/* One address after the other, never two at a time, and of one stack as far as that is known. */
static bool follows(const struct endpoint *before, const struct endpoint *e)
{
    uint32_t x = before->traits[0].value[TRAIT_STACK], y = e->traits[0].value[TRAIT_STACK];
    return before->last_ns < e->first_ns && (!x || !y || x == y);
}

/* What many hosts behind one address do has no rhythm, and nobody knows whose check-in is missing.
 */
static bool hides_others(const struct diary *d)
{
    for (size_t i = 0; i < d->person->n; i++)
        if (summary_is_shared(d->s, d->scene, table_key(&d->s->endpoints, d->person->endpoint[i])))
            return true;
    return false;
}

static void keep_diary(struct diary *d, const struct person *p)
{
    const struct profile *profile = d->scene->profile;

    if (!diary_begin(d, p))
        return;
    struct endpoint *e = endpoint_at(d->s, p->endpoint[p->n - 1]);
    e->checkins.count = (uint32_t)d->n_times;
    e->checkins.configured = profile->interval_s != 0;
    e->checkins.interval_ns = e->checkins.configured ? profile->interval_s * second_ns
                              : hides_others(d)      ? 0
                                                     : rhythm_interval(d->times, d->n_times);
    e->checkins.last_ns = d->n_times ? d->times[d->n_times - 1] : 0;
    if (hides_others(d))
        return;
    find_missed(d, e);
    find_irregular(d, e);
    find_moves(d);
}

/* The endpoints behind one network card, from cards[0] on; answers how many cards those are. */
static size_t keep_diaries(struct diary *d, const struct ordered *cards, size_t n)
{
    struct person person = { .n = 0 };
    size_t same = 1;
    while (same < n && cards[same].key == cards[0].key)
        same++;
    bool one = same <= ADDRESSES;
    for (size_t i = 1; i < same && one; i++)
        one = follows(endpoint_at(d->s, cards[i - 1].number), endpoint_at(d->s, cards[i].number));
    for (size_t i = 0; i < same; i++) {
        person.endpoint[one ? person.n++ : 0] = cards[i].number;
        if (!one)
            person.n = 1;
        if (!one || i + 1 == same)
            keep_diary(d, &person);
    }
    return same;
}

void checkins_find(struct summary *s, const struct scene *scene)
{
    size_t n = s->endpoints.n, n_cards = 0;
    bool able = s->history.order && scene->profile;
    struct ordered *cards = able ? malloc((2 * n + 1) * sizeof *cards) : NULL;
    struct diary diary = { .s = s, .scene = scene };

    if (!cards)
        return;
    for (uint32_t i = 0; i < n; i++) {
        const struct person alone = { .endpoint = { i }, .n = 1 };
        if (is_near(s, endpoint_at(s, i)))
            cards[n_cards++].number = i;
        else
            keep_diary(&diary, &alone);
    }
    sort_cards(s, cards, n_cards);
    for (size_t i = 0; i < n_cards;)
        i += keep_diaries(&diary, cards + i, n_cards - i);
    diary_close(&diary);
    free(cards);
}
