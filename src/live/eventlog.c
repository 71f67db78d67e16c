#include "live/eventlog.h"

#include "base/text.h"
#include "report/json_line.h"
#include "report/stamp.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct eventlog {
    const char *path; /* borrowed */
    struct output_jsonl config;
    struct report_lines lines; /* its file is ours */
    int64_t opened_ns;         /* since then it grows */
    off_t good;                /* octets of whole lines */
    uint64_t told, lost;       /* changes of the board; lines that could not be written */
    bool failed;               /* and said */
    struct writer writer;
};

enum { CONNECTIONS_A_TICK = 500 };

static const int64_t second_ns = 1000000000;

/* ---- the file ---- */

static void fail(struct failure *failure, const char *path, const char *why)
{
    *failure = (struct failure){ 0 };
    text_printable(path, strlen(path), failure->what, sizeof failure->what);
    snprintf(failure->why, sizeof failure->why, "cannot be written: %s", why);
}

/* A line that a crash of the machine cut goes no further. */
static bool end_line(int fd, off_t *size)
{
    char last;

    if (!*size || pread(fd, &last, 1, *size - 1) != 1 || last == '\n')
        return true;
    if (write(fd, "\n", 1) != 1)
        return false;
    ++*size;
    return true;
}

static bool file_open(struct eventlog *log, int64_t now_ns, struct failure *failure)
{
    struct stat about;
    int fd =
        open(log->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);

    if (fd < 0) {
        fail(failure, log->path, strerror(errno));
        return false;
    }
    bool regular = fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
    off_t size = about.st_size;
    if (!regular || !end_line(fd, &size) || !(log->lines.file = fdopen(fd, "ab"))) {
        fail(failure, log->path, regular ? strerror(errno) : "it is no regular file");
        close(fd);
        return false;
    }
    log->good = size;
    log->opened_ns = now_ns;
    log->writer.out = log->lines.file;
    log->writer.error = log->lines.error = 0;
    log->lines.begun = false;
    log->lines.any = size > 0;
    return true;
}

static void file_close(struct eventlog *log)
{
    if (log->lines.file)
        fclose(log->lines.file);
    log->lines.file = NULL;
}

static void say(const struct eventlog *log, const char *what)
{
    char path[200];

    text_printable(log->path, strlen(log->path), path, sizeof path);
    fprintf(stderr, "shakeout: %s: %s\n", path, what);
}

static void say_failed(struct eventlog *log, const char *why)
{
    char line[400];

    if (log->failed)
        return;
    log->failed = true;
    snprintf(line, sizeof line, "%s; I go on watching, and try again", why);
    say(log, line);
}

/* What was written in part is cut off. */
static void give_up_writing(struct eventlog *log, int error)
{
    char why[120];

    snprintf(why, sizeof why, "cannot be written: %s", strerror(error));
    if (ftruncate(fileno(log->lines.file), log->good) != 0)
        snprintf(why, sizeof why, "cannot be written, and ends with half a line");
    file_close(log);
    say_failed(log, why);
}

static void settle(struct eventlog *log)
{
    struct stat about;

    if (!log->lines.file)
        return;
    writer_flush(&log->writer);
    int error = log->writer.error ? log->writer.error : log->lines.error;
    if (error || fstat(fileno(log->lines.file), &about) != 0) {
        give_up_writing(log, error ? error : errno);
        return;
    }
    log->good = about.st_size;
}

/* ---- rotation ---- */

static bool name_of(const struct eventlog *log, unsigned i, char out[PATH_MAX])
{
    int n = i ? snprintf(out, PATH_MAX, "%s.%u", log->path, i)
              : snprintf(out, PATH_MAX, "%s", log->path);
    return n > 0 && n < PATH_MAX;
}

static void put_aside(struct eventlog *log)
{
    char from[PATH_MAX], to[PATH_MAX];

    for (unsigned i = log->config.keep; i-- > 0;)
        if (name_of(log, i, from) && name_of(log, i + 1, to) && rename(from, to) != 0 &&
            errno != ENOENT)
            say_failed(log, strerror(errno));
}

static bool is_due(const struct eventlog *log, int64_t now_ns)
{
    const struct output_jsonl *c = &log->config;
    bool large = c->rotate_bytes && (uint64_t)log->good >= c->rotate_bytes;
    bool old = c->rotate_s && now_ns - log->opened_ns >= c->rotate_s * second_ns;
    return log->lines.any && (large || old);
}

