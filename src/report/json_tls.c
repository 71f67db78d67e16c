/* The lines of type tls. */
#include "report/json_parts.h"
#include "tls/names.h"

/* Members are written with a comma behind them; the brace takes the place of the last. */
static char *pen_end_object(char *p, const char *begin)
{
    p -= p != begin;
    return PEN_PUT(p, "}");
}

static char *pen_flag(char *p, bool v) { return v ? PEN_PUT(p, "true") : PEN_PUT(p, "false"); }

/* "0x0303" as ECS wants it: "1.2", and "ssl" before TLS had its name. */
static char *pen_version(char *p, uint16_t version)
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
        p = PEN_PUT(p, "\"version\":\"");
        p = pen_octets(p, versions[i].number, 3);
        p = PEN_PUT(p, "\",\"version_protocol\":\"");
        p = pen_octets(p, versions[i].protocol, 3);
        p = PEN_PUT(p, "\",");
    }
    return p;
}

void json_put_tls_version(struct writer *w, uint16_t version)
{
    char *begin = writer_reserve(w, JSON_PEN_ROOM), *p = pen_version(begin, version);
    writer_commit(w, p - (p != begin));
}

enum established json_established(const struct verdict *v, const struct tls *t)
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
enum { SHA256_TEXT = sizeof(((struct cert_facts *)0)->sha256) - 1 };
static char *pen_leaf(char *p, const struct session *session, enum side side)
{
    if (!session->n_chain[side])
        return p;
    const char *sum = cert_facts(session->chain[side][0])->sha256;
    p = PEN_PUT(p, "\"hash\":{\"sha256\":\"");
    if (sum[0])
        p = pen_octets(p, sum, SHA256_TEXT);
    return PEN_PUT(p, "\"},");
}

/* A fingerprint, which fills its array, as a member, its key and the comma behind it included;
 * nothing for none. */
#define PEN_PRINT(p, key, print)                                                              \
    ((print)[0]                                                                               \
         ? PEN_PUT(pen_octets(PEN_PUT(p, "\"" key "\":\""), print, sizeof(print) - 1), "\",") \
         : (p))

static char *pen_client(struct report *r, char *p, const struct session *session,
                        const struct prints *prints)
{
    bool named = session->server_name && session->server_name[0];

    if (!named && !session->n_chain[CLIENT] && !prints->ja3[0])
        return p;
    p = PEN_PUT(p, "\"client\":{");
    if (named) {
        p = PEN_PUT(p, "\"server_name\":");
        p = json_pen_string(&r->writer, p, session->server_name, strlen(session->server_name),
                            &r->cut);
        p = PEN_PUT(p, ",");
    }
    p = PEN_PRINT(p, "ja3", prints->ja3);
    p = pen_leaf(p, session, CLIENT);
    p[-1] = '}';
    return PEN_PUT(p, ",");
}

static char *pen_server(char *p, const struct session *session, const struct prints *prints)
{
    if (!session->n_chain[SERVER] && !prints->ja3s[0])
        return p;
    p = PEN_PUT(p, "\"server\":{");
    p = PEN_PRINT(p, "ja3s", prints->ja3s);
    p = pen_leaf(p, session, SERVER);
    p[-1] = '}';
    return PEN_PUT(p, ",");
}

static char *pen_suite(struct report *r, char *p, uint16_t suite)
{
    struct words *words = &r->words;

    if (!words->suite.n || words->suite_number != suite) {
        const char *name = tls_suite_name(suite);
        if (!name)
            return p;
        json_word_set(&words->suite, name);
        words->suite_number = suite;
    }
    p = PEN_PUT(p, "\"cipher\":\"");
    p = pen_word(p, &words->suite);
    return PEN_PUT(p, "\",");
}

