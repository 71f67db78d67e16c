/* http.c - requests and status lines in clear, and what a proxy answers to CONNECT.
 * RFC 9112 (messages), RFC 9110 sections 9.3.6 (CONNECT) and 15 (status), RFC 6585 section 6 (511).
 *
 * Of a message only the first line, its length and the Via field are read; fields that carry
 * credentials are never looked at, and a query is never kept.  Two places look into a body: a page
 * that comes with 403, or in answer to a ClientHello, for the words of a block page. */
#include "session/dissector.h"
#include "session/line.h"

#include <strings.h>

enum {
    REQUESTS = 8,     /* that may wait for their answer */
    FIELDS_MAX = 256, /* of one message */
    EXCHANGES_MAX = 4096,
    PAGE_OCTETS = 1024,   /* of a body that may be a block page */
    ORPHAN_OCTETS = 4096, /* an answer may be captured ahead of its request */
    PASS_MAX = 1 << 30,   /* half of the sequence space is too far */
    HTTP_PORT = 80,
};

enum asked { ASKED_UNSEEN, ASKED_PAGE, ASKED_HEAD, ASKED_PAC, ASKED_TUNNEL, ASKED_TLS };

enum place {
    AT_START, /* before a first line */
    AT_FIELDS,
    AT_BODY,      /* `left` octets of it */
    AT_CHUNK,     /* before the length of a chunk */
    AT_CHUNK_END, /* before the line end behind a chunk */
    AT_TRAILER,
    AT_REST,   /* a body that ends with the connection */
    AT_TUNNEL, /* no HTTP any more */
    AT_LOSS,   /* until a segment begins with a first line */
};

struct part {
    struct line_reader reader;
    uint8_t at;
    bool chunked, has_length, understood;
    uint16_t fields;
    uint64_t left;
};

struct http {
    struct part part[SIDES];
    uint8_t asked[REQUESTS];
    uint8_t n_asked;
    bool search; /* the body that comes may be a block page */
    uint16_t status, exchanges;
    enum asked answering;
};

static const struct bytes nothing = { .at = (const uint8_t *)"" };

/* ---- what a request asks for ---- */

static struct bytes take_to(struct bytes *b, char stop)
{
    const uint8_t *end = b->left ? memchr(b->at, stop, b->left) : NULL;
    return bytes_take(b, end ? (uint64_t)(end - b->at) : b->left);
}

static bool ends_with(struct bytes b, const char *end)
{
    size_t n = strlen(end);
    return b.left >= n && strncasecmp((const char *)b.at + b.left - n, end, n) == 0;
}

/* "host:port", "[address]:port" or "host" (RFC 9110 section 7.2). */
static void keep_target(struct session *s, struct bytes authority, uint16_t port)
{
    struct bytes host = authority;
    uint64_t number = 0;

    if (bytes_peek(&authority, 0) == '[') {
        bytes_skip(&authority, 1);
        host = take_to(&authority, ']');
        bytes_skip(&authority, 1);
    } else {
        host = take_to(&authority, ':');
    }
    if (bytes_peek(&authority, 0) == ':') {
        bytes_skip(&authority, 1);
        if (line_number(&authority, &number) && number <= 0xffff)
            port = (uint16_t)number;
    }
    if (host.left)
        session_target(s, host, port);
}

/* "http://user:password@host/path": the host, without who asks. */
static void keep_absolute(struct session *s, struct bytes target)
{
    if (!line_begins(&target, "http://"))
        return;
    bytes_skip(&target, 7);
    struct bytes authority = take_to(&target, '/');
    struct bytes user = take_to(&authority, '@');
    if (bytes_peek(&authority, 0) == '@') {
        bytes_skip(&authority, 1);
        keep_target(s, authority, HTTP_PORT);
    } else {
        keep_target(s, user, HTTP_PORT);
    }
}

static bool is_method(const struct bytes *method)
{
    if (method->left < 3 || method->left > 16)
        return false;
    for (size_t i = 0; i < method->left; i++)
        if ((method->at[i] < 'A' || method->at[i] > 'Z') && method->at[i] != '-')
            return false;
    return true;
}

