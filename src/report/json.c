/* JSON Lines: one object for each thing that is known, in ECS names where there is one. */
#include "report/json_parts.h"
#include "report/version.h"
#include "x509/digest.h"

#include <inttypes.h>

static const char schema[] = "1.0";

struct mark mark_begin(void) { return (struct mark){ 0xcbf29ce484222325 }; }

void mark_number(struct mark *m, uint64_t v)
{
    m->v = (m->v ^ v) * 0x100000001b3;
    m->v ^= m->v >> 29;
}

void mark_bytes(struct mark *m, const void *p, size_t n)
{
    const uint8_t *octet = p;
    for (size_t i = 0; i < n;) {
        uint64_t word = 0;
        for (unsigned k = 0; k < 8 && i < n; k++, i++)
            word = word << 8 | octet[i];
        mark_number(m, word);
    }
    mark_number(m, n);
}

struct mark mark_flow(const struct flow *flow)
{
    struct mark m = mark_begin();
    for (int side = CLIENT; side < SIDES; side++) {
        mark_bytes(&m, flow->address[side].octet, 16);
        mark_number(&m, flow->port[side]);
    }
    mark_number(&m, flow->protocol);
    mark_number(&m, (uint64_t)flow->first_ns);
    mark_number(&m, flow->first_frame); /* two flows of one tuple may begin at one time */
    return m;
}

static void put_id(struct writer *w, char kind, struct mark m)
{
    static const char digits[] = "0123456789abcdef";
    char text[18] = { kind, '-' };
    for (int i = 0; i < 16; i++)
        text[2 + i] = digits[m.v >> (60 - 4 * i) & 15];
    json_key(w, "id");
    writer_put_n(w, "\"", 1);
    writer_put_n(w, text, sizeof text);
    writer_put_n(w, "\"", 1);
}

/* RFC 3339 in UTC; the date of the last second is kept, for most times share it. */
void json_put_time(struct report *r, const char *key, int64_t ns)
{
    struct writer *w = &r->writer;
    int64_t seconds = stamp_seconds(ns);
    uint32_t fraction = stamp_fraction(ns);
    unsigned digits = fraction % 1000 ? 9 : 6;
    char text[9];

    if (!r->clock_known || r->clock_s != seconds) {
        stamp_date_time(seconds, r->clock_text);
        r->clock_s = seconds;
        r->clock_known = true;
    }
    if (digits == 6)
        fraction /= 1000;
    for (unsigned i = digits; i-- > 0; fraction /= 10)
        text[i] = (char)('0' + fraction % 10);
    json_key(w, key);
    writer_put_n(w, "\"", 1);
    writer_put_n(w, r->clock_text, CLOCK_TEXT - 1);
    writer_put_n(w, ".", 1);
    writer_put_n(w, text, digits);
    writer_put_n(w, "Z\"", 2);
}

void json_begin_line(struct report *r, int64_t time_ns)
{
    r->cut = false;
    writer_put_n(&r->writer, "{", 1);
    json_put_time(r, "@timestamp", time_ns);
}

void json_begin_event(struct report *r, const char *dataset, const char *kind, char id,
                      struct mark m)
{
    struct writer *w = &r->writer;
    json_object(w, "event");
    json_word(w, "dataset", dataset);
    json_word(w, "kind", kind);
    put_id(w, id, m);
}

void json_put_category(struct writer *w, const char *type, const char *further)
{
    json_key(w, "category");
    writer_put(w, "[\"network\"]");
    json_array(w, "type");
    json_word(w, NULL, type);
    if (further)
        json_word(w, NULL, further);
    json_end_array(w);
}

void json_begin_shakeout(struct report *r)
{
    json_object(&r->writer, "shakeout");
    json_word(&r->writer, "schema", schema);
    json_number(&r->writer, "file", r->config.input ? r->config.input : 1);
}

