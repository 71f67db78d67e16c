#include "verdict/stall.h"

#include "session/dissector.h"
#include "verdict/absence.h"
#include "verdict/blame.h"
#include "verdict/checks.h"
#include "verdict/dns.h"
#include "verdict/inspector.h"
#include "verdict/kin.h"
#include "verdict/spoken.h"
#include "verdict/visible.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { RULEBOOK_WORDS = 2 }; /* of 64 rows each */

/* ---- times
 * ------------------------------------------------------------------------------------------ */

static int64_t opening_since(const struct matter *m) { return m->flow->first_ns; }

static int64_t open_since(const struct matter *m)
{
    return m->more->established.frame ? m->more->established.time_ns : m->flow->first_ns;
}

static int64_t last_of(const struct matter *m, enum side side)
{
    const struct half_more *half = &m->more->half[side];
    int64_t at_ns = half->last_data.frame ? half->last_data.time_ns : open_since(m);
    /* A repeat brings nothing new: the wait began with the first sending. */
    return half->again_count && half->again_first.time_ns < at_ns ? half->again_first.time_ns
                                                                  : at_ns;
}

static bool opening_3s(const struct matter *m)
{
    return matter_waited(m, opening_since(m)) >= SECONDS(3);
}

static bool idle_5s(const struct matter *m)
{
    return matter_waited(m, open_since(m)) >= SECONDS(5);
}

static bool hello_3s(const struct matter *m)
{
    return matter_waited(m, last_of(m, CLIENT)) >= SECONDS(3);
}

static bool answer_3s(const struct matter *m)
{
    return matter_waited(m, last_of(m, SERVER)) >= SECONDS(3);
}

static bool request_30s(const struct matter *m)
{
    return matter_waited(m, last_of(m, CLIENT)) >= SECONDS(30) && matter_all_acked(m, CLIENT);
}

/* The proxy has the request, and nothing of an answer is hidden. */
static bool tunnel_unanswered(const struct matter *m);
static bool tunnel_10s(const struct matter *m)
{
    return tunnel_unanswered(m) && matter_waited(m, last_of(m, CLIENT)) >= SECONDS(10) &&
           matter_all_acked(m, CLIENT);
}

static int64_t finished_at(const struct matter *m)
{
    const struct tls *t = m->tls;
    int64_t a = t->half[CLIENT].finish.time_ns, b = t->half[SERVER].finish.time_ns;

    if (m->tls13)
        return m->sealed.final_flight.time_ns;
    return a > b ? a : b;
}

static bool done_1s(const struct matter *m)
{
    return matter_waited(m, finished_at(m)) >= SECONDS(1);
}

static bool done_3s(const struct matter *m)
{
    return matter_waited(m, finished_at(m)) >= SECONDS(3);
}

/* The server has the client's last flight; up to TLS 1.2 it must answer it. */
static bool final_taken(const struct matter *m)
{
    return matter_all_acked(m, CLIENT) && (m->tls13 || m->stop != STOP_FINAL);
}

static bool done_and_taken(const struct matter *m) { return done_3s(m) && final_taken(m); }

static bool in_window(const struct matter *m)
{
    return m->tls13 && matter_waited(m, m->sealed.final_flight.time_ns) <= m->sealed.window_ns;
}

/* ---- the opening
 * --------------------------------------------------------------------------------- */

static bool repeated_syn(const struct matter *m) { return m->flow->n_syn >= 2 && opening_3s(m); }

/* FortiClient gives up after one or five seconds: one SYN an attempt, several attempts. */
static bool second_attempt(const struct matter *m)
{
    const struct dealing *d = served_dealing(m->scene->served, &m->flow->address[CLIENT],
                                             &m->flow->address[SERVER], m->flow->port[SERVER]);
    return d && d->unanswered >= 2 && !d->answered_frame && opening_3s(m);
}

static bool ipv6_loser(const struct matter *m)
{
    if (address_is_ipv4(&m->flow->address[SERVER]) || !opening_3s(m))
        return false;
    struct sibling s = dns_sibling(m);
    return s.answered_frame && s.other_family;
}

static bool by_host(const struct matter *m)
{
    uint64_t frame = 0;
    return blame_refusal(m, &frame) == ORIGIN_SAME;
}

static bool by_other(const struct matter *m)
{
    uint64_t frame = 0;
    return blame_refusal(m, &frame) == ORIGIN_OTHER;
}

static bool bad_ack(const struct matter *m) { return m->more->synack_bad.frame != 0; }

static bool repeated_synack(const struct matter *m)
{
    return matter_count(m, EVENT_SYNACK_AGAIN, SERVER, 0) >= 1 && opening_3s(m);
}

static bool tls_idle_5s(const struct matter *m) { return matter_expects_tls(m) && idle_5s(m); }

/* The number of its close lies behind octets that were never seen. */
static bool closes_behind(const struct matter *m, enum side side)
{
    const struct half_more *half = &m->more->half[side];
    uint32_t next = m->flow->half[side].next;

    if (!(m->flow->half[side].flags & HALF_SYN))
        return false;
    return (half->fin.frame && seq_after(half->fin.seq, next)) ||
           (half->rst.frame && seq_after(half->rst.seq, next));
}

static bool hidden_payload(const struct matter *m)
{
    for (enum side side = CLIENT; side < SIDES; side++)
        if (m->more->half[side].unseen_bytes || closes_behind(m, side))
            return true;
    return false;
}

static bool tunnel_unanswered(const struct matter *m)
{
    return spoken_unanswered(m) && !hidden_payload(m);
}

/* Other requests of this connection were answered, its login was not. */
static bool login_unanswered(const struct matter *m)
{
    return spoken_login_unanswered(m) && !hidden_payload(m);
}

static bool login_30s(const struct matter *m) { return login_unanswered(m) && request_30s(m); }

/* The server ought to have greeted. */
static bool greeting_30s(const struct matter *m)
{
    const struct dissector *d = dissector_for_port(m->scene->profile, m->flow->port[SERVER]);

    return d && d->server_first && flow_is_tcp(m->flow) &&
           matter_waited(m, open_since(m)) >= SECONDS(30);
}

/* The server greeted and closed before it said which algorithms it has.  A client that does not
 * answer the greeting is sent away some day; one that does, or is told something else than a
 * version, is sent away at once.  A reset alone is for blame.c. */
static bool ssh_shut(const struct matter *m)
{
    const struct talk *talk = m->session ? m->session->talk : NULL;
    bool version = talk_find(talk, SAID_SSH_SERVER_VERSION);
    bool text = talk_find(talk, SAID_SSH_TEXT);
    bool answered = talk_find(talk, SAID_SSH_CLIENT_VERSION);

    if (!answered && !(version && matter_waited(m, open_since(m)) < SECONDS(5)))
        return false;
    return (version || text) && (text || m->how == ENDED_FIN_SERVER) &&
           !talk_find(talk, SAID_SSH_SERVER_KEXINIT) && !talk_find(talk, SAID_OUT_OF_STEP);
}

static bool ssh_hidden(const struct matter *m) { return ssh_shut(m) && hidden_payload(m); }

/* Both agreed on TLS, and the client leaves without a hello. */
static bool tls_unused(const struct matter *m)
{
    return m->session && !m->tls && talk_find(m->session->talk, SAID_TLS_AGREED) &&
           !hidden_payload(m);
}

static bool hidden_handshake(const struct matter *m)
{
    return hidden_payload(m) || matter_blind(m) == BLIND_LOSS;
}

/* ---- plain text
 * ---------------------------------------------------------------------------------- */

static bool is_record(const struct opening *o)
{
    return o->n >= 2 && o->octets[0] >= TLS_CHANGE_CIPHER_SPEC && o->octets[0] <= TLS_HEARTBEAT &&
           o->octets[1] == 3;
}

/* SSL 2.0: a length of two octets with the high bit, then the type (its SERVER-HELLO is 4). */
static bool is_ssl2(const struct opening *o)
{
    return o->octets[0] & 0x80 && (o->octets[2] == 4 || o->octets[2] == 1);
}

/* A header of a load balancer whose end was cut off or came in another segment. */
static bool begins_proxy_header(const struct opening *o)
{
    static const uint8_t signature[] = { 13, 10, 13, 10, 0, 13, 10, 'Q', 'U', 'I', 'T', 10 };

    return (o->n >= 6 && memcmp(o->octets, "PROXY ", 6) == 0) ||
           (o->n >= sizeof signature && memcmp(o->octets, signature, sizeof signature) == 0);
}

/* Plain text came first and went over to TLS: STARTTLS, CONNECT to a proxy. */
static bool is_upgraded(const struct matter *m)
{
    return m->tls && m->session->tls_offset[CLIENT] && m->session->opening[CLIENT].n &&
           !begins_proxy_header(&m->session->opening[CLIENT]);
}

/* Enough was captured from the very first octet, and it is no TLS, nor a wrapping of it. */
static bool is_plain(const struct matter *m, enum side side)
{
    if (!m->session || m->session->gave_up[side] || m->midstream)
        return false;
    if (is_upgraded(m))
        return side == SERVER && m->tls->half[SERVER].alien && !m->tls->half[SERVER].n_records;
    const struct opening *o = &m->session->opening[side];
    if (o->n < 3 || is_record(o) || is_ssl2(o) || (side == CLIENT && m->tls))
        return false;
    return !begins_proxy_header(o) && strncmp(o->line, "CONNECT ", 8) != 0;
}

static bool client_plain(const struct matter *m)
{
    return matter_expects_tls(m) && is_plain(m, CLIENT);
}

static bool server_plain(const struct matter *m)
{
    return (matter_expects_tls(m) || m->tls) && is_plain(m, SERVER);
}

static bool server_plain_first(const struct matter *m)
{
    const struct half_more *half = m->more->half;
    bool whole = m->flow->half[SERVER].flags & HALF_SYN && !half[SERVER].unseen_bytes;
    return server_plain(m) && whole && half[SERVER].first_data.frame &&
           (!half[CLIENT].first_data.frame ||
            half[SERVER].first_data.frame < half[CLIENT].first_data.frame);
}

/* A load balancer put a PROXY header ahead of TLS. */
static bool has_proxy_header(const struct matter *m)
{
    const struct opening *o = m->tls ? &m->session->opening[CLIENT] : NULL;
    return o && m->session->tls_offset[CLIENT] && (!o->n || begins_proxy_header(o));
}

