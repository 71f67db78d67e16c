#include "tls/sealed.h"

#include "tls/hello.h"
#include "tls/opened.h"

#include <stddef.h>

enum {
    FLIGHT_OCTETS = 45,   /* the smallest Finished record: less is no final flight */
    FLIGHT_RECORDS = 4,   /* EndOfEarlyData, Certificate, CertificateVerify, Finished */
    EMPTY_MESSAGE = 8,    /* a Certificate message without entries */
    TICKET_STATEFUL = 74, /* OpenSSL's ticket that is only a session id */
    TICKET_LEAST = 180,
    TICKET_MOST = 1200,
    TICKETS_MOST = 4,
    FULL_FRAGMENT = 16384,
    FLIGHT_RECORDS_SERVER = 8,
};

static const int64_t ms = 1000000;

/* Octets that protection adds: the content type and the tag (RFC 8446 section 5.2); hash of the
 * suite.  JSSE pads every record by 16. */
static const struct suite_lengths {
    uint16_t suite;
    uint8_t overhead, hash, padding;
} suites[] = {
    { 0x1301, 17, 32, 16 }, { 0x1302, 17, 48, 16 }, { 0x1303, 17, 32, 16 }, { 0x1304, 17, 32, 0 },
    { 0x1305, 9, 32, 0 },   { 0x00c6, 17, 32, 0 },  { 0x00c7, 17, 32, 0 },
};

static const struct suite_lengths *lengths_of(uint16_t suite)
{
    for (size_t i = 0; i < sizeof suites / sizeof *suites; i++)
        if (suites[i].suite == suite)
            return &suites[i];
    return NULL;
}

/* Is n a record around `message` octets, as it is or padded?  False for a suite nobody knows. */
static bool is_record_of(const struct suite_lengths *l, unsigned message, uint16_t n)
{
    return l && (n == message + l->overhead || n == message + l->overhead + l->padding);
}

static bool is_finished(const struct suite_lengths *l, uint16_t n)
{
    return l && is_record_of(l, 4U + l->hash, n);
}

bool sealed_is_alert(uint16_t suite, uint16_t n) { return is_record_of(lengths_of(suite), 2, n); }
bool sealed_is_finished(uint16_t suite, uint16_t n) { return is_finished(lengths_of(suite), n); }

/* What the rows look at.  Lists begin behind the ServerHello: earlier client records are early
 * data. */
struct view {
    const struct tls *t;
    const struct sealed_end *end;
    struct sealed_reading *out;
    const struct suite_lengths *lengths; /* of the suite; NULL when it is not known */
    const struct tls_sealed *client, *server;
    size_t n_client, n_server;
    bool client_more, server_more; /* records beyond the lists */
    size_t final;                  /* index of the record that completes the client's flight */
    bool has_final;
    const struct tls_sealed *after; /* the first server record behind it, or NULL */
    bool after_speaks;              /* one of those is no alert */
    bool unpadded[SIDES];           /* its Finished was seen, and it was not padded */
};

static bool before(struct tls_stamp a, struct tls_stamp b) { return a.frame < b.frame; }

static size_t listed(const struct tls_half *half)
{
    return half->n_sealed < TLS_SEALED_MAX ? half->n_sealed : TLS_SEALED_MAX;
}

/* A side whose Finished was not padded does not pad its alerts: 35 octets are data then. */
static bool view_alert(const struct view *v, enum side side, const struct tls_sealed *record)
{
    const struct suite_lengths *l = v->lengths;

    return is_record_of(l, 2, record->length) &&
           !(v->unpadded[side] && record->length != 2 + l->overhead);
}

static bool server_spoke_between(const struct view *v, struct tls_stamp from, struct tls_stamp to)
{
    for (size_t i = 0; i < v->n_server; i++)
        if (before(from, v->server[i].at) && before(v->server[i].at, to))
            return true;
    return false;
}

/* The client's Finished: a record of its length among the first few, sent in one go; or, when the
 * flight shares records, where at least the octets of a Finished have come. */
static void final_find(struct view *v)
{
    size_t octets = 0;

    for (size_t i = 0; i < v->n_client && i < FLIGHT_RECORDS; i++) {
        const struct tls_sealed *record = &v->client[i];
        if (view_alert(v, CLIENT, record) ||
            (i > 0 && server_spoke_between(v, v->client[0].at, record->at)))
            break;
        octets += record->length;
        bool finished = is_finished(v->lengths, record->length);
        if (finished || (!v->has_final && octets >= FLIGHT_OCTETS))
            v->final = i;
        v->has_final = v->has_final || octets >= FLIGHT_OCTETS;
        if (finished)
            break;
    }
}

