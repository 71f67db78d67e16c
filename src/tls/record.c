#include "tls/record.h"

#include "tls/handshake.h"
#include "tls/hello.h"
#include "tls/join.h"
#include "tls/names.h"

#include <assert.h>
#include <string.h>

/* What the body of the current record is good for. */
enum record_use {
    USE_NOTHING, /* heartbeats */
    USE_KEY_CHANGE,
    USE_ALERT, /* plain */
    USE_JOIN,  /* plain handshake messages */
    USE_SEALED,
};

struct record_header {
    uint8_t type;
    uint16_t version, length;
};

int record_header_fits(const struct bytes *in)
{
    if (in->left >= RECORD_HEADER && in->fault == BYTES_FINE) {
        const uint8_t *p = in->at;
        return p[0] >= TLS_CHANGE_CIPHER_SPEC && p[0] <= TLS_HEARTBEAT && p[1] == 3 && p[2] <= 4 &&
               (p[3] << 8 | p[4]) <= RECORD_BODY_MAX;
    }
    int type = bytes_peek(in, 0), major = bytes_peek(in, 1), minor = bytes_peek(in, 2);
    int high = bytes_peek(in, 3), low = bytes_peek(in, 4);

    if ((type >= 0 && (type < TLS_CHANGE_CIPHER_SPEC || type > TLS_HEARTBEAT)) ||
        (major >= 0 && major != 3) || minor > 4)
        return 0;
    if (low < 0)
        return -1;
    return (high << 8 | low) <= RECORD_BODY_MAX;
}

/* RFC 5246 appendix E.2: two octets of length, then type, version, three lengths that must add up.
 */
int record_sslv2_fits(const struct bytes *in, uint32_t *out)
{
    int first = bytes_peek(in, 0), type = bytes_peek(in, 2);
    int major = bytes_peek(in, 3), minor = bytes_peek(in, 4);

    if ((first >= 0 && !(first & 0x80)) || (type >= 0 && type != TLS_CLIENT_HELLO) || major > 3 ||
        (minor >= 0 && !(major == 3 ? minor <= 4 : major == 0 && minor == 2)))
        return 0;
    if (bytes_peek(in, 10) < 0)
        return -1;
    struct bytes b = *in;
    uint32_t length = bytes_u16(&b) & 0x7fff;
    bytes_skip(&b, 3);
    uint32_t specs = bytes_u16(&b), session = bytes_u16(&b), challenge = bytes_u16(&b);
    *out = length + 2;
    return specs % 3 == 0 && specs > 0 && challenge > 0 &&
           9 + specs + session + challenge == length;
}

/* ---- first looks -------------------------------------------------------------------------------
 */

int tls_looks_like_record(const struct bytes *in) { return record_header_fits(in); }

int tls_looks_like_client(const struct bytes *in)
{
    uint32_t octets = 0;
    int first = bytes_peek(in, 0), message = bytes_peek(in, RECORD_HEADER);

    if (first >= 0x80)
        return record_sslv2_fits(in, &octets);
    int fits = first < 0 || first == TLS_HANDSHAKE ? record_header_fits(in) : 0;
    if (fits != 1)
        return fits;
    if (bytes_peek(in, 3) == 0 && bytes_peek(in, 4) == 0)
        return 0;
    return message < 0 ? -1 : message == TLS_CLIENT_HELLO;
}

int tls_looks_like_server(const struct bytes *in)
{
    int type = bytes_peek(in, 0), message = bytes_peek(in, RECORD_HEADER);
    int fits = type < 0 || type == TLS_HANDSHAKE || type == TLS_ALERT ? record_header_fits(in) : 0;

    if (fits != 1)
        return fits;
    if (type == TLS_ALERT)
        return bytes_peek(in, 3) == 0 && bytes_peek(in, 4) == RECORD_ALERT;
    return message < 0 ? -1 : message == TLS_SERVER_HELLO || message == 6; /* 6: draft retry */
}

/* ---- records -----------------------------------------------------------------------------------
 */

static void half_lose(struct tls *t, enum side from, struct tls_stamp at)
{
    (void)join_cut(t, from, at);
    t->half[from].lost = true;
    t->half[from].dead = true;
    t->half[from].body_left = 0;
}

