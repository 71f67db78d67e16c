#include "verdict/stages.h"

#include <string.h>

/* The word for a failing id: the longest prefix counts. */
static const struct word {
    const char *prefix;
    enum stage_token token;
} words[] = {
    { "app.closed_without_reply", TOKEN_CLOSED },
    { "app.no_reply_timeout", TOKEN_TIMEOUT },
    { "dns.ipv6_first_fail", TOKEN_DROP },
    { "app.http.401", TOKEN_REJECT },
    { "app.http.403", TOKEN_REJECT },
    { "app.ldap.bind_failed", TOKEN_REJECT },
    { "icmp.", TOKEN_UNREACH },
    { "icmp.frag_needed_ignored", TOKEN_DROP },
    { "proxy.", TOKEN_PROXY },
    { "tcp.", TOKEN_DROP },
    { "tcp.accept_then_fin", TOKEN_CLOSED },
    { "tcp.accept_then_reset", TOKEN_RST },
    { "tcp.clienthello.acked_no_reply", TOKEN_TIMEOUT },
    { "tcp.reset.", TOKEN_RST },
    { "tcp.syn.refused", TOKEN_RST },
    { "tcp.synack.bad_ack", TOKEN_FAIL },
    { "tcp.synack.challenge_ack", TOKEN_FAIL },
    { "tls.", TOKEN_ALERT },
    { "tls.cert.", TOKEN_REJECT },
    { "tls.cert.rejected_by_client.expired", TOKEN_EXPIRED },
    { "tls.clientcert.", TOKEN_REJECT },
    { "tls.clientcert.late_failure", TOKEN_RST },
    { "tls.client.closed_midway", TOKEN_CLOSED },
    { "tls.server.closed_midway", TOKEN_CLOSED },
    { "tls.server.silent", TOKEN_CLOSED },
    { "tls.server.stalled", TOKEN_TIMEOUT },
    { "tls.not_tls.", TOKEN_FAIL },
};

static enum stage_token longest(enum finding_id id)
{
    const char *name = finding_of(id)->id;
    const struct word *best = NULL;

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strncmp(name, words[i].prefix, strlen(words[i].prefix)) == 0 &&
            (!best || strlen(words[i].prefix) > strlen(best->prefix)))
            best = &words[i];
    return best ? best->token : TOKEN_FAIL;
}

static enum stage_token word_of(const struct matter *m, enum finding_id id)
{
    static uint8_t known[FINDINGS]; /* token + 1 */

    if (!known[id])
        known[id] = (uint8_t)(longest(id) + 1);
    enum stage_token token = (enum stage_token)(known[id] - 1);
    return token == TOKEN_ALERT && !m->alert ? TOKEN_FAIL : token;
}

/* The stage in which it stopped. */
static enum stage stage_of(const struct matter *m)
{
    if (m->stop <= STOP_OPEN)
        return STAGE_TCP;
    switch (m->stop) {
    case STOP_MIDSTREAM:
        return STAGE_APP;
    case STOP_SERVER_ONLY:
    case STOP_CLIENT_ONLY:
    case STOP_PLAIN:
        return matter_expects_tls(m) ? STAGE_TLS : STAGE_APP;
    case STOP_HELLO:
    case STOP_RETRY:
    case STOP_FLIGHT:
        return STAGE_TLS;
    case STOP_CERTIFIED:
    case STOP_CLIENT_REJECTS:
    case STOP_SERVER_REJECTS:
    case STOP_FINAL:
        return STAGE_CERT;
    default:
        return STAGE_APP;
    }
}

/* Where a failing finding belongs: its own stage, unless its family tells only how it was cut. */
static enum stage failed_stage(const struct matter *m, enum finding_id id)
{
    const struct finding *f = finding_of(id);

    if (strncmp(f->id, "tls.intercept.", 14) == 0)
        return stage_of(m);
    if (f->stage == STAGE_PROXY || f->stage == STAGE_TLS || f->stage == STAGE_CERT ||
        f->stage == STAGE_APP)
        return f->stage;
    return stage_of(m);
}