static bool http_400(const struct matter *m);
static bool header_refused(const struct matter *m) { return has_proxy_header(m) && http_400(m); }

static bool http_400(const struct matter *m)
{
    return server_plain(m) && m->session->opening[SERVER].http_status == 400;
}

/* The first octets were sent, but too few of them captured to tell TLS from anything else. */
static bool opening_cut(const struct matter *m)
{
    for (enum side side = CLIENT; m->session && side < SIDES; side++) {
        const struct opening *o = &m->session->opening[side];
        if (o->clipped && o->n < 3 && (m->service == NULL || m->service->tls != SERVICE_TLS_NONE))
            return true;
    }
    return false;
}

/* A side spoke, and its first octets are not in the capture. */
static bool opening_missed(const struct matter *m)
{
    for (enum side side = CLIENT; side < SIDES; side++) {
        bool heard = m->session && m->flow->half[side].flags & HALF_DATA;
        if (m->more->half[side].unseen_bytes && !heard)
            return true;
        if (heard && m->session->gave_up[side] && !m->session->opening[side].n)
            return true;
    }
    return false;
}

/* The client had closed before the server said its first word. */
static bool client_left_first(const struct matter *m)
{
    enum side side = SERVER;
    const struct ending_packet *close = matter_close(m, &side);
    return close && side == CLIENT && close->frame < m->more->half[SERVER].first_data.frame;
}

/* ---- silence
 * ------------------------------------------------------------------------------------ */

static bool synack_for_nothing(const struct matter *m)
{
    return matter_unacked(m, CLIENT) &&
           matter_count(m, EVENT_SYNACK_AGAIN, SERVER, m->more->established.frame) >= 2;
}

static bool hello_repeated(const struct matter *m)
{
    return matter_unacked(m, CLIENT) && m->more->half[CLIENT].again_count >= 1 && hello_3s(m);
}

/* A firewall that still holds the ended connection lets the SYN pass and nothing after it. */
static bool reused_too_soon(const struct matter *m)
{
    return m->opened && matter_unacked(m, CLIENT) && m->more->half[CLIENT].again_count >= 2 &&
           hello_3s(m) && kin_before(m);
}

static bool is_full(const struct matter *m, uint32_t length)
{
    uint32_t full = matter_full_size(m);
    return full && length >= full;
}

static bool data_repeated(const struct matter *m)
{
    return hello_repeated(m) && m->more->half[CLIENT].again_count >= 3;
}

/* A whole segment of it goes on vanishing, while a smaller one to the same service got through. */
static bool hello_too_big(const struct matter *m)
{
    const struct half_more *half = &m->more->half[CLIENT];
    return half->again_count >= 1 && !(m->flow->half[CLIENT].flags & HALF_LARGE) &&
           is_full(m, half->again_length) && half->again_seq == m->flow->half[CLIENT].isn + 1 &&
           m->seen && m->seen->small_hello && m->seen->small_hello < half->again_length &&
           hello_3s(m);
}

static bool hello_split(const struct matter *m)
{
    const struct half *half = &m->flow->half[CLIENT];
    return m->more->half[CLIENT].again_count >= 1 && half->flags & HALF_SYN &&
           half->flags & HALF_ACKED && !matter_unacked(m, CLIENT) &&
           m->more->half[CLIENT].again_seq != half->isn + 1 && hello_3s(m);
}

/* The client has later octets of the server's flight and misses earlier ones; or, near the server,
 * full segments are repeated and never acknowledged. */
static bool flight_hole(const struct matter *m)
{
    const struct half_more *half = &m->more->half[SERVER];
    bool full = half->again_count >= 2 && is_full(m, half->again_length) &&
                !(m->flow->half[SERVER].flags & HALF_LARGE);
    return (half->sack_hole.frame || full) && answer_3s(m);
}

/* The server sent something, after an upgrade: something since the ClientHello. */
static bool is_answered(const struct matter *m)
{
    bool spoke = m->flow->half[SERVER].flags & HALF_DATA;

    if (spoke && is_upgraded(m) && m->tls->hello)
        return m->more->half[SERVER].last_data.frame > m->tls->hello->at.frame;
    return spoke;
}

static bool acked_3s(const struct matter *m)
{
    return matter_all_acked(m, CLIENT) && !m->more->half[CLIENT].again_count && !is_answered(m) &&
           m->tls && m->tls->hello && hello_3s(m);
}

/* Nothing of the server was seen or acknowledged, beyond a close_notify. */
static bool nothing_said(const struct matter *m)
{
    bool data = is_answered(m) || m->more->half[SERVER].unseen_bytes;
    return !data || (m->tls && m->tls->n_alerts && matter_blind(m) == SIGHTED);
}

/* Its octets are neither acknowledged nor sent again, though no sender waits as long as that: what
 * came next is not in the capture. */
static bool is_unfinished(const struct matter *m, enum side side)
{
    return m->flow->half[side].flags & HALF_DATA && !matter_all_acked(m, side) &&
           !m->more->half[side].again_count && matter_waited(m, last_of(m, side)) >= SECONDS(3);
}

static bool breaks_off(const struct matter *m)
{
    return is_unfinished(m, CLIENT) || is_unfinished(m, SERVER);
}

static bool unheard(const struct matter *m, enum side side);
static bool stalled(const struct matter *m)
{
    return !m->alert && !unheard(m, SERVER) && !breaks_off(m) &&
           matter_waited(m, last_of(m, SERVER)) >= SECONDS(5) &&
           !m->more->half[SERVER].sack_hole.frame && matter_blind(m) == SIGHTED &&
           matter_waited(m, last_of(m, CLIENT)) >= SECONDS(5);
}

static bool stalled_12(const struct matter *m) { return !m->tls13 && stalled(m); }

/* The message named an MTU, and the same start went on at a larger size. */
static bool mtu_ignored(const struct matter *m)
{
    const struct icmp_note *icmp = &m->more->too_big;
    const struct half_more *half = &m->more->half[icmp->quoted_from];
    uint32_t header = address_is_ipv4(&m->flow->address[CLIENT]) ? 40 : 60;

    if (!icmp->frame || !icmp->mtu || half->again_count < 2 ||
        m->flow->half[icmp->quoted_from].flags & HALF_LARGE)
        return false;
    if (half->again_length + header <= icmp->mtu)
        return false;
    return matter_count(m, EVENT_DATA_AGAIN, icmp->quoted_from, icmp->frame) >= 2 ||
           (half->again_first.frame > icmp->frame && half->again_count >= 2);
}

/* The peer ends it by a FIN that acknowledges nothing of what was repeated: it never came there.
 * In cut packets nobody sees how far the handshake came, and only its large packets may vanish. */
static bool closes_deaf(const struct matter *m, enum side side)
{
    const struct half *half = &m->flow->half[side];
    bool fin = m->how == ENDED_FIN_CLIENT || m->how == ENDED_FIN_SERVER;
    bool cut = m->more->half[CLIENT].cut_packets || m->more->half[SERVER].cut_packets;

    return fin && !cut && !matter_all_acked(m, side) &&
           !(half->flags & HALF_ACKED && seq_after(half->acked, m->more->half[side].again_seq));
}

/* Data of `side` goes on being repeated and nothing of it is taken, until the end. */
static bool unheard(const struct matter *m, enum side side)
{
    const struct half_more *half = &m->more->half[side];
    enum side peer = side_other(side), by = CLIENT;

    if (half->again_count < 2 || m->more->half[peer].zero_since_ns)
        return false;
    const struct ending_packet *close = matter_close(m, &by);
    if (half->again_count < 3 && half->again_last.time_ns - half->again_first.time_ns < SECONDS(10))
        return false;
    if (matter_waited(m, half->again_first.time_ns) < SECONDS(3))
        return false;
    return !close ||
           (close->frame > half->again_first.frame && (by == side || closes_deaf(m, side)));
}

/* Keep-alive probes, or probes of a window that the peer had closed. */
static bool probes_unheard(const struct matter *m, enum side side)
{
    return m->more->half[side].n_keepalive_unanswered >= 3 && m->how == ENDED_OPEN &&
           matter_waited(m, m->flow->last_ns) < SECONDS(600);
}

static bool paused_before(const struct matter *m, enum side side)
{
    const struct half_more *half = &m->more->half[side];
    int64_t gap_end = m->more->longest_gap.time_ns;

    if (m->more->longest_gap_ns < SECONDS(60))
        return false;
    return gap_end <= half->again_first.time_ns &&
           half->again_first.time_ns - gap_end < SECONDS(10);
}

static bool worked_before(const struct matter *m)
{
    const struct half *half = m->flow->half;
    return half[CLIENT].flags & half[SERVER].flags & HALF_DATA && !matter_unacked(m, CLIENT);
}

static bool idle_death(const struct matter *m)
{
    for (enum side side = CLIENT; side < SIDES; side++) {
        if (unheard(m, side) && paused_before(m, side) && worked_before(m))
            return true;
        if (probes_unheard(m, side) && !m->more->half[side_other(side)].zero_since_ns &&
            worked_before(m) && m->more->longest_gap_ns >= SECONDS(1))
            return true;
    }
    return false;
}

/* The server fell silent in the middle of a record, and what the client says when it gives up is
 * not heard either. */
static bool broken_off(const struct matter *m)
{
    return m->how == ENDED_FIN_CLIENT && m->tls && m->tls->half[SERVER].body_left &&
           matter_blind(m) == SIGHTED && m->more->half[CLIENT].again_count &&
           !matter_all_acked(m, CLIENT) && matter_waited(m, last_of(m, SERVER)) >= SECONDS(3);
}

static bool path_death(const struct matter *m)
{
    if (broken_off(m) && worked_before(m))
        return true;
    for (enum side side = CLIENT; side < SIDES; side++) {
        bool probed = probes_unheard(m, side) && m->more->half[side_other(side)].zero_since_ns;
        if ((unheard(m, side) || probed) && worked_before(m))
            return true;
    }
    return false;
}

/* Of this side a segment is repeated in vain, of a size that passed before or that every path
 * carries (RFC 1122 section 3.3.3), while a router that records on all its sides goes on passing
 * other packets of it on: seen to come, and not to leave. */
