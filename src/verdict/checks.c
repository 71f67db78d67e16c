#include "verdict/checks.h"

#include "tls/names.h"
#include "verdict/blame.h"
#include "verdict/inspector.h"
#include "verdict/leaves.h"
#include "verdict/visible.h"

#include <stdio.h>
#include <string.h>

enum { MAX_LEGACY = 0x0302, TLS_13 = 0x0304 };

/* ---- a rejection, weighed
 * --------------------------------------------------------------------------- */

static void weigh_expired(const struct matter *m, struct raised *r)
{
    bool said = m->alert && m->alert->code == 45;
    unsigned seen = visible_defects(m);
    const struct cert *leaf = visible_leaf(m);

    r->fact = said ? CERTAIN : PROBABLE;
    /* Up to TLS 1.2 the dates would tell whose clock or certificate it is. */
    if (!leaf && !m->tls13)
        raise_owner(r, OWNER_UNKNOWN, "the certificate and its dates were not captured");
    if (!leaf || !cert_facts(leaf)->parsed || seen & DEFECT_EXPIRED)
        return;
    if (seen & DEFECT_ISSUER_EXPIRED)
        raise_owner(r, OWNER_SERVER,
                    "a certificate that it sends between its own and the root "
                    "has expired");
    else
        raise_owner(r, OWNER_CLIENT,
                    "the certificate is valid at the time of the capture: the clock of the client");
}

/* The bundle stands for what the client should trust. */
static void weigh_trusted(const struct matter *m, struct raised *r)
{
    static const enum finding_id untrusting[] = { F_TLS_CERT_REJECTED_BY_CLIENT_UNKNOWN_CA,
                                                  F_TLS_CERT_REJECTED_BY_CLIENT_BAD_CERTIFICATE,
                                                  F_TLS_CERT_REJECTED_BY_CLIENT_UNKNOWN };

    for (size_t i = 0; i < sizeof untrusting / sizeof *untrusting; i++)
        if (r->id == untrusting[i] && visible_good(m))
            raise_owner(r, OWNER_CLIENT,
                        "the chain is good by the bundle given: the trust store of the client");
}

void checks_weigh_rejection(const struct matter *m, struct raised *r)
{
    char why[VERDICT_NOTE] = "";
    uint64_t frame = 0;

    if (r->id == F_TLS_CERT_REJECTED_BY_CLIENT_EXPIRED)
        weigh_expired(m, r);
    if (r->id == F_TLS_CERT_REJECTED_BY_CLIENT_UNSUPPORTED && !(m->alert && m->alert->code == 43))
        r->fact = PROBABLE; /* what is seen in the certificate explains the refusal */
    if (m->alert && r->id != F_TLS_CERT_REJECTED_BY_CLIENT_EXPIRED &&
        (m->alert->code == 42 || m->alert->code == 46) && r->cause > POSSIBLE &&
        finding_of(r->id)->best == CERTAIN)
        r->cause = POSSIBLE; /* the number says that, not why (rule R6) */
    if (finding_of(r->id)->owner != OWNER_UNKNOWN || r->owner != OWNER_UNKNOWN)
        return;
    enum owner owner = blame_rejection(m, why, &frame);
    if (owner == OWNER_UNKNOWN) {
        weigh_trusted(m, r);
        return;
    }
    raise_owner(r, owner, why);
    raise_frame(r, frame);
}

/* ---- conditions of the rows
 * ------------------------------------------------------------------------ */

static bool server_unseen(const struct matter *m)
{
    return !(m->flow->half[SERVER].flags & HALF_SEEN);
}

/* The server said something that can be rejected, or what it said was not captured. */
static bool certificate_stage(const struct matter *m)
{
    return server_unseen(m) || m->tls->certificate[SERVER].frame || m->tls->server_hello.present ||
           m->tls->half[SERVER].n_records || m->more->half[SERVER].unseen_bytes;
}

static bool chose_unoffered(const struct matter *m)
{
    const struct tls_client_hello *hello = m->tls->hello;
    uint16_t version = tls_version(m->tls);

    if (!hello || hello->cut || !m->tls->server_hello.present || m->tls->server_hello.cut)
        return false;
    if (hello->versions.left)
        return !tls_offers_version(hello, version);
    return version > hello->legacy_version;
}

