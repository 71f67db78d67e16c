/* The lines of type tls. */
#include "report/json_parts.h"
#include "tls/names.h"

/* "0x0303" as ECS wants it: "1.2", and "ssl" before TLS had its name. */
void json_put_tls_version(struct writer *w, uint16_t version)
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
        JSON_PUT(w, "\"version\":\"");
        writer_put_n(w, versions[i].number, 3);
        JSON_PUT(w, "\",\"version_protocol\":\"");
        writer_put_n(w, versions[i].protocol, 3);
        JSON_PUT(w, "\"");
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

/* Which certificate it was: by this the certificate line is found. */
static void put_leaf(struct writer *w, const struct session *session, enum side side)
{
    if (!session->n_chain[side])
        return;
    json_key(w, "hash");
    JSON_PUT(w, "{\"sha256\":\"");
    writer_put(w, cert_facts(session->chain[side][0])->sha256);
    JSON_PUT(w, "\"}");
}

static void put_client(struct report *r, const struct session *session)
{
    struct writer *w = &r->writer;
    bool named = session->server_name && session->server_name[0];

    if (!named && !session->n_chain[CLIENT])
        return;
    json_object(w, "client");
    if (named)
        json_string(w, "server_name", session->server_name, &r->cut);
    put_leaf(w, session, CLIENT);
    JSON_PUT(w, "}");
}

static void put_tls(struct report *r, const struct verdict *v, const struct session *session)
{
    struct writer *w = &r->writer;
    const struct tls *t = session->tls;
    const char *suite = tls_suite_known(t) ? tls_suite_name(t->server_hello.suite) : NULL;
    enum established established = established_of(v, t);

    JSON_PUT(w, ",\"tls\":{");
    json_put_tls_version(w, tls_version(t));
    if (suite)
        json_word(w, "cipher", suite);
    if (established != ESTABLISHED_UNKNOWN)
        json_flag(w, "established", established == ESTABLISHED_YES);
    if (t->server_hello.present)
        json_flag(w, "resumed", tls_resumed(t));
    if (t->server_hello.alpn.left)
        json_bytes(w, "next_protocol", t->server_hello.alpn.at, t->server_hello.alpn.left, &r->cut);
    put_client(r, session);
    if (session->n_chain[SERVER]) {
        json_object(w, "server");
        put_leaf(w, session, SERVER);
        JSON_PUT(w, "}");
    }
    JSON_PUT(w, "}");
}

static void put_from(struct writer *w, uint8_t from)
{
    if (from == CLIENT)
        JSON_PUT(w, "\"from\":\"client\",\"frame\":");
    else
        JSON_PUT(w, "\"from\":\"server\",\"frame\":");
}

static void put_message(struct writer *w, const struct tls_message *m)
{
    const char *name = tls_message_name(m->type);

    JSON_PUT(w, "{\"type\":\"");
    if (name) {
        writer_put(w, name);
    } else {
        JSON_PUT(w, "unknown_");
        json_put_digits(w, m->type);
    }
    JSON_PUT(w, "\",");
    put_from(w, m->from);
    json_put_digits(w, m->at.frame);
    if (m->cut)
        JSON_PUT(w, ",\"cut\":true");
    JSON_PUT(w, "}");
}

static void put_messages(struct writer *w, const struct tls *t)
{
    json_array(w, "handshake");
    for (size_t i = 0; i < t->n_messages; i++) {
        if (i)
            JSON_PUT(w, ",");
        put_message(w, &t->messages[i]);
    }
    JSON_PUT(w, "]");
}

static void put_alert(struct writer *w, const struct tls_alert *a)
{
    const char *name = a->encrypted ? NULL : tls_alert_name(a->code);

    JSON_PUT(w, "{");
    if (!a->encrypted) {
        json_number(w, "level", a->level);
        json_number(w, "code", a->code);
        if (name)
            json_word(w, "name", name);
        JSON_PUT(w, ",");
    }
    put_from(w, a->from);
    json_put_digits(w, a->at.frame);
    json_flag(w, "encrypted", a->encrypted);
    JSON_PUT(w, "}");
}

static void put_alerts(struct writer *w, const struct tls *t)
{
    JSON_PUT(w, ",\"alerts\":[");
    for (size_t i = 0; i < t->n_alerts; i++) {
        if (i)
            JSON_PUT(w, ",");
        put_alert(w, &t->alerts[i]);
    }
    JSON_PUT(w, "]");
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

    JSON_PUT(w, ",\"tls\":{");
    if (tls_version(t))
        json_hex16(w, "version_raw", tls_version(t));
    if (tls_suite_known(t))
        json_hex16(w, "cipher_raw", t->server_hello.suite);
    put_messages(w, t);
    put_alerts(w, t);
    if (first)
        json_number(w, "first_client_record_bytes", first->length);
    if (v->sealed.expected_finished)
        json_number(w, "expected_finished_bytes", v->sealed.expected_finished);
    json_flag(w, "certificate_visible", session->n_chain[SERVER] != 0);
    JSON_PUT(w, ",\"keys\":\"none\"}");
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

void json_tls(struct report *r, const struct json_flow *texts, const struct verdict *v)
{
    struct writer *w = &r->writer;
    const struct flow *f = v->flow;
    const struct tls *t = f->session->tls;
    enum outcome outcome = outcome_of(&v->primary);
    uint64_t frames[GROUP_FRAMES];

    json_begin_line(r, t->hello ? t->hello->at.time_ns : f->first_ns);
    JSON_PUT(w, ",\"event\":{\"dataset\":\"shakeout.tls\",\"kind\":\"event\",\"id\":\"t-");
    writer_put_n(w, texts->id, sizeof texts->id);
    JSON_PUT(w, "\",\"category\":[\"network\"],\"type\":[\"protocol\"");
    if (outcome == OUTCOME_FAILED)
        JSON_PUT(w, ",\"error\"");
    JSON_PUT(w, "],\"outcome\":\"");
    writer_put(w, json_outcome_name(outcome));
    JSON_PUT(w, "\"},\"client\":{");
    json_put_flow_end(w, texts, CLIENT);
    JSON_PUT(w, "},\"server\":{");
    json_put_flow_end(w, texts, SERVER);
    JSON_PUT(w, "},\"network\":{\"protocol\":\"tls\",\"community_id\":\"");
    writer_put_n(w, texts->community, sizeof texts->community);
    JSON_PUT(w, "\"}");
    put_tls(r, v, f->session);
    json_begin_shakeout(r);
    json_put_frames(w, frames, tls_frames(t, frames, GROUP_FRAMES));
    put_tls_facts(r, v, f->session);
    json_put_finding_ids(w, v);
    json_end_shakeout(r);
}
