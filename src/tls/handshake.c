#include "tls/handshake.h"

#include "tls/certificate.h"
#include "tls/hello.h"
#include "tls/names.h"
#include "tls/opened.h"

enum {
    DRAFT_RETRY = 6, /* HelloRetryRequest in drafts of TLS 1.3 up to 21 */
    MESSAGE_HEADER = 4,
    SCHEMES_MAX = 1024, /* octets of a CertificateRequest's list that we keep */
};

/* clang-format off */

/* RFC 5246 section 7.3 (full and abbreviated), RFC 5077 section 3.3, RFC 6066 section 8, RFC 4680;
 * RFC 8446 section 2 as far as it can be read.  A pair that is not listed is unexpected. */
enum { OUR_TYPES = TLS_HELLO_RETRY_REQUEST, PLAIN_TYPES = TLS_NEXT_PROTOCOL + 1, TYPES = PLAIN_TYPES + 3 };
#define TYPE_INDEX(type) \
    ((unsigned)(type) < OUR_TYPES ? (unsigned)(type) : (unsigned)(type) - OUR_TYPES + PLAIN_TYPES)

/* By what a message meets: the next state + 1; 0 = no edge. */
#define EDGE(now, from, message, next) [now][from][TYPE_INDEX(message)] = (next) + 1
static const uint8_t edges[TLS_STATES][SIDES][TYPES] = {
    EDGE(TLS_START,         SERVER,          TLS_HELLO_REQUEST,           TLS_START),
    EDGE(TLS_START,         CLIENT,          TLS_CLIENT_HELLO,            TLS_OFFERED),
    EDGE(TLS_OFFERED,       SERVER,          TLS_HELLO_REQUEST,           TLS_OFFERED),
    EDGE(TLS_OFFERED,       SERVER,          TLS_SERVER_HELLO,            TLS_CHOSEN),
    EDGE(TLS_OFFERED,       SERVER,          TLS_SERVER_HELLO_13,         TLS_SEALED),
    EDGE(TLS_OFFERED,       SERVER,          TLS_HELLO_RETRY_REQUEST,     TLS_RETRY),
    EDGE(TLS_RETRY,         CLIENT,          TLS_CLIENT_HELLO,            TLS_OFFERED),

    EDGE(TLS_CHOSEN,        SERVER,          TLS_SUPPLEMENTAL_DATA,       TLS_CHOSEN),
    EDGE(TLS_CHOSEN,        SERVER,          TLS_CERTIFICATE,             TLS_CERTIFIED),
    EDGE(TLS_CHOSEN,        SERVER,          TLS_SERVER_KEY_EXCHANGE,     TLS_CHOSEN),
    EDGE(TLS_CHOSEN,        SERVER,          TLS_SERVER_HELLO_DONE,       TLS_KEYED),
    EDGE(TLS_CERTIFIED,     SERVER,          TLS_CERTIFICATE_STATUS,      TLS_CERTIFIED),
    EDGE(TLS_CERTIFIED,     SERVER,          TLS_SERVER_KEY_EXCHANGE,     TLS_CERTIFIED),
    EDGE(TLS_CERTIFIED,     SERVER,          TLS_CERTIFICATE_REQUEST,     TLS_CERTIFIED),
    EDGE(TLS_CERTIFIED,     SERVER,          TLS_SERVER_HELLO_DONE,       TLS_KEYED),
    EDGE(TLS_KEYED,         CLIENT,          TLS_SUPPLEMENTAL_DATA,       TLS_KEYED),
    EDGE(TLS_KEYED,         CLIENT,          TLS_CERTIFICATE,             TLS_KEYED),
    EDGE(TLS_KEYED,         CLIENT,          TLS_CERTIFICATE_URL,         TLS_KEYED),
    EDGE(TLS_KEYED,         CLIENT,          TLS_CLIENT_KEY_EXCHANGE,     TLS_CLIENT_KEYED),
    EDGE(TLS_CLIENT_KEYED,  CLIENT,          TLS_CERTIFICATE_VERIFY,      TLS_CLIENT_KEYED),
    EDGE(TLS_CLIENT_KEYED,  CLIENT,          TLS_KEY_CHANGE,              TLS_CLIENT_SEALED),
    EDGE(TLS_CLIENT_SEALED, CLIENT,          TLS_FINISHED,                TLS_CLIENT_SEALED),
    EDGE(TLS_CLIENT_SEALED, SERVER,          TLS_NEW_SESSION_TICKET,      TLS_CLIENT_SEALED),
    EDGE(TLS_CLIENT_SEALED, SERVER,          TLS_KEY_CHANGE,              TLS_CLIENT_SEALED),
    EDGE(TLS_CLIENT_SEALED, SERVER,          TLS_FINISHED,                TLS_UP),

    EDGE(TLS_CHOSEN,        SERVER,          TLS_NEW_SESSION_TICKET,      TLS_CHOSEN),
    EDGE(TLS_CHOSEN,        SERVER,          TLS_KEY_CHANGE,              TLS_SERVER_SEALED),
    EDGE(TLS_SERVER_SEALED, SERVER,          TLS_FINISHED,                TLS_SERVER_SEALED),
    EDGE(TLS_SERVER_SEALED, CLIENT,          TLS_KEY_CHANGE,              TLS_SERVER_SEALED),
    EDGE(TLS_SERVER_SEALED, CLIENT,          TLS_FINISHED,                TLS_UP),

    /* RFC 5246 section 7.4.1.1: at any time, and the client may go on with what it is at. */
    EDGE(TLS_CHOSEN,        SERVER,          TLS_HELLO_REQUEST,           TLS_CHOSEN),
    EDGE(TLS_CERTIFIED,     SERVER,          TLS_HELLO_REQUEST,           TLS_CERTIFIED),
    EDGE(TLS_KEYED,         SERVER,          TLS_HELLO_REQUEST,           TLS_KEYED),
    EDGE(TLS_CLIENT_KEYED,  SERVER,          TLS_HELLO_REQUEST,           TLS_CLIENT_KEYED),
    EDGE(TLS_CLIENT_SEALED, SERVER,          TLS_HELLO_REQUEST,           TLS_CLIENT_SEALED),

    EDGE(TLS_UP,            SERVER,          TLS_FINISHED,                TLS_UP), /* renegotiation, all */
    EDGE(TLS_UP,            CLIENT,          TLS_FINISHED,                TLS_UP), /* of it sealed */
    EDGE(TLS_UP,            SERVER,          TLS_KEY_CHANGE,              TLS_UP),
    EDGE(TLS_UP,            CLIENT,          TLS_KEY_CHANGE,              TLS_UP),
};