static char *pen_tls(struct report *r, char *p, const struct verdict *v,
                     const struct session *session, const struct prints *prints)
{
    const struct tls *t = session->tls;
    enum established established = json_established(v, t);

    p = PEN_PUT(p, ",\"tls\":{");
    char *begin = p;
    p = pen_version(p, tls_version(t));
    if (tls_suite_known(t))
        p = pen_suite(r, p, t->server_hello.suite);
    if (established != ESTABLISHED_UNKNOWN) {
        p = PEN_PUT(p, "\"established\":");
        p = pen_flag(p, established == ESTABLISHED_YES);
        p = PEN_PUT(p, ",");
    }
    if (t->server_hello.present) {
        p = PEN_PUT(p, "\"resumed\":");
        p = pen_flag(p, tls_resumed(t) && !tls_psk_is_external(t));
        p = PEN_PUT(p, ",");
    }
    if (t->server_hello.alpn.left) {
        const struct bytes *alpn = &t->server_hello.alpn;
        p = PEN_PUT(p, "\"next_protocol\":");
        p = json_pen_string(&r->writer, p, alpn->at, alpn->left, &r->cut);
        p = PEN_PUT(p, ",");
    }
    p = pen_client(r, p, session, prints);
    p = pen_server(p, session, prints);
    return pen_end_object(p, begin);
}

static char *pen_from(char *p, uint8_t from)
{
    if (from == CLIENT)
        return PEN_PUT(p, "\"from\":\"client\",\"frame\":");
    return PEN_PUT(p, "\"from\":\"server\",\"frame\":");
}

static char *pen_message_name(struct report *r, char *p, uint16_t type)
{
    const char *name;

    if (type < WORDS_MESSAGES && r->words.message[type].n)
        return pen_word(p, &r->words.message[type]);
    name = tls_message_name(type);
    if (!name) {
        p = PEN_PUT(p, "unknown_");
        return pen_number(p, type);
    }
    if (type < WORDS_MESSAGES)
        json_word_set(&r->words.message[type], name);
    return pen_text(p, name);
}

static char *pen_messages(struct report *r, char *p, const struct tls *t)
{
    p = PEN_PUT(p, "\"handshake\":[");
    for (size_t i = 0; i < t->n_messages; i++) {
        const struct tls_message *m = &t->messages[i];
        p = PEN_PUT(p, "{\"type\":\"");
        p = pen_message_name(r, p, m->type);
        p = PEN_PUT(p, "\",");
        p = pen_from(p, m->from);
        p = pen_number(p, m->at.frame);
        if (m->cut)
            p = PEN_PUT(p, ",\"cut\":true");
        p = PEN_PUT(p, "},");
    }
    p -= t->n_messages != 0; /* the last comma */
    return PEN_PUT(p, "]");
}

static char *pen_plain_alert(char *p, const struct tls_alert *a)
{
    const char *name = tls_alert_name(a->code);

    p = PEN_PUT(p, "\"level\":");
    p = pen_number(p, a->level);
    p = PEN_PUT(p, ",\"code\":");
    p = pen_number(p, a->code);
    if (name) {
        p = PEN_PUT(p, ",\"name\":\"");
        p = pen_text(p, name);
        p = PEN_PUT(p, "\"");
    }
    return PEN_PUT(p, ",");
}