static void open_again(struct eventlog *log, int64_t now_ns)
{
    struct failure failure;

    if (!file_open(log, now_ns, &failure)) {
        say_failed(log, failure.why);
        return;
    }
    if (log->failed) {
        char line[80];
        snprintf(line, sizeof line, "written again; %" PRIu64 " lines are missing", log->lost);
        say(log, line);
    }
    log->failed = false;
    log->lost = 0;
}

static void put_left_out(struct eventlog *log, int64_t now_ns);

void eventlog_tick(struct eventlog *log, int64_t now_ns)
{
    if (!log)
        return;
    if (log->lines.left_out && log->lines.file)
        put_left_out(log, now_ns);
    log->lines.room = CONNECTIONS_A_TICK;
    settle(log);
    if (log->lines.file && is_due(log, now_ns)) {
        file_close(log);
        put_aside(log);
    }
    if (!log->lines.file)
        open_again(log, now_ns);
}

void eventlog_reopen(struct eventlog *log)
{
    if (!log)
        return;
    settle(log);
    file_close(log);
    open_again(log, time(NULL) * second_ns);
}

/* ---- opening ---- */

void eventlog_configure(struct eventlog *log, const struct output_jsonl *config)
{
    if (!log)
        return;
    log->config = *config;
    log->lines.failing = config->connections != OUTPUT_NO_CONNECTIONS;
    log->lines.all = config->connections == OUTPUT_ALL_CONNECTIONS;
}

struct eventlog *eventlog_open(const char *path, const struct output_jsonl *config,
                               struct failure *failure)
{
    struct eventlog *log = calloc(1, sizeof *log);

    *failure = (struct failure){ .what = "memory", .why = "the machine has none left" };
    if (!log)
        return NULL;
    log->path = path;
    log->lines.room = CONNECTIONS_A_TICK;
    eventlog_configure(log, config);
    writer_open(&log->writer, NULL);
    if (file_open(log, time(NULL) * second_ns, failure))
        return log;
    free(log);
    return NULL;
}

void eventlog_close(struct eventlog *log)
{
    if (!log)
        return;
    settle(log);
    file_close(log);
    free(log);
}

struct report_lines *eventlog_lines(struct eventlog *log) { return log ? &log->lines : NULL; }

/* ---- lines ---- */

static void put_time(struct writer *w, const char *key, int64_t ns)
{
    char day[20], text[40];
    int64_t seconds = stamp_seconds(ns);

    stamp_date_time(seconds, day);
    snprintf(text, sizeof text, "%s.%06uZ", day, stamp_fraction(ns) / 1000);
    json_word(w, key, text);
}

static void begin_line(struct writer *w, int64_t time_ns)
{
    writer_put_n(w, "{", 1);
    put_time(w, "@timestamp", time_ns);
}

static void begin_ours(struct writer *w)
{
    json_object(w, "shakeout");
    json_word(w, "schema", "1.0");
    json_number(w, "file", 1);
}

static void end_line_of(struct writer *w)
{
    json_end_object(w);
    json_end_object(w);
    writer_end_line(w);
}

static void put_party(struct writer *w, const char *key, const struct address *address,
                      uint16_t port)
{
    if (address_is_unspecified(address))
        return;
    json_object(w, key);
    json_address(w, "ip", address);
    if (port)
        json_number(w, "port", port);
    json_end_object(w);
}

static void put_change(struct writer *w, const struct board_event *e)
{
    char id[64] = "e-", address[ADDRESS_TEXT];
    bool fails = e->change == BOARD_FAILS;

    snprintf(id, sizeof id, "e-%s", address_text(&e->client, address));
    begin_line(w, e->time_ns);
    json_object(w, "event");
    json_word(w, "dataset", "shakeout.endpoint");
    json_word(w, "kind", "state");
    json_word(w, "id", id);
    json_word(w, "outcome", fails ? "failure" : "success");
    if (fails)
        json_word(w, "code", finding_of(e->id)->id);
    json_end_object(w);
    put_party(w, "client", &e->client, 0);
    put_party(w, "server", &e->server, e->port);
    begin_ours(w);
    json_word(w, "state", fails ? "failing" : "healthy");
    if (fails && e->before_ns)
        put_time(w, "last_success", e->before_ns);
    json_array(w, "findings");
    if (fails)
        json_word(w, NULL, finding_of(e->id)->id);
    json_end_array(w);
    end_line_of(w);
}

