/* advance.c - from ordered octets to facts: finds TLS wherever it begins, feeds dissectors. */
#include "base/text.h"
#include "session/dissector.h"
#include "session/labeller.h"
#include "session/plain.h"

#include <string.h>

enum {
    RECORD_START = 6,         /* octets that tell a TLS record with its first message type */
    PLAIN_OCTETS = 16 * 1024, /* plain text looked at a side for an upgrade to TLS */
    PATIENCE_OCTETS = STREAM_BUFFER / 2,
};

/* A hole that the peer has acknowledged may still be filled by a packet captured out of order. */
static const int64_t patience_ns = 1 * 1000000LL;

struct tls_stamp session_now(const struct session *s) { return s->now; }

void session_pass(struct session *s, uint64_t n) { s->pass = n; }

void session_dns(struct session *s, const struct dns_message *message)
{
    s->protocol = "dns";
    names_message(s->world->names, message);
}

/* Nothing of a side was read yet: everything from here on is wanted. */
static void want_all(struct flow *flow, const struct packet *packet, enum side from)
{
    for (enum side side = CLIENT; side < SIDES; side++) {
        struct half *half = &flow->half[side];
        uint32_t next = side == from ? packet->seq : packet->ack;
        half->want = (half->flags & HALF_SYN ? half->isn : next) - 1;
    }
}

static void choose_dissector(struct session *s, const struct dissector *d)
{
    s->state = NULL;
    if (d && d->state_size) {
        s->state = arena_zalloc(&s->flow->arena, s->world->pool, d->state_size);
        d = s->state ? d : NULL;
    }
    s->dissector = d;
}

static struct session *session_open(struct session_world *world, struct flow *flow)
{
    struct session *s = arena_zalloc(&flow->arena, world->pool, sizeof *s);
    if (!s) {
        flow->flags |= FLOW_NO_MEMORY;
        return NULL;
    }
    s->flow = flow;
    s->world = world;
    s->protocol = "";
    s->server_name = "";
    s->searching = true;
    for (enum side side = CLIENT; side < SIDES; side++) {
        s->opening[side].line = "";
        s->plain_left[side] = PLAIN_OCTETS;
    }
    choose_dissector(s, dissector_for_port(world->profile, flow->port[SERVER]));
    flow->session = s;
    return s;
}

static void side_done(struct session *s, enum side side)
{
    s->flow->half[side].flags |= HALF_DONE;
    stream_finish(&s->stream[side], &s->flow->arena, s->world->pool);
}

/* The session learned that the sides are the other way round. */
static void swap_roles(struct session *s)
{
    struct stream stream = s->stream[CLIENT];
    struct opening opening = s->opening[CLIENT];
    uint32_t plain = s->plain_left[CLIENT];
    uint64_t gave_up = s->gave_up[CLIENT];

    s->stream[CLIENT] = s->stream[SERVER];
    s->stream[SERVER] = stream;
    s->opening[CLIENT] = s->opening[SERVER];
    s->opening[SERVER] = opening;
    s->plain_left[CLIENT] = s->plain_left[SERVER];
    s->plain_left[SERVER] = plain;
    s->gave_up[CLIENT] = s->gave_up[SERVER];
    s->gave_up[SERVER] = gave_up;
    flow_swap_roles(s->flow, ROLE_HELLO);
}

/* Plain octets before the upgrade that were left to see whether they go on: no record begins so. */
static void pass_plain(struct session *s, enum side side)
{
    struct bytes window = stream_window(&s->stream[side]);
    int first = bytes_peek(&window, 0);

    if (first >= 0 && (first < TLS_CHANGE_CIPHER_SPEC || first > TLS_HEARTBEAT))
        stream_consume(&s->stream[side], bytes_on_wire(&window));
}

