#include "correlate/gone.h"

#include "correlate/sets.h"
#include "tls/sealed.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    GONE_SERVICES = 4096,
    GONE_LEAST = 5,       /* attempts */
    SHORT_REPLY = 1024,   /* octets */
    TICKETS = 600,        /* octets that a TLS 1.3 server may add, which look like an answer */
    REGULAR_PERCENT = 20, /* distances that differ by no more are a timer's */
    EARLIER = 8,          /* distances that tell how often it came before */
    SOONER = 5,           /* so many times as often as before is soon */
};

static const int64_t soon_ns = 10 * 1000000000LL;
/* A client that has more to say goes on at once; one that was turned away waits first. */
static const int64_t at_once_ns = 1000000000LL;

struct row {
    uint32_t n;
    int64_t shortest_ns, longest_ns; /* distances within it */
    int64_t first_ns, last_ns;       /* beginnings */
    uint64_t first_frame, last_frame;
};

struct gone {
    uint32_t service; /* number + 1; 0 = free */
    struct row row, longest;
    int64_t earlier_ns[EARLIER]; /* distances that were not soon */
    uint32_t n_earlier;
};

struct goners {
    struct gone of[GONE_SERVICES];
};

void goners_close(struct goners *goners) { free(goners); }

/* ---- one exchange ---- */

/* The first sign of this side that it leaves: its goodbye, or its close of the connection; the
 * largest number when there is none. */
static uint64_t leaving_frame(const struct verdict *v, const struct tls *tls, enum side side)
{
    const struct half_more *half = &v->flow->more->half[side];
    const struct tls_sealed *last = &tls->half[side].sealed_last;
    uint64_t frame = half->fin.frame ? half->fin.frame : half->rst.frame;

    frame = frame ? frame : UINT64_MAX;
    if (tls_is_13(tls) && tls->half[side].n_sealed &&
        sealed_is_alert(tls->server_hello.suite, last->length) && last->at.frame < frame)
        frame = last->at.frame;
    for (size_t i = 0; !tls_is_13(tls) && i < tls->n_alerts; i++)
        if (tls->alerts[i].from == side && tls->alerts[i].at.frame < frame)
            frame = tls->alerts[i].at.frame;
    return frame;
}

/* Up to TLS 1.2 data have a type of their own; in TLS 1.3 all that comes behind the client's final
 * flight counts, and tickets are allowed for. */
static bool is_short(const struct verdict *v, const struct tls *tls)
{
    const struct tls_half *half = &tls->half[SERVER];
    uint64_t octets = 0;

    if (!tls_is_13(tls))
        return half->application_bytes && half->application_bytes < SHORT_REPLY;
    if (half->n_sealed > TLS_SEALED_MAX || !v->sealed.final_flight.frame)
        return false;
    for (uint32_t i = 0; i < half->n_sealed; i++)
        if (half->sealed_list[i].at.frame > v->sealed.final_flight.frame)
            octets += half->sealed_list[i].length;
    return octets && octets < SHORT_REPLY + TICKETS;
}

bool gone_after_reply(const struct verdict *v)
{
    const struct session *session = v->flow ? v->flow->session : NULL;
    bool worked = v->primary.id == F_OK_TLS_ESTABLISHED_CLOSED_CLEAN ||
                  v->primary.id == F_OK_CLOSED_AFTER_DATA_RST;

    return worked && session && session->tls && v->flow->more &&
           leaving_frame(v, session->tls, CLIENT) < leaving_frame(v, session->tls, SERVER) &&
           is_short(v, session->tls);
}

static bool leads_to_ems(const struct scene *scene, const struct flow *flow)
{
    const struct service *service =
        scene->profile ? profile_service(scene->profile, flow->port[SERVER]) : NULL;

    return (service && service->checkin) || verdict_is_ems(scene, &flow->address[SERVER]);
}

/* ---- rows of them ---- */

static int64_t usual_ns(const struct gone *g)
{
    int64_t copy[EARLIER];
    size_t n = g->n_earlier < EARLIER ? g->n_earlier : EARLIER;

    for (size_t i = 0; i < n; i++) {
        size_t at = i;
        for (; at && copy[at - 1] > g->earlier_ns[i]; at--)
            copy[at] = copy[at - 1];
        copy[at] = g->earlier_ns[i];
    }
    return n ? copy[n / 2] : 0;
}

