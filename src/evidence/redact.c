#include "evidence/redact.h"

#include "base/arena.h"
#include "base/table.h"
#include "base/text.h"
#include "evidence/recertify.h"
#include "evidence/rewrite.h"
#include "evidence/scrub.h"
#include "frame/capture.h"
#include "stream/stream.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TALKS = 1 << 22,
    HOLE_PATIENCE = STREAM_BUFFER / 2,
    PORT_DNS = 53,
    PORT_LDAP = 389,
    PORT_LDAPS = 636
};

/* Both directions have the same: the lower (address, port) first. */
struct talk_key {
    struct address low, high;
    uint16_t low_port, high_port;
    uint32_t zero;
};

/* One connection of a talk: ports are used again. */
struct span {
    struct span *older;
    uint64_t first_frame;
    struct stream stream[SIDES];
    uint32_t base[SIDES]; /* sequence number of the first octet */
    struct scrub_stream scrub;
    struct arena arena;
};

struct redactor {
    struct scrubber scrubber;
    struct rewriter rewriter;
    struct table talks; /* struct talk_key -> struct span *, the newest */
    struct pool *pool;
    uint64_t memory;
    bool no_memory;
    uint8_t *data;
    size_t room;
};

static void fill_payload(void *context, const struct rewrite_segment *segment);

const char *redaction_name(enum redaction level)
{
    static const char *const name[] = { "none", "light", "standard", "strict" };
    return name[level];
}

struct redactor *redactor_open(enum redaction level, const uint8_t key[MASK_KEY],
                               const char *const *kept)
{
    struct redactor *r = calloc(1, sizeof *r);

    if (r && (r->scrubber.mask = mask_open(key, kept)) &&
        (r->scrubber.recertifier = recertifier_open()) &&
        (r->pool = pool_open(REDACT_MEMORY / 2)) &&
        table_open(&r->talks, sizeof(struct talk_key), sizeof(struct span *), TALKS)) {
        r->scrubber.names = level >= REDACT_STANDARD;
        r->scrubber.strict = level >= REDACT_STRICT;
        if (r->scrubber.strict)
            mask_be_strict(r->scrubber.mask);
        r->rewriter = (struct rewriter){ &r->scrubber, fill_payload, r };
        return r;
    }
    redactor_close(r);
    return NULL;
}

static void span_free(struct redactor *r, struct span *span)
{
    while (span) {
        struct span *older = span->older;
        scrub_free(&span->scrub);
        arena_release(&span->arena, r->pool);
        free(span);
        span = older;
    }
}

void redactor_forget(struct redactor *r)
{
    for (size_t i = 0; i < r->talks.n; i++)
        span_free(r, *(struct span **)table_at(&r->talks, i));
    table_close(&r->talks);
    r->memory = 0;
    r->no_memory = !table_open(&r->talks, sizeof(struct talk_key), sizeof(struct span *), TALKS);
}

void redactor_close(struct redactor *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->talks.n; i++)
        span_free(r, *(struct span **)table_at(&r->talks, i));
    table_close(&r->talks);
    pool_close(r->pool);
    recertifier_close(r->scrubber.recertifier);
    mask_close(r->scrubber.mask);
    free(r->data);
    free(r);
}

/* ---- which connection ---- */

static struct talk_key key_of(const struct address *source, uint16_t source_port,
                              const struct address *destination, uint16_t destination_port,
                              enum side *from)
{
    int order = memcmp(source, destination, sizeof *source);
    bool low = order < 0 || (order == 0 && source_port <= destination_port);

    *from = low ? CLIENT : SERVER;
    if (low)
        return (struct talk_key){ *source, *destination, source_port, destination_port, 0 };
    return (struct talk_key){ *destination, *source, destination_port, source_port, 0 };
}

static bool is_port(const struct talk_key *key, uint16_t port)
{
    return key->low_port == port || key->high_port == port;
}

static struct span *span_new(struct redactor *r, struct span **newest, const struct talk_key *key,
                             uint64_t frame)
{
    struct span *span = calloc(1, sizeof *span);

    if (!span) {
        r->no_memory = true;
        return NULL;
    }
    span->older = *newest;
    span->first_frame = frame;
    span->scrub.dns = is_port(key, PORT_DNS);
    span->scrub.ldap = is_port(key, PORT_LDAP) || is_port(key, PORT_LDAPS);
    r->memory += sizeof *span;
    *newest = span;
    return span;
}

/* ---- learning ---- */

static uint64_t edits_of(const struct span *span, enum side side)
{
    return edits_memory(&span->scrub.side[side].edits);
}

