#include "verdict/served.h"

#include "base/table.h"
#include "session/session.h"
#include "verdict/leaves.h"

#include <stdlib.h>
#include <string.h>

enum { SERVICES_SEEN = 4096, DEALINGS = 1 << 15, LOGINS = 4096, LOGINS_KEPT = 16 };

static const int64_t login_ns = 30 * 1000000000LL;

struct service_key {
    struct address server;
    uint8_t port[2];
};

struct dealing_key {
    struct address client, server;
    uint8_t port[2];
};

/* Who got through where, for what was asked before: the proxy's target belongs to it, for another
 * program of the same client may have credentials. */
struct login_key {
    struct address client, server;
    uint8_t port[2];
    uint8_t target[8]; /* hash of name and port */
};

struct logins {
    uint32_t n;
    int64_t ok_ns[LOGINS_KEPT]; /* the newest ones */
};

/* The service that was noted last, of each remainder of a port: most connections lead to few. */
enum { RECENT = 4 };

struct served {
    struct table logins;   /* struct login_key -> struct logins */
    struct table services; /* struct service_key -> struct service_seen */
    struct table dealings; /* struct dealing_key -> struct dealing; hash_of_dealing */
    struct hash_seed seed;
    struct {
        struct address server;
        uint16_t port;
        struct service_seen *seen; /* NULL: none yet */
    } recent[RECENT];
    struct { /* what was read of the connection noted last, as it was then */
        const struct flow *flow;
        const struct tls *tls;
        uint64_t first_frame, last_frame;
        struct sealed_end end;
        struct sealed_reading reading;
    } last;
};

static struct service_key service_key(const struct address *server, uint16_t port)
{
    struct service_key key = { .server = *server, .port = { (uint8_t)(port >> 8), (uint8_t)port } };
    return key;
}

static struct dealing_key dealing_key(const struct address *client, const struct address *server,
                                      uint16_t port)
{
    struct dealing_key key = { .client = *client,
                               .server = *server,
                               .port = { (uint8_t)(port >> 8), (uint8_t)port } };
    return key;
}

/* What all dealings of two have in common, and one of them. */
static uint64_t hash_of_two(const struct served *s, const struct address *client,
                            const struct address *server)
{
    return hash_mix16(hash_mix16(s->seed.b, client, s->seed), server, s->seed);
}

static uint64_t hash_of_dealing(const struct served *s, uint64_t two, uint16_t port)
{
    return hash_end(hash_mix(two, port, s->seed));
}

struct served *served_open(void)
{
    struct served *s = calloc(1, sizeof *s);

    if (s)
        s->seed = hash_seed_draw();
    if (s &&
        table_open(&s->services, sizeof(struct service_key), sizeof(struct service_seen),
                   SERVICES_SEEN) &&
        table_open(&s->logins, sizeof(struct login_key), sizeof(struct logins), LOGINS) &&
        table_open(&s->dealings, sizeof(struct dealing_key), sizeof(struct dealing), DEALINGS))
        return s;
    served_close(s);
    return NULL;
}

void served_close(struct served *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->dealings.n; i++)
        free(((struct dealing *)table_at(&s->dealings, i))->empty);
    for (size_t i = 0; i < s->services.n; i++)
        free(((struct service_seen *)table_at(&s->services, i))->leaves);
    table_close(&s->services);
    table_close(&s->logins);
    table_close(&s->dealings);
    free(s);
}

/* ---- lists
 * --------------------------------------------------------------------------------------- */

struct address served_subnet(const struct address *address)
{
    struct address subnet = *address;
    size_t kept = address_is_ipv4(address) ? 15 : 8;

    memset(subnet.octet + kept, 0, sizeof subnet.octet - kept);
    return subnet;
}

bool served_has(const struct served_clients *clients, const struct address *address)
{
    for (unsigned i = 0; i < clients->n; i++)
        if (address_equal(&clients->client[i].address, address))
            return true;
    return false;
}

unsigned served_others(const struct served_clients *clients, const struct address *address)
{
    return clients->n - served_has(clients, address);
}

void served_list_add(struct served_clients *clients, const struct address *address, uint64_t frame,
                     int64_t time_ns)
{
    if (clients->n == SERVED_CLIENTS || served_has(clients, address))
        return;
    clients->client[clients->n++] =
        (struct served_client){ .address = *address, .frame = frame, .time_ns = time_ns };
}

