/* JSON Lines: one object for each thing that is known, in ECS names where there is one. */
#include "report/inside.h"
#include "report/json_line.h"
#include "report/version.h"
#include "tls/names.h"

#include <inttypes.h>

enum { JSON_ENDPOINTS = 64, JSON_SERVERS = 64, SCHEMA_ROOM = 16 };

static const char schema[] = "1.0";

/* A fingerprint that is the same in every run: FNV-1a, unkeyed on purpose. */
struct mark {
    uint64_t v;
};

static struct mark mark_begin(void) { return (struct mark){ 0xcbf29ce484222325 }; }

static void mark_bytes(struct mark *m, const void *p, size_t n)
{
    const uint8_t *octet = p;
    for (size_t i = 0; i < n; i++)
        m->v = (m->v ^ octet[i]) * 0x100000001b3;
}

static void mark_number(struct mark *m, uint64_t v)
{
    for (int i = 0; i < 8; i++, v >>= 8)
        m->v = (m->v ^ (v & 0xff)) * 0x100000001b3;
}

static struct mark mark_flow(const struct flow *flow)
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
static void put_time(struct report *r, const char *key, int64_t ns)
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

static void begin_line(struct report *r, int64_t time_ns)
{
    r->cut = false;
    writer_put_n(&r->writer, "{", 1);
    put_time(r, "@timestamp", time_ns);
}

static void begin_event(struct report *r, const char *dataset, const char *kind, char id,
                        struct mark m)
{
    struct writer *w = &r->writer;
    json_object(w, "event");
    json_word(w, "dataset", dataset);
    json_word(w, "kind", kind);
    put_id(w, id, m);
}

static void put_category(struct writer *w, const char *type, const char *further)
{
    json_key(w, "category");
    writer_put(w, "[\"network\"]");
    json_array(w, "type");
    json_word(w, NULL, type);
    if (further)
        json_word(w, NULL, further);
    json_end_array(w);
}

static void begin_shakeout(struct report *r)
{
    json_object(&r->writer, "shakeout");
    json_word(&r->writer, "schema", schema);
    json_number(&r->writer, "file", r->config.input ? r->config.input : 1);
}

static void end_shakeout(struct report *r)
{
    if (r->cut)
        json_flag(&r->writer, "cut", true);
    json_end_object(&r->writer);
    json_end_object(&r->writer);
    writer_end_line(&r->writer);
}

static const char *outcome_name(enum outcome outcome)
{
    return outcome == OUTCOME_OK ? "success" : outcome == OUTCOME_FAILED ? "failure" : "unknown";
}

static void put_frames(struct writer *w, const uint64_t *frames, size_t n)
{
    if (!n)
        return;
    json_array(w, "frames");
    for (size_t i = 0; i < n; i++)
        json_number(w, NULL, frames[i]);
    json_end_array(w);
}

/* Community ID version 1 with seed 0: SHA-1 over the seed, both ends in order, protocol, ports. */
static void put_community(struct report *r, const struct address *a, uint16_t a_port,
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
    if (!digest_sha1(r->digest, in, n + 6, sum))
        return;
    digest_base64(sum, DIGEST_SHA1, text + 2);
    json_key(&r->writer, "community_id");
    writer_put_n(&r->writer, "\"", 1);
    writer_put_n(&r->writer, text, sizeof text);
    writer_put_n(&r->writer, "\"", 1);
}

static void put_flow_community(struct report *r, const struct flow *f)
{
    put_community(r, &f->address[CLIENT], f->port[CLIENT], &f->address[SERVER], f->port[SERVER],
                  f->protocol);
}

