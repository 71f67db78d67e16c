/* The file that kept.c reads. */
#include "live/kept.h"
#include "report/json_line.h"

static void put_ns(struct writer *w, const char *key, int64_t ns)
{
    json_number(w, key, ns > 0 ? (uint64_t)ns : 0);
}

static const char *id_of(enum finding_id id) { return id == F_NONE ? "" : finding_of(id)->id; }

static void put_place(struct writer *w, const struct board_kept_place *p)
{
    json_object(w, NULL);
    json_address(w, "server", &p->server);
    json_number(w, "port", p->port);
    json_flag(w, "decided", p->decided);
    json_flag(w, "failing", p->failing);
    json_number(w, "recent", p->recent);
    json_number(w, "of", p->n_recent);
    json_word(w, "token", token_name((enum stage_token)p->token));
    json_word(w, "id", id_of(p->id));
    json_word(w, "failed_id", id_of(p->failed_id));
    put_ns(w, "since_ns", p->since_ns);
    put_ns(w, "failed_ns", p->failed_ns);
    put_ns(w, "worked_ns", p->worked_ns);
    json_end_object(w);
}

static void put_endpoint(struct writer *w, const struct board_kept *e)
{
    writer_put(w, "{");
    json_address(w, "endpoint", &e->client);
    json_flag(w, "succeeded", e->succeeded);
    json_flag(w, "missed", e->missed);
    json_flag(w, "gone", e->gone);
    put_ns(w, "last_ns", e->last_ns);
    json_array(w, "checkins_ns");
    for (size_t i = 0; i < e->n_times; i++)
        put_ns(w, NULL, e->times[i]);
    json_end_array(w);
    json_array(w, "services");
    for (size_t i = 0; i < e->n_places; i++)
        put_place(w, &e->place[i]);
    json_end_array(w);
    json_end_object(w);
    writer_end_line(w);
}

static void put_alarm(struct writer *w, const struct alert_kept *a)
{
    char client[ADDRESS_TEXT] = "";

    if (!address_is_unspecified(&a->client))
        address_text(&a->client, client);
    writer_put(w, "{");
    json_word(w, "alert", a->rule);
    json_word(w, "endpoint", client);
    json_number(w, "port", a->port);
    json_word(w, "id", id_of(a->id));
    json_flag(w, "told", a->told);
    json_flag(w, "held", a->held);
    put_ns(w, "since_ns", a->since_ns);
    json_array(w, "changes_ns");
    for (size_t i = 0; i < ALERT_CHANGES; i++)
        put_ns(w, NULL, a->changes_ns[i]);
    json_end_array(w);
    json_end_object(w);
    writer_end_line(w);
}

static uint64_t put_alarms(struct writer *w, const struct alerts *alerts)
{
    struct alert_kept kept;
    size_t cursor = 0;
    uint64_t n = 0;

    for (; alerts && alerts_keep(alerts, &cursor, &kept); n++)
        put_alarm(w, &kept);
    return n;
}

void kept_write(struct writer *w, const struct board *board, const struct alerts *alerts,
                int64_t now_ns)
{
    struct board_kept kept;
    uint64_t n = 0;

    writer_put(w, "{");
    json_word(w, "shakeout", "state");
    json_number(w, "version", KEPT_VERSION);
    put_ns(w, "written_ns", now_ns);
    json_end_object(w);
    writer_end_line(w);
    for (size_t i = 0; i < board_count(board); i++)
        if (board_keep(board, i, now_ns, &kept)) {
            put_endpoint(w, &kept);
            n++;
        }
    n += put_alarms(w, alerts);
    writer_put(w, "{");
    json_number(w, "end", n);
    json_end_object(w);
    writer_end_line(w);
}