/* A client that answers a ServerHello with protocol_version did not mean to offer that one. */
static bool chose_some(const struct matter *m) { return m->tls->server_hello.present; }

/* What the server chose decides, and was captured only in part. */
static bool server_cut(const struct matter *m)
{
    return m->tls->server_hello.present ? m->tls->server_hello.cut : matter_blind(m) == BLIND_CUT;
}

static bool downgraded(const struct matter *m)
{
    return m->tls->server_hello.downgrade != TLS_NO_MARK && m->tls->hello &&
           tls_offers_version(m->tls->hello, TLS_13);
}

static bool retried(const struct matter *m)
{
    return m->tls->retry.present && !m->tls->server_hello.present;
}

static bool without_name(const struct matter *m)
{
    const struct tls_client_hello *hello = m->tls->hello;
    return hello && !hello->cut && !hello->malformed && !hello->server_name.left;
}

/* Did it ask by name?  That part of its greeting was not captured. */
static bool name_cut(const struct matter *m)
{
    const struct tls_client_hello *hello = m->tls->hello;
    return !hello || (hello->cut && !hello->server_name.left);
}

/* The same service completes when it is asked by name. */
static bool name_would_do(const struct matter *m)
{
    return without_name(m) && m->seen && m->seen->named_frame;
}

static bool hello_whole(const struct matter *m)
{
    return m->tls->hello && !m->tls->hello->cut && !m->tls->hello->malformed &&
           !m->tls->server_hello.present;
}

/* Every suite that this server was seen to choose for a version that this client offers too is
 * missing in the offer; and there was at least one. */
static bool suites_disjoint(const struct matter *m)
{
    bool known = false;

    for (unsigned i = 0; hello_whole(m) && m->seen && i < m->seen->n_choices; i++) {
        const struct served_choice *c = &m->seen->choice[i];
        bool same_kind = (c->version >= TLS_13) == (tls_offered_highest(m->tls->hello) >= TLS_13);
        if (!same_kind)
            continue;
        if (tls_offers_suite(m->tls->hello, c->suite))
            return false;
        known = true;
    }
    return known;
}

static bool groups_disjoint(const struct matter *m)
{
    bool known = false;

    if (!hello_whole(m) || !m->seen || !m->tls->hello->groups.left)
        return false;
    for (unsigned i = 0; i < m->seen->n_choices; i++) {
        if (!m->seen->choice[i].group)
            continue;
        if (tls_offers_group(m->tls->hello, m->seen->choice[i].group))
            return false;
        known = true;
    }
    return known;
}

/* Signature schemes that a key can make (RFC 8446 section 4.2.3, RFC 5246 section 7.4.1.4.1). */
static bool offers_to_sign(const struct tls_client_hello *hello, const struct cert_facts *key)
{
    enum { RSA = 1, ECDSA = 3, PSS_FIRST = 0x0804, PSS_LAST = 0x0806 };
    bool rsa = strcmp(key->key_algorithm, "RSA") == 0;

    if (!rsa && strcmp(key->key_algorithm, "EC") != 0)
        return true; /* a kind that is not known here */
    for (unsigned hash = 1; hash <= 6; hash++)
        if (tls_offers_scheme(hello, (uint16_t)(hash << 8 | (rsa ? RSA : ECDSA))))
            return true;
    for (unsigned pss = PSS_FIRST; rsa && pss <= PSS_LAST; pss++)
        if (tls_offers_scheme(hello, (uint16_t)pss))
            return true;
    return false;
}

/* No certificate that this service was seen to show can sign what this client takes. */
static bool schemes_disjoint(const struct matter *m)
{
    const struct leaves *leaves = m->seen ? m->seen->leaves : NULL;

    if (!hello_whole(m) || !m->tls->hello->signature_schemes.left || !leaves || leaves->full)
        return false;
    for (unsigned i = 0; i < leaves->n; i++) {
        const struct cert_facts *key = cert_facts(leaves->leaf[i].cert);
        if (!key->parsed || offers_to_sign(m->tls->hello, key))
            return false;
    }
    return leaves->n != 0;
}

