#include "live/kept.h"

#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

struct kept_reading {
    struct board *board;
    struct alerts *alerts; /* NULL: nobody wants to know */
    int64_t now_ns;
    uint64_t n;        /* endpoints and alarms so far */
    bool begun, ended; /* the first line was there, the last */
    const char *why;   /* it is damaged */
};

static bool damaged(struct kept_reading *r, const char *why)
{
    r->why = why;
    return false;
}

static bool read_address(const char *text, struct address *out)
{
    char again[ADDRESS_TEXT];
    return address_parse(text, out) && strcmp(address_text(out, again), text) == 0;
}

/* An id that is not known any more is none. */
static enum finding_id read_id(const char *text) { return *text ? finding_find(text) : F_NONE; }

static bool read_token(const char *text, uint8_t *out)
{
    for (int i = TOKEN_NOT_TRIED; i < TOKENS; i++)
        if (strcmp(token_name((enum stage_token)i), text) == 0) {
            *out = (uint8_t)i;
            return true;
        }
    return false;
}

static bool is_time(json_int_t v) { return v >= 0 && v < INT64_MAX / 2; }

/* At most so many, ascending; -1 when they are not. */
static int read_times(const json_t *list, int most, int64_t *out)
{
    size_t i;
    const json_t *one;
    int64_t before = 0;

    if (!json_is_array(list) || json_array_size(list) > (size_t)most)
        return -1;
    json_array_foreach(list, i, one)
    {
        json_int_t v = json_integer_value(one);
        if (!json_is_integer(one) || !is_time(v) || v < before)
            return -1;
        out[i] = before = v;
    }
    return (int)json_array_size(list);
}

static bool read_place(json_t *one, struct board_kept_place *out)
{
    const char *server, *token, *id, *failed_id;
    int decided, failing;
    json_int_t port, recent, of, since, failed, worked;

    if (json_unpack_ex(one, NULL, JSON_STRICT,
                       "{s:s, s:I, s:b, s:b, s:I, s:I, s:s, s:s, s:s, s:I, s:I, s:I}", "server",
                       &server, "port", &port, "decided", &decided, "failing", &failing, "recent",
                       &recent, "of", &of, "token", &token, "id", &id, "failed_id", &failed_id,
                       "since_ns", &since, "failed_ns", &failed, "worked_ns", &worked) != 0)
        return false;
    *out = (struct board_kept_place){ .port = (uint16_t)port,
                                      .decided = decided,
                                      .failing = failing,
                                      .recent = (uint8_t)recent,
                                      .n_recent = (uint8_t)of,
                                      .id = read_id(id),
                                      .failed_id = read_id(failed_id),
                                      .since_ns = since,
                                      .failed_ns = failed,
                                      .worked_ns = worked };
    return read_address(server, &out->server) && read_token(token, &out->token) && port >= 0 &&
           port <= UINT16_MAX && recent >= 0 && recent <= UINT8_MAX && of >= 0 &&
           of <= BOARD_RECENT && is_time(since) && is_time(failed) && is_time(worked);
}

/* Without its finding a failure cannot be told, nor counted. */
static bool is_known(const struct board_kept_place *p) { return !p->failing || p->id != F_NONE; }

static bool read_places(const json_t *list, struct board_kept *out)
{
    size_t i;
    json_t *one;

    if (json_array_size(list) > BOARD_SERVICES)
        return false;
    json_array_foreach(list, i, one)
    {
        struct board_kept_place *place = &out->place[out->n_places];
        if (!read_place(one, place))
            return false;
        if (place->failed_id == F_NONE)
            place->failed_ns = 0;
        out->n_places += is_known(place);
    }
    return true;
}

static bool read_endpoint(struct kept_reading *r, json_t *line)
{
    struct board_kept kept = { 0 };
    const char *address;
    json_t *times, *places;
    int succeeded, missed, gone;
    json_int_t last;

    if (json_unpack_ex(line, NULL, JSON_STRICT, "{s:s, s:b, s:b, s:b, s:I, s:o, s:o}", "endpoint",
                       &address, "succeeded", &succeeded, "missed", &missed, "gone", &gone,
                       "last_ns", &last, "checkins_ns", &times, "services", &places) != 0 ||
        !json_is_array(places))
        return damaged(r, "is no line of such a file");
    kept.succeeded = succeeded;
    kept.missed = missed;
    kept.gone = gone;
    kept.last_ns = last;
    int n_times = read_times(times, BOARD_TIMES, kept.times);
    if (!read_address(address, &kept.client) || !is_time(last) || n_times < 0 ||
        !read_places(places, &kept))
        return damaged(r, "holds a value that was never written");
    kept.n_times = (uint8_t)n_times;
    r->n++;
    return board_resume(r->board, &kept, r->now_ns) ||
           damaged(r, "names an endpoint that was there");
}

