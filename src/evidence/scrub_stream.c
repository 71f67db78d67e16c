/* scrub_stream.c - the octets of a connection, in order, to what may stay of them. */
#include "evidence/scrub.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    RECORD_HEADER = 5,
    RECORD_MOST = (1 << 14) + 2048,
    LINE_MOST = 4096,
    SSH_LINE = 255,
    SSH_HEADER = 6,
    SSH_MOST = 35000,
    SSH_COOKIE = 16,
    SSH_REASON = 8, /* and the length of its words */
    SSH_NAME_LEAST = 4,
    SSH_NAME_MOST = 64,
    SSH_DEPTH = 3,
    BER_MOST = 65536
};
enum { SEQUENCE = 0x30 }; /* of BER */
enum {
    SSH_DISCONNECT = 1,
    SSH_KEXINIT = 20,
    SSH_NEWKEYS = 21,
    SSH_EXCHANGE = 30,
    SSH_EXCHANGE_END = 49
};
enum { CHANGE_CIPHER_SPEC = 20, ALERT, HANDSHAKE, APPLICATION_DATA };

typedef struct scrub_side side_t;

/* ---- what is held until it is whole ---- */

static bool hold(side_t *d, uint64_t at, const uint8_t *p, size_t n)
{
    if (d->n_held + n > d->held_room) {
        size_t room = (d->n_held + n) * 2;
        uint8_t *held = realloc(d->held, room);
        if (!held)
            return false;
        d->held = held;
        d->held_room = room;
    }
    if (!d->n_pieces ||
        d->pieces[d->n_pieces - 1].at + (d->n_held - d->pieces[d->n_pieces - 1].from) != at) {
        if (d->n_pieces == d->pieces_room) {
            size_t room = d->pieces_room ? d->pieces_room * 2 : 4;
            struct scrub_piece *pieces = realloc(d->pieces, room * sizeof *pieces);
            if (!pieces)
                return false;
            d->pieces = pieces;
            d->pieces_room = room;
        }
        d->pieces[d->n_pieces++] = (struct scrub_piece){ at, d->n_held };
    }
    memcpy(d->held + d->n_held, p, n);
    d->n_held += n;
    return true;
}

static void drop(side_t *d) { d->n_held = d->n_pieces = 0; }

/* What is held may stay as it is now. */
static void keep_held(side_t *d)
{
    for (size_t i = 0; i < d->n_pieces; i++) {
        size_t from = d->pieces[i].from;
        size_t to = i + 1 < d->n_pieces ? d->pieces[i + 1].from : d->n_held;
        edits_put(&d->edits, d->pieces[i].at, d->held + from, to - from);
    }
    drop(d);
}

/* ---- TLS ---- */

static bool is_record(const uint8_t *p, size_t n)
{
    return n && p[0] >= CHANGE_CIPHER_SPEC && p[0] <= APPLICATION_DATA + 1 &&
           (n < 2 || p[1] == 3) && (n < 3 || p[2] <= 4);
}

static size_t message_length(const side_t *d)
{
    return 4 + ((size_t)d->held[1] << 16 | (size_t)d->held[2] << 8 | d->held[3]);
}

static void note_version(struct scrub_stream *c, const side_t *d)
{
    if (d->held[0] == 2 && d->n_held >= 6)
        c->version = (uint16_t)(d->held[4] << 8 | d->held[5]);
}

/* Handshake octets of this record; all of the messages that are whole now are let through. */
static void take_handshake(struct scrub_stream *c, const struct scrubber *s, enum side from,
                           uint64_t at, const uint8_t *p, size_t n)
{
    side_t *d = &c->side[from];

    while (n && !d->skipping) {
        size_t want = d->n_held < 4 ? 4 : message_length(d);
        size_t part = want - d->n_held < n ? want - d->n_held : n;
        if (want > SCRUB_MESSAGE || !hold(d, at, p, part)) {
            d->skipping = true;
            drop(d);
            return;
        }
        at += part;
        p += part;
        n -= part;
        if (d->n_held < 4 || d->n_held < message_length(d))
            continue;
        note_version(c, d);
        if (scrub_handshake(s, c->version, d->held, d->n_held))
            keep_held(d);
        else
            edits_put(&d->edits, d->pieces[0].at, d->held, 1); /* its type */
        drop(d);
    }
}

