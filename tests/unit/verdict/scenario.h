/* scenario.h - one connection, told packet by packet, for the tests of the rules.
 *
 * What it is: each call adds what the earlier stages would have kept of one packet: frames count up
 * from 1, times are in milliseconds of the capture.  judged() takes the verdict at the end of the
 * capture, `end` milliseconds.
 * What it refuses: being a TCP; a test tells exactly the facts its rule is about. */
#pragma once

#include "verdict/candidate.h"
#include "verdict/served.h"
#include "verdict/verdict.h"

#include <criterion/criterion.h>
#include <string.h>

#define MS(n)    ((int64_t)(n)*1000000)
#define START_NS (1763553600 * (int64_t)1000000000) /* 2025-11-19 12:00 UTC */

enum { CLIENT_ISN = 1000, SERVER_ISN = 9000, MSS = 1460 };

struct scenario {
    struct scene scene;
    struct profile profile;
    struct flow flow;
    struct flow_more more;
    struct session session;
    struct tls tls;
    struct tls_client_hello hello;
    struct tls_alert alerts[4];
    struct tls_sealed sealed[SIDES][TLS_SEALED_MAX];
    struct tls_message messages[8];
    struct event events[LOG_MAX];
    uint8_t lists[64];
    uint64_t frame;
    struct verdict verdict;
};

static inline struct address at(const char *text)
{
    struct address a;
    cr_assert(address_parse(text, &a), "%s", text);
    return a;
}

static inline int64_t when(int ms) { return START_NS + MS(ms); }

static inline void profile_small(struct profile *p)
{
    static const struct service services[] = {
        { .port = 443, .tls = SERVICE_TLS_DIRECT, .tcp = true, .documented = true },
        { .port = 8013, .tls = SERVICE_TLS_DIRECT, .tcp = true, .checkin = true },
        { .port = 22, .tls = SERVICE_TLS_NONE, .tcp = true },
    };
    memset(p, 0, sizeof *p);
    p->expires_soon_s = EXPIRES_SOON_S;
    p->missed = CHECKINS_MISSED;
    p->n_services = sizeof services / sizeof *services;
    memcpy(p->service, services, sizeof services);
}

/* An empty connection to 8013; nothing was seen of it yet. */
static inline void begin(struct scenario *s)
{
    memset(s, 0, sizeof *s);
    profile_small(&s->profile);
    s->scene.profile = &s->profile;
    s->scene.scope = SCOPE_ALL;
    s->scene.connections = 1;
    s->scene.hosts = hosts_open(64);
    s->scene.names = names_open();
    s->scene.served = served_open();
    s->flow.address[CLIENT] = at("10.20.40.17");
    s->flow.address[SERVER] = at("10.0.0.10");
    s->flow.port[CLIENT] = 50001;
    s->flow.port[SERVER] = 8013;
    s->flow.protocol = 6;
    s->flow.more = &s->more;
    s->more.log = (struct log){ .event = s->events, .size = LOG_MAX };
    s->session.flow = &s->flow;
    s->session.protocol = "";
    s->session.server_name = "";
    for (enum side side = CLIENT; side < SIDES; side++)
        s->session.opening[side].line = "";
}

static inline void over(struct scenario *s)
{
    hosts_close((struct hosts *)s->scene.hosts);
    names_close((struct names *)s->scene.names);
    served_close((struct served *)s->scene.served);
}

/* Notes a packet; answers its event. */
static inline struct event packet_of(struct scenario *s, enum side from, enum event_kind kind,
                                     int ms, uint32_t length)
{
    struct event e = { .frame = ++s->frame,
                       .time_ns = when(ms),
                       .length = length,
                       .kind = (uint8_t)kind,
                       .from = (uint8_t)from };
    if (!s->flow.first_frame) {
        s->flow.first_frame = e.frame;
        s->flow.first_ns = e.time_ns;
    }
    s->flow.last_frame = e.frame;
    s->flow.last_ns = e.time_ns;
    if (s->scene.last_ns < e.time_ns)
        s->scene.last_ns = e.time_ns;
    s->scene.last_frame = e.frame;
    s->flow.half[from].flags |= HALF_SEEN;
    s->flow.half[from].packets++;
    s->more.log.event[s->more.log.n++] = e;
    return e;
}

static inline void syn(struct scenario *s, int ms)
{
    struct half *half = &s->flow.half[CLIENT];
    struct half_more *more = &s->more.half[CLIENT];
    struct event e = packet_of(s, CLIENT, s->flow.n_syn ? EVENT_SYN_AGAIN : EVENT_SYN, ms, 0);

    if (!s->flow.n_syn++)
        more->first_syn = e;
    more->last_syn = e;
    more->ttl_syn = 64;
    more->syn_options = (struct syn_options){ .mss = MSS };
    half->flags |= HALF_SYN;
    half->isn = CLIENT_ISN;
    half->next = CLIENT_ISN + 1;
    half->ttl = 64;
    s->flow.role = ROLE_SYN;
    if (s->flow.state == TCP_NEW)
        s->flow.state = TCP_SYN_SENT;
}