/* Do plain handshake messages fill this record to its last octet?  Sealed ones do not by chance. */
static bool messages_fill(struct bytes body, uint16_t length)
{
    struct bytes b = bytes_take(&body, length);

    if (b.clipped || b.fault != BYTES_FINE)
        return false;
    while (bytes_ok(&b) && b.left) {
        uint16_t type = bytes_u8(&b);
        if (type == TLS_HELLO_REQUEST || !tls_message_name(type))
            return false;
        (void)bytes_vector(&b, 3);
    }
    return bytes_done(&b);
}

/* Records were missed.  A window that begins with a header of the version seen before is where the
 * next one starts, for senders begin their flights and most of their writes with a segment.  Up to
 * TLS 1.2 the missed part may have held the ChangeCipherSpec: what fills no record is then sealed.
 */
static bool record_found(struct tls *t, enum side from, const struct bytes *in)
{
    enum { SEALED_HANDSHAKE_MOST = 128 }; /* octets of a sealed Finished, with room to spare */
    struct tls_half *half = &t->half[from];
    struct bytes b = *in;

    if (record_header_fits(in) != 1)
        return false;
    uint8_t type = bytes_u8(&b);
    uint16_t version = bytes_u16(&b), length = bytes_u16(&b);
    if (version != half->record_version || length == 0 || type == TLS_HEARTBEAT)
        return false;
    if (tls_is_13(t) || type == TLS_CHANGE_CIPHER_SPEC || type == TLS_ALERT)
        return type != TLS_CHANGE_CIPHER_SPEC || length == 1;
    bool plain = type == TLS_HANDSHAKE && messages_fill(b, length);
    if (type == TLS_HANDSHAKE && !plain && length > SEALED_HANDSHAKE_MOST)
        return false;
    half->sealed = half->sealed || !plain;
    return true;
}

/* ---- for keys ----------------------------------------------------------------------------------
 */

/* The records that may hold more than application data: the first ones, and later ones as small as
 * an alert; up to TLS 1.2 the outside tells. */
static bool is_wanted(const struct tls *t, const struct tls_half *half)
{
    if (!t->keep || half->record_use != USE_SEALED || !t->server_hello.present)
        return false;
    if (!t->chose_13 && half->record_type == TLS_APPLICATION_DATA)
        return false;
    return half->n_sealed < TLS_SEALED_MAX || half->record_length <= TLS_KEPT_SMALL;
}

static void kept_drop(struct tls *t, enum side from)
{
    arena_give_back(t->arena, t->pool, t->opened->kept[from].at);
    t->opened->kept[from] = (struct tls_kept){ 0 };
    t->half[from].kept = false;
}

/* Octets of a record that does not lie whole in one window. */
static void kept_add(struct tls *t, enum side from, struct bytes piece)
{
    struct tls_kept *kept = &t->opened->kept[from];

    if (!kept->at)
        kept->at = arena_zalloc_block(t->arena, t->pool, t->half[from].record_length);
    if (!kept->at) {
        t->half[from].kept = false;
        return;
    }
    memcpy(kept->at + kept->have, piece.at, piece.left);
    kept->have += (uint32_t)piece.left;
}

/* The record is whole: is there something to hand on? */
static bool kept_end(struct tls *t, enum side from, struct bytes last, struct tls_stamp at)
{
    struct tls_half *half = &t->half[from];
    const struct tls_kept *kept = &t->opened->kept[from];
    struct bytes body = last;

    if (kept->at) {
        kept_add(t, from, last);
        body = bytes_whole(kept->at, kept->have);
    }
    half->kept = false;
    if (half->n_sealed == 0 || body.left != half->record_length)
        return false;
    t->opened->record = (struct tls_record){
        .at = at,
        .sequence = (uint64_t)half->n_sealed + half->n_application - 1,
        .index = half->n_sealed - 1,
        .version = half->record_version,
        .from = (uint8_t)from,
        .type = half->record_type,
        .body = body,
    };
    return true;
}

static void record_end(struct tls *t, enum side from, struct tls_stamp at)
{
    struct tls_half *half = &t->half[from];

    half->last = at;
    half->n_records++;
    if (half->record_use == USE_KEY_CHANGE)
        handshake_key_change(t, from, at);
    else if (half->record_use == USE_ALERT)
        handshake_alert(t, from, half->alert_have == RECORD_ALERT ? half->alert : NULL, at);
    else if (half->record_use == USE_SEALED)
        handshake_sealed_record(t, from, at);
}