static void put_end(struct report *r, const char *key, const struct address *a, uint16_t port,
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
        put_end(r, ecs[side], &f->address[side], f->port[side], true);
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
        put_end(r, ecs[side], &f->address[side], f->port[side], true);
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
    put_flow_community(r, f);
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

static void put_finding_ids(struct writer *w, const struct verdict *v)
{
    json_array(w, "findings");
    if (v->primary.id)
        json_word(w, NULL, finding_of(v->primary.id)->id);
    for (size_t i = 0; i < v->n_also; i++)
        if (v->also[i].id)
            json_word(w, NULL, finding_of(v->also[i].id)->id);
    json_end_array(w);
}

static void put_cause(struct report *r, const char *text, enum confidence confidence)
{
    if (!confidence)
        return;
    json_object(&r->writer, "cause");
    if (text[0])
        json_string(&r->writer, "text", text, &r->cut);
    json_word(&r->writer, "confidence", confidence_name(confidence));
    json_end_object(&r->writer);
}

static void put_primary(struct report *r, const struct raised *p)
{
    struct writer *w = &r->writer;
    if (!p->id)
        return;
    json_word(w, "primary", finding_of(p->id)->id);
    json_word(w, "severity", severity_name(p->severity));
    json_word(w, "owner", owner_name(p->owner));
    if (p->fact)
        json_word(w, "confidence", confidence_name(p->fact));
    put_cause(r, "", p->cause);
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

    begin_line(r, f->first_ns);
    begin_event(r, "shakeout.connection", "event", 'k', mark_flow(f));
    put_category(w, "connection", denied_type(v, outcome));
    json_word(w, "outcome", outcome_name(outcome));
    json_word(w, "action", "tcp-connect");
    put_time(r, "start", f->first_ns);
    put_time(r, "end", f->last_ns);
    if (f->last_ns >= f->first_ns)
        json_number(w, "duration", (uint64_t)(f->last_ns - f->first_ns));
    json_end_object(w);
    put_flow_ends(r, scene, v);
    put_traffic(r, f);
    put_network(r, f);
    begin_shakeout(r);
    uint32_t attempt =
        service_attempts(&r->summary, &f->address[CLIENT], &f->address[SERVER], f->port[SERVER]);
    if (attempt)
        json_number(w, "attempt", attempt);
    put_stages(w, v->stage);
    if (outcome == OUTCOME_FAILED && v->failed_stage < ATTEMPT_STAGES)
        json_word(w, "failed_stage", stage_name((enum stage)v->failed_stage));
    json_number(w, "syn_sent", f->n_syn);
    put_frames(w, v->primary.frames, v->primary.n_frames);
    put_primary(r, &v->primary);
    put_finding_ids(w, v);
    end_shakeout(r);
}

void json_tls(struct report *r, const struct scene *scene, const struct verdict *v);
void json_certificates(struct report *r, const struct verdict *v);

void json_connection(struct report *r, const struct scene *scene, const struct verdict *v)
{
    put_connection(r, scene, v);
    if (!v->flow->session)
        return;
    if (v->flow->session->tls)
        json_tls(r, scene, v);
    json_certificates(r, v);
}

/* "0x0303" as ECS wants it: "1.2", and "ssl" before TLS had its name. */
static void put_tls_version(struct writer *w, uint16_t version)
{
    static const struct version {
        uint16_t raw;
        const char *number, *protocol;
    } versions[] = {
        { 0x0002, "2.0", "ssl" }, { 0x0300, "3.0", "ssl" }, { 0x0301, "1.0", "tls" },
        { 0x0302, "1.1", "tls" }, { 0x0303, "1.2", "tls" }, { 0x0304, "1.3", "tls" },
    };
    uint16_t plain = version >> 8 == 0x7f ? 0x0304 : version; /* drafts of 1.3 */
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        if (versions[i].raw != plain)
            continue;
        json_word(w, "version", versions[i].number);
        json_word(w, "version_protocol", versions[i].protocol);
    }
}

enum established { ESTABLISHED_NO, ESTABLISHED_YES, ESTABLISHED_UNKNOWN };

