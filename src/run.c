/* run.c - one input from its name to its exit code. */
#include "run.h"

#include "base/text.h"
#include "confine.h"
#include "engine.h"
#include "report/pem.h"

#include <inttypes.h>
#include <langinfo.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* For the signal handler: what is read now, and what a first signal means there. */
static struct reading {
    struct capture *volatile capture;
    struct reload *volatile reload; /* SIGHUP: its configuration is read again */
    struct live *volatile live;     /* SIGUSR1: its state is written now */
    volatile sig_atomic_t patient;  /* Ctrl-C also ends who fills the pipe: then the rest is read */
    volatile sig_atomic_t signals;
} reading;

static void stop(int signal_number)
{
    (void)signal_number;
    if (reading.signals++ == 0 && reading.patient)
        return;
    if (reading.capture)
        capture_stop(reading.capture);
}

static void ask(int signal_number)
{
    (void)signal_number;
    if (reading.live)
        live_ask(reading.live);
}

static void renew(int signal_number)
{
    (void)signal_number;
    if (reading.reload)
        reload_ask(reading.reload);
}

void run_signals_begin(struct capture *capture, bool patient)
{
    struct sigaction action = { .sa_handler = stop };

    reading.patient = patient;
    reading.capture = capture;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

void run_signals_end(void)
{
    struct sigaction action = { .sa_handler = SIG_DFL };

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    reading.capture = NULL;
}

/* A printable string as the terminal's character set takes it. */
static const char *shown(const char *s, char *out, size_t size)
{
    struct text t = text_of(out, size);
    if (strcmp(nl_langinfo(CODESET), "UTF-8") == 0)
        text_add(&t, s);
    else
        text_add_ascii(&t, s);
    return out;
}

int run_fail(const struct failure *failure)
{
    char what[512], why[512];

    fflush(stdout);
    fprintf(stderr, "shakeout: %s", shown(failure->what, what, sizeof what));
    if (failure->why[0])
        fprintf(stderr, ": %s", shown(failure->why, why, sizeof why));
    fputc('\n', stderr);
    for (const char *line = failure->remedy; *line;) {
        int n = (int)strcspn(line, "\n");
        fprintf(stderr, "  %.*s\n", n, line);
        line += n + (line[n] == '\n');
    }
    return 2;
}

int run_worse(int a, int b)
{
    static const int rank[] = { 0, 2, 3, 1 };
    return rank[a & 3] >= rank[b & 3] ? a : b;
}

/* ---- what the user gave ---- */

static struct failure no_memory(void)
{
    return (struct failure){ .what = "memory", .why = "the machine has none left" };
}

/* Each input has secrets and readings of chains of its own: they are kept with it. */
static bool given_open(struct run_given *given, const struct options *o, struct failure *failure)
{
    *given = (struct run_given){ .source = { .fd = -1 }, .keys_fd = -1 };
    if (o->keylog && (given->keys_fd = keys_log_open(o->keylog, failure)) < 0)
        return false;
    if (o->ca_bundle)
        given->trust = trust_open(o->ca_bundle, failure);
    return !o->ca_bundle || given->trust;
}

static void given_close(struct run_given *given)
{
    capture_source_close(&given->source);
    if (given->keys_fd >= 0)
        close(given->keys_fd);
    trust_close(given->trust);
}

bool run_open(struct run_inputs *inputs, const struct options *o, struct failure *failure)
{
    bool fine = true;

    *inputs = (struct run_inputs){ .options = o, .n = o->interface ? 1 : o->n_inputs };
    for (size_t i = 0; i < inputs->n; i++)
        fine = fine && given_open(&inputs->given[i], o, failure);
    fine = fine && (!o->report.certs || pem_folder(o->report.certs, failure));
    fine = fine && (!o->html || newfile_open(&inputs->page, o->html, o->force, failure));
    fine = fine && (!o->diagram || newfile_open(&inputs->diagram, o->diagram, o->force, failure));
    if (fine && o->n_exports)
        fine = (inputs->exports = exports_open(o->export, o->n_exports, o->force, failure)) != NULL;
    for (size_t i = 0; i < o->n_inputs && fine; i++)
        capture_source_open(o->input[i], &inputs->given[i].source);
    if (!fine)
        run_close(inputs);
    return fine;
}

bool run_finish(struct run_inputs *inputs, struct failure *failure)
{
    bool fine = exports_close(inputs->exports, inputs->n_judged > 0, failure);

    inputs->exports = NULL;
    run_close(inputs);
    return fine;
}

void run_close(struct run_inputs *inputs)
{
    struct failure ignored;

    (void)exports_close(inputs->exports, false, &ignored);
    inputs->exports = NULL;
    for (size_t i = 0; i < inputs->n; i++)
        given_close(&inputs->given[i]);
    newfile_abandon(&inputs->page);
    newfile_abandon(&inputs->diagram);
    inputs->n = 0;
}

/* The user's secrets, kept with those of this input until it is read. */
static struct keys *keys_of(const struct options *o, struct run_given *given,
                            struct failure *failure)
{
    struct keys *keys = keys_open();
    int fd = given->keys_fd;

    if (!keys)
        *failure = no_memory();
    if (!keys || fd < 0)
        return keys;
    given->keys_fd = -1;
    if (keys_log_read(keys, fd, o->keylog, failure))
        return keys;
    keys_close(keys);
    return NULL;
}

/* ---- one input ---- */

static struct engine_config engine_of(const struct run_inputs *inputs, size_t i)
{
    const struct options *o = inputs->options;

    return (struct engine_config){ .profile = &o->profile,
                                   .scope = o->scope,
                                   .max_memory = o->max_memory,
                                   .label = !o->no_labels,
                                   .progress = !o->no_progress,
                                   .live = inputs->live,
                                   .run_ns = inputs->live ? o->run_s * 1000000000 : 0,
                                   .changes = o->headless,
                                   .screen = inputs->screen,
                                   .reload = inputs->reload,
                                   .recorder = inputs->recorder,
                                   .trust = inputs->given[i].trust };
}

/* A file is one run; a watch one behind the other, each with a report of its own, so that it can go
 * on for ever. */
static int run_all(const struct engine_config *engine, const struct report_config *config,
                   struct capture *capture, struct failure *failure)
{
    int code = 0, one;

    do {
        struct report *report = report_open(config, failure);
        one = report ? engine_run(engine, capture, report, failure) : 2;
        report_free(report);
        trust_forget(engine->trust);
        code = run_worse(code, one);
    } while (one != 2 && (reload_apply(engine->reload) || engine->run_ns) &&
             !capture_ended(capture));
    return one == 2 ? 2 : code;
}

static int run_capture(struct run_inputs *inputs, size_t i, struct capture *capture,
                       const char *name, struct plan *plan)
{
    const struct options *o = inputs->options;
    char printable[256], name_shown[256];
    struct failure failure = { 0 };
    struct report_config config = o->report;
    struct engine_config engine = engine_of(inputs, i);

    text_printable(name, strlen(name), printable, sizeof printable);
    engine.input_name = shown(printable, name_shown, sizeof name_shown);
    config.command = engine.input_name;
    config.input = (unsigned)i + 1;
    config.plan = plan;
    config.html = inputs->page.file;
    config.diagram = inputs->diagram.file;
    config.certs_replace = o->force;
    config.exports = inputs->exports;
    config.silent = inputs->screen != NULL;
    config.lines = inputs->live ? live_lines(inputs->live) : NULL;
    engine.keys = keys_of(o, &inputs->given[i], &failure);
    int code = engine.keys ? run_all(&engine, &config, capture, &failure) : 2;
    inputs->n_judged += code != 2;
    keys_close(engine.keys);
    if (code != 2 && inputs->page.file && !newfile_finish(&inputs->page, 0, &failure))
        code = 2;
    if (code != 2 && inputs->diagram.file && !newfile_finish(&inputs->diagram, 0, &failure))
        code = 2;
    return code == 2 ? run_fail(&failure) : code;
}

/* A file that is not read to its end gives a report of its beginning, and the code of the signal.
 * A pipe has its end where its writer was interrupted. */
static int run_file(struct run_inputs *inputs, size_t i, struct capture *capture, struct plan *plan)
{
    bool regular = capture_facts(capture)->bytes_total != 0;

    run_signals_begin(capture, !regular);
    int code = run_capture(inputs, i, capture, inputs->options->input[i], plan);
    run_signals_end();
    if (!reading.signals || !regular || code == 2)
        return code;
    fprintf(stderr,
            "shakeout: interrupted: the report is PARTIAL, it ends with packet %" PRIu64 "\n",
            capture_facts(capture)->frames);
    return RUN_INTERRUPTED;
}

/* The evidence is read out of a file that was judged to its end. */
static int keep(struct keeper *keeper, const struct plan *plan, struct capture *capture,
                const char *name, int code)
{
    struct failure failure = { .why = "a pipe cannot be read again for -w",
                               .remedy = "save the capture to a file first" };

    if (!plan || code == 2 || code == RUN_INTERRUPTED)
        return code;
    if (capture_facts(capture)->bytes_total == 0) {
        text_printable(name, strlen(name), failure.what, sizeof failure.what);
        keeper->failed = true;
        return run_fail(&failure);
    }
    return keeper_take(keeper, plan, name, &failure) ? code : run_fail(&failure);
}

int run_input(struct run_inputs *inputs, struct keeper *keeper, size_t i)
{
    const struct options *o = inputs->options;
    struct failure failure = no_memory();
    struct plan *plan = keeper->out ? plan_open() : NULL;
    struct capture *capture = NULL;
    int code;

    if (plan || !keeper->out)
        capture = capture_open_source(&inputs->given[i].source, o->input[i], &o->capture, &failure);
    code = capture ? run_file(inputs, i, capture, plan) : run_fail(&failure);
    code = keep(keeper, plan, capture, o->input[i], code);
    capture_close(capture);
    plan_close(plan);
    return code;
}

/* The state of the watch, for others and for the person before it; a terminal that nobody knows
 * gets lines. */
static bool watch_open(struct run_inputs *inputs, const struct capture_facts *facts,
                       struct failure *failure)
{
    const struct options *o = inputs->options;
    struct live_config live = { .interface = inputs->name,
                                .ports = facts->interface,
                                .n_ports = facts->n_interfaces,
                                .status = o->status,
                                .textfile = o->textfile,
                                .state = o->state,
                                .jsonl = o->jsonl,
                                .outputs = &o->outputs,
                                .porter = &inputs->porter,
                                .alerts = &o->alerts,
                                .checkin_ns = o->profile.interval_s * INT64_C(1000000000) };
    struct failure unknown;

    if (o->capture.filter)
        text_printable(o->capture.filter, strlen(o->capture.filter), inputs->filter,
                       sizeof inputs->filter);
    inputs->live = live_open(&live, failure);
    if (!inputs->live)
        return false;
    struct screen_config screen = { .interface = inputs->name,
                                    .filter = inputs->filter,
                                    .profile = &o->profile,
                                    .board = live_board(inputs->live),
                                    .colour = o->report.colour,
                                    .ascii = o->report.ascii,
                                    .utc = o->report.utc };
    inputs->screen = o->screen ? screen_open(&screen, &unknown) : NULL;
    return true;
}

static int watch(struct run_inputs *inputs, struct capture *capture)
{
    const struct options *o = inputs->options;
    struct sigaction asking = { .sa_handler = ask, .sa_flags = SA_RESTART };

    if (!inputs->porter.n || !porter_open(&inputs->porter))
        inputs->reload = NULL;
    confine(o, capture);
    reading.live = inputs->live;
    reading.reload = inputs->reload;
    sigaction(SIGUSR1, &asking, NULL);
    live_ready(inputs->live);
    if (!o->no_progress && !o->report.quiet && !inputs->screen && isatty(STDERR_FILENO))
        fprintf(stderr, "watching %s; Ctrl-C ends with the report\n", o->interface);
    return run_capture(inputs, 0, capture, o->interface, NULL);
}

/* Before anything else is open that who writes the evidence has no use for. */
static bool record(struct run_inputs *inputs, struct failure *failure)
{
    const struct options *o = inputs->options;
    struct recorder_config config = { .folder = o->evidence.folder,
                                      .interface = inputs->name,
                                      .profile = &o->profile,
                                      .scope = o->scope,
                                      .ring_bytes = o->evidence.ring_bytes,
                                      .disk_bytes = o->evidence.disk_bytes,
                                      .after_s = o->evidence.after_s,
                                      .contents = o->evidence.contents,
                                      .keep_good = !o->evidence.no_good,
                                      .confined = !o->no_sandbox };

    if (config.folder)
        inputs->recorder = recorder_open(&config, failure);
    return !config.folder || inputs->recorder;
}

/* Until then a signal ends the program as if it had not begun. */
static bool await_interfaces(const struct options *o)
{
    for (size_t i = 0; o->capture.wait && i < o->n_devices; i++) {
        bool told = o->report.quiet;
        while (!capture_device_is_up(o->device[i])) {
            if (!told)
                fprintf(stderr, "shakeout: %s is not there, or not up; I wait for it\n",
                        o->device[i]);
            told = true;
            (void)poll(NULL, 0, 200);
        }
    }
    return true;
}

/* Before an interface is waited for, which may be long. */
static void renewal_begin(const struct run_inputs *inputs)
{
    struct sigaction renewing = { .sa_handler = renew, .sa_flags = SA_RESTART };

    reading.reload = inputs->reload;
    if (reading.reload) /* a terminal that goes away ends the screen */
        sigaction(SIGHUP, &renewing, NULL);
}

static int watch_device(struct run_inputs *inputs)
{
    struct failure failure = { 0 };
    const struct options *o = inputs->options;
    struct capture *capture = NULL;
    int code = 2;

    text_printable(o->interface, strlen(o->interface), inputs->name, sizeof inputs->name);
    renewal_begin(inputs);
    if (record(inputs, &failure) && await_interfaces(o))
        capture = capture_open_devices(o->device, o->n_devices, &o->capture, &failure);

    run_signals_begin(capture, false); /* before the screen: it leaves alone what is handled */
    if (capture && watch_open(inputs, capture_facts(capture), &failure))
        code = watch(inputs, capture);
    else
        code = run_fail(&failure);
    screen_close(inputs->screen);
    recorder_close(inputs->recorder);
    run_signals_end();
    reading.live = NULL; /* a late SIGUSR1 asks nobody */
    reading.reload = NULL;
    porter_close(&inputs->porter);
    if (inputs->live)
        live_stopping(inputs->live);
    capture_close(capture);
    live_close(inputs->live);
    return code;
}

int run_device(struct options *o)
{
    static struct run_inputs inputs;
    struct failure failure = { 0 };

    if (!run_open(&inputs, o, &failure))
        return run_fail(&failure);
    inputs.porter.helper.fd = -1;
    inputs.reload = o->screen ? NULL : reload_open(o, &inputs.porter);
    int code = watch_device(&inputs);
    return run_finish(&inputs, &failure) ? code : run_fail(&failure);
}
