#include "tls/hello.h"

#include "tls/extensions.h"

#include <endian.h>

enum {
    SUITE_RENEGOTIATION = 0x00ff, /* RFC 5746 section 3.3 */
    SUITE_FALLBACK = 0x5600,      /* RFC 7507 */
    RANDOM = 32,
};

bool tls_is_grease(uint16_t value)
{
    return (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff);
}

/* 0x7fXX: drafts; 0x7eXX and 0xfbXX: experiments that were deployed before RFC 8446. */
bool hello_version_is_13(uint16_t version)
{
    return version == 0x0304 || version >> 8 == 0x7f || version >> 8 == 0x7e ||
           version >> 8 == 0xfb;
}

/* Suites that only TLS 1.3 has: they tell the version of a ServerHello cut before its extensions.
 */
static bool suite_is_13(uint16_t suite)
{
    return suite >> 8 == 0x13 || suite == 0x00c6 || suite == 0x00c7;
}

static bool list_has(struct bytes list, uint16_t value)
{
    while (list.left >= 2)
        if (bytes_u16(&list) == value)
            return true;
    return false;
}

static void *keep(struct tls *t, size_t n)
{
    void *p = arena_zalloc(t->arena, t->pool, n);

    if (!p)
        t->out_of_memory = true;
    return p;
}

/* At most TLS_HELLO_MAX octets of `from`, copied behind `before` zeroed ones; NULL without memory.
 */
static uint8_t *keep_copy(struct tls *t, size_t before, struct bytes from, struct bytes *out)
{
    size_t n = from.left < TLS_HELLO_MAX ? from.left : TLS_HELLO_MAX;
    uint8_t *p = keep(t, before + n);

    if (!p)
        return NULL;
    memcpy(p + before, from.at, n);
    *out = bytes_of(p + before, n, bytes_on_wire(&from));
    return p;
}

static struct bytes no_window(void) { return bytes_whole(NULL, 0); }

/* Compared as they lie on the wire, so that compilers take many at once. */
static void suites_note(struct tls_client_hello *h)
{
    const uint8_t *suite = h->suites.at;
    const uint16_t fallback = htobe16(SUITE_FALLBACK), renegotiation = htobe16(SUITE_RENEGOTIATION);
    unsigned fallbacks = 0, renegotiations = 0;

    for (size_t i = 0, n = h->suites.left / 2; i < n; i++) {
        uint16_t number;
        memcpy(&number, suite + 2 * i, sizeof number);
        fallbacks |= number == fallback;
        renegotiations |= number == renegotiation;
    }
    h->fallback_scsv |= fallbacks != 0;
    h->renegotiation |= renegotiations != 0;
}

static struct tls_client_hello *client_hello_new(struct tls *t, struct bytes body,
                                                 struct tls_stamp at, struct bytes *copy)
{
    uint8_t *p = keep_copy(t, sizeof(struct tls_client_hello), body, copy);
    struct tls_client_hello *h = (struct tls_client_hello *)(void *)p;

    if (!h)
        return NULL;
    h->at = at;
    h->record_version = t->half[CLIENT].record_version;
    h->length = (uint32_t)bytes_on_wire(&body);
    h->cut = copy->clipped > 0;
    h->server_name = h->suites = h->extensions = h->versions = h->groups = no_window();
    h->signature_schemes = h->point_formats = h->alpn = h->key_share_groups = no_window();
    return h;
}

struct tls_client_hello *hello_read_client(struct tls *t, struct bytes body, struct tls_stamp at)
{
    struct bytes b;
    struct tls_client_hello *h = client_hello_new(t, body, at, &b);

    if (!h)
        return NULL;
    h->legacy_version = bytes_u16(&b);
    (void)bytes_copy(&b, h->random, RANDOM);
    struct bytes session_id = bytes_vector(&b, 1);
    h->session_id_length = (uint8_t)bytes_on_wire(&session_id);
    (void)bytes_copy(&session_id, h->session_id,
                     h->session_id_length > 32 ? 32 : h->session_id_length);
    h->suites = bytes_vector(&b, 2);
    (void)bytes_vector(&b, 1); /* compression methods */
    if (bytes_on_wire(&b) > 0) /* SSL 3.0 and early TLS 1.0 end here */
        h->extensions = bytes_vector(&b, 2);
    bool fits = extensions_read_client(h);
    suites_note(h);
    h->malformed = !fits || b.fault == BYTES_SHORT || (bytes_ok(&b) && bytes_on_wire(&b) > 0);
    return h;
}