/* A refusal on either side is no success, whatever the records before it looked like. */
static enum established established_of(const struct verdict *v, const struct tls *t)
{
    bool failed = outcome_of(&v->primary) == OUTCOME_FAILED &&
                  (v->failed_stage == STAGE_TLS || v->failed_stage == STAGE_CERT);
    if (failed)
        return ESTABLISHED_NO;
    if (t->state == TLS_UP || v->sealed.row == SEALED_ACCEPTED ||
        finding_in_family(v->primary.id, "ok.tls"))
        return ESTABLISHED_YES;
    if (t->state != TLS_SEALED)
        return t->half[CLIENT].lost || t->half[SERVER].lost || !t->hello ? ESTABLISHED_UNKNOWN
                                                                         : ESTABLISHED_NO;
    return ESTABLISHED_UNKNOWN;
}

static void put_tls(struct report *r, const struct verdict *v, const struct session *session)
{
    struct writer *w = &r->writer;
    const struct tls *t = session->tls;
    const char *suite = t->server_hello.present ? tls_suite_name(t->server_hello.suite) : NULL;
    enum established established = established_of(v, t);

    json_object(w, "tls");
    put_tls_version(w, tls_version(t));
    if (suite)
        json_word(w, "cipher", suite);
    if (established != ESTABLISHED_UNKNOWN)
        json_flag(w, "established", established == ESTABLISHED_YES);
    if (t->server_hello.present)
        json_flag(w, "resumed", tls_resumed(t));
    if (t->server_hello.alpn.left)
        json_bytes(w, "next_protocol", t->server_hello.alpn.at, t->server_hello.alpn.left, &r->cut);
    if (session->server_name && session->server_name[0]) {
        json_object(w, "client");
        json_string(w, "server_name", session->server_name, &r->cut);
        json_end_object(w);
    }
    json_end_object(w);
}

static void put_messages(struct writer *w, const struct tls *t)
{
    json_array(w, "handshake");
    for (size_t i = 0; i < t->n_messages; i++) {
        const struct tls_message *m = &t->messages[i];
        const char *name = tls_message_name(m->type);
        char number[24];
        snprintf(number, sizeof number, "unknown_%u", m->type);
        json_object(w, NULL);
        json_word(w, "type", name ? name : number);
        json_word(w, "from", side_name((enum side)m->from));
        json_number(w, "frame", m->at.frame);
        json_end_object(w);
    }
    json_end_array(w);
}

static void put_alerts(struct writer *w, const struct tls *t)
{
    json_array(w, "alerts");
    for (size_t i = 0; i < t->n_alerts; i++) {
        const struct tls_alert *a = &t->alerts[i];
        const char *name = tls_alert_name(a->code);
        json_object(w, NULL);
        if (!a->encrypted) {
            json_number(w, "level", a->level);
            json_number(w, "code", a->code);
            if (name)
                json_word(w, "name", name);
        }
        json_word(w, "from", side_name((enum side)a->from));
        json_number(w, "frame", a->at.frame);
        json_flag(w, "encrypted", a->encrypted);
        json_end_object(w);
    }
    json_end_array(w);
}

/* The client's first record that is sealed and no early data: what the decision table reads. */
static const struct tls_sealed *first_client_record(const struct tls *t)
{
    const struct tls_half *half = &t->half[CLIENT];
    size_t kept = half->n_sealed < TLS_SEALED_MAX ? half->n_sealed : TLS_SEALED_MAX;
    if (!tls_is_13(t) || !half->sealed_list || (t->hello && t->hello->early_data))
        return NULL;
    for (size_t i = 0; i < kept; i++)
        if (half->sealed_list[i].type == TLS_APPLICATION_DATA)
            return &half->sealed_list[i];
    return NULL;
}

static void put_tls_facts(struct report *r, const struct verdict *v, const struct session *session)
{
    struct writer *w = &r->writer;
    const struct tls *t = session->tls;
    const struct tls_sealed *first = first_client_record(t);

    json_object(w, "tls");
    if (t->server_hello.present) {
        json_hex16(w, "version_raw", t->server_hello.version);
        json_hex16(w, "cipher_raw", t->server_hello.suite);
    }
    put_messages(w, t);
    put_alerts(w, t);
    if (first)
        json_number(w, "first_client_record_bytes", first->length);
    if (v->sealed.expected_finished)
        json_number(w, "expected_finished_bytes", v->sealed.expected_finished);
    json_flag(w, "certificate_visible", session->n_chain[SERVER] != 0);
    json_word(w, "keys", "none");
    json_end_object(w);
}

