#include "verdict/raise.h"

#include <stdio.h>
#include <string.h>

struct raised raise_of(enum finding_id id)
{
    const struct finding *f = finding_of(id);
    struct raised r; /* frames and reason are set as far as they are counted */

    r.id = id;
    r.severity = f->severity;
    r.fact = f->best;
    r.cause = f->prose.cause;
    r.owner = f->owner;
    r.n_frames = 0;
    r.owner_reason[0] = '\0';
    return r;
}

void raise_frame(struct raised *r, uint64_t frame)
{
    unsigned at = r->n_frames;

    if (!frame)
        return;
    while (at > 0 && r->frames[at - 1] >= frame)
        at--;
    if (at < r->n_frames && r->frames[at] == frame)
        return;
    if (r->n_frames == VERDICT_FRAMES) {
        if (at < VERDICT_FRAMES)
            return;
        r->frames[VERDICT_FRAMES - 1] = frame;
        return;
    }
    memmove(r->frames + at + 1, r->frames + at, (r->n_frames - at) * sizeof *r->frames);
    r->frames[at] = frame;
    r->n_frames++;
}

static void add_log(struct raised *r, const struct matter *m, unsigned kinds, enum side from)
{
    for (size_t i = 0; i < m->more->log.n; i++) {
        const struct event *e = &m->more->log.event[i];
        if (e->from == from && kinds >> e->kind & 1)
            raise_frame(r, e->frame);
    }
}

static void add_opening(struct raised *r, const struct matter *m, unsigned kinds)
{
    const struct half_more *half = m->more->half;

    if (kinds & E_SYN) {
        raise_frame(r, half[CLIENT].first_syn.frame);
        if (m->flow->half[CLIENT].flags & HALF_SYN && !m->more->log.n)
            raise_frame(r, m->flow->first_frame);
        add_log(r, m, 1U << EVENT_SYN | 1U << EVENT_SYN_AGAIN, CLIENT);
        raise_frame(r, half[CLIENT].last_syn.frame);
    }
    if (kinds & E_SYNACK) {
        raise_frame(r, half[SERVER].first_syn.frame);
        add_log(r, m,
                1U << EVENT_SYNACK | 1U << EVENT_SYNACK_AGAIN | 1U << EVENT_SYNACK_OTHER |
                    1U << EVENT_SYNACK_BAD,
                SERVER);
        raise_frame(r, m->more->synack_bad.frame);
    }
    if (kinds & E_OPEN)
        raise_frame(r, m->more->established.frame);
}

static void add_handshake(struct raised *r, const struct matter *m, unsigned kinds)
{
    const struct half_more *half = m->more->half;
    const struct tls *t = m->tls;

    if (kinds & E_HELLO) {
        raise_frame(r, half[CLIENT].first_data.frame);
        raise_frame(r, t && t->hello ? t->hello->at.frame : 0);
    }
    if (kinds & E_ANSWER)
        raise_frame(r, t && t->server_hello.present ? t->server_hello.at.frame
                       : t && t->retry.present      ? t->retry.at.frame
                                                    : half[SERVER].first_data.frame);
    if (kinds & E_FLIGHT && t) {
        raise_frame(r, m->sealed.server_flight.frame);
        raise_frame(r, t->certificate[SERVER].frame);
    }
    if (kinds & E_FINAL)
        raise_frame(r, m->sealed.final_flight.frame);
    if (kinds & E_ALERT) {
        raise_frame(r, m->alert ? m->alert->at.frame : 0);
        raise_frame(r, m->sealed.alert_at.frame);
    }
}

static void add_again(struct raised *r, const struct matter *m, enum side side)
{
    const struct half_more *half = &m->more->half[side];

    raise_frame(r, half->again_first.frame);
    raise_frame(r, half->again_last.frame);
    add_log(r, m, 1U << EVENT_DATA_AGAIN, side);
}

static void add_end(struct raised *r, const struct matter *m, unsigned kinds)
{
    const struct half_more *half = m->more->half;
    enum side side = CLIENT;
    const struct ending_packet *close = matter_close(m, &side);

    if (kinds & E_CLOSE && close)
        raise_frame(r, close->frame);
    for (side = CLIENT; side < SIDES; side++) {
        if (kinds & E_RESETS)
            raise_frame(r, half[side].rst.frame);
        if (kinds & E_HOLE)
            raise_frame(r, half[side].sack_hole.frame);
        if (kinds & E_DATA)
            raise_frame(r, half[side].last_data.frame);
    }
    if (kinds & E_HOLE) {
        add_log(r, m, 1U << EVENT_SACK_HOLE, CLIENT);
        add_log(r, m, 1U << EVENT_SACK_HOLE, SERVER);
    }
    if (kinds & E_ICMP)
        raise_frame(r, m->more->icmp.frame);
    if (kinds & E_TOO_BIG) {
        raise_frame(r, m->more->too_big.frame);
        add_log(r, m, 1U << EVENT_ICMP, m->more->too_big.quoted_from);
    }
}

void raise_evidence(struct raised *r, const struct matter *m, unsigned kinds)
{
    add_opening(r, m, kinds);
    add_handshake(r, m, kinds);
    if (kinds & E_AGAIN_C)
        add_again(r, m, CLIENT);
    if (kinds & E_AGAIN_S)
        add_again(r, m, SERVER);
    add_end(r, m, kinds);
}

void raise_owner(struct raised *r, enum owner owner, const char *why)
{
    r->owner = owner;
    snprintf(r->owner_reason, sizeof r->owner_reason, "%s", why);
}

void raise_settle(struct raised *r, const struct matter *m)
{
    const struct finding *f = finding_of(r->id);

    if (r->fact > f->best)
        r->fact = f->best;
    if (r->fact == NO_CONFIDENCE)
        r->fact = POSSIBLE;
    if (r->cause > f->prose.cause)
        r->cause = f->prose.cause;
    if (r->cause > r->fact)
        r->cause = r->fact;
    if (!r->n_frames) {
        raise_frame(r, m->flow->first_frame);
        raise_frame(r, m->flow->last_frame);
    }
}

void raise_also(struct verdict *out, const struct raised *r)
{
    if (out->n_also < VERDICT_ALSO)
        out->also[out->n_also++] = *r;
}
