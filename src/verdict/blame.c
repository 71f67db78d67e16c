#include "verdict/blame.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum { STRONG = 3, MEDIUM = 2, WEAK = 1 };

bool blame_is_adjacent(uint8_t ttl) { return ttl == 64 || ttl == 128 || ttl == 255; }

/* Hops from an initial value; different initial values at one distance are one place, perhaps one
 * host, whose kernel and programs do not begin alike. */
static uint8_t hops(uint8_t ttl)
{
    static const uint8_t initial[] = { 64, 128, 255 };
    size_t i = 0;

    while (initial[i] < ttl)
        i++;
    return (uint8_t)(initial[i] - ttl);
}

static enum origin compare_places(uint8_t ttl, uint8_t own)
{
    return ttl == own ? ORIGIN_SAME : hops(ttl) == hops(own) ? ORIGIN_UNKNOWN : ORIGIN_OTHER;
}

static void say(struct forgery *f, const char *reason)
{
    struct text t = { .at = f->why, .size = sizeof f->why, .n = strlen(f->why) };

    text_add(&t, t.n ? "; " : "");
    text_add(&t, reason);
}

/* Of the same side in this connection: its SYN-ACK and its data must agree to be of use. */
static uint8_t own_ttl(const struct half_more *half)
{
    if (half->ttl_syn && half->ttl_data && half->ttl_syn != half->ttl_data)
        return 0;
    return half->ttl_syn ? half->ttl_syn : half->ttl_data;
}

static void compare_ttl(const struct matter *m, enum side side, struct forgery *f)
{
    const struct half_more *half = &m->more->half[side];
    uint8_t own = own_ttl(half);
    char text[VERDICT_NOTE];

    if (!own || !half->rst.ttl)
        return;
    f->frame = half->first_syn.frame ? half->first_syn.frame : half->first_data.frame;
    f->ttl = compare_places(half->rst.ttl, own);
    if (f->ttl == ORIGIN_UNKNOWN)
        f->score += WEAK;
    if (f->ttl != ORIGIN_OTHER)
        return;
    f->score += STRONG;
    snprintf(text, sizeof text, "its TTL is %u, that of the %s's other packets is %u",
             half->rst.ttl, side_name(side), own);
    say(f, text);
}

/* Only a sender on this link shows its own hardware address. */
static void compare_mac(const struct matter *m, enum side side, struct forgery *f)
{
    static const uint8_t none[6];
    const struct half_more *half = &m->more->half[side];

    if (!blame_is_adjacent(half->rst.ttl) || memcmp(half->mac, none, 6) == 0 ||
        memcmp(half->rst.mac, none, 6) == 0 || memcmp(half->rst.mac, half->mac, 6) == 0)
        return;
    f->score += STRONG;
    say(f, "it comes from another hardware address");
}

static void look_behind(const struct matter *m, enum side side, struct forgery *f)
{
    const struct half_more *half = &m->more->half[side];

    if (half->n_rst && half->last_data.frame > half->rst.frame &&
        seq_after(m->flow->half[side].next, half->rst.seq)) {
        f->score += STRONG;
        f->frame = half->last_data.frame;
        say(f, "data of the same side comes after it");
    }
}

/* Below what the peer had acknowledged already: no host would reset there.  Between that and the
 * next octet a late acknowledgement explains it, above it data still on the way. */
static void compare_sequence(const struct matter *m, enum side side, struct forgery *f)
{
    const struct half_more *half = &m->more->half[side];
    const struct half *own = &m->flow->half[side];

    if (!(own->flags & HALF_ACKED) || own->flags & HALF_FIN || half->unseen_bytes ||
        m->scene->drops)
        return;
    if (seq_before(half->rst.seq + 1, own->acked)) {
        f->score += STRONG;
        say(f, "its sequence number is outside the window");
    }
}

static void compare_rest(const struct matter *m, enum side side, struct forgery *f)
{
    const struct half_more *half = &m->more->half[side];
    const struct half_more *peer = &m->more->half[side_other(side)];

    if (half->syn_options.timestamps && peer->syn_options.timestamps && !half->rst.timestamps)
        f->score += WEAK; /* also kernels' resets for closed sockets */
    if (half->ip_id_syn && !half->rst.ip_id)
        f->score += WEAK;
    if (m->more->rtt_ns > 5000000 && side == SERVER && peer->first_data.frame &&
        half->rst.time_ns - peer->last_data.time_ns < m->more->rtt_ns / 2 &&
        half->rst.time_ns > peer->last_data.time_ns && blame_is_adjacent(peer->ttl_syn)) {
        f->score += MEDIUM;
        say(f, "it comes sooner than the server can answer");
    }
}

struct forgery blame_reset(const struct matter *m, enum side side)
{
    struct forgery f = { .score = 0 };

    if (!m->more->half[side].rst.frame)
        return f;
    compare_ttl(m, side, &f);
    compare_mac(m, side, &f);
    look_behind(m, side, &f);
    compare_sequence(m, side, &f);
    compare_rest(m, side, &f);
    return f;
}

bool blame_both_ends(const struct matter *m, bool *far)
{
    const struct ending_packet *a = &m->more->half[CLIENT].rst, *b = &m->more->half[SERVER].rst;

    if (!a->frame || !b->frame)
        return false;
    int64_t apart = a->time_ns > b->time_ns ? a->time_ns - b->time_ns : b->time_ns - a->time_ns;
    *far = m->more->rtt_ns > 5000000;
    return apart <= 1000000;
}

enum origin blame_refusal(const struct matter *m, uint64_t *compared_frame)
{
    static const uint8_t none[6];
    const struct ending_packet *rst = &m->more->half[SERVER].rst;
    const struct host *host = m->server;

    if (!host || !host->ttl || !host->ttl_frame || host->ttl_varies || !rst->ttl)
        return ORIGIN_UNKNOWN;
    *compared_frame = host->ttl_frame;
    if (host->ttl != rst->ttl)
        return compare_places(rst->ttl, host->ttl);
    if (host->has_mac && blame_is_adjacent(rst->ttl) && memcmp(rst->mac, none, 6) != 0 &&
        memcmp(rst->mac, host->mac, 6) != 0)
        return ORIGIN_OTHER;
    return ORIGIN_SAME;
}

enum owner blame_rejection(const struct matter *m, char why[VERDICT_NOTE], uint64_t *frame)
{
    const struct address *client = &m->flow->address[CLIENT];

    if (!m->seen)
        return OWNER_UNKNOWN;
    unsigned accept = served_others(&m->seen->worked, client);
    unsigned reject = served_others(&m->seen->rejected, client);
    if (served_has(&m->seen->worked, client))
        return OWNER_UNKNOWN; /* this client accepts it at other times */
    if (accept >= 2 && reject == 0) {
        snprintf(why, VERDICT_NOTE, "at least %u other endpoints accept the same server", accept);
        *frame = m->seen->worked.client[0].frame;
        return OWNER_CLIENT;
    }
    if (reject >= 1 && m->seen->worked.n == 0) {
        snprintf(why, VERDICT_NOTE, "no endpoint accepts this certificate, at least %u refuse it",
                 reject + 1);
        *frame = m->seen->rejected.client[0].frame;
        return OWNER_SERVER;
    }
    return OWNER_UNKNOWN;
}