/* What the client answered to the request decides, and was not captured. */
static bool client_unseen(const struct matter *m)
{
    return !(m->flow->half[CLIENT].flags & HALF_SEEN) && matter_certificate_requested(m);
}

static bool client_certificate_sent(const struct matter *m)
{
    return m->tls->certificate[CLIENT].frame && !matter_certificate_empty(m);
}

/* ---- rows
 * ---------------------------------------------------------------------------------------- */

enum { EVERY = 255 };

/* clang-format off */
static const struct alert_row {
    enum side from;
    uint8_t code; /* IANA TLS Alerts; EVERY = any other */
    bool (*when)(const struct matter *m); /* NULL = always */
    enum finding_id id;
} rows[] = {
    { SERVER, 70, NULL, F_TLS_VERSION_NONE_COMMON },
    { SERVER, 86, NULL, F_TLS_VERSION_FALLBACK_REJECTED },
    { SERVER, 112, without_name, F_TLS_SNI_MISSING },
    { SERVER, 112, name_cut, F_TLS_HANDSHAKE_FAILURE },
    { SERVER, 112, NULL, F_TLS_SNI_UNRECOGNIZED },
    { SERVER, 120, NULL, F_TLS_ALPN_NONE_COMMON },
    { SERVER, 40, client_unseen, F_TLS_HANDSHAKE_FAILURE },
    { SERVER, 42, client_unseen, F_TLS_HANDSHAKE_FAILURE },
    { SERVER, 49, client_unseen, F_TLS_HANDSHAKE_FAILURE },
    { SERVER, 50, client_unseen, F_TLS_HANDSHAKE_FAILURE },
    { SERVER, 49, client_certificate_sent, F_TLS_CLIENTCERT_ACCESS_DENIED },
    { SERVER, 49, NULL, F_TLS_SERVER_ACCESS_DENIED },
    { SERVER, 116, NULL, F_TLS_CLIENTCERT_REQUIRED },
    { SERVER, 40, matter_certificate_empty, F_TLS_CLIENTCERT_REQUIRED },
    { SERVER, 42, matter_certificate_empty, F_TLS_CLIENTCERT_REQUIRED },
    { SERVER, 50, matter_certificate_empty, F_TLS_CLIENTCERT_REQUIRED },
    { SERVER, 40, retried, F_TLS_HRR_LOOP_OR_FAIL },
    { SERVER, 47, retried, F_TLS_HRR_LOOP_OR_FAIL },
    { SERVER, 71, retried, F_TLS_HRR_LOOP_OR_FAIL },
    { SERVER, 40, suites_disjoint, F_TLS_CIPHER_NONE_COMMON },
    { SERVER, 71, suites_disjoint, F_TLS_CIPHER_NONE_COMMON },
    { SERVER, 40, groups_disjoint, F_TLS_GROUP_NONE_COMMON },
    { SERVER, 47, groups_disjoint, F_TLS_GROUP_NONE_COMMON },
    { SERVER, 40, schemes_disjoint, F_TLS_SIGALG_NONE_COMMON },
    { SERVER, 71, schemes_disjoint, F_TLS_SIGALG_NONE_COMMON },
    { SERVER, 40, name_would_do, F_TLS_SNI_MISSING },
    { SERVER, 80, name_would_do, F_TLS_SNI_MISSING },
    { SERVER, 48, matter_certificate_requested, F_TLS_CLIENTCERT_REJECTED_UNKNOWN_CA },
    { SERVER, 45, matter_certificate_requested, F_TLS_CLIENTCERT_REJECTED_EXPIRED },
    { SERVER, 44, matter_certificate_requested, F_TLS_CLIENTCERT_REJECTED_REVOKED },
    { SERVER, 42, matter_certificate_requested, F_TLS_CLIENTCERT_REJECTED_BAD },
    { SERVER, 43, matter_certificate_requested, F_TLS_CLIENTCERT_REJECTED_BAD },
    { SERVER, 46, matter_certificate_requested, F_TLS_CLIENTCERT_REJECTED_UNKNOWN },
    { SERVER, 47, NULL, F_TLS_EXTENSION_PROBLEM },
    { SERVER, 109, NULL, F_TLS_EXTENSION_PROBLEM },
    { SERVER, 110, NULL, F_TLS_EXTENSION_PROBLEM },
    { SERVER, 80, NULL, F_TLS_SERVER_INTERNAL_ERROR },
    { CLIENT, 70, server_unseen, F_CANNOT_TELL_ONE_SIDED },
    { CLIENT, 47, server_unseen, F_CANNOT_TELL_ONE_SIDED },
    { CLIENT, 47, server_cut, F_CANNOT_TELL_TRUNCATED },
    { CLIENT, 70, chose_some, F_TLS_VERSION_SERVER_CHOSE_UNACCEPTABLE },
    { CLIENT, 70, NULL, F_TLS_VERSION_NONE_COMMON },
    { CLIENT, 47, chose_unoffered, F_TLS_VERSION_SERVER_CHOSE_UNACCEPTABLE },
    { CLIENT, 47, downgraded, F_TLS_VERSION_DOWNGRADE_DETECTED },
    { CLIENT, 47, retried, F_TLS_HRR_LOOP_OR_FAIL },
    { CLIENT, 47, NULL, F_TLS_EXTENSION_PROBLEM },
    { CLIENT, 109, NULL, F_TLS_EXTENSION_PROBLEM },
    { CLIENT, 110, NULL, F_TLS_EXTENSION_PROBLEM },
    { CLIENT, 48, certificate_stage, F_TLS_CERT_REJECTED_BY_CLIENT_UNKNOWN_CA },
    { CLIENT, 45, certificate_stage, F_TLS_CERT_REJECTED_BY_CLIENT_EXPIRED },
    { CLIENT, 44, certificate_stage, F_TLS_CERT_REJECTED_BY_CLIENT_REVOKED },
    { CLIENT, 42, certificate_stage, F_TLS_CERT_REJECTED_BY_CLIENT_BAD_CERTIFICATE },
    { CLIENT, 43, certificate_stage, F_TLS_CERT_REJECTED_BY_CLIENT_UNSUPPORTED },
    { CLIENT, 46, certificate_stage, F_TLS_CERT_REJECTED_BY_CLIENT_UNKNOWN },
    { SIDES, 51, NULL, F_TLS_SIGNATURE_INVALID },
    { SIDES, 50, NULL, F_TLS_DECODE_ERROR },
    { SIDES, 20, NULL, F_TLS_RECORD_CORRUPT },
    { SIDES, 21, NULL, F_TLS_RECORD_CORRUPT },
    { SIDES, 22, NULL, F_TLS_RECORD_CORRUPT },
    { SIDES, EVERY, NULL, F_TLS_HANDSHAKE_FAILURE },
};
/* clang-format on */