static bool is_selected(const struct matter *m, enum side side)
{
    enum { ANY_PATH = 536 };
    const struct half_more *half = &m->more->half[side];
    const struct passed_on *passed = &m->more->passed_on[side];
    bool small = half->again_length <= ANY_PATH || half->again_length <= passed->largest;

    return half->again_count >= 3 && passed->frame > half->again_first.frame && small &&
           (!passed->largest || !seq_after(passed->next, half->again_seq)) &&
           matter_waited(m, half->again_first.time_ns) >= SECONDS(3);
}

/* What a router passes on is there twice, with one hop between; what it discards is there once.  A
 * lower share than blame.c asks for: it counts all packets, and many discarded ones have no copy.
 */
static bool shows_a_router(const struct scene *scene)
{
    return scene->ttl_steps * 2 > scene->copies && scene->copies * 4 >= scene->packets;
}

static bool selected(const struct matter *m)
{
    return shows_a_router(m->scene) && m->opened && worked_before(m) &&
           (is_selected(m, CLIENT) || is_selected(m, SERVER));
}

/* ---- resets
 * -------------------------------------------------------------------------------------- */

static bool said_goodbye(const struct matter *m)
{
    enum side side = CLIENT;
    const struct ending_packet *rst = matter_reset(m, &side);

    if (!rst || !m->tls)
        return false;
    if (m->tls13)
        return m->sealed.closed_clean;
    for (size_t i = 0; i < m->tls->n_alerts; i++) {
        const struct tls_alert *a = &m->tls->alerts[i];
        if ((a->encrypted || a->code == 0) && a->at.frame <= rst->frame)
            return true;
    }
    return false;
}

static bool unexplained(const struct matter *m)
{
    return (m->how == ENDED_RST_CLIENT || m->how == ENDED_RST_SERVER) && !said_goodbye(m) &&
           !(m->stop == STOP_OPEN && m->how == ENDED_RST_CLIENT);
}

static bool reset_both(const struct matter *m)
{
    bool far = false;
    return unexplained(m) && blame_both_ends(m, &far);
}

static bool forged(const struct matter *m)
{
    enum side side = CLIENT;
    return unexplained(m) && matter_close(m, &side) && blame_reset(m, side).score >= FORGED;
}

static bool after_idle(const struct matter *m)
{
    enum side side = CLIENT;
    const struct ending_packet *close = matter_close(m, &side);
    const struct half *half = m->flow->half;
    return unexplained(m) && close && close->gap_ns >= SECONDS(60) &&
           half[CLIENT].flags & half[SERVER].flags & HALF_DATA;
}

/* The server had the last word, and either side has all of the other's octets. */
static bool nothing_is_due(const struct matter *m)
{
    const struct half_more *half = m->more->half;
    return half[SERVER].last_data.frame > half[CLIENT].last_data.frame &&
           matter_all_acked(m, CLIENT) && matter_all_acked(m, SERVER);
}

static bool late_refusal(const struct matter *m)
{
    return m->tls13 && in_window(m) && matter_certificate_requested(m) && unexplained(m);
}

static bool reset_after_close(const struct matter *m)
{
    enum side side = CLIENT;
    return matter_reset(m, &side) && m->how != ENDED_OPEN;
}

/* ---- TLS
 * ----------------------------------------------------------------------------------------- */

static bool certificate_seen(const struct matter *m)
{
    return m->tls->certificate[SERVER].frame && !m->tls13;
}

static bool by_name(const struct matter *m)
{
    return m->tls->hello && (m->tls->hello->server_name.left || m->tls->hello->cut);
}

/* It closed when it had not yet seen that of the server which it could refuse. */
static bool left_early(const struct matter *m)
{
    enum side side = CLIENT;
    const struct ending_packet *close = matter_close(m, &side);
    return close && close->frame < matter_flight_frame(m);
}

/* Who checks a certificate decides at once.  After a pause it may have been anything: a person, a
 * time-out, a tool that wanted the answer and no more. */
static bool leaves_at_once(const struct matter *m)
{
    int64_t client = last_of(m, CLIENT), server = last_of(m, SERVER);
    return matter_waited(m, client > server ? client : server) <= SECONDS(1) && !blame_is_answer(m);
}

static bool flight_by_name(const struct matter *m)
{
    return by_name(m) && leaves_at_once(m) && !matter_resumed(m) && matter_flight_complete(m);
}

static bool certificate_by_name(const struct matter *m)
{
    return certificate_seen(m) && by_name(m) && leaves_at_once(m);
}

static bool is_12(const struct matter *m) { return !m->tls13; }
static bool is_12_by_name(const struct matter *m)
{
    return !m->tls13 && by_name(m) && leaves_at_once(m);
}

static bool sent_certificate(const struct matter *m) { return m->sealed.client_certificate_sent; }
static bool asked(const struct matter *m) { return matter_certificate_requested(m); }
static bool sent_data(const struct matter *m) { return m->sealed.client_data; }

/* The first goodbye of a side that nobody can read: an encrypted alert, under TLS 1.3 a last record
 * of its size. */
static struct tls_stamp goodbye_of(const struct matter *m, enum side side)
{
    static const struct tls_stamp none;
    const struct tls_half *half = &m->tls->half[side];

    if (m->tls13)
        return half->n_sealed &&
                       sealed_is_alert(m->tls->server_hello.suite, half->sealed_last.length)
                   ? half->sealed_last.at
                   : none;
    for (size_t i = 0; i < m->tls->n_alerts; i++)
        if (m->tls->alerts[i].from == side)
            return m->tls->alerts[i].at;
    return none;
}

/* Who says goodbye first is the one that ends it, whoever closes TCP; none of them: who closes. */
static struct tls_stamp leaves_first(const struct matter *m, enum side *leaver)
{
    struct tls_stamp client = goodbye_of(m, CLIENT), server = goodbye_of(m, SERVER), at = { 0 };
    const struct ending_packet *close = matter_close(m, leaver);

    if (close)
        at = (struct tls_stamp){ .frame = close->frame, .time_ns = close->time_ns };
    for (enum side side = CLIENT; side < SIDES; side++) {
        struct tls_stamp word = side == CLIENT ? client : server;
        if (word.frame && (!at.frame || word.frame < at.frame)) {
            at = word;
            *leaver = side;
        }
    }
    return at;
}

/* The client acknowledges octets of the server that are not in the capture: its reply may be. */
static bool answer_unseen(const struct matter *m) { return m->more->half[SERVER].unseen_bytes; }

/* The server says goodbye, and the client, which waited for more, is the first to close. */
static bool server_left_first(const struct matter *m)
{
    enum side leaver = CLIENT;
    struct tls_stamp at = leaves_first(m, &leaver);
    return at.frame && leaver == SERVER;
}

/* The newest record of the server before `then` that is no goodbye. */
static int64_t last_content_ns(const struct matter *m, uint64_t then)
{
    const struct tls_half *half = &m->tls->half[SERVER];
    uint32_t n = half->n_sealed < TLS_SEALED_MAX ? half->n_sealed : TLS_SEALED_MAX;
    int64_t last_ns = finished_at(m);

    for (uint32_t i = 0; i < n; i++) {
        const struct tls_sealed *record = &half->sealed_list[i];
        if (record->at.frame < then && !sealed_is_alert(m->tls->server_hello.suite, record->length))
            last_ns = record->at.time_ns;
    }
    return last_ns;
}

/* The first sealed handshake record of this side behind all data. */
static const struct tls_sealed *begun_again(const struct matter *m, enum side by)
{
    const struct tls_half *client = &m->tls->half[CLIENT], *server = &m->tls->half[SERVER];
    const struct tls_half *half = &m->tls->half[by];
    uint32_t n = half->n_sealed < TLS_SEALED_MAX ? half->n_sealed : TLS_SEALED_MAX;

    for (uint32_t i = 0; !m->tls13 && client->n_application && i < n; i++) {
        const struct tls_sealed *record = &half->sealed_list[i];
        if (record->type == TLS_HANDSHAKE && record->at.frame > client->last_application.frame &&
            record->at.frame > server->last_application.frame)
            return record;
    }
    return NULL;
}

/* After the request another handshake begins in sealed records, and no data follow (RFC 5246
 * section 7.4.1.1): the server asks for it and ends it, for the client may decline by an alert ...
 */
static const struct tls_sealed *second_of_server(const struct matter *m)
{
    const struct tls_sealed *again = begun_again(m, SERVER);
    return again && m->tls->half[CLIENT].sealed_last.at.frame > again->at.frame &&
                   server_left_first(m)
               ? again
               : NULL;
}

/* ... or the client begins it, and the server answers by an alert and nothing else. */
static const struct tls_sealed *second_of_client(const struct matter *m)
{
    const struct tls_sealed *again = begun_again(m, CLIENT);
    const struct tls_sealed *answer = &m->tls->half[SERVER].sealed_last;
    const struct tls_sealed *goodbye = &m->tls->half[CLIENT].sealed_last;

    if (!again || begun_again(m, SERVER) || answer->type != TLS_ALERT ||
        answer->at.frame <= again->at.frame)
        return NULL;
    /* An alert in answer to the client's own is a goodbye. */
    return goodbye->type == TLS_ALERT && goodbye->at.frame < answer->at.frame ? NULL : again;
}

static bool second_handshake_fails(const struct matter *m)
{
    return second_of_server(m) || second_of_client(m);
}

static void weigh_second(const struct matter *m, struct raised *r)
{
    const struct tls_sealed *again = second_of_server(m);

    if (!again)
        again = second_of_client(m);
    raise_frame(r, again ? again->at.frame : 0);
}

/* Between the client's first data and `then` the server sent some as well. */
static bool answered_until(const struct matter *m, uint64_t then)
{
    const struct tls_half *client = &m->tls->half[CLIENT], *server = &m->tls->half[SERVER];
    uint32_t n = server->n_sealed < TLS_SEALED_MAX ? server->n_sealed : TLS_SEALED_MAX;
    uint64_t asked = 0;

    if (!m->tls13)
        return server->first_application.frame < then;
    for (uint32_t i = 0; i < client->n_sealed && i < TLS_SEALED_MAX && !asked; i++)
        if (client->sealed_list[i].at.frame > m->sealed.final_flight.frame)
            asked = client->sealed_list[i].at.frame;
    for (uint32_t i = 0; i < n; i++) {
        const struct tls_sealed *record = &server->sealed_list[i];
        if (record->at.frame > asked && record->at.frame < then &&
            !sealed_is_alert(m->tls->server_hello.suite, record->length))
            return true;
    }
    return n < server->n_sealed;
}

