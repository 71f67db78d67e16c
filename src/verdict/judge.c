#include "verdict/absence.h"
#include "verdict/checks.h"
#include "verdict/inspector.h"
#include "verdict/keyless.h"
#include "verdict/notes.h"
#include "verdict/offload.h"
#include "verdict/passive.h"
#include "verdict/ruled.h"
#include "verdict/spoken.h"
#include "verdict/stages.h"
#include "verdict/stall.h"
#include "verdict/visible.h"

#include <stddef.h>
#include <string.h>

const char *token_name(enum stage_token token)
{
    static const char *const names[] = { "--",      ".",     "?",       "ok",    "ok*",
                                         "warn",    "mixed", "FAIL",    "DROP",  "RST",
                                         "UNREACH", "NXDOM", "TIMEOUT", "ALERT", "REJECT",
                                         "EXPIRED", "PROXY", "CLOSED" };
    return names[token];
}

enum stage_token verdict_token(const struct verdict *v)
{
    return v->failed_stage < ATTEMPT_STAGES ? (enum stage_token)v->stage[v->failed_stage]
                                            : TOKEN_FAIL;
}

/* ---- ICMP errors that quote the SYN (RFC 792, RFC 4443 section 3)
 * ---------------------------------------------------------------------------------------- */

static const struct icmp_meaning {
    bool v6;
    uint8_t type, code;
    enum finding_id id;
} icmp_meanings[] = {
    { false, 3, 0, F_ICMP_NET_UNREACHABLE },   { false, 3, 6, F_ICMP_NET_UNREACHABLE },
    { false, 3, 11, F_ICMP_NET_UNREACHABLE },  { false, 3, 1, F_ICMP_HOST_UNREACHABLE },
    { false, 3, 7, F_ICMP_HOST_UNREACHABLE },  { false, 3, 12, F_ICMP_HOST_UNREACHABLE },
    { false, 3, 3, F_ICMP_PORT_UNREACHABLE },  { false, 3, 9, F_ICMP_ADMIN_PROHIBITED },
    { false, 3, 10, F_ICMP_ADMIN_PROHIBITED }, { false, 3, 13, F_ICMP_ADMIN_PROHIBITED },
    { false, 11, 0, F_ICMP_TTL_EXCEEDED },     { true, 1, 0, F_ICMP_NET_UNREACHABLE },
    { true, 1, 3, F_ICMP_HOST_UNREACHABLE },   { true, 1, 4, F_ICMP_PORT_UNREACHABLE },
    { true, 1, 1, F_ICMP_ADMIN_PROHIBITED },   { true, 1, 5, F_ICMP_ADMIN_PROHIBITED },
    { true, 1, 6, F_ICMP_ADMIN_PROHIBITED },   { true, 3, 0, F_ICMP_TTL_EXCEEDED },
    { false, 3, 2, F_ICMP_PORT_UNREACHABLE }, /* no TCP there: a rule that rejects may say so */
};

static enum finding_id icmp_id(const struct matter *m)
{
    const struct icmp_note *icmp = &m->more->icmp;
    bool v6 = !address_is_ipv4(&m->flow->address[SERVER]);

    /* Once anything of the server came back, the message is stale, forged, or about something else.
     */
    if (!icmp->frame || icmp->quoted_from != CLIENT || !icmp->seq_plausible || m->stop != STOP_SYN)
        return F_NONE;
    for (size_t i = 0; i < sizeof icmp_meanings / sizeof *icmp_meanings; i++) {
        const struct icmp_meaning *meaning = &icmp_meanings[i];
        if (meaning->v6 == v6 && meaning->type == icmp->type && meaning->code == icmp->code)
            return meaning->id;
    }
    return F_NONE;
}

static struct raised judge_icmp(const struct matter *m)
{
    struct raised r = raise_of(icmp_id(m));

    if (r.id == F_NONE)
        return r;
    raise_evidence(&r, m, E_SYN | E_ICMP);
    if (address_equal(&m->more->icmp.sender, &m->flow->address[SERVER]) &&
        (r.id == F_ICMP_PORT_UNREACHABLE || r.id == F_ICMP_ADMIN_PROHIBITED))
        raise_owner(&r, OWNER_SERVER,
                    "the message comes from the server itself: its own host firewall");
    return r;
}