/* "GET /path HTTP/1.1"; of a line that was cut the end is not asked for. */
static bool read_request(struct session *s, struct http *h, struct bytes line, bool whole)
{
    struct bytes quoted = line;
    struct bytes method = take_to(&line, ' ');

    if (!is_method(&method) || bytes_peek(&line, 0) != ' ')
        return false;
    bytes_skip(&line, 1);
    struct bytes target = take_to(&line, ' ');
    bytes_skip(&line, 1);
    if (!target.left || (whole && !line_begins(&line, "HTTP/1.")))
        return false;
    struct bytes path = target;
    path = take_to(&path, '?');
    bool tunnel = line_is(&quoted, "CONNECT");
    bool user = memchr(path.at, '@', path.left);
    enum asked asked = tunnel                                                    ? ASKED_TUNNEL
                       : line_is(&quoted, "HEAD")                                ? ASKED_HEAD
                       : ends_with(path, ".pac") || ends_with(path, "/wpad.dat") ? ASKED_PAC
                                                                                 : ASKED_PAGE;
    if (tunnel)
        keep_target(s, target, 0);
    else
        keep_absolute(s, target);
    quoted = bytes_whole(method.at, user ? method.left : (size_t)(path.at + path.left - method.at));
    session_say(s, tunnel ? SAID_CONNECT : SAID_HTTP_REQUEST, 0, quoted);
    if (h->n_asked < REQUESTS)
        h->asked[h->n_asked++] = (uint8_t)asked;
    return true;
}

/* ---- what an answer says ---- */

static enum asked next_asked(struct http *h)
{
    if (!h->n_asked)
        return ASKED_UNSEEN;
    enum asked asked = (enum asked)h->asked[0];
    memmove(h->asked, h->asked + 1, --h->n_asked);
    return asked;
}

/* Status of "HTTP/1.1 407 ..."; 0 when it is no status line. */
static uint16_t status_of(struct bytes line)
{
    if (!line_begins(&line, "HTTP/1.") || bytes_peek(&line, 8) != ' ')
        return 0;
    bytes_skip(&line, 9);
    uint16_t status = line_code(&line);
    return status >= 100 && status < 600 ? status : 0;
}

static bool is_interim(uint16_t status) { return status < 200 && status != 101; }

static void say_status(struct session *s, const struct http *h, struct bytes line)
{
    uint16_t status = h->status;

    switch (h->answering) {
    case ASKED_UNSEEN:
        return; /* without the request nobody knows who refuses what */
    case ASKED_TUNNEL:
        session_say(s, status < 300 ? SAID_TUNNEL : SAID_CONNECT_REFUSED, status, line);
        return;
    case ASKED_TLS:
        if ((status >= 300 && status < 400) || status == 511)
            session_say(s, SAID_HTTP_SIGN_IN, status, line);
        return;
    default:
        break;
    }
    if (status == 511)
        session_say(s, SAID_HTTP_SIGN_IN, status, line);
    else if (status >= 400)
        session_say(s, h->answering == ASKED_PAC ? SAID_PAC_FAILED : SAID_HTTP_ERROR, status, line);
    else
        session_say(s, SAID_HTTP_OK, 0, line);
}

static bool read_status(struct session *s, struct http *h, struct bytes line)
{
    uint16_t status = status_of(line);

    if (!status)
        return false;
    h->status = status;
    if (is_interim(status))
        return true;
    h->answering = s->tls ? ASKED_TLS : next_asked(h);
    h->search = (h->answering == ASKED_TLS && status < 500 && status / 100 != 3) ||
                (h->answering == ASKED_PAGE && status == 403);
    say_status(s, h, line);
    h->exchanges++;
    return true;
}

/* What proxies and filters print as the title of their page. */
static const char *const block_words[] = {
    "web page blocked",
    "page blocked",
    "site blocked",
    "url blocked",
    "access blocked",
    "web filter",
    "application control violation",
    "content filter",
    "website blocked",
};