/* The client left without an answer, and refused by a reset what came afterwards. */
static bool answered_too_late(const struct matter *m)
{
    enum side leaver = SERVER;
    struct tls_stamp at = leaves_first(m, &leaver);
    const struct ending_packet *rst = &m->more->half[CLIENT].rst;

    return leaver == CLIENT && rst->frame > at.frame && !answered_until(m, at.frame);
}

static bool too_late_30s(const struct matter *m)
{
    enum side leaver = SERVER;
    struct tls_stamp at = leaves_first(m, &leaver);
    int64_t asked_ns =
        m->tls13 ? m->sealed.final_flight.time_ns : m->tls->half[CLIENT].first_application.time_ns;

    return answered_too_late(m) && at.time_ns - asked_ns >= SECONDS(30);
}

/* What may be tickets is an answer where the client itself ends it, and at once. */
static bool maybe_unanswered(const struct matter *m)
{
    enum side leaver = SERVER;
    struct tls_stamp at = leaves_first(m, &leaver);

    if (!m->tls13 || !m->sealed.maybe_tickets)
        return false;
    return !at.frame || leaver == SERVER || at.time_ns - last_content_ns(m, at.frame) >= SECONDS(1);
}

static bool aborts(const struct matter *m) { return m->sealed.row == SEALED_SERVER_ABORTS; }

/* Regular small exchanges: the distances of the client's records agree within a fifth. */
static bool periodic(const struct matter *m)
{
    const struct tls_half *half = &m->tls->half[CLIENT];
    uint32_t n = half->n_sealed < TLS_SEALED_MAX ? half->n_sealed : TLS_SEALED_MAX;
    int64_t from_ns = finished_at(m), last_ns = 0, least = INT64_MAX, most = 0;
    unsigned periods = 0;

    for (uint32_t i = 0; i < n; i++) {
        const struct tls_sealed *s = &half->sealed_list[i];
        if (s->at.time_ns <= from_ns || s->type != TLS_APPLICATION_DATA)
            continue;
        int64_t distance = s->at.time_ns - last_ns;
        if (last_ns && distance < SECONDS(1))
            continue;
        if (last_ns) {
            least = distance < least ? distance : least;
            most = distance > most ? distance : most;
            periods++;
        }
        last_ns = s->at.time_ns;
    }
    return periods >= 2 && most - least <= least * 2 / 5;
}

static bool much_both_ways(const struct matter *m)
{
    enum { MUCH = 8000 };
    const struct tls_half *half = m->tls->half;
    return half[CLIENT].application_bytes >= MUCH / 4 && half[SERVER].application_bytes >= MUCH;
}

static bool blind_cut(const struct matter *m) { return matter_blind(m) == BLIND_CUT; }
static bool blind_loss(const struct matter *m) { return matter_blind(m) == BLIND_LOSS; }

/* Three times or more it left like this, at no regular distance, while others exchange data. */
static bool late_close(const struct matter *m)
{
    const struct dealing *d = served_dealing(m->scene->served, &m->flow->address[CLIENT],
                                             &m->flow->address[SERVER], m->flow->port[SERVER]);
    return served_leaves_empty(d) && by_name(m) && !matter_resumed(m) && m->seen &&
           served_others(&m->seen->worked, &m->flow->address[CLIENT]) >= 1;
}

/* ---- words
 * --------------------------------------------------------------------------------------- */

static void weigh_silent(const struct matter *m, struct raised *r)
{
    const struct address subnet = served_subnet(&m->flow->address[CLIENT]);
    bool others = m->seen && served_others(&m->seen->answered, &subnet) >= 2 &&
                  !served_has(&m->seen->answered, &subnet);

    r->cause = others ? PROBABLE : POSSIBLE;
    if (others)
        raise_frame(r, m->seen->answered.client[0].frame);
}

static void weigh_single(const struct matter *m, struct raised *r)
{
    struct sibling s = dns_sibling(m);

    r->cause = POSSIBLE;
    if (!s.answered_frame)
        return;
    /* One of several addresses tried at once, and another of them answered (RFC 8305). */
    r->severity = SEVERITY_WARNING;
    raise_owner(r, OWNER_NONE, "another address of the same name answered at the same time");
    raise_frame(r, s.answered_frame);
}

static void weigh_sibling(const struct matter *m, struct raised *r)
{
    struct sibling s = dns_sibling(m);
    raise_frame(r, s.answered_frame);
    raise_frame(r, s.lookup_frame);
}

static void weigh_refusal(const struct matter *m, struct raised *r)
{
    uint64_t frame = 0;
    if (blame_refusal(m, &frame) != ORIGIN_UNKNOWN)
        raise_frame(r, frame);
    if (r->id != F_TCP_SYN_REFUSED)
        r->fact = PROBABLE; /* the refusal is certain, its origin is not */
    else
        r->cause = POSSIBLE;
}

/* Of two that answered, one gets the acknowledgement that was meant for the other, and resets. */
static void weigh_accepted(const struct matter *m, struct raised *r)
{
    if (!m->more->half[SERVER].n_syn_other)
        return;
    r->cause = POSSIBLE;
    raise_owner(r, OWNER_NETWORK, "two different answers came: two hosts may have this address");
}

static void weigh_synack(const struct matter *m, struct raised *r)
{
    /* A client that was seen at its own link and does not answer may have gone; so may one that
     * asks only once. */
    if (m->flow->n_syn < 2 || blame_is_adjacent(m->flow->half[CLIENT].ttl))
        r->fact = POSSIBLE;
}

static void weigh_reuse(const struct matter *m, struct raised *r)
{
    const struct flow *older = kin_before(m);
    raise_frame(r, older ? older->last_frame : 0);
}

static bool rebound(const struct matter *m) { return kin_continued(m) != NULL; }
static void weigh_rebound(const struct matter *m, struct raised *r)
{
    const struct flow *old = kin_continued(m);
    char from[ADDRESS_TEXT], why[VERDICT_NOTE];

    if (!old)
        return;
    snprintf(why, sizeof why, "its numbering continues the connection from %s port %u",
             address_text(&old->address[CLIENT], from), old->port[CLIENT]);
    raise_owner(r, OWNER_NETWORK, why);
    raise_frame(r, old->last_frame);
    raise_frame(r, m->flow->first_frame);
}

static void weigh_split(const struct matter *m, struct raised *r)
{
    const struct dealing *d = served_dealing(m->scene->served, &m->flow->address[CLIENT],
                                             &m->flow->address[SERVER], m->flow->port[SERVER]);
    r->fact = d && d->split >= 2 ? PROBABLE : POSSIBLE;
}

static void weigh_path(const struct matter *m, struct raised *r)
{
    /* It opened, but never carried data both ways; or nobody waited long for an answer. */
    if ((m->stop < STOP_UP && m->stop != STOP_PLAIN) || broken_off(m))
        r->fact = PROBABLE;
    r->cause = POSSIBLE;
}

static void weigh_both(const struct matter *m, struct raised *r)
{
    bool far = false;
    if (blame_both_ends(m, &far) && !far)
        r->fact = POSSIBLE;
}

static void weigh_forged(const struct matter *m, struct raised *r)
{
    enum side side = CLIENT;
    if (!matter_close(m, &side))
        return;
    struct forgery f = blame_reset(m, side);
    raise_frame(r, f.frame);
    if (!f.strong)
        r->fact = POSSIBLE;
    snprintf(r->owner_reason, sizeof r->owner_reason, "%s", f.why);
}

/* What speaks against its sender, or what it answers, leaves nobody to blame. */
static bool abstain_from_blame(const struct forgery *f, struct raised *r)
{
    if (f->answer)
        raise_owner(r, OWNER_UNKNOWN,
                    "the reset answers a packet of a connection that its sender no longer knows");
    else if (f->score >= DOUBTFUL)
        raise_owner(r, OWNER_UNKNOWN, f->why);
    return f->answer || f->score >= DOUBTFUL;
}

/* Timers of firewalls and hosts are round: within a second of a minute or half of one. */
static bool is_round(int64_t gap_ns)
{
    int64_t off = gap_ns % SECONDS(30);
    return off <= SECONDS(1) || off >= SECONDS(29);
}

static void weigh_idle(const struct matter *m, struct raised *r)
{
    enum side side = CLIENT;
    const struct ending_packet *close = matter_close(m, &side);
    if (!close)
        return;
    r->fact = is_round(close->gap_ns) ? PROBABLE : POSSIBLE;
    struct forgery f = blame_reset(m, side);
    if (!abstain_from_blame(&f, r))
        raise_owner(r, side == CLIENT ? OWNER_CLIENT : OWNER_SERVER,
                    "the reset looks like the other packets of its sender");
    raise_evidence(r, m, E_DATA);
    if (side == CLIENT && nothing_is_due(m)) {
        r->severity = SEVERITY_WARNING; /* nobody waited for anything */
        raise_owner(r, OWNER_CLIENT, "it had its answer and drops an idle connection");
    }
}

static void weigh_reset(const struct matter *m, struct raised *r)
{
    enum side side = CLIENT;
    if (!matter_close(m, &side))
        return;
    struct forgery f = blame_reset(m, side);
    r->cause = POSSIBLE;
    raise_frame(r, f.frame);
    if (abstain_from_blame(&f, r)) {
        r->fact = r->id == F_TCP_RESET_AFTER_CLIENTHELLO ? r->fact : PROBABLE;
        return;
    }
    if (r->id == F_TCP_RESET_AFTER_CLIENTHELLO && f.ttl == ORIGIN_SAME)
        raise_owner(r, OWNER_SERVER, "the reset has the TTL of the server's other packets");
    if (r->id == F_TCP_RESET_BY_SERVER && f.ttl == ORIGIN_UNKNOWN)
        r->fact = PROBABLE;
}

/* Away from the client, what it sent may have been taken out on the way. */
static void weigh_quiet(const struct matter *m, struct raised *r)
{
    if (blame_is_adjacent(m->flow->half[CLIENT].ttl))
        return;
    r->cause = POSSIBLE;
    raise_owner(r, OWNER_UNKNOWN,
                "recorded away from the client: what it sent may not have come "
                "this far");
}

static void weigh_rejection(const struct matter *m, struct raised *r)
{
    checks_weigh_rejection(m, r);
}

static void weigh_refused_client(const struct matter *m, struct raised *r)
{
    r->fact = m->sealed.client_certificate_sent ? PROBABLE : POSSIBLE;
}

