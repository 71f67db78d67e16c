#include "same.h"

#include "base/text.h"
#include "engine.h"
#include "packet/packet.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- judging ---- */

static bool judge(const struct same_question *q, const char *path, const struct profile *profile,
                  struct outcomes *outcomes, struct failure *failure)
{
    struct capture_config config = { 0 };
    FILE *nowhere = fopen("/dev/null", "w");
    struct report_config report_config = { .out = nowhere, .quiet = 2, .outcomes = outcomes };
    struct engine_config engine = { .profile = profile,
                                    .scope = q->options->scope,
                                    .max_memory = q->options->max_memory,
                                    .input_name = "" };
    struct capture *capture = capture_open_file(path, &config, failure);
    struct report *report = capture && nowhere ? report_open(&report_config, failure) : NULL;
    bool fine = report && engine_run(&engine, capture, report, failure) != 2;

    report_free(report);
    capture_close(capture);
    if (nowhere)
        fclose(nowhere);
    return fine;
}

static int by_frame(const void *a, const void *b)
{
    const struct outcome_line *x = a, *y = b;
    int frame = (x->frame > y->frame) - (x->frame < y->frame);
    return frame ? frame : memcmp(x, y, sizeof *x);
}

/* Frames of the redacted file, as they would count had nothing been left out. */
static void count_left(const struct carve_left *left, struct outcomes *after)
{
    size_t k = 0;

    if (after->n)
        qsort(after->line, after->n, sizeof *after->line, by_frame);
    for (size_t i = 0; i < after->n; i++) {
        while (k < left->n_frames && left->frame[k] <= after->line[i].frame + k)
            k++;
        after->line[i].frame += k;
    }
}

