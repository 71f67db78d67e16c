#include "live/check.h"

#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum plugin_code { PLUGIN_OK, PLUGIN_WARNING, PLUGIN_CRITICAL, PLUGIN_UNKNOWN };

enum { IDLE_S = 300, FILE_MOST = 1 << 20, LINE = 200 };

struct reading {
    const struct check_config *config;
    json_t *root; /* owned */
    int64_t failing, endpoints, stale, drops, oldest_s;
    char why[LINE]; /* UNKNOWN, for this reason */
};

static const char *const words[] = { "OK", "WARNING", "CRITICAL", "UNKNOWN" };

/* A number somewhere in the file; 0 where there is none. */
static int64_t number_at(const json_t *in, const char *object, const char *key)
{
    const json_t *holder = object ? json_object_get(in, object) : in;
    const json_t *v = json_object_get(holder, key);
    return json_is_integer(v) ? json_integer_value(v) : 0;
}

/* What another program wrote goes to a terminal, and must not end the text before the bar. */
static const char *word_at(const json_t *in, const char *key, char out[LINE])
{
    const json_t *v = json_object_get(in, key);
    const char *s = json_is_string(v) ? json_string_value(v) : "";

    text_printable(s, strlen(s), out, LINE);
    for (char *p = out; *p; p++)
        if (*p == '|')
            *p = '/';
    return out;
}

