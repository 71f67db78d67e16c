#include "session/plain.h"

#include "base/text.h"
#include "session/labeller.h"

#include <string.h>

static bool is_text(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((p[i] < 0x20 && p[i] != '\t') || p[i] == 0x7f)
            return false;
    return n > 0;
}

static size_t line_length(const struct bytes *window)
{
    size_t n = window->left < SESSION_LINE ? window->left : SESSION_LINE;
    const uint8_t *end = memchr(window->at, '\n', n);

    n = end ? (size_t)(end - window->at) : n;
    return n && window->at[n - 1] == '\r' ? n - 1 : n;
}

/* "HTTP/1.1 407 ...": the status code, or 0 (RFC 9112 section 4). */
static uint16_t http_status(const char *line)
{
    uint16_t status = 0;

    if (strncmp(line, "HTTP/1.", 7) != 0 || strnlen(line, 12) < 12 || line[8] != ' ')
        return 0;
    for (int i = 9; i < 12; i++) {
        if (line[i] < '0' || line[i] > '9')
            return 0;
        status = (uint16_t)(status * 10 + (line[i] - '0'));
    }
    return status;
}

static bool http_request(const char *line)
{
    static const char *const methods[] = { "GET ",    "POST ", "HEAD ",  "CONNECT ", "OPTIONS ",
                                           "DELETE ", "PUT ",  "PATCH ", "TRACE ",   "PROPFIND " };

    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (strncmp(line, methods[i], strlen(methods[i])) == 0)
            return true;
    return false;
}

static const char proxy_signature[] = "\r\n\r\n\0\r\nQUIT\n";
enum { PROXY_LINE = 107, PROXY_SIGNATURE = 12 };

bool proxy_header_unfinished(const struct bytes *window)
{
    static const char word[] = "PROXY ";
    size_t n = window->left, six = n < sizeof word - 1 ? n : sizeof word - 1;

    if (!n || window->clipped || n >= PROXY_LINE)
        return false;
    if (memcmp(window->at, word, six) == 0)
        return !memchr(window->at, '\n', n);
    return memcmp(window->at, proxy_signature, n < PROXY_SIGNATURE ? n : PROXY_SIGNATURE) == 0;
}

size_t proxy_header(const struct bytes *window)
{
    enum { LENGTH_AT = 14 };
    struct bytes b = *window;

    if (bytes_begin_with(window, "PROXY ")) {
        size_t n = window->left < PROXY_LINE ? window->left : PROXY_LINE;
        const uint8_t *end = memchr(window->at, '\n', n);
        return end ? (size_t)(end - window->at) + 1 : 0;
    }
    if (window->left < PROXY_SIGNATURE || memcmp(window->at, proxy_signature, PROXY_SIGNATURE) != 0)
        return 0;
    bytes_skip(&b, LENGTH_AT);
    bytes_skip(&b, bytes_u16(&b));
    return bytes_ok(&b) ? bytes_on_wire(window) - bytes_on_wire(&b) : 0;
}

bool opening_unfinished(const struct bytes *window)
{
    return window->left < SESSION_LINE && !window->clipped && is_text(window->at, window->left);
}

void opening_note(struct session *s, enum side from, const struct bytes *window)
{
    struct opening *o = &s->opening[from];
    char line[SESSION_LINE];

    if (s->stream[from].read || s->stream[from].missing || (o->n == SESSION_OPENING && o->line[0]))
        return;
    if (!o->at.frame)
        o->at = s->now;
    o->n = (uint8_t)(window->left < SESSION_OPENING ? window->left : SESSION_OPENING);
    o->clipped = window->clipped != 0;
    if (o->n == SESSION_OPENING)
        memcpy(o->octets, window->at, SESSION_OPENING); /* in place: most are that long */
    else
        memcpy(o->octets, window->at, o->n);
    if (!is_text(window->at, o->n > 0)) /* no line begins so; binary protocols end here */
        return;
    size_t n = line_length(window);
    if (!is_text(window->at, n))
        return;
    text_printable(window->at, n, line, sizeof line);
    char *copy = arena_zalloc(&s->flow->arena, s->world->pool, strlen(line) + 1);
    if (!copy)
        return;
    memcpy(copy, line, strlen(line) + 1);
    o->line = copy;
    o->http_status = http_status(copy);
    o->http_request = http_request(copy);
}