/* What a message proves when its forerunners were not seen: at least this state was reached. */
static const struct proof {
    enum side from;  uint16_t message;            enum tls_state least;
} proofs[] = {
    { CLIENT,        TLS_CLIENT_HELLO,            TLS_OFFERED },
    { SERVER,        TLS_HELLO_RETRY_REQUEST,     TLS_RETRY },
    { SERVER,        TLS_SERVER_HELLO,            TLS_CHOSEN },
    { SERVER,        TLS_SERVER_HELLO_13,         TLS_SEALED },
    { SERVER,        TLS_CERTIFICATE,             TLS_CERTIFIED },
    { SERVER,        TLS_CERTIFICATE_REQUEST,     TLS_CERTIFIED },
    { SERVER,        TLS_SERVER_HELLO_DONE,       TLS_KEYED },
    { CLIENT,        TLS_CLIENT_KEY_EXCHANGE,     TLS_CLIENT_KEYED },
    { CLIENT,        TLS_CERTIFICATE_VERIFY,      TLS_CLIENT_KEYED },
    { CLIENT,        TLS_KEY_CHANGE,              TLS_CLIENT_SEALED },
};
/* clang-format on */

int tls_edge_next(enum tls_state now, enum side from, uint16_t message_type)
{
    unsigned i = TYPE_INDEX(message_type);

    if ((message_type >= PLAIN_TYPES && message_type < OUR_TYPES) || i >= TYPES)
        return -1;
    return edges[now][from][i] - 1;
}

static enum tls_state proven(enum tls_state now, enum side from, uint16_t message)
{
    for (size_t i = 0; i < sizeof proofs / sizeof *proofs; i++)
        if (proofs[i].from == from && proofs[i].message == message && proofs[i].least > now)
            return proofs[i].least;
    return now;
}

static void unexpected_note(struct tls *t, uint16_t message, struct tls_stamp at)
{
    if (t->unexpected.frame)
        return;
    t->unexpected = at;
    t->unexpected_type = message;
}

static void step(struct tls *t, enum side from, uint16_t message, struct tls_stamp at)
{
    int next = tls_edge_next(t->state, from, message);

    if (next >= 0) {
        t->state = (enum tls_state)next;
        return;
    }
    unexpected_note(t, message, at);
    t->state = proven(t->state, from, message);
    if (t->half[CLIENT].finish.frame && t->half[SERVER].finish.frame && t->state != TLS_SEALED)
        t->state = TLS_UP;
}