static void fill_reached(const struct matter *m, uint8_t *stage)
{
    bool tls = m->tls && m->stop >= STOP_CERTIFIED && m->stop != STOP_UNREADABLE;
    bool accepted = tls && m->stop != STOP_CERTIFIED && m->stop != STOP_CLIENT_REJECTS;

    stage[STAGE_TCP] = m->midstream ? TOKEN_UNSEEN : m->opened ? TOKEN_OK : TOKEN_UNSEEN;
    if (tls)
        stage[STAGE_TLS] = TOKEN_OK;
    if (accepted)
        stage[STAGE_CERT] = m->tls13 || matter_resumed(m) || !m->tls->certificate[SERVER].frame
                                ? TOKEN_DERIVED
                                : TOKEN_OK;
    if (m->stop == STOP_DATA)
        stage[STAGE_APP] = TOKEN_OK;
    if ((m->stop == STOP_MIDSTREAM || m->stop == STOP_PLAIN) &&
        m->flow->half[CLIENT].flags & m->flow->half[SERVER].flags & HALF_DATA)
        stage[STAGE_APP] = TOKEN_OK;
}

/* All before the failing stage that is not seen to be passed was passed; all behind was not
 * reached. */
static void fill_failed(const struct matter *m, struct verdict *out, enum stage at)
{
    for (int s = STAGE_TCP; s < (int)at; s++)
        if (out->stage[s] != TOKEN_OK && out->stage[s] != TOKEN_DERIVED)
            out->stage[s] = m->midstream                ? TOKEN_UNSEEN
                            : s != STAGE_TCP && !m->tls ? TOKEN_NOT_TRIED
                            : s == STAGE_CERT           ? TOKEN_DERIVED
                                                        : TOKEN_OK;
    out->stage[at] = (uint8_t)word_of(m, out->primary.id);
    for (int s = (int)at + 1; s < ATTEMPT_STAGES; s++)
        out->stage[s] = TOKEN_NOT_REACHED;
    if (at == STAGE_PROXY) /* it stands before TCP, for it is asked for the rest */
        out->stage[STAGE_TCP] = TOKEN_OK;
    out->failed_stage = (uint8_t)at;
}

static bool is_undecided(const struct verdict *out)
{
    return finding_of(out->primary.id)->severity == SEVERITY_QUALITY ||
           out->primary.id == F_INFO_INCOMPLETE_IN_PROGRESS;
}

static void fill_undecided(const struct matter *m, struct verdict *out)
{
    for (int s = STAGE_TCP; s < ATTEMPT_STAGES; s++)
        if (out->stage[s] == TOKEN_NOT_TRIED && (s == STAGE_TCP || m->opened || m->midstream))
            out->stage[s] = TOKEN_UNSEEN;
}

static void fill_warnings(struct verdict *out)
{
    for (unsigned i = 0; i < out->n_also; i++) {
        enum stage at = finding_of(out->also[i].id)->stage;
        if (out->also[i].severity == SEVERITY_WARNING && at < ATTEMPT_STAGES &&
            (out->stage[at] == TOKEN_OK || out->stage[at] == TOKEN_DERIVED))
            out->stage[at] = TOKEN_WARN;
    }
}

static uint8_t proxy_token(const struct matter *m)
{
    const struct talk *talk = m->session ? m->session->talk : NULL;

    if (!talk_find(talk, SAID_CONNECT))
        return TOKEN_NOT_TRIED;
    return talk_find(talk, SAID_TUNNEL) || m->tls ? TOKEN_OK : TOKEN_UNSEEN;
}

void stages_fill(const struct matter *m, struct verdict *out)
{
    enum severity severity = finding_of(out->primary.id)->severity;

    memset(out->stage, TOKEN_NOT_TRIED, sizeof out->stage);
    out->failed_stage = ATTEMPT_STAGES;
    fill_reached(m, out->stage);
    if (severity == SEVERITY_ERROR || out->primary.id == F_DNS_IPV6_FIRST_FAIL ||
        out->primary.id == F_TCP_SYNACK_CHALLENGE_ACK)
        fill_failed(m, out, failed_stage(m, out->primary.id));
    else if (is_undecided(out))
        fill_undecided(m, out);
    out->stage[STAGE_DNS] = m->name_lookup ? TOKEN_OK : TOKEN_NOT_TRIED;
    if (out->failed_stage != STAGE_PROXY)
        out->stage[STAGE_PROXY] = proxy_token(m);
    fill_warnings(out);
}