static bool start_tls(struct session *s)
{
    if (!s->tls)
        s->tls = tls_open(&s->flow->arena, s->world->pool);
    if (!s->tls) {
        s->flow->flags |= FLOW_NO_MEMORY;
        return false;
    }
    if (keys_in_play(s->world->keys) && !s->unsealer && tls_keep(s->tls))
        s->unsealer = unsealer_open(&s->flow->arena, s->world->pool, s->world->keys);
    s->protocol = "tls";
    s->protocol_guessed = false;
    s->searching = false;
    for (enum side side = CLIENT; side < SIDES; side++) {
        if (side == SERVER)
            pass_plain(s, side);
        s->tls_offset[side] = s->stream[side].read;
    }
    return true;
}

/* Takes the certificates of the message just read, if there are any. */
static void keep_chain(struct session *s)
{
    if (!tls_has_fresh(s->tls))
        return;
    struct tls_certificates fresh = tls_fresh(s->tls);
    unsigned n = fresh.n < TLS_CHAIN_MAX ? fresh.n : TLS_CHAIN_MAX;
    const struct cert **chain =
        n ? arena_zalloc(&s->flow->arena, s->world->pool, n * sizeof(struct cert *)) : NULL;
    s->chain_cut[fresh.from] |= fresh.cut;
    if (!chain || s->n_chain[fresh.from])
        return; /* a renegotiation: the first chain is the one that was judged */
    unsigned kept = 0;
    for (unsigned i = 0; i < n; i++) {
        const struct cert *cert = cert_put(s->world->certs, fresh.der[i]);
        if (cert)
            chain[kept++] = cert;
        else
            s->chain_cut[fresh.from] = true;
    }
    s->chain[fresh.from] = chain;
    s->n_chain[fresh.from] = (uint8_t)kept;
}

static void keep_server_name(struct session *s)
{
    const struct tls_client_hello *hello = s->tls->hello;
    char name[256];

    if (s->named || !hello)
        return;
    s->named = true;
    if (!hello->server_name.left)
        return;
    bool inside = s->talk && s->talk->target[0]; /* the address is the proxy's */
    text_printable(hello->server_name.at, hello->server_name.left, name, sizeof name);
    char *copy = arena_zalloc(&s->flow->arena, s->world->pool, strlen(name) + 1);
    if (!copy)
        return;
    memcpy(copy, name, strlen(name) + 1);
    s->server_name = copy;
    if (!hello->ech && !inside) /* the outer name of ECH is a cover, not a host */
        names_learn(s->world->names, &s->flow->address[SERVER], copy);
}

static void unseal(struct session *s)
{
    while (unsealer_next(s->unsealer, s->tls))
        keep_chain(s);
}

void session_unseal(struct flow *flow)
{
    if (flow->session && flow->session->unsealer && !(flow->flags & FLOW_ENDED))
        unseal(flow->session);
}

const char *session_keys(const struct session *s)
{
    const struct tls_opened *o = s->tls ? s->tls->opened : NULL;

    if (!s->unsealer || !o || !(o->n_opened[CLIENT] + o->n_opened[SERVER]))
        return "none";
    return unsealer_origin(s->unsealer) == KEYS_LOG ? "keylog" : "file";
}

/* A ClientHello that is answered in HTTP: what the answer says is worth reading. */
static bool read_as_reply(struct session *s, enum side from)
{
    struct bytes window = stream_window(&s->stream[from]);

    if (from != SERVER || s->tls->half[SERVER].n_records ||
        s->stream[SERVER].read != s->tls_offset[SERVER] || !bytes_begin_with(&window, "HTTP/1."))
        return false;
    if (!s->dissector || strcmp(s->dissector->name, "http") != 0)
        choose_dissector(s, dissector_named("http"));
    s->dissector_done = false;
    s->plain_reply = s->dissector != NULL;
    return s->plain_reply;
}

/* The protocol that changed to TLS may change back, or be gone on with by mistake: one message of
 * it is read.  True to wait for more of it. */
static bool read_after_tls(struct session *s, enum side from)
{
    struct bytes window = stream_window(&s->stream[from]);
    size_t before = bytes_on_wire(&window);

    if (!s->tls_offset[from] || !s->dissector || s->dissector_done || !before)
        return false;
    enum step step = s->dissector->feed(s, s->state, from, &window);
    return step == STEP_MORE && bytes_on_wire(&window) == before && before < PATIENCE_OCTETS;
}