/* A second ClientHello may follow a ChangeCipherSpec (RFC 8446 appendix D.4); what is sealed begins
 * so by chance once in four thousand million. */
static bool is_hello(const side_t *d, const uint8_t *p, size_t n)
{
    return n >= 4 && (p[0] == 1 || p[0] == 2) &&
           4 + ((uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]) == d->left;
}

/* One message that fills its record: here they can be told apart again. */
static bool is_alone(const side_t *d, const uint8_t *p, size_t n)
{
    return n >= 4 && p[0] <= 24 &&
           4 + ((uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]) == d->left;
}

static void begin_record(const struct scrub_stream *c, side_t *d)
{
    if (c->ldap && d->header[0] == SEQUENCE) { /* in clear again (RFC 4511 section 4.14.3) */
        drop(d);
        d->n_header = 0;
        bool held = hold(d, d->next - RECORD_HEADER, d->header, RECORD_HEADER);
        d->kind = held ? SCRUB_BER : SCRUB_NOTHING;
        return;
    }
    d->type = d->header[0];
    d->fresh = true;
    d->left = (uint32_t)d->header[3] << 8 | d->header[4];
    edits_put(&d->edits, d->next - RECORD_HEADER, d->header, RECORD_HEADER);
    d->n_header = 0;
    if (d->left > RECORD_MOST || !is_record(d->header, 3))
        d->kind = SCRUB_NOTHING; /* no longer understood */
    if (d->type == CHANGE_CIPHER_SPEC)
        d->sealed = true;
}

static size_t take_header(const struct scrub_stream *c, side_t *d, const uint8_t *p, size_t n)
{
    size_t part = RECORD_HEADER - d->n_header;

    if (part > n)
        part = n;
    memcpy(d->header + d->n_header, p, part);
    d->n_header = (uint8_t)(d->n_header + part);
    d->next += part;
    if (d->n_header == RECORD_HEADER)
        begin_record(c, d);
    return part;
}

static void take_body(struct scrub_stream *c, const struct scrubber *s, enum side from,
                      const uint8_t *p, size_t n)
{
    side_t *d = &c->side[from];

    if (d->type == HANDSHAKE && d->sealed && is_hello(d, p, n))
        d->sealed = false;
    if (d->type == HANDSHAKE && d->skipping && d->fresh && is_alone(d, p, n))
        d->skipping = false;
    d->fresh = false;
    if (d->type == CHANGE_CIPHER_SPEC || (d->type == ALERT && !d->sealed && d->left <= 2))
        edits_put(&d->edits, d->next, p, n);
    else if (d->type == HANDSHAKE && !d->sealed)
        take_handshake(c, s, from, d->next, p, n);
    d->next += n;
    d->left -= (uint32_t)n;
}

static size_t take_tls(struct scrub_stream *c, const struct scrubber *s, enum side from,
                       const uint8_t *p, size_t n)
{
    side_t *d = &c->side[from];

    if (!d->left)
        return take_header(c, d, p, n);
    size_t part = d->left < n ? d->left : n;
    take_body(c, s, from, p, part);
    return part;
}

/* ---- lines ---- */

static const char *const credentials[] = { "authorization:", "proxy-authorization:",
                                           "cookie:",        "set-cookie:",
                                           "x-api-key:",     "user ",
                                           "pass ",          "acct ",
                                           "auth " };

static const char *const schemes[] = { "basic",    "digest", "ntlm",   "negotiate", "bearer",
                                       "kerberos", "plain",  "login",  "cram-md5",  "tls",
                                       "ssl",      "gssapi", "xoauth2" };

static size_t scheme_at(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        size_t length = strlen(schemes[i]);
        if (n >= length && strncasecmp((const char *)p, schemes[i], length) == 0 &&
            (n == length || !isalnum(p[length])))
            return length;
    }
    return 0;
}

/* Blanks the value of a credential but for its scheme; false when the line holds none. */
static bool blank_credential(uint8_t *p, size_t n)
{
    for (size_t i = 0; i < sizeof credentials / sizeof *credentials; i++) {
        size_t at = strlen(credentials[i]);
        if (n < at || strncasecmp((const char *)p, credentials[i], at) != 0)
            continue;
        while (at < n && p[at] == ' ')
            at++;
        for (at += scheme_at(p + at, n - at); at < n; at++)
            if (!isspace(p[at]))
                p[at] = 'x';
        return true;
    }
    return false;
}

