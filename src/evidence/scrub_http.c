/* scrub_http.c - what redaction keeps of HTTP: RFC 9112 sections 3, 4, 6 and 7.1.
 *
 * Strict: method, version, status code; the host of CONNECT and of an absolute target with
 * stand-ins; the fields that tell lengths, and that a gateway answered.  Standard: also names of
 * fields that are known, and of their values what names nobody.  All else that is printed becomes
 * x, and so does every body, but for the words by which a page that blocks is known. */
#include "evidence/scrub.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { STATUS_LINE = 12, METHOD_MOST = 16, CHUNK_MOST = 4 };

static bool begins(const uint8_t *p, size_t n, const char *word)
{
    return n >= strlen(word) && strncasecmp((const char *)p, word, strlen(word)) == 0;
}

static void blank(uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isspace(p[i]) && p[i] != ':')
            p[i] = 'x';
}

static bool is_status(const uint8_t *p, size_t n)
{
    return n >= STATUS_LINE && begins(p, n, "HTTP/1.") && p[8] == ' ';
}

/* Octets of the method; 0 = this is no request. */
static size_t method_of(const uint8_t *p, size_t n)
{
    size_t i = 0;

    while (i < n && i <= METHOD_MOST && (isupper(p[i]) || p[i] == '-'))
        i++;
    return i >= 3 && i <= METHOD_MOST && i < n && p[i] == ' ' ? i : 0;
}

static size_t word_end(const uint8_t *p, size_t n, const char *stops)
{
    size_t i = 0;

    while (i < n && !strchr(stops, p[i] ? p[i] : ' '))
        i++;
    return i;
}

static bool is_request(const uint8_t *p, size_t n)
{
    size_t at = method_of(p, n);

    if (!at)
        return false;
    at += 1 + word_end(p + at + 1, n - at - 1, " \r\n");
    return at < n && begins(p + at, n - at, " HTTP/1.");
}

bool scrub_is_http(const uint8_t *p, size_t n) { return is_status(p, n) || is_request(p, n); }

/* "host:port" keeps the port; "user:password@" goes. */
static void scrub_authority(const struct scrubber *s, uint8_t *p, size_t n)
{
    const uint8_t *user = n ? memchr(p, '@', n) : NULL;
    size_t at = user ? (size_t)(user - p) + 1 : 0;
    size_t host = p[at] == '[' ? word_end(p + at, n - at, "]") : word_end(p + at, n - at, ":");

    blank(p, at ? at - 1 : 0);
    mask_name(s->mask, p + at, host);
}

/* A file by which proxies configure their clients is asked for by these endings. */
static size_t configuration_end(const uint8_t *p, size_t n)
{
    static const char *const ends[] = { "wpad.dat", ".pac" };

    for (size_t i = 0; i < 2; i++)
        if (n >= strlen(ends[i]) && begins(p + n - strlen(ends[i]), strlen(ends[i]), ends[i]))
            return strlen(ends[i]);
    return 0;
}

static void scrub_target(const struct scrubber *s, uint8_t *p, size_t n, bool tunnel)
{
    size_t scheme = begins(p, n, "http://") ? 7 : 0;
    size_t host = tunnel ? n : scheme ? word_end(p + scheme, n - scheme, "/") : 0;
    size_t rest = scheme + host;

    if (host)
        scrub_authority(s, p + scheme, host);
    if (rest < n && p[rest] == '/')
        rest++;
    if (rest >= n)
        return;
    n -= rest;
    n -= configuration_end(p + rest, n);
    if (s->strict)
        blank(p + rest, n);
    else
        scrub_words(s, p + rest, n);
}

static void scrub_request_line(const struct scrubber *s, uint8_t *p, size_t n)
{
    size_t at = method_of(p, n) + 1;
    size_t target = word_end(p + at, n - at, " \r\n");

    scrub_target(s, p + at, target, begins(p, n, "CONNECT "));
    at += target + strlen(" HTTP/1.") + 1;
    if (at < n)
        blank(p + at, n - at);
}