static inline void synack(struct scenario *s, int ms)
{
    struct half *half = &s->flow.half[SERVER];
    struct half_more *more = &s->more.half[SERVER];
    bool again = half->flags & HALF_SYN;
    struct event e = packet_of(s, SERVER, again ? EVENT_SYNACK_AGAIN : EVENT_SYNACK, ms, 0);

    if (!again)
        more->first_syn = e;
    more->last_syn = e;
    more->ttl_syn = 63;
    more->syn_options = (struct syn_options){ .mss = MSS };
    half->flags |= HALF_SYN;
    half->isn = SERVER_ISN;
    half->next = SERVER_ISN + 1;
    half->ttl = 63;
    s->flow.half[CLIENT].flags |= HALF_ACKED;
    s->flow.half[CLIENT].acked = CLIENT_ISN + 1;
    if (s->flow.state == TCP_SYN_SENT)
        s->flow.state = TCP_SYN_ANSWERED;
}

static inline void ack(struct scenario *s, int ms)
{
    s->more.established = packet_of(s, CLIENT, EVENT_ACK, ms, 0);
    s->flow.half[SERVER].flags |= HALF_ACKED;
    s->flow.half[SERVER].acked = SERVER_ISN + 1;
    s->flow.state = TCP_OPEN;
    s->more.rtt_ns = MS(20);
}

static inline void opened(struct scenario *s)
{
    begin(s);
    syn(s, 0);
    synack(s, 10);
    ack(s, 11);
}

/* A segment with payload; the peer acknowledges it. */
static inline uint64_t payload(struct scenario *s, enum side from, uint32_t n, int ms)
{
    struct half *half = &s->flow.half[from];
    struct half_more *more = &s->more.half[from];
    struct event e = packet_of(s, from, EVENT_DATA, ms, n);

    if (!(half->flags & HALF_DATA))
        more->first_data = e;
    more->last_data = e;
    more->n_data++;
    more->ttl_data = more->ttl_syn;
    if (n > more->largest)
        more->largest = n;
    half->flags |= HALF_DATA | HALF_ACKED;
    half->bytes += n;
    half->next += n;
    half->acked = half->next;
    s->flow.session = &s->session;
    return e.frame;
}

/* The newest segment of this side is not acknowledged. */
static inline void unacked(struct scenario *s, enum side side)
{
    s->flow.half[side].acked -= s->more.half[side].last_data.length;
}

static inline void again(struct scenario *s, enum side side, int ms)
{
    struct half_more *more = &s->more.half[side];
    uint32_t n = more->last_data.length;
    struct event e = packet_of(s, side, EVENT_DATA_AGAIN, ms, n);

    if (!more->again_count++)
        more->again_first = e;
    more->again_last = e;
    more->again_seq = s->flow.half[side].next - n;
    more->again_length = n;
    more->n_again++;
}

static inline struct ending_packet ending_of(struct scenario *s, enum side side, struct event e)
{
    return (struct ending_packet){ .frame = e.frame,
                                   .time_ns = e.time_ns,
                                   .seq = s->flow.half[side].next,
                                   .expected_seq = s->flow.half[side].next,
                                   .ttl = s->more.half[side].ttl_syn,
                                   .flags = TCP_RST | TCP_ACK, /* an abort */
                                   .window = 500,
                                   .state_before = s->flow.state };
}

static inline void fin(struct scenario *s, enum side side, int ms)
{
    struct event e = packet_of(s, side, EVENT_FIN, ms, 0);

    s->more.half[side].fin = ending_of(s, side, e);
    s->flow.half[side].flags |= HALF_FIN;
    s->flow.half[side].next++;
    s->flow.half[side].acked = s->flow.half[side].next;
    s->flow.state = s->flow.state == TCP_CLOSING ? TCP_CLOSED : TCP_CLOSING;
}

static inline void rst(struct scenario *s, enum side side, int ms)
{
    int64_t before_ns = s->flow.last_ns;
    struct event e = packet_of(s, side, EVENT_RST, ms, 0);
    struct ending_packet p = ending_of(s, side, e);

    p.gap_ns = e.time_ns - before_ns;
    s->more.half[side].n_rst++;
    s->flow.half[side].flags |= HALF_RST;
    if (!s->more.half[side].rst.frame)
        s->more.half[side].rst = p;
    if (s->flow.state == TCP_SYN_SENT && side == SERVER)
        s->flow.state = TCP_REFUSED;
    else if (s->flow.state != TCP_CLOSED && s->flow.state != TCP_CLOSING)
        s->flow.state = TCP_RESET;
}

