/* ecs.c - one document a connection, in the names of the Elastic Common Schema.
 *
 * What --format jsonl tells in several lines of ours - connection, handshake, certificate, finding
 * - stands in one, as Elastic Security and Kibana search it.  Every line carries ecs.version.
 *
 * Source: elastic.co/guide/en/ecs/8.17; required of an event by Elastic Security: @timestamp,
 * ecs.version, event.kind, event.category, event.type.  What ECS has no name for is below shakeout.
 */
#include "report/exports_inside.h"
#include "report/version.h"
#include "tls/names.h"

#include <inttypes.h>

static void put_time(struct writer *w, const char *key, int64_t ns)
{
    char text[48], moment[20];

    stamp_date_time(stamp_seconds(ns), moment);
    snprintf(text, sizeof text, "%s.%09" PRIu32 "Z", moment, stamp_fraction(ns));
    json_word(w, key, text);
}

static void put_text(struct writer *w, const char *key, const char *s)
{
    bool cut = false;

    if (s && s[0])
        json_string(w, key, s, &cut);
}

static void put_event(struct writer *w, const struct exported *c)
{
    const struct flow *f = c->flow;
    const struct raised *r = &c->verdict->primary;
    enum outcome outcome = outcome_of(r);
    char id[16 + 1];

    mark_text(c->mark, id);
    id[16] = '\0';
    json_object(w, "event");
    json_word(w, "kind", "event");
    json_put_category(w, "connection", json_connection_type(c->verdict, outcome));
    json_word(w, "outcome", json_outcome_name(outcome));
    json_word(w, "dataset", "shakeout.connection");
    json_word(w, "id", id);
    put_time(w, "start", f->first_ns);
    put_time(w, "end", f->last_ns);
    if (f->last_ns >= f->first_ns)
        json_number(w, "duration", (uint64_t)f->last_ns - (uint64_t)f->first_ns);
    if (r->id) {
        json_word(w, "code", finding_of(r->id)->id);
        json_word(w, "reason", finding_of(r->id)->title);
        json_number(w, "severity", json_severity(r->severity));
    }
    json_end_object(w);
}

static void put_end(struct writer *w, const char *key, const struct exported *c, enum side side)
{
    const struct half *half = &c->flow->half[side];

    json_object(w, key);
    json_address(w, "ip", &c->flow->address[side]);
    json_number(w, "port", c->flow->port[side]);
    json_number(w, "packets", half->packets);
    json_number(w, "bytes", half->bytes);
    if (side == SERVER)
        put_text(w, "address", c->server_name);
    json_end_object(w);
}

static void put_network(struct writer *w, const struct exported *c)
{
    const struct flow *f = c->flow;
    const char *protocol = c->session ? c->session->protocol : NULL;
    char vlan[8];

    json_object(w, "network");
    json_word(w, "transport", "tcp");
    json_word(w, "type", address_is_ipv4(&f->address[CLIENT]) ? "ipv4" : "ipv6");
    put_text(w, "protocol", protocol);
    json_number(w, "packets", (uint64_t)f->half[CLIENT].packets + f->half[SERVER].packets);
    json_number(w, "bytes", f->half[CLIENT].bytes + f->half[SERVER].bytes);
    json_word(w, "community_id", c->community);
    if (f->vlan) {
        snprintf(vlan, sizeof vlan, "%u", f->vlan - 1u);
        json_object(w, "vlan");
        json_word(w, "id", vlan);
        json_end_object(w);
    }
    json_end_object(w);
}

static void put_related(struct writer *w, const struct exported *c)
{
    const char *name = c->session ? c->session->server_name : NULL;
    bool asked = name && name[0];

    json_object(w, "related");
    json_array(w, "ip");
    json_address(w, NULL, &c->flow->address[CLIENT]);
    json_address(w, NULL, &c->flow->address[SERVER]);
    json_end_array(w);
    if (c->server_name[0] || asked) {
        json_array(w, "hosts");
        put_text(w, NULL, c->server_name);
        if (asked && strcmp(name, c->server_name) != 0)
            put_text(w, NULL, name);
        json_end_array(w);
    }
    json_end_object(w);
}

