/* opened.c - handshake messages and alerts that keys brought to light.  RFC 8446 sections 4, 5.1.
 */
#include "tls/opened.h"

#include "tls/certificate.h"
#include "tls/handshake.h"

enum { MESSAGE_HEADER = 4, JOIN_FIRST = 960, SCHEMES_MAX = 1024, ALPN = 16 };

bool tls_keep(struct tls *t)
{
    if (!t->opened)
        t->opened = arena_zalloc(t->arena, t->pool, sizeof *t->opened);
    if (t->opened)
        t->opened->alpn = bytes_whole(NULL, 0);
    t->keep = t->opened != NULL;
    return t->keep;
}

void opened_server_hello(struct tls_opened *o, struct bytes body)
{
    bytes_skip(&body, 2);
    o->has_server_random = bytes_copy(&body, o->server_random, sizeof o->server_random);
    (void)bytes_vector(&body, 1); /* session id */
    bytes_skip(&body, 2);         /* suite */
    o->compressed = bytes_u8(&body) != 0;
}

/* ---- messages ---- */

static void encrypted_extensions(struct tls *t, struct bytes body)
{
    struct bytes list = bytes_vector(&body, 2);

    while (bytes_ok(&list) && list.left > 0) {
        uint16_t type = bytes_u16(&list);
        struct bytes value = bytes_vector(&list, 2);
        if (type != ALPN)
            continue;
        struct bytes names = bytes_vector(&value, 2);
        t->opened->alpn = handshake_kept(t, bytes_vector(&names, 1), UINT8_MAX);
    }
}

static void request_13(struct tls *t, struct bytes body, struct tls_stamp at)
{
    struct certificate_request request;

    if (t->certificate_request.frame)
        return;
    certificate_request_read_13(body, &request);
    t->certificate_request = at;
    t->request_schemes = handshake_kept(t, request.schemes, SCHEMES_MAX);
    t->request_authorities = request.authorities;
}

/* Only those of the first handshake, and only in TLS 1.3, tell what nobody could see. */
static void message_13(struct tls *t, enum side from, uint8_t type, struct bytes body,
                       struct tls_stamp at)
{
    struct tls_opened *o = t->opened;

    if (type == TLS_ENCRYPTED_EXTENSIONS && from == SERVER)
        encrypted_extensions(t, body);
    else if (type == TLS_CERTIFICATE_REQUEST && from == SERVER)
        request_13(t, body, at);
    else if (type == TLS_CERTIFICATE)
        handshake_opened_certificate(t, from, body, at);
    else if (type == TLS_KEY_UPDATE)
        o->n_updates[from]++;
}

/* A renegotiation: its hellos tell what the next keys are made of. */
static void hello_again(struct tls *t, enum side from, struct bytes body)
{
    struct tls_again *again = &t->opened->again;

    bytes_skip(&body, 2);
    again->hello[from] = bytes_copy(&body, again->random[from], 32);
    if (from == CLIENT) {
        again->hello[SERVER] = false;
        return;
    }
    (void)bytes_vector(&body, 1);
    again->suite = bytes_u16(&body);
    bytes_skip(&body, 1);
    again->extensions = handshake_kept(t, bytes_vector(&body, 2), 1024);
}

static void message_take(struct tls *t, enum side from, struct bytes message, struct tls_stamp at)
{
    struct bytes body = message;
    uint8_t type = bytes_u8(&body);
    uint32_t length = bytes_u24(&body);

    handshake_opened_message(t, (struct tls_message){ .at = at,
                                                      .type = type,
                                                      .from = (uint8_t)from,
                                                      .cut = message.clipped > 0,
                                                      .length = length });
    if (tls_is_13(t))
        message_13(t, from, type, body, at);
    else if ((type == TLS_CLIENT_HELLO && from == CLIENT) ||
             (type == TLS_SERVER_HELLO && from == SERVER))
        hello_again(t, from, body);
    if (type == TLS_FINISHED && !t->opened->finished[from].frame)
        t->opened->finished[from] = at;
}