/* A Finished of plain length: the client's is found, the server's lies before the client's answer.
 */
static void padding_find(struct view *v)
{
    const struct suite_lengths *l = v->lengths;
    unsigned plain = l ? 4U + l->hash + l->overhead : 0;

    v->unpadded[CLIENT] = v->has_final && v->client[v->final].length == plain;
    for (size_t i = 0; i < v->n_server; i++)
        if (v->server[i].length == plain &&
            (v->n_client == 0 || before(v->server[i].at, v->client[0].at)))
            v->unpadded[SERVER] = true;
}

static void after_find(struct view *v)
{
    for (size_t i = 0; v->has_final && i < v->n_server; i++) {
        const struct tls_sealed *record = &v->server[i];
        if (!before(v->client[v->final].at, record->at))
            continue;
        if (!v->after)
            v->after = record;
        v->after_speaks = v->after_speaks || !view_alert(v, SERVER, record);
    }
    v->after_speaks = v->after_speaks || (v->has_final && v->server_more);
}

static struct view view_of(const struct tls *t, const struct sealed_end *end,
                           struct sealed_reading *out)
{
    const struct tls_half *client = &t->half[CLIENT], *server = &t->half[SERVER];
    struct view v = {
        .t = t, .end = end, .out = out, .lengths = lengths_of(t->server_hello.suite)
    };

    v.client = client->sealed_list;
    v.n_client = listed(client);
    while (v.n_client > 0 && before(v.client->at, t->server_hello.at)) {
        v.client++;
        v.n_client--;
    }
    v.server = server->sealed_list;
    v.n_server = listed(server);
    v.client_more = client->n_sealed > TLS_SEALED_MAX;
    v.server_more = server->n_sealed > TLS_SEALED_MAX;
    final_find(&v);
    padding_find(&v);
    after_find(&v);
    return v;
}

/* ---- rows: domain of each is what the rows above it left
 * ----------------------------------------- */

/* Answered by name elsewhere: a readable alert after the ServerHello. */
static bool speaks_in_clear(const struct view *v)
{
    for (size_t i = 0; i < v->t->n_alerts; i++)
        if (!v->t->alerts[i].encrypted && !before(v->t->alerts[i].at, v->t->server_hello.at))
            return true;
    return false;
}

/* Equal lengths all over are padding, and void the table. */
static bool is_padded(const struct view *v)
{
    if (v->n_client < 1 || v->n_server < 2 || view_alert(v, SERVER, &v->server[0]))
        return false;
    for (size_t i = 0; i < v->n_client; i++)
        if (v->client[i].length != v->server[0].length)
            return false;
    for (size_t i = 1; i < v->n_server; i++)
        if (v->server[i].length != v->server[0].length)
            return false;
    return true;
}

static bool cannot_read(const struct view *v)
{
    return !v->lengths || v->t->out_of_memory || is_padded(v) ||
           (v->client_more && v->n_client == 0);
}

static bool has_server_flight(const struct view *v)
{
    for (size_t i = 0; i < v->n_server; i++)
        if (!view_alert(v, SERVER, &v->server[i]))
            return true;
    return false;
}

static bool server_aborts(const struct view *v)
{
    return !v->has_final && v->n_server > 0 && !has_server_flight(v) && v->end->closed &&
           (v->n_client == 0 || before(v->server[0].at, v->client[0].at));
}

static bool client_rejects(const struct view *v)
{
    const struct sealed_end *end = v->end;

    if (v->has_final || v->n_client != 1 || v->client_more || v->t->half[CLIENT].lost)
        return false;
    int64_t then = v->client[0].at.time_ns;
    return view_alert(v, CLIENT, &v->client[0]) && end->closed && end->close_ns >= then &&
           end->close_ns - then <= 1000 * ms;
}

static bool client_leaves(const struct view *v)
{
    return v->n_client == 0 && !v->t->half[CLIENT].lost && has_server_flight(v) && v->end->closed &&
           v->end->closed_by == CLIENT;
}

static bool is_open_or_mute(const struct view *v)
{
    return !v->has_final && (v->n_client == 0 || !v->end->closed);
}

static bool has_no_final(const struct view *v) { return !v->has_final; }

static bool is_accepted(const struct view *v) { return v->after_speaks; }

static bool server_is_lost(const struct view *v) { return v->t->half[SERVER].lost; }

/* A client that says goodbye first gets a close_notify back, and that is no refusal. */
static bool client_ended_first(const struct view *v)
{
    const struct sealed_end *end = v->end;

    for (size_t i = v->final + 1; v->after && i < v->n_client; i++)
        if (view_alert(v, CLIENT, &v->client[i]) && before(v->client[i].at, v->after->at))
            return true;
    return end->closed && end->closed_by == CLIENT &&
           (!v->after || end->close_ns <= v->after->at.time_ns);
}

