#include "verdict/visible.h"

#include "base/text.h"

/* ---- the visible certificate
 * ----------------------------------------------------------------------- */

const struct cert *visible_leaf(const struct matter *m)
{
    const struct session *s = m->session;
    return s && s->n_chain[SERVER] && s->chain[SERVER] ? s->chain[SERVER][0] : NULL;
}

static int64_t seen_at_s(const struct matter *m, enum side side)
{
    int64_t at_ns = m->tls && m->tls->certificate[side].frame ? m->tls->certificate[side].time_ns
                                                              : m->flow->first_ns;
    return at_ns / 1000000000;
}

static bool names_other(const struct matter *m, const struct cert *leaf)
{
    const char *name = matter_name(m);
    if (!name[0] || (m->tls->hello && m->tls->hello->ech)) /* the outer name is a cover */
        return false;
    return !cert_names_host(leaf, name);
}

/* ---- the bundle
 * ------------------------------------------------------------------------------------ */

const struct trust_reading *visible_trust(const struct matter *m, enum side side)
{
    const struct session *s = m->session;

    if (!m->scene->trust || !s || !s->n_chain[side] || s->chain_cut[side])
        return NULL;
    return trust_read(m->scene->trust, s->chain[side], s->n_chain[side], side,
                      m->scene->clock_relative ? TRUST_NO_TIME : seen_at_s(m, side));
}

bool visible_good(const struct matter *m)
{
    const struct trust_reading *trust = visible_trust(m, SERVER);
    return trust && !trust->error && !visible_defects(m);
}

/* ---- defects
 * --------------------------------------------------------------------------------------- */

static bool leaves_out(const struct matter *m, const struct cert_facts *leaf)
{
    const struct trust_reading *trust = visible_trust(m, SERVER);

    if (trust && !trust->error)
        return trust->lacks[0];
    return m->session->n_chain[SERVER] == 1 && !m->session->chain_cut[SERVER] &&
           !leaf->self_issued && leaf->aia_issuers;
}

/* A root that was sent does not matter: clients take their own. */
static bool issuer_expired(const struct matter *m, int64_t now_s)
{
    for (unsigned i = 1; i < m->session->n_chain[SERVER]; i++) {
        const struct cert_facts *facts = cert_facts(m->session->chain[SERVER][i]);
        if (facts->parsed && !facts->self_issued && facts->not_after_s < now_s)
            return true;
    }
    return false;
}

static unsigned date_defects(const struct matter *m, const struct cert_facts *leaf)
{
    int64_t now_s = seen_at_s(m, SERVER);
    unsigned found = 0;

    if (m->scene->clock_relative)
        return 0;
    if (leaf->not_after_s < now_s)
        found |= DEFECT_EXPIRED;
    if (leaf->not_before_s > now_s)
        found |= DEFECT_NOT_YET_VALID;
    if (issuer_expired(m, now_s))
        found |= DEFECT_ISSUER_EXPIRED;
    return found;
}

unsigned visible_defects(const struct matter *m)
{
    const struct cert *leaf = visible_leaf(m);
    const struct cert_facts *facts = leaf ? cert_facts(leaf) : NULL;
    const struct trust_reading *trust = visible_trust(m, SERVER);

    if (!facts || !facts->parsed)
        return 0;
    unsigned found = date_defects(m, facts);
    if (names_other(m, leaf))
        found |= DEFECT_NAME;
    if (leaves_out(m, facts))
        found |= DEFECT_INCOMPLETE;
    if (facts->weak_signature || facts->weak_key)
        found |= DEFECT_WEAK;
    if (facts->eku_present && !facts->eku_server) /* RFC 5280 section 4.2.1.12 */
        found |= DEFECT_USAGE;
    if (trust && trust->untrusted)
        found |= DEFECT_UNTRUSTED;
    return found;
}

unsigned visible_proven(const struct matter *m)
{
    const struct trust_reading *trust = visible_trust(m, SERVER);
    unsigned found = visible_defects(m);

    /* The issuer of a lone leaf may be a root, and an expired intermediate may not be needed. */
    if (!trust || trust->error)
        found &= ~(unsigned)DEFECT_INCOMPLETE;
    if (!trust || trust->error != TRUST_EXPIRED)
        found &= ~(unsigned)DEFECT_ISSUER_EXPIRED;
    return found;
}

void visible_list(unsigned defects, char *out, size_t size)
{
    static const struct defect_words {
        unsigned defect;
        const char *words;
    } all[] = {
        { DEFECT_EXPIRED, "it has expired" },
        { DEFECT_NOT_YET_VALID, "it is not valid yet" },
        { DEFECT_NAME, "it is for another name" },
        { DEFECT_INCOMPLETE, "its intermediate was not sent" },
        { DEFECT_WEAK, "its key or its signature is weak" },
        { DEFECT_USAGE, "it is not meant for a server" },
        { DEFECT_UNTRUSTED, "no authority of the bundle stands behind it" },
        { DEFECT_ISSUER_EXPIRED, "an authority above it has expired" },
    };
    struct text t = text_of(out, size);

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (defects & all[i].defect)
            text_format(&t, "%s%s", t.n ? ", " : "", all[i].words);
}

/* ---- what explains a rejection
 * --------------------------------------------------------------------- */

/* Which alerts go with which defect, over the stacks measured; bit of the code minus 40.  An alert
 * that names another reason is believed. */
#define ALERTS_40_42_46 (1U << 0 | 1U << 2 | 1U << 6)
static const struct explanation {
    unsigned defect, alerts;
    enum finding_id id;
    bool without_alert; /* also explains a close without a word */
} explanations[] = {
    { DEFECT_EXPIRED, ALERTS_40_42_46 | 1U << 5, F_TLS_CERT_REJECTED_BY_CLIENT_EXPIRED, true },
    { DEFECT_NOT_YET_VALID, ALERTS_40_42_46 | 1U << 5, F_TLS_CERT_REJECTED_BY_CLIENT_NOT_YET_VALID,
      true },
    { DEFECT_NAME, ALERTS_40_42_46, F_TLS_CERT_REJECTED_BY_CLIENT_NAME_MISMATCH, true },
    { DEFECT_INCOMPLETE, 1U << 8, F_TLS_CERT_REJECTED_BY_CLIENT_INCOMPLETE_CHAIN, false },
    { DEFECT_WEAK, ALERTS_40_42_46 | 1U << 3 | 1U << 31, F_TLS_CERT_REJECTED_BY_CLIENT_WEAK, true },
    { DEFECT_USAGE, ALERTS_40_42_46 | 1U << 3, F_TLS_CERT_REJECTED_BY_CLIENT_UNSUPPORTED, true },
};

enum finding_id visible_explained(const struct matter *m, int code)
{
    unsigned defects = visible_defects(m);
    unsigned bit = code >= 40 && code < 72 ? 1U << (code - 40) : 0;

    for (size_t i = 0; i < sizeof explanations / sizeof *explanations; i++)
        if (defects & explanations[i].defect &&
            (code == ANY_ALERT ? explanations[i].without_alert : explanations[i].alerts & bit))
            return explanations[i].id;
    return F_NONE;
}