static void weigh_selected(const struct matter *m, struct raised *r)
{
    enum side side = is_selected(m, CLIENT) ? CLIENT : SERVER;
    char why[VERDICT_NOTE];

    r->fact = POSSIBLE;
    raise_frame(r, m->more->passed_on[side].frame);
    snprintf(why, sizeof why,
             "it comes in %u times and never goes out, while other packets of the %s do",
             m->more->half[side].again_count + 1, side_name(side));
    raise_owner(r, OWNER_MIDDLEBOX, why);
}

static void weigh_guess(const struct matter *m, struct raised *r)
{
    (void)m;
    r->fact = PROBABLE;
}

static void weigh_maybe(const struct matter *m, struct raised *r)
{
    (void)m;
    r->fact = POSSIBLE;
}

/* Under TLS 1.3 two octets of data have the size of a goodbye. */
static void weigh_goodbye(const struct matter *m, struct raised *r)
{
    r->fact = m->tls13 && !m->sealed.with_keys ? PROBABLE : r->fact;
    r->cause = POSSIBLE;
}

static const char proxy_header_ahead[] =
    "a PROXY header comes ahead of TLS, and the server may not expect one";

static void weigh_header(const struct matter *m, struct raised *r)
{
    (void)m;
    r->cause = PROBABLE;
    raise_owner(r, OWNER_CLIENT, proxy_header_ahead);
}

static void weigh_mute(const struct matter *m, struct raised *r)
{
    if (!has_proxy_header(m))
        return;
    r->cause = POSSIBLE;
    raise_owner(r, OWNER_UNKNOWN, proxy_header_ahead);
}

/* After an upgrade the answer is not the first that the server said. */
static void weigh_answer(const struct matter *m, struct raised *r)
{
    if (is_upgraded(m))
        raise_frame(r, m->more->half[SERVER].last_data.frame);
}

/* Another device could have sent it when nothing of the server is there to compare. */
static void weigh_tunnel(const struct matter *m, struct raised *r)
{
    struct forgery f = blame_reset(m, SERVER);

    raise_frame(r, f.frame);
    if (f.ttl == ORIGIN_UNKNOWN)
        r->fact = PROBABLE;
}

/* One request: all that the client sent, it sent at once, and nothing of the server came behind it,
 * read or not. */
static bool one_request_30s(const struct matter *m)
{
    const struct half_more *half = m->more->half;

    if (half[SERVER].last_data.frame > half[CLIENT].last_data.frame || m->midstream ||
        matter_blind(m) != SIGHTED || !(m->flow->half[CLIENT].flags & HALF_SYN))
        return false;
    int64_t first_ns = m->tls ? finished_at(m) : m->more->half[CLIENT].first_data.time_ns;

    return request_30s(m) && m->service && !m->service->only_ems &&
           last_of(m, CLIENT) - first_ns < SECONDS(5) && !hidden_payload(m);
}

/* The fact of a client that is still there is the same; it may yet be answered. */
static void weigh_waiting(const struct matter *m, struct raised *r)
{
    (void)m;
    r->cause = POSSIBLE;
    r->fact = PROBABLE;
}

/* Something like a question to the user keeps the client from going on. */
static void weigh_unfinished(const struct matter *m, struct raised *r)
{
    char why[VERDICT_NOTE];
    int64_t waited_ns = matter_waited(m, last_of(m, SERVER));

    if (m->stop != STOP_CERTIFIED || waited_ns < SECONDS(5) || !matter_all_acked(m, SERVER))
        return;
    raise_evidence(r, m, E_HELLO | E_ANSWER | E_FLIGHT);
    snprintf(why, sizeof why,
             "the client has the server's part of the handshake and has been silent for %" PRId64
             " s since",
             waited_ns / SECONDS(1));
    raise_owner(r, OWNER_CLIENT, why);
}

static void weigh_possible(const struct matter *m, struct raised *r)
{
    (void)m;
    r->cause = POSSIBLE;
}

/* A client that gave this connection no time to answer, and works with the same server or name on
 * another one, had opened one too many: browsers do. */
static void weigh_leaver(const struct matter *m, struct raised *r)
{
    const struct dealing *d = served_dealing(m->scene->served, &m->flow->address[CLIENT],
                                             &m->flow->address[SERVER], m->flow->port[SERVER]);
    struct sibling s = dns_sibling(m);

    r->cause = POSSIBLE;
    if (matter_waited(m, last_of(m, CLIENT)) > SECONDS(1) ||
        !((d && d->exchanged) || s.answered_frame))
        return;
    r->severity = SEVERITY_INFO;
    raise_owner(r, OWNER_NONE, "it left before an answer was due, and works on another connection");
    raise_frame(r, d && d->exchanged ? d->answered_frame : s.answered_frame);
}

static void weigh_leaving_reset(const struct matter *m, struct raised *r)
{
    weigh_reset(m, r);
    weigh_leaver(m, r);
}

/* A client without a name that has the whole flight and leaves at once: health checks do so, which
 * want no more than an answer; so does a client that was given an address and refuses in silence.
 */
static void weigh_nameless(const struct matter *m, struct raised *r)
{
    if (r->id == F_TCP_RESET_BY_CLIENT)
        weigh_reset(m, r);
    r->cause = POSSIBLE;
    if (by_name(m) || !leaves_at_once(m))
        return;
    r->severity = SEVERITY_QUALITY;
    raise_owner(r, OWNER_UNKNOWN,
                "it named no server and left with the whole answer, as a health check does");
}

/* A connection that was kept for the next request and is dropped without a goodbye. */
static void weigh_cut(const struct matter *m, struct raised *r)
{
    enum side side = CLIENT;
    const struct ending_packet *close = matter_close(m, &side);

    weigh_reset(m, r);
    if (!close || close->gap_ns < SECONDS(1) || !nothing_is_due(m))
        return;
    r->severity = SEVERITY_WARNING;
    raise_owner(r, OWNER_CLIENT, "it had its answer and drops an idle connection");
    raise_evidence(r, m, E_DATA);
}

/* Some programs end every conversation by a reset once they have their answer: SMB clients do. */
static void weigh_dropped(const struct matter *m, struct raised *r)
{
    weigh_reset(m, r);
    if (!nothing_is_due(m))
        return;
    r->severity = SEVERITY_INFO;
    raise_owner(r, OWNER_NONE, "it had its answer, and nothing was outstanding");
    raise_evidence(r, m, E_DATA);
}

/* The client spoke plain text, the server serves it: it works, though not as it should. */
static void weigh_plain(const struct matter *m, struct raised *r)
{
    uint16_t status = m->session->opening[SERVER].http_status;
    if (status >= 200 && status < 400)
        r->severity = SEVERITY_WARNING;
}

/* ---- rows
 * ---------------------------------------------------------------------------------------- */

#define O         (1U << ENDED_OPEN)
#define FC        (1U << ENDED_FIN_CLIENT)
#define FS        (1U << ENDED_FIN_SERVER)
#define RC        (1U << ENDED_RST_CLIENT)
#define RS        (1U << ENDED_RST_SERVER)
#define ANY       (O | FC | FS | RC | RS)
#define CLOSED    (FC | FS | RC | RS)
#define BIT(stop) (1UL << (stop))
#define OPENING   (BIT(STOP_HELLO) | BIT(STOP_RETRY) | BIT(STOP_FLIGHT) | BIT(STOP_CERTIFIED))
#define SHAKING   (OPENING | BIT(STOP_FINAL))
#define LIVING \
    (BIT(STOP_UP) | BIT(STOP_REQUEST) | BIT(STOP_DATA) | BIT(STOP_PLAIN) | BIT(STOP_UNREADABLE))
#define UPWARDS (SHAKING | LIVING | BIT(STOP_CLIENT_ONLY) | BIT(STOP_SERVER_ONLY))

enum rests { ON_SIGHT, ON_SERVER, ON_CLIENT }; /* whose silence a finding rests on */

struct stall {
    unsigned long stops;                  /* bits of enum stop */
    unsigned how;                         /* bits of enum ending */
    bool (*when)(const struct matter *m); /* NULL = always */
    enum finding_id means;
    enum rests rests;
    unsigned evidence;
    void (*weigh)(const struct matter *m, struct raised *r); /* NULL = the record's words */
};

/* clang-format off */

/* What came first: nothing got through any more, whatever ended the connection later. */
static const struct stall silences[] = {
    { UPWARDS, ANY, mtu_ignored, F_ICMP_FRAG_NEEDED_IGNORED, ON_SIGHT, E_TOO_BIG | E_AGAIN_C | E_AGAIN_S, NULL },
    { OPENING, O | FC | RC, flight_hole, F_TCP_MTU_BLACKHOLE_SERVER_FLIGHT, ON_SIGHT, E_HELLO | E_HOLE | E_AGAIN_S, NULL },
    { BIT(STOP_HELLO) | BIT(STOP_CLIENT_ONLY), O | FC | RC, reused_too_soon, F_TCP_PORT_REUSE_CONFLICT, ON_SERVER, E_SYN | E_HELLO | E_AGAIN_C, weigh_reuse },
    { BIT(STOP_HELLO) | BIT(STOP_CLIENT_ONLY), O | FC | RC | RS, synack_for_nothing, F_TCP_HANDSHAKE_ACK_LOST, ON_SIGHT, E_SYNACK | E_HELLO | E_OPEN, NULL },
    { BIT(STOP_HELLO), O | FC | RC, hello_too_big, F_TCP_MTU_BLACKHOLE_CLIENTHELLO, ON_SERVER, E_HELLO | E_AGAIN_C, NULL },
    { BIT(STOP_HELLO), O | FC | RC, hello_split, F_TCP_CLIENTHELLO_SPLIT_DROPPED, ON_SERVER, E_HELLO | E_AGAIN_C, weigh_split },
    { BIT(STOP_HELLO), O | FC | RC, hello_repeated, F_TCP_CLIENTHELLO_UNANSWERED, ON_SERVER, E_HELLO | E_AGAIN_C, NULL },
    { BIT(STOP_HELLO), O | FC | RC, acked_3s, F_TCP_CLIENTHELLO_ACKED_NO_REPLY, ON_SERVER, E_HELLO | E_CLOSE, NULL },
    { BIT(STOP_FLIGHT), O | FC | RC, stalled, F_TLS_SERVER_STALLED, ON_SERVER, E_HELLO | E_ANSWER | E_CLOSE, NULL },
    { BIT(STOP_FINAL), O | FC | RC, stalled_12, F_TLS_SERVER_STALLED, ON_SERVER, E_HELLO | E_ANSWER | E_CLOSE, NULL },
    { BIT(STOP_CLIENT_ONLY), O | FC | RC, data_repeated, F_TCP_PATH_DIED, ON_SERVER, E_HELLO | E_AGAIN_C, weigh_path },
    { LIVING | SHAKING, ANY, selected, F_TCP_SEQ_ANOMALY, ON_SIGHT, E_AGAIN_C | E_AGAIN_S | E_DATA, weigh_selected },
    { LIVING | SHAKING | BIT(STOP_MIDSTREAM), ANY, idle_death, F_TCP_IDLE_SILENT_DROP, ON_SERVER, E_AGAIN_C | E_AGAIN_S | E_DATA, NULL },
    { LIVING | SHAKING | BIT(STOP_MIDSTREAM), ANY, path_death, F_TCP_PATH_DIED, ON_SERVER, E_AGAIN_C | E_AGAIN_S, weigh_path },
};