/* The three-octet suites of SSL 2.0 that begin with 0 are those of SSL 3.0 and later.  They lie
 * behind `out` in the same copy, so that writing never overtakes reading. */
static struct bytes suites_narrowed(struct bytes specs, uint8_t *out)
{
    size_t n = 0;

    while (specs.left >= 3) {
        uint32_t suite = bytes_u24(&specs);
        if (suite >> 16)
            continue;
        out[n++] = (uint8_t)(suite >> 8);
        out[n++] = (uint8_t)suite;
    }
    return bytes_whole(out, n);
}

struct tls_client_hello *hello_read_sslv2(struct tls *t, struct bytes body, struct tls_stamp at)
{
    struct bytes b;
    struct tls_client_hello *h = client_hello_new(t, body, at, &b);

    if (!h)
        return NULL;
    bytes_skip(&b, 1); /* message type */
    h->sslv2_form = true;
    h->legacy_version = h->record_version = bytes_u16(&b);
    uint16_t n_specs = bytes_u16(&b), n_session = bytes_u16(&b), n_challenge = bytes_u16(&b);
    struct bytes specs = bytes_take(&b, n_specs);
    h->session_id_length = (uint8_t)n_session;
    bytes_skip(&b, n_session);
    struct bytes challenge = bytes_take(&b, n_challenge);
    size_t n = challenge.left < RANDOM ? challenge.left : RANDOM;
    memcpy(h->random + RANDOM - n, challenge.at, n); /* right-aligned: RFC 5246 appendix E.2 */
    h->malformed = b.fault == BYTES_SHORT || (bytes_ok(&b) && bytes_on_wire(&b) > 0);
    h->suites = suites_narrowed(specs, (uint8_t *)(h + 1));
    suites_note(h);
    return h;
}

/* RFC 8446 section 4.1.3: SHA-256 of "HelloRetryRequest". */
static const uint8_t retry_random[RANDOM] = {
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
};

static enum tls_downgrade downgrade_mark(const uint8_t random[RANDOM])
{
    static const uint8_t mark[7] = { 'D', 'O', 'W', 'N', 'G', 'R', 'D' };

    if (memcmp(random + RANDOM - 8, mark, sizeof mark) != 0)
        return TLS_NO_MARK;
    return random[RANDOM - 1] == 1   ? TLS_MARK_12
           : random[RANDOM - 1] == 0 ? TLS_MARK_11
                                     : TLS_NO_MARK;
}

static void server_extensions(struct tls *t, struct bytes block, bool retry,
                              struct tls_server_hello *out)
{
    if (!bytes_on_wire(&block))
        return;
    if (!keep_copy(t, 0, block, &out->extensions)) {
        out->cut = true;
        return;
    }
    out->cut = out->cut || out->extensions.clipped > 0;
    if (!extensions_read_server(out, retry))
        out->malformed = true;
}

/* A ServerHello cut before its extensions does not say whether it chose TLS 1.3. */
static void version_settle(const struct tls *t, struct tls_server_hello *out)
{
    if (out->version)
        return;
    out->version = out->legacy_version;
    if (!out->cut || out->legacy_version != 0x0303)
        return;
    if (suite_is_13(out->suite))
        out->version = 0x0304;
    else if (out->suite == 0 &&
             (!t->hello || t->hello->cut || tls_offers_version(t->hello, 0x0304)))
        out->version = 0;
}

static void server_hello_end(const struct bytes *body, const struct bytes *b,
                             struct tls_server_hello *out)
{
    out->cut = body->clipped > 0;
    out->malformed =
        out->malformed || b->fault == BYTES_SHORT || (bytes_ok(b) && bytes_on_wire(b) > 0);
}

static bool echoes(const struct tls_client_hello *h, struct bytes session_id)
{
    return h && session_id.left > 0 && session_id.left <= sizeof h->session_id &&
           session_id.clipped == 0 && session_id.left == h->session_id_length &&
           memcmp(session_id.at, h->session_id, session_id.left) == 0;
}

/* Drafts up to 21 had neither session id nor compression; the earliest called themselves 0x0304,
 * and what would be the length of a session id is the high octet of a suite then. */
static bool is_short_form(uint16_t legacy_version, const struct bytes *rest)
{
    return legacy_version >> 8 == 0x7f || (legacy_version == 0x0304 && bytes_peek(rest, 0) > 32);
}

void hello_read_server(struct tls *t, struct bytes body, struct tls_stamp at, bool *retry,
                       struct tls_server_hello *out)
{
    uint8_t random[RANDOM] = { 0 };
    struct bytes b = body, block = no_window();

