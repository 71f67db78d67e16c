#include "verdict/matter.h"

#include <string.h>

static const struct flow_more no_more;

/* ---- ends
 * ---------------------------------------------------------------------------------------- */

const struct ending_packet *matter_reset(const struct matter *m, enum side *side)
{
    const struct half_more *half = m->more->half;
    bool client = half[CLIENT].rst.frame != 0, server = half[SERVER].rst.frame != 0;

    if (!client && !server)
        return NULL;
    *side = client && server ? (half[CLIENT].rst.frame < half[SERVER].rst.frame ? CLIENT : SERVER)
                             : (client ? CLIENT : SERVER);
    return &half[*side].rst;
}

const struct ending_packet *matter_close(const struct matter *m, enum side *side)
{
    static const struct {
        enum side side;
        bool reset;
    } by[ENDINGS] = {
        [ENDED_FIN_CLIENT] = { CLIENT, false },
        [ENDED_FIN_SERVER] = { SERVER, false },
        [ENDED_RST_CLIENT] = { CLIENT, true },
        [ENDED_RST_SERVER] = { SERVER, true },
    };

    if (m->how == ENDED_OPEN)
        return NULL;
    *side = by[m->how].side;
    return by[m->how].reset ? &m->more->half[*side].rst : &m->more->half[*side].fin;
}

int64_t matter_waited(const struct matter *m, int64_t since_ns)
{
    enum side side = CLIENT;
    const struct ending_packet *close = matter_close(m, &side);
    int64_t until = close ? close->time_ns : m->now_ns;

    return until > since_ns ? until - since_ns : 0;
}

/* ---- octets
 * -------------------------------------------------------------------------------------- */

bool matter_unacked(const struct matter *m, enum side side)
{
    const struct half *half = &m->flow->half[side];

    if (!(half->flags & HALF_DATA) || !(half->flags & HALF_SYN))
        return false;
    return !(half->flags & HALF_ACKED) || !seq_after(half->acked, half->isn + 1);
}

bool matter_all_acked(const struct matter *m, enum side side)
{
    const struct half *half = &m->flow->half[side];
    uint32_t fin =
        half->flags & HALF_FIN ? 1 : 0; /* its place in the sequence may be unacknowledged */

    return half->flags & HALF_ACKED && !seq_before(half->acked, half->next - fin);
}

unsigned matter_count(const struct matter *m, enum event_kind kind, enum side from, uint64_t after)
{
    unsigned n = 0;

    for (size_t i = 0; i < m->more->log.n; i++) {
        const struct event *e = &m->more->log.event[i];
        n += e->kind == kind && e->from == from && e->frame > after;
    }
    return n;
}

uint32_t matter_full_size(const struct matter *m)
{
    const struct syn_options *client = &m->more->half[CLIENT].syn_options;
    const struct syn_options *server = &m->more->half[SERVER].syn_options;
    uint32_t mss =
        client->mss && server->mss && server->mss < client->mss ? server->mss : client->mss;

    if (!client->mss || !server->mss)
        return 0;
    if (client->timestamps && server->timestamps)
        mss -= mss > 12 ? 12 : 0; /* RFC 7323 appendix A: padded option in every segment */
    return mss;
}

/* ---- TLS
 * ----------------------------------------------------------------------------------------- */

enum blindness matter_blind(const struct matter *m)
{
    if (m->flow->flags & FLOW_NO_MEMORY)
        return BLIND_LOSS;
    if (!m->session)
        return SIGHTED;
    bool cut = m->session->clipped[CLIENT] || m->session->clipped[SERVER];
    bool lost = m->session->gave_up[CLIENT] || m->session->gave_up[SERVER];
    for (enum side side = CLIENT; m->tls && side < SIDES; side++) {
        cut = cut || m->tls->half[side].clipped;
        lost = lost || m->tls->half[side].gap ||
               (m->tls->half[side].lost && !m->tls->half[side].alien);
    }
    return cut ? BLIND_CUT : lost ? BLIND_LOSS : SIGHTED;
}

bool matter_expects_tls(const struct matter *m)
{
    return m->service && m->service->tcp && m->service->tls == SERVICE_TLS_DIRECT;
}

bool matter_resumed(const struct matter *m) { return m->tls && tls_resumed(m->tls); }

const char *matter_name(const struct matter *m)
{
    if (m->session && m->session->server_name[0])
        return m->session->server_name;
    if (m->session && m->session->talk && m->session->talk->target[0])
        return m->session->talk->target;
    return m->name_lookup ? m->name_lookup->name : "";
}

/* EncryptedExtensions, Certificate, CertificateVerify and Finished together cannot be smaller than
 * this; EncryptedExtensions and Finished alone not than that. */
enum { FLIGHT_LEAST = 400, FLIGHT_RESUMED = 68 };