static const struct stall stalls[] = {
    /* the opening */
    { BIT(STOP_SYN) | BIT(STOP_CHALLENGED) | BIT(STOP_SYNACK), ANY, bad_ack, F_TCP_SYNACK_BAD_ACK, ON_SIGHT, E_SYN | E_SYNACK | E_RESETS, NULL },
    { BIT(STOP_SYN), ANY, ipv6_loser, F_DNS_IPV6_FIRST_FAIL, ON_SERVER, E_SYN, weigh_sibling },
    { BIT(STOP_SYN), ANY, repeated_syn, F_TCP_SYN_SILENT_DROP, ON_SERVER, E_SYN, weigh_silent },
    { BIT(STOP_SYN), ANY, second_attempt, F_TCP_SYN_SILENT_DROP, ON_SERVER, E_SYN, weigh_silent },
    { BIT(STOP_SYN), ANY, opening_3s, F_TCP_SYN_SINGLE_UNANSWERED, ON_SERVER, E_SYN, weigh_single },
    { BIT(STOP_CHALLENGED), ANY, NULL, F_TCP_SYNACK_CHALLENGE_ACK, ON_SIGHT, E_SYN, NULL },
    { BIT(STOP_REFUSED), ANY, by_other, F_TCP_SYN_REFUSED_BY_MIDDLEBOX, ON_SIGHT, E_SYN | E_RESETS, weigh_refusal },
    { BIT(STOP_REFUSED), ANY, by_host, F_TCP_SYN_REFUSED_BY_HOST, ON_SIGHT, E_SYN | E_RESETS, weigh_refusal },
    { BIT(STOP_REFUSED), ANY, NULL, F_TCP_SYN_REFUSED, ON_SIGHT, E_SYN | E_RESETS, weigh_refusal },
    { BIT(STOP_SYNACK), ANY, hidden_payload, F_CANNOT_TELL_CAPTURE_LOSS, ON_SIGHT, E_SYN | E_SYNACK | E_CLOSE, NULL },
    { BIT(STOP_SYNACK), RC | FC, NULL, F_OK_TCP_PORT_PROBE, ON_SIGHT, E_SYN | E_SYNACK | E_CLOSE, NULL },
    { BIT(STOP_SYNACK), O | RS, repeated_synack, F_TCP_SYNACK_LOST, ON_CLIENT, E_SYN | E_SYNACK, weigh_synack },
    { BIT(STOP_SYNACK), RS | FS, NULL, F_TCP_ACCEPT_THEN_RESET, ON_SIGHT, E_SYNACK | E_CLOSE, weigh_accepted },

    /* resets that say who did not send them, in the order of rule R10 */
    { UPWARDS | BIT(STOP_OPEN), RC | RS, reset_both, F_TCP_RESET_BOTH_ENDS, ON_SIGHT, E_RESETS, weigh_both },
    { UPWARDS | BIT(STOP_OPEN), RC | RS, forged, F_TCP_RESET_INJECTED, ON_SIGHT, E_CLOSE, weigh_forged },
    { LIVING | BIT(STOP_MIDSTREAM), RC | RS, after_idle, F_TCP_RESET_IDLE_TIMEOUT, ON_SIGHT, E_CLOSE, weigh_idle },

    { BIT(STOP_MIDSTREAM), RS, rebound, F_TCP_NAT_REBIND, ON_SIGHT, E_CLOSE, weigh_rebound },

    /* connected, no payload */
    { BIT(STOP_OPEN), ANY, hidden_payload, F_CANNOT_TELL_CAPTURE_LOSS, ON_SIGHT, E_OPEN, NULL },
    { BIT(STOP_OPEN), ANY, tls_idle_5s, F_TLS_NONE_CLIENT_SILENT, ON_CLIENT, E_OPEN | E_CLOSE, weigh_quiet },
    { BIT(STOP_OPEN), RC | FC, greeting_30s, F_APP_NO_REPLY_TIMEOUT, ON_SERVER, E_OPEN | E_CLOSE, weigh_possible },
    { BIT(STOP_OPEN), RC | FC, NULL, F_OK_TCP_PORT_PROBE, ON_SIGHT, E_OPEN | E_CLOSE, NULL },
    { BIT(STOP_OPEN), RS | FS, idle_5s, F_OK_TCP_PORT_PROBE, ON_SIGHT, E_OPEN | E_CLOSE, NULL },
    { BIT(STOP_OPEN), RS, NULL, F_TCP_ACCEPT_THEN_RESET, ON_SIGHT, E_OPEN | E_CLOSE, weigh_accepted },
    { BIT(STOP_OPEN), FS, NULL, F_TCP_ACCEPT_THEN_FIN, ON_SIGHT, E_OPEN | E_CLOSE, NULL },
    { BIT(STOP_MIDSTREAM), ANY, NULL, F_CANNOT_TELL_MID_STREAM, ON_SIGHT, 0, NULL },

    /* plain payload */
    { BIT(STOP_SERVER_ONLY), RC | FC, client_left_first, F_OK_TCP_PORT_PROBE, ON_SIGHT, E_OPEN | E_CLOSE, NULL },
    { BIT(STOP_SERVER_ONLY) | BIT(STOP_PLAIN), ANY, server_plain_first, F_TLS_NOT_TLS_SERVER_PLAINTEXT, ON_SIGHT, E_ANSWER, NULL },
    { BIT(STOP_CLIENT_ONLY) | BIT(STOP_PLAIN), ANY, client_plain, F_TLS_NOT_TLS_CLIENT_PLAINTEXT, ON_SIGHT, E_HELLO, weigh_plain },
    { BIT(STOP_HELLO), ANY, header_refused, F_TLS_NOT_TLS_CLIENT_PLAINTEXT, ON_SIGHT, E_HELLO | E_ANSWER, weigh_header },
    { BIT(STOP_HELLO), ANY, http_400, F_TLS_NOT_TLS_HTTP_400, ON_SIGHT, E_HELLO | E_ANSWER, NULL },
    { BIT(STOP_HELLO), ANY, server_plain, F_TLS_NOT_TLS_SERVER_PLAINTEXT, ON_SIGHT, E_HELLO | E_ANSWER, weigh_answer },
    { BIT(STOP_CLIENT_ONLY) | BIT(STOP_SERVER_ONLY) | BIT(STOP_PLAIN), ANY, opening_cut, F_CANNOT_TELL_TRUNCATED, ON_SIGHT, E_HELLO | E_ANSWER | E_CLOSE, NULL },
    { BIT(STOP_CLIENT_ONLY) | BIT(STOP_SERVER_ONLY) | BIT(STOP_PLAIN), ANY, opening_missed, F_CANNOT_TELL_CAPTURE_LOSS, ON_SIGHT, E_HELLO | E_ANSWER | E_CLOSE, NULL },
    { BIT(STOP_CLIENT_ONLY) | BIT(STOP_PLAIN), FS, tunnel_unanswered, F_PROXY_CONNECT_CLOSED, ON_SIGHT, E_HELLO | E_CLOSE, NULL },
    { BIT(STOP_CLIENT_ONLY) | BIT(STOP_PLAIN), RS, tunnel_unanswered, F_PROXY_CONNECT_RESET, ON_SIGHT, E_HELLO | E_CLOSE, weigh_tunnel },
    { BIT(STOP_CLIENT_ONLY) | BIT(STOP_PLAIN), O | FC | RC, tunnel_10s, F_PROXY_CONNECT_NO_REPLY, ON_SERVER, E_HELLO | E_CLOSE, NULL },
    { BIT(STOP_PLAIN), FS, login_unanswered, F_APP_CLOSED_WITHOUT_REPLY, ON_SIGHT, E_DATA | E_CLOSE, weigh_possible },
    { BIT(STOP_PLAIN), FC, login_30s, F_APP_NO_REPLY_TIMEOUT, ON_SERVER, E_DATA | E_CLOSE, NULL },
    { BIT(STOP_PLAIN), O, login_30s, F_APP_NO_REPLY_TIMEOUT, ON_SERVER, E_DATA, weigh_waiting },
    { BIT(STOP_PLAIN), O, login_unanswered, F_INFO_INCOMPLETE_IN_PROGRESS, ON_SIGHT, 0, NULL },
    { BIT(STOP_SERVER_ONLY) | BIT(STOP_PLAIN), FS | RS, ssh_hidden, F_CANNOT_TELL_CAPTURE_LOSS, ON_SIGHT, E_ANSWER | E_CLOSE, NULL },
    { BIT(STOP_SERVER_ONLY) | BIT(STOP_PLAIN), FS | RS, ssh_shut, F_APP_SSH_CLOSED_AFTER_VERSION, ON_SIGHT, E_ANSWER | E_CLOSE, NULL },
    { BIT(STOP_CLIENT_ONLY), FS, NULL, F_APP_CLOSED_WITHOUT_REPLY, ON_SIGHT, E_HELLO | E_CLOSE, weigh_possible },
    { BIT(STOP_CLIENT_ONLY) | BIT(STOP_SERVER_ONLY), RS, NULL, F_TCP_RESET_BY_SERVER, ON_SIGHT, E_HELLO | E_CLOSE, weigh_reset },
    { BIT(STOP_CLIENT_ONLY), RC, NULL, F_TCP_RESET_BY_CLIENT, ON_SIGHT, E_HELLO | E_CLOSE, weigh_reset },
    { BIT(STOP_CLIENT_ONLY), O, one_request_30s, F_APP_NO_REPLY_TIMEOUT, ON_SERVER, E_HELLO | E_DATA, weigh_waiting },
    { BIT(STOP_CLIENT_ONLY), FC, request_30s, F_APP_NO_REPLY_TIMEOUT, ON_SERVER, E_HELLO | E_CLOSE, NULL },
    { BIT(STOP_CLIENT_ONLY), FC, NULL, F_OK_TCP_NO_TLS, ON_SIGHT, E_HELLO | E_CLOSE, NULL },
    { BIT(STOP_SERVER_ONLY), ANY, NULL, F_OK_TCP_NO_TLS, ON_SIGHT, E_ANSWER | E_CLOSE, NULL },
    { BIT(STOP_PLAIN), FC, tls_unused, F_TLS_CLIENT_CLOSED_MIDWAY, ON_SIGHT, E_DATA | E_CLOSE, weigh_possible },
    { BIT(STOP_PLAIN), RC, NULL, F_TCP_RESET_BY_CLIENT, ON_SIGHT, E_CLOSE, weigh_dropped },
    { BIT(STOP_PLAIN), RS, NULL, F_TCP_RESET_BY_SERVER, ON_SIGHT, E_CLOSE, weigh_reset },
    { BIT(STOP_PLAIN), ANY, NULL, F_OK_TCP_NO_TLS, ON_SIGHT, E_HELLO | E_ANSWER | E_CLOSE, NULL },

    /* ClientHello, no ServerHello */
    { BIT(STOP_RETRY), CLOSED, NULL, F_TLS_HRR_LOOP_OR_FAIL, ON_SIGHT, E_HELLO | E_ANSWER | E_CLOSE, NULL },
    { BIT(STOP_RETRY), O, answer_3s, F_TLS_HRR_LOOP_OR_FAIL, ON_SERVER, E_HELLO | E_ANSWER, NULL },
    { BIT(STOP_HELLO), RS, nothing_said, F_TCP_RESET_AFTER_CLIENTHELLO, ON_SIGHT, E_HELLO | E_CLOSE, weigh_reset },
    { BIT(STOP_HELLO), FS, nothing_said, F_TLS_SERVER_SILENT, ON_SIGHT, E_HELLO | E_CLOSE, weigh_mute },
    { BIT(STOP_HELLO), RC, nothing_said, F_TCP_RESET_BY_CLIENT, ON_SIGHT, E_HELLO | E_CLOSE, weigh_leaving_reset },
    { BIT(STOP_HELLO), FC, nothing_said, F_TLS_CLIENT_CLOSED_MIDWAY, ON_SIGHT, E_HELLO | E_CLOSE, weigh_leaver },

    /* the server's part of the handshake */
    { BIT(STOP_FLIGHT) | BIT(STOP_CERTIFIED) | BIT(STOP_FINAL), CLOSED, hidden_handshake, F_CANNOT_TELL_CAPTURE_LOSS, ON_SIGHT, E_HELLO | E_ANSWER | E_CLOSE, NULL },
    { BIT(STOP_FLIGHT), CLOSED, aborts, F_TLS_SERVER_CLOSED_MIDWAY, ON_SIGHT, E_ANSWER | E_CLOSE, weigh_possible },
    { BIT(STOP_FLIGHT) | BIT(STOP_CERTIFIED), FS, NULL, F_TLS_SERVER_CLOSED_MIDWAY, ON_SIGHT, E_ANSWER | E_CLOSE, weigh_possible },
    { BIT(STOP_FLIGHT) | BIT(STOP_CERTIFIED) | BIT(STOP_FINAL), RS, NULL, F_TCP_RESET_BY_SERVER, ON_SIGHT, E_ANSWER | E_CLOSE, weigh_reset },
    { SHAKING | BIT(STOP_UNREADABLE), CLOSED, blind_cut, F_CANNOT_TELL_TRUNCATED, ON_SIGHT, E_HELLO | E_ANSWER | E_CLOSE, NULL },
    { SHAKING | BIT(STOP_UNREADABLE), CLOSED, blind_loss, F_CANNOT_TELL_CAPTURE_LOSS, ON_SIGHT, E_HELLO | E_ANSWER | E_CLOSE, NULL },
    { BIT(STOP_FLIGHT) | BIT(STOP_CERTIFIED) | BIT(STOP_FINAL), RC, blame_is_answer, F_TCP_RESET_BY_CLIENT, ON_SIGHT, E_HELLO | E_CLOSE, weigh_reset },
    { BIT(STOP_FLIGHT) | BIT(STOP_CERTIFIED), FC, left_early, F_TLS_CLIENT_CLOSED_MIDWAY, ON_SIGHT, E_HELLO | E_CLOSE, weigh_leaver },
    { BIT(STOP_FLIGHT) | BIT(STOP_CERTIFIED), RC, left_early, F_TCP_RESET_BY_CLIENT, ON_SIGHT, E_HELLO | E_CLOSE, weigh_leaving_reset },
    { BIT(STOP_FLIGHT), FC | RC, certificate_by_name, F_TLS_CERT_REJECTED_BY_CLIENT_SILENT_CLOSE, ON_SIGHT, E_FLIGHT | E_CLOSE, weigh_rejection },
    { BIT(STOP_FLIGHT), FC, NULL, F_TLS_CLIENT_CLOSED_MIDWAY, ON_SIGHT, E_ANSWER | E_CLOSE, weigh_possible },
    { BIT(STOP_FLIGHT), RC, NULL, F_TCP_RESET_BY_CLIENT, ON_SIGHT, E_ANSWER | E_CLOSE, weigh_reset },
    { BIT(STOP_CERTIFIED), FC | RC, flight_by_name, F_TLS_CERT_REJECTED_BY_CLIENT_SILENT_CLOSE, ON_SIGHT, E_ANSWER | E_FLIGHT | E_CLOSE, weigh_rejection },
    { BIT(STOP_CERTIFIED), FC, is_12, F_TLS_CLIENT_CLOSED_MIDWAY, ON_SIGHT, E_ANSWER | E_CLOSE, weigh_nameless },
    { BIT(STOP_CERTIFIED), RC, is_12, F_TCP_RESET_BY_CLIENT, ON_SIGHT, E_ANSWER | E_CLOSE, weigh_nameless },
    { BIT(STOP_CERTIFIED), FC | RC, NULL, F_CANNOT_TELL_ENCRYPTED_REASON, ON_SIGHT, E_ANSWER | E_FLIGHT | E_CLOSE, NULL },
    { BIT(STOP_CLIENT_REJECTS), ANY, matter_resumed, F_CANNOT_TELL_ENCRYPTED_REASON, ON_SIGHT, E_ANSWER | E_ALERT | E_CLOSE, NULL },
    { BIT(STOP_CLIENT_REJECTS), ANY, NULL, F_TLS_CERT_REJECTED_BY_CLIENT_ENCRYPTED, ON_SIGHT, E_ANSWER | E_FLIGHT | E_ALERT | E_CLOSE, weigh_rejection },

    /* the client's final flight */
    { BIT(STOP_FINAL), FC | RC, is_12_by_name, F_TLS_CERT_REJECTED_BY_CLIENT_SILENT_CLOSE, ON_SIGHT, E_FLIGHT | E_CLOSE, weigh_rejection },
    { BIT(STOP_FINAL), FC, is_12, F_TLS_CLIENT_CLOSED_MIDWAY, ON_SIGHT, E_ANSWER | E_CLOSE, weigh_possible },
    { BIT(STOP_FINAL), RC, is_12, F_TCP_RESET_BY_CLIENT, ON_SIGHT, E_ANSWER | E_CLOSE, weigh_reset },
    { BIT(STOP_FINAL), FS, is_12, F_TLS_SERVER_CLOSED_MIDWAY, ON_SIGHT, E_ANSWER | E_CLOSE, weigh_possible },
    { BIT(STOP_FINAL) | BIT(STOP_UP), FC | RC, late_close, F_TLS_CERT_REJECTED_BY_CLIENT_LATE_CLOSE, ON_SIGHT, E_ANSWER | E_FINAL | E_CLOSE, NULL },
    { BIT(STOP_FINAL) | BIT(STOP_UP) | BIT(STOP_SERVER_REJECTS) | BIT(STOP_SERVER_LATE), CLOSED, spoken_left_tls, F_CANNOT_TELL_ENCRYPTED_REASON, ON_SIGHT, E_FINAL | E_CLOSE, NULL },
    { BIT(STOP_FINAL), FC | RC, final_taken, F_OK_TLS_NO_DATA, ON_SIGHT, E_ANSWER | E_FINAL | E_CLOSE, NULL },
    { BIT(STOP_FINAL), FC | RC, NULL, F_CANNOT_TELL_ENCRYPTED_REASON, ON_SIGHT, E_ANSWER | E_FINAL | E_CLOSE, NULL },
    { BIT(STOP_FINAL), FS, done_1s, F_OK_TLS_NO_DATA, ON_SIGHT, E_ANSWER | E_FINAL | E_CLOSE, NULL },
    { BIT(STOP_FINAL), FS, NULL, F_CANNOT_TELL_ENCRYPTED_REASON, ON_SIGHT, E_ANSWER | E_FINAL | E_CLOSE, NULL },
    { BIT(STOP_SERVER_REJECTS), ANY, matter_resumed, F_CANNOT_TELL_ENCRYPTED_REASON, ON_SIGHT, E_FINAL | E_ALERT | E_CLOSE, NULL },
    { BIT(STOP_SERVER_REJECTS), ANY, sent_certificate, F_TLS_CLIENTCERT_REJECTED_ENCRYPTED, ON_SIGHT, E_FINAL | E_ALERT | E_CLOSE, weigh_refused_client },
    { BIT(STOP_SERVER_REJECTS), ANY, asked, F_TLS_CLIENTCERT_REJECTED_ENCRYPTED, ON_SIGHT, E_FINAL | E_ALERT | E_CLOSE, weigh_refused_client },
    { BIT(STOP_SERVER_REJECTS) | BIT(STOP_SERVER_LATE), ANY, sent_data, F_APP_CLOSED_WITHOUT_REPLY, ON_SIGHT, E_FINAL | E_ALERT | E_CLOSE, weigh_possible },
    { BIT(STOP_SERVER_LATE), ANY, done_1s, F_OK_TLS_NO_DATA, ON_SIGHT, E_FINAL | E_ALERT | E_CLOSE, NULL },
    { BIT(STOP_SERVER_REJECTS) | BIT(STOP_SERVER_LATE), ANY, NULL, F_CANNOT_TELL_ENCRYPTED_REASON, ON_SIGHT, E_FINAL | E_ALERT | E_CLOSE, NULL },

    /* after the handshake */
    { BIT(STOP_UP), RS, done_1s, F_OK_TLS_NO_DATA, ON_SIGHT, E_ANSWER | E_FINAL | E_CLOSE, NULL },
    { BIT(STOP_UP), RS, unexplained, F_TCP_RESET_BY_SERVER, ON_SIGHT, E_ANSWER | E_CLOSE, weigh_reset },
    { BIT(STOP_UP), CLOSED, NULL, F_OK_TLS_NO_DATA, ON_SIGHT, E_ANSWER | E_FINAL | E_CLOSE, NULL },
    { BIT(STOP_UP) | BIT(STOP_FINAL), O, done_and_taken, F_OK_TLS_NO_DATA, ON_SIGHT, E_ANSWER | E_FINAL, NULL },
    { BIT(STOP_REQUEST) | BIT(STOP_DATA), CLOSED, second_handshake_fails, F_TLS_CLIENTCERT_RENEGOTIATION_FAIL, ON_SIGHT, E_DATA | E_CLOSE, weigh_second },
    { BIT(STOP_REQUEST), CLOSED, answer_unseen, F_CANNOT_TELL_CAPTURE_LOSS, ON_SIGHT, E_FINAL | E_DATA | E_CLOSE, NULL },
    { BIT(STOP_REQUEST), RS, late_refusal, F_TLS_CLIENTCERT_LATE_FAILURE, ON_SIGHT, E_FINAL | E_CLOSE, weigh_guess },
    { BIT(STOP_REQUEST), RS, unexplained, F_TCP_RESET_BY_SERVER, ON_SIGHT, E_DATA | E_CLOSE, weigh_reset },
    { BIT(STOP_REQUEST), FS | RS, NULL, F_APP_CLOSED_WITHOUT_REPLY, ON_SIGHT, E_FINAL | E_DATA | E_CLOSE, weigh_possible },
    { BIT(STOP_REQUEST), FC | RC, server_left_first, F_APP_CLOSED_WITHOUT_REPLY, ON_SIGHT, E_DATA | E_CLOSE, weigh_goodbye },
    { BIT(STOP_REQUEST), FC | RC, request_30s, F_APP_NO_REPLY_TIMEOUT, ON_SERVER, E_DATA | E_CLOSE, NULL },
    { BIT(STOP_REQUEST), O, one_request_30s, F_APP_NO_REPLY_TIMEOUT, ON_SERVER, E_DATA, weigh_waiting },
    { BIT(STOP_REQUEST), RC, unexplained, F_TCP_RESET_BY_CLIENT, ON_SIGHT, E_DATA | E_CLOSE, weigh_reset },
    { BIT(STOP_REQUEST), FC | RC, NULL, F_CANNOT_TELL_ENCRYPTED_REASON, ON_SIGHT, E_DATA | E_CLOSE, NULL },
    { BIT(STOP_DATA), RC, unexplained, F_TCP_RESET_BY_CLIENT, ON_SIGHT, E_DATA | E_CLOSE, weigh_cut },
    { BIT(STOP_DATA), RS, unexplained, F_TCP_RESET_BY_SERVER, ON_SIGHT, E_DATA | E_CLOSE, weigh_reset },
    { BIT(STOP_DATA), FC, too_late_30s, F_APP_NO_REPLY_TIMEOUT, ON_SERVER, E_DATA | E_CLOSE, NULL },
    { BIT(STOP_DATA), FC, answered_too_late, F_CANNOT_TELL_ENCRYPTED_REASON, ON_SIGHT, E_DATA | E_CLOSE, NULL },
    { BIT(STOP_DATA), CLOSED, maybe_unanswered, F_CANNOT_TELL_ENCRYPTED_REASON, ON_SIGHT, E_FINAL | E_DATA | E_CLOSE, NULL },
    { BIT(STOP_DATA), CLOSED, reset_after_close, F_OK_CLOSED_AFTER_DATA_RST, ON_SIGHT, E_ANSWER | E_CLOSE | E_RESETS, NULL },
    { BIT(STOP_DATA), FC | FS, NULL, F_OK_TLS_ESTABLISHED_CLOSED_CLEAN, ON_SIGHT, E_ANSWER | E_FINAL | E_CLOSE, NULL },
    { BIT(STOP_DATA), O, maybe_unanswered, F_OK_TLS_ESTABLISHED, ON_SIGHT, E_ANSWER | E_FINAL | E_DATA, weigh_maybe },
    { BIT(STOP_DATA), O, periodic, F_OK_TLS_LONG_LIVED, ON_SIGHT, E_ANSWER | E_FINAL | E_DATA, NULL },
    { BIT(STOP_DATA), O, NULL, F_OK_TLS_ESTABLISHED, ON_SIGHT, E_ANSWER | E_FINAL | E_DATA, NULL },
    { BIT(STOP_UNREADABLE), RC, unexplained, F_TCP_RESET_BY_CLIENT, ON_SIGHT, E_DATA | E_CLOSE, weigh_reset },
    { BIT(STOP_UNREADABLE), RS, unexplained, F_TCP_RESET_BY_SERVER, ON_SIGHT, E_DATA | E_CLOSE, weigh_reset },
    { BIT(STOP_UNREADABLE), ANY, much_both_ways, F_OK_TLS_ESTABLISHED, ON_SIGHT, E_ANSWER | E_DATA, weigh_guess },
    { BIT(STOP_UNREADABLE), CLOSED, NULL, F_CANNOT_TELL_ENCRYPTED_REASON, ON_SIGHT, E_ANSWER | E_CLOSE, NULL },

    /* nothing decided, and the capture cannot show why or ends */
    { ~0UL, ANY, blind_cut, F_CANNOT_TELL_TRUNCATED, ON_SIGHT, E_HELLO | E_ANSWER, NULL },
    { ~0UL, ANY, blind_loss, F_CANNOT_TELL_CAPTURE_LOSS, ON_SIGHT, E_HELLO | E_ANSWER, NULL },
    { ~0UL, ANY, hidden_payload, F_CANNOT_TELL_CAPTURE_LOSS, ON_SIGHT, E_HELLO | E_ANSWER, NULL },
    { ~0UL, O, breaks_off, F_CANNOT_TELL_CAPTURE_LOSS, ON_SIGHT, E_HELLO | E_ANSWER, weigh_guess },
    { ~0UL, ANY, NULL, F_INFO_INCOMPLETE_IN_PROGRESS, ON_SIGHT, 0, weigh_unfinished },
};
/* clang-format on */