/* What comes of octets that the TLS layer was shown, of which it used so many.  True when there may
 * be more to read. */
static bool tls_shown(struct session *s, enum side from, enum tls_step step, size_t used)
{
    struct stream *stream = &s->stream[from];

    if (step == TLS_STEP_CERTIFICATES)
        keep_chain(s);
    keep_server_name(s);
    if (step == TLS_STEP_SEALED && s->unsealer) {
        unsealer_take(s->unsealer, &s->tls->opened->record);
        unseal(s);
    }
    stream_consume(stream, used);
    if (step == TLS_STEP_LOST) {
        if (read_as_reply(s, from))
            return true;
        if (read_after_tls(s, from))
            return false;
        side_done(s, from);
        return false;
    }
    uint32_t skip = step == TLS_STEP_MORE ? tls_skippable(s->tls, from) : 0;
    if (skip) {
        stream_skip(stream, skip);
        tls_skipped(s->tls, from, skip, s->now);
    }
    return used || skip;
}

static bool read_tls(struct session *s, enum side from)
{
    struct stream *stream = &s->stream[from];
    struct bytes window = stream_window(stream);
    size_t before = bytes_on_wire(&window);

    s->clipped[from] |= window.clipped != 0;
    if (!stream->read) { /* the other side may answer a hello in plain text */
        opening_note(s, from, &window);
        if (!s->ending && opening_unfinished(&window))
            return false;
    }
    enum tls_step step = tls_feed(s->tls, from, &window, s->now);
    return tls_shown(s, from, step, before - bytes_on_wire(&window));
}

/* What the first octets of a conversation are. */
enum first_look { LOOK_SHORT, LOOK_TLS, LOOK_TLS_SWAPPED, LOOK_PLAIN };

static enum first_look look_at(struct session *s, enum side from, const struct bytes *window)
{
    int client = tls_looks_like_client(window);
    bool role_known = s->flow->role >= ROLE_SYNACK;

    if (client == 1)
        return from == CLIENT || role_known ? LOOK_TLS : LOOK_TLS_SWAPPED;
    int server = tls_looks_like_server(window);
    if (server == 1)
        return from == SERVER || role_known ? LOOK_TLS : LOOK_TLS_SWAPPED;
    if (s->flow->state == TCP_MIDSTREAM && tls_looks_like_record(window) == 1)
        return LOOK_TLS;
    if ((client < 0 || server < 0) && !window->clipped)
        return LOOK_SHORT;
    return LOOK_PLAIN;
}

static bool feed_dissector(struct session *s, enum side from, struct bytes *window)
{
    size_t before = bytes_on_wire(window);
    enum step step = s->dissector->feed(s, s->state, from, window);

    stream_consume(&s->stream[from], before - bytes_on_wire(window));
    if (s->pass) {
        stream_skip(&s->stream[from], s->pass);
        s->pass = 0;
    }
    if (step == STEP_TLS)
        return start_tls(s);
    if (step == STEP_DONE)
        s->dissector_done = true;
    if (step == STEP_ALIEN) {
        if (!s->alien.frame)
            s->alien = s->now;
        s->dissector = NULL;
        return true;
    }
    return before != bytes_on_wire(window);
}

/* A protocol on a port that is not its own is known by its greeting.  False to wait for more of it.
 */
static bool adopt_dissector(struct session *s, enum side from, const struct bytes *window)
{
    bool maybe = false;
    const char *name = plain_greeting(from, window, &maybe);

    if (!name)
        return !maybe || window->clipped || s->ending;
    s->adopted = true;
    choose_dissector(s, dissector_named(name));
    return true;
}

/* The server's plain answer to a ClientHello. */
static bool read_reply(struct session *s)
{
    struct bytes window = stream_window(&s->stream[SERVER]);
    bool more = s->dissector && !s->dissector_done && feed_dissector(s, SERVER, &window);

    if (!s->dissector || s->dissector_done)
        side_done(s, SERVER);
    return more;
}