/* ---- lists that grow by doubling ----------------------------------------------------------------
 */

/* Room for one more after n elements: the same block, a larger one, or NULL. */
static void *list_room(struct tls *t, void *list, uint32_t n, uint32_t first, size_t element)
{
    bool full = n == 0 || (n >= first && (n & (n - 1)) == 0);

    if (!full)
        return list;
    void *bigger = arena_zalloc_block(t->arena, t->pool, (n < first ? first : n * 2) * element);
    if (!bigger) {
        t->out_of_memory = true;
        return NULL;
    }
    if (list)
        memcpy(bigger, list, n * element);
    arena_give_back(t->arena, t->pool, list);
    return bigger;
}

static void message_list(struct tls *t, struct tls_message message)
{
    struct tls_message *list = NULL;

    if (t->n_messages < TLS_MESSAGES_MAX)
        list = list_room(t, t->messages, t->n_messages, 8, sizeof *list);
    if (!list) {
        t->messages_lost += t->messages_lost < UINT16_MAX;
        return;
    }
    t->messages = list;
    list[t->n_messages++] = message;
}

/* In order of frames: what keys read may come later than it was sent. */
static void alert_list(struct tls *t, struct tls_alert alert)
{
    struct tls_alert *list = NULL;

    if (t->n_alerts < TLS_ALERTS_MAX)
        list = list_room(t, t->alerts, t->n_alerts, 2, sizeof *list);
    if (!list) {
        t->alerts_lost += t->alerts_lost < UINT16_MAX;
        return;
    }
    t->alerts = list;
    size_t i = t->n_alerts++;
    for (; i > 0 && list[i - 1].at.frame > alert.at.frame; i--)
        list[i] = list[i - 1];
    list[i] = alert;
}

static void message_order(struct tls *t)
{
    struct tls_message *list = t->messages, last = list[t->n_messages - 1];
    size_t i = t->n_messages - 1U;

    for (; i > 0 && list[i - 1].at.frame > last.at.frame; i--)
        list[i] = list[i - 1];
    list[i] = last;
}

void handshake_opened_message(struct tls *t, struct tls_message message)
{
    size_t before = t->n_messages;

    message.opened = true;
    message_list(t, message);
    if (t->n_messages > before)
        message_order(t);
}

static bool is_same_record(const struct tls_alert *a, const struct tls_record *r)
{
    return a->encrypted && a->from == r->from && a->at.frame == r->at.frame &&
           a->length == r->body.left;
}

/* Up to TLS 1.2 the alert is in the list already, without its words. */
void handshake_opened_alert(struct tls *t, const struct tls_record *record,
                            const uint8_t level_code[2])
{
    for (size_t i = 0; i < t->n_alerts; i++) {
        struct tls_alert *a = &t->alerts[i];
        if (!is_same_record(a, record))
            continue;
        a->encrypted = false;
        a->opened = true;
        a->level = level_code[0];
        a->code = level_code[1];
        return;
    }
    if (tls_is_13(t))
        alert_list(t, (struct tls_alert){ .at = record->at,
                                          .from = record->from,
                                          .opened = true,
                                          .level = level_code[0],
                                          .code = level_code[1],
                                          .length = (uint16_t)record->body.left });
}

/* Without memory it is not counted either: all that n_sealed counts below the ceiling is listed. */
static void sealed_list(struct tls *t, struct tls_half *half, struct tls_sealed sealed)
{
    struct tls_sealed *list = NULL;

    half->sealed_last = sealed;
    if (half->n_sealed >= TLS_SEALED_MAX) {
        half->n_sealed++;
        return;
    }
    list = list_room(t, half->sealed_list, half->n_sealed, 8, sizeof *list);
    if (!list)
        return;
    half->sealed_list = list;
    list[half->n_sealed++] = sealed;
}

/* ---- messages -----------------------------------------------------------------------------------
 */

static void client_hello_add(struct tls *t, struct tls_client_hello *hello)
{
    if (!hello)
        return;
    if (!t->hello)
        t->hello = hello;
    else
        t->hello_again = hello;
}

/* Only the first hello is kept, and the one that answers a HelloRetryRequest. */
static bool wants_hello(const struct tls *t)
{
    return !t->hello || (t->retry.present && !t->hello_again);
}