/* A client's ChangeCipherSpec came before any ServerHello.  If that was TLS 1.3, the next handshake
 * record is a second ClientHello; if it was not (the server's side is missing), it is sealed. */
static bool is_second_hello(const struct bytes *body, uint16_t length)
{
    return bytes_peek(body, 0) == TLS_CLIENT_HELLO && bytes_peek(body, 1) == 0 &&
           (bytes_peek(body, 2) << 8 | bytes_peek(body, 3)) + 4 >= length;
}

static enum record_use handshake_use(const struct tls *t, struct tls_half *half,
                                     const struct bytes *body)
{
    if (t->chose_13)
        return USE_JOIN; /* RFC 8446 section 5.1: what is protected has type 23 outside */
    if (half->unsure && !is_second_hello(body, half->record_length))
        half->sealed = true;
    return half->sealed ? USE_SEALED : USE_JOIN;
}

static enum record_use record_use(const struct tls *t, struct tls_half *half,
                                  const struct bytes *body)
{
    if (half->record_length == 0 && half->record_type < TLS_HANDSHAKE)
        return USE_NOTHING; /* no change of keys, and no alert (RFC 5246 section 6.2.1) */
    switch (half->record_type) {
    case TLS_CHANGE_CIPHER_SPEC:
        return USE_KEY_CHANGE;
    case TLS_ALERT:
        return half->record_length == RECORD_ALERT ? USE_ALERT : USE_SEALED;
    case TLS_HANDSHAKE:
        return handshake_use(t, half, body);
    case TLS_APPLICATION_DATA:
        return USE_SEALED;
    default:
        return USE_NOTHING;
    }
}

/* Moves to the next record: at the start of the window, or a plain handshake record within it. */
static bool record_sought(struct tls *t, enum side from, struct bytes *in)
{
    struct tls_half *half = &t->half[from];
    struct bytes b = *in;

    if (record_found(t, from, in))
        return true;
    for (; !half->sealed && b.left > RECORD_HEADER; bytes_skip(&b, 1)) {
        const uint8_t *next = memchr(b.at, TLS_HANDSHAKE, b.left);
        if (!next)
            return false;
        bytes_skip(&b, (uint64_t)(next - b.at));
        struct bytes body = b;
        bytes_skip(&body, 1);
        bool fits = bytes_u16(&body) == half->record_version;
        uint16_t length = bytes_u16(&body);
        if (fits && length && bytes_ok(&body) && messages_fill(body, length)) {
            *in = b;
            return true;
        }
    }
    return false;
}

/* The limit of the version that was chosen. */
static inline uint32_t body_most(const struct tls *t)
{
    return t->chose_13 ? RECORD_BODY_MAX_13 : RECORD_BODY_MAX;
}

/* As record_header_fits, by that limit. */
static int header_fits(const struct tls *t, const struct bytes *in)
{
    int fits = record_header_fits(in);
    bool too_long = fits == 1 && (uint32_t)(in->at[3] << 8 | in->at[4]) > body_most(t);
    return too_long ? 0 : fits;
}

/* A header that fits is whole in the window. */
static inline void header_take(struct tls_half *half, struct bytes *in)
{
    const uint8_t *p = in->at;

    half->record_type = p[0];
    half->record_version = (uint16_t)(p[1] << 8 | p[2]);
    half->record_length = (uint16_t)(p[3] << 8 | p[4]);
    in->at = p + RECORD_HEADER;
    in->left -= RECORD_HEADER;
}

/* Reads the next header; false when there is none, or not all of it yet. */
static bool record_begin(struct tls *t, enum side from, struct bytes *in, struct tls_stamp at)
{
    struct tls_half *half = &t->half[from];
    int fits = header_fits(t, in);

    if (fits == 0) {
        half->alien = !half->gap;
        half_lose(t, from, at);
    }
    if (fits != 1)
        return false;
    header_take(half, in);
    half->body_left = half->record_length;
    half->wrapped = false;
    half->alert_have = 0;
    half->record_use = (uint8_t)record_use(t, half, in);
    half->kept = is_wanted(t, half);
    if (half->body_left == 0)
        record_end(t, from, at);
    return true;
}

/* The whole of an SSL 2.0 hello at the start of the client's side; false when it must come again.
 */