static bool nothing_decided(const struct view *v)
{
    return !v->end->closed || client_ended_first(v);
}

static bool server_rejects(const struct view *v)
{
    return v->after && v->after->at.time_ns - v->client[v->final].at.time_ns <= v->out->window_ns;
}

static bool server_closes_late(const struct view *v) { return v->after; }
static bool server_is_gone(const struct view *v) { return v->end->closed_by == SERVER; }
static bool always(const struct view *v) { return v != NULL; }

/* The table, in order; the first row that fits counts. */
static const struct rule {
    bool (*fits)(const struct view *v);
    enum sealed_row row;
} rules[] = {
    { speaks_in_clear, SEALED_NONE },          { cannot_read, SEALED_UNREADABLE },
    { server_aborts, SEALED_SERVER_ABORTS },   { client_rejects, SEALED_CLIENT_REJECTS },
    { client_leaves, SEALED_CLIENT_LEAVES },   { is_open_or_mute, SEALED_NONE },
    { has_no_final, SEALED_UNREADABLE },       { is_accepted, SEALED_ACCEPTED },
    { server_is_lost, SEALED_UNREADABLE },     { nothing_decided, SEALED_FINISHED },
    { server_rejects, SEALED_SERVER_REJECTS }, { server_closes_late, SEALED_SERVER_CLOSES_LATE },
    { server_is_gone, SEALED_SERVER_GONE },    { always, SEALED_FINISHED },
};

static enum sealed_row row_of(const struct view *v)
{
    size_t i = 0;

    while (!rules[i].fits(v))
        i++;
    return rules[i].row;
}

/* ---- what else the lengths tell
 * ------------------------------------------------------------------ */

/* Certificate messages in the client's flight: in a record before its Finished, or in the same one.
 */
static void client_certificate_note(const struct view *v)
{
    const struct suite_lengths *l = v->lengths;
    struct sealed_reading *out = v->out;
    unsigned finished = 4U + (l ? l->hash : 0U);

    if (!v->has_final || !l)
        return;
    size_t first = v->t->hello && v->t->hello->early_data && v->final > 0 &&
                           is_record_of(v->lengths, 4, v->client[0].length)
                       ? 1 /* EndOfEarlyData */
                       : 0;
    const struct tls_sealed *last = &v->client[v->final];
    bool alone = is_finished(v->lengths, last->length);
    if (v->final > first) {
        out->client_certificate_sent = true;
        out->client_certificate_empty =
            v->final == first + 1 && alone &&
            is_record_of(v->lengths, EMPTY_MESSAGE, v->client[first].length);
    } else if (!alone && last->length >= finished + EMPTY_MESSAGE + l->overhead) {
        out->client_certificate_sent = true;
        out->client_certificate_empty =
            is_record_of(v->lengths, finished + EMPTY_MESSAGE, last->length);
    }
}

/* A piece of a message that did not fit one record: full, or of a negotiated smaller size. */
static bool is_fragment(const struct view *v, uint16_t length)
{
    unsigned text = length - (unsigned)v->lengths->overhead;

    return text == FULL_FRAGMENT || text == 512 || text == 1024 || text == 2048 || text == 4096;
}

/* EncryptedExtensions, CertificateRequest, Certificate, CertificateVerify, Finished: five records
 * with the request, four without (RFC 8446 section 4.3.2), when each message has its own. */
static bool server_asked(const struct view *v)
{
    size_t messages = 0;

    if (v->t->server_hello.psk || !v->lengths)
        return false;
    for (size_t i = 0; i < v->n_server && i < FLIGHT_RECORDS_SERVER; i++) {
        if (v->n_client > 0 && !before(v->server[i].at, v->client[0].at))
            break;
        messages += !is_fragment(v, v->server[i].length);
        if (messages >= 4 && is_finished(v->lengths, v->server[i].length))
            return messages == 5;
    }
    return false;
}

static void server_flight_note(const struct view *v)
{
    for (size_t i = 0; i < v->n_server; i++)
        if (v->n_client == 0 || before(v->server[i].at, v->client[0].at))
            v->out->server_flight = v->server[i].at;
}

static bool is_ticket(const struct view *v, const struct tls_sealed *record)
{
    return (record->length == TICKET_STATEFUL ||
            (record->length >= TICKET_LEAST && record->length <= TICKET_MOST)) &&
           record->at.time_ns - v->client[v->final].at.time_ns <= v->out->window_ns;
}

/* Who did not wait for the tickets has them behind its request, where the answer is due.  A stack
 * sends its tickets in records of one length, at most four of them. */