/* ---- messages across records ---- */

static void join_drop(struct tls *t, struct tls_join *join)
{
    arena_give_back(t->arena, t->pool, join->at);
    *join = (struct tls_join){ 0 };
}

static bool join_room(struct tls *t, struct tls_join *join, uint32_t want)
{
    uint32_t size = join->size ? join->size : JOIN_FIRST;

    if (want <= join->size)
        return true;
    while (size < want)
        size *= 2;
    size = size > TLS_MESSAGE_MAX ? TLS_MESSAGE_MAX : size;
    uint8_t *bigger = want <= size ? arena_zalloc_block(t->arena, t->pool, size) : NULL;
    if (!bigger)
        return false;
    if (join->have)
        memcpy(bigger, join->at, join->have);
    arena_give_back(t->arena, t->pool, join->at);
    join->at = bigger;
    join->size = size;
    return true;
}

/* What is left of a record is the beginning of a message that goes on in the next. */
static void join_rest(struct tls *t, struct tls_join *join, struct bytes *plain)
{
    uint32_t n = (uint32_t)plain->left;

    if (n && join_room(t, join, join->have + n)) {
        (void)bytes_copy(plain, join->at + join->have, n);
        join->have += n;
    } else if (n) {
        join_drop(t, join); /* what follows is then read as it comes */
        bytes_skip(plain, n);
    }
}

/* The whole message that `b` begins with; false when it goes on in the next record. */
static bool message_split(struct bytes *b, struct bytes *out)
{
    struct bytes header = *b;

    bytes_skip(&header, 1);
    uint32_t length = bytes_u24(&header);
    if (!bytes_ok(&header) || b->left < MESSAGE_HEADER + (size_t)length)
        return false;
    *out = bytes_take(b, MESSAGE_HEADER + (size_t)length);
    return true;
}

static void handshake_take(struct tls *t, enum side from, struct bytes plain, struct tls_stamp at)
{
    struct tls_join *join = &t->opened->join[from];
    struct bytes message, whole = plain;

    if (join->have) {
        join_rest(t, join, &plain);
        whole = bytes_whole(join->at, join->have);
    }
    while (message_split(&whole, &message))
        message_take(t, from, message, at);
    if (!join->have) {
        join_rest(t, join, &whole);
        return;
    }
    if (whole.left)
        memmove(join->at, whole.at, whole.left);
    join->have = (uint32_t)whole.left;
}

/* ---- records ---- */

static void inside_note(struct tls *t, const struct tls_record *record, uint8_t inside)
{
    struct tls_half *half = &t->half[record->from];

    if (record->index < TLS_SEALED_MAX && record->index < half->n_sealed)
        half->sealed_list[record->index].inside = inside;
    if (record->index + 1 == half->n_sealed)
        half->sealed_last.inside = inside;
}

void tls_unsealed(struct tls *t, const struct tls_record *record, uint8_t inside,
                  struct bytes plain)
{
    enum side from = (enum side)record->from;

    t->fresh = false;
    t->opened->n_opened[from]++;
    inside_note(t, record, inside);
    if (inside == TLS_HANDSHAKE)
        handshake_take(t, from, plain, record->at);
    else if (inside == TLS_ALERT && plain.left == 2)
        handshake_opened_alert(t, record, plain.at);
}

void tls_unopened(struct tls *t, const struct tls_record *record)
{
    t->fresh = false;
    t->opened->n_closed[record->from]++;
}

/* ---- the reading ---- */

static const int64_t ms = 1000000;

static bool before(struct tls_stamp a, struct tls_stamp b) { return a.frame < b.frame; }

static size_t listed(const struct tls_half *half)
{
    return half->n_sealed < TLS_SEALED_MAX ? half->n_sealed : TLS_SEALED_MAX;
}

/* Where the records of this handshake begin: what the client sent before the answer is early data.
 */