void scrub_http_first(const struct scrubber *s, uint8_t *p, size_t n)
{
    if (is_request(p, n))
        scrub_request_line(s, p, n);
    else if (!is_status(p, n))
        blank(p, n);
    else if (s->strict)
        blank(p + STATUS_LINE, n - STATUS_LINE);
    else
        scrub_words(s, p + STATUS_LINE, n - STATUS_LINE);
}

/* Of RFC 9110 to 9112, and what proxies and caches add: these names are nobody's. */
static const char *const fields[] = {
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "accept-ranges",
    "age",
    "allow",
    "authorization",
    "cache-control",
    "connection",
    "content-encoding",
    "content-language",
    "content-length",
    "content-location",
    "content-range",
    "content-type",
    "cookie",
    "date",
    "etag",
    "expect",
    "expires",
    "forwarded",
    "from",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "keep-alive",
    "last-modified",
    "location",
    "max-forwards",
    "mime-version",
    "origin",
    "pragma",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "referer",
    "retry-after",
    "server",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "vary",
    "via",
    "www-authenticate",
    "x-cache",
    "x-cache-lookup",
    "x-forwarded-for",
    "x-squid-error",
    "x-content-type-options",
    "x-powered-by",
};

static bool is_known_field(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (strlen(fields[i]) == n && begins(p, n, fields[i]))
            return true;
    return false;
}

static bool tells_length(const uint8_t *p, size_t n)
{
    return begins(p, n, "content-length:") || begins(p, n, "transfer-encoding: chunked\r");
}

static void strict_field(uint8_t *p, size_t n)
{
    if (begins(p, n, "via:"))
        blank(p + 4, n - 4);
    else if (!tells_length(p, n))
        blank(p, n);
}

void scrub_http_field(const struct scrubber *s, uint8_t *p, size_t n)
{
    size_t name = word_end(p, n, ":\r\n"), at = name;

    if (s->strict) {
        strict_field(p, n);
        return;
    }
    if (!is_known_field(p, name))
        blank(p, name);
    while (at < n && (p[at] == ':' || p[at] == ' '))
        at++;
    if (begins(p, n, "host:"))
        scrub_authority(s, p + at, at + word_end(p + at, n - at, "\r\n") - at);
    else if (!tells_length(p, n))
        scrub_words(s, p + at, n - at);
}

void scrub_http_length(const uint8_t *p, size_t n, struct scrub_body *body)
{
    static const char field[] = "content-length:";

    if (begins(p, n, "transfer-encoding:"))
        body->chunked =
            word_end(p, n, "\r\n") >= 7 && begins(p + word_end(p, n, "\r\n") - 7, 7, "chunked");
    if (!begins(p, n, field))
        return;
    body->left = 0;
    for (size_t i = strlen(field); i < n && (isdigit(p[i]) || p[i] == ' '); i++)
        if (p[i] != ' ' && body->left < UINT64_MAX / 100)
            body->left = body->left * 10 + (p[i] - '0');
}

uint64_t scrub_http_chunk(const uint8_t *p, size_t n)
{
    uint64_t size = 0;

    for (size_t i = 0; i < n && isxdigit(p[i]) && size < UINT64_MAX >> 8; i++)
        size = size * 16 + (uint64_t)(isdigit(p[i]) ? p[i] - '0' : (p[i] | 0x20) - 'a' + 10);
    return size;
}

/* What filters print on the page by which they block (dissectors/http.c looks for it). */
static size_t block_words_at(const uint8_t *p, size_t n)
{
    static const char *const words[] = {
        "web page blocked", "page blocked",   "site blocked",
        "url blocked",      "access blocked", "web filter",
        "website blocked",  "content filter", "application control violation",
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (begins(p, n, words[i]))
            return strlen(words[i]);
    return 0;
}

void scrub_http_body(const struct scrubber *s, uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t stays = s->strict ? 0 : block_words_at(p + i, n - i);
        if (!stays && p[i] != '\r' && p[i] != '\n')
            p[i] = 'x';
        i += stays ? stays : 1;
    }
}