static uint16_t client_hello(struct tls *t, struct bytes body, struct tls_stamp at)
{
    if (wants_hello(t))
        client_hello_add(t, hello_read_client(t, body, at));
    t->n_client_hellos++;
    return TLS_CLIENT_HELLO;
}

void handshake_sslv2_hello(struct tls *t, struct bytes message, struct tls_stamp at)
{
    struct tls_message listed = { .at = at,
                                  .type = TLS_CLIENT_HELLO,
                                  .from = CLIENT,
                                  .cut = message.clipped > 0,
                                  .length = (uint32_t)bytes_on_wire(&message) };

    if (wants_hello(t))
        client_hello_add(t, hello_read_sslv2(t, message, at));
    t->n_client_hellos++;
    message_list(t, listed);
    step(t, CLIENT, TLS_CLIENT_HELLO, at);
}

static uint16_t retry_seen(struct tls *t, const struct tls_server_hello *retry)
{
    t->chose_13 = true;
    if (!t->retry.present)
        t->retry = *retry;
    else
        unexpected_note(t, TLS_HELLO_RETRY_REQUEST,
                        retry->at); /* RFC 8446 section 4.1.4: one only */
    t->n_retries++;
    return TLS_HELLO_RETRY_REQUEST;
}

static void server_hello_clear(struct tls_server_hello *hello)
{
    *hello = (struct tls_server_hello){ .alpn = bytes_whole(NULL, 0),
                                        .extensions = bytes_whole(NULL, 0) };
}

static uint16_t server_hello(struct tls *t, struct bytes body, struct tls_stamp at)
{
    struct tls_server_hello *hello = &t->server_hello;
    bool retry = false;

    if (hello->present)
        return TLS_SERVER_HELLO;
    hello_read_server(t, body, at, &retry, hello);
    if (retry) {
        struct tls_server_hello seen = *hello;
        server_hello_clear(hello);
        return retry_seen(t, &seen);
    }
    if (t->keep)
        opened_server_hello(t->opened, body);
    t->chose_13 = tls_is_13(t);
    if (t->chose_13)
        t->half[CLIENT].sealed = t->half[SERVER].sealed = true;
    else if (t->half[CLIENT].unsure && hello->version)
        t->half[CLIENT].sealed = true;
    return TLS_SERVER_HELLO;
}

static uint16_t draft_retry(struct tls *t, struct bytes body, struct tls_stamp at)
{
    struct tls_server_hello hello;

    hello_read_draft_retry(t, body, at, &hello);
    if (!hello_version_is_13(hello.version))
        return DRAFT_RETRY;
    return retry_seen(t, &hello);
}

static uint16_t certificate(struct tls *t, enum side from, struct bytes body, struct tls_stamp at)
{
    t->fresh = true;
    t->fresh_13 = tls_is_13(t);
    t->fresh_from = from;
    t->fresh_at = at;
    t->fresh_body = body;
    if (!t->certificate[from].frame) {
        t->certificate[from] = at;
        t->n_certificates[from] = tls_fresh(t).n;
    }
    return TLS_CERTIFICATE;
}

struct tls_certificates tls_fresh(const struct tls *t)
{
    struct tls_certificates out;

    out.from = t->fresh_from; /* the windows are set as far as n says */
    out.at = t->fresh_at;
    out.n = 0;
    out.cut = false;
    if (t->fresh && t->fresh_13)
        certificates_read_13(t->fresh_body, &out);
    else if (t->fresh)
        certificates_read(t->fresh_body, &out);
    return out;
}

void handshake_opened_certificate(struct tls *t, enum side from, struct bytes body,
                                  struct tls_stamp at)
{
    (void)certificate(t, from, body, at);
}

static uint16_t server_certificate(struct tls *t, struct bytes body, struct tls_stamp at)
{
    return certificate(t, SERVER, body, at);
}

static uint16_t client_certificate(struct tls *t, struct bytes body, struct tls_stamp at)
{
    return certificate(t, CLIENT, body, at);
}

struct bytes handshake_kept(struct tls *t, struct bytes window, size_t most)
{
    size_t n = window.left < most ? window.left : most;
    uint8_t *p = n ? arena_zalloc(t->arena, t->pool, n) : NULL;

    if (n && !p)
        t->out_of_memory = true;
    if (!p)
        return bytes_of("", 0, bytes_on_wire(&window));
    memcpy(p, window.at, n);
    return bytes_of(p, n, bytes_on_wire(&window));
}

