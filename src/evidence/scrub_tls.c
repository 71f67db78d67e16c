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

enum extension { EXT_SERVER_NAME = 0, EXT_TICKET = 35, EXT_PSK = 41, EXT_COOKIE = 44 };

enum { TLS_1_2 = 0x0303, CERTIFICATES = 64 };

/* The windows below lie in memory that belongs to us. */
static uint8_t *own(const struct bytes *b) { return (uint8_t *)(uintptr_t)b->at; }

static void hide(const struct scrubber *s, const struct bytes *b)
{
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

static void scrub_extensions(const struct scrubber *s, bool client, struct bytes list)
{
    while (list.left && bytes_ok(&list)) {
        uint16_t type = bytes_u16(&list);
        struct bytes body = bytes_vector(&list, 2);
        if (type == EXT_SERVER_NAME)
            scrub_server_names(s, body);
        else if (type == EXT_TICKET)
            hide(s, &body);
        else if (type == EXT_PSK && client)
            scrub_psk(s, body);
        else if (type == EXT_COOKIE && body.left > 2)
            mask_opaque(s->mask, own(&body) + 2, body.left - 2);
    }
}

static void scrub_hello(const struct scrubber *s, bool client, struct bytes m)
{
    bytes_skip(&m, 2 + 32);
    struct bytes session = bytes_vector(&m, 1);
    hide(s, &session);
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
        struct bytes one = bytes_vector(&list, 3);
        if (count == CERTIFICATES) {
            memset(own(&one), 0, one.left);
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
        if (m.left > 4)
            scrub_der(s, p + 8, n - 8);
        return true;
    case SERVER_KEY_EXCHANGE:
    case SERVER_HELLO_DONE:
    case CERTIFICATE_VERIFY:
    case CLIENT_KEY_EXCHANGE:
    case FINISHED:
    case HELLO_REQUEST:
        return true;
    default:
        return false;
    }
}