static bool begin_writing(struct eventlog *log)
{
    log->lost += !log->lines.file;
    log->lines.any = true;
    return log->lines.file != NULL;
}

void eventlog_changes(struct eventlog *log, const struct board *board)
{
    uint64_t all = board_changes(board);

    if (!log)
        return;
    for (size_t i = all - log->told < BOARD_EVENTS ? (size_t)(all - log->told) : BOARD_EVENTS;
         i-- > 0;) {
        const struct board_event *event = board_event(board, i);
        if (event && begin_writing(log))
            put_change(&log->writer, event);
    }
    log->told = all;
}

static const char *const change_words[] = {
    [ALERT_BEGINS] = "begins",     [ALERT_ENDS] = "ends",     [ALERT_LEAVES] = "leaves",
    [ALERT_RESTLESS] = "restless", [ALERT_BEYOND] = "beyond", [ALERT_FILED] = "filed"
};

/* Its event.id is that of the connection or lookup, so that the two are found together. */
static void put_filed(struct writer *w, const struct filed *f, int64_t time_ns)
{
    begin_line(w, time_ns);
    json_object(w, "event");
    json_word(w, "dataset", "shakeout.evidence");
    json_word(w, "kind", "event");
    json_word(w, "id", f->line);
    json_word(w, "code", finding_of(f->id)->id);
    json_end_object(w);
    put_party(w, "client", &f->client, 0);
    put_party(w, "server", &f->server, f->port);
    begin_ours(w);
    json_word(w, "evidence", f->name);
    end_line_of(w);
}

/* The same of an alarm's beginning and of its end. */
static void put_alert_id(struct writer *w, const struct alert *a)
{
    char id[120], client[ADDRESS_TEXT] = "";

    if (a->of_endpoint)
        address_text(&a->client, client);
    snprintf(id, sizeof id, "a-%s-%s-%u", a->rule->name, client, a->port);
    json_word(w, "id", id);
}

static void put_alert(struct writer *w, const struct alert *a)
{
    bool cut = false;
    bool over = a->change == ALERT_ENDS;

    begin_line(w, a->time_ns);
    json_string(w, "message", a->text, &cut);
    json_object(w, "event");
    json_word(w, "dataset", "shakeout.alert");
    json_word(w, "kind", "alert");
    put_alert_id(w, a);
    json_word(w, "outcome", over ? "success" : a->change == ALERT_LEAVES ? "unknown" : "failure");
    if (a->id != F_NONE)
        json_word(w, "code", finding_of(a->id)->id);
    json_end_object(w);
    if (a->of_endpoint)
        put_party(w, "client", &a->client, 0);
    put_party(w, "server", &a->server, a->port);
    begin_ours(w);
    json_object(w, "alert");
    json_word(w, "rule", a->rule->name);
    json_word(w, "change", change_words[a->change]);
    if (a->since_ns > 0)
        put_time(w, "since", a->since_ns);
    if (a->rule->when == ALERT_GROUP)
        json_number(w, "endpoints", a->endpoints);
    json_end_object(w);
    if (a->evidence[0])
        json_word(w, "evidence", a->evidence);
    end_line_of(w);
}

/* A flood of connections that fail is a number. */
static void put_left_out(struct eventlog *log, int64_t now_ns)
{
    static const struct alert_rule rule = { .name = "connections", .when = ALERT_FAILING };
    struct alert alert = { .change = ALERT_BEYOND, .rule = &rule, .time_ns = now_ns };

    snprintf(alert.text, sizeof alert.text, "%" PRIu64 " more connections failed",
             log->lines.left_out);
    log->lines.left_out = 0;
    put_alert(&log->writer, &alert);
}

void eventlog_alert(struct eventlog *log, const struct alert *alert)
{
    if (log && begin_writing(log))
        put_alert(&log->writer, alert);
}

void eventlog_filed(struct eventlog *log, const struct filed *filed, int64_t time_ns)
{
    if (log && begin_writing(log))
        put_filed(&log->writer, filed, time_ns);
}
