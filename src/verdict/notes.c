#include "verdict/notes.h"

#include "verdict/blame.h"
#include "verdict/dns_answer.h"
#include "verdict/inspector.h"
#include "verdict/issuer.h"
#include "verdict/leaves.h"
#include "verdict/revocation.h"
#include "verdict/visible.h"

#include <stdio.h>
#include <string.h>

enum { LEGACY = 0x0302 };

static bool carried_data(const struct matter *m)
{
    return m->stop == STOP_DATA || m->stop == STOP_PLAIN;
}

static void add(const struct matter *m, struct verdict *out, enum finding_id id, uint64_t frame,
                unsigned evidence)
{
    if (out->primary.id == id)
        return;
    struct raised r = raise_of(id);
    raise_frame(&r, frame);
    raise_evidence(&r, m, evidence);
    raise_settle(&r, m);
    raise_also(out, &r);
}

static void note_opening(const struct matter *m, struct verdict *out)
{
    if (m->more->half[SERVER].n_syn_other)
        add(m, out, F_TCP_SIMULTANEOUS_MULTI_SYNACK, 0, E_SYNACK);
    if (m->more->ack_instead.frame)
        add(m, out, F_TCP_SYNACK_CHALLENGE_ACK, m->more->ack_instead.frame, E_SYN);
    if (m->more->too_big.frame && out->primary.id != F_ICMP_FRAG_NEEDED_IGNORED &&
        m->more->too_big.mtu && carried_data(m))
        add(m, out, F_ICMP_FRAG_NEEDED, 0, E_TOO_BIG);
}

/* Seen on both sides of a router that rewrote them. */
static void note_options(const struct matter *m, struct verdict *out)
{
    const struct half_more *half = m->more->half;

    for (enum side side = CLIENT; side < SIDES; side++)
        if (half[side].leg_changed) {
            add(m, out, F_TCP_OPTIONS_STRIPPED, half[side].leg_frame,
                side == CLIENT ? E_SYN : E_SYNACK);
            return;
        }
}

static void note_windows(const struct matter *m, struct verdict *out)
{
    for (enum side side = CLIENT; side < SIDES; side++) {
        const struct half_more *half = &m->more->half[side];
        int64_t closed_ns = half->zero_since_ns ? m->now_ns - half->zero_since_ns : 0;
        if (half->zero_longest_ns <= SECONDS(1) &&
            (closed_ns <= SECONDS(1) || m->how != ENDED_OPEN))
            continue;
        struct raised r = raise_of(F_TCP_ZERO_WINDOW);
        raise_frame(&r, half->zero_window.frame);
        raise_owner(&r, side == CLIENT ? OWNER_CLIENT : OWNER_SERVER, "it announced the window");
        raise_settle(&r, m);
        raise_also(out, &r);
    }
}

/* Repeats that fill holes were lost before the capture point, the others behind it. */
static void note_loss(const struct matter *m, struct verdict *out)
{
    enum { REPEATS_LEAST = 20, SEGMENTS_LEAST = 500, PERCENT = 3 };

    for (enum side side = CLIENT; side < SIDES; side++) {
        const struct half_more *half = &m->more->half[side];
        uint64_t all = (uint64_t)half->n_data + half->n_again;
        char why[VERDICT_NOTE];
        if (half->n_again < REPEATS_LEAST || all < SEGMENTS_LEAST ||
            (uint64_t)half->n_again * 100 <= all * PERCENT)
            continue;
        struct raised r = raise_of(F_TCP_RETRANSMIT_HEAVY);
        snprintf(why, sizeof why,
                 "%u of %u segments of the %s were sent again: %u were lost before the capture "
                 "point, %u behind it",
                 half->n_again, (unsigned)all, side_name(side), half->n_filled,
                 half->n_again - half->n_filled);
        raise_owner(&r, OWNER_NETWORK, why);
        raise_evidence(&r, m, side == CLIENT ? E_AGAIN_C : E_AGAIN_S);
        raise_frame(&r, half->last_data.frame);
        raise_settle(&r, m);
        raise_also(out, &r);
    }
}

/* One side closed, the other still answers and neither sends nor closes. */
static void note_half_closed(const struct matter *m, struct verdict *out)
{
    for (enum side side = CLIENT; side < SIDES; side++) {
        const struct half *open = &m->flow->half[side_other(side)];
        const struct ending_packet *fin = &m->more->half[side].fin;
        int64_t since_ns = m->more->half[side_other(side)].last_data.time_ns;
        if (!fin->frame || m->flow->state != TCP_CLOSING || open->flags & (HALF_FIN | HALF_RST) ||
            m->flow->half[side].flags & HALF_RST ||
            m->flow->half[side].acked != m->flow->half[side].next)
            continue;
        if (m->now_ns - (since_ns > fin->time_ns ? since_ns : fin->time_ns) >= SECONDS(30))
            add(m, out, F_TCP_HALF_CLOSED_HANG, fin->frame, E_DATA);
    }
}