/* Plain text that no dissector wants: watched for a while, because TLS may follow an upgrade. */
static bool watch_plain(struct session *s, enum side from, struct bytes window)
{
    size_t n = bytes_on_wire(&window);

    if (!s->protocol[0] || s->protocol_guessed)
        plain_label(s, from, &window);
    stream_consume(&s->stream[from], n);
    s->plain_left[from] -= n < s->plain_left[from] ? (uint32_t)n : s->plain_left[from];
    if (!s->plain_left[from])
        side_done(s, from);
    return true;
}

/* Reads what the window of *from shows; *from follows when the roles turn out to be swapped. */
static bool read_plain(struct session *s, enum side *from)
{
    struct bytes window = stream_window(&s->stream[*from]);
    bool first = s->stream[*from].read == 0;

    s->clipped[*from] |= window.clipped != 0;
    size_t proxy = first ? proxy_header(&window) : 0;
    if (proxy) {
        stream_consume(&s->stream[*from], proxy);
        return true;
    }
    if (first && !s->ending && proxy_header_unfinished(&window))
        return false;
    opening_note(s, *from, &window);
    switch (look_at(s, *from, &window)) {
    case LOOK_TLS_SWAPPED:
        swap_roles(s);
        *from = side_other(*from);
        return start_tls(s);
    case LOOK_TLS:
        return start_tls(s);
    case LOOK_SHORT:
        if (first && bytes_on_wire(&window) < RECORD_START)
            return false;
        break;
    case LOOK_PLAIN:
        break;
    }
    if (first && !s->dissector && !s->adopted && !adopt_dissector(s, *from, &window))
        return false;
    s->searching = false;
    if (s->dissector && !s->dissector_done)
        return feed_dissector(s, *from, &window);
    return watch_plain(s, *from, window);
}

/* Reads on until nothing more is understood; answers the side, which may have been swapped. */
static enum side read_all(struct session *s, enum side from)
{
    bool more = true;

    while (more && !(s->flow->half[from].flags & HALF_DONE)) {
        struct bytes window = stream_window(&s->stream[from]);
        if (!bytes_on_wire(&window))
            break;
        more = !s->tls                            ? read_plain(s, &from)
               : from == SERVER && s->plain_reply ? read_reply(s)
                                                  : read_tls(s, from);
    }
    return from;
}

static void read_gap(struct session *s, enum side side, uint64_t missing)
{
    tls_gap(s->tls, side, missing, false, s->now);
    keep_chain(s);
    keep_server_name(s);
}

static void give_up(struct session *s, enum side side, uint64_t missing)
{
    s->gave_up[side] += missing;
    s->hole_since_ns[side] = 0;
    if (s->tls && !(s->plain_reply && side == SERVER))
        read_gap(s, side, missing);
    else if (s->dissector && s->dissector->gap && !s->dissector_done)
        s->dissector->gap(s, s->state, side, missing);
    stream_skip(&s->stream[side], missing);
}

/* Waits for a hole to be filled until the peer has acknowledged beyond it and patience is over. */
static bool hole_is_hopeless(struct session *s, enum side side, uint64_t hole)
{
    const struct half *half = &s->flow->half[side];
    uint32_t behind = stream_seq(&s->stream[side]) + (uint32_t)hole;

    if (!s->hole_since_ns[side])
        s->hole_since_ns[side] = s->now.time_ns;
    if (s->stream[side].overflow)
        return true;
    if (!(half->flags & HALF_ACKED) || seq_before(half->acked, behind))
        return false;
    return s->now.time_ns - s->hole_since_ns[side] > patience_ns ||
           stream_stash_size(&s->stream[side]) >= PATIENCE_OCTETS;
}

/* Goes on behind holes that will not be filled any more. */
static enum side pass_holes(struct session *s, enum side side)
{
    uint64_t hole = stream_hole(&s->stream[side]);