static bool is_block_page(const uint8_t *p, size_t n)
{
    for (size_t w = 0; w < sizeof block_words / sizeof *block_words; w++) {
        size_t length = strlen(block_words[w]);
        for (size_t i = 0; i + length <= n; i++)
            if (strncasecmp((const char *)p + i, block_words[w], length) == 0)
                return true;
    }
    return false;
}

/* Looks at the start of a body of which `most` octets will come.  False to wait for more of it. */
static bool search_page(struct session *s, struct http *h, const struct bytes *in, uint64_t most)
{
    size_t want = most < PAGE_OCTETS ? (size_t)most : PAGE_OCTETS;

    if (!h->search)
        return true;
    if (in->left < want && !in->clipped && !s->ending)
        return false;
    if (is_block_page(in->at, in->left < want ? in->left : want))
        session_say(s, SAID_HTTP_BLOCKED, h->status, nothing);
    h->search = false;
    return true;
}

/* ---- one message ---- */

static void read_field(struct session *s, const struct http *h, enum side from, struct part *p,
                       struct bytes line)
{
    uint64_t n = 0;

    if (line_begins(&line, "content-length:")) {
        bytes_skip(&line, 15);
        line_trim(&line);
        if (line_number(&line, &n)) {
            p->left = n;
            p->has_length = true;
        }
    } else if (line_begins(&line, "transfer-encoding:")) {
        p->chunked = ends_with(line, "chunked");
    } else if (from == SERVER && h->status >= 400 && h->answering != ASKED_UNSEEN &&
               line_begins(&line, "via:")) {
        session_say(s, SAID_HTTP_GATEWAY, h->status, nothing);
    }
}

static bool has_no_body(const struct http *h)
{
    return is_interim(h->status) || h->status == 204 || h->status == 304 ||
           h->answering == ASKED_HEAD;
}

/* Where a message goes on behind its fields (RFC 9112 section 6.3). */
static enum place behind_fields(struct http *h, enum side from, struct part *p)
{
    bool answer = from == SERVER;

    if (answer && h->answering == ASKED_TUNNEL && h->status / 100 == 2) {
        h->part[CLIENT].at = AT_TUNNEL;
        return AT_TUNNEL;
    }
    if (answer && h->status == 101)
        return AT_TUNNEL;
    if (answer && has_no_body(h))
        return AT_START;
    if (p->chunked)
        return AT_CHUNK;
    if (p->has_length)
        return p->left ? AT_BODY : AT_START;
    return answer ? AT_REST : AT_START;
}

static enum step read_first_line(struct session *s, struct http *h, enum side from,
                                 struct bytes line, bool whole)
{
    struct part *p = &h->part[from];

    if (!line.left)
        return STEP_MORE; /* RFC 9112 section 2.2 */
    bool ok = from == CLIENT ? read_request(s, h, line, whole) : read_status(s, h, line);
    if (!ok && !p->understood)
        return STEP_ALIEN;
    p->understood = true;
    p->at = !ok || !whole ? AT_LOSS : AT_FIELDS;
    p->chunked = p->has_length = false;
    p->left = 0;
    p->fields = 0;
    return STEP_MORE;
}

static enum step read_line(struct session *s, struct http *h, enum side from, struct bytes *in)
{
    struct part *p = &h->part[from];
    struct bytes line;
    enum line_step step = line_next(&p->reader, in, &line);
    uint64_t n = 0;

    if (step == LINE_MORE)
        return STEP_MORE;
    if (p->at == AT_START)
        return read_first_line(s, h, from, line, step == LINE_WHOLE);
    if (step == LINE_CUT) {
        p->at = AT_LOSS;
        return STEP_MORE;
    }
    switch (p->at) {
    case AT_FIELDS:
        if (!line.left)
            p->at = (uint8_t)behind_fields(h, from, p);
        else if (++p->fields > FIELDS_MAX)
            p->at = AT_LOSS;
        else
            read_field(s, h, from, p, line);
        break;
    case AT_CHUNK:
        for (int c; (c = bytes_peek(&line, 0)) >= 0 && n < (uint64_t)1 << 52;
             bytes_skip(&line, 1)) {
            int digit = c >= '0' && c <= '9'                     ? c - '0'
                        : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
                                                                 : -1;
            if (digit < 0)
                break;
            n = n * 16 + (uint64_t)digit;
        }
        p->left = n;
        p->at = n ? AT_BODY : AT_TRAILER;
        break;
    case AT_CHUNK_END:
        p->at = line.left ? AT_LOSS : AT_CHUNK;
        break;
    default: /* AT_TRAILER */
        if (!line.left)
            p->at = AT_START;
        else if (++p->fields > FIELDS_MAX)
            p->at = AT_LOSS;
        break;
    }
    return STEP_MORE;
}