/* ---- TLS
 * ----------------------------------------------------------------------------------------- */

static inline struct tls_stamp stamp(const struct scenario *s)
{
    return (struct tls_stamp){ .frame = s->frame, .time_ns = s->flow.last_ns };
}

static inline void message(struct scenario *s, enum side from, uint16_t type)
{
    s->tls.messages = s->messages;
    s->messages[s->tls.n_messages++] =
        (struct tls_message){ .at = stamp(s), .type = type, .from = (uint8_t)from };
    s->tls.half[from].n_records++;
}

/* A ClientHello that offers TLS 1.3 and 1.2 and asks for ems.corp.example. */
static inline void hello(struct scenario *s, int ms)
{
    static const uint8_t versions[] = { 0x03, 0x04, 0x03, 0x03 };
    static const uint8_t suites[] = { 0x13, 0x02, 0x13, 0x01, 0xc0, 0x2f };
    static const uint8_t groups[] = { 0x00, 0x1d, 0x00, 0x17 };
    static const char name[] = "ems.corp.example";

    payload(s, CLIENT, 300, ms);
    s->session.tls = &s->tls;
    s->session.server_name = name;
    s->session.opening[CLIENT] =
        (struct opening){ .octets = { 22, 3, 1, 1 }, .n = 32, .at = stamp(s), .line = "" };
    s->hello = (struct tls_client_hello){
        .at = stamp(s),
        .record_version = 0x0301,
        .legacy_version = 0x0303,
        .server_name = bytes_whole(name, sizeof name - 1),
        .versions = bytes_whole(versions, sizeof versions),
        .suites = bytes_whole(suites, sizeof suites),
        .groups = bytes_whole(groups, sizeof groups),
    };
    s->tls.hello = &s->hello;
    s->tls.n_client_hellos = 1;
    s->tls.state = TLS_OFFERED;
    s->tls.half[CLIENT].n_records++;
}

static inline void server_hello(struct scenario *s, uint16_t version, int ms)
{
    payload(s, SERVER, 1400, ms);
    s->session.opening[SERVER] =
        (struct opening){ .octets = { 22, 3, 3, 0 }, .n = 32, .at = stamp(s), .line = "" };
    s->tls.server_hello = (struct tls_server_hello){
        .at = stamp(s),
        .present = true,
        .legacy_version = 0x0303,
        .version = version,
        .suite = version == 0x0304 ? 0x1302 : 0xc02f,
        .group = version == 0x0304 ? 0x1d : 0,
    };
    s->tls.state = version == 0x0304 ? TLS_SEALED : TLS_CHOSEN;
    s->tls.half[SERVER].n_records++;
}

/* One sealed record: TLS 1.3, or application data before it. */
static inline uint64_t sealed(struct scenario *s, enum side from, uint16_t length, int ms)
{
    struct tls_half *half = &s->tls.half[from];

    payload(s, from, length + 5U, ms);
    half->sealed_list = s->sealed[from];
    half->sealed_list[half->n_sealed++] =
        (struct tls_sealed){ .at = stamp(s), .length = length, .type = TLS_APPLICATION_DATA };
    half->sealed_last = half->sealed_list[half->n_sealed - 1];
    half->n_records++;
    half->last = stamp(s);
    return s->frame;
}

static inline void data12(struct scenario *s, enum side from, uint16_t length, int ms)
{
    sealed(s, from, length, ms);
    s->tls.half[from].n_application++;
    s->tls.half[from].application_bytes += length;
    s->tls.half[from].last_application = stamp(s);
}

/* EncryptedExtensions, Certificate, CertificateVerify, Finished (AES-256-GCM). */
static inline void flight13(struct scenario *s, int ms)
{
    sealed(s, SERVER, 23, ms);
    sealed(s, SERVER, 833, ms);
    sealed(s, SERVER, 281, ms);
    sealed(s, SERVER, 69, ms);
}

/* ... with CertificateRequest. */
static inline void flight13_asking(struct scenario *s, int ms)
{
    sealed(s, SERVER, 23, ms);
    sealed(s, SERVER, 97, ms);
    sealed(s, SERVER, 833, ms);
    sealed(s, SERVER, 281, ms);
    sealed(s, SERVER, 69, ms);
}

static inline void certificate12(struct scenario *s, int ms)
{
    payload(s, SERVER, 1200, ms);
    s->tls.certificate[SERVER] = stamp(s);
    s->tls.n_certificates[SERVER] = 1;
    s->tls.state = TLS_CERTIFIED;
}