    while (hole && hole_is_hopeless(s, side, hole)) {
        give_up(s, side, hole);
        side = read_all(s, side);
        hole = stream_hole(&s->stream[side]);
    }
    if (!hole)
        s->hole_since_ns[side] = 0;
    return side;
}

/* This packet may acknowledge what the other side sent behind a hole: that came first. */
static void pass_holes_before(struct session *s, enum side side)
{
    const struct flow_more *more = s->flow->more;
    struct tls_stamp now = s->now;

    if (!s->stream[side].stash || !more || !more->half[side].last_data.frame)
        return;
    s->now.frame = more->half[side].last_data.frame;
    s->flow->half[side].want = stream_seq(&s->stream[pass_holes(s, side)]);
    s->now = now;
}

static void advance_udp(struct session *s, const struct packet *packet, enum side from)
{
    struct bytes in = packet->payload;

    opening_note(s, from, &in);
    if (s->dissector && s->dissector->feed(s, s->state, from, &in) != STEP_ALIEN)
        return;
    if (!s->protocol[0])
        plain_label(s, from, &in);
}

/* The segment was read as far as it can be now: holes, and what must be kept of it. */
static void segment_end(struct session *s, enum side from)
{
    struct flow *flow = s->flow;

    from = pass_holes(s, from);
    struct stream *stream = &s->stream[from];
    if (!stream_settle(stream, &flow->arena, s->world->pool))
        flow->flags |= FLOW_NO_MEMORY;
    flow->half[from].want = stream_seq(stream);
}

/* Does TLS go on with this segment, with nothing waiting at either side? */
static bool is_next_of_tls(const struct session *s, const struct packet *packet, enum side from)
{
    const struct stream *stream = &s->stream[from];

    return s->tls && s->named && !s->plain_reply && stream->read && !stream->stash &&
           !s->stream[side_other(from)].stash && packet->seq == stream->base_seq &&
           !packet->payload.clipped && !(packet->flags & TCP_SYN);
}

/* Such a segment needs no stream: what it holds are mostly whole records. */
static void advance_tls(struct session *s, const struct packet *packet, enum side from)
{
    struct stream *stream = &s->stream[from];
    struct bytes window = packet->payload;
    size_t n = window.left;
    enum tls_step step = tls_feed(s->tls, from, &window, s->now);

    if (step == TLS_STEP_MORE && !window.left) {
        uint32_t skip = tls_skippable(s->tls, from);
        s->hole_since_ns[from] = 0;
        stream->read += n + skip;
        stream->base_seq += (uint32_t)n + skip;
        s->flow->half[from].want = stream_seq(stream);
        if (skip)
            tls_skipped(s->tls, from, skip, s->now);
        return;
    }
    stream->direct = packet->payload;
    if (tls_shown(s, from, step, n - window.left))
        from = read_all(s, from);
    segment_end(s, from);
}

static void advance_tcp(struct session *s, const struct packet *packet, enum side from)
{
    struct flow *flow = s->flow;
    struct stream *stream = &s->stream[from];
    uint32_t seq = packet->seq + ((packet->flags & TCP_SYN) != 0);

    pass_holes_before(s, side_other(from));
    if (!stream->started)
        stream_start(stream, flow->half[from].flags & HALF_SYN ? flow->half[from].isn + 1 : seq);
    if (stream_accept(stream, &flow->arena, s->world->pool, seq, packet->payload))
        from = read_all(s, from);
    segment_end(s, from);
}

void session_advance(struct session_world *world, struct flow *flow, const struct packet *packet,
                     enum side from)
{
    struct session *s = flow->session;

    if (!s) {
        s = session_open(world, flow);
        want_all(flow, packet, from);
    }
    if (!s) {
        flow->half[from].flags |= HALF_DONE;
        return;
    }
    s->now = (struct tls_stamp){ packet->frame, packet->time_ns };
    if (is_next_of_tls(s, packet, from))
        advance_tls(s, packet, from);
    else if (flow_is_tcp(flow))
        advance_tcp(s, packet, from);
    else
        advance_udp(s, packet, from);
}