/* The SYN-ACK comes at once and from elsewhere than what the server says then. */
static void note_proxy(const struct matter *m, struct verdict *out)
{
    const struct half_more *client = &m->more->half[CLIENT], *server = &m->more->half[SERVER];
    int64_t opening_ns = server->first_syn.time_ns - client->last_syn.time_ns;
    int64_t answer_ns = server->first_data.time_ns - client->first_data.time_ns;

    if (!server->ttl_syn || !server->ttl_data || server->ttl_syn == server->ttl_data ||
        !server->first_syn.frame || !server->first_data.frame || !client->first_data.frame)
        return;
    if (opening_ns >= 0 && answer_ns / 3 > opening_ns)
        add(m, out, F_TCP_SYN_PROXY_SUSPECTED, server->first_data.frame, E_SYNACK);
}

/* Who accepts at once, and answers only after he has asked somebody else. */
static bool answers_for_another(const struct matter *m)
{
    const struct half_more *client = &m->more->half[CLIENT], *server = &m->more->half[SERVER];
    int64_t opening_ns = server->first_syn.time_ns - client->last_syn.time_ns;
    int64_t answer_ns = server->first_data.time_ns - client->first_data.time_ns;

    return server->first_syn.frame && client->last_syn.frame && client->first_data.frame &&
           server->first_data.frame > client->first_data.frame && opening_ns >= 0 &&
           answer_ns / 5 >= opening_ns && answer_ns - opening_ns >= SECONDS(1) / 100;
}

/* The same address on another port, from further away. */
static const struct host_port *farther_port(const struct matter *m)
{
    uint8_t own = m->more->half[SERVER].ttl_syn;

    for (unsigned i = 0; m->server && own && i < m->server->n_ports; i++) {
        const struct host_port *p = &m->server->port[i];
        if (p->port != m->flow->port[SERVER] && p->answered_ttl &&
            blame_hops(p->answered_ttl) > blame_hops(own))
            return p;
    }
    return NULL;
}

static void note_transparent(const struct matter *m, struct verdict *out)
{
    enum { NEAR_HOPS = 2 };
    uint8_t ttl = m->more->half[SERVER].ttl_syn;
    bool told = m->session && m->session->talk && m->session->talk->target[0];

    if (told || !ttl || !answers_for_another(m))
        return;
    const struct host_port *farther = farther_port(m);
    if (!farther && !(m->tls && blame_hops(ttl) <= NEAR_HOPS && inspector_replaces(m)))
        return;
    add(m, out, F_PROXY_TRANSPARENT_SUSPECTED, farther ? farther->answered_frame : 0,
        E_SYNACK | E_ANSWER);
}

static void note_versions(const struct matter *m, struct verdict *out)
{
    const struct tls_client_hello *hello = m->tls->hello;

    if (!hello || hello->cut || hello->malformed || hello->fallback_scsv ||
        tls_offered_highest(hello) > LEGACY)
        return;
    struct raised r = raise_of(F_TLS_VERSION_LEGACY_ONLY);
    r.severity = SEVERITY_WARNING; /* rule R20: no failure in its signature */
    raise_frame(&r, hello->at.frame);
    raise_settle(&r, m);
    raise_also(out, &r);
}

/* Does the connection lead to the EMS of the configuration, or to where endpoints check in? */
static bool towards_ems(const struct matter *m)
{
    const struct profile *profile = m->scene->profile;
    const struct names *names = m->scene->names;
    const char *name = names ? names_of(names, &m->flow->address[SERVER]) : NULL;

    return (m->service && m->service->checkin) || (name && profile_is_ems_name(profile, name)) ||
           profile_is_ems_address(profile, &m->flow->address[SERVER]);
}

/* One of the two names is the other's alias in the answer of the DNS. */
static bool is_alias(const struct matter *m)
{
    const struct profile *profile = m->scene->profile;
    const struct lookup *l = m->name_lookup;

    return l && (profile_is_ems_name(profile, l->name) ||
                 (l->canonical[0] && profile_is_ems_name(profile, l->canonical)));
}

/* A FortiGate answers on the same port, and nobody configures that one here. */
static bool is_fortigate(const struct matter *m)
{
    const struct cert *leaf = visible_leaf(m);
    return leaf && issuer_is_fortigate(cert_facts(leaf)->subject_cn);
}

static void note_server_name(const struct matter *m, struct verdict *out)
{
    const struct tls_client_hello *hello = m->tls->hello;

    if (!m->scene->profile->n_ems_names || !hello || hello->ech || !m->session->server_name[0])
        return;
    if (!profile_is_ems_name(m->scene->profile, m->session->server_name) && towards_ems(m) &&
        !is_alias(m) && !is_fortigate(m))
        add(m, out, F_TLS_SNI_MISMATCH_CONFIG, hello->at.frame, 0);
}

static void note_client_certificate(const struct matter *m, struct verdict *out)
{
    if (!matter_certificate_empty(m) || !matter_certificate_requested(m))
        return;
    struct raised r = raise_of(F_TLS_CLIENTCERT_NONE_SENT);
    if (m->tls13)
        r.fact = PROBABLE; /* by the size of a record */
    raise_frame(&r, m->tls13 ? m->sealed.final_flight.frame : m->tls->certificate[CLIENT].frame);
    raise_settle(&r, m);
    raise_also(out, &r);
}

