#include "script.h"

#include <stdlib.h>
#include <string.h>

enum { CLIENT, SERVER };
enum { HANDSHAKE = 22, ALERT = 21, CHANGE_CIPHER_SPEC = 20, APPLICATION_DATA = 23 };
enum { ROOM = 64 * 1024, RECORD_FULL = 16384 + 17 };

/* --- octets ----------------------------------------------------------------------------------- */

static void put(struct script *s, const void *p, size_t n)
{
    if (s->n_octets + n <= s->room)
        memcpy(s->octets + s->n_octets, p, n);
    s->n_octets += n;
}

static void put_uint(struct script *s, uint32_t v, unsigned width)
{
    while (width-- > 0) {
        uint8_t octet = (uint8_t)(v >> 8 * width);
        put(s, &octet, 1);
    }
}

/* Octets that look like ciphertext; the same ones in every run. */
static void put_noise(struct script *s, size_t n)
{
    uint32_t x = (uint32_t)(s->n_octets * 2654435761u + 1);

    for (size_t i = 0; i < n; i++) {
        x = x * 1664525u + 1013904223u;
        put_uint(s, x >> 24, 1);
    }
}

/* A length of `width` octets, to be filled in by put_end. */
static size_t put_begin(struct script *s, unsigned width)
{
    put_uint(s, 0, width);
    return s->n_octets;
}

static void put_end(struct script *s, size_t begin, unsigned width)
{
    size_t length = s->n_octets - begin;

    for (unsigned i = 0; i < width && begin <= s->room; i++)
        s->octets[begin - 1 - i] = (uint8_t)(length >> 8 * i);
}

static size_t record_begin(struct script *s, uint8_t type)
{
    put_uint(s, type, 1);
    put_uint(s, 0x0303, 2);
    return put_begin(s, 2);
}

static void sealed(struct script *s, uint8_t type, size_t length)
{
    size_t record = record_begin(s, type);

    put_noise(s, length);
    put_end(s, record, 2);
}

static void change_cipher_spec(struct script *s)
{
    size_t record = record_begin(s, CHANGE_CIPHER_SPEC);

    put_uint(s, 1, 1);
    put_end(s, record, 2);
}

/* --- segments --------------------------------------------------------------------------------- */

static struct step *step_add(struct script *s, int from, uint8_t flags, size_t payload,
                             size_t length)
{
    struct step *step = &s->step[s->n_steps < STEPS_MAX - 1 ? s->n_steps++ : STEPS_MAX - 1];

    *step = (struct step){ .from = (uint8_t)from,
                           .flags = flags,
                           .length = (uint16_t)length,
                           .seq = s->next[from],
                           .ack = s->next[!from],
                           .payload = (uint32_t)payload };
    s->next[from] += (uint32_t)length + ((flags & (SYN | FIN)) != 0);
    return step;
}

static void acknowledge(struct script *s, int from) { step_add(s, from, ACK, 0, 0); }

/* Sends the octets written since `begin` in segments; the peer acknowledges every second one. */
static struct step *flight(struct script *s, int from, size_t begin)
{
    struct step *first = &s->step[s->n_steps];
    unsigned sent = 0;

    for (size_t at = begin; at < s->n_octets; at += MSS) {
        size_t length = s->n_octets - at < MSS ? s->n_octets - at : MSS;
        step_add(s, from, ACK | PSH, at, length);
        if (++sent % 2 == 0)
            acknowledge(s, !from);
    }
    if (sent % 2 == 1)
        acknowledge(s, !from);
    return first;
}

static bool script_open(struct script *s)
{
    memset(s, 0, sizeof *s);
    s->octets = malloc(ROOM);
    s->room = s->octets ? ROOM : 0;
    step_add(s, CLIENT, SYN, 0, 0);
    return s->octets != NULL;
}

static void tcp_accept(struct script *s)
{
    step_add(s, SERVER, SYN | ACK, 0, 0);
    acknowledge(s, CLIENT);
}

static void tcp_close(struct script *s)
{
    step_add(s, CLIENT, FIN | ACK, 0, 0);
    step_add(s, SERVER, FIN | ACK, 0, 0);
    acknowledge(s, CLIENT);
}