static size_t first_of(const struct tls *t, enum side side)
{
    const struct tls_half *half = &t->half[side];
    size_t i = 0;

    while (i < listed(half) && before(half->sealed_list[i].at, t->server_hello.at))
        i++;
    return i;
}

/* Was all read that this side sent up to its Finished, or up to where it stopped? */
static bool side_is_read(const struct tls *t, enum side side)
{
    const struct tls_half *half = &t->half[side];
    const struct tls_stamp finished = t->opened->finished[side];

    if (finished.frame)
        return true;
    for (size_t i = first_of(t, side); i < listed(half); i++)
        if (!half->sealed_list[i].inside)
            return false;
    return !half->lost && !half->gap;
}

/* A record that keys did not open is judged by its size. */
static bool is_alert(const struct tls *t, const struct tls_sealed *s)
{
    return s->inside ? s->inside == TLS_ALERT : sealed_is_alert(t->server_hello.suite, s->length);
}

static bool fatal_at(const struct tls *t, const struct tls_sealed *s)
{
    for (size_t i = 0; i < t->n_alerts; i++) {
        const struct tls_alert *a = &t->alerts[i];
        if (a->opened && a->at.frame == s->at.frame && a->code != 0 && a->code != 90)
            return true;
    }
    return false;
}

static void data_note(const struct tls *t, struct sealed_reading *out, bool *accepted)
{
    const struct tls_half *client = &t->half[CLIENT], *server = &t->half[SERVER];

    for (size_t i = first_of(t, CLIENT); i < listed(client); i++) {
        const struct tls_sealed *s = &client->sealed_list[i];
        if (s->inside != TLS_HANDSHAKE && !is_alert(t, s) && !before(s->at, out->final_flight))
            out->client_data = true;
    }
    for (size_t i = first_of(t, SERVER); i < listed(server); i++) {
        const struct tls_sealed *s = &server->sealed_list[i];
        if (!before(out->final_flight, s->at))
            continue;
        *accepted = *accepted || !is_alert(t, s) || !fatal_at(t, s);
        if (s->inside != TLS_HANDSHAKE && !is_alert(t, s))
            out->server_data = true;
    }
    out->client_data = out->client_data || client->n_sealed > TLS_SEALED_MAX;
    out->server_data = out->server_data || server->n_sealed > TLS_SEALED_MAX;
    *accepted = *accepted || server->n_sealed > TLS_SEALED_MAX;
}

static bool said_goodbye(const struct tls *t, const struct sealed_end *end)
{
    for (size_t i = 0; i < t->n_alerts; i++)
        if (t->alerts[i].opened && end->closed && t->alerts[i].at.time_ns <= end->close_ns)
            return true;
    return false;
}

bool opened_read(const struct tls *t, const struct sealed_end *end, struct sealed_reading *out)
{
    const struct tls_opened *o = t->opened;
    bool accepted = false;

    if (!o || !(o->n_opened[CLIENT] + o->n_opened[SERVER]) || !side_is_read(t, CLIENT) ||
        !side_is_read(t, SERVER))
        return false;
    *out = (struct sealed_reading){
        .row = SEALED_NONE,
        .expected_finished = out->expected_finished,
        .window_ns = 2 * end->rtt_ns + 200 * ms,
        .server_flight = o->finished[SERVER],
        .final_flight = o->finished[CLIENT],
        .certificate_requested = t->certificate_request.frame != 0,
        .client_certificate_sent = t->certificate[CLIENT].frame != 0,
        .client_certificate_empty = t->certificate[CLIENT].frame && !t->n_certificates[CLIENT],
        .closed_clean = said_goodbye(t, end),
        .with_keys = true,
    };
    if (!o->finished[CLIENT].frame)
        return true;
    data_note(t, out, &accepted);
    if (accepted)
        out->row = SEALED_ACCEPTED;
    else if (end->closed && end->closed_by == SERVER && !t->n_alerts)
        out->row = SEALED_SERVER_GONE;
    else
        out->row = SEALED_FINISHED;
    return true;
}