static inline void request12(struct scenario *s) { s->tls.certificate_request = stamp(s); }
static inline void done12(struct scenario *s) { s->tls.state = TLS_KEYED; }

static inline void finished12(struct scenario *s, enum side from, int ms)
{
    payload(s, from, 51, ms);
    s->tls.half[from].ccs = s->tls.half[from].finish = stamp(s);
    s->tls.state = from == CLIENT ? TLS_CLIENT_SEALED : TLS_UP;
}

static inline uint64_t alert(struct scenario *s, enum side from, uint8_t code, int ms)
{
    payload(s, from, 7, ms);
    s->tls.alerts = s->alerts;
    s->session.tls = &s->tls;
    s->alerts[s->tls.n_alerts++] = (struct tls_alert){
        .at = stamp(s), .from = (uint8_t)from, .level = 2, .code = code, .length = 2
    };
    s->tls.half[from].n_records++;
    return s->frame;
}

/* ServerHello to ServerHelloDone of TLS 1.2. */
static inline void flight12(struct scenario *s, int ms)
{
    server_hello(s, 0x0303, ms);
    certificate12(s, ms);
    done12(s);
}

/* A whole handshake of TLS 1.2, without data. */
static inline void up12(struct scenario *s)
{
    opened(s);
    hello(s, 20);
    flight12(s, 30);
    finished12(s, CLIENT, 40);
    finished12(s, SERVER, 50);
}

/* A whole handshake of TLS 1.3, with tickets. */
static inline void up13(struct scenario *s)
{
    opened(s);
    hello(s, 20);
    server_hello(s, 0x0304, 30);
    flight13(s, 30);
    sealed(s, CLIENT, 69, 40);
    sealed(s, SERVER, 250, 50);
}

/* ---- the verdict
 * ------------------------------------------------------------------------------------- */

static inline const struct verdict *judged(struct scenario *s, int end_ms)
{
    if (s->scene.last_ns < when(end_ms))
        s->scene.last_ns = when(end_ms);
    verdict_of(&s->scene, &s->flow, &s->verdict);
    return &s->verdict;
}

static inline bool has_frame(const struct raised *r, uint64_t frame)
{
    for (unsigned i = 0; i < r->n_frames; i++)
        if (r->frames[i] == frame)
            return true;
    return false;
}

static inline const struct raised *noticed(const struct verdict *v, enum finding_id id)
{
    for (unsigned i = 0; i < v->n_also; i++)
        if (v->also[i].id == id)
            return &v->also[i];
    return NULL;
}

/* What every verdict keeps: one primary, its words under their ceilings, evidence in order. */
static inline void assert_sound(const struct raised *r)
{
    const struct finding *f = finding_of(r->id);

    cr_assert_neq(r->id, F_NONE);
    cr_assert(f->raised, "%s is raised, and not in the list", f->id);
    cr_assert_leq(r->fact, f->best, "%s", f->id);
    cr_assert_leq(r->cause, f->prose.cause, "%s", f->id);
    cr_assert_leq(r->cause, r->fact, "%s", f->id);
    cr_assert_gt(r->n_frames, 0, "%s", f->id);
    for (unsigned i = 1; i < r->n_frames; i++)
        cr_assert_lt(r->frames[i - 1], r->frames[i], "%s", f->id);
}

#define assert_primary(s, end, expected)                                                          \
    do {                                                                                          \
        const struct verdict *v_ = judged((s), (end));                                            \
        assert_sound(&v_->primary);                                                               \
        cr_assert_eq(v_->primary.id, (expected), "expected %s, got %s", finding_of(expected)->id, \
                     finding_of(v_->primary.id)->id);                                             \
    } while (0)

/* The server was seen to send elsewhere, with this TTL and hardware address octet. */
static inline void seen_elsewhere(struct scenario *s, uint8_t ttl, uint8_t mac)
{
    struct flow other = s->flow;
    struct packet p = { .frame = 900,
                        .time_ns = when(1),
                        .kind = PACKET_TCP,
                        .ttl = ttl,
                        .has_mac = mac != 0,
                        .mac_source = { 2, 0, 0, 0, 0, mac },
                        .source = s->flow.address[SERVER],
                        .destination = s->flow.address[CLIENT],
                        .source_port = 443,
                        .destination_port = 50443,
                        .flags = TCP_SYN | TCP_ACK };

    other.port[SERVER] = 443;
    other.port[CLIENT] = 50443;
    other.half[CLIENT].flags |= HALF_SEEN | HALF_SYN;
    other.half[SERVER].flags |= HALF_SEEN | HALF_SYN;
    other.state = TCP_SYN_ANSWERED;
    host_note((struct hosts *)s->scene.hosts, &other, &p, SERVER);
}