void json_end_shakeout(struct report *r)
{
    if (r->cut)
        json_flag(&r->writer, "cut", true);
    json_end_object(&r->writer);
    json_end_object(&r->writer);
    writer_end_line(&r->writer);
}

const char *json_outcome_name(enum outcome outcome)
{
    return outcome == OUTCOME_OK ? "success" : outcome == OUTCOME_FAILED ? "failure" : "unknown";
}

void json_put_frames(struct writer *w, const uint64_t *frames, size_t n)
{
    if (!n)
        return;
    json_array(w, "frames");
    for (size_t i = 0; i < n; i++)
        json_number(w, NULL, frames[i]);
    json_end_array(w);
}

/* Community ID version 1 with seed 0: SHA-1 over the seed, both ends in order, protocol, ports. */
void json_put_community(struct report *r, const struct address *a, uint16_t a_port,
                        const struct address *b, uint16_t b_port, uint8_t protocol)
{
    uint8_t in[2 + 16 + 16 + 2 + 4] = { 0 }, sum[DIGEST_SHA1];
    char text[2 + DIGEST_SHA1_BASE64] = "1:";
    bool v4 = address_is_ipv4(a) && address_is_ipv4(b);
    size_t skip = v4 ? 12 : 0, each = 16 - skip, n = 2;
    int order = memcmp(a->octet + skip, b->octet + skip, each);

    if (order > 0 || (order == 0 && a_port > b_port)) {
        const struct address *swap = a;
        uint16_t swap_port = a_port;
        a = b;
        a_port = b_port;
        b = swap;
        b_port = swap_port;
    }
    memcpy(in + n, a->octet + skip, each);
    memcpy(in + n + each, b->octet + skip, each);
    n += 2 * each;
    in[n] = protocol;
    in[n + 2] = (uint8_t)(a_port >> 8);
    in[n + 3] = (uint8_t)a_port;
    in[n + 4] = (uint8_t)(b_port >> 8);
    in[n + 5] = (uint8_t)b_port;
    digest_sha1(in, n + 6, sum);
    digest_base64(sum, DIGEST_SHA1, text + 2);
    json_key(&r->writer, "community_id");
    writer_put_n(&r->writer, "\"", 1);
    writer_put_n(&r->writer, text, sizeof text);
    writer_put_n(&r->writer, "\"", 1);
}

void json_put_flow_community(struct report *r, const struct flow *f)
{
    json_put_community(r, &f->address[CLIENT], f->port[CLIENT], &f->address[SERVER],
                       f->port[SERVER], f->protocol);
}

void json_put_end(struct report *r, const char *key, const struct address *a, uint16_t port,
                  bool open)
{
    json_object(&r->writer, key);
    json_address(&r->writer, "ip", a);
    json_number(&r->writer, "port", port);
    if (!open)
        json_end_object(&r->writer);
}

static void put_flow_ends(struct report *r, const struct scene *scene, const struct verdict *v)
{
    static const uint8_t no_mac[6];
    static const char *const ecs[SIDES] = { "client", "server" };
    const struct flow *f = v->flow;
    struct facts facts = { .scene = scene, .verdict = v };

    for (int side = CLIENT; side < SIDES; side++) {
        const uint8_t *mac = f->more ? f->more->half[side].mac : no_mac;
        json_put_end(r, ecs[side], &f->address[side], f->port[side], true);
        if (memcmp(mac, no_mac, sizeof no_mac) != 0)
            json_mac(&r->writer, "mac", mac);
        const char *name = side == SERVER ? fill_server_name(&facts) : "";
        if (name[0])
            json_string(&r->writer, "address", name, &r->cut);
        json_end_object(&r->writer);
    }
}

/* ECS wants the same ends again, with what each sent; octets are payload on the wire. */
static void put_traffic(struct report *r, const struct flow *f)
{
    static const char *const ecs[SIDES] = { "source", "destination" };
    for (int side = CLIENT; side < SIDES; side++) {
        json_put_end(r, ecs[side], &f->address[side], f->port[side], true);
        json_number(&r->writer, "packets", f->half[side].packets);
        json_number(&r->writer, "bytes", f->half[side].bytes);
        json_end_object(&r->writer);
    }
}

