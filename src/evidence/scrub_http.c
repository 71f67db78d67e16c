/* scrub_http.c - what strict redaction keeps of HTTP: RFC 9112 sections 3 and 4.
 *
 * Method, version, status code; the host of CONNECT and of an absolute target with stand-ins; the
 * fields that tell lengths, and that a gateway answered.  All else that is printed becomes x. */
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
    mask_label(s->mask, p + at, host);
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
    if (rest < n)
        blank(p + rest, n - rest - configuration_end(p + rest, n - rest));
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

static bool tells_length(const uint8_t *p, size_t n)
{
    size_t i = 0;

    while (i < n && isxdigit(p[i]))
        i++;
    return begins(p, n, "content-length:") || begins(p, n, "transfer-encoding: chunked\r") ||
           (i && i <= CHUNK_MOST && i < n && p[i] == '\r');
}

void scrub_http_line(const struct scrubber *s, uint8_t *p, size_t n)
{
    if (is_status(p, n))
        blank(p + STATUS_LINE, n - STATUS_LINE);
    else if (is_request(p, n))
        scrub_request_line(s, p, n);
    else if (begins(p, n, "via:"))
        blank(p + 4, n - 4);
    else if (!tells_length(p, n))
        blank(p, n);
}