void script_close(struct script *s)
{
    free(s->octets);
    s->octets = NULL;
}

static bool fits(const struct script *s)
{
    return s->n_octets <= s->room && s->n_steps < STEPS_MAX - 1;
}

/* --- hellos ----------------------------------------------------------------------------------- */

static const uint16_t suites[] = { 0x1302, 0x1303, 0x1301, 0xc02c, 0xc030, 0x009f, 0xcca9, 0xcca8,
                                   0xccaa, 0xc02b, 0xc02f, 0x009e, 0xc024, 0xc028, 0x006b, 0xc023,
                                   0xc027, 0x0067, 0xc00a, 0xc014, 0x0039, 0x009d, 0x009c, 0x00ff };
static const uint16_t groups[] = { 0x001d, 0x0017, 0x001e, 0x0019, 0x0018 };
static const uint16_t schemes[] = { 0x0403, 0x0503, 0x0603, 0x0807, 0x0804,
                                    0x0805, 0x0806, 0x0401, 0x0501, 0x0601 };

static void put_list(struct script *s, const uint16_t *values, size_t n)
{
    put_uint(s, (uint32_t)(2 * n), 2);
    for (size_t i = 0; i < n; i++)
        put_uint(s, values[i], 2);
}

static size_t extension_begin(struct script *s, uint16_t type)
{
    put_uint(s, type, 2);
    return put_begin(s, 2);
}

/* RFC 6066 section 3.  Answers where the digits of the name stand. */
static size_t server_name(struct script *s)
{
    static const char tail[] = ".ems.corp.example";
    size_t extension = extension_begin(s, 0), list = put_begin(s, 2), digits;

    put_uint(s, 0, 1);
    put_uint(s, NAME_DIGITS + sizeof tail - 1, 2);
    digits = s->n_octets;
    put(s, "00000000", NAME_DIGITS);
    put(s, tail, sizeof tail - 1);
    put_end(s, list, 2);
    put_end(s, extension, 2);
    s->n_names++;
    return digits;
}

static void extension_list(struct script *s, uint16_t type, const uint16_t *values, size_t n)
{
    size_t extension = extension_begin(s, type);

    put_list(s, values, n);
    put_end(s, extension, 2);
}

/* supported_versions and an x25519 share, RFC 8446 sections 4.2.1 and 4.2.8. */
static void client_extensions_13(struct script *s)
{
    put(s, "\x00\x2b\x00\x05\x04\x03\x04\x03\x03", 9);
    put(s, "\x00\x2d\x00\x02\x01\x01", 6);
    put(s, "\x00\x33\x00\x26\x00\x24\x00\x1d\x00\x20", 10);
    put_noise(s, 32);
}

static void client_hello(struct script *s, bool offers_13)
{
    size_t begin = s->n_octets, record = record_begin(s, HANDSHAKE), message, extensions, random;

    put_uint(s, 1, 1);
    message = put_begin(s, 3);
    put_uint(s, 0x0303, 2);
    random = s->n_octets;
    put_noise(s, RANDOM_BYTES);
    put_uint(s, 32, 1);
    put_noise(s, 32);
    put_list(s, suites, sizeof suites / sizeof *suites);
    put_uint(s, 0x0100, 2);
    extensions = put_begin(s, 2);
    size_t name = server_name(s);
    extension_list(s, 10, groups, sizeof groups / sizeof *groups);
    extension_list(s, 13, schemes, sizeof schemes / sizeof *schemes);
    put(s, "\x00\x0b\x00\x02\x01\x00\x00\x17\x00\x00\x00\x23\x00\x00", 14);
    put(s, "\x00\x10\x00\x0b\x00\x09\x08http/1.1", 15);
    if (offers_13)
        client_extensions_13(s);
    put_end(s, extensions, 2);
    put_end(s, message, 3);
    put_end(s, record, 2);

    struct step *step = flight(s, CLIENT, begin);
    step->random_at = (uint16_t)(random - begin);
    step->name_at = (uint16_t)(name - begin);
}