static void put_network(struct report *r, const struct flow *f)
{
    struct writer *w = &r->writer;
    const char *protocol = f->session && f->session->protocol ? f->session->protocol : "";

    json_object(w, "network");
    json_word(w, "transport", flow_is_tcp(f) ? "tcp" : "udp");
    json_word(w, "type", address_is_ipv4(&f->address[CLIENT]) ? "ipv4" : "ipv6");
    if (protocol[0])
        json_string(w, "protocol", protocol, &r->cut);
    json_number(w, "packets", (uint64_t)f->half[CLIENT].packets + f->half[SERVER].packets);
    json_number(w, "bytes", f->half[CLIENT].bytes + f->half[SERVER].bytes);
    json_put_flow_community(r, f);
    if (f->vlan) {
        json_object(w, "vlan");
        char id[8];
        snprintf(id, sizeof id, "%u", f->vlan - 1u);
        json_word(w, "id", id);
        json_end_object(w);
    }
    json_end_object(w);
}

static void put_stages(struct writer *w, const uint8_t stage[ATTEMPT_STAGES])
{
    json_object(w, "stage");
    for (int i = STAGE_DNS; i < ATTEMPT_STAGES; i++)
        if (i != STAGE_PROXY || stage[i] != TOKEN_NOT_TRIED)
            json_word(w, stage_name((enum stage)i), token_name((enum stage_token)stage[i]));
    json_end_object(w);
}

void json_put_finding_ids(struct writer *w, const struct verdict *v)
{
    json_array(w, "findings");
    if (v->primary.id)
        json_word(w, NULL, finding_of(v->primary.id)->id);
    for (size_t i = 0; i < v->n_also; i++)
        if (v->also[i].id)
            json_word(w, NULL, finding_of(v->also[i].id)->id);
    json_end_array(w);
}

void json_put_cause(struct report *r, const char *text, enum confidence confidence)
{
    if (!confidence)
        return;
    json_object(&r->writer, "cause");
    if (text[0])
        json_string(&r->writer, "text", text, &r->cut);
    json_word(&r->writer, "confidence", confidence_name(confidence));
    json_end_object(&r->writer);
}

/* The cause in words; most connections have none, and pay nothing. */
static void put_cause_of(struct report *r, const struct scene *scene, const struct verdict *v)
{
    char line[1024];
    struct text t = text_of(line, sizeof line);
    if (!v->primary.cause)
        return;
    struct group g = report_group_of(v);
    struct facts facts = report_facts(r, scene, &g);
    fill(&facts, finding_of(g.id)->prose.means, &t);
    json_put_cause(r, line, v->primary.cause);
}

void json_put_primary(struct report *r, const struct scene *scene, const struct verdict *v)
{
    struct writer *w = &r->writer;
    const struct raised *p = &v->primary;
    if (!p->id)
        return;
    json_word(w, "primary", finding_of(p->id)->id);
    json_word(w, "severity", severity_name(p->severity));
    json_word(w, "owner", owner_name(p->owner));
    if (p->fact)
        json_word(w, "confidence", confidence_name(p->fact));
    put_cause_of(r, scene, v);
    if (p->owner_reason[0])
        json_string(w, "owner_reason", p->owner_reason, &r->cut);
}

static const char *denied_type(const struct verdict *v, enum outcome outcome)
{
    if (outcome != OUTCOME_FAILED)
        return outcome == OUTCOME_OK ? NULL : "info";
    return v->failed_stage == STAGE_TCP ? "denied" : "error";
}

