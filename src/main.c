/* main.c - arguments to options to engine to exit code; holds no logic of its own. */
#include "base/newfile.h"
#include "base/text.h"
#include "bundle.h"
#include "config/ini.h"
#include "configure.h"
#include "confine.h"
#include "evidence/map.h"
#include "examine.h"
#include "live/listener.h"
#include "options.h"
#include "report/version.h"
#include "run.h"
#include "session/labeller.h"
#include "x509/cert.h"

#include <errno.h>
#include <inttypes.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* All inputs, one behind the other; everything is open. */
static int analyse_all(struct run_inputs *inputs, struct keeper *keeper)
{
    const struct options *o = inputs->options;
    int code = 0;
    size_t unread = 0;

    for (size_t i = 0; i < o->n_inputs && code != RUN_INTERRUPTED; i++) {
        int one = run_input(inputs, keeper, i);
        unread += one == 2;
        code = i && one != RUN_INTERRUPTED ? run_worse(code, one) : one;
    }
    if (unread && o->n_inputs > 1)
        fprintf(stderr, "shakeout: %zu of %zu files could not be read\n", unread, o->n_inputs);
    keeper->failed |= unread == o->n_inputs || code == RUN_INTERRUPTED;
    return code;
}

static int analyse(const struct options *o)
{
    static struct run_inputs inputs;
    struct keeper keeper;
    struct failure failure = { 0 };

    if (!keeper_open(&keeper, o, &failure))
        return run_fail(&failure);
    if (o->demo && !demo_play(o->demo)) {
        failure = (struct failure){ .what = "--demo", .why = "no room for a temporary file" };
        return run_fail(&failure);
    }
    if (!run_open(&inputs, o, &failure)) {
        keeper.failed = true;
        (void)keeper_close(&keeper, &failure);
        return run_fail(&failure);
    }
    confine(o, NULL);
    int code = analyse_all(&inputs, &keeper);
    if (!run_finish(&inputs, &failure))
        code = run_fail(&failure);
    return keeper_close(&keeper, &failure) ? code : run_fail(&failure);
}

/* A whole capture, with nobody's names in it. */
static int redact(const struct options *o)
{
    struct failure failure = { 0 };
    struct keeper keeper;

    if (!keeper_open(&keeper, o, &failure))
        return run_fail(&failure);
    confine(o, NULL);
    int code = keeper_take(&keeper, NULL, o->input[0], &failure) ? 0 : run_fail(&failure);
    return keeper_close(&keeper, &failure) ? code : run_fail(&failure);
}

/* Between the real names and those that were sent. */
static int translate(const struct options *o)
{
    struct failure failure = { 0 };
    struct map *map = map_open(o->map, o->verb == VERB_UNMASK, &failure);

    if (!map)
        return run_fail(&failure);
    confine(o, NULL);
    map_text(map, stdin, stdout);
    map_close(map);
    return 0;
}

static int explain(const struct options *o)
{
    struct failure failure = { 0 };
    return report_explain(stdout, o->explain, o->report.width, &failure) ? 0 : run_fail(&failure);
}

static int version(void)
{
    printf("shakeout " SHAKEOUT_VERSION "\n%s\n%s\nnDPI %s\n%s\n", capture_library(),
           cert_library(), labeller_library(), ini_library());
    if (listener_library())
        puts(listener_library());
    return 0;
}

static int devices(void)
{
    char list[16384];
    struct failure failure = { 0 };
    if (!capture_list_devices(list, sizeof list, &failure))
        return run_fail(&failure);
    fputs(list, stdout);
    return 0;
}

static int help(const struct options *o)
{
    options_help(stdout, o->help_all);
    return 0;
}

static int run(struct options *o)
{
    switch (o->verb) {
    case VERB_ANALYSE:
        return analyse(o);
    case VERB_REDACT:
        return redact(o);
    case VERB_BUNDLE:
        return bundle(o);
    case VERB_MASK:
    case VERB_UNMASK:
        return translate(o);
    case VERB_CONFIG:
        return configure(o);
    case VERB_WATCH:
        return run_device(o);
    case VERB_DOCTOR:
        return examine(o);
    case VERB_CHECK:
        return check_status(&o->check, stdout);
    case VERB_EXPLAIN:
        return explain(o);
    case VERB_SCHEMA:
        report_schema(stdout);
        return 0;
    case VERB_VERSION:
        return version();
    case VERB_DEVICES:
        return devices();
    case VERB_HELP:
        break;
    }
    return help(o);
}

int main(int argc, char **argv)
{
    static struct options options;
    struct failure failure = { 0 };

    setlocale(LC_CTYPE, "");
    signal(SIGPIPE, SIG_IGN);
    if (!options_parse(argc, argv, &options, &failure))
        return run_fail(&failure);
    int code = run(&options);
    errno = 0;
    if ((fflush(stdout) == 0 && !ferror(stdout)) || options.verb == VERB_ANALYSE ||
        options.verb == VERB_WATCH)
        return code;
    int error = errno ? errno : EIO;
    failure = (struct failure){ .what = "output" };
    snprintf(failure.why, sizeof failure.why, "cannot be written: %s", strerror(error));
    text_copy(failure.remedy, sizeof failure.remedy, newfile_remedy(error));
    return error == EPIPE ? 2 : run_fail(&failure); /* who closed the pipe knows */
}
