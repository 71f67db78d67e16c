#include "keeper.h"

#include "base/text.h"
#include "report/version.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

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
    k->out = pcapng_create(options->write, options->force, failure);
    return k->out != NULL;
}

bool keeper_take(struct keeper *k, const struct plan *plan, const char *input,
                 struct failure *failure)
{
    char comment[512];
    struct text t = text_of(comment, sizeof comment);
    const char *name = strrchr(input, '/');
    struct carve_source source = { .path = input,
                                   .config = &k->options->capture,
                                   .comment = comment };

    text_add(&t, "shakeout " SHAKEOUT_VERSION ": evidence out of ");
    text_foreign(&t, name ? name + 1 : input, strlen(name ? name + 1 : input));
    text_add(&t, "; nothing is replaced or removed but packets that prove nothing; comments begin "
                 "with the finding");
    if (!carve(k->out, plan, &source, &k->counts, failure))
        k->failed = true;
    return !k->failed;
}

bool keeper_close(struct keeper *k, struct failure *failure)
{
    char name[256];

    if (!k->out)
        return true;
    if (k->failed) {
        pcapng_abandon(k->out);
        return true;
    }
    if (!pcapng_finish(k->out, failure))
        return false;
    text_printable(k->options->write, strlen(k->options->write), name, sizeof name);
    if (!k->options->report.quiet)
        fprintf(stderr, "wrote %s: %" PRIu64 " of %" PRIu64 " packets\n", name, k->counts.kept,
                k->counts.frames);
    return true;
}
