/* The lines of type endpoint and summary, after the findings. */
#include "correlate/checkin.h"
#include "report/json_parts.h"
#include "report/tell.h"

enum { JSON_SERVERS = 64, JSON_SERVICES = 128 };

static bool same_port_before(const struct summary *s, uint32_t first, uint32_t i)
{
    const struct service_key *key = table_key(&s->services, i - 1);
    for (uint32_t k = first; k && k != i;) {
        const struct service_key *other = table_key(&s->services, k - 1);
        if (other->port == key->port && other->is_lookup == key->is_lookup)
            return true;
        k = ((const struct service_count *)table_at(&s->services, k - 1))->next;
    }
    return false;
}

/* One port of one endpoint, over all servers. */
static void put_service(struct report *r, uint32_t first)
{
    struct writer *w = &r->writer;
    const struct summary *s = &r->summary;
    const struct service_key *key = table_key(&s->services, first - 1);
    struct service_count all = { .failed_stage = ATTEMPT_STAGES };

    for (uint32_t i = first; i;) {
        const struct service_key *other = table_key(&s->services, i - 1);
        const struct service_count *c = table_at(&s->services, i - 1);
        if (other->port == key->port && other->is_lookup == key->is_lookup) {
            if (!all.attempts || (c->failed && !all.failed))
                memcpy(all.stage, c->stage, sizeof all.stage);
            all.attempts += c->attempts;
            all.failed += c->failed;
            all.ok += c->ok;
        }
        i = c->next;
    }
    json_comma(w);
    JSON_PUT(w, "\"");
    json_put_digits(w, key->port);
    JSON_PUT(w, "\":{");
    for (int i = STAGE_TCP; i < ATTEMPT_STAGES; i++)
        if (!key->is_lookup)
            json_word(w, stage_name((enum stage)i), token_name((enum stage_token)all.stage[i]));
    if (key->is_lookup)
        json_word(w, "dns", token_name((enum stage_token)all.stage[STAGE_DNS]));
    JSON_PUT(w, ",\"attempts\":");
    json_put_digits(w, all.attempts);
    JSON_PUT(w, ",\"ok\":");
    json_put_digits(w, all.ok);
    JSON_PUT(w, ",\"failed\":");
    json_put_digits(w, all.failed);
    JSON_PUT(w, "}");
}

/* An interval that is not observed is assumed, and says so. */
static void put_checkins(struct report *r, const struct checkins *c)
{
    struct writer *w = &r->writer;
    bool observed = c->interval_ns != 0;

    json_object(w, "checkin");
    json_number(w, "count", c->count);
    json_number(w, "interval_s",
                observed ? (uint64_t)(c->interval_ns + 500000000) / 1000000000 : CHECKIN_DEFAULT_S);
    json_word(w, "interval_from", c->configured ? "configured" : observed ? "observed" : "default");
    if (c->last_ns)
        json_put_time(r, "last", c->last_ns);
    if (observed)
        json_number(w, "missed", c->missed);
    if (c->irregular)
        json_flag(w, "irregular", true);
    json_end_object(w);
}

static void json_endpoint(struct report *r, const struct scene *scene, size_t number)
{
    struct writer *w = &r->writer;
    const struct summary *s = &r->summary;
    const struct address *address = table_key(&s->endpoints, number);
    const struct endpoint *e = table_at(&s->endpoints, number);
    enum outcome outcome = endpoint_state(e);
    static const char *const states[] = { "healthy", "failing", "undecided" };
    char text[ADDRESS_TEXT];
    size_t written = 0, n = json_address_text(address, text);

    json_begin_line(r, scene->last_ns);
    JSON_PUT(w, ",\"event\":{\"dataset\":\"shakeout.endpoint\",\"kind\":\"state\",\"id\":\"e-");
    writer_put_n(w, text, n);
    JSON_PUT(w, "\",\"outcome\":\"");
    writer_put(w, json_outcome_name(outcome));
    JSON_PUT(w, "\"},\"client\":{\"ip\":\"");
    writer_put_n(w, text, n);
    JSON_PUT(w, "\"");
    if (e->has_mac)
        json_mac(w, "mac", e->mac);
    JSON_PUT(w, "}");
    json_begin_shakeout(r);
    JSON_PUT(w, ",\"state\":\"");
    writer_put(w, states[outcome]);
    JSON_PUT(w, "\",\"services\":{");
    for (uint32_t i = e->first_service; i && written < JSON_SERVICES;) {
        if (!same_port_before(s, e->first_service, i)) {
            put_service(r, i);
            written++;
        }
        i = ((const struct service_count *)table_at(&s->services, i - 1))->next;
    }
    json_end_object(w);
    if (e->goes_round)
        json_flag(w, "goes_round", true);
    tell_json(r, scene, e);
    if (e->last_ok_ns)
        json_put_time(r, "last_success", e->last_ok_ns);
    put_checkins(r, &e->checkins);
    json_array(w, "findings");
    if (e->worst_group) {
        const struct group *g = table_at(&s->groups, e->worst_group - 1);
        json_word(w, NULL, finding_of(g->id)->id);
    }
    json_end_array(w);
    json_end_shakeout(r);
}