static bool sslv2_begin(struct tls *t, struct bytes *in, struct tls_stamp at)
{
    struct tls_half *half = &t->half[CLIENT];
    uint32_t octets = 0;
    int fits = record_sslv2_fits(in, &octets);

    if (fits == 0 || octets > TLS_HELLO_MAX) {
        half->alien = true;
        half_lose(t, CLIENT, at);
        return false;
    }
    if (fits < 0 || bytes_on_wire(in) < octets)
        return false;
    struct bytes message = bytes_take(in, octets);
    bytes_skip(&message, 2);
    half->record_type = TLS_HANDSHAKE;
    half->record_use = USE_NOTHING;
    handshake_sslv2_hello(t, message, at);
    record_end(t, CLIENT, at);
    return true;
}

static bool alert_feed(struct tls_half *half, struct bytes *in)
{
    while (in->left && half->body_left) {
        half->alert[half->alert_have++] = bytes_u8(in);
        half->body_left--;
    }
    return false;
}

/* Octets of a body that nobody needs, or only who has keys.  True: stopped behind the latter. */
static bool sealed_feed(struct tls *t, enum side from, struct bytes *in, struct tls_stamp at)
{
    struct tls_half *half = &t->half[from];
    struct bytes piece = bytes_take(in, in->left < half->body_left ? in->left : half->body_left);

    half->body_left -= (uint32_t)piece.left;
    if (half->body_left == 0) {
        bool kept = half->kept;
        record_end(t, from, at);
        return kept && kept_end(t, from, piece, at);
    }
    if (half->kept)
        kept_add(t, from, piece);
    return false;
}

/* Octets of the current record's body.  True: stopped behind a Certificate. */
static bool record_feed(struct tls *t, enum side from, struct bytes *in, struct tls_stamp at)
{
    struct tls_half *half = &t->half[from];
    bool fresh = false;

    if (half->record_use == USE_JOIN) {
        fresh = join_feed(t, from, in, at);
    } else if (half->record_use == USE_ALERT) {
        fresh = alert_feed(half, in);
    } else {
        return sealed_feed(t, from, in, at);
    }
    if (half->body_left == 0)
        record_end(t, from, at);
    return fresh;
}

static bool begins_sslv2(const struct tls *t, enum side from, const struct bytes *in)
{
    return from == CLIENT && t->half[CLIENT].n_records == 0 && bytes_peek(in, 0) >= 0x80;
}

/* The bytes behind the window were sent but not captured: a gap from where we stand. */
static void feed_clipped(struct tls *t, enum side from, struct bytes *in, struct tls_stamp at)
{
    size_t missing = in->clipped;

    bytes_skip(in, bytes_on_wire(in)); /* also what is there of a cut header */
    tls_gap(t, from, missing, true, at);
}

/* Octets of a record of application data at `p`, header included; 0 = it is something else, or not
 * whole. */
static inline uint32_t application_octets(const uint8_t *p, size_t left, uint32_t most)
{
    if (left <= RECORD_HEADER || p[0] != TLS_APPLICATION_DATA || p[1] != 3 || p[2] > 4)
        return 0;
    uint32_t length = (uint32_t)p[3] << 8 | p[4];
    bool whole = length && length <= most && length <= left - RECORD_HEADER;
    return whole ? RECORD_HEADER + length : 0;
}

static void application_end(struct tls_half *half, const uint8_t *last, struct tls_stamp at)
{
    half->record_type = TLS_APPLICATION_DATA;
    half->record_use = USE_SEALED;
    half->record_version = (uint16_t)(last[1] << 8 | last[2]);
    half->record_length = (uint16_t)(last[3] << 8 | last[4]);
    half->alert_have = 0;
    half->wrapped = half->kept = false;
    half->last = at;
}

/* Application data whose records lie whole in the window, and that nobody has keys for: most of
 * what most connections send.  False, and nothing done, when it is something else. */
static bool application_records(struct tls *t, enum side from, struct bytes *in,
                                struct tls_stamp at)
{
    struct tls_half *half = &t->half[from];
    const uint8_t *p = in->at, *end = p + in->left, *last = NULL;
    uint32_t most = body_most(t), octets = application_octets(p, in->left, most), n = 0;