    *out = (struct tls_server_hello){ .at = at, .present = true };
    out->alpn = out->extensions = no_window();
    out->record_version = t->half[SERVER].record_version;
    out->legacy_version = bytes_u16(&b);
    (void)bytes_copy(&b, random, RANDOM);
    out->downgrade = downgrade_mark(random);
    *retry = memcmp(random, retry_random, RANDOM) == 0;
    if (is_short_form(out->legacy_version, &b)) {
        out->suite = bytes_u16(&b);
    } else {
        struct bytes session_id = bytes_vector(&b, 1);
        out->session_id_length = (uint8_t)bytes_on_wire(&session_id);
        out->session_id_echoed = echoes(t->hello, session_id);
        out->suite = bytes_u16(&b);
        bytes_skip(&b, 1); /* compression method */
    }
    if (bytes_on_wire(&b) > 0)
        block = bytes_vector(&b, 2);
    server_hello_end(&body, &b, out);
    server_extensions(t, block, *retry, out);
    version_settle(t, out);
}

void hello_read_draft_retry(struct tls *t, struct bytes body, struct tls_stamp at,
                            struct tls_server_hello *out)
{
    struct bytes b = body;

    *out = (struct tls_server_hello){ .at = at, .present = true };
    out->alpn = no_window();
    out->record_version = t->half[SERVER].record_version;
    out->legacy_version = out->version = bytes_u16(&b);
    if ((out->version & 0xff) >= 19) /* draft 19 gave it a cipher suite */
        out->suite = bytes_u16(&b);
    struct bytes block = bytes_vector(&b, 2);
    server_hello_end(&body, &b, out);
    server_extensions(t, block, true, out);
}

/* ---- questions about an offer ------------------------------------------------------------------
 */

uint16_t tls_offered_highest(const struct tls_client_hello *hello)
{
    struct bytes list = hello->versions;
    uint16_t highest = 0;

    while (list.left >= 2) {
        uint16_t version = bytes_u16(&list);
        bool better = hello_version_is_13(version)
                          ? highest != 0x0304 && (version == 0x0304 || version > highest)
                          : version > highest && !hello_version_is_13(highest);
        if (!tls_is_grease(version) && better)
            highest = version;
    }
    return highest ? highest : hello->legacy_version;
}

uint16_t tls_offered_lowest_hint(const struct tls_client_hello *hello)
{
    struct bytes list = hello->versions;
    uint16_t lowest = 0;

    while (list.left >= 2) {
        uint16_t version = bytes_u16(&list);
        if (!tls_is_grease(version) && (lowest == 0 || version < lowest))
            lowest = version;
    }
    return lowest;
}

bool tls_offers_version(const struct tls_client_hello *hello, uint16_t version)
{
    if (hello->versions.left >= 2)
        return list_has(hello->versions, version);
    return version <= hello->legacy_version && version >= 0x0300;
}

bool tls_offers_suite(const struct tls_client_hello *hello, uint16_t suite)
{
    return list_has(hello->suites, suite);
}

bool tls_offers_scheme(const struct tls_client_hello *hello, uint16_t scheme)
{
    return list_has(hello->signature_schemes, scheme);
}

bool tls_offers_group(const struct tls_client_hello *hello, uint16_t group)
{
    return list_has(hello->groups, group);
}

static uint64_t mixed(uint64_t h, uint64_t v) { return (h ^ v) * 0x100000001b3; }

/* FNV; extensions as a sum, for some browsers shuffle them, and without padding, ticket, PSK and
 * early data, which come and go. */
uint32_t tls_hello_mark(const struct tls_client_hello *hello)
{
    uint64_t h = mixed(0xcbf29ce484222325, hello->legacy_version), sum = 0;
    const struct bytes lists[] = { hello->suites, hello->groups, hello->signature_schemes };

    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct bytes list = lists[i];
        while (list.left >= 2) {
            uint16_t v = bytes_u16(&list);
            h = tls_is_grease(v) ? h : mixed(h, v);
        }
        h = mixed(h, 0x10000 + i);
    }
    for (struct bytes block = hello->extensions; block.left >= 4 && bytes_ok(&block);) {
        uint16_t type = bytes_u16(&block);
        bytes_vector(&block, 2);
        bool varies = type == 21 || type == 35 || type == 41 || type == 42;
        sum += tls_is_grease(type) || varies ? 0 : mixed(0x9e3779b97f4a7c15, type);
    }
    return (uint32_t)(mixed(h, sum) >> 32);
}