/* The schemes came with TLS 1.2; when the version was not seen, the form that fits decides. */
static uint16_t certificate_request(struct tls *t, struct bytes body, struct tls_stamp at)
{
    struct certificate_request request;
    uint16_t version = tls_version(t);

    if (t->certificate_request.frame)
        return TLS_CERTIFICATE_REQUEST;
    certificate_request_read(body, version == 0 || version >= 0x0303, &request);
    if (version == 0 && !request.whole)
        certificate_request_read(body, false, &request);
    t->certificate_request = at;
    t->request_types = handshake_kept(t, request.types, UINT8_MAX);
    t->request_schemes = handshake_kept(t, request.schemes, SCHEMES_MAX);
    t->request_authorities = request.authorities;
    return TLS_CERTIFICATE_REQUEST;
}

/* RFC 8422 section 5.4.  The suite tells whether these are parameters of ECDHE. */
static uint16_t server_key_exchange(struct tls *t, struct bytes body, struct tls_stamp at)
{
    enum { NAMED_CURVE = 3 };

    (void)at;
    if (bytes_u8(&body) == NAMED_CURVE)
        t->exchange_group = bytes_u16(&body); /* 0 when it is cut */
    return TLS_SERVER_KEY_EXCHANGE;
}

/* Each answers the type to list. */
static uint16_t (*const readers[][SIDES])(struct tls *t, struct bytes body, struct tls_stamp at) = {
    [TLS_CLIENT_HELLO][CLIENT] = client_hello,
    [TLS_SERVER_HELLO][SERVER] = server_hello,
    [DRAFT_RETRY][SERVER] = draft_retry,
    [TLS_CERTIFICATE][SERVER] = server_certificate,
    [TLS_CERTIFICATE][CLIENT] = client_certificate,
    [TLS_SERVER_KEY_EXCHANGE][SERVER] = server_key_exchange,
    [TLS_CERTIFICATE_REQUEST][SERVER] = certificate_request,
};

static uint16_t message_read(struct tls *t, enum side from, uint8_t type, struct bytes body,
                             struct tls_stamp at)
{
    bool read = type < sizeof readers / sizeof *readers && readers[type][from];

    return read ? readers[type][from](t, body, at) : type;
}

bool handshake_message(struct tls *t, enum side from, struct bytes message, struct tls_stamp at)
{
    struct bytes body = message;
    uint32_t head = bytes_u32(&body), length = head & 0xffffff;
    uint8_t type = (uint8_t)(head >> 24);
    bool first_server_hello = !t->server_hello.present;
    uint16_t listed = message_read(t, from, type, body, at);

    message_list(t, (struct tls_message){ .at = at,
                                          .type = listed,
                                          .from = (uint8_t)from,
                                          .cut = message.clipped > 0,
                                          .length = length });
    bool chose_13 = listed == TLS_SERVER_HELLO && first_server_hello && from == SERVER &&
                    hello_version_is_13(t->server_hello.version);
    step(t, from, chose_13 ? TLS_SERVER_HELLO_13 : listed, at);
    return listed == TLS_CERTIFICATE;
}

/* ---- records without messages -------------------------------------------------------------------
 */

void handshake_key_change(struct tls *t, enum side from, struct tls_stamp at)
{
    struct tls_half *half = &t->half[from];

    if (!half->ccs.frame)
        half->ccs = at;
    if (t->keep)
        t->opened->n_key_changes[from]++;
    if (t->chose_13)
        return; /* compatibility only: RFC 8446 appendix D.4 */
    if (from == CLIENT && t->hello && tls_version(t) == 0 && t->state < TLS_CLIENT_KEYED &&
        hello_version_is_13(tls_offered_highest(t->hello))) {
        half->unsure = true;
        return;
    }
    half->sealed = true;
    step(t, from, TLS_KEY_CHANGE, at);
}

void handshake_application(struct tls_half *half, uint32_t n, uint64_t octets, struct tls_stamp at)
{
    if (!half->n_application)
        half->first_application = at;
    half->n_application += n;
    half->application_bytes += octets;
    half->last_application = at;
}

bool handshake_hides_type(const struct tls *t, const struct tls_half *half)
{
    return t->chose_13 || (!half->sealed && t->hello && tls_version(t) == 0);
}

void handshake_hidden_record(struct tls *t, struct tls_half *half, uint16_t length,
                             struct tls_stamp at)
{
    sealed_list(t, half,
                (struct tls_sealed){ .at = at, .length = length, .type = TLS_APPLICATION_DATA });
}