    if (t->keep || in->fault != BYTES_FINE || !octets)
        return false;
    bool hidden = handshake_hides_type(t, half);
    for (; octets; octets = application_octets(p, (size_t)(end - p), most)) {
        if (hidden)
            handshake_hidden_record(t, half, (uint16_t)(octets - RECORD_HEADER), at);
        last = p;
        p += octets;
        n++;
    }
    if (!hidden)
        handshake_application(half, n, (uint64_t)(p - in->at) - n * RECORD_HEADER, at);
    half->n_records += n;
    application_end(half, last, at);
    in->at = p;
    in->left = (size_t)(end - p);
    return true;
}

static inline bool is_application(const struct bytes *in)
{
    return in->left > RECORD_HEADER && in->at[0] == TLS_APPLICATION_DATA;
}

static enum tls_step feed(struct tls *t, enum side from, struct bytes *in, struct tls_stamp at)
{
    struct tls_half *half = &t->half[from];
    bool again = true;

    join_settle(t, from);
    if (half->seeking && !record_sought(t, from, in)) {
        bytes_skip(in, bytes_on_wire(in));
        return TLS_STEP_MORE;
    }
    half->seeking = false;
    if (t->keep && t->opened->kept[from].at && !half->kept)
        kept_drop(t, from);
    while (again && !half->dead && in->left) {
        if (half->body_left == 0)
            again = (is_application(in) && application_records(t, from, in, at)) ||
                    (begins_sslv2(t, from, in) ? sslv2_begin(t, in, at)
                                               : record_begin(t, from, in, at));
        else if (record_feed(t, from, in, at))
            return t->fresh ? TLS_STEP_CERTIFICATES : TLS_STEP_SEALED;
    }
    if (!half->dead && in->clipped)
        feed_clipped(t, from, in, at);
    if (t->fresh && tls_fresh(t).n > 0)
        return TLS_STEP_CERTIFICATES;
    return half->dead ? TLS_STEP_LOST : TLS_STEP_MORE;
}

/* Does a record begin here, with nothing left over from before? */
static inline bool is_at_border(const struct tls_half *half)
{
    return !half->body_left && !half->join && !half->seeking && !half->dead;
}

enum tls_step tls_feed(struct tls *t, enum side from, struct bytes *in, struct tls_stamp at)
{
    t->fresh = false;
    if (is_application(in) && is_at_border(&t->half[from]) &&
        application_records(t, from, in, at) && !in->left && !in->clipped)
        return TLS_STEP_MORE;
    return feed(t, from, in, at);
}

/* ---- what the caller need not show, or never saw ------------------------------------------------
 */

uint32_t tls_skippable(const struct tls *t, enum side from)
{
    const struct tls_half *half = &t->half[from];
    bool useless = half->record_use == USE_SEALED || half->record_use == USE_NOTHING;

    return useless && !half->kept ? half->body_left : 0;
}

void tls_skipped(struct tls *t, enum side from, uint32_t n, struct tls_stamp at)
{
    struct tls_half *half = &t->half[from];

    assert(n <= tls_skippable(t, from));
    half->body_left -= n;
    if (n > 0 && half->body_left == 0)
        record_end(t, from, at);
}

static void gap_note(struct tls_half *half, bool clipped)
{
    half->gap = true;
    half->clipped = half->clipped || clipped;
}

void tls_gap(struct tls *t, enum side from, uint64_t n, bool clipped, struct tls_stamp at)
{
    struct tls_half *half = &t->half[from];
    uint32_t inside = n < half->body_left ? (uint32_t)n : half->body_left;

    t->fresh = false;
    if (half->dead || half->seeking || n == 0)
        return;
    join_settle(t, from);
    if (inside > 0) {
        half->wrapped = true;
        half->kept = false;
        half->body_left -= inside;
        if (half->record_use == USE_JOIN) {
            gap_note(half, clipped);
            join_gap(t, from, inside, at);
        }
        if (half->body_left == 0)
            record_end(t, from, at);
    }
    if (n > inside) {
        if (!half->finish.frame)
            gap_note(half, clipped);
        half_lose(t, from, at);
        half->dead = half->record_version == 0;
        half->seeking = !half->dead;
    }
}

void tls_end(struct tls *t, enum side from, struct tls_stamp at)
{
    join_settle(t, from);
    t->fresh = false;
    (void)join_cut(t, from, at);
}