/* The frames of the handshake's messages and alerts, each once. */
static size_t tls_frames(const struct tls *t, uint64_t *out, size_t most)
{
    size_t n = 0;
    for (size_t i = 0; i < t->n_messages && n < most; i++)
        if (!n || out[n - 1] < t->messages[i].at.frame)
            out[n++] = t->messages[i].at.frame;
    for (size_t i = 0; i < t->n_alerts && n < most; i++)
        if (!n || out[n - 1] < t->alerts[i].at.frame)
            out[n++] = t->alerts[i].at.frame;
    return n;
}

void json_tls(struct report *r, const struct scene *scene, const struct verdict *v)
{
    struct writer *w = &r->writer;
    const struct flow *f = v->flow;
    const struct tls *t = f->session->tls;
    enum outcome outcome = outcome_of(&v->primary);
    uint64_t frames[GROUP_FRAMES];
    int64_t time = t->hello ? t->hello->at.time_ns : f->first_ns;

    (void)scene;
    begin_line(r, time);
    begin_event(r, "shakeout.tls", "event", 't', mark_flow(f));
    put_category(w, "protocol", outcome == OUTCOME_FAILED ? "error" : NULL);
    json_word(w, "outcome", outcome_name(outcome));
    json_end_object(w);
    put_end(r, "client", &f->address[CLIENT], f->port[CLIENT], false);
    put_end(r, "server", &f->address[SERVER], f->port[SERVER], false);
    json_object(w, "network");
    json_word(w, "protocol", "tls");
    put_flow_community(r, f);
    json_end_object(w);
    put_tls(r, v, f->session);
    begin_shakeout(r);
    put_frames(w, frames, tls_frames(t, frames, GROUP_FRAMES));
    put_tls_facts(r, v, f->session);
    put_finding_ids(w, v);
    end_shakeout(r);
}

static void put_seconds(struct report *r, const char *key, int64_t seconds)
{
    char text[24];
    stamp_date_time(seconds, text);
    text[19] = 'Z';
    text[20] = '\0';
    json_word(&r->writer, key, text);
}

static bool is_year_with_four_digits(int64_t seconds)
{
    return seconds >= -62135596800 && seconds <= 253402300799;
}

static void put_name_list(struct report *r, const char *key, const char *name)
{
    if (!name[0])
        return;
    json_object(&r->writer, key);
    json_array(&r->writer, "common_name");
    json_string(&r->writer, NULL, name, &r->cut);
    json_end_array(&r->writer);
    json_end_object(&r->writer);
}

static void put_x509(struct report *r, const struct cert_facts *c)
{
    struct writer *w = &r->writer;
    char version[12];

    json_object(w, "x509");
    json_word(w, "serial_number", c->serial);
    snprintf(version, sizeof version, "%d", c->version);
    json_word(w, "version_number", version);
    put_name_list(r, "subject", c->subject_cn);
    put_name_list(r, "issuer", c->issuer_cn);
    if (c->n_names) {
        json_array(w, "alternative_names");
        for (unsigned i = 0; i < c->n_names; i++)
            json_string(w, NULL, c->names[i], &r->cut);
        json_end_array(w);
    }
    if (is_year_with_four_digits(c->not_before_s))
        put_seconds(r, "not_before", c->not_before_s);
    if (is_year_with_four_digits(c->not_after_s))
        put_seconds(r, "not_after", c->not_after_s);
    if (c->key_algorithm[0])
        json_string(w, "public_key_algorithm", c->key_algorithm, &r->cut);
    if (c->key_bits > 0)
        json_number(w, "public_key_size", (uint64_t)c->key_bits);
    if (c->signature_algorithm[0])
        json_string(w, "signature_algorithm", c->signature_algorithm, &r->cut);
    json_end_object(w);
}

