/* The lines of type tls and certificate. */
#include "report/json_parts.h"
#include "tls/names.h"

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
        if (m->cut)
            json_flag(w, "cut", true);
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

void json_tls(struct report *r, const struct verdict *v)
{
    struct writer *w = &r->writer;
    const struct flow *f = v->flow;
    const struct tls *t = f->session->tls;
    enum outcome outcome = outcome_of(&v->primary);
    uint64_t frames[GROUP_FRAMES];
    int64_t time = t->hello ? t->hello->at.time_ns : f->first_ns;

    json_begin_line(r, time);
    json_begin_event(r, "shakeout.tls", "event", 't', mark_flow(f));
    json_put_category(w, "protocol", outcome == OUTCOME_FAILED ? "error" : NULL);
    json_word(w, "outcome", json_outcome_name(outcome));
    json_end_object(w);
    json_put_end(r, "client", &f->address[CLIENT], f->port[CLIENT], false);
    json_put_end(r, "server", &f->address[SERVER], f->port[SERVER], false);
    json_object(w, "network");
    json_word(w, "protocol", "tls");
    json_put_flow_community(r, f);
    json_end_object(w);
    put_tls(r, v, f->session);
    json_begin_shakeout(r);
    json_put_frames(w, frames, tls_frames(t, frames, GROUP_FRAMES));
    put_tls_facts(r, v, f->session);
    json_put_finding_ids(w, v);
    json_end_shakeout(r);
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
    json_begin_line(r, at.time_ns);
    json_begin_event(r, "shakeout.certificate", "event", 'x', m);
    json_put_category(w, "info", NULL);
    json_end_object(w);
    json_put_end(r, "client", &f->address[CLIENT], f->port[CLIENT], false);
    json_put_end(r, "server", &f->address[SERVER], f->port[SERVER], false);
    json_object(w, "network");
    json_put_flow_community(r, f);
    json_end_object(w);
    json_object(w, "tls");
    if (session->tls)
        put_tls_version(w, tls_version(session->tls));
    json_object(w, side_name(side));
    put_certificate(r, cert_facts(session->chain[side][position]));
    json_end_object(w);
    json_end_object(w);
    json_begin_shakeout(r);
    json_put_frames(w, &at.frame, at.frame != 0);
    json_number(w, "chain_position", position);
    json_number(w, "chain_length", session->n_chain[side]);
    put_check(r, session, side, position, at.time_ns);
    json_put_finding_ids(w, v);
    json_end_shakeout(r);
}

void json_certificates(struct report *r, const struct verdict *v)
{
    const struct session *session = v->flow->session;
    for (int side = SERVER; side >= CLIENT; side--)
        for (size_t i = 0; i < session->n_chain[side]; i++)
            put_certificate_line(r, v, (enum side)side, i);
}