static enum finding_id find_row(const struct matter *m)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct alert_row *row = &rows[i];
        if ((row->from == SIDES || row->from == m->alert->from) &&
            (row->code == EVERY || row->code == m->alert->code) && (!row->when || row->when(m)))
            return row->id;
    }
    return F_NONE;
}

/* ---- words and owners
 * ------------------------------------------------------------------------------ */

static bool offers_mlkem(const struct matter *m)
{
    const struct tls_client_hello *hello = m->tls->hello;
    return hello && (tls_offers_group(hello, 0x11ec) || tls_offers_group(hello, 0x11eb) ||
                     tls_offers_group(hello, 0x11ed));
}

static void weigh_version(const struct matter *m, struct raised *r)
{
    if (m->tls->hello && !m->tls->hello->cut && tls_offered_highest(m->tls->hello) <= MAX_LEGACY)
        raise_owner(r, OWNER_CLIENT, "the client offers nothing newer than TLS 1.1");
}

static void weigh_compared(const struct matter *m, struct raised *r)
{
    for (unsigned i = 0; m->seen && i < m->seen->n_choices; i++)
        raise_frame(r, m->seen->choice[i].frame);
}

static void weigh_schemes(const struct matter *m, struct raised *r)
{
    const struct leaves *leaves = m->seen->leaves;

    for (unsigned i = 0; leaves && i < leaves->n; i++)
        raise_frame(r, leaves->leaf[i].first_frame);
}