static void put_certificate(struct report *r, const struct cert_facts *c)
{
    struct writer *w = &r->writer;
    json_object(w, "hash");
    json_word(w, "sha256", c->sha256);
    json_end_object(w);
    if (!c->parsed)
        return;
    json_string(w, "subject", c->subject, &r->cut);
    json_string(w, "issuer", c->issuer, &r->cut);
    if (is_year_with_four_digits(c->not_after_s))
        put_seconds(r, "not_after", c->not_after_s);
    put_x509(r, c);
}

/* What can be judged of one certificate alone, at the time it was shown. */
static void put_check(struct report *r, const struct session *session, enum side side,
                      size_t position, int64_t shown_ns)
{
    struct writer *w = &r->writer;
    const struct cert *cert = session->chain[side][position];
    const struct cert_facts *c = cert_facts(cert);
    int64_t shown_s = stamp_seconds(shown_ns);

    if (!c->parsed)
        return;
    json_object(w, "check");
    json_word(w, "dates",
              shown_s > c->not_after_s    ? "expired"
              : shown_s < c->not_before_s ? "not-yet-valid"
                                          : "ok");
    if (side == SERVER && position == 0 && session->server_name && session->server_name[0])
        json_word(w, "name", cert_names_host(cert, session->server_name) ? "ok" : "mismatch");
    json_word(w, "trust", "not-checked");
    json_end_object(w);
}

static void put_certificate_line(struct report *r, const struct verdict *v, enum side side,
                                 size_t position)
{
    struct writer *w = &r->writer;
    const struct flow *f = v->flow;
    const struct session *session = f->session;
    struct mark m = mark_flow(f);
    struct tls_stamp at = { 0 };

    if (session->tls)
        at = session->tls->certificate[side];
    if (!at.frame)
        at = (struct tls_stamp){ .time_ns = f->first_ns };
    mark_number(&m, (uint64_t)side << 32 | position);
    begin_line(r, at.time_ns);
    begin_event(r, "shakeout.certificate", "event", 'x', m);
    put_category(w, "info", NULL);
    json_end_object(w);
    put_end(r, "client", &f->address[CLIENT], f->port[CLIENT], false);
    put_end(r, "server", &f->address[SERVER], f->port[SERVER], false);
    json_object(w, "network");
    put_flow_community(r, f);
    json_end_object(w);
    json_object(w, "tls");
    if (session->tls)
        put_tls_version(w, tls_version(session->tls));
    json_object(w, side_name(side));
    put_certificate(r, cert_facts(session->chain[side][position]));
    json_end_object(w);
    json_end_object(w);
    begin_shakeout(r);
    put_frames(w, &at.frame, at.frame != 0);
    json_number(w, "chain_position", position);
    json_number(w, "chain_length", session->n_chain[side]);
    put_check(r, session, side, position, at.time_ns);
    put_finding_ids(w, v);
    end_shakeout(r);
}

void json_certificates(struct report *r, const struct verdict *v)
{
    const struct session *session = v->flow->session;
    for (int side = SERVER; side >= CLIENT; side--)
        for (size_t i = 0; i < session->n_chain[side]; i++)
            put_certificate_line(r, v, (enum side)side, i);
}

static const char *dns_type_name(uint16_t type)
{
    static const struct dns_word {
        uint16_t type;
        const char *name;
    } words[] = { { DNS_A, "A" },       { DNS_CNAME, "CNAME" }, { DNS_PTR, "PTR" },
                  { DNS_AAAA, "AAAA" }, { DNS_SVCB, "SVCB" },   { DNS_HTTPS, "HTTPS" } };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (words[i].type == type)
            return words[i].name;
    return NULL;
}

static void put_rcode(struct writer *w, uint8_t rcode)
{
    static const char *const names[] = { "NOERROR",  "FORMERR", "SERVFAIL",
                                         "NXDOMAIN", "NOTIMP",  "REFUSED" };
    char number[8];
    snprintf(number, sizeof number, "%u", rcode);
    json_word(w, "response_code", rcode < sizeof names / sizeof *names ? names[rcode] : number);
}