static void drain(struct redactor *r, struct span *span, enum side side)
{
    struct stream *s = &span->stream[side];

    for (;;) {
        struct bytes w = stream_window(s);
        size_t n = bytes_on_wire(&w);
        if (!n)
            return;
        scrub_take(&span->scrub, &r->scrubber, side, w.at, w.left);
        if (w.clipped)
            scrub_lost(&span->scrub, &r->scrubber, side, w.clipped);
        stream_consume(s, n);
    }
}

static void pass_hole(struct redactor *r, struct span *span, enum side side)
{
    uint64_t hole = stream_hole(&span->stream[side]);

    if (!hole)
        return;
    scrub_lost(&span->scrub, &r->scrubber, side, hole);
    stream_skip(&span->stream[side], hole);
    drain(r, span, side);
}

static void learn_segment(struct redactor *r, struct span *span, enum side side,
                          const struct packet *p)
{
    struct stream *s = &span->stream[side];
    uint64_t before = edits_of(span, side);
    uint32_t seq = p->seq + (p->flags & TCP_SYN ? 1 : 0);

    if (!s->started) {
        stream_start(s, seq);
        span->base[side] = seq;
    }
    if (!bytes_on_wire(&p->payload))
        return;
    if (stream_accept(s, &span->arena, r->pool, seq, p->payload))
        drain(r, span, side);
    if (!stream_settle(s, &span->arena, r->pool) || stream_stash_size(s) > HOLE_PATIENCE)
        pass_hole(r, span, side);
    r->memory += edits_of(span, side) - before;
}

static void meet_all(struct redactor *r, const struct packet *p)
{
    static const struct address nobody;
    const struct address *all[] = { &p->source, &p->destination, &p->quote.source,
                                    &p->quote.destination };

    for (size_t i = 0; i < (p->quote.present ? 4 : 2); i++)
        if (!address_equal(all[i], &nobody))
            mask_meet(r->scrubber.mask, all[i]);
}

void redactor_learn(struct redactor *r, const struct packet *p)
{
    enum side side;

    meet_all(r, p);
    if (p->kind != PACKET_TCP || p->fragment || r->memory > REDACT_MEMORY)
        return;
    struct talk_key key =
        key_of(&p->source, p->source_port, &p->destination, p->destination_port, &side);
    struct span **newest = table_put(&r->talks, &key);
    if (!newest) {
        r->no_memory = true;
        return;
    }
    struct span *span = *newest;
    bool again =
        span && p->flags & TCP_SYN && span->stream[side].started && span->base[side] != p->seq + 1;
    if (!span || again)
        span = span_new(r, newest, &key, p->frame);
    if (span)
        learn_segment(r, span, side, p);
}

bool redactor_learned(struct redactor *r, struct failure *failure)
{
    for (size_t i = 0; i < r->talks.n; i++)
        for (struct span *span = *(struct span **)table_at(&r->talks, i); span;
             span = span->older) {
            for (int side = 0; side < SIDES; side++)
                while (stream_hole(&span->stream[side]))
                    pass_hole(r, span, (enum side)side);
            scrub_end(&span->scrub, &r->scrubber);
            arena_release(&span->arena, r->pool);
        }
    if (!r->no_memory && r->memory <= REDACT_MEMORY)
        return true;
    *failure =
        (struct failure){ .what = "redaction",
                          .why = "this capture holds more connections than there is memory for",
                          .remedy = "let -w FILE --redact LEVEL pick the evidence first" };
    return false;
}

/* ---- rewriting ---- */

static void fill_payload(void *context, const struct rewrite_segment *segment)
{
    struct redactor *r = context;
    enum side side;
    struct talk_key key = key_of(&segment->source, segment->source_port, &segment->destination,
                                 segment->destination_port, &side);
    struct span *const *newest = table_get(&r->talks, &key);
    const struct span *span = newest ? *newest : NULL;

    while (span && span->first_frame > segment->frame)
        span = span->older;
    if (!span || !span->stream[side].started) {
        memset(segment->payload, 0, segment->n);
        return;
    }
    uint32_t at = segment->seq + (segment->syn ? 1U : 0U) - span->base[side];
    edits_apply(&span->scrub.side[side].edits, at, segment->payload, segment->n);
}

const uint8_t *redactor_frame(struct redactor *r, const struct frame *frame)
{
    size_t n = frame->data.left;

    if (n > r->room) {
        uint8_t *data = realloc(r->data, n);
        if (!data)
            return NULL;
        r->data = data;
        r->room = n;
    }
    if (n) {
        memcpy(r->data, frame->data.at, n);
        rewrite_frame(&r->rewriter, frame, r->data);
    }
    return r->data ? r->data : (const uint8_t *)"";
}