static int by_number(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static bool is_left(const struct carve_left *left, uint64_t frame)
{
    return left->n_frames &&
           bsearch(&frame, left->frame, left->n_frames, sizeof frame, by_number) != NULL;
}

/* Names of reverse DNS are addresses in text: their stand-ins have as many digits, and so are no
 * addresses any more.  What was left out is asked no more. */
static void ready(struct outcomes *all, const struct carve_left *left)
{
    size_t n = 0;

    for (size_t i = 0; i < all->n; i++)
        if (all->line[i].id != F_DNS_PTR_MISSING && !is_left(left, all->line[i].frame))
            all->line[n++] = all->line[i];
    all->n = n;
    if (n)
        qsort(all->line, n, sizeof *all->line, by_frame);
}

/* ---- what differs ---- */

static void note(struct same_reason *reason, size_t *n, const struct outcome_line *was,
                 const struct outcome_line *is)
{
    uint16_t from = was ? was->id : (uint16_t)F_NONE, to = is ? is->id : (uint16_t)F_NONE;
    size_t i = 0;

    while (i < *n && (reason[i].was != from || reason[i].is != to))
        i++;
    if (i == SAME_REASONS)
        return;
    if (i == *n)
        reason[(*n)++] = (struct same_reason){ .was = from, .is = to };
    reason[i].n++;
}

static const struct finding *finding_at(const struct outcome_line *line)
{
    return line ? finding_of((enum finding_id)line->id) : NULL;
}

/* The certificates are gone, and nobody is accused of anything else. */
static bool only_lost(const struct outcome_line *was, const struct outcome_line *is)
{
    const struct finding *before = finding_at(was), *after = finding_at(is);

    return before && after && before->stage == STAGE_CERT &&
           (after->stage == STAGE_CERT || after->severity != SEVERITY_ERROR);
}

struct comparing {
    struct same *same;
    bool strict;
    uint64_t *frames; /* of connections that differ */
    size_t n;
};

static void compare_one(struct comparing *c, const struct outcome_line *was,
                        const struct outcome_line *is)
{
    if (was && is && memcmp(was, is, sizeof *was) == 0)
        return;
    if (c->strict && only_lost(was, is)) {
        c->same->lost_in_all++;
        note(c->same->lost, &c->same->n_lost, was, is);
        return;
    }
    note(c->same->reason, &c->same->n_reasons, was, is);
    c->frames[c->n++] = was ? was->frame : is->frame;
}

static void compare(struct comparing *c, const struct outcomes *before,
                    const struct outcomes *after)
{
    size_t i = 0, k = 0;

    c->same->n_lost = c->same->lost_in_all = 0;
    while (i < before->n || k < after->n) {
        const struct outcome_line *was = i < before->n ? &before->line[i] : NULL;
        const struct outcome_line *is = k < after->n ? &after->line[k] : NULL;
        if (was && is && was->frame != is->frame)
            *(was->frame < is->frame ? &is : &was) = NULL;
        i += was != NULL;
        k += is != NULL;
        compare_one(c, was, is);
    }
}

/* ---- whose it is ---- */

static bool has_key(const struct carve_left *left, const struct plan_key *key)
{
    for (size_t i = 0; i < left->n; i++)
        if (memcmp(&left->key[i], key, sizeof *key) == 0)
            return true;
    return false;
}

static void leave(struct carve_left *left, const struct packet *p)
{
    struct plan_key key = { .address = { p->source, p->destination },
                            .port = { p->source_port, p->destination_port },
                            .ip_protocol = p->ip_protocol };

    if ((p->kind == PACKET_TCP || p->kind == PACKET_UDP) && left->n < CARVE_LEFT &&
        !has_key(left, &key))
        left->key[left->n++] = key;
}

/* Finds the connections of these frames in the original. */
static bool leave_frames(struct same *s, const struct comparing *c, const char *original,
                         struct failure *failure)
{
    struct capture_config config = { 0 };
    struct capture *capture = capture_open_file(original, &config, failure);
    struct decoder *decoder = decoder_open(hash_seed_draw());
    struct frame frames[FRAME_BATCH];
    struct packet packets[PACKET_BATCH];
    size_t next = 0;

    while (capture && decoder && next < c->n && !capture_ended(capture)) {
        size_t n = capture_next(capture, frames);
        packet_decode(decoder, frames, n, packets);
        for (size_t i = 0; i < n; i++)
            while (next < c->n && c->frames[next] <= frames[i].number)
                if (c->frames[next++] == frames[i].number)
                    leave(&s->left, &packets[i]);
    }
    capture_close(capture);
    decoder_close(decoder);
    return next == c->n;
}

static enum same_answer refuse(const struct same *s, uint64_t frame, struct failure *failure)
{
    const struct same_reason *r = &s->reason[0];

    *failure = (struct failure){ .what = "redaction" };
    snprintf(failure->why, sizeof failure->why,
             "would change the verdict of every connection that it could keep (of that at packet "
             "%" PRIu64 " from %s to %s), so nothing was written",
             frame, r->was == F_NONE ? "nothing" : finding_of((enum finding_id)r->was)->id,
             r->is == F_NONE ? "nothing" : finding_of((enum finding_id)r->is)->id);
    text_copy(failure->remedy, sizeof failure->remedy, "a lighter level may keep it");
    return SAME_NO;
}

static enum same_answer answer(struct same *s, const struct same_question *q,
                               const struct comparing *c, size_t judged, struct failure *failure)
{
    size_t before = s->left.n;

    if (!c->n)
        return SAME_YES;
    if (c->n >= judged || !leave_frames(s, c, q->original, failure) || s->left.n == before)
        return refuse(s, c->frames[0], failure);
    s->left_in_all += (uint32_t)c->n;
    return SAME_AGAIN;
}

enum same_answer same_verdicts(struct same *s, const struct same_question *q,
                               struct failure *failure)
{
    struct outcomes before = { 0 }, after = { 0 };
    struct carve_left none = { 0 };
    struct comparing c = { .same = s, .strict = q->options->redaction == REDACT_STRICT };
    enum same_answer said = SAME_NO;

    if (judge(q, q->original, &q->options->profile, &before, failure) &&
        judge(q, q->redacted, q->redacted_profile, &after, failure)) {
        count_left(&s->left, &after);
        ready(&before, &s->left);
        ready(&after, &none);
        c.frames = calloc(before.n + after.n + 1, sizeof *c.frames);
        if (c.frames) {
            compare(&c, &before, &after);
            said = answer(s, q, &c, before.n, failure);
        }
    }
    free(before.line);
    free(after.line);
    free(c.frames);
    return said;
}

void same_close(struct same *s)
{
    free(s->left.frame);
    *s = (struct same){ 0 };
}

static void print_reasons(const struct same_reason *reason, size_t n, FILE *f)
{
    for (size_t i = 0; i < n; i++)
        fprintf(f, "  %" PRIu32 " from %s to %s\n", reason[i].n,
                reason[i].was == F_NONE ? "nothing"
                                        : finding_of((enum finding_id)reason[i].was)->id,
                reason[i].is == F_NONE ? "nothing" : finding_of((enum finding_id)reason[i].is)->id);
}

void same_print(const struct same *s, FILE *f)
{
    if (s->left_in_all)
        fprintf(f, "left out: %" PRIu32 " %s; redaction would have changed the verdict\n",
                s->left_in_all, s->left_in_all == 1 ? "connection" : "connections");
    print_reasons(s->reason, s->n_reasons, f);
    if (s->lost_in_all)
        fprintf(f, "lost: what the certificates of %" PRIu32 " %s told\n", s->lost_in_all,
                s->lost_in_all == 1 ? "connection" : "connections");
    print_reasons(s->lost, s->n_lost, f);
}