static bool is_length(const uint8_t *p, size_t n)
{
    static const char field[] = "content-length:";
    return n >= sizeof field - 1 && strncasecmp((const char *)p, field, sizeof field - 1) == 0;
}

/* Octets that no text has: contents, of which only the length stays. */
static bool is_binary(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] < ' ' && !isspace(p[i]))
            return true;
    return false;
}

static enum scrub_place behind_fields(const side_t *d)
{
    return d->body.chunked ? HTTP_CHUNK : d->body.left ? HTTP_BODY : HTTP_FIRST;
}

static bool is_empty(const side_t *d) { return d->held[0] == '\r' || d->held[0] == '\n'; }

/* A line, or what is held of a body. */
static void end_http(side_t *d, const struct scrubber *s)
{
    uint8_t *p = d->held;
    size_t n = d->n_held;

    switch ((enum scrub_place)d->place) {
    case HTTP_FIRST:
        if (!scrub_is_http(p, n)) {
            scrub_http_body(s, p, n); /* up to the end of the connection */
            break;
        }
        scrub_http_first(s, p, n);
        d->body = (struct scrub_body){ 0 };
        d->place = HTTP_FIELDS;
        break;
    case HTTP_FIELDS:
        if (is_empty(d)) {
            d->place = (uint8_t)behind_fields(d);
            break;
        }
        scrub_http_length(p, n, &d->body);
        if (s->strict || !blank_credential(p, n))
            scrub_http_field(s, p, n);
        break;
    case HTTP_BODY:
        scrub_http_body(s, p, n);
        break;
    case HTTP_CHUNK:
        d->body.left = scrub_http_chunk(p, n);
        for (size_t i = 0; i < n; i++)
            p[i] = isxdigit(p[i]) || isspace(p[i]) ? p[i] : 'x';
        d->body.chunked = d->body.left; /* behind the last one stands a trailer */
        d->place = d->body.left ? HTTP_BODY : HTTP_FIELDS;
        break;
    case HTTP_CHUNK_END:
        d->place = HTTP_CHUNK;
        break;
    }
    keep_held(d);
}

static void end_line(side_t *d, const struct scrubber *s)
{
    if (d->n_held && is_binary(d->held, d->n_held))
        drop(d);
    if (!d->n_held)
        return;
    d->http |= s->names && scrub_is_http(d->held, d->n_held);
    if (d->http) {
        end_http(d, s);
        return;
    }
    if (!blank_credential(d->held, d->n_held) && !is_length(d->held, d->n_held) && s->names)
        scrub_text(s, d->held, d->n_held);
    keep_held(d);
}

enum { BODY_PIECE = 2048 }; /* more than is searched for the words of a page */

/* Of a body that its fields announced; what is beyond the bound of text becomes zero. */
static size_t take_http_body(side_t *d, const struct scrubber *s, const uint8_t *p, size_t n)
{
    size_t part = n < BODY_PIECE - d->n_held ? n : BODY_PIECE - d->n_held;

    part = part < d->body.left ? part : (size_t)d->body.left;
    bool held = d->text < SCRUB_TEXT && hold(d, d->next, p, part);
    d->text += held ? part : 0;
    d->next += part;
    d->body.left -= part;
    if (d->n_held && (!d->body.left || d->n_held == BODY_PIECE))
        end_http(d, s);
    if (!d->body.left)
        d->place = d->body.chunked ? HTTP_CHUNK_END : HTTP_FIRST;
    return part;
}

/* An answer to HEAD announces a body that does not come. */
static bool is_in_body(side_t *d, const uint8_t *p, size_t n)
{
    if (!d->http || d->place != HTTP_BODY)
        return false;
    if (d->n_held || !scrub_is_http(p, n))
        return true;
    d->place = HTTP_FIRST;
    return false;
}