/* A key that both sides were given beforehand, and that differs, looks like damage on the way. */
static void weigh_psk(const struct matter *m, struct raised *r)
{
    const struct tls *t = m->tls;
    const char *suite = tls_suite_known(t) ? tls_suite_name(t->server_hello.suite) : NULL;
    bool offered = !t->server_hello.present && t->hello && t->hello->psk;
    bool chosen = !m->tls13 && suite && strstr(suite, "_PSK_") && !t->half[SERVER].n_application;

    if (r->id == F_TLS_EXTENSION_PROBLEM ? m->alert->from != SERVER || !offered : !chosen)
        return;
    r->cause = POSSIBLE;
    raise_owner(r, OWNER_UNKNOWN,
                offered ? "the client offers a pre-shared key, and one that is not the server's is "
                          "answered by this alert too"
                        : "the keys come from a pre-shared key, and one that differs between the "
                          "sides looks the same");
}

static void weigh_alert(const struct matter *m, struct raised *r)
{
    switch (r->id) {
    case F_TLS_VERSION_NONE_COMMON:
        weigh_version(m, r);
        break;
    case F_TLS_CIPHER_NONE_COMMON:
    case F_TLS_GROUP_NONE_COMMON:
        weigh_compared(m, r);
        break;
    case F_TLS_SIGALG_NONE_COMMON:
        weigh_schemes(m, r);
        break;
    case F_TLS_SNI_MISSING:
        raise_frame(r, m->seen ? m->seen->named_frame : 0);
        break;
    case F_TLS_EXTENSION_PROBLEM:
        if (m->alert->code != 47 || !offers_mlkem(m))
            r->cause = POSSIBLE;
        weigh_psk(m, r);
        break;
    case F_TLS_RECORD_CORRUPT:
        weigh_psk(m, r);
        break;
    case F_TLS_CLIENTCERT_REQUIRED:
        r->fact = m->alert->code == 116 ? CERTAIN : PROBABLE;
        raise_frame(r, m->tls->certificate[CLIENT].frame);
        break;
    case F_TLS_SERVER_ACCESS_DENIED:
        r->cause = POSSIBLE;
        break;
    default:
        break;
    }
}

/* The refusal of a client certificate where the server's is replaced: whoever replaces it cannot
 * pass on what the client signs. */
static struct raised blame_inspection(const struct matter *m, enum finding_id id)
{
    if (!inspector_replaces(m))
        return raise_of(id);
    struct raised r = raise_of(F_TLS_CLIENTCERT_BROKEN_BY_INSPECTION);
    raise_frame(&r, m->tls->certificate[SERVER].frame);
    return r;
}

/* Refused, and made up on the way: that goes before what the alert says (rule R10). */
static struct raised blame_inspector(const struct matter *m, enum finding_id id)
{
    bool of_cert = finding_of(id)->stage == STAGE_CERT;

    if (of_cert && m->alert->from == SERVER && matter_certificate_requested(m))
        return blame_inspection(m, id);
    struct raised r = of_cert && m->alert->from == CLIENT ? inspector_of(m) : raise_of(F_NONE);

    return r.id ? r : raise_of(id);
}

struct raised checks_alert(const struct matter *m)
{
    struct raised r = raise_of(F_NONE);
    enum finding_id id = F_NONE;

    if (!m->alert || m->stop < STOP_HELLO)
        return r;
    if (m->alert->from == CLIENT && certificate_stage(m))
        id = visible_explained(m, m->alert->code);
    if (id == F_NONE)
        id = find_row(m);
    /* Read with keys, long after the handshake: what it ended was no handshake. */
    if (id == F_TLS_HANDSHAKE_FAILURE && m->alert->opened && m->stop >= STOP_UP)
        return r;
    r = blame_inspector(m, id);
    raise_evidence(&r, m, E_ALERT | E_HELLO);
    if (m->tls->server_hello.present)
        raise_evidence(&r, m, E_ANSWER);
    if (m->alert->from == CLIENT && finding_of(r.id)->stage == STAGE_CERT) {
        raise_evidence(&r, m, E_FLIGHT);
        checks_weigh_rejection(m, &r);
    }
    weigh_alert(m, &r);
    return r;
}