static bool unknown(struct reading *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool unknown(struct reading *r, const char *format, ...)
{
    va_list args;
    struct text t = text_of(r->why, sizeof r->why);

    va_start(args, format);
    text_vformat(&t, format, args);
    va_end(args);
    return false;
}

static bool load(struct reading *r)
{
    static char bytes[FILE_MOST];
    char name[120];
    json_error_t error;
    FILE *f = fopen(r->config->status, "rb");

    text_printable(r->config->status, strlen(r->config->status), name, sizeof name);
    if (!f)
        return unknown(r, "%s: %s; is the watch running with --status?", name, strerror(errno));
    size_t n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    r->root = json_loadb(bytes, n, JSON_REJECT_DUPLICATES, &error);
    if (json_is_object(r->root) && number_at(r->root, NULL, "schema") == 1)
        return true;
    return unknown(r, "%s is no status file of shakeout", name);
}

/* The first interface that is; else what all of them are called. */
static const char *who_is_gone(const struct reading *r, char name[LINE])
{
    size_t i;
    const json_t *port;

    json_array_foreach(json_object_get(r->root, "interfaces"), i, port)
    {
        if (number_at(port, NULL, "up"))
            continue;
        word_at(port, "name", name);
        break;
    }
    return name;
}

static bool is_current(struct reading *r)
{
    int64_t now = time(NULL), age = now - number_at(r->root, NULL, "written_s");
    int64_t newest = number_at(r->root, "capture", "last_packet_s");
    char name[LINE];
    const json_t *capture = json_object_get(r->root, "capture");

    word_at(capture, "interface", name);
    if (age > r->config->max_age_s || age < -r->config->max_age_s)
        return unknown(r, "the status is %" PRId64 " s old: the watch does not run", age);
    if (json_object_get(capture, "up") && !number_at(r->root, "capture", "up"))
        return unknown(r, "%s is gone: %s", who_is_gone(r, name),
                       json_array_size(json_object_get(r->root, "interfaces")) > 1
                           ? "what passes there is not watched"
                           : "nothing is watched");
    if (!newest)
        return unknown(r, "no packet on %s yet", name);
    if (now - newest > IDLE_S)
        return unknown(r, "no packet on %s for %" PRId64 " s", name, now - newest);
    if (number_at(r->root, "capture", "directions") == 1)
        return unknown(r, "%s shows only one direction: mirror rx and tx", name);
    return true;
}

static void count(struct reading *r)
{
    size_t i;
    const json_t *service;
    uint16_t wanted = r->config->service;

    r->endpoints = number_at(r->root, "endpoints", "total");
    r->failing = number_at(r->root, "endpoints", "failing");
    r->stale = number_at(r->root, "endpoints", "stale");
    r->drops = number_at(r->root, "capture", "dropped_kernel") +
               number_at(r->root, "capture", "dropped_interface");
    r->oldest_s = json_object_get(json_object_get(r->root, "checkin"), "oldest_age_s")
                      ? number_at(r->root, "checkin", "oldest_age_s")
                      : -1;
    if (!wanted)
        return;
    r->failing = r->endpoints = 0;
    json_array_foreach(json_object_get(r->root, "services"), i, service)
    {
        if (number_at(service, NULL, "port") != wanted)
            continue;
        r->failing = number_at(service, NULL, "failing");
        r->endpoints = r->failing + number_at(service, NULL, "healthy") +
                       number_at(service, NULL, "undecided");
    }
}

static bool concerns(const struct reading *r, const json_t *finding)
{
    return !r->config->service || number_at(finding, NULL, "port") == r->config->service;
}

static void add_port(const json_t *finding, struct text *t)
{
    int64_t port = number_at(finding, NULL, "port");

    if (port)
        text_format(t, " on %" PRId64, port);
}

static void add_worst(const struct reading *r, struct text *t)
{
    size_t i;
    const json_t *finding;
    char word[LINE];

    json_array_foreach(json_object_get(r->root, "findings"), i, finding)
    {
        if (!concerns(r, finding))
            continue;
        text_format(t, ", worst: %" PRId64 " x %s", number_at(finding, NULL, "endpoints"),
                    word_at(finding, "title", word));
        add_port(finding, t);
        if (*word_at(finding, "network", word))
            text_format(t, " (%s)", word);
        return;
    }
}

static void put_numbers(const struct reading *r, FILE *out)
{
    const struct check_config *c = r->config;
    char oldest[24] = "U"; /* not known */

    if (r->oldest_s >= 0)
        snprintf(oldest, sizeof oldest, "%" PRId64 "s", r->oldest_s);
    fprintf(out,
            " | endpoints=%" PRId64 ";;;0 failing=%" PRId64 ";%s;%s;0;%" PRId64 " stale=%" PRId64
            ";;;0 oldest_checkin=%s;;;0 capture_drops=%" PRId64 "c\n",
            r->endpoints, r->failing, c->warning_text, c->critical_text, r->endpoints, r->stale,
            oldest, r->drops);
}

static void put_details(const struct reading *r, FILE *out)
{
    size_t i;
    const json_t *finding;
    char id[LINE], network[LINE];

    json_array_foreach(json_object_get(r->root, "findings"), i, finding)
    {
        if (!concerns(r, finding))
            continue;
        fprintf(out, "%" PRId64 " %s %" PRId64 "%s%s\n", number_at(finding, NULL, "endpoints"),
                word_at(finding, "id", id), number_at(finding, NULL, "port"),
                *word_at(finding, "network", network) ? ": " : "", network);
    }
}

static int tell(const struct reading *r, FILE *out)
{
    char line[LINE];
    struct text t = text_of(line, sizeof line);
    double failing = (double)r->failing;
    enum plugin_code code = alarm_holds(&r->config->critical, failing)  ? PLUGIN_CRITICAL
                            : alarm_holds(&r->config->warning, failing) ? PLUGIN_WARNING
                                                                        : PLUGIN_OK;

    text_format(&t, "SHAKEOUT %s - %" PRId64 " of %" PRId64 " endpoints failing", words[code],
                r->failing, r->endpoints);
    if (r->config->service)
        text_format(&t, " on %u", r->config->service);
    if (r->stale)
        text_format(&t, ", %" PRId64 " stale", r->stale);
    if (r->failing)
        add_worst(r, &t);
    fputs(line, out);
    put_numbers(r, out);
    put_details(r, out);
    return code;
}

int check_status(const struct check_config *config, FILE *out)
{
    struct reading r = { .config = config };
    int code = PLUGIN_UNKNOWN;

    if (load(&r) && is_current(&r)) {
        count(&r);
        code = tell(&r, out);
    } else {
        fprintf(out, "SHAKEOUT UNKNOWN - %s\n", r.why);
    }
    json_decref(r.root);
    return code;
}
