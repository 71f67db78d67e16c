/* The lines of type finding. */
#include "report/commands.h"
#include "report/json_parts.h"
#include "report/trusted.h"
#include "verdict/blame.h"

#include <stdlib.h>

enum { JSON_ENDPOINTS = 1000 }; /* with the rest of it a line stays below WRITER_LINE */

static void put_filled(struct report *r, const char *key, const struct facts *facts,
                       const char *template)
{
    char line[2048];
    struct text t = text_of(line, sizeof line);
    if (fill(facts, template, &t))
        json_string(&r->writer, key, line, &r->cut);
}

static void put_finding_cause(struct report *r, const struct facts *facts, const struct group *g)
{
    char line[1024];
    struct text t = text_of(line, sizeof line);
    if (g->cause && fill(facts, finding_of(g->id)->prose.means, &t))
        json_put_cause(r, line, g->cause);
}

/* Of its endpoints at its service, whatever came of them. */
static uint64_t attempts_of(const struct summary *s, const struct group *g)
{
    uint64_t n = 0;

    for (uint32_t i = g->first_member; i;) {
        const struct member_key *key = table_key(&s->members, i - 1);
        n += service_attempts(s, &key->client, &g->server, g->port);
        i = ((const struct member *)table_at(&s->members, i - 1))->next;
    }
    return n > g->n_members ? n : g->n_members;
}

static void put_members(struct report *r, const struct group *g)
{
    struct writer *w = &r->writer;
    size_t n = 0;
    if (g->of_capture)
        return;
    for (size_t i = 0; i < g->n_sets; i++) {
        const struct group *set = table_at(&r->summary.groups, g->set[i] - 1u);
        if (!i)
            json_array(w, "together");
        json_word(w, NULL, finding_of(set->id)->id);
    }
    if (g->n_sets)
        json_end_array(w);
    if (g->of_set)
        json_string(w, "together_because", g->words, &r->cut);
    if (g->n_round)
        json_number(w, "going_round", g->n_round);
    json_array(w, "endpoints");
    for (uint32_t i = g->first_member; i && n < JSON_ENDPOINTS; n++) {
        const struct member_key *key = table_key(&r->summary.members, i - 1);
        json_address(w, NULL, &key->client);
        i = ((const struct member *)table_at(&r->summary.members, i - 1))->next;
    }
    json_end_array(w);
    json_number(w, "endpoints_count", g->n_endpoints);
    if (g->of_set)
        return;
    json_object(w, "attempts");
    if (g->severity == SEVERITY_ERROR && !g->lookup)
        json_number(w, "total", attempts_of(&r->summary, g));
    json_number(w, g->severity == SEVERITY_ERROR ? "failed" : "affected", g->n_members);
    json_end_object(w);
}

static void put_next(struct report *r, const struct facts *facts, const struct prose *prose)
{
    struct writer *w = &r->writer;
    json_array(w, "next");
    for (size_t i = 0; i < 3 && prose->next[i]; i++)
        put_filled(r, NULL, facts, prose->next[i]);
    json_end_array(w);
    if (prose->deciding)
        put_filled(r, "next_capture_text", facts, prose->deciding);
}

static void put_commands(struct report *r, const struct facts *facts)
{
    struct command *commands = malloc(COMMANDS_MAX * sizeof *commands);
    size_t n = commands ? commands_of(facts, commands) : 0;

    if (n)
        json_array(&r->writer, "commands");
    for (size_t i = 0; i < n; i++) {
        json_object(&r->writer, NULL);
        json_word(&r->writer, "on", platform_name(commands[i].on));
        json_word(&r->writer, "purpose", commands[i].purpose);
        json_string(&r->writer, "text", commands[i].text, &r->cut);
        json_end_object(&r->writer);
    }
    if (n)
        json_end_array(&r->writer);
    free(commands);
}