static bool expires_soon(const struct matter *m)
{
    const struct cert *leaf = visible_leaf(m);
    const struct cert_facts *facts = leaf ? cert_facts(leaf) : NULL;
    int64_t now_s = m->flow->first_ns / 1000000000;

    return facts && facts->parsed && !m->scene->clock_relative && facts->not_after_s >= now_s &&
           facts->not_after_s - now_s <= (int64_t)m->scene->profile->expires_soon_s;
}

/* Nobody refused it, or something else came first: no more than a warning. */
static void note_inspector(const struct matter *m, struct verdict *out)
{
    struct raised r = inspector_of(m);

    if (r.id == F_NONE || out->primary.id == r.id)
        return;
    r.severity = SEVERITY_WARNING; /* rule R20 */
    raise_settle(&r, m);
    raise_also(out, &r);
}

/* Once the replaced certificate is trusted, the client's own is refused for it. */
static void note_inspected_client(const struct matter *m, struct verdict *out)
{
    if (out->primary.severity != SEVERITY_ERROR || !matter_certificate_requested(m) ||
        out->primary.id == F_TLS_CLIENTCERT_BROKEN_BY_INSPECTION || !inspector_replaces(m))
        return;
    struct raised r = raise_of(F_TLS_CLIENTCERT_BROKEN_BY_INSPECTION);
    r.severity = SEVERITY_WARNING; /* rule R20 */
    raise_frame(&r, m->tls->certificate[SERVER].frame);
    raise_settle(&r, m);
    raise_also(out, &r);
}

static bool newer(const struct leaf *leaf, const struct leaf *before)
{
    const struct cert_facts *is = cert_facts(leaf->cert), *was = cert_facts(before->cert);
    return is->parsed && was->parsed && is->not_before_s >= was->not_before_s;
}

/* Two servers behind one address that show their certificates at random come in such an order once
 * in 6 times with two connections each, once in 20 with three, once in 252 with five. */
static enum confidence sure_of_change(const struct leaf *leaf, const struct leaf *before)
{
    uint32_t least = leaf->n < before->n ? leaf->n : before->n;
    bool reissued = strcmp(cert_facts(leaf->cert)->issuer, cert_facts(before->cert)->issuer) == 0;

    if (least < 2)
        return NO_CONFIDENCE;
    return least == 2 ? POSSIBLE : least < 5 || !reissued ? PROBABLE : CERTAIN;
}

/* Said once, on the first connection that shows the new one. */
static void note_change(const struct matter *m, struct verdict *out)
{
    bool compared = m->seen && leaves_compare(m->seen->leaves);
    const struct leaf *leaf = compared ? leaves_of(m->seen->leaves, m->flow) : NULL;
    const struct leaf *before = leaf ? leaves_before(m->seen->leaves, leaf) : NULL;

    if (!before || leaf->first_frame != m->tls->certificate[SERVER].frame || !newer(leaf, before) ||
        inspector_of(m).id)
        return;
    struct raised r = raise_of(F_TLS_CERT_CHANGED_IN_CAPTURE);
    r.fact = sure_of_change(leaf, before);
    if (r.fact == NO_CONFIDENCE)
        return;
    raise_frame(&r, before->last_frame);
    raise_frame(&r, leaf->first_frame);
    raise_settle(&r, m);
    raise_also(out, &r);
}

static void note_revocation(const struct matter *m, struct verdict *out)
{
    struct raised r = revocation_of(m);

    if (r.id == F_NONE)
        return;
    raise_settle(&r, m);
    raise_also(out, &r);
}

static void note_certificate(const struct matter *m, struct verdict *out)
{
    note_inspector(m, out);
    note_inspected_client(m, out);
    note_change(m, out);
    note_revocation(m, out);
    if (expires_soon(m))
        add(m, out, F_TLS_CERT_EXPIRES_SOON, m->tls->certificate[SERVER].frame, 0);
    if (out->defects && m->stop == STOP_DATA)
        add(m, out, F_TLS_CERT_NO_REJECTION_OBSERVED, m->tls->certificate[SERVER].frame, E_DATA);
}

static void note_name(const struct matter *m, struct verdict *out)
{
    const struct lookup *l = dns_disregarded(m);

    if (l)
        add(m, out, F_DNS_MISMATCH_CONNECT, l->reply_frame, E_SYN | E_HELLO);
}

void notes_add(const struct matter *m, struct verdict *out)
{
    note_name(m, out);
    note_opening(m, out);
    if (m->tls) {
        note_versions(m, out);
        note_server_name(m, out);
        if (matter_resumed(m) && !tls_psk_is_external(m->tls))
            add(m, out, F_OK_TLS_RESUMED, 0, E_ANSWER);
        note_client_certificate(m, out);
        note_certificate(m, out);
    }
    note_options(m, out);
    note_windows(m, out);
    note_loss(m, out);
    note_half_closed(m, out);
    note_proxy(m, out);
    note_transparent(m, out);
}