static size_t take_line(struct scrub_stream *c, const struct scrubber *s, enum side from,
                        const uint8_t *p, size_t n)
{
    side_t *d = &c->side[from];
    const uint8_t *end = memchr(p, '\n', n);
    size_t part = end ? (size_t)(end - p) + 1 : n;

    if (!d->n_held && is_record(p, n)) { /* STARTTLS, CONNECT */
        d->kind = SCRUB_TLS;
        return 0;
    }
    if (is_in_body(d, p, n))
        return take_http_body(d, s, p, n);
    if (part > LINE_MOST - d->n_held)
        part = LINE_MOST - d->n_held;
    d->text += part;
    bool held = d->text <= SCRUB_TEXT && hold(d, d->next, p, part);
    d->next += part;
    if (!held)
        d->kind = SCRUB_NOTHING;
    else if (d->n_held == LINE_MOST || d->held[d->n_held - 1] == '\n')
        end_line(d, s);
    return part;
}

/* ---- the others ---- */

static size_t take_ssh_line(side_t *d, const struct scrubber *s, const uint8_t *p, size_t n)
{
    const uint8_t *end = memchr(p, '\n', n);
    size_t part = end ? (size_t)(end - p) + 1 : n;

    if (d->n_held + part > SSH_LINE || !hold(d, d->next, p, part)) {
        d->kind = SCRUB_NOTHING; /* no identification */
        return 0;
    }
    d->next += part;
    d->greeted = end != NULL;
    if (d->greeted) {
        scrub_label_words(s, d->held, d->n_held);
        keep_held(d);
    }
    return part;
}

/* RFC 4253 section 6: length, length of the padding, type. */
static size_t take_ssh_header(side_t *d, const uint8_t *p, size_t n)
{
    size_t part = (size_t)SSH_HEADER - d->n_header;

    part = part < n ? part : n;

    memcpy(d->header + d->n_header, p, part);
    d->n_header = (uint8_t)(d->n_header + part);
    d->next += part;
    if (d->n_header < SSH_HEADER)
        return part;
    uint32_t length = (uint32_t)d->header[0] << 24 | (uint32_t)d->header[1] << 16 |
                      (uint32_t)d->header[2] << 8 | d->header[3];
    d->type = d->header[5];
    d->left = length < 2 || length > SSH_MOST ? 0 : length - 2;
    d->n_header = 0;
    edits_put(&d->edits, d->next - SSH_HEADER, d->header, SSH_HEADER);
    d->sealed = d->type == SSH_NEWKEYS || !d->left;
    return part;
}

static bool is_ssh_name(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!islower(p[i]) && !isdigit(p[i]) && p[i] != '-' && p[i] != '.' && p[i] != '@')
            return false;
    return n >= SSH_NAME_LEAST && n <= SSH_NAME_MOST;
}