/* What takes the place of a finding whose ground the capture cannot carry. */
static struct raised abstain(const struct matter *m, enum side side)
{
    unsigned unmet = absence_unmet(m, side);
    enum finding_id id = unmet & UNMET_LOSS  ? F_CANNOT_TELL_CAPTURE_LOSS
                         : unmet & UNMET_CUT ? F_CANNOT_TELL_TRUNCATED
                                             : F_CANNOT_TELL_ONE_SIDED;
    return raise_of(id);
}

static struct raised apply(const struct matter *m, const struct stall *row)
{
    struct raised r = raise_of(row->means);

    if (row->weigh)
        row->weigh(m, &r);
    if (row->rests != ON_SIGHT) {
        enum side side = row->rests == ON_SERVER ? SERVER : CLIENT;
        r.fact = absence_weigh(m, side, r.fact);
        if (r.fact == NO_CONFIDENCE)
            r = abstain(m, side);
    }
    raise_evidence(&r, m, row->evidence);
    return r;
}

/* Rows, and which of them a stop and an ending leave in question: few, for one connection. */
struct rulebook {
    const struct stall *rows;
    size_t n;
    bool sorted; /* `fits` was worked out, from the rows and once */
    uint64_t fits[STOPS][ENDINGS][RULEBOOK_WORDS];
};

