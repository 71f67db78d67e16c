/* JSON Lines: one object for each thing that is known, in ECS names where there is one. */
#include "report/json_parts.h"
#include "report/version.h"
#include "x509/digest.h"

#include <inttypes.h>

struct mark mark_begin(void) { return (struct mark){ 0xcbf29ce484222325 }; }

void mark_number(struct mark *m, uint64_t v)
{
    m->v = (m->v ^ v) * 0x100000001b3;
    m->v ^= m->v >> 29;
}

static uint64_t word_at(const uint8_t *p)
{
    uint64_t word = 0;
    for (unsigned i = 0; i < 8; i++)
        word = word << 8 | p[i];
    return word;
}

void mark_bytes(struct mark *m, const void *p, size_t n)
{
    const uint8_t *octet = p;
    size_t whole = n / 8 * 8;
    uint64_t rest = 0;
    for (size_t i = 0; i < whole; i += 8)
        mark_number(m, word_at(octet + i));
    for (size_t i = whole; i < n; i++)
        rest = rest << 8 | octet[i];
    if (whole < n)
        mark_number(m, rest);
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

void mark_text(struct mark m, char out[16])
{
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < 16; i++)
        out[i] = digits[m.v >> (60 - 4 * i) & 15];
}

static void put_id(struct writer *w, char kind, struct mark m)
{
    char text[18] = { kind, '-' };
    mark_text(m, text + 2);
    json_key(w, "id");
    writer_put_n(w, "\"", 1);
    writer_put_n(w, text, sizeof text);
    writer_put_n(w, "\"", 1);
}

/* The date of the last second is kept, for most times share it. */
size_t json_time_text(struct report *r, int64_t ns, char out[TIME_TEXT])
{
    enum { SECONDS = CLOCK_TEXT - 1, FRACTION = 1 + SECONDS + 1 };
    int64_t seconds = r->clock_s;
    uint64_t fraction = (uint64_t)ns - (uint64_t)seconds * 1000000000;

    if (!r->clock_known || fraction >= 1000000000) {
        seconds = stamp_seconds(ns);
        fraction = stamp_fraction(ns);
        stamp_date_time(seconds, r->clock_text);
        r->clock_s = seconds;
        r->clock_known = true;
    }
    uint32_t micro = (uint32_t)fraction / 1000, nano = (uint32_t)fraction % 1000;
    size_t n = FRACTION + 6;
    out[0] = '"';
    memcpy(out + 1, r->clock_text, SECONDS);
    out[FRACTION - 1] = '.';
    memcpy(out + FRACTION, text_two_digits + micro / 10000 * 2, 2);
    memcpy(out + FRACTION + 2, text_two_digits + micro / 100 % 100 * 2, 2);
    memcpy(out + FRACTION + 4, text_two_digits + micro % 100 * 2, 2);
    if (nano) {
        out[n++] = (char)('0' + nano / 100);
        memcpy(out + n, text_two_digits + nano % 100 * 2, 2);
        n += 2;
    }
    out[n++] = 'Z';
    out[n++] = '"';
    return n;
}

void json_put_time(struct report *r, const char *key, int64_t ns)
{
    char text[TIME_TEXT];
    json_key(&r->writer, key);
    writer_put_n(&r->writer, text, json_time_text(r, ns, text));
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
    JSON_PUT(&r->writer, ",\"shakeout\":{\"schema\":\"1.0\",\"file\":");
    json_put_digits(&r->writer, r->config.input ? r->config.input : 1);
}

void json_end_shakeout(struct report *r)
{
    if (r->cut)
        json_flag(&r->writer, "cut", true);
    JSON_PUT(&r->writer, "}}");
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
    JSON_PUT(w, ",\"frames\":[");
    json_put_digits(w, frames[0]);
    for (size_t i = 1; i < n; i++) {
        JSON_PUT(w, ",");
        json_put_digits(w, frames[i]);
    }
    JSON_PUT(w, "]");
}

/* Community ID version 1 with seed 0: SHA-1 over the seed, both ends in order, protocol, ports. */
static void community_text(const struct address *a, uint16_t a_port, const struct address *b,
                           uint16_t b_port, uint8_t protocol, char out[COMMUNITY_TEXT])
{
    uint8_t in[2 + 16 + 16 + 2 + 4] = { 0 }, sum[DIGEST_SHA1];
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
    out[0] = '1';
    out[1] = ':';
    digest_base64(sum, DIGEST_SHA1, out + 2);
}

_Static_assert(COMMUNITY_TEXT == 2 + DIGEST_SHA1_BASE64, "its whole text");

