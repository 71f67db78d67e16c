#include "keeper.h"

#include "base/text.h"
#include "engine.h"
#include "evidence/map.h"
#include "report/version.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_an_input(const struct options *o)
{
    struct stat target, input;

    if (stat(o->write, &target) != 0)
        return false;
    for (size_t i = 0; i < o->n_inputs; i++)
        if (stat(o->input[i], &input) == 0 && input.st_dev == target.st_dev &&
            input.st_ino == target.st_ino)
            return true;
    return false;
}

/* The words by which the profile knows a name of the product stay in names: "*ems*" keeps "ems". */
static void kept_words(struct keeper *k)
{
    const struct profile *profile = &k->options->profile;

    for (size_t i = 0; i < profile->n_patterns; i++) {
        char *word = k->word[i];
        size_t n = 0;
        for (const char *p = profile->pattern[i]; *p && n + 1 < sizeof k->word[i]; p++)
            if (*p != '*' && *p != '?')
                word[n++] = *p;
        word[n] = '\0';
        k->kept[i] = word;
    }
    k->kept[profile->n_patterns] = NULL;
}

/* A case that has a map goes on with its key, so that its captures agree. */
static bool key_of(struct keeper *k, struct failure *failure)
{
    *failure = (struct failure){ 0 };
    if (k->options->map && map_key(k->options->map, k->key, failure))
        return true;
    if (failure->why[0])
        return false;
    if (mask_draw_key(k->key))
        return true;
    *failure =
        (struct failure){ .what = "redaction", .why = "this machine gives no random octets" };
    return false;
}

bool keeper_open(struct keeper *k, const struct options *options, struct failure *failure)
{
    *k = (struct keeper){ .options = options };
    if (!options->write)
        return true;
    if (is_an_input(options)) {
        *failure =
            (struct failure){ .why = "is the capture that is read",
                              .remedy = "choose another name: an original is never changed" };
        text_printable(options->write, strlen(options->write), failure->what, sizeof failure->what);
        return false;
    }
    kept_words(k);
    if (options->redaction != REDACT_NONE && !key_of(k, failure))
        return false;
    if (options->redaction != REDACT_NONE)
        k->redactor = redactor_open(options->redaction, k->key, k->kept);
    if (options->redaction != REDACT_NONE && !k->redactor) {
        *failure = (struct failure){ .what = "memory", .why = "the machine has none left" };
        return false;
    }
    k->out = pcapng_create(options->write, options->force, failure);
    return k->out != NULL;
}

static void comment_of(const struct keeper *k, const char *input, struct text *t)
{
    const char *name = strrchr(input, '/');

    name = name ? name + 1 : input;
    text_add(t, "shakeout " SHAKEOUT_VERSION ": ");
    text_add(t, k->options->verb == VERB_REDACT ? "a capture" : "the evidence out of a capture");
    if (k->redactor) {
        text_add(t, k->options->redaction == REDACT_LIGHT
                        ? "; contents and credentials removed (light)"
                        : "; names and addresses replaced, contents and credentials removed "
                          "(standard)");
        return;
    }
    text_add(t, ", ");
    text_foreign(t, name, strlen(name));
    text_add(t, "; packets as they were captured");
}

static bool take(struct keeper *k, struct pcapng_out *out, const struct plan *plan,
                 const char *input, struct redactor *redactor, struct carve_counts *counts,
                 struct failure *failure)
{
    char comment[512];
    struct text t = text_of(comment, sizeof comment);
    struct carve_source source = {
        .path = input, .config = &k->options->capture, .comment = comment, .redactor = redactor
    };

    comment_of(k, input, &t);
    return carve(out, plan, &source, counts, failure);
}

/* ---- the same verdicts? ---- */

void keeper_profile(const struct keeper *k, struct profile *profile)
{
    for (size_t i = 0; k->redactor && i < profile->n_ems_names; i++)
        redactor_name(k->redactor, profile->ems_name[i]);
    for (size_t i = 0; k->redactor && i < profile->n_ems_addresses; i++)
        redactor_address(k->redactor, &profile->ems_address[i]);
}

size_t keeper_replaced(const struct keeper *k)
{
    return k->redactor ? redactor_count(k->redactor) : 0;
}

static bool judge(const struct keeper *k, const char *path, struct outcomes *outcomes,
                  struct redactor *redactor, struct failure *failure)
{
    const struct options *o = k->options;
    struct capture_config config = { 0 };
    struct profile profile = o->profile;
    FILE *nowhere = fopen("/dev/null", "w");
    struct report_config report_config = { .out = nowhere, .quiet = 2, .outcomes = outcomes };
    struct engine_config engine = {
        .profile = &profile, .scope = o->scope, .max_memory = o->max_memory, .input_name = ""
    };