static void put_dns(struct report *r, const struct lookup *l)
{
    struct writer *w = &r->writer;
    const char *type = dns_type_name(l->type);
    char number[12];

    json_object(w, "dns");
    snprintf(number, sizeof number, "%u", l->id);
    json_word(w, "id", number);
    json_word(w, "type", l->answered ? "answer" : "query");
    if (l->answered)
        put_rcode(w, l->rcode);
    json_object(w, "question");
    json_string(w, "name", l->name, &r->cut);
    snprintf(number, sizeof number, "TYPE%u", l->type);
    json_word(w, "type", type ? type : number);
    json_word(w, "class", "IN");
    json_end_object(w);
    if (l->n_answers) {
        json_array(w, "resolved_ip");
        for (unsigned i = 0; i < l->n_answers && i < LOOKUP_ANSWERS; i++)
            json_address(w, NULL, &l->answer[i]);
        json_end_array(w);
    }
    json_end_object(w);
}

static size_t lookup_frames(const struct lookup *l, uint64_t out[LOOKUP_FRAMES + 2])
{
    size_t n = 0;
    for (unsigned i = 0; i < l->tries && i < LOOKUP_FRAMES; i++)
        out[n++] = l->frames[i];
    if (l->icmp_frame)
        out[n++] = l->icmp_frame;
    if (l->reply_frame)
        out[n++] = l->reply_frame;
    return n;
}

static const char *lookup_outcome(const struct verdict *v)
{
    const struct lookup *l = v->lookup;
    if (v->primary.id && v->primary.severity == SEVERITY_ERROR)
        return "failure";
    return !l->answered ? "unknown" : l->rcode == DNS_NOERROR ? "success" : "failure";
}

void json_lookup(struct report *r, const struct scene *scene, const struct verdict *v)
{
    struct writer *w = &r->writer;
    const struct lookup *l = v->lookup;
    struct mark m = mark_begin();
    uint64_t frames[LOOKUP_FRAMES + 2];

    (void)scene;
    mark_bytes(&m, l->client.octet, 16);
    mark_bytes(&m, l->server.octet, 16);
    mark_bytes(&m, l->name, strlen(l->name));
    mark_number(&m, (uint64_t)l->client_port << 32 | (uint64_t)l->type << 16 | l->id);
    mark_number(&m, (uint64_t)l->first_ns);
    begin_line(r, l->first_ns);
    begin_event(r, "shakeout.dns", "event", 'd', m);
    put_category(w, "protocol", "info");
    json_word(w, "outcome", lookup_outcome(v));
    if (l->answered && l->reply_ns >= l->first_ns)
        json_number(w, "duration", (uint64_t)(l->reply_ns - l->first_ns));
    json_end_object(w);
    put_end(r, "client", &l->client, l->client_port, false);
    put_end(r, "server", &l->server, l->server_port, false);
    json_object(w, "network");
    json_word(w, "transport", l->tcp ? "tcp" : "udp");
    json_word(w, "protocol", "dns");
    put_community(r, &l->client, l->client_port, &l->server, l->server_port, l->tcp ? 6 : 17);
    json_end_object(w);
    put_dns(r, l);
    begin_shakeout(r);
    json_number(w, "tries", l->tries);
    put_frames(w, frames, lookup_frames(l, frames));
    put_primary(r, &v->primary);
    if (v->primary.id)
        put_finding_ids(w, v);
    end_shakeout(r);
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
static void put_input_facts(struct report *r, const struct scene *scene)
{
    struct writer *w = &r->writer;
    if (scene->format[0])
        json_string(w, "format", scene->format, &r->cut);
    if (!scene->packets)
        return;
    json_number(w, "packets", scene->packets);
    put_time(r, "first", scene->first_ns);
    put_time(r, "last", scene->last_ns);
    put_quality(w, scene);
}

void json_capture(struct report *r, const struct scene *scene)
{
    struct writer *w = &r->writer;
    struct mark m = mark_begin();

    mark_bytes(&m, scene->file, strlen(scene->file));
    mark_number(&m, scene->file_bytes);
    begin_line(r, scene->first_ns);
    json_object(w, "ecs");
    json_word(w, "version", "8.17.0");
    json_end_object(w);
    begin_event(r, "shakeout.capture", "state", 'c', m);
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
    begin_shakeout(r);
    put_input_facts(r, scene);
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
    end_shakeout(r);
}

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
        put_cause(r, line, g->cause);
}