/* ---- the order of work (rule R10: the first cause in time)
 * ----------------------------------------------------------------------------------------- */

static struct raised judge_direction(const struct matter *m)
{
    if (!absence_one_sided(m))
        return raise_of(F_NONE);
    return raise_of(F_CANNOT_TELL_ONE_SIDED);
}

/* What one side said in clear stands, even when nothing of the other was captured. */
static struct raised judge_words(const struct matter *m)
{
    if (flow_both_seen(m->flow))
        return raise_of(F_NONE);
    return checks_alert(m);
}

/* A record header that cannot be, in a stream that is whole. */
static struct raised judge_corruption(const struct matter *m)
{
    struct raised r = raise_of(F_NONE);

    if (!m->tls || spoken_left_tls(m) || matter_blind(m) != SIGHTED || m->stop == STOP_DATA ||
        m->stop < STOP_FLIGHT)
        return r;
    for (enum side side = CLIENT; side < SIDES; side++)
        if (m->tls->half[side].alien && m->tls->half[side].n_records) {
            r = raise_of(F_TLS_RECORD_CORRUPT);
            raise_frame(&r, m->tls->half[side].last.frame);
            raise_evidence(&r, m, E_CLOSE);
            return r;
        }
    return r;
}

static struct raised judge_primary(const struct matter *m)
{
    static struct raised (*const steps[])(const struct matter *m) = {
        judge_icmp,    judge_words,   passive_judge, spoken_judge,     judge_direction,
        offload_judge, stall_silence, checks_alert,  judge_corruption, stall_judge,
    };

    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct raised r = steps[i](m);
        if (r.id != F_NONE)
            return r;
    }
    return raise_of(F_INFO_INCOMPLETE_IN_PROGRESS);
}

/* It works, and leads to a FortiGate: the same connection under its own name. */
static void name_posture(const struct matter *m, struct raised *r)
{
    bool works = r->id == F_OK_TLS_ESTABLISHED || r->id == F_OK_TLS_ESTABLISHED_CLOSED_CLEAN ||
                 r->id == F_OK_TLS_LONG_LIVED;
    if (!works || !inspector_is_reported_to(m))
        return;
    struct raised posture = raise_of(F_OK_TLS_FORTIGATE_POSTURE);
    raise_frame(&posture, m->tls->certificate[SERVER].frame);
    for (unsigned i = 0; i < r->n_frames; i++)
        raise_frame(&posture, r->frames[i]);
    *r = posture;
}

/* Apart, for its copies are large and rarely needed. */
static __attribute__((noinline)) void compare_keyless(const struct scene *scene,
                                                      const struct flow *flow, struct verdict *out)
{
    struct keyless without;

    if (!keyless_of(flow, &without))
        return;
    struct matter m = matter_of(scene, &without.flow);
    struct raised inferred = judge_primary(&m);
    raise_settle(&inferred, &m);
    out->keyless = inferred.id;
    out->keyless_fact = (uint8_t)inferred.fact;
    out->agreement = (uint8_t)keyless_agrees(&inferred, &out->primary);
}

void verdict_of(const struct scene *scene, const struct flow *flow, struct verdict *out)
{
    struct matter m = matter_of(scene, flow);

    /* What is counted is set as far as the counts say, and primary below. */
    memset(out->stage, 0, sizeof *out - offsetof(struct verdict, stage));
    out->n_also = 0;
    out->flow = flow;
    out->lookup = NULL;
    out->in_scope = verdict_in_scope(scene, flow);
    out->alert = m.alert;
    out->sealed = m.sealed;
    out->remark = spoken_remark(&m);
    out->name_lookup = m.name_lookup;
    if (m.name_lookup)
        out->resolver = m.name_lookup->server;
    out->defects = m.tls ? (uint8_t)visible_proven(&m) : 0;
    for (enum side side = CLIENT; side < SIDES; side++)
        out->trust[side] = visible_trust(&m, side);
    out->primary = judge_primary(&m);
    name_posture(&m, &out->primary);
    raise_settle(&out->primary, &m);
    notes_add(&m, out);
    spoken_notes(&m, out);
    stages_fill(&m, out);
    ruled_add(&m, out);
    if (flow->session && flow->session->unsealer)
        compare_keyless(scene, flow, out);
}