static void put_rule(struct writer *w, const struct raised *r)
{
    if (!r->id)
        return;
    json_object(w, "rule");
    json_word(w, "id", finding_of(r->id)->id);
    json_word(w, "name", finding_of(r->id)->title);
    json_word(w, "category", stage_name(finding_of(r->id)->stage));
    json_end_object(w);
}

/* ---- tls --------------------------------------------------------------------------------------
 */

static void put_certificate(struct writer *w, const struct session *s, enum side side)
{
    bool cut = false;

    if (s->n_chain[side])
        json_put_certificate(w, cert_facts(s->chain[side][0]), &cut);
}

static void put_client(struct writer *w, const struct exported *c)
{
    const char *name = c->session->server_name;

    if (!c->prints.ja3[0] && !(name && name[0]) && !c->session->n_chain[CLIENT])
        return;
    json_object(w, "client");
    put_text(w, "server_name", name);
    put_text(w, "ja3", c->prints.ja3);
    put_certificate(w, c->session, CLIENT);
    json_end_object(w);
}

static void put_server(struct writer *w, const struct exported *c)
{
    if (!c->prints.ja3s[0] && !c->session->n_chain[SERVER])
        return;
    json_object(w, "server");
    put_text(w, "ja3s", c->prints.ja3s);
    put_certificate(w, c->session, SERVER);
    json_end_object(w);
}

static void put_tls(struct writer *w, const struct exported *c)
{
    const struct tls *t = c->tls;
    const struct tls_server_hello *choice = &t->server_hello;
    enum established established = json_established(c->verdict, t);
    bool cut = false;

    json_object(w, "tls");
    json_put_tls_version(w, tls_version(t));
    if (tls_suite_known(t))
        put_text(w, "cipher", tls_suite_name(choice->suite));
    if (tls_group(t))
        put_text(w, "curve", tls_group_name(tls_group(t)));
    if (established != ESTABLISHED_UNKNOWN)
        json_flag(w, "established", established == ESTABLISHED_YES);
    if (choice->present)
        json_flag(w, "resumed", tls_resumed(t) && !tls_psk_is_external(t));
    if (choice->alpn.left)
        json_bytes(w, "next_protocol", choice->alpn.at, choice->alpn.left, &cut);
    put_client(w, c);
    put_server(w, c);
    json_end_object(w);
}

/* ---- the document -----------------------------------------------------------------------------
 */

static void put_ours(struct writer *w, const struct exported *c)
{
    const struct raised *r = &c->verdict->primary;

    json_object(w, "shakeout");
    if (r->id) {
        json_word(w, "severity", severity_name(r->severity));
        json_word(w, "owner", owner_name(r->owner));
    }
    if (r->fact)
        json_word(w, "confidence", confidence_name(r->fact));
    json_put_frames(w, r->frames, r->n_frames);
    put_text(w, "ja4", c->prints.ja4);
    json_end_object(w);
}

void ecs_connection(struct export_file *file, const struct exported *c)
{
    static const char *const ends[SIDES][2] = { { "client", "source" },
                                                { "server", "destination" } };
    struct writer *w = &file->writer;

    writer_put_n(w, "{", 1);
    put_time(w, "@timestamp", c->flow->first_ns);
    json_object(w, "ecs");
    json_word(w, "version", "8.17.0");
    json_end_object(w);
    put_event(w, c);
    json_object(w, "observer");
    json_word(w, "vendor", "shakeout");
    json_word(w, "version", SHAKEOUT_VERSION);
    json_word(w, "type", "packet-capture");
    json_end_object(w);
    json_object(w, "file");
    put_text(w, "path", c->scene->file);
    json_end_object(w);
    for (enum side side = CLIENT; side < SIDES; side++)
        for (size_t i = 0; i < 2; i++)
            put_end(w, ends[side][i], c, side);
    put_network(w, c);
    put_related(w, c);
    put_rule(w, &c->verdict->primary);
    if (c->tls)
        put_tls(w, c);
    put_ours(w, c);
    writer_put_n(w, "}", 1);
    writer_end_line(w);
}