static bool is_soon(const struct gone *g, int64_t apart_ns)
{
    int64_t sooner_ns = usual_ns(g) / SOONER;
    return apart_ns >= at_once_ns && apart_ns < (sooner_ns > soon_ns ? sooner_ns : soon_ns);
}

static bool is_regular(const struct row *row)
{
    int64_t middle_ns = row->shortest_ns + (row->longest_ns - row->shortest_ns) / 2;
    return row->longest_ns - middle_ns <= middle_ns / 100 * REGULAR_PERCENT;
}

static bool is_worth(const struct row *row) { return row->n >= GONE_LEAST && !is_regular(row); }

static void begin_row(struct row *row, const struct flow *flow)
{
    *row = (struct row){ .n = 1, .first_ns = flow->first_ns, .first_frame = flow->first_frame };
}

static void row_add(struct gone *g, const struct flow *flow)
{
    struct row *row = &g->row;
    int64_t apart_ns = flow->first_ns - row->last_ns;

    if (row->n && is_soon(g, apart_ns)) {
        row->shortest_ns = row->n == 1 || apart_ns < row->shortest_ns ? apart_ns : row->shortest_ns;
        row->longest_ns = apart_ns > row->longest_ns ? apart_ns : row->longest_ns;
        row->n++;
    } else {
        if (row->n && apart_ns >= soon_ns)
            g->earlier_ns[g->n_earlier++ % EARLIER] = apart_ns;
        begin_row(row, flow);
    }
    row->last_ns = flow->first_ns;
    row->last_frame = flow->first_frame;
    if (is_worth(row) && row->n > g->longest.n)
        g->longest = *row;
}

static struct gone *place_of(struct summary *s, const struct service_count *service)
{
    if (!s->goners)
        s->goners = calloc(1, sizeof *s->goners);
    if (!s->goners)
        return NULL;
    struct gone *g = &s->goners->of[service->number % GONE_SERVICES];
    if (g->service == service->number)
        return g;
    if (g->longest.n)
        return NULL;
    *g = (struct gone){ .service = service->number };
    return g;
}

void goners_note(struct summary *s, const struct scene *scene, const struct service_count *service,
                 const struct verdict *v)
{
    if (!leads_to_ems(scene, v->flow) || finding_in_family(v->primary.id, "cannot_tell"))
        return;
    struct gone *g = place_of(s, service);
    if (!g)
        return;
    if (gone_after_reply(v))
        row_add(g, v->flow);
    else
        g->row.n = 0; /* something else happened between */
}

/* ---- app.reply_then_client_gone ---- */

static void say(struct group *set, const struct row *row)
{
    if (set->n_endpoints == 1)
        snprintf(set->words, sizeof set->words,
                 "%" PRIu32
                 " exchanges within %.1f s, each with an answer below 1 kB after which the "
                 "client closes, at no regular interval",
                 row->n, (double)(row->last_ns - row->first_ns) / 1e9);
    else
        snprintf(set->words, sizeof set->words,
                 "%" PRIu32 " endpoints close after a short answer and come again, five times or "
                 "more, at no regular interval",
                 set->n_endpoints);
}

void goners_find(struct summary *s)
{
    for (size_t i = 0; s->goners && i < GONE_SERVICES; i++) {
        const struct gone *g = &s->goners->of[i];
        if (!g->service || !g->longest.n)
            continue;
        const struct service_key *key = table_key(&s->services, g->service - 1);
        struct group *set = summary_set(s, F_APP_REPLY_THEN_CLIENT_GONE, &key->server, key->port);
        if (!set)
            continue;
        summary_set_severity(s, set, SEVERITY_WARNING);
        summary_set_member(s, set, &key->client, g->longest.first_frame);
        summary_set_member(s, set, &key->client, g->longest.last_frame);
        set->heads = true; /* the connections themselves have no finding */
        if (!set->first_ns || g->longest.first_ns < set->first_ns)
            set->first_ns = g->longest.first_ns;
        say(set, &g->longest);
    }
}