void handshake_sealed_record(struct tls *t, enum side from, struct tls_stamp at)
{
    struct tls_half *half = &t->half[from];
    struct tls_sealed sealed = { .at = at,
                                 .length = half->record_length,
                                 .type = half->record_type };

    if (half->record_type == TLS_APPLICATION_DATA && !handshake_hides_type(t, half)) {
        handshake_application(half, 1, half->record_length, at);
        return;
    }
    sealed_list(t, half, sealed);
    if (half->record_type == TLS_ALERT)
        handshake_alert(t, from, NULL, at);
    if (half->record_type != TLS_HANDSHAKE)
        return;
    if (!half->finish.frame) {
        half->finish = at;
        half->finish_length = half->record_length;
    }
    step(t, from, TLS_FINISHED, at);
}

void handshake_alert(struct tls *t, enum side from, const uint8_t *level_code, struct tls_stamp at)
{
    alert_list(t, (struct tls_alert){ .at = at,
                                      .from = (uint8_t)from,
                                      .encrypted = !level_code,
                                      .level = level_code ? level_code[0] : 0,
                                      .code = level_code ? level_code[1] : 0,
                                      .length = t->half[from].record_length });
}

/* ---- the connection -----------------------------------------------------------------------------
 */

struct tls *tls_open(struct arena *arena, struct pool *pool)
{
    struct tls *t = arena_zalloc(arena, pool, sizeof *t);

    if (!t)
        return NULL;
    t->arena = arena;
    t->pool = pool;
    t->request_types = t->request_schemes = bytes_whole(NULL, 0);
    server_hello_clear(&t->server_hello);
    server_hello_clear(&t->retry);
    return t;
}

uint16_t tls_group(const struct tls *t)
{
    const char *suite = tls_suite_known(t) ? tls_suite_name(t->server_hello.suite) : NULL;
    bool ecdhe = suite && (strstr(suite, "_ECDHE_") || strstr(suite, "_ECDH_anon_"));

    if (t->server_hello.group)
        return t->server_hello.group;
    return ecdhe ? t->exchange_group : 0;
}

uint16_t tls_version(const struct tls *t)
{
    return t->server_hello.present ? t->server_hello.version : 0;
}

bool tls_suite_known(const struct tls *t)
{
    return t->server_hello.present && (t->server_hello.suite || !t->server_hello.cut);
}

bool tls_is_13(const struct tls *t)
{
    return t->retry.present || (t->server_hello.present && hello_version_is_13(tls_version(t)));
}

/* Up to TLS 1.2 the server changes keys first, and shows no certificate (RFC 5246 section 7.3). */
bool tls_resumed(const struct tls *t)
{
    const struct tls_stamp client = t->half[CLIENT].ccs, server = t->half[SERVER].ccs;

    if (tls_is_13(t))
        return t->server_hello.psk;
    return t->server_hello.present && server.frame && !t->certificate[SERVER].frame &&
           (!client.frame || server.frame < client.frame) &&
           (!t->half[SERVER].gap || t->server_hello.session_id_echoed);
}

static struct bytes extension_find(struct bytes block, uint16_t wanted)
{
    while (bytes_ok(&block) && block.left) {
        uint16_t number = bytes_u16(&block);
        struct bytes value = bytes_vector(&block, 2);
        if (number == wanted && bytes_ok(&block))
            return value;
    }
    return bytes_whole(NULL, 0);
}

bool tls_psk_is_external(const struct tls *t)
{
    enum { PRE_SHARED_KEY = 41 };
    const struct tls_client_hello *hello = t->hello_again ? t->hello_again : t->hello;
    struct bytes offer = bytes_whole(NULL, 0), choice = offer;
    uint32_t age = 1;

    if (!tls_is_13(t) || !t->server_hello.psk || !hello)
        return false;
    offer = extension_find(hello->extensions, PRE_SHARED_KEY);
    choice = extension_find(t->server_hello.extensions, PRE_SHARED_KEY);
    uint16_t chosen = bytes_u16(&choice);
    struct bytes identities = bytes_vector(&offer, 2);
    for (uint32_t i = 0; i <= chosen && bytes_ok(&identities) && identities.left; i++) {
        (void)bytes_vector(&identities, 2);
        age = bytes_u32(&identities);
        if (i == chosen)
            return bytes_ok(&choice) && bytes_ok(&identities) && age == 0;
    }
    return false;
}