static void put_members(struct report *r, const struct group *g)
{
    struct writer *w = &r->writer;
    size_t n = 0;
    if (g->of_capture)
        return;
    json_array(w, "endpoints");
    for (uint32_t i = g->first_member; i && n < JSON_ENDPOINTS; n++) {
        const struct member_key *key = table_key(&r->summary.members, i - 1);
        json_address(w, NULL, &key->client);
        i = ((const struct member *)table_at(&r->summary.members, i - 1))->next;
    }
    json_end_array(w);
    json_number(w, "endpoints_count", g->n_endpoints);
    json_object(w, "attempts");
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

static void put_ruled_out(struct writer *w, const struct verdict *v)
{
    static const char *const names[] = {
        [CHECK_SERVER_ANSWERS] = "server-down",
        [CHECK_PORT_ANSWERS_OTHERS] = "stopped-service",
        [CHECK_NAME_RESOLVED] = "dns",
        [CHECK_BOTH_DIRECTIONS] = "one-way-capture",
        [CHECK_NO_CAPTURE_LOSS] = "capture-loss",
        [CHECK_RST_TTL_EQUAL] = "another-device",
        [CHECK_RST_TTL_DIFFERS] = "server",
        [CHECK_CLOSED_PORT_RESETS] = "closed-port",
        [CHECK_NETWORK_WORKS] = "network",
        [CHECK_OTHERS_ACCEPT] = "server-wide",
    };
    if (!v || !v->n_checks)
        return;
    json_array(w, "ruled_out");
    for (size_t i = 0; i < v->n_checks; i++)
        if (v->checks[i].kind < sizeof names / sizeof *names)
            json_word(w, NULL, names[v->checks[i].kind]);
    json_end_array(w);
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
    put_members(r, g);
    put_ruled_out(w, g->example);
    put_frames(w, g->frames, g->n_frames < GROUP_FRAMES ? g->n_frames : GROUP_FRAMES);
    block_filter(g, &t);
    if (t.n)
        json_string(w, "filter", filter, &r->cut);
    put_next(r, facts, &finding->prose);
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

static void json_finding(struct report *r, const struct scene *scene, const struct group *g)
{
    static const uint8_t ecs_severity[] = { 2, 3, 4, 7 };
    struct writer *w = &r->writer;
    const struct finding *finding = finding_of(g->id);
    struct facts facts = report_facts(r, scene, g);
    struct mark m = mark_begin();
    char line[512];
    struct text t = text_of(line, sizeof line);

    mark_bytes(&m, finding->id, strlen(finding->id));
    mark_bytes(&m, g->server.octet, 16);
    mark_number(&m, (uint64_t)g->port << 1 | g->lookup);
    begin_line(r, g->of_capture ? scene->last_ns : g->first_ns);
    fill_headline(&facts, &t);
    json_string(w, "message", line, &r->cut);
    begin_event(r, "shakeout.finding", "alert", 'f', m);
    put_category(w, severity_type(g->severity), NULL);
    json_word(w, "code", finding->id);
    json_number(w, "severity", ecs_severity[g->severity]);
    json_word(w, "outcome", g->severity == SEVERITY_ERROR ? "failure" : "unknown");
    put_filled(r, "reason", &facts, finding->prose.seen);
    json_end_object(w);
    put_rule(w, finding);
    if (!g->of_capture)
        put_end(r, "server", &g->server, g->port, false);
    begin_shakeout(r);
    put_finding_facts(r, g, &facts);
    end_shakeout(r);
}

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
    char port[8];

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
    snprintf(port, sizeof port, "%u", key->port);
    json_object(w, port);
    for (int i = STAGE_TCP; i < ATTEMPT_STAGES; i++)
        if (!key->is_lookup)
            json_word(w, stage_name((enum stage)i), token_name((enum stage_token)all.stage[i]));
    if (key->is_lookup)
        json_word(w, "dns", token_name((enum stage_token)all.stage[STAGE_DNS]));
    json_number(w, "attempts", all.attempts);
    json_number(w, "ok", all.ok);
    json_number(w, "failed", all.failed);
    json_end_object(w);
}

enum { JSON_SERVICES = 128 };

static void json_endpoint(struct report *r, const struct scene *scene, size_t number)
{
    struct writer *w = &r->writer;
    const struct summary *s = &r->summary;
    const struct address *address = table_key(&s->endpoints, number);
    const struct endpoint *e = table_at(&s->endpoints, number);
    bool failing = e->worst_group && e->worst == SEVERITY_ERROR;
    enum outcome outcome = failing ? OUTCOME_FAILED : e->ok ? OUTCOME_OK : OUTCOME_UNDECIDED;
    static const char *const states[] = { "healthy", "failing", "undecided" };
    char text[ADDRESS_TEXT], id[ADDRESS_TEXT + 2];
    size_t written = 0;

    begin_line(r, scene->last_ns);
    json_object(w, "event");
    json_word(w, "dataset", "shakeout.endpoint");
    json_word(w, "kind", "state");
    snprintf(id, sizeof id, "e-%s", address_text(address, text));
    json_word(w, "id", id);
    json_word(w, "outcome", outcome_name(outcome));
    json_end_object(w);
    json_object(w, "client");
    json_address(w, "ip", address);
    if (e->has_mac)
        json_mac(w, "mac", e->mac);
    json_end_object(w);
    begin_shakeout(r);
    json_word(w, "state", states[outcome]);
    json_object(w, "services");
    for (uint32_t i = e->first_service; i && written < JSON_SERVICES;) {
        if (!same_port_before(s, e->first_service, i)) {
            put_service(r, i);
            written++;
        }
        i = ((const struct service_count *)table_at(&s->services, i - 1))->next;
    }
    json_end_object(w);
    if (e->last_ok_ns)
        put_time(r, "last_success", e->last_ok_ns);
    json_array(w, "findings");
    if (e->worst_group) {
        const struct group *g = table_at(&s->groups, e->worst_group - 1);
        json_word(w, NULL, finding_of(g->id)->id);
    }
    json_end_array(w);
    end_shakeout(r);
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
static void put_left_out(struct writer *w, const struct summary *s)
{
    uint64_t refused =
        s->groups.refused + s->members.refused + s->endpoints.refused + s->services.refused;
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
    begin_line(r, scene->last_ns);
    begin_event(r, "shakeout.summary", "metric", 's', m);
    json_word(w, "outcome", failed ? "failure" : r->mark == MARK_OK ? "success" : "unknown");
    json_end_object(w);
    snprintf(message, sizeof message, "%s%s%s", r->word, r->word[0] ? ": " : "", r->headline);
    json_string(w, "message", message, &r->cut);
    begin_shakeout(r);
    json_word(w, "verdict", failed ? "failures" : r->mark == MARK_OK ? "healthy" : "none");
    json_number(w, "exit_code", (uint64_t)r->exit_code);
    json_flag(w, "complete", !scene->damaged);
    put_input_facts(r, scene);
    put_counts(r);
    put_left_out(w, &r->summary);
    end_shakeout(r);
}

void json_close(struct report *r, const struct scene *scene)
{
    const struct group *groups[SUMMARY_GROUPS];
    size_t n = summary_order(&r->summary, groups, SUMMARY_GROUPS);
    for (size_t i = 0; i < n; i++)
        json_finding(r, scene, groups[i]);
    for (size_t i = 0; i < r->summary.endpoints.n; i++)
        json_endpoint(r, scene, i);
    json_summary(r, scene);
}