static bool is_like_tickets(const struct view *v, const struct tls_sealed *first, size_t n,
                            const struct tls_sealed *record)
{
    return n < TICKETS_MOST && record->length == first->length && is_ticket(v, record);
}

static void data_note(const struct view *v)
{
    struct sealed_reading *out = v->out;
    const struct tls_sealed *asked = NULL, *first = NULL;
    size_t tickets = 0;
    bool more = v->server_more;

    for (size_t i = v->final + 1; i < v->n_client; i++)
        if (!view_alert(v, CLIENT, &v->client[i])) {
            out->client_data = true;
            asked = asked ? asked : &v->client[i];
        }
    out->client_data = out->client_data || v->client_more;
    out->server_data = v->server_more;
    for (size_t i = 0; i < v->n_server; i++) {
        const struct tls_sealed *record = &v->server[i];
        if (view_alert(v, SERVER, record) || !before(v->client[v->final].at, record->at))
            continue;
        first = first ? first : record;
        bool like = is_like_tickets(v, first, tickets, record);
        tickets += like;
        more = more || !like;
        if ((asked && before(asked->at, record->at)) || !is_ticket(v, record))
            out->server_data = true;
    }
    out->maybe_tickets = out->server_data && !more;
}

static bool ended_with_alert(const struct view *v, enum side side)
{
    const struct tls_half *half = &v->t->half[side];

    return half->n_sealed > 0 && view_alert(v, side, &half->sealed_last) &&
           half->sealed_last.at.time_ns <= v->end->close_ns;
}

static void alert_note(const struct view *v)
{
    const struct tls_sealed *alert = NULL;

    if (v->out->row == SEALED_CLIENT_REJECTS)
        alert = &v->client[0];
    else if (v->out->row == SEALED_SERVER_REJECTS || v->out->row == SEALED_SERVER_CLOSES_LATE)
        alert = v->after;
    else if (v->out->row == SEALED_SERVER_ABORTS)
        alert = &v->server[0];
    if (!alert)
        return;
    v->out->alert_at = alert->at;
    v->out->alert_length = alert->length;
}

/* ---- up to TLS 1.2
 * ------------------------------------------------------------------------------- */

static bool is_whole(const struct tls_half *half)
{
    return !half->lost && !half->gap && !half->clipped;
}

/* The type of a record shows, so an alert is known for one, and its number is not.  Before the
 * server's Finished nothing is complete that a close_notify could end, unless data went ahead of
 * it; NSS looks at the certificate there. */
static bool alert_came_early(const struct tls *t, const struct tls_alert *alert)
{
    const struct tls_half *client = &t->half[CLIENT], *server = &t->half[SERVER];

    if (!is_whole(client) || !is_whole(server) || client->n_application || !client->finish.frame)
        return false;
    if (server->finish.frame && !before(alert->at, server->finish))
        return false;
    return alert->at.time_ns - client->finish.time_ns <= 1000 * ms;
}

static struct sealed_reading read_typed(const struct tls *t, const struct sealed_end *end)
{
    struct sealed_reading out = { .row = SEALED_NONE };

    for (size_t i = 0; i < t->n_alerts; i++) {
        const struct tls_alert *alert = &t->alerts[i];
        if (!alert->encrypted || alert->from != CLIENT)
            continue;
        if (end->closed && end->close_ns - alert->at.time_ns <= 1000 * ms &&
            alert_came_early(t, alert)) {
            out.row = SEALED_CLIENT_REJECTS;
            out.alert_at = alert->at;
            out.alert_length = alert->length;
        }
        break;
    }
    return out;
}

struct sealed_reading sealed_read(const struct tls *t, const struct sealed_end *end)
{
    struct sealed_reading out = { .row = SEALED_NONE };

    if (!t->server_hello.present)
        return out;
    if (!tls_is_13(t))
        return read_typed(t, end);
    const struct suite_lengths *l = lengths_of(t->server_hello.suite);
    out.expected_finished = l ? (uint16_t)(4 + l->hash + l->overhead) : 0;
    out.window_ns = 2 * end->rtt_ns + 200 * ms;
    if (opened_read(t, end, &out))
        return out;
    struct view v = view_of(t, end, &out);
    out.row = row_of(&v);
    server_flight_note(&v);
    client_certificate_note(&v);
    out.certificate_requested = out.client_certificate_sent || server_asked(&v);
    if (v.has_final) {
        out.final_flight = v.client[v.final].at;
        data_note(&v);
    }
    out.closed_clean =
        end->closed && (ended_with_alert(&v, CLIENT) || ended_with_alert(&v, SERVER));
    alert_note(&v);
    return out;
}