    if (redactor)
        keeper_profile(k, &profile);
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

/* Names of reverse DNS are addresses in text: their stand-ins have as many digits, and so are no
 * addresses any more. */
static void leave_reverse(struct outcomes *all)
{
    size_t n = 0;

    for (size_t i = 0; i < all->n; i++)
        if (all->line[i].id != F_DNS_PTR_MISSING)
            all->line[n++] = all->line[i];
    all->n = n;
}

/* The frame of the first difference; 0 = none. */
static uint64_t difference(struct outcomes *a, struct outcomes *b, const char **before,
                           const char **after)
{
    leave_reverse(a);
    leave_reverse(b);
    qsort(a->line, a->n, sizeof *a->line, by_frame);
    qsort(b->line, b->n, sizeof *b->line, by_frame);
    for (size_t i = 0; i < a->n || i < b->n; i++) {
        if (i < a->n && i < b->n && memcmp(&a->line[i], &b->line[i], sizeof *a->line) == 0)
            continue;
        *before = i < a->n ? finding_of((enum finding_id)a->line[i].id)->id : "nothing";
        *after = i < b->n ? finding_of((enum finding_id)b->line[i].id)->id : "nothing";
        return i < a->n ? a->line[i].frame : b->line[i].frame;
    }
    return 0;
}

static bool same_verdicts(struct keeper *k, const char *original, const char *redacted,
                          struct failure *failure)
{
    struct outcomes before = { 0 }, after = { 0 };
    const char *was = "", *is = "";
    bool fine = judge(k, original, &before, NULL, failure) &&
                judge(k, redacted, &after, k->redactor, failure);
    uint64_t frame = fine ? difference(&before, &after, &was, &is) : 0;

    if (frame) {
        *failure = (struct failure){ .what = "redaction" };
        snprintf(failure->why, sizeof failure->why,
                 "would change the verdict of the connection at packet %" PRIu64
                 " from %s to %s, so nothing was written",
                 frame, was, is);
        text_copy(failure->remedy, sizeof failure->remedy,
                  "--redact light may keep it; or leave this connection out with -f");
    }
    free(before.line);
    free(after.line);
    return fine && !frame;
}

/* The evidence as it is, for comparison only: beside the target, and gone again. */
static bool verify(struct keeper *k, const struct plan *plan, const char *input,
                   struct failure *failure)
{
    const char *redacted = pcapng_written(k->out);
    struct carve_counts counts = { 0 };
    struct pcapng_out *whole = NULL;
    const char *original = input;

    if (!redacted)
        return true; /* pcapng_finish says why */
    if (!redactor_check(k->redactor, redacted, failure))
        return false;
    if (plan) {
        whole = pcapng_create(k->options->write, true, failure);
        if (!whole || !take(k, whole, plan, input, NULL, &counts, failure) ||
            !(original = pcapng_written(whole))) {
            pcapng_abandon(whole);
            return false;
        }
    }
    bool same = same_verdicts(k, original, redacted, failure);
    pcapng_abandon(whole);
    return same;
}

bool keeper_take(struct keeper *k, const struct plan *plan, const char *input,
                 struct failure *failure)
{
    k->failed = !take(k, k->out, plan, input, k->redactor, &k->counts, failure) ||
                (k->redactor && !verify(k, plan, input, failure));
    return !k->failed;
}

static void say(const struct keeper *k)
{
    char name[256];

    text_printable(k->options->write, strlen(k->options->write), name, sizeof name);
    if (k->redactor)
        fprintf(stderr,
                "checked: none of %zu replaced names and addresses is left; the verdicts are "
                "the same\n",
                redactor_count(k->redactor));
    fprintf(stderr, "wrote %s: %" PRIu64 " of %" PRIu64 " packets\n", name, k->counts.kept,
            k->counts.frames);
}

bool keeper_close(struct keeper *k, struct failure *failure)
{
    bool fine = true;

    if (k->out && k->failed)
        pcapng_abandon(k->out);
    else if (k->out)
        fine = pcapng_finish(k->out, failure);
    if (k->out && !k->failed && fine && k->redactor && k->options->map)
        fine = map_write(k->options->map, k->key, redactor_mask(k->redactor), failure);
    if (k->out && !k->failed && fine && !k->options->report.quiet)
        say(k);
    redactor_close(k->redactor);
    return fine;
}