static void sort_rows(struct rulebook *book)
{
    assert(book->n <= 64 * RULEBOOK_WORDS);
    for (int stop = 0; stop < STOPS; stop++)
        for (int how = 0; how < ENDINGS; how++)
            for (size_t i = 0; i < book->n; i++)
                if (book->rows[i].stops & BIT(stop) && book->rows[i].how & (1U << how))
                    book->fits[stop][how][i / 64] |= UINT64_C(1) << i % 64;
    book->sorted = true;
}

static struct raised find(const struct matter *m, struct rulebook *book)
{
    if (!book->sorted)
        sort_rows(book);
    for (size_t word = 0; word < RULEBOOK_WORDS; word++)
        for (uint64_t left = book->fits[m->stop][m->how][word]; left; left &= left - 1) {
            const struct stall *row = &book->rows[64 * word + (size_t)__builtin_ctzll(left)];
            if (!row->when || row->when(m))
                return apply(m, row);
        }
    return raise_of(F_NONE);
}

/* The visible defect of a certificate says more than the bare close or the unread alert that
 * follows it. */
static void name_the_defect(const struct matter *m, struct raised *r)
{
    if (r->id != F_TLS_CERT_REJECTED_BY_CLIENT_SILENT_CLOSE &&
        r->id != F_TLS_CERT_REJECTED_BY_CLIENT_ENCRYPTED)
        return;
    struct raised better = inspector_of(m);
    if (better.id == F_NONE) {
        better = raise_of(visible_explained(m, ANY_ALERT));
        better.fact = PROBABLE;
    }
    if (better.id == F_NONE)
        return;
    for (unsigned i = 0; i < r->n_frames; i++)
        raise_frame(&better, r->frames[i]);
    *r = better;
}

struct raised stall_judge(const struct matter *m)
{
    static struct rulebook book = { .rows = stalls, .n = sizeof stalls / sizeof *stalls };
    struct raised r = find(m, &book);
    name_the_defect(m, &r);
    return r;
}

struct raised stall_silence(const struct matter *m)
{
    static struct rulebook book = { .rows = silences, .n = sizeof silences / sizeof *silences };
    return find(m, &book);
}