static char *pen_alerts(char *p, const struct tls *t)
{
    p = PEN_PUT(p, ",\"alerts\":[");
    for (size_t i = 0; i < t->n_alerts; i++) {
        const struct tls_alert *a = &t->alerts[i];
        p = PEN_PUT(p, "{");
        if (!a->encrypted)
            p = pen_plain_alert(p, a);
        p = pen_from(p, a->from);
        p = pen_number(p, a->at.frame);
        p = PEN_PUT(p, ",\"encrypted\":");
        p = pen_flag(p, a->encrypted || a->opened);
        p = PEN_PUT(p, "},");
    }
    p -= t->n_alerts != 0;
    p = PEN_PUT(p, "]");
    if (t->messages_lost || t->alerts_lost) {
        p = PEN_PUT(p, ",\"not_listed\":");
        p = pen_number(p, (uint64_t)t->messages_lost + t->alerts_lost);
    }
    return p;
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

/* What the inference from lengths would have been, where keys make it superfluous. */
static char *pen_agreement(char *p, const struct verdict *v)
{
    if (!v->agreement)
        return p;
    p = PEN_PUT(p, ",\"keyless\":{\"id\":\"");
    p = pen_text(p, finding_of(v->keyless)->id);
    if (v->keyless_fact) {
        p = PEN_PUT(p, "\",\"confidence\":\"");
        p = pen_text(p, confidence_name((enum confidence)v->keyless_fact));
    }
    p = PEN_PUT(p, "\",\"inference\":\"");
    p = pen_text(p, agreement_name((enum agreement)v->agreement));
    return PEN_PUT(p, "\"}");
}

static char *pen_tls_facts(struct report *r, char *p, const struct verdict *v,
                           const struct session *session, const struct prints *prints)
{
    const struct tls *t = session->tls;
    const struct tls_sealed *first = first_client_record(t);

    p = PEN_PUT(p, ",\"tls\":{");
    if (tls_version(t)) {
        p = PEN_PUT(p, "\"version_raw\":");
        p = json_pen_hex16(p, tls_version(t));
        p = PEN_PUT(p, ",");
    }
    if (tls_suite_known(t)) {
        p = PEN_PUT(p, "\"cipher_raw\":");
        p = json_pen_hex16(p, t->server_hello.suite);
        p = PEN_PUT(p, ",");
    }
    p = PEN_PRINT(p, "ja4", prints->ja4);
    p = pen_messages(r, p, t);
    p = pen_alerts(p, t);
    if (first) {
        p = PEN_PUT(p, ",\"first_client_record_bytes\":");
        p = pen_number(p, first->length);
    }
    if (v->sealed.expected_finished) {
        p = PEN_PUT(p, ",\"expected_finished_bytes\":");
        p = pen_number(p, v->sealed.expected_finished);
    }
    p = PEN_PUT(p, ",\"certificate_visible\":");
    p = pen_flag(p, session->n_chain[SERVER] != 0);
    p = PEN_PUT(p, ",\"keys\":\"");
    p = pen_text(p, session_keys(session));
    p = PEN_PUT(p, "\"");
    p = pen_agreement(p, v);
    return PEN_PUT(p, "}");
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
    const struct flow *f = v->flow;
    const struct tls *t = f->session->tls;
    enum outcome outcome = outcome_of(&v->primary);
    uint64_t frames[GROUP_FRAMES];
    struct prints prints;
    struct shapes *shapes = r->summary.shapes;
    const struct shapes_met met = { r->summary.shape, shape_of_server(shapes, &t->server_hello) };
    prints_of(&r->prints, t, &met, &prints);
    char *p = writer_reserve(&r->writer, JSON_PEN_ROOM);

    r->cut = false;
    p = PEN_PUT(p, "{\"@timestamp\":");
    p += json_time_text(r, t->hello ? t->hello->at.time_ns : f->first_ns, p);
    p = PEN_PUT(p, ",\"event\":{\"dataset\":\"shakeout.tls\",\"kind\":\"event\",\"id\":\"t-");
    p = pen_octets(p, texts->id, sizeof texts->id);
    p = PEN_PUT(p, "\",\"category\":[\"network\"],\"type\":[\"protocol\"");
    if (outcome == OUTCOME_FAILED)
        p = PEN_PUT(p, ",\"error\"");
    p = PEN_PUT(p, "],\"outcome\":\"");
    p = pen_text(p, json_outcome_name(outcome));
    p = PEN_PUT(p, "\"},\"client\":{");
    p = json_pen_end(p, texts, CLIENT);
    p = PEN_PUT(p, "},\"server\":{");
    p = json_pen_end(p, texts, SERVER);
    p = PEN_PUT(p, "},\"network\":{\"protocol\":\"tls\",\"community_id\":\"");
    p = pen_octets(p, texts->community, sizeof texts->community);
    p = PEN_PUT(p, "\"}");
    p = pen_tls(r, p, v, f->session, &prints);
    p = json_pen_shakeout(r, p);
    p = json_pen_frames(p, frames, tls_frames(t, frames, GROUP_FRAMES));
    p = pen_tls_facts(r, p, v, f->session, &prints);
    p = json_pen_finding_ids(r, p, v);
    writer_commit(&r->writer, p);
    json_end_shakeout(r);
}