static void put_connection(struct report *r, const struct scene *scene, const struct verdict *v)
{
    struct writer *w = &r->writer;
    const struct flow *f = v->flow;
    enum outcome outcome = outcome_of(&v->primary);

    json_begin_line(r, f->first_ns);
    json_begin_event(r, "shakeout.connection", "event", 'k', mark_flow(f));
    json_put_category(w, "connection", denied_type(v, outcome));
    json_word(w, "outcome", json_outcome_name(outcome));
    json_word(w, "action", "tcp-connect");
    json_put_time(r, "start", f->first_ns);
    json_put_time(r, "end", f->last_ns);
    if (f->last_ns >= f->first_ns)
        json_number(w, "duration", (uint64_t)(f->last_ns - f->first_ns));
    json_end_object(w);
    put_flow_ends(r, scene, v);
    put_traffic(r, f);
    put_network(r, f);
    json_begin_shakeout(r);
    if (r->attempt)
        json_number(w, "attempt", r->attempt);
    put_stages(w, v->stage);
    if (outcome == OUTCOME_FAILED && v->failed_stage < ATTEMPT_STAGES)
        json_word(w, "failed_stage", stage_name((enum stage)v->failed_stage));
    json_number(w, "syn_sent", f->n_syn);
    json_put_frames(w, v->primary.frames, v->primary.n_frames);
    json_put_primary(r, scene, v);
    json_put_finding_ids(w, v);
    json_end_shakeout(r);
}

void json_connection(struct report *r, const struct scene *scene, const struct verdict *v)
{
    put_connection(r, scene, v);
    if (!v->flow->session)
        return;
    if (v->flow->session->tls)
        json_tls(r, v);
    json_certificates(r, v);
}

static void put_quality(struct writer *w, const struct scene *scene)
{
    json_object(w, "quality");
    if (scene->drops_known)
        json_number(w, "lost_packets", scene->drops);
    json_number(w, "unseen_bytes", scene->unseen_bytes);
    json_number(w, "cut_packets", scene->cut_packets);
    json_number(w, "duplicates", scene->copies);
    json_number(w, "clock_jumps", scene->clock_back + scene->clock_forward);
    json_number(w, "evicted_flows", scene->evicted_flows);
    json_number(w, "malformed_packets", scene->malformed);
    json_end_object(w);
}

/* What is known of the input; at the beginning of a run that may be its name alone. */
void json_put_input_facts(struct report *r, const struct scene *scene)
{
    struct writer *w = &r->writer;
    if (scene->format[0])
        json_string(w, "format", scene->format, &r->cut);
    if (!scene->packets)
        return;
    json_number(w, "packets", scene->packets);
    json_put_time(r, "first", scene->first_ns);
    json_put_time(r, "last", scene->last_ns);
    put_quality(w, scene);
}

void json_capture(struct report *r, const struct scene *scene)
{
    struct writer *w = &r->writer;
    struct mark m = mark_begin();

    mark_bytes(&m, scene->file, strlen(scene->file));
    mark_number(&m, scene->file_bytes);
    json_begin_line(r, scene->first_ns);
    json_object(w, "ecs");
    json_word(w, "version", "8.17.0");
    json_end_object(w);
    json_begin_event(r, "shakeout.capture", "state", 'c', m);
    json_end_object(w);
    json_object(w, "observer");
    json_word(w, "vendor", "shakeout");
    json_word(w, "version", SHAKEOUT_VERSION);
    json_word(w, "type", "packet-capture");
    json_end_object(w);
    json_object(w, "file");
    json_string(w, "path", scene->file, &r->cut);
    if (scene->file_bytes)
        json_number(w, "size", scene->file_bytes);
    json_end_object(w);
    json_begin_shakeout(r);
    json_put_input_facts(r, scene);
    json_object(w, "settings");
    json_word(w, "scope", scene->scope == SCOPE_EMS ? "ems" : "all");
    if (scene->profile) {
        json_array(w, "ports");
        for (size_t i = 0; i < scene->profile->n_services; i++)
            json_number(w, NULL, scene->profile->service[i].port);
        json_end_array(w);
    }
    json_end_object(w);
    json_word(w, "redaction", "none");
    json_end_shakeout(r);
}
