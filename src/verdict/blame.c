#include "verdict/blame.h"

#include "base/text.h"
#include "verdict/leaves.h"

#include <stdio.h>
#include <string.h>

enum { STRONG = 3, MEDIUM = 2, WEAK = 1 };

bool blame_is_adjacent(uint8_t ttl) { return ttl == 64 || ttl == 128 || ttl == 255; }

uint8_t blame_hops(uint8_t ttl)
{
    static const uint8_t initial[] = { 64, 128, 255 };
    size_t i = 0;

    while (initial[i] < ttl)
        i++;
    return (uint8_t)(initial[i] - ttl);
}

static enum origin compare_places(uint8_t ttl, uint8_t own)
{
    return ttl == own                           ? ORIGIN_SAME
           : blame_hops(ttl) == blame_hops(own) ? ORIGIN_UNKNOWN
                                                : ORIGIN_OTHER;
}

const char *sign_name(enum sign sign)
{
    static const char *const names[SIGNS] = {
        [SIGN_TTL] = "TTL",
        [SIGN_MAC] = "hardware address",
        [SIGN_ORDER] = "data behind it",
        [SIGN_SEQUENCE] = "sequence number",
        [SIGN_STEPS] = "steps of several resets",
        [SIGN_STAMPS] = "timestamps",
        [SIGN_IP_ID] = "IP id",
        [SIGN_WINDOW] = "window",
        [SIGN_DSCP] = "DSCP",
        [SIGN_DF] = "DF",
        [SIGN_TIME] = "time",
    };
    return names[sign];
}

static void cannot_use(struct forgery *f, enum sign sign) { f->unusable |= (uint16_t)(1U << sign); }