void json_put_community(struct report *r, const struct address *a, uint16_t a_port,
                        const struct address *b, uint16_t b_port, uint8_t protocol)
{
    char text[COMMUNITY_TEXT];
    community_text(a, a_port, b, b_port, protocol, text);
    json_key(&r->writer, "community_id");
    writer_put_n(&r->writer, "\"", 1);
    writer_put_n(&r->writer, text, sizeof text);
    writer_put_n(&r->writer, "\"", 1);
}

static void end_text(const struct address *address, uint16_t port, struct json_end *out)
{
    static const char before[] = "\"ip\":\"", between[] = "\",\"port\":";
    size_t n = sizeof before - 1;
    memcpy(out->text, before, n);
    n += json_address_text(address, out->text + n);
    memcpy(out->text + n, between, sizeof between - 1);
    n += sizeof between - 1;
    out->n = (uint8_t)(n + text_decimal(out->text + n, port));
}

void json_flow_of(const struct flow *f, struct json_flow *out)
{
    mark_text(mark_flow(f), out->id);
    for (int side = CLIENT; side < SIDES; side++)
        end_text(&f->address[side], f->port[side], &out->end[side]);
    community_text(&f->address[CLIENT], f->port[CLIENT], &f->address[SERVER], f->port[SERVER],
                   f->protocol, out->community);
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

static void put_flow_ends(struct report *r, const struct scene *scene, const struct verdict *v,
                          const struct json_flow *texts)
{
    static const uint8_t no_mac[6];
    const struct flow *f = v->flow;
    struct writer *w = &r->writer;
    struct facts facts = { .scene = scene, .verdict = v };
    const char *name = fill_server_name(&facts);

    for (int side = CLIENT; side < SIDES; side++) {
        const uint8_t *mac = f->more ? f->more->half[side].mac : no_mac;
        if (side == CLIENT)
            JSON_PUT(w, ",\"client\":{");
        else
            JSON_PUT(w, "},\"server\":{");
        json_put_flow_end(w, texts, (enum side)side);
        if (memcmp(mac, no_mac, sizeof no_mac) != 0)
            json_mac(w, "mac", mac);
    }
    if (name[0])
        json_string(w, "address", name, &r->cut);
    JSON_PUT(w, "}");
}

/* ECS wants the same ends again, with what each sent; octets are payload on the wire. */
static void put_traffic(struct writer *w, const struct flow *f, const struct json_flow *texts)
{
    JSON_PUT(w, ",\"source\":{");
    json_put_flow_end(w, texts, CLIENT);
    JSON_PUT(w, ",\"packets\":");
    json_put_digits(w, f->half[CLIENT].packets);
    JSON_PUT(w, ",\"bytes\":");
    json_put_digits(w, f->half[CLIENT].bytes);
    JSON_PUT(w, "},\"destination\":{");
    json_put_flow_end(w, texts, SERVER);
    JSON_PUT(w, ",\"packets\":");
    json_put_digits(w, f->half[SERVER].packets);
    JSON_PUT(w, ",\"bytes\":");
    json_put_digits(w, f->half[SERVER].bytes);
    JSON_PUT(w, "}");
}

static void put_vlan(struct writer *w, uint16_t id)
{
    JSON_PUT(w, ",\"vlan\":{\"id\":\"");
    json_put_digits(w, id);
    JSON_PUT(w, "\"}");
}

static void put_network(struct report *r, const struct flow *f, const struct json_flow *texts)
{
    struct writer *w = &r->writer;
    const char *protocol = f->session && f->session->protocol ? f->session->protocol : "";

    if (flow_is_tcp(f))
        JSON_PUT(w, ",\"network\":{\"transport\":\"tcp\",\"type\":\"");
    else
        JSON_PUT(w, ",\"network\":{\"transport\":\"udp\",\"type\":\"");
    writer_put_n(w, address_is_ipv4(&f->address[CLIENT]) ? "ipv4\"" : "ipv6\"", 5);
    if (protocol[0])
        json_string(w, "protocol", protocol, &r->cut);
    JSON_PUT(w, ",\"packets\":");
    json_put_digits(w, (uint64_t)f->half[CLIENT].packets + f->half[SERVER].packets);
    JSON_PUT(w, ",\"bytes\":");
    json_put_digits(w, f->half[CLIENT].bytes + f->half[SERVER].bytes);
    JSON_PUT(w, ",\"community_id\":\"");
    writer_put_n(w, texts->community, sizeof texts->community);
    JSON_PUT(w, "\"");
    if (f->vlan)
        put_vlan(w, (uint16_t)(f->vlan - 1));
    JSON_PUT(w, "}");
}

static void put_stages(struct writer *w, const uint8_t stage[ATTEMPT_STAGES])
{
    JSON_PUT(w, ",\"stage\":{");
    for (int i = STAGE_DNS; i < ATTEMPT_STAGES; i++)
        if (i != STAGE_PROXY || stage[i] != TOKEN_NOT_TRIED)
            json_word(w, stage_name((enum stage)i), token_name((enum stage_token)stage[i]));
    JSON_PUT(w, "}");
}

void json_put_finding_ids(struct writer *w, const struct verdict *v)
{
    JSON_PUT(w, ",\"findings\":[");
    if (v->primary.id)
        json_word(w, NULL, finding_of(v->primary.id)->id);
    for (size_t i = 0; i < v->n_also; i++)
        if (v->also[i].id)
            json_word(w, NULL, finding_of(v->also[i].id)->id);
    JSON_PUT(w, "]");
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
    JSON_PUT(w, ",\"primary\":\"");
    writer_put(w, finding_of(p->id)->id);
    JSON_PUT(w, "\",\"severity\":\"");
    writer_put(w, severity_name(p->severity));
    JSON_PUT(w, "\",\"owner\":\"");
    writer_put(w, owner_name(p->owner));
    JSON_PUT(w, "\"");
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

static void put_connection_event(struct report *r, const struct verdict *v, enum outcome outcome,
                                 const struct json_flow *texts)
{
    struct writer *w = &r->writer;
    const struct flow *f = v->flow;
    const char *type = denied_type(v, outcome);
    char begun[TIME_TEXT], ended[TIME_TEXT];
    size_t n = json_time_text(r, f->first_ns, begun);

    JSON_PUT(w, "{\"@timestamp\":");
    writer_put_n(w, begun, n);
    JSON_PUT(w, ",\"event\":{\"dataset\":\"shakeout.connection\",\"kind\":\"event\",\"id\":\"k-");
    writer_put_n(w, texts->id, sizeof texts->id);
    JSON_PUT(w, "\",\"category\":[\"network\"],\"type\":[\"connection\"");
    if (type)
        json_word(w, NULL, type);
    JSON_PUT(w, "],\"outcome\":\"");
    writer_put(w, json_outcome_name(outcome));
    JSON_PUT(w, "\",\"action\":\"tcp-connect\",\"start\":");
    writer_put_n(w, begun, n);
    JSON_PUT(w, ",\"end\":");
    writer_put_n(w, ended, json_time_text(r, f->last_ns, ended));
    if (f->last_ns >= f->first_ns) {
        JSON_PUT(w, ",\"duration\":");
        json_put_digits(w, (uint64_t)(f->last_ns - f->first_ns));
    }
    JSON_PUT(w, "}");
}

static void put_connection(struct report *r, const struct scene *scene, const struct verdict *v,
                           const struct json_flow *texts)
{
    struct writer *w = &r->writer;
    enum outcome outcome = outcome_of(&v->primary);

    r->cut = false;
    put_connection_event(r, v, outcome, texts);
    put_flow_ends(r, scene, v, texts);
    put_traffic(w, v->flow, texts);
    put_network(r, v->flow, texts);
    json_begin_shakeout(r);
    if (r->attempt)
        json_number(w, "attempt", r->attempt);
    put_stages(w, v->stage);
    if (outcome == OUTCOME_FAILED && v->failed_stage < ATTEMPT_STAGES)
        json_word(w, "failed_stage", stage_name((enum stage)v->failed_stage));
    JSON_PUT(w, ",\"syn_sent\":");
    json_put_digits(w, v->flow->n_syn);
    json_put_frames(w, v->primary.frames, v->primary.n_frames);
    json_put_primary(r, scene, v);
    json_put_finding_ids(w, v);
    json_end_shakeout(r);
}

void json_connection(struct report *r, const struct scene *scene, const struct verdict *v)
{
    struct json_flow texts;
    json_flow_of(v->flow, &texts);
    put_connection(r, scene, v, &texts);
    if (!v->flow->session)
        return;
    if (v->flow->session->tls)
        json_tls(r, &texts, v);
    json_note_certificates(r, v->flow);
}

static void put_quality(struct writer *w, const struct scene *scene)
{
    json_object(w, "quality");
    if (scene->drops_known)
        json_number(w, "lost_packets", scene->drops);
    json_number(w, "unseen_bytes", scene->unseen_bytes);
    json_number(w, "cut_packets", scene->cut_packets);
    if (scene->bare_packets)
        json_number(w, "packets_without_octets", scene->bare_packets);
    if (scene->clock_relative)
        json_flag(w, "clock_relative", true);
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
    json_put_time(r, "first", scene->first_ns);
    if (scene->reading)
        return; /* the summary has the totals */
    json_number(w, "packets", scene->packets);
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