/* The record with which the octets of the sealed flight are as many as they must be. */
static uint64_t sealed_flight_frame(const struct matter *m)
{
    const struct tls_half *half = &m->tls->half[SERVER];
    uint32_t octets = 0, n = half->n_sealed < TLS_SEALED_MAX ? half->n_sealed : TLS_SEALED_MAX;
    uint32_t least = tls_resumed(m->tls) ? FLIGHT_RESUMED : FLIGHT_LEAST; /* no certificate then */

    for (uint32_t i = 0; i < n; i++) {
        octets += half->sealed_list[i].length;
        if (octets >= least)
            return half->sealed_list[i].at.frame;
    }
    return 0;
}

uint64_t matter_flight_frame(const struct matter *m)
{
    if (!m->tls)
        return 0;
    return m->tls13 ? sealed_flight_frame(m) : m->tls->certificate[SERVER].frame;
}

bool matter_flight_complete(const struct matter *m)
{
    if (!m->tls || m->tls->half[SERVER].lost || m->tls->half[SERVER].gap)
        return false;
    if (!m->tls13)
        return m->tls->state >= TLS_KEYED && m->tls->state < TLS_SEALED;
    if (m->sealed.with_keys)
        return m->sealed.server_flight.frame != 0;
    return !m->tls->half[SERVER].body_left && sealed_flight_frame(m);
}

static const struct tls_message *find_message(const struct tls *t, enum side from, uint16_t type)
{
    for (size_t i = 0; i < t->n_messages; i++)
        if (t->messages[i].from == from && t->messages[i].type == type)
            return &t->messages[i];
    return NULL;
}

bool matter_certificate_requested(const struct matter *m)
{
    if (!m->tls)
        return false;
    if (m->tls13)
        return m->sealed.certificate_requested;
    /* Who was not asked sends none (RFC 5246 section 7.4.6). */
    return m->tls->certificate_request.frame || m->tls->certificate[CLIENT].frame ||
           find_message(m->tls, CLIENT, TLS_CERTIFICATE);
}

bool matter_certificate_empty(const struct matter *m)
{
    enum { LIST_LENGTH = 3 }; /* octets of the length that an empty list consists of */

    if (!m->tls)
        return false;
    if (m->tls13)
        return m->sealed.client_certificate_empty;
    /* Its length tells, when its entries were cut away. */
    const struct tls_message *message = find_message(m->tls, CLIENT, TLS_CERTIFICATE);
    bool holds = m->tls->n_certificates[CLIENT] || (message && message->length > LIST_LENGTH);
    return m->tls->certificate[CLIENT].frame && !holds;
}

/* RFC 8446 section 6: all end the session but close_notify and user_canceled; before, a warning
 * such as unrecognized_name or no_renegotiation does not. */
static bool alert_ends(const struct matter *m, const struct tls_alert *a)
{
    enum { CLOSE_NOTIFY = 0, USER_CANCELED = 90, NO_RENEGOTIATION = 100, UNRECOGNIZED_NAME = 112 };

    if (a->encrypted || a->code == CLOSE_NOTIFY || a->code == USER_CANCELED)
        return false;
    if (m->tls13 || a->level != 1)
        return true;
    return a->code != NO_RENEGOTIATION && a->code != UNRECOGNIZED_NAME && m->how != ENDED_OPEN &&
           !m->tls->half[SERVER].n_application;
}

static const struct tls_alert *find_alert(const struct matter *m)
{
    for (size_t i = 0; m->tls && i < m->tls->n_alerts; i++)
        if (alert_ends(m, &m->tls->alerts[i]))
            return &m->tls->alerts[i];
    return NULL;
}

/* ---- how far it came
 * ----------------------------------------------------------------------------- */

static enum stop stop_sealed(const struct matter *m)
{
    const struct sealed_reading *s = &m->sealed;

    switch (s->row) {
    case SEALED_CLIENT_REJECTS:
        return STOP_CLIENT_REJECTS;
    case SEALED_SERVER_REJECTS:
        return STOP_SERVER_REJECTS;
    case SEALED_SERVER_CLOSES_LATE:
        return STOP_SERVER_LATE;
    case SEALED_SERVER_GONE:
        return s->client_data ? STOP_REQUEST : STOP_FINAL;
    case SEALED_UNREADABLE:
        return STOP_UNREADABLE;
    case SEALED_ACCEPTED:
        return !s->client_data ? STOP_UP : s->server_data ? STOP_DATA : STOP_REQUEST;
    case SEALED_FINISHED:
        return s->client_data ? STOP_REQUEST : STOP_FINAL;
    default:
        break;
    }
    return matter_flight_complete(m) ? STOP_CERTIFIED : STOP_FLIGHT;
}

static enum stop stop_plain_tls(const struct matter *m)
{
    const struct tls *t = m->tls;
    bool client = t->half[CLIENT].n_application, server = t->half[SERVER].n_application;