static void sign(struct forgery *f, enum sign which, unsigned weight, const char *reason)
{
    struct text t = { .at = f->why, .size = sizeof f->why, .n = strlen(f->why) };

    f->found |= (uint16_t)(1U << which);
    f->score += weight;
    f->strong |= weight == STRONG;
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

/* Recorded inside a router, on all its sides: what passes is there twice, what it makes itself
 * once.
 */
static bool is_inside_router(const struct scene *scene)
{
    enum { SHARE_PERCENT = 40 };
    return scene->ttl_steps * 2 > scene->copies &&
           scene->payload_copies * 100 >= scene->payload_packets * SHARE_PERCENT;
}

static bool has_no_way_in(const struct matter *m, enum side side)
{
    const struct half_more *half = &m->more->half[side];
    return is_inside_router(m->scene) && half->rst.frame && !half->rst_ttl_varies;
}

/* Only the SYN-ACK is there to compare with, and it comes from nearer than the reset: a device that
 * answers SYNs for the server (its window stays 0 until the server has answered) and passes on
 * what the server says. */
static bool is_from_behind(const struct matter *m, enum side side)
{
    const struct half_more *half = &m->more->half[side];

    if (side != SERVER || !half->ttl_syn || half->ttl_data)
        return false;
    bool waits = half->zero_window.frame && half->zero_window.frame == half->first_syn.frame;
    bool known = m->server && m->server->ttl_varies; /* its other packets do not agree either */
    return (waits || known) && blame_hops(half->rst.ttl) > blame_hops(half->ttl_syn);
}

static void compare_ttl(const struct matter *m, enum side side, struct forgery *f)
{
    const struct half_more *half = &m->more->half[side];
    uint8_t own = own_ttl(half);
    char text[VERDICT_NOTE];

    if (has_no_way_in(m, side)) {
        f->ttl = ORIGIN_OTHER;
        sign(f, SIGN_TTL, STRONG, "it only leaves the recording router, all else passes it");
        return;
    }
    if (!own || !half->rst.ttl) {
        cannot_use(f, SIGN_TTL);
        return;
    }
    f->frame = half->first_syn.frame ? half->first_syn.frame : half->first_data.frame;
    f->ttl = compare_places(half->rst.ttl, own);
    if (f->ttl == ORIGIN_SAME)
        return;
    snprintf(text, sizeof text, "its TTL is %u, that of the %s's other packets is %u",
             half->rst.ttl, side_name(side), own);
    sign(f, SIGN_TTL, f->ttl == ORIGIN_OTHER ? STRONG : WEAK, text);
}

static bool is_set(const uint8_t mac[6])
{
    static const uint8_t none[6];
    return memcmp(mac, none, sizeof none) != 0;
}

/* Only a sender on this link shows its own hardware address. */
static void compare_mac(const struct matter *m, enum side side, struct forgery *f)
{
    const struct half_more *half = &m->more->half[side];

    if (!blame_is_adjacent(half->rst.ttl) || !is_set(half->mac) || !is_set(half->rst.mac))
        cannot_use(f, SIGN_MAC);
    else if (memcmp(half->rst.mac, half->mac, sizeof half->mac) != 0)
        sign(f, SIGN_MAC, STRONG, "it comes from another hardware address");
}

static void look_behind(const struct matter *m, enum side side, struct forgery *f)
{
    const struct half_more *half = &m->more->half[side];

    if (half->n_rst && half->last_data.frame > half->rst.frame &&
        seq_after(m->flow->half[side].next, half->rst.seq)) {
        f->frame = half->last_data.frame;
        sign(f, SIGN_ORDER, STRONG, "data of the same side comes after it");
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
        cannot_use(f, SIGN_SEQUENCE);
    else if (seq_before(half->rst.seq + 1, own->acked))
        sign(f, SIGN_SEQUENCE, STRONG, "its sequence number is outside the window");
}

/* A host that resets knows its own number. */
static void compare_steps(const struct matter *m, enum side side, struct forgery *f)
{
    const struct half_more *half = &m->more->half[side];

    if (half->n_rst < 2 || !(half->rst.flags & TCP_ACK))
        cannot_use(f, SIGN_STEPS);
    else if (half->rst_step > 1)
        sign(f, SIGN_STEPS, STRONG, "several resets follow each other with different numbers");
}

/* A kernel answers what belongs to nothing with a bare reset that takes its number from the
 * packet (RFC 9293 section 3.10.7.1); a program that aborts sends one that acknowledges. */
static bool is_answer(const struct ending_packet *rst)
{
    return rst->frame && !(rst->flags & TCP_ACK);
}

bool blame_is_answer(const struct matter *m)
{
    enum side side = CLIENT;
    const struct ending_packet *close = matter_close(m, &side);
    return close && close == &m->more->half[side].rst && is_answer(close);
}

/* One weak sign: whether it can be used, and whether it is there. */
static void weak_sign(struct forgery *f, enum sign which, bool usable, bool there,
                      const char *reason)
{
    if (!usable)
        cannot_use(f, which);
    else if (there)
        sign(f, which, WEAK, reason);
}

/* How its IP writes it. */
static void compare_header(const struct matter *m, const struct half_more *half, struct forgery *f)
{
    bool known = half->style_known && !half->style_varies;
    bool v4 = address_is_ipv4(&m->flow->address[CLIENT]);

    weak_sign(f, SIGN_DSCP, known, half->rst.dscp != half->dscp_own,
              "its DSCP is not that of its other packets");
    weak_sign(f, SIGN_DF, known && v4, half->rst.dont_fragment != half->dont_fragment_own,
              "its DF is not that of its other packets");
}

/* How an abort is written; a bare answer has none of this wherever it comes from. */
static void compare_style(const struct matter *m, enum side side, struct forgery *f)
{
    const struct half_more *half = &m->more->half[side];
    const struct half_more *peer = &m->more->half[side_other(side)];

    f->answer = is_answer(&half->rst);
    if (f->answer || !half->rst.flags) {
        for (int i = SIGN_STAMPS; i <= SIGN_DF; i++)
            cannot_use(f, (enum sign)i);
        return;
    }
    weak_sign(f, SIGN_STAMPS, half->syn_options.timestamps && peer->syn_options.timestamps,
              !half->rst.timestamps, "it lacks the timestamps of its other packets");
    weak_sign(f, SIGN_IP_ID, half->ip_id_own, !half->rst.ip_id, "its IP id is 0, theirs is not");
    weak_sign(f, SIGN_WINDOW, true, !half->rst.window, "its window is 0");
    compare_header(m, half, f);
}

/* Is it known how long an answer of that server takes here?  One alone may have waited for ARP. */
static bool knows_time(const struct matter *m)
{
    const struct host *host = m->server;
    return host && host->n_answers >= 2 && host->answer_ns > 5000000;
}

/* Sooner than any answer of that server ever came here. */
static bool is_too_soon(const struct matter *m, int64_t since_ns, int64_t rst_ns)
{
    return knows_time(m) && rst_ns > since_ns && rst_ns - since_ns < m->server->answer_ns / 2;
}

static void compare_time(const struct matter *m, enum side side, struct forgery *f)
{
    const struct half_more *peer = &m->more->half[CLIENT];

    if (side != SERVER || !peer->first_data.frame || !knows_time(m))
        cannot_use(f, SIGN_TIME);
    else if (is_too_soon(m, peer->last_data.time_ns, m->more->half[SERVER].rst.time_ns))
        sign(f, SIGN_TIME, MEDIUM, "it comes sooner than the server can answer");
}

struct forgery blame_reset(const struct matter *m, enum side side)
{
    struct forgery f = { .score = 0 };

    if (!m->more->half[side].rst.frame || is_from_behind(m, side)) {
        f.unusable = (1U << SIGNS) - 1;
        return f;
    }
    compare_ttl(m, side, &f);
    compare_mac(m, side, &f);
    look_behind(m, side, &f);
    compare_sequence(m, side, &f);
    compare_steps(m, side, &f);
    compare_style(m, side, &f);
    compare_time(m, side, &f);
    return f;
}

bool blame_both_ends(const struct matter *m, bool *far)
{
    const struct ending_packet *a = &m->more->half[CLIENT].rst, *b = &m->more->half[SERVER].rst;

    if (!a->frame || !b->frame)
        return false;
    /* The later one may be the kernel's answer to what the other side still had on the way. */
    if (is_answer(a->frame > b->frame ? a : b))
        return false;
    int64_t apart = a->time_ns > b->time_ns ? a->time_ns - b->time_ns : b->time_ns - a->time_ns;
    *far = m->more->rtt_ns > 5000000;
    return apart <= 1000000;
}

uint16_t blame_refusal_unusable(const struct matter *m)
{
    const struct ending_packet *rst = &m->more->half[SERVER].rst;
    const struct host *host = m->server;
    struct forgery f = { .score = 0 };

    if (!host || !host->ttl || !host->ttl_frame || host->ttl_varies || !rst->ttl)
        cannot_use(&f, SIGN_TTL);
    if (!host || !host->has_mac || !blame_is_adjacent(rst->ttl) || !is_set(rst->mac))
        cannot_use(&f, SIGN_MAC);
    if (!knows_time(m))
        cannot_use(&f, SIGN_TIME);
    return f.unusable;
}

enum origin blame_refusal(const struct matter *m, uint64_t *compared_frame)
{
    const struct ending_packet *rst = &m->more->half[SERVER].rst;
    const struct host *host = m->server;

    if (has_no_way_in(m, SERVER))
        return ORIGIN_OTHER;
    if (is_too_soon(m, m->more->half[CLIENT].last_syn.time_ns, rst->time_ns))
        return ORIGIN_OTHER;
    if (!host || !host->ttl || !host->ttl_frame || host->ttl_varies || !rst->ttl)
        return ORIGIN_UNKNOWN;
    *compared_frame = host->ttl_frame;
    if (host->ttl != rst->ttl)
        return compare_places(rst->ttl, host->ttl);
    if (host->has_mac && blame_is_adjacent(rst->ttl) && is_set(rst->mac) &&
        memcmp(rst->mac, host->mac, 6) != 0)
        return ORIGIN_OTHER;
    return ORIGIN_SAME;
}

enum owner blame_rejection(const struct matter *m, char why[VERDICT_NOTE], uint64_t *frame)
{
    const struct address *client = &m->flow->address[CLIENT];

    if (!m->seen)
        return OWNER_UNKNOWN;
    /* Where several certificates were shown, who took another one has not accepted this one. */
    const struct leaves *leaves = m->seen->leaves;
    const struct leaf *leaf = leaves && leaves->n > 1 ? leaves_of(leaves, m->flow) : NULL;
    const struct served_clients *worked = leaf ? &leaf->worked : &m->seen->worked;
    const struct served_clients *rejected = leaf ? &leaf->rejected : &m->seen->rejected;
    unsigned accept = served_others(worked, client), reject = served_others(rejected, client);
    if (served_has(worked, client))
        return OWNER_UNKNOWN; /* this client accepts it at other times */
    if (accept >= 2 && reject == 0) {
        snprintf(why, VERDICT_NOTE, "at least %u other endpoints accept the same server", accept);
        *frame = worked->client[0].frame;
        return OWNER_CLIENT;
    }
    if (reject >= 1 && m->seen->worked.n == 0) {
        snprintf(why, VERDICT_NOTE, "no endpoint accepts this certificate, at least %u refuse it",
                 reject + 1);
        *frame = rejected->client[0].frame;
        return OWNER_SERVER;
    }
    return OWNER_UNKNOWN;
}