void redactor_name(struct redactor *r, char *name)
{
    if (r->scrubber.names)
        mask_name(r->scrubber.mask, (uint8_t *)name, strlen(name));
}

void redactor_address(struct redactor *r, struct address *address)
{
    if (r->scrubber.names)
        mask_address(r->scrubber.mask, address);
}

/* A run that may be a name or an address is replaced whatever it is; a word when it is known. */
void redactor_text(struct redactor *r, char *text)
{
    uint8_t *p = (uint8_t *)text;

    if (!r->scrubber.names)
        return;
    for (size_t i = 0; p[i];) {
        size_t run = 0, dots = 0;
        for (; isalnum(p[i + run]) || p[i + run] == '.' || p[i + run] == '-'; run++)
            dots += p[i + run] == '.' && isalnum(p[i + run + 1]);
        if (!run)
            i++;
        else if (dots && p[i - (i != 0)] != '[') /* ids of findings stay */
            mask_name(r->scrubber.mask, p + i, run);
        else if (!dots && mask_knows_word(r->scrubber.mask, p + i, run))
            mask_word(r->scrubber.mask, p + i, run);
        i += run;
    }
}

bool redactor_redraw(struct redactor *r) { return mask_redraw(r->scrubber.mask); }

const struct mask *redactor_mask(const struct redactor *r) { return r->scrubber.mask; }

size_t redactor_count(const struct redactor *r) { return mask_count(r->scrubber.mask); }

/* ---- the check ---- */

enum { LEAST_CHECKED = 4 };

static bool leaked(const char *what, uint64_t frame, struct failure *failure)
{
    *failure = (struct failure){ .what = "redaction" };
    snprintf(failure->why, sizeof failure->why,
             "packet %" PRIu64 " still held %s, so nothing was written", frame, what);
    text_copy(failure->remedy, sizeof failure->remedy,
              "try again (stand-ins are drawn anew each time); if it stays, please report it");
    return false;
}

/* Credentials are blanked with x, whatever else has that name; a short number is in every capture.
 */
static bool is_blank(const uint8_t *word, size_t n)
{
    size_t blanks = 0, digits = 0;

    for (size_t i = 0; i < n; i++) {
        blanks += word[i] == 'x' || word[i] == 'X';
        digits += isdigit(word[i]) != 0;
    }
    return blanks == n || (digits == n && n <= LEAST_CHECKED);
}

/* A run of letters and digits that is long enough to mean something, and was replaced? */
static bool holds_word(const struct redactor *r, const struct bytes *data)
{
    for (size_t at = 0, n; at < data->left; at += n ? n : 1) {
        n = 0;
        while (at + n < data->left && isalnum(data->at[at + n]))
            n++;
        if (n >= LEAST_CHECKED && !is_blank(data->at + at, n) &&
            !scrub_is_common(data->at + at, n) &&
            mask_knows_word(r->scrubber.mask, data->at + at, n))
            return true;
    }
    return false;
}

static bool is_known(const struct redactor *r, const struct address *a)
{
    return mask_knows_address(r->scrubber.mask, a);
}

/* An address that was somebody's may be somebody else's stand-in: then the draw was unlucky. */
static const char *what_leaks(const struct redactor *r, const struct frame *frame,
                              const struct packet *p)
{
    if (holds_word(r, &frame->data))
        return "a name that was replaced";
    if (is_known(r, &p->source) || is_known(r, &p->destination) ||
        (p->quote.present && (is_known(r, &p->quote.source) || is_known(r, &p->quote.destination))))
        return "an address that was replaced";
    return NULL;
}

bool redactor_check(struct redactor *r, const char *path, struct failure *failure)
{
    struct capture_config config = { 0 };
    struct capture *capture = capture_open_file(path, &config, failure);
    struct decoder *decoder = decoder_open(hash_seed_draw());
    struct frame frames[FRAME_BATCH];
    struct packet packets[PACKET_BATCH];
    const char *leak = NULL;
    uint64_t at = 0;

    while (capture && decoder && r->scrubber.names && !leak && !capture_ended(capture)) {
        size_t n = capture_next(capture, frames);
        packet_decode(decoder, frames, n, packets);
        for (size_t i = 0; i < n && !leak; i++) {
            leak = what_leaks(r, &frames[i], &packets[i]);
            at = frames[i].number;
        }
    }
    bool fine = capture && decoder && !leak;
    capture_close(capture);
    decoder_close(decoder);
    return leak ? leaked(leak, at, failure) : fine;
}