static void choice_add(struct service_seen *seen, const struct tls_server_hello *hello)
{
    for (unsigned i = 0; i < seen->n_choices; i++)
        if (seen->choice[i].suite == hello->suite && seen->choice[i].group == hello->group &&
            seen->choice[i].version == hello->version)
            return;
    if (seen->n_choices < SERVED_CHOICES)
        seen->choice[seen->n_choices++] = (struct served_choice){
            .version = hello->version,
            .suite = hello->suite,
            .group = hello->group,
            .frame = hello->at.frame,
        };
}

/* ---- what one connection tells
 * ------------------------------------------------------------------- */

static bool plain_worked(const struct flow *flow)
{
    return flow->half[CLIENT].flags & flow->half[SERVER].flags & HALF_DATA;
}

static bool tls_worked(const struct tls *t, const struct sealed_reading *sealed)
{
    if (tls_is_13(t))
        return sealed->row == SEALED_ACCEPTED && sealed->client_data && sealed->server_data &&
               !sealed->maybe_tickets;
    return t->half[CLIENT].n_application && t->half[SERVER].n_application;
}

/* Alerts that speak of a certificate, from the client (RFC 8446 section 6.2). */
static bool client_rejected(const struct tls *t, const struct sealed_reading *sealed)
{
    for (size_t i = 0; i < t->n_alerts; i++) {
        const struct tls_alert *a = &t->alerts[i];
        if (a->from == CLIENT && !a->encrypted && a->code >= 42 && a->code <= 48 && a->code != 47)
            return true;
    }
    return sealed->row == SEALED_CLIENT_REJECTS && !tls_resumed(t);
}

/* One connection, what its sealed records tell, and what follows from them. */
struct told {
    const struct flow *flow;
    const struct tls *tls; /* NULL: none */
    struct sealed_reading sealed;
    const struct cert *leaf; /* NULL: none was shown in the clear, or with keys */
    bool worked;             /* data both ways */
    bool empty;              /* a full handshake that the client ended without data */
};

static void note_tls(struct service_seen *seen, const struct told *told)
{
    const struct flow *flow = told->flow;
    const struct tls *t = told->tls;
    const struct address *client = &flow->address[CLIENT];

    const struct leaf_told leaf = { .worked = told->worked,
                                    .rejected = client_rejected(t, &told->sealed) };

    if (t->server_hello.present && !t->server_hello.cut && !t->server_hello.malformed)
        choice_add(seen, &t->server_hello);
    leaves_note(&seen->leaves, flow, &leaf);
    if (leaf.rejected)
        served_list_add(&seen->rejected, client, flow->last_frame, flow->last_ns);
    if (!leaf.worked)
        return;
    served_list_add(&seen->worked, client, t->server_hello.at.frame, flow->last_ns);
    if (!t->hello)
        return;
    if (t->hello->server_name.left)
        seen->named_frame = t->hello->at.frame;
    if (flow->more && flow->more->half[CLIENT].largest > seen->small_hello &&
        !(flow->half[CLIENT].flags & HALF_LARGE)) {
        seen->small_hello = flow->more->half[CLIENT].largest;
        seen->small_frame = t->hello->at.frame;
    }
}

/* NULL: not among the recent ones. */
static struct service_seen *recent_of(const struct served *s, const struct address *server,
                                      uint16_t port)
{
    const size_t i = port % RECENT;
    bool same = s->recent[i].seen && s->recent[i].port == port &&
                address_equal(&s->recent[i].server, server);
    return same ? s->recent[i].seen : NULL;
}

static struct service_seen *put_service(struct served *s, const struct address *server,
                                        uint16_t port)
{
    const struct service_key key = service_key(server, port);
    struct service_seen *seen = recent_of(s, server, port);

    if (seen)
        return seen;
    seen = table_put(&s->services, &key);
    s->recent[port % RECENT].server = *server;
    s->recent[port % RECENT].port = port;
    s->recent[port % RECENT].seen = seen;
    return seen;
}

static void note_service(struct served *s, const struct told *told)
{
    const struct flow *flow = told->flow;

    if (!(flow->half[SERVER].flags & HALF_SEEN) || flow->state == TCP_REFUSED)
        return;
    struct service_seen *seen = put_service(s, &flow->address[SERVER], flow->port[SERVER]);
    if (!seen)
        return;
    const struct address subnet = served_subnet(&flow->address[CLIENT]);
    if (flow->half[SERVER].flags & HALF_SYN)
        served_list_add(&seen->answered, &subnet,
                        flow->more ? flow->more->half[SERVER].first_syn.frame : flow->last_frame,
                        flow->last_ns);
    if (told->tls)
        note_tls(seen, told);
    else if (told->worked)
        served_list_add(&seen->worked, &flow->address[CLIENT], flow->last_frame, flow->last_ns);
}

