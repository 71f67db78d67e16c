/* scrub_tls.c - identities in plain handshake messages. */
#include "base/bytes.h"
#include "evidence/recertify.h"
#include "evidence/scrub.h"

#include <string.h>

/* RFC 8446 and RFC 5246, section 7.4; RFC 5077; RFC 6066. */
enum message {
    CLIENT_HELLO = 1,
    SERVER_HELLO = 2,
    NEW_SESSION_TICKET = 4,
    CERTIFICATE = 11,
    SERVER_KEY_EXCHANGE = 12,
    CERTIFICATE_REQUEST = 13,
    SERVER_HELLO_DONE = 14,
    CERTIFICATE_VERIFY = 15,
    CLIENT_KEY_EXCHANGE = 16,
    FINISHED = 20,
    CERTIFICATE_STATUS = 22,
    HELLO_REQUEST = 0,
};

enum extension {
    EXT_SERVER_NAME = 0,
    EXT_ALPN = 16,
    EXT_TICKET = 35,
    EXT_KEY_SHARE_DRAFT = 40,
    EXT_PSK = 41,
    EXT_COOKIE = 44,
    EXT_KEY_SHARE = 51,
    EXT_NPN = 13172 /* of old servers: names of protocols, as in ALPN */
};

enum { TLS_1_2 = 0x0303, CERTIFICATES = 64, RANDOM = 32 };

/* The windows below lie in memory that belongs to us. */
static uint8_t *own(const struct bytes *b) { return (uint8_t *)(uintptr_t)b->at; }

static void zero(const struct bytes *b)
{
    if (b->left)
        memset(own(b), 0, b->left);
}

static void hide(const struct scrubber *s, const struct bytes *b)
{
    if (s->strict)
        zero(b);
    else
        mask_opaque(s->mask, own(b), b->left);
}

static void scrub_server_names(const struct scrubber *s, struct bytes body)
{
    struct bytes list = bytes_vector(&body, 2);

    while (list.left && bytes_ok(&list)) {
        bytes_skip(&list, 1);
        struct bytes name = bytes_vector(&list, 2);
        if (s->names)
            mask_name(s->mask, own(&name), name.left);
    }
}

/* Identities and binders of the client; the server's answer is a number. */
static void scrub_psk(const struct scrubber *s, struct bytes body)
{
    struct bytes identities = bytes_vector(&body, 2), binders = bytes_vector(&body, 2);

    while (identities.left && bytes_ok(&identities)) {
        struct bytes identity = bytes_vector(&identities, 2);
        hide(s, &identity);
        bytes_skip(&identities, 4);
    }
    while (binders.left && bytes_ok(&binders)) {
        struct bytes binder = bytes_vector(&binders, 1);
        hide(s, &binder);
    }
}

/* RFC 8446 section 4.2.8: groups and lengths stay. */
static void zero_shares(bool client, struct bytes body)
{
    struct bytes list = client ? bytes_vector(&body, 2) : body;

    while (list.left > 2 && bytes_ok(&list)) {
        bytes_skip(&list, 2);
        struct bytes share = bytes_vector(&list, 2);
        zero(&share);
    }
}

static void scrub_extensions(const struct scrubber *s, bool client, struct bytes list)
{
    while (list.left && bytes_ok(&list)) {
        struct bytes before = list;
        uint16_t type = bytes_u16(&list);
        struct bytes body = bytes_vector(&list, 2);
        if (!bytes_ok(&list)) {
            zero(&before);
            break;
        }
        if (type == EXT_SERVER_NAME)
            scrub_server_names(s, body);
        else if (type == EXT_ALPN || type == EXT_NPN)
            scrub_label_words(s, own(&body), body.left);
        else if (type == EXT_TICKET)
            hide(s, &body);
        else if (type == EXT_PSK && client)
            scrub_psk(s, body);
        else if (type == EXT_COOKIE && body.left > 2)
            mask_opaque(s->mask, own(&body) + 2, body.left - 2);
        else if ((type == EXT_KEY_SHARE || type == EXT_KEY_SHARE_DRAFT) && s->strict)
            zero_shares(client, body);
    }
}

/* Some randoms are signs: "try again" and "I could do better" (RFC 8446 section 4.1.3). */
static void zero_random(struct bytes random)
{
    static const uint8_t again[4] = { 0xcf, 0x21, 0xad, 0x74 };
    static const uint8_t better[7] = "DOWNGRD";
    size_t n = random.left;

    if (n >= sizeof again && memcmp(random.at, again, sizeof again) == 0)
        return;
    if (n == RANDOM && memcmp(random.at + RANDOM - 8, better, sizeof better) == 0)
        n -= 8;
    memset(own(&random), 0, n);
}