/* Answers where the random stands. */
static size_t server_hello(struct script *s, bool is_13)
{
    size_t record = record_begin(s, HANDSHAKE), message, extensions, random;

    put_uint(s, 2, 1);
    message = put_begin(s, 3);
    put_uint(s, 0x0303, 2);
    random = s->n_octets;
    put_noise(s, RANDOM_BYTES);
    put_uint(s, 32, 1);
    put_noise(s, 32);
    put_uint(s, is_13 ? 0x1302 : 0xc02c, 2);
    put_uint(s, 0, 1);
    extensions = put_begin(s, 2);
    if (is_13) {
        put(s, "\x00\x2b\x00\x02\x03\x04\x00\x33\x00\x24\x00\x1d\x00\x20", 14);
        put_noise(s, 32);
    } else {
        put(s, "\xff\x01\x00\x01\x00\x00\x17\x00\x00\x00\x23\x00\x00", 13);
    }
    put_end(s, extensions, 2);
    put_end(s, message, 3);
    put_end(s, record, 2);
    s->n_server_hellos++;
    return random;
}

/* --- TLS 1.2 ---------------------------------------------------------------------------------- */

static void certificate(struct script *s, const struct chain *chain)
{
    size_t record = record_begin(s, HANDSHAKE), message, list;

    put_uint(s, 11, 1);
    message = put_begin(s, 3);
    list = put_begin(s, 3);
    put_uint(s, (uint32_t)chain->leaf_length, 3);
    put(s, chain->leaf, chain->leaf_length);
    put_uint(s, (uint32_t)chain->issuer_length, 3);
    put(s, chain->issuer, chain->issuer_length);
    put_end(s, list, 3);
    put_end(s, message, 3);
    put_end(s, record, 2);
}

/* A handshake message whose body is a few fixed octets and then noise. */
static void message(struct script *s, uint8_t type, const char *head, size_t head_length,
                    size_t noise)
{
    size_t record = record_begin(s, HANDSHAKE), body;

    put_uint(s, type, 1);
    body = put_begin(s, 3);
    put(s, head, head_length);
    put_noise(s, noise);
    put_end(s, body, 3);
    put_end(s, record, 2);
}

/* An x25519 share, signed: RFC 8422 section 5.4. */
static void server_key_exchange(struct script *s)
{
    size_t record = record_begin(s, HANDSHAKE), body;

    put_uint(s, 12, 1);
    body = put_begin(s, 3);
    put(s, "\x03\x00\x1d\x20", 4);
    put_noise(s, 32);
    put_uint(s, 0x0403, 2);
    put_uint(s, 71, 2);
    put_noise(s, 71);
    put_end(s, body, 3);
    put_end(s, record, 2);
}

static void server_flight_12(struct script *s, const struct chain *chain)
{
    size_t begin = s->n_octets, random = server_hello(s, false);

    certificate(s, chain);
    server_key_exchange(s);
    message(s, 14, "", 0, 0); /* ServerHelloDone */
    flight(s, SERVER, begin)->random_at = (uint16_t)(random - begin);
}

static void finish_12(struct script *s)
{
    size_t begin = s->n_octets;

    message(s, 16, "\x20", 1, 32); /* ClientKeyExchange */
    change_cipher_spec(s);
    sealed(s, HANDSHAKE, 40);
    flight(s, CLIENT, begin);
    begin = s->n_octets;
    message(s, 4, "\x00\x00\x1c\x20\x00\xb0", 6, 176); /* NewSessionTicket */
    change_cipher_spec(s);
    sealed(s, HANDSHAKE, 40);
    flight(s, SERVER, begin);
}

static void send_sealed(struct script *s, int from, uint8_t type, size_t length)
{
    size_t begin = s->n_octets;

    sealed(s, type, length);
    flight(s, from, begin);
}

/* A request and its reply, and small ones after them, as of a client that checks in. */
static void exchange(struct script *s, unsigned further)
{
    send_sealed(s, CLIENT, APPLICATION_DATA, 320);
    send_sealed(s, SERVER, APPLICATION_DATA, 900);
    while (further-- > 0) {
        send_sealed(s, CLIENT, APPLICATION_DATA, 140);
        send_sealed(s, SERVER, APPLICATION_DATA, 330);
    }
}