/* A full handshake with a name, no data of the client, and the client ends it. */
static bool is_empty(const struct flow *flow, const struct tls *t, const struct sealed_reading *r)
{
    enum ending how = session_ending(flow);
    bool up = tls_is_13(t)
                  ? (r->row == SEALED_ACCEPTED || r->row == SEALED_FINISHED) && !r->client_data
                  : t->state == TLS_UP && !t->half[CLIENT].n_application;

    return up && !tls_resumed(t) && t->hello && t->hello->server_name.left &&
           (how == ENDED_FIN_CLIENT || how == ENDED_RST_CLIENT);
}

static void note_exchange(struct dealing *d, const struct told *told)
{
    const struct flow *flow = told->flow;

    d->exchanged = d->exchanged || told->worked;
    if (d->n_empty == SERVED_EMPTY || !told->empty)
        return;
    for (unsigned i = 0; i < d->n_empty; i++)
        if (d->empty->frame[i] == flow->first_frame)
            return;
    if (!d->empty)
        d->empty = calloc(1, sizeof *d->empty);
    if (!d->empty)
        return;
    d->empty->time_ns[d->n_empty] = flow->first_ns;
    d->empty->frame[d->n_empty++] = flow->first_frame;
}

bool served_leaves_empty(const struct dealing *d)
{
    int64_t least = INT64_MAX, most = 0;

    if (!d || d->exchanged || d->n_empty < 3)
        return false;
    for (unsigned i = 1; i < d->n_empty; i++) {
        int64_t now = d->empty->time_ns[i], before = d->empty->time_ns[i - 1];
        int64_t distance = now > before ? now - before : before - now;
        least = distance < least ? distance : least;
        most = distance > most ? distance : most;
    }
    return most - least > (most + least) / 2 * 2 / 5; /* a probe keeps its period within a fifth */
}

/* First ClientHello segment taken, the next one repeated and not. */
static bool is_split(const struct flow *flow)
{
    const struct half *half = &flow->half[CLIENT];

    return flow->more && flow->more->half[CLIENT].again_count &&
           !(flow->half[SERVER].flags & HALF_DATA) && half->flags & HALF_SYN &&
           half->flags & HALF_ACKED && half->acked != half->isn + 1;
}

static void note_leaf(struct dealing *d, const struct cert *leaf)
{
    d->leaf_varies = d->leaf_varies || (leaf && d->leaf && leaf != d->leaf);
    d->leaf = leaf ? leaf : d->leaf;
}

static void note_dealing(struct served *s, const struct told *told, uint64_t two, uint16_t port)
{
    const struct flow *flow = told->flow;
    const struct dealing_key key =
        dealing_key(&flow->address[CLIENT], &flow->address[SERVER], port);
    struct dealing *d = table_put_hashed(&s->dealings, &key, hash_of_dealing(s, two, port));

    if (!d)
        return;
    if (!d->attempts || flow->first_ns < d->first_ns) {
        d->first_ns = flow->first_ns;
        d->first_frame = flow->first_frame;
    }
    if (!d->attempts || flow->first_ns > d->last_ns)
        d->last_ns = flow->first_ns;
    d->attempts++;
    note_exchange(d, told);
    note_leaf(d, told->leaf);
    d->split += is_split(flow);
    if (!(flow->half[SERVER].flags & HALF_SEEN)) {
        d->unanswered += !(flow->more && flow->more->n_icmp);
        return;
    }
    if (flow->state == TCP_REFUSED || !flow->more || !flow->more->half[SERVER].first_syn.frame)
        return;
    d->answered_ns = flow->more->half[SERVER].first_syn.time_ns;
    d->answered_frame = flow->more->half[SERVER].first_syn.frame;
}

static struct login_key login_key(const struct flow *flow)
{
    const struct talk *talk = flow->session->talk;
    uint64_t mark = 0xcbf29ce484222325;
    struct login_key key = {
        .client = flow->address[CLIENT],
        .server = flow->address[SERVER],
        .port = { (uint8_t)(flow->port[SERVER] >> 8), (uint8_t)flow->port[SERVER] },
    };

    for (const char *c = talk->target; *c; c++)
        mark = (mark ^ (uint64_t)(unsigned char)*c) * 0x100000001b3;
    mark = (mark ^ talk->target_port) * 0x100000001b3;
    memcpy(key.target, &mark, sizeof key.target);
    return key;
}