static void zero_vector(struct bytes *m, size_t width)
{
    struct bytes octets = bytes_vector(m, width);
    zero(&octets);
}

/* RFC 5246 section 4.7: since TLS 1.2 with its algorithm. */
static void zero_signature(uint16_t version, struct bytes m)
{
    if (version >= TLS_1_2)
        bytes_skip(&m, 2);
    zero_vector(&m, 2);
    zero(&m);
}

/* RFC 5246 section 7.4.3, RFC 8422 section 5.4: the curve and lengths stay. */
static void zero_exchange(uint16_t version, struct bytes m)
{
    enum { NAMED_CURVE = 3 };

    if (bytes_peek(&m, 0) == NAMED_CURVE) {
        bytes_skip(&m, 3);
        zero_vector(&m, 1);
    } else {
        for (int number = 0; number < 3; number++)
            zero_vector(&m, 2);
    }
    zero_signature(version, m);
}

/* Behind its length, which is one octet wide for curves and two for the others. */
static void zero_client_exchange(struct bytes m)
{
    size_t n = m.left;

    if (n > 1 && m.at[0] == n - 1)
        bytes_skip(&m, 1);
    else if (n > 2 && ((size_t)m.at[0] << 8 | m.at[1]) == n - 2)
        bytes_skip(&m, 2);
    zero(&m);
}

static void scrub_hello(const struct scrubber *s, bool client, struct bytes m)
{
    bytes_skip(&m, 2);
    struct bytes random = bytes_take(&m, RANDOM);
    if (s->strict)
        zero_random(random);
    struct bytes session = bytes_vector(&m, 1);
    mask_opaque(s->mask, own(&session), session.left); /* that they are equal says "resumed" */
    if (client) {
        bytes_vector(&m, 2);
        bytes_vector(&m, 1);
    } else {
        bytes_skip(&m, 3);
    }
    scrub_extensions(s, client, bytes_vector(&m, 2));
}

static void scrub_chain(const struct scrubber *s, struct bytes m)
{
    struct bytes list = bytes_vector(&m, 3);
    uint8_t *der[CERTIFICATES];
    size_t n[CERTIFICATES], count = 0;

    while (list.left && bytes_ok(&list)) {
        struct bytes before = list, one = bytes_vector(&list, 3);
        if (!bytes_ok(&list)) {
            zero(&before); /* lengths were lost, or lie: whatever it is, it is somebody's */
            break;
        }
        if (count == CERTIFICATES || s->strict) {
            zero(&one);
            continue;
        }
        der[count] = own(&one);
        n[count++] = one.left;
    }
    if (s->names)
        recertify(s, der, n, count);
}

static void scrub_request(const struct scrubber *s, uint16_t version, struct bytes m)
{
    bytes_vector(&m, 1);
    if (version >= TLS_1_2)
        bytes_vector(&m, 2);
    struct bytes names = bytes_vector(&m, 2);
    while (names.left && bytes_ok(&names)) {
        struct bytes name = bytes_vector(&names, 2);
        scrub_der(s, own(&name), name.left);
    }
}

bool scrub_handshake(const struct scrubber *s, uint16_t version, uint8_t *p, size_t n)
{
    struct bytes m = bytes_whole(p + 4, n - 4);

    switch (p[0]) {
    case CLIENT_HELLO:
    case SERVER_HELLO:
        scrub_hello(s, p[0] == CLIENT_HELLO, m);
        return true;
    case CERTIFICATE:
        scrub_chain(s, m);
        return true;
    case CERTIFICATE_REQUEST:
        scrub_request(s, version, m);
        return true;
    case NEW_SESSION_TICKET:
        bytes_skip(&m, 6);
        hide(s, &m);
        return true;
    case CERTIFICATE_STATUS:
        if (m.left > 4 && s->strict)
            memset(p + 8, 0, n - 8);
        else if (m.left > 4)
            scrub_der(s, p + 8, n - 8);
        return true;
    case SERVER_KEY_EXCHANGE:
        if (s->strict)
            zero_exchange(version, m);
        return true;
    case CERTIFICATE_VERIFY:
        if (s->strict)
            zero_signature(version, m);
        return true;
    case CLIENT_KEY_EXCHANGE:
        if (s->strict)
            zero_client_exchange(m);
        return true;
    case FINISHED:
        if (s->strict)
            zero(&m);
        return true;
    case SERVER_HELLO_DONE:
    case HELLO_REQUEST:
        return true;
    default:
        return false;
    }
}