static void reject_12(struct script *s)
{
    size_t begin = s->n_octets, record = record_begin(s, ALERT);

    put_uint(s, 0x0230, 2); /* fatal, unknown_ca */
    put_end(s, record, 2);
    flight(s, CLIENT, begin);
    s->n_alerts++;
}

bool script_tls12(struct script *s, const struct chain *chain, unsigned further)
{
    if (!script_open(s))
        return false;
    tcp_accept(s);
    client_hello(s, false);
    server_flight_12(s, chain);
    finish_12(s);
    exchange(s, further);
    send_sealed(s, CLIENT, ALERT, 26);
    send_sealed(s, SERVER, ALERT, 26);
    tcp_close(s);
    return fits(s);
}

bool script_refused(struct script *s, const struct chain *chain)
{
    if (!script_open(s))
        return false;
    tcp_accept(s);
    client_hello(s, false);
    server_flight_12(s, chain);
    reject_12(s);
    tcp_close(s);
    return fits(s);
}

/* --- TLS 1.3 ---------------------------------------------------------------------------------- */

static void handshake_13(struct script *s, const struct chain *chain)
{
    client_hello(s, true);
    size_t begin = s->n_octets, random = server_hello(s, true);
    change_cipher_spec(s);
    sealed(s, APPLICATION_DATA, 6 + 17); /* EncryptedExtensions */
    sealed(s, APPLICATION_DATA,
           18 + chain->leaf_length + chain->issuer_length + 17); /* Certificate */
    sealed(s, APPLICATION_DATA, 8 + 71 + 17);                    /* CertificateVerify */
    sealed(s, APPLICATION_DATA, 4 + 48 + 17);                    /* Finished */
    flight(s, SERVER, begin)->random_at = (uint16_t)(random - begin);

    begin = s->n_octets;
    change_cipher_spec(s);
    sealed(s, APPLICATION_DATA, 4 + 48 + 17);
    flight(s, CLIENT, begin);
    begin = s->n_octets;
    sealed(s, APPLICATION_DATA, 250);
    sealed(s, APPLICATION_DATA, 250);
    flight(s, SERVER, begin);
}

bool script_tls13(struct script *s, const struct chain *chain, unsigned further)
{
    if (!script_open(s))
        return false;
    tcp_accept(s);
    handshake_13(s, chain);
    exchange(s, further);
    send_sealed(s, CLIENT, APPLICATION_DATA, 19);
    send_sealed(s, SERVER, APPLICATION_DATA, 19);
    tcp_close(s);
    return fits(s);
}

bool script_bulk(struct script *s, const struct chain *chain, unsigned records)
{
    if (!script_open(s))
        return false;
    tcp_accept(s);
    handshake_13(s, chain);
    send_sealed(s, CLIENT, APPLICATION_DATA, 320);
    s->loop_from = s->n_steps;
    send_sealed(s, SERVER, APPLICATION_DATA, RECORD_FULL);
    s->loop_to = s->n_steps;
    s->loops = records;
    s->loop_bytes[SERVER] = RECORD_FULL + 5;
    send_sealed(s, CLIENT, APPLICATION_DATA, 19);
    tcp_close(s);
    return fits(s);
}

/* --- without TLS ------------------------------------------------------------------------------ */

bool script_reset(struct script *s)
{
    if (!script_open(s))
        return false;
    tcp_accept(s);
    client_hello(s, true);
    step_add(s, SERVER, RST | ACK, 0, 0);
    return fits(s);
}

bool script_half_open(struct script *s)
{
    if (!script_open(s))
        return false;
    for (unsigned i = 0; i < 7; i++) {
        s->next[CLIENT] = 0;
        step_add(s, CLIENT, SYN, 0, 0);
    }
    return fits(s);
}

bool script_established(struct script *s)
{
    if (!script_open(s))
        return false;
    tcp_accept(s);
    for (unsigned i = 0; i < 3; i++) { /* keep-alives, RFC 1122 section 4.2.3.6 */
        s->next[CLIENT]--;
        acknowledge(s, CLIENT);
        s->next[CLIENT]++;
        acknowledge(s, SERVER);
    }
    return fits(s);
}
