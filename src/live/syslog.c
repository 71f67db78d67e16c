#include "live/syslog.h"

#include "config/target.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct message {
    size_t n, sent;
    char at[SYSLOG_TEXT + 8]; /* with its length, on a stream */
};

struct syslog {
    struct output_syslog config;
    struct syslog_writer who;
    struct porter *porter; /* borrowed */
    size_t item;           /* of the porter's */
    bool stream;
    int fd;                       /* -1 = not connected */
    bool asked, failed, rest;     /* failed: and said; rest: not at once again */
    int64_t next_ask_ns, wait_ns; /* steady clock; how long the next time */
    uint64_t lost, lost_before;   /* messages; those of which the host was told */
    size_t first, n;
    struct message queue[SYSLOG_QUEUE];
};

static const int64_t second_ns = 1000000000;

/* ---- opening ---- */

static void name_host(char out[64])
{
    char name[64] = "";
    size_t n = 0;

    if (gethostname(name, sizeof name - 1) != 0)
        name[0] = '\0';
    for (const char *p = name; *p; p++)
        if (*p > ' ' && *p < 0x7f)
            out[n++] = *p;
    if (!n)
        out[n++] = '-';
    out[n] = '\0';
}

struct syslog *syslog_open(const struct output_syslog *config, struct porter *porter)
{
    struct syslog *log = calloc(1, sizeof *log);
    struct target target;

    if (!log || porter->n == PORTER_ITEMS || !target_read(config->address, &target)) {
        free(log);
        return NULL;
    }
    log->config = *config;
    log->porter = porter;
    log->item = porter->n;
    log->fd = -1;
    log->stream = target.type == SOCK_STREAM;
    log->who.process = getpid();
    name_host(log->who.host);
    porter->item[porter->n++] =
        (struct porter_item){ .type = target.type, .size = target.size, .address = target.address };
    return log;
}

void syslog_close(struct syslog *log)
{
    if (!log)
        return;
    if (log->fd >= 0)
        close(log->fd);
    free(log);
}

void syslog_configure(struct syslog *log, const struct output_syslog *config)
{
    if (!log)
        return;
    log->config.form = config->form;
    log->config.facility = config->facility;
}

uint64_t syslog_lost(const struct syslog *log) { return log ? log->lost : 0; }

/* ---- the queue ---- */

static struct message *head(struct syslog *log) { return &log->queue[log->first]; }

static void drop_head(struct syslog *log)
{
    log->first = (log->first + 1) % SYSLOG_QUEUE;
    log->n--;
}

/* The oldest goes when nobody takes them: what is so now matters more. */
static struct message *enqueue(struct syslog *log)
{
    if (log->n == SYSLOG_QUEUE) {
        drop_head(log);
        log->lost++;
    }
    return &log->queue[(log->first + log->n++) % SYSLOG_QUEUE];
}

static void put(struct syslog *log, const struct alert *alert)
{
    char text[SYSLOG_TEXT];
    struct text t = text_of(text, sizeof text);
    struct message *m = enqueue(log);
    int n = 0;

    syslog_text(&log->config, &log->who, alert, &t);
    if (log->stream)
        n = snprintf(m->at, sizeof m->at, "%zu ", t.n);
    memcpy(m->at + n, text, t.n);
    m->n = (size_t)n + t.n;
    m->sent = 0;
}

void syslog_alert(struct syslog *log, const struct alert *alert)
{
    if (log)
        put(log, alert);
}

/* ---- the connection ---- */

static void say(struct syslog *log, const char *what)
{
    fprintf(stderr, "shakeout: [output syslog] %s: %s\n", log->config.address, what);
}

static void say_failed(struct syslog *log, int error)
{
    char line[160];

    if (log->failed)
        return;
    log->failed = true;
    snprintf(line, sizeof line, "%s; I go on watching, and try again", strerror(error));
    say(log, line);
}

static void lose(struct syslog *log, int error)
{
    enum { AT_MOST_S = 60 };

    if (log->fd >= 0)
        close(log->fd);
    log->fd = -1;
    head(log)->sent = 0; /* a stream that broke took no half message */
    log->wait_ns = log->wait_ns ? log->wait_ns * 2 : second_ns;
    if (log->wait_ns > AT_MOST_S * second_ns)
        log->wait_ns = AT_MOST_S * second_ns;
    log->rest = true;
    say_failed(log, error);
}

bool syslog_take(struct syslog *log, size_t item, int fd, int error)
{
    if (!log || item != log->item)
        return false;
    log->asked = false;
    if (fd < 0) {
        lose(log, error);
        return true;
    }
    log->fd = fd; /* it does not wait: so it was handed over */
    return true;
}

static void tell_lost(struct syslog *log, int64_t time_ns)
{
    static const struct alert_rule rule = { .name = "syslog", .when = ALERT_BLIND };
    struct alert alert = { .change = ALERT_BEYOND, .rule = &rule, .time_ns = time_ns };

    snprintf(alert.text, sizeof alert.text, "%" PRIu64 " earlier messages were lost",
             log->lost - log->lost_before);
    log->lost_before = log->lost;
    put(log, &alert);
}

/* Somebody listens: the first message left. */
static void note_success(struct syslog *log)
{
    log->wait_ns = 0;
    if (log->failed)
        say(log, "written again");
    log->failed = false;
}

/* Answers whether the next one may be tried. */
static bool send_head(struct syslog *log)
{
    struct message *m = head(log);
    ssize_t n = write(log->fd, m->at + m->sent, m->n - m->sent);

    if (n < 0 && errno == EMSGSIZE) { /* not by trying again */
        log->lost++;
        drop_head(log);
        return true;
    }
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR || errno == ENOBUFS))
        return false;
    if (n < 0) {
        lose(log, errno);
        return false;
    }
    m->sent += (size_t)n;
    if (m->sent < m->n)
        return log->stream;
    drop_head(log);
    note_success(log);
    return true;
}

/* Whoever closed a stream takes nothing more, and the kernel would say so one message late. */
static bool is_closed(const struct syslog *log)
{
    char ignored[256];
    ssize_t n;

    while ((n = read(log->fd, ignored, sizeof ignored)) > 0)
        ;
    return n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

static void connect_again(struct syslog *log, int64_t steady_ns)
{
    if (log->asked || steady_ns < log->next_ask_ns)
        return;
    if (!porter_ask(log->porter, log->item)) {
        say_failed(log, ECHILD);
        log->next_ask_ns = steady_ns + 60 * second_ns;
        return;
    }
    log->asked = true;
}

void syslog_tick(struct syslog *log, int64_t steady_ns)
{
    if (!log)
        return;
    if (log->fd >= 0 && log->stream && is_closed(log))
        lose(log, EPIPE);
    if (log->fd < 0 && !log->rest)
        connect_again(log, steady_ns);
    if (log->fd >= 0 && log->lost != log->lost_before && log->n < SYSLOG_QUEUE)
        tell_lost(log, time(NULL) * second_ns);
    while (log->fd >= 0 && log->n && send_head(log))
        ;
    if (log->rest)
        log->next_ask_ns = steady_ns + log->wait_ns;
    log->rest = false;
}