/* First octets that name a protocol by themselves. */
static const struct greeting {
    enum side from;
    const char *start, *name;
} greetings[] = {
    { SERVER, "SSH-", "ssh" },      { CLIENT, "SSH-", "ssh" },     { SERVER, "HTTP/1.", "http" },
    { CLIENT, "GET ", "http" },     { CLIENT, "POST ", "http" },   { CLIENT, "HEAD ", "http" },
    { CLIENT, "CONNECT ", "http" }, { CLIENT, "EHLO ", "smtp" },   { CLIENT, "HELO ", "smtp" },
    { SERVER, "* OK ", "imap" },    { SERVER, "+OK ", "pop3" },    { CLIENT, "OPTIONS ", "http" },
    { CLIENT, "PUT ", "http" },     { CLIENT, "DELETE ", "http" },
};

static void put16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

enum { HEADERS = 40, PAYLOAD = 1200 };

/* nDPI reads packets, a session holds payload: a small IPv4 and transport header is made for it.
 * IPv6 addresses are folded, for only ports and payload matter to a name. */
static uint16_t wrap(const struct flow *flow, enum side from, const struct bytes *window,
                     uint8_t *out)
{
    bool tcp = flow_is_tcp(flow);
    size_t transport = tcp ? 20 : 8;
    size_t n = window->left < PAYLOAD ? window->left : PAYLOAD;
    uint16_t total = (uint16_t)(20 + transport + n);
    enum side to = side_other(from);

    memset(out, 0, HEADERS);
    out[0] = 0x45;
    put16(out + 2, total);
    out[8] = 64;
    out[9] = flow->protocol;
    memcpy(out + 12, flow->address[from].octet + 12, 4);
    memcpy(out + 16, flow->address[to].octet + 12, 4);
    put16(out + 20, flow->port[from]);
    put16(out + 22, flow->port[to]);
    if (tcp) {
        out[32] = 0x50;
        out[33] = TCP_ACK | TCP_PSH;
        put16(out + 34, 0xffff);
    } else {
        put16(out + 24, (uint16_t)(8 + n));
    }
    memcpy(out + 20 + transport, window->at, n);
    return total;
}

static void ask_ndpi(struct session *s, enum side from, const struct bytes *window)
{
    enum { NDPI_PACKETS = 6 };
    uint8_t packet[HEADERS + PAYLOAD];

    if (!s->world->labeller || !window->left || s->protocol_guessed ||
        s->ndpi_packets >= NDPI_PACKETS)
        return;
    s->ndpi_packets++;
    uint16_t n = wrap(s->flow, from, window, packet);
    const char *name = labeller_guess(s->world->labeller, &s->ndpi, packet, n,
                                      (uint64_t)(s->now.time_ns / 1000000));
    if (name) {
        s->protocol = name;
        s->protocol_guessed = true;
    }
    if (name || s->ndpi_packets == NDPI_PACKETS)
        labeller_forget(&s->ndpi);
}

const char *plain_greeting(enum side from, const struct bytes *window, bool *maybe)
{
    *maybe = false;
    for (size_t i = 0; i < sizeof greetings / sizeof *greetings; i++) {
        const struct greeting *g = &greetings[i];
        size_t n = strlen(g->start);
        if (g->from != from)
            continue;
        if (bytes_begin_with(window, g->start))
            return g->name;
        *maybe |= window->left < n && memcmp(window->at, g->start, window->left) == 0;
    }
    return NULL;
}

void plain_label(struct session *s, enum side from, const struct bytes *window)
{
    bool maybe = false;
    const char *name = plain_greeting(from, window, &maybe);

    if (!name) {
        ask_ndpi(s, from, window);
        return;
    }
    s->protocol = name;
    s->protocol_guessed = false;
}