static void put_counts(struct report *r)
{
    struct writer *w = &r->writer;
    const struct totals *t = &r->summary.totals;

    json_object(w, "endpoints");
    json_number(w, "total", t->endpoints);
    json_number(w, "healthy", t->healthy);
    json_number(w, "failing", t->failing);
    json_number(w, "undecided", t->unclear);
    json_number(w, "going_round", t->going_round);
    json_end_object(w);
    json_object(w, "finding_counts");
    for (int i = SEVERITY_ERROR; i >= SEVERITY_INFO; i--)
        json_number(w, severity_name((enum severity)i), t->findings[i]);
    json_end_object(w);
    json_object(w, "connections");
    json_number(w, "total", t->connections);
    json_number(w, "ok", t->ok);
    json_number(w, "failed", t->failed);
    json_number(w, "undecided", t->undecided);
    json_number(w, "not_judged", r->summary.others);
    json_end_object(w);
    json_object(w, "lookups");
    json_number(w, "total", t->lookups);
    json_number(w, "failed", t->failed_lookups);
    json_end_object(w);
    json_array(w, "servers");
    for (size_t i = 0; i < r->summary.servers.n && i < JSON_SERVERS; i++)
        json_address(w, NULL, table_key(&r->summary.servers, i));
    json_end_array(w);
}

/* Places that were full: what the counts above do not hold. */
static void put_left_out(struct writer *w, const struct report *r)
{
    const struct summary *s = &r->summary;
    uint64_t refused = s->groups.refused + s->members.refused + s->endpoints.refused +
                       s->services.refused + r->shown.refused;
    if (refused)
        json_number(w, "left_out", refused);
}

static void json_summary(struct report *r, const struct scene *scene)
{
    struct writer *w = &r->writer;
    struct mark m = mark_begin();
    bool failed = r->summary.any_error || (r->config.fail_on_warning && r->summary.any_warning);
    char message[600];

    mark_bytes(&m, scene->file, strlen(scene->file));
    mark_number(&m, scene->packets);
    json_begin_line(r, scene->last_ns);
    json_begin_event(r, "shakeout.summary", "metric", 's', m);
    json_word(w, "outcome", failed ? "failure" : r->mark == MARK_OK ? "success" : "unknown");
    json_end_object(w);
    snprintf(message, sizeof message, "%s%s%s", r->word, r->word[0] ? ": " : "", r->headline);
    json_string(w, "message", message, &r->cut);
    json_begin_shakeout(r);
    json_word(w, "verdict", failed ? "failures" : r->mark == MARK_OK ? "healthy" : "none");
    json_number(w, "exit_code", (uint64_t)r->exit_code);
    json_flag(w, "complete", !scene->damaged);
    json_put_input_facts(r, scene);
    put_counts(r);
    put_left_out(w, r);
    json_end_shakeout(r);
}

void json_close(struct report *r, const struct scene *scene)
{
    const struct group *groups[SUMMARY_GROUPS];
    size_t n = summary_order(&r->summary, groups, SUMMARY_GROUPS);
    json_certificates(r);
    for (size_t i = 0; i < n; i++)
        json_finding(r, scene, groups[i]);
    for (size_t i = 0; i < r->summary.endpoints.n; i++)
        json_endpoint(r, scene, i);
    json_summary(r, scene);
}