    if (client && server)
        return STOP_DATA;
    if (m->sealed.row == SEALED_CLIENT_REJECTS && !m->more->half[SERVER].unseen_bytes)
        return STOP_CLIENT_REJECTS;
    switch (t->state) {
    case TLS_UP:
        return client ? STOP_REQUEST : STOP_UP;
    case TLS_CLIENT_SEALED:
        return STOP_FINAL;
    case TLS_KEYED:
    case TLS_CLIENT_KEYED:
        return STOP_CERTIFIED;
    case TLS_CERTIFIED:
    case TLS_CHOSEN:
    case TLS_SERVER_SEALED:
        return STOP_FLIGHT;
    default:
        return t->server_hello.present ? STOP_FLIGHT : STOP_HELLO;
    }
}

static bool spoke(const struct matter *m, enum side side)
{
    return m->flow->half[side].flags & HALF_DATA || m->more->half[side].unseen_bytes;
}

static enum stop stop_of_tls(const struct matter *m)
{
    const struct tls *t = m->tls;

    if (!t->server_hello.present && t->retry.present)
        return STOP_RETRY;
    if (!t->server_hello.present && !t->half[SERVER].n_application)
        return STOP_HELLO;
    /* Without the whole ServerHello the version is not known, and records of type 23 may be the
     * handshake; sealed records of type 22 cannot be TLS 1.3. */
    if ((!t->server_hello.present || t->server_hello.cut || t->server_hello.malformed) &&
        t->state != TLS_UP)
        return STOP_UNREADABLE;
    return m->tls13 ? stop_sealed(m) : stop_plain_tls(m);
}

static enum stop stop_of_payload(const struct matter *m)
{
    bool client = spoke(m, CLIENT), server = spoke(m, SERVER);

    if (!client && !server)
        return m->midstream ? STOP_MIDSTREAM : STOP_OPEN;
    if (m->tls && (m->tls->hello || m->tls->server_hello.present))
        return stop_of_tls(m);
    if (m->midstream)
        return STOP_MIDSTREAM;
    if (m->tls && client)
        return stop_of_tls(m);
    return !client ? STOP_SERVER_ONLY : !server ? STOP_CLIENT_ONLY : STOP_PLAIN;
}

static bool is_opened(const struct matter *m)
{
    enum side side = CLIENT;
    const struct ending_packet *rst = matter_reset(m, &side);
    enum tcp_state state = (enum tcp_state)m->flow->state;

    if (state == TCP_RESET && rst)
        state = (enum tcp_state)rst->state_before;
    return state == TCP_OPEN || state == TCP_CLOSING || state == TCP_CLOSED ||
           state == TCP_MIDSTREAM || (m->flow->state == TCP_RESET && m->more->established.frame) ||
           (spoke(m, CLIENT) && spoke(m, SERVER));
}

static enum stop stop_of(const struct matter *m)
{
    if (m->opened)
        return stop_of_payload(m);
    if (m->flow->state == TCP_REFUSED)
        return STOP_REFUSED;
    if (m->flow->half[SERVER].flags & HALF_SYN && m->flow->state != TCP_SYN_CROSSED)
        return STOP_SYNACK;
    return m->more->ack_instead.frame ? STOP_CHALLENGED : STOP_SYN;
}

static bool is_midstream(const struct flow *flow)
{
    return flow->state == TCP_MIDSTREAM ||
           !(flow->half[CLIENT].flags & HALF_SYN || flow->half[SERVER].flags & HALF_SYN);
}

struct matter matter_of(const struct scene *scene, const struct flow *flow)
{
    struct matter m = {
        .scene = scene,
        .flow = flow,
        .more = flow->more ? flow->more : &no_more,
        .session = flow->session,
        .tls = flow->session ? flow->session->tls : NULL,
        .service = profile_service(scene->profile, flow->port[SERVER]),
        .seen = served_service(scene->served, &flow->address[SERVER], flow->port[SERVER]),
        .server = scene->hosts ? host_find(scene->hosts, &flow->address[SERVER]) : NULL,
        .how = session_ending(flow),
        .end = session_sealed_end(flow),
        .now_ns = scene_watched_until(scene, flow->last_frame),
        .midstream = is_midstream(flow),
    };

    if (m.now_ns < flow->last_ns)
        m.now_ns = flow->last_ns;
    if (scene->names)
        m.name_lookup = names_lookup_for(scene->names, &flow->address[CLIENT],
                                         &flow->address[SERVER], flow->first_ns);
    m.tls13 = m.tls && tls_is_13(m.tls);
    if (m.tls) {
        const struct sealed_reading *known = served_reading(scene->served, flow, &m.end);
        m.sealed = known ? *known : sealed_read(m.tls, &m.end);
    }
    m.alert = find_alert(&m);
    m.opened = is_opened(&m);
    m.stop = stop_of(&m);
    return m;
}