static enum step read_body(struct session *s, struct http *h, enum side from, struct bytes *in)
{
    struct part *p = &h->part[from];

    if (from == SERVER && !search_page(s, h, in, p->left))
        return STEP_MORE;
    uint64_t n = bytes_on_wire(in) < p->left ? bytes_on_wire(in) : p->left;
    bytes_skip(in, n);
    p->left -= n;
    if (!p->left) {
        p->at = p->chunked ? AT_CHUNK_END : AT_START;
    } else {
        n = p->left < PASS_MAX ? p->left : PASS_MAX;
        session_pass(s, n);
        p->left -= n;
        if (!p->left)
            p->at = p->chunked ? AT_CHUNK_END : AT_START;
    }
    return STEP_MORE;
}

/* Behind a loss: a segment that begins with a first line can be read again. */
static enum step find_start(struct http *h, enum side from, struct bytes *in)
{
    struct part *p = &h->part[from];
    struct bytes line = *in;
    struct bytes method = take_to(&line, ' ');
    bool start = from == SERVER ? line_begins(in, "HTTP/1.")
                                : is_method(&method) && bytes_peek(&line, 0) == ' ';

    p->reader.skipping = false;
    if (start)
        p->at = AT_START;
    else
        bytes_skip(in, bytes_on_wire(in));
    return STEP_MORE;
}

static enum step read_tunnel(struct session *s, enum side from, struct bytes *in)
{
    bool maybe = from == CLIENT && tls_looks_like_client(in) < 0 && !in->clipped && !s->ending;
    return maybe ? STEP_MORE : STEP_DONE;
}

/* An answer that was captured ahead of its request waits for it. */
static bool is_orphan(const struct session *s, const struct http *h, const struct bytes *in)
{
    size_t n = in->left < 7 ? in->left : 7;
    return !h->n_asked && !s->tls && !s->ending && h->part[CLIENT].at != AT_LOSS && !in->clipped &&
           in->left < ORPHAN_OCTETS && memcmp(in->at, "HTTP/1.", n) == 0;
}

static enum step http_feed(struct session *s, void *state, enum side from, struct bytes *in)
{
    struct http *h = state;
    struct part *p = &h->part[from];

    if (h->exchanges >= EXCHANGES_MAX)
        return STEP_DONE;
    if (from == SERVER && s->tls && h->answering != ASKED_TLS && p->at != AT_FIELDS)
        p->at = AT_START;
    if (from == SERVER && p->at == AT_START && is_orphan(s, h, in))
        return STEP_MORE;
    switch (p->at) {
    case AT_BODY:
        return read_body(s, h, from, in);
    case AT_REST:
        return search_page(s, h, in, PAGE_OCTETS) ? STEP_DONE : STEP_MORE;
    case AT_TUNNEL:
        return read_tunnel(s, from, in);
    case AT_LOSS:
        return find_start(h, from, in);
    default:
        return read_line(s, h, from, in);
    }
}

static void http_gap(struct session *s, void *state, enum side from, uint64_t missing)
{
    struct part *p = &((struct http *)state)->part[from];

    (void)s;
    if (p->at == AT_BODY && p->left >= missing) {
        p->left -= missing;
        if (!p->left)
            p->at = p->chunked ? AT_CHUNK_END : AT_START;
    } else if (p->at != AT_TUNNEL) {
        p->at = AT_LOSS;
        p->reader.skipping = false;
    }
}

const struct dissector http_dissector = {
    .name = "http",
    .ports = (const uint16_t[]){ 80, 3128, 8080, 0 },
    .state_size = sizeof(struct http),
    .feed = http_feed,
    .gap = http_gap,
};