static void note_login(struct served *s, const struct flow *flow)
{
    const struct talk *talk = flow->session ? flow->session->talk : NULL;
    struct tls_stamp ok = talk_last(talk, SAID_TUNNEL);
    struct tls_stamp page = talk_last(talk, SAID_HTTP_OK);

    ok = page.frame > ok.frame ? page : ok;
    if (!ok.frame)
        return;
    const struct login_key key = login_key(flow);
    struct logins *l = table_put(&s->logins, &key);
    if (l)
        l->ok_ns[l->n++ % LOGINS_KEPT] = ok.time_ns;
}

bool served_login_follows(const struct served *s, const struct flow *flow, int64_t since_ns)
{
    if (!s || !flow->session || !flow->session->talk)
        return false;
    const struct login_key key = login_key(flow);
    const struct logins *l = table_get(&s->logins, &key);
    if (l && l->n > LOGINS_KEPT)
        return true; /* more than are kept: nobody is accused who may have been among them */
    for (uint32_t i = 0; l && i < l->n; i++)
        if (l->ok_ns[i] >= since_ns && l->ok_ns[i] - since_ns <= login_ns)
            return true;
    return false;
}

static void keep_reading(struct served *s, const struct told *told, const struct sealed_end *end)
{
    s->last.flow = told->flow;
    s->last.tls = told->tls;
    s->last.first_frame = told->flow->first_frame;
    s->last.last_frame = told->flow->last_frame;
    s->last.end = *end;
    s->last.reading = told->sealed;
}

static bool same_end(const struct sealed_end *a, const struct sealed_end *b)
{
    return a->closed == b->closed && a->closed_by == b->closed_by && a->by_reset == b->by_reset &&
           a->close_ns == b->close_ns && a->last_ns == b->last_ns && a->rtt_ns == b->rtt_ns;
}

const struct sealed_reading *served_reading(const struct served *s, const struct flow *flow,
                                            const struct sealed_end *end)
{
    bool same = s && s->last.flow == flow && s->last.first_frame == flow->first_frame &&
                s->last.last_frame == flow->last_frame && s->last.tls == flow->session->tls &&
                !flow->session->unsealer && same_end(&s->last.end, end);
    return same ? &s->last.reading : NULL;
}

void served_note(struct served *s, const struct flow *flow)
{
    if (!s || !flow_is_tcp(flow))
        return;
    struct told told = { .flow = flow, .tls = flow->session ? flow->session->tls : NULL };
    if (told.tls) {
        const struct sealed_end end = session_sealed_end(flow);
        told.sealed = sealed_read(told.tls, &end);
        keep_reading(s, &told, &end);
        told.leaf = leaf_shown(flow);
        told.empty = is_empty(flow, told.tls, &told.sealed);
    }
    told.worked = told.tls ? tls_worked(told.tls, &told.sealed) : plain_worked(flow);
    note_service(s, &told);
    if (flow->session && flow->session->talk)
        note_login(s, flow);
    if (!(flow->half[CLIENT].flags & HALF_SYN))
        return;
    uint64_t two = hash_of_two(s, &flow->address[CLIENT], &flow->address[SERVER]);
    note_dealing(s, &told, two, flow->port[SERVER]);
    note_dealing(s, &told, two, 0);
}

void served_prefetch(const struct served *s, const struct flow *flow, bool records)
{
    uint64_t two = hash_of_two(s, &flow->address[CLIENT], &flow->address[SERVER]);
    void (*prefetch)(const struct table *, uint64_t) =
        records ? table_prefetch_record_hashed : table_prefetch_slot_hashed;

    prefetch(&s->dealings, hash_of_dealing(s, two, flow->port[SERVER]));
    prefetch(&s->dealings, hash_of_dealing(s, two, 0));
}

const struct service_seen *served_service(const struct served *s, const struct address *server,
                                          uint16_t port)
{
    const struct service_key key = service_key(server, port);
    const struct service_seen *recent = s ? recent_of(s, server, port) : NULL;

    return recent ? recent : s ? table_get(&s->services, &key) : NULL;
}

const struct dealing *served_dealing(const struct served *s, const struct address *client,
                                     const struct address *server, uint16_t port)
{
    const struct dealing_key key = dealing_key(client, server, port);

    if (!s)
        return NULL;
    uint64_t hash = hash_of_dealing(s, hash_of_two(s, client, server), port);
    return table_get_hashed(&s->dealings, &key, hash);
}
