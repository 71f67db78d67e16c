#include "keeper.h"

#include "base/text.h"
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
                        ? "; contents and credentials removed ("
                        : "; names and addresses replaced, contents and credentials removed (");
        text_add(t, redaction_name(k->options->redaction));
        text_add(t, k->same.left.n ? "); connections were left out" : ")");
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
        .path = input,
        .config = &k->options->capture,
        .comment = comment,
        .redactor = redactor,
        .left = redactor ? &k->same.left : NULL,
    };

    comment_of(k, input, &t);
    return carve(out, plan, &source, counts, failure);
}

/* The first bits of an address alone tell a network, and prefixes stay prefixes. */
static void mask_list(const struct keeper *k, struct site_list *list)
{
    for (size_t i = 0; i < list->n; i++) {
        struct network *network = &list->network[i];
        redactor_address(k->redactor, &network->address);
        network_trim(network);
    }
}

static void mask_site(const struct keeper *k, struct site *site)
{
    mask_list(k, &site->networks);
    mask_list(k, &site->exclude);
    mask_list(k, &site->nat);
    mask_list(k, &site->resolvers);
    for (size_t i = 0; i < site->n_proxies; i++)
        redactor_address(k->redactor, &site->proxy[i].address);
    redactor_text(k->redactor, site->issuer);
}

void keeper_profile(const struct keeper *k, struct profile *profile)
{
    if (k->redactor)
        mask_site(k, &profile->site);
    for (size_t i = 0; k->redactor && i < profile->n_ems_names; i++)
        redactor_name(k->redactor, profile->ems_name[i]);
    for (size_t i = 0; k->redactor && i < profile->n_ems_addresses; i++)
        redactor_address(k->redactor, &profile->ems_address[i]);
}

size_t keeper_replaced(const struct keeper *k)
{
    return k->redactor ? redactor_count(k->redactor) : 0;
}

/* The evidence as it is, for comparison only: beside the target, and gone again. */
static struct pcapng_out *take_whole(struct keeper *k, const struct plan *plan, const char *input,
                                     struct failure *failure)
{
    struct pcapng_out *whole = pcapng_create(k->options->write, true, failure);
    struct carve_counts counts = { 0 };

    if (whole && take(k, whole, plan, input, NULL, &counts, failure) && pcapng_written(whole))
        return whole;
    pcapng_abandon(whole);
    return NULL;
}

/* Written, looked through and judged; SAME_AGAIN when some of it must be left out. */
static enum same_answer try_redacted(struct keeper *k, struct pcapng_out *out,
                                     const struct plan *plan, const char *input,
                                     const char *original, struct carve_counts *counts,
                                     struct failure *failure)
{
    struct profile profile = k->options->profile;
    struct same_question question = { .options = k->options,
                                      .original = original,
                                      .redacted_profile = &profile };

    if (!take(k, out, plan, input, k->redactor, counts, failure))
        return SAME_NO;
    question.redacted = pcapng_written(out);
    if (!question.redacted) {
        pcapng_append(k->out, out); /* pcapng_finish says why */
        return SAME_YES;
    }
    if (!redactor_check(k->redactor, question.redacted, failure)) {
        bool again = !k->redrawn && redactor_redraw(k->redactor);
        k->redrawn = true;
        return again ? SAME_AGAIN : SAME_NO;
    }
    keeper_profile(k, &profile);
    return same_verdicts(&k->same, &question, failure);
}

static bool take_redacted(struct keeper *k, const struct plan *plan, const char *input,
                          struct failure *failure)
{
    enum { ROUNDS = 8 };
    struct pcapng_out *whole = plan ? take_whole(k, plan, input, failure) : NULL;
    const char *original = whole ? pcapng_written(whole) : input;
    enum same_answer said = plan && !whole ? SAME_NO : SAME_AGAIN;
    struct carve_counts counts = { 0 };

    k->same.left.n = 0;
    for (unsigned round = 0; said == SAME_AGAIN; round++) {
        struct pcapng_out *out = pcapng_create(k->options->write, true, failure);
        counts = (struct carve_counts){ 0 };
        said = out ? try_redacted(k, out, plan, input, original, &counts, failure) : SAME_NO;
        if (said == SAME_YES && pcapng_written(out))
            pcapng_append(k->out, out);
        if (said == SAME_AGAIN && round == ROUNDS) {
            *failure = (struct failure){ .what = "redaction",
                                         .why = "changes more verdicts the more is left out",
                                         .remedy = "--redact light may keep it" };
            said = SAME_NO;
        }
        pcapng_abandon(out);
    }
    pcapng_abandon(whole);
    k->counts.kept += counts.kept;
    k->counts.frames += counts.frames;
    return said == SAME_YES;
}

bool keeper_take(struct keeper *k, const struct plan *plan, const char *input,
                 struct failure *failure)
{
    k->failed = k->redactor ? !take_redacted(k, plan, input, failure)
                            : !take(k, k->out, plan, input, NULL, &k->counts, failure);
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
    same_print(&k->same, stderr);
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
    same_close(&k->same);
    return fine;
}