static void put_ruled_out(struct writer *w, const struct verdict *v)
{
    static const char *const names[] = {
        [CHECK_SERVER_ANSWERS] = "server-down",
        [CHECK_PORT_ANSWERS_OTHERS] = "stopped-service",
        [CHECK_NAME_RESOLVED] = "dns",
        [CHECK_BOTH_DIRECTIONS] = "one-way-capture",
        [CHECK_NO_CAPTURE_LOSS] = "capture-loss",
        [CHECK_RST_TTL_EQUAL] = "forged-reset",
        [CHECK_RST_TTL_DIFFERS] = "server",
        [CHECK_CLOSED_PORT_RESETS] = "closed-port",
        [CHECK_NETWORK_WORKS] = "network",
        [CHECK_OTHERS_ACCEPT] = "server-wide",
    };
    if (!v || !v->n_checks)
        return;
    json_array(w, "ruled_out");
    for (size_t i = 0; i < v->n_checks; i++) {
        const struct check *c = &v->checks[i];
        if (c->kind == CHECK_RST_TTL_DIFFERS && c->side == CLIENT)
            json_word(w, NULL, "client");
        else if (c->kind < sizeof names / sizeof *names)
            json_word(w, NULL, names[c->kind]);
    }
    json_end_array(w);
}

static void put_sign_list(struct writer *w, const char *key, unsigned signs)
{
    json_array(w, key);
    for (int i = 0; i < SIGNS; i++)
        if (signs & 1U << i)
            json_word(w, NULL, sign_name((enum sign)i));
    json_end_array(w);
}

/* What a reset was asked about its sender. */
static void put_signs(struct writer *w, const struct verdict *v)
{
    if (!v || !v->signs_asked)
        return;
    json_object(w, "reset_signs");
    put_sign_list(w, "against", v->signs_found);
    put_sign_list(w, "unusable", v->signs_unusable);
    json_end_object(w);
}

static void put_finding_facts(struct report *r, const struct group *g, const struct facts *facts)
{
    struct writer *w = &r->writer;
    const struct finding *finding = finding_of(g->id);
    char filter[2048];
    struct text t = text_of(filter, sizeof filter);

    json_word(w, "severity", severity_name(g->severity));
    json_word(w, "owner", owner_name(g->owner));
    if (g->owner_reason[0])
        json_string(w, "owner_reason", g->owner_reason, &r->cut);
    if (g->fact)
        json_word(w, "confidence", confidence_name(g->fact));
    put_finding_cause(r, facts, g);
    if (finding->stage == STAGE_CERT && g->example && g->example->trust[trusted_side(g->id)])
        trusted_json(w, g->example->trust[trusted_side(g->id)], &r->cut);
    put_members(r, g);
    put_ruled_out(w, g->example);
    put_signs(w, g->example);
    json_put_common(r, g);
    json_put_frames(w, g->frames, g->n_frames < GROUP_FRAMES ? g->n_frames : GROUP_FRAMES);
    block_filter(g, &t);
    if (t.n)
        json_string(w, "filter", filter, &r->cut);
    put_next(r, facts, &finding->prose);
    put_commands(r, facts);
}

static void put_rule(struct writer *w, const struct finding *finding)
{
    json_object(w, "rule");
    json_word(w, "id", finding->id);
    json_word(w, "name", finding->title);
    json_word(w, "category", stage_name(finding->stage));
    json_word(w, "version", "1");
    json_end_object(w);
}

static const char *severity_type(enum severity s) { return s == SEVERITY_ERROR ? "error" : "info"; }

unsigned json_severity(enum severity severity)
{
    static const uint8_t numbers[] = { 2, 3, 4, 7 };
    return numbers[severity];
}

void json_finding(struct report *r, const struct scene *scene, const struct group *g)
{
    struct writer *w = &r->writer;
    const struct finding *finding = finding_of(g->id);
    struct facts facts = report_facts(r, scene, g);
    struct mark m = mark_begin();
    char line[512];
    struct text t = text_of(line, sizeof line);

    mark_bytes(&m, finding->id, strlen(finding->id));
    mark_bytes(&m, g->server.octet, 16);
    mark_number(&m, (uint64_t)g->port << 1 | g->lookup);
    json_begin_line(r, g->of_capture ? scene->last_ns : g->first_ns);
    fill_headline(&facts, &t);
    json_string(w, "message", line, &r->cut);
    json_begin_event(r, "shakeout.finding", "alert", 'f', m);
    json_put_category(w, severity_type(g->severity), NULL);
    json_word(w, "code", finding->id);
    json_number(w, "severity", json_severity(g->severity));
    json_word(w, "outcome", g->severity == SEVERITY_ERROR ? "failure" : "unknown");
    put_filled(r, "reason", &facts, finding->prose.seen);
    json_end_object(w);
    put_rule(w, finding);
    if (!g->of_capture)
        json_put_end(r, "server", &g->server, g->port, false);
    json_begin_shakeout(r);
    put_finding_facts(r, g, &facts);
    json_end_shakeout(r);
}