static void prefetch_lines(const void *p, size_t n)
{
    for (size_t i = 0; i < n; i += 64)
        __builtin_prefetch((const char *)p + i, 1);
}

_Static_assert(offsetof(struct session, dissector) <= 256, "flows_prefetch asks for so much of it");

void session_prefetch(const struct flow *flow)
{
    if (flow->session)
        prefetch_lines(flow->session, sizeof *flow->session);
}

void session_prefetch_tls(const struct flow *flow)
{
    if (flow->session && flow->session->tls)
        prefetch_lines(flow->session->tls, sizeof *flow->session->tls);
}

void sessions_prefetch(const struct flows *flows, const struct packet *packets, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct flow *flow = packets[i].payload.left ? flows_met(flows, i) : NULL;
        const struct tls *tls = flow && flow->session ? flow->session->tls : NULL;
        if (!tls)
            continue;
        bool client = packets[i].source_port == flow->port[CLIENT];
        __builtin_prefetch(tls, 1);
        prefetch_lines(&tls->half[client ? CLIENT : SERVER], offsetof(struct tls_half, ccs));
    }
}

static void drain(struct session *s, enum side side)
{
    enum { HOLES = 64 }; /* more cannot be held: RANGES_MAX a stream */

    for (int i = 0; i < HOLES; i++) {
        uint64_t hole = stream_hole(&s->stream[side]);
        if (hole)
            give_up(s, side, hole);
        else if (i)
            return;
        side = read_all(s, side);
    }
}

void session_end(struct session_world *world, struct flow *flow)
{
    struct session *s = flow->session;

    if (flow->flags & FLOW_ENDED)
        return;
    flow->flags |= FLOW_ENDED;
    if (!s)
        return;
    s->ending = true;
    if (!flow_is_tcp(flow)) {
        labeller_forget(&s->ndpi);
        return;
    }
    for (enum side side = CLIENT; side < SIDES; side++)
        if (s->stream[side].started && !(flow->half[side].flags & HALF_DONE))
            drain(s, side);
    labeller_forget(&s->ndpi); /* draining may have asked it once more */
    for (enum side side = CLIENT; side < SIDES; side++) {
        if (s->tls) {
            tls_end(s->tls, side, s->now);
            keep_chain(s);
            keep_server_name(s);
        }
        stream_finish(&s->stream[side], &flow->arena, world->pool);
    }
    if (s->unsealer) {
        unseal(s);
        unsealer_end(s->unsealer);
    }
    if (s->dissector && s->dissector->end)
        s->dissector->end(s, s->state, session_ending(flow));
}

/* The first packet that closed anything, and its sender; NULL when nothing did. */
static const struct ending_packet *first_close(const struct flow *flow, enum side *by, bool *reset)
{
    const struct ending_packet *first = NULL;

    if (!flow->more)
        return NULL;
    for (enum side side = CLIENT; side < SIDES; side++) {
        const struct half_more *half = &flow->more->half[side];
        const struct ending_packet *candidates[] = { &half->fin, &half->rst };
        for (int i = 0; i < 2; i++)
            if (candidates[i]->frame && (!first || candidates[i]->frame < first->frame)) {
                first = candidates[i];
                *by = side;
                *reset = i == 1;
            }
    }
    return first;
}

enum ending session_ending(const struct flow *flow)
{
    enum side by = CLIENT;
    bool reset = false;

    if (!first_close(flow, &by, &reset))
        return ENDED_OPEN;
    if (reset)
        return by == CLIENT ? ENDED_RST_CLIENT : ENDED_RST_SERVER;
    return by == CLIENT ? ENDED_FIN_CLIENT : ENDED_FIN_SERVER;
}

struct sealed_end session_sealed_end(const struct flow *flow)
{
    struct sealed_end end = { .last_ns = flow->last_ns };
    const struct ending_packet *close = first_close(flow, &end.closed_by, &end.by_reset);

    if (close) {
        end.closed = true;
        end.close_ns = close->time_ns;
    }
    if (flow->more)
        end.rtt_ns = flow->more->rtt_ns;
    return end;
}