/* One of an endpoint has its address, the others none. */
static bool read_alarm(struct kept_reading *r, json_t *line)
{
    struct alert_kept kept = { 0 };
    const char *rule, *address, *id;
    json_t *changes;
    int told, held;
    json_int_t port, since;

    if (json_unpack_ex(line, NULL, JSON_STRICT, "{s:s, s:s, s:I, s:s, s:b, s:b, s:I, s:o}", "alert",
                       &rule, "endpoint", &address, "port", &port, "id", &id, "told", &told, "held",
                       &held, "since_ns", &since, "changes_ns", &changes) != 0)
        return damaged(r, "is no line of such a file");
    kept.port = (uint16_t)port;
    kept.id = read_id(id);
    kept.told = told;
    kept.held = held;
    kept.since_ns = since;
    text_copy(kept.rule, sizeof kept.rule, rule);
    if ((*address && !read_address(address, &kept.client)) || port < 0 || port > UINT16_MAX ||
        !is_time(since) || read_times(changes, ALERT_CHANGES, kept.changes_ns) != ALERT_CHANGES ||
        strlen(rule) >= sizeof kept.rule)
        return damaged(r, "holds a value that was never written");
    r->n++;
    if (!r->alerts || (*id && kept.id == F_NONE))
        return true;
    return alerts_resume(r->alerts, &kept) || damaged(r, "names an alarm that was there");
}

static bool read_head(struct kept_reading *r, json_t *line)
{
    const char *word;
    json_int_t version, written;

    if (json_unpack_ex(line, NULL, JSON_STRICT, "{s:s, s:I, s:I}", "shakeout", &word, "version",
                       &version, "written_ns", &written) != 0 ||
        strcmp(word, "state") != 0)
        return damaged(r, "is no state of a watch");
    r->begun = true;
    return version == KEPT_VERSION || damaged(r, "was written by another version of shakeout");
}

static bool read_end(struct kept_reading *r, const json_t *n)
{
    r->ended = true;
    return (json_is_integer(n) && (uint64_t)json_integer_value(n) == r->n) ||
           damaged(r, "counts other lines than are there");
}

static bool read_object(struct kept_reading *r, json_t *line)
{
    if (r->ended)
        return damaged(r, "comes behind the end");
    if (!r->begun)
        return read_head(r, line);
    if (json_object_size(line) == 1 && json_object_get(line, "end"))
        return read_end(r, json_object_get(line, "end"));
    return json_object_get(line, "alert") ? read_alarm(r, line) : read_endpoint(r, line);
}

static bool read_line(struct kept_reading *r, const char *line, size_t n)
{
    if (!n || line[n - 1] != '\n')
        return damaged(r, n < KEPT_LINE ? "is cut off" : "is too long");
    json_t *object = json_loadb(line, n - 1, JSON_REJECT_DUPLICATES, NULL);
    bool fine = json_is_object(object) ? read_object(r, object) : damaged(r, "is no JSON object");
    json_decref(object);
    return fine;
}

/* A line with its end, or KEPT_LINE octets without one. */
static size_t next_line(FILE *in, char line[KEPT_LINE])
{
    size_t n = 0;

    for (int c; n < KEPT_LINE && (c = getc(in)) != EOF;) {
        line[n++] = (char)c;
        if (c == '\n')
            break;
    }
    return n;
}

bool kept_read(FILE *in, const char *name, int64_t now_ns, struct board *board,
               struct alerts *alerts, struct failure *failure)
{
    char line[KEPT_LINE];
    struct kept_reading r = { .board = board, .alerts = alerts, .now_ns = now_ns };
    uint64_t number = 0;

    for (size_t n; !r.why && (n = next_line(in, line)) > 0;) {
        number++;
        (void)read_line(&r, line, n);
    }
    if (!r.why && !r.ended)
        (void)damaged(&r, number ? "is the last one, and not the end" : "is not there");
    if (!r.why && !ferror(in))
        return true;
    *failure = (struct failure){ 0 };
    struct text what = text_of(failure->what, sizeof failure->what);
    text_foreign(&what, name, strlen(name));
    if (ferror(in))
        text_copy(failure->why, sizeof failure->why, strerror(errno));
    else
        snprintf(failure->why, sizeof failure->why, "line %" PRIu64 " %s", number ? number : 1,
                 r.why);
    return false;
}