static size_t string_length(const uint8_t *p)
{
    return (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
}

static bool holds_strings(const uint8_t *p, size_t n)
{
    size_t at = 0;

    while (n - at >= 4 && string_length(p + at) <= n - at - 4)
        at += 4 + string_length(p + at);
    return n && at == n;
}

/* Of an exchange the names of algorithms and all lengths stay, and no key: strings in strings (RFC
 * 4253 section 6.6, RFC 5656 section 3). */
static void scrub_strings(uint8_t *p, size_t n, unsigned depth)
{
    size_t at = 0;

    while (n - at >= 4 && string_length(p + at) <= n - at - 4) {
        size_t length = string_length(p + at);
        uint8_t *string = p + at + 4;
        if (depth < SSH_DEPTH && holds_strings(string, length))
            scrub_strings(string, length, depth + 1);
        else if (!is_ssh_name(string, length))
            memset(string, 0, length);
        at += 4 + length;
    }
    memset(p + at, 0, n - at);
}

/* What of a whole packet may stay, behind its type. */
static void end_ssh_packet(side_t *d, const struct scrubber *s)
{
    size_t padding = d->header[4] < d->n_held ? d->header[4] : 0, n = d->n_held - padding;
    size_t keep = d->type == SSH_KEXINIT ? n : d->type == SSH_DISCONNECT ? SSH_REASON : 0;

    if (d->type >= SSH_EXCHANGE && d->type <= SSH_EXCHANGE_END)
        scrub_strings(d->held, n, 0);
    else if (keep < n)
        memset(d->held + keep, 0, n - keep);
    if (d->type == SSH_KEXINIT && s->strict)
        memset(d->held, 0, n < SSH_COOKIE ? n : SSH_COOKIE);
    memset(d->held + n, 0, padding);
    keep_held(d);
}

static size_t take_ssh_body(side_t *d, const struct scrubber *s, const uint8_t *p, size_t n)
{
    size_t part = d->left < n ? d->left : n;

    if (!hold(d, d->next, p, part)) {
        d->kind = SCRUB_NOTHING;
        return 0;
    }
    d->next += part;
    d->left -= (uint32_t)part;
    if (!d->left)
        end_ssh_packet(d, s);
    return part;
}

/* What is sealed begins behind NEWKEYS. */
static size_t take_ssh(side_t *d, const struct scrubber *s, const uint8_t *p, size_t n)
{
    if (!d->greeted)
        return take_ssh_line(d, s, p, n);
    if (d->left)
        return take_ssh_body(d, s, p, n);
    if (!d->sealed)
        return take_ssh_header(d, p, n);
    d->kind = SCRUB_NOTHING;
    return 0;
}

/* RFC 7766: each message behind its length. */
static size_t take_dns(side_t *d, const struct scrubber *s, const uint8_t *p, size_t n)
{
    size_t want = d->n_held < 2 ? 2 : 2 + ((size_t)d->held[0] << 8 | d->held[1]);
    size_t part = want - d->n_held < n ? want - d->n_held : n;

    if (!hold(d, d->next, p, part)) {
        d->kind = SCRUB_NOTHING;
        return 0;
    }
    d->next += part;
    if (d->n_held >= 2 && d->n_held == 2 + ((size_t)d->held[0] << 8 | d->held[1])) {
        scrub_dns(s, d->held + 2, d->n_held - 2);
        keep_held(d);
    }
    return part;
}

/* One element of BER; its length is in its first octets. */
static size_t ber_length(const side_t *d)
{
    size_t octets, length = 0;

    if (d->n_held < 2)
        return 2;
    if (!(d->held[1] & 0x80))
        return 2U + d->held[1];
    octets = d->held[1] & 0x7f;
    if (!octets || octets > 4)
        return SIZE_MAX;
    if (d->n_held < 2 + octets)
        return 2 + octets;
    for (size_t i = 0; i < octets; i++)
        length = length << 8 | d->held[2 + i];
    return 2 + octets + length;
}

static size_t take_ber(side_t *d, const struct scrubber *s, const uint8_t *p, size_t n)
{
    size_t want = ber_length(d);

    if (!d->n_held && is_record(p, n)) {
        d->kind = SCRUB_TLS;
        return 0;
    }
    if (want > BER_MOST || (!d->n_held && p[0] != SEQUENCE)) { /* behind SASL: sealed, or signed */
        d->kind = SCRUB_NOTHING;
        return 0;
    }
    size_t part = want - d->n_held < n ? want - d->n_held : n;
    if (!hold(d, d->next, p, part)) {
        d->kind = SCRUB_NOTHING;
        return 0;
    }
    d->next += part;
    if (d->n_held >= 2 && d->n_held == ber_length(d)) {
        scrub_ber(s, d->held, d->n_held);
        keep_held(d);
    }
    return part;
}

/* ---- which of them ---- */

/* A message of LDAP on whatever port: a sequence that begins with its number. */
static bool is_ldap(const uint8_t *p, size_t n)
{
    size_t at = n > 1 && p[1] & 0x80 ? 2U + (p[1] & 0x7f) : 2;
    return n > at && p[0] == SEQUENCE && p[at] == 2;
}

static uint8_t kind_of(const struct scrub_stream *c, const uint8_t *p, size_t n)
{
    if (c->dns)
        return SCRUB_DNS;
    if (is_record(p, n))
        return SCRUB_TLS;
    if (c->ldap) /* behind a loss a password may be the first that is seen */
        return p[0] == SEQUENCE ? SCRUB_BER : SCRUB_NOTHING;
    if (is_ldap(p, n))
        return SCRUB_BER;
    if (n >= 4 && memcmp(p, "SSH-", 4) == 0)
        return SCRUB_SSH;
    return isprint(p[0]) || isspace(p[0]) ? SCRUB_LINES : SCRUB_NOTHING;
}

static size_t take_some(struct scrub_stream *c, const struct scrubber *s, enum side from,
                        const uint8_t *p, size_t n)
{
    side_t *d = &c->side[from];

    switch (d->kind) {
    case SCRUB_UNKNOWN:
        d->kind = kind_of(c, p, n);
        return 0;
    case SCRUB_TLS:
        return take_tls(c, s, from, p, n);
    case SCRUB_LINES:
        return take_line(c, s, from, p, n);
    case SCRUB_SSH:
        return take_ssh(d, s, p, n);
    case SCRUB_DNS:
        return take_dns(d, s, p, n);
    case SCRUB_BER:
        return take_ber(d, s, p, n);
    default:
        d->next += n;
        return n;
    }
}

/* TLS may begin anywhere after other talk, in a segment of its own. */
static void resume_tls(side_t *d, const struct scrubber *s, const uint8_t *p, size_t n)
{
    bool begins = n >= 6 && p[0] == HANDSHAKE && is_record(p, n) && (p[5] == 1 || p[5] == 2);

    if (!begins || (d->kind != SCRUB_LINES && d->kind != SCRUB_NOTHING))
        return;
    end_line(d, s);
    d->kind = SCRUB_TLS;
    d->left = d->n_header = 0;
}

void scrub_take(struct scrub_stream *c, const struct scrubber *s, enum side from, const uint8_t *p,
                size_t n)
{
    resume_tls(&c->side[from], s, p, n);
    while (n) {
        size_t taken = take_some(c, s, from, p, n);
        p += taken;
        n -= taken;
    }
}

/* Behind a hole that may have swallowed the end of a message nobody knows where the next one
 * begins: what looks like one may be the middle of a certificate. */
static void lose_message(side_t *d, uint64_t n)
{
    size_t rest = d->n_held < 4 ? 0 : message_length(d) - d->n_held;

    if (d->type != HANDSHAKE || d->sealed || n <= rest)
        return;
    drop(d);
    d->skipping = true;
}

/* Octets that nobody captured: within a record they count as zeros, and the next one is found by
 * its length. */
void scrub_lost(struct scrub_stream *c, const struct scrubber *s, enum side from, uint64_t n)
{
    side_t *d = &c->side[from];

    static const uint8_t zeros[RECORD_MOST];

    if (d->kind == SCRUB_LINES)
        end_line(d, s);
    if (d->place == HTTP_BODY && d->body.left > n)
        d->body.left -= n;
    else
        d->place = HTTP_FIRST;
    if (d->kind == SCRUB_TLS && d->left >= n && !d->n_header) {
        lose_message(d, n);
        take_body(c, s, from, zeros, (size_t)n); /* as if they were zero: the rest is as it was */
        return;
    }
    drop(d);
    d->next += n;
    d->left = d->n_header = 0;
    d->skipping = false;
    if (d->kind == SCRUB_SSH)
        d->kind = SCRUB_NOTHING;
    else if (d->kind != SCRUB_LINES)
        d->kind = SCRUB_UNKNOWN; /* what comes may begin a record, or not */
}

/* The rest of the message was not captured: as if it were zero. */
static void end_message(struct scrub_stream *c, const struct scrubber *s, enum side from)
{
    side_t *d = &c->side[from];
    size_t n = message_length(d);
    uint8_t *whole = n <= SCRUB_MESSAGE ? realloc(d->held, n) : NULL;

    if (!whole)
        return;
    d->held = whole;
    memset(d->held + d->n_held, 0, n - d->n_held);
    if (scrub_handshake(s, c->version, d->held, n))
        keep_held(d);
}

void scrub_end(struct scrub_stream *c, const struct scrubber *s)
{
    for (int from = 0; from < SIDES; from++) {
        side_t *d = &c->side[from];
        if (d->kind == SCRUB_LINES)
            end_line(d, s);
        else if (d->kind == SCRUB_SSH && !d->greeted)
            end_line(d, s);
        else if (d->kind == SCRUB_TLS && d->n_header) /* the beginning of one is no secret */
            edits_put(&d->edits, d->next - d->n_header, d->header, d->n_header);
        else if (d->kind == SCRUB_TLS && d->n_held >= 4)
            end_message(c, s, (enum side)from);
        edits_sort(&d->edits);
        free(d->held);
        free(d->pieces);
        d->held = NULL;
        d->pieces = NULL;
        drop(d);
    }
}

void scrub_free(struct scrub_stream *c)
{
    for (int from = 0; from < SIDES; from++) {
        free(c->side[from].held);
        free(c->side[from].pieces);
        edits_free(&c->side[from].edits);
    }
}
