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
static struct service_count add_up(const struct summary *s, uint32_t first)
{
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
    return all;
}

static char *pen_service(const struct report *r, char *p, uint32_t first)
{
    const struct service_key *key = table_key(&r->summary.services, first - 1);
    struct service_count all = add_up(&r->summary, first);

    p = PEN_PUT(p, "\"");
    p = pen_number(p, key->port);
    p = PEN_PUT(p, "\":{");
    for (int i = STAGE_TCP; i < ATTEMPT_STAGES && !key->is_lookup; i++)
        p = json_pen_stage(r, p, (enum stage)i, all.stage[i]);
    if (key->is_lookup)
        p = json_pen_stage(r, p, STAGE_DNS, all.stage[STAGE_DNS]);
    p = PEN_PUT(p, "\"attempts\":");
    p = pen_number(p, all.attempts);
    p = PEN_PUT(p, ",\"ok\":");
    p = pen_number(p, all.ok);
    p = PEN_PUT(p, ",\"failed\":");
    p = pen_number(p, all.failed);
    return PEN_PUT(p, "},");
}

static char *pen_services(struct report *r, char *p, const struct endpoint *e)
{
    const struct summary *s = &r->summary;
    size_t written = 0;

    p = PEN_PUT(p, ",\"services\":{");
    for (uint32_t i = e->first_service; i && written < JSON_SERVICES;) {
        if (!same_port_before(s, e->first_service, i)) {
            writer_commit(&r->writer, p); /* all of them together need more than one reserve */
            p = pen_service(r, writer_reserve(&r->writer, JSON_PEN_ROOM), i);
            written++;
        }
        i = ((const struct service_count *)table_at(&s->services, i - 1))->next;
    }
    p -= written != 0; /* the last comma */
    return PEN_PUT(p, "}");
}

/* An interval that is not observed is assumed, and says so. */
static char *pen_checkins(struct report *r, char *p, const struct checkins *c)
{
    bool observed = c->interval_ns != 0;

    p = PEN_PUT(p, ",\"checkin\":{\"count\":");
    p = pen_number(p, c->count);
    p = PEN_PUT(p, ",\"interval_s\":");
    p = pen_number(p, observed ? (uint64_t)(c->interval_ns + 500000000) / 1000000000
                               : CHECKIN_DEFAULT_S);
    p = PEN_PUT(p, ",\"interval_from\":\"");
    p = pen_text(p, c->configured ? "configured" : observed ? "observed" : "default");
    p = PEN_PUT(p, "\"");
    if (c->last_ns) {
        p = PEN_PUT(p, ",\"last\":");
        p += json_time_text(r, c->last_ns, p);
    }
    if (observed) {
        p = PEN_PUT(p, ",\"missed\":");
        p = pen_number(p, c->missed);
    }
    if (c->irregular)
        p = PEN_PUT(p, ",\"irregular\":true");
    return PEN_PUT(p, "}");
}

static char *pen_endpoint_event(struct report *r, char *p, const struct scene *scene,
                                const struct address *address, const struct endpoint *e,
                                enum outcome outcome)
{
    char text[ADDRESS_TEXT];
    size_t n = json_address_text(address, text);

    p = PEN_PUT(p, "{\"@timestamp\":");
    p += json_time_text(r, scene->last_ns, p);
    p = PEN_PUT(p, ",\"event\":{\"dataset\":\"shakeout.endpoint\",\"kind\":\"state\",\"id\":\"e-");
    p = pen_octets(p, text, n);
    p = PEN_PUT(p, "\",\"outcome\":\"");
    p = pen_text(p, json_outcome_name(outcome));
    p = PEN_PUT(p, "\"},\"client\":{\"ip\":\"");
    p = pen_octets(p, text, n);
    p = PEN_PUT(p, "\"");
    if (e->has_mac) {
        p = PEN_PUT(p, ",\"mac\":\"");
        p = json_pen_mac(p, e->mac);
        p = PEN_PUT(p, "\"");
    }
    return PEN_PUT(p, "}");
}

/* More than one host uses this address; what says so, the surest first. */
static char *pen_nat(char *p, const struct summary *s, const struct scene *scene, size_t number)
{
    const struct endpoint *e = table_at(&s->endpoints, number);
    const struct address *client = table_key(&s->endpoints, number);

    if (!summary_is_shared(s, scene, client))
        return p;
    p = PEN_PUT(p, ",\"nat\":true,\"nat_from\":\"");
    if (scene->profile && site_is_nat(&scene->profile->site, client))
        p = PEN_PUT(p, "config");
    else
        p = pen_text(p, e->shared_by_card ? "client_certificates" : "ttl");
    return PEN_PUT(p, "\"");
}

static void json_endpoint(struct report *r, const struct scene *scene, size_t number)
{
    static const char *const states[] = { "healthy", "failing", "undecided" };
    const struct summary *s = &r->summary;
    const struct endpoint *e = table_at(&s->endpoints, number);
    enum outcome outcome = endpoint_state(e);
    char *p = writer_reserve(&r->writer, JSON_PEN_ROOM);

    r->cut = false;
    p = pen_endpoint_event(r, p, scene, table_key(&s->endpoints, number), e, outcome);
    p = json_pen_shakeout(r, p);
    p = PEN_PUT(p, ",\"state\":\"");
    p = pen_text(p, states[outcome]);
    p = PEN_PUT(p, "\"");
    p = pen_nat(p, s, scene, number);
    p = pen_services(r, p, e);
    if (e->goes_round)
        p = PEN_PUT(p, ",\"goes_round\":true");
    writer_commit(&r->writer, p);
    tell_json(r, scene, e);
    p = writer_reserve(&r->writer, JSON_PEN_ROOM);
    if (e->last_ok_ns) {
        p = PEN_PUT(p, ",\"last_success\":");
        p += json_time_text(r, e->last_ok_ns, p);
    }
    p = pen_checkins(r, p, &e->checkins);
    p = PEN_PUT(p, ",\"findings\":[");
    if (e->worst_group) {
        const struct group *g = table_at(&s->groups, e->worst_group - 1);
        p = PEN_PUT(p, "\"");
        p = pen_text(p, finding_of(g->id)->id);
        p = PEN_PUT(p, "\"");
    }
    p = PEN_PUT(p, "]");
    writer_commit(&r->writer, p);
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
    view_json(r);
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
