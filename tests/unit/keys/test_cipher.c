/* Records opened: the vectors of RFC 8448 section 3, and what must not open. */
#include "keys/cipher.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static size_t hex(const char *text, uint8_t *out)
{
    size_t n = 0;

    for (; text[0] && text[1]; text += text[2] == ' ' ? 3 : 2) {
        char octet[3] = { text[0], text[1], 0 };
        out[n++] = (uint8_t)strtoul(octet, NULL, 16);
    }
    return n;
}

/* "derive secret "tls13 c hs traffic"" of the simple 1-RTT handshake. */
static struct direction client_13(void)
{
    uint8_t secret[48];
    size_t n = hex("b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21", secret);
    struct direction d = { .suite = suite_of(0x1301, true), .version = 0x0304, .tls13 = true };

    cr_assert(schedule_13(&d, secret, (uint8_t)n));
    return d;
}

/* {client} send a "protected" handshake record: its Finished. */
static const char finished[] = "75ec4dc238cce60b298044a71e219c56cc77b0517fe9b93c7a4bfc44d87f38f8033"
                               "8ac98fc46deb384bd1caeacab6867"
                               "d726c40546";

Test(cipher, keys_of_tls_13_are_those_of_the_rfc)
{
    uint8_t key[16], iv[12];
    hex("dbfaa693d1762c5b666af5d950258d01", key);
    hex("5bd3c71b836e0b76bb73265f", iv);

    struct direction d = client_13();

    cr_assert_arr_eq(d.key, key, sizeof key);
    cr_assert_arr_eq(d.iv, iv, sizeof iv);
}

Test(cipher, the_finished_of_the_rfc_opens)
{
    uint8_t body[64], out[64], plain[64];
    struct sealed r = { .type = 23, .version = 0x0303 };
    struct unsealed u;
    struct direction d = client_13();
    r.body = bytes_whole(body, hex(finished, body));
    size_t n =
        hex("14000020a8ec436d677634ae525ac1fcebe11a039ec17694fac6e98527b642f2edd5ce61", plain);

    cr_assert(cipher_open(&d, &r, out, &u));

    cr_assert_eq(u.type, 22);
    cr_assert_eq(u.n, n);
    cr_assert_arr_eq(out, plain, n);
}

Test(cipher, what_was_changed_does_not_open_and_leaves_nothing)
{
    uint8_t body[64], out[64], nothing[64] = { 0 };
    struct unsealed u;
    struct direction d = client_13();
    size_t n = hex(finished, body);

    for (size_t i = 0; i < n; i++) {
        body[i] ^= 1;
        struct sealed r = { .type = 23, .version = 0x0303, .body = bytes_whole(body, n) };
        cr_assert_not(cipher_open(&d, &r, out, &u));
        cr_assert_arr_eq(out, nothing, n);
        body[i] ^= 1;
    }
    struct sealed other = { .sequence = 1, .type = 23, .version = 0x0303 };
    other.body = bytes_whole(body, n);
    cr_assert_not(cipher_open(&d, &other, out, &u));
}

Test(cipher, short_bodies_are_no_records)
{
    static const uint16_t numbers[] = { 0xc02f, 0xcca8, 0xc09c, 0xc0a0, 0x002f, 0xc014, 0x000a };
    uint8_t body[64] = { 0 }, out[64], master[48] = { 0 }, random[32] = { 0 };
    struct unsealed u;

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        for (int etm = 0; etm < 2; etm++) {
            struct direction d = { .suite = suite_of(numbers[i], false), .version = 0x0303 };
            d.encrypt_then_mac = etm && d.suite.mode == SUITE_CBC;
            cr_assert(schedule_12(&d, CLIENT, master, random, random), "suite %04x", numbers[i]);
            for (size_t n = 0; n <= sizeof body; n++) {
                struct sealed r = { .type = 22, .version = 0x0303, .body = bytes_whole(body, n) };
                cr_assert_not(cipher_open(&d, &r, out, &u));
            }
        }
}

Test(cipher, suites_are_read_from_their_names)
{
    cr_assert_str_eq(suite_of(0x1302, true).cipher, "AES-256-GCM");
    cr_assert_str_eq(suite_of(0x1302, true).hash, "SHA384");
    cr_assert_eq(suite_of(0x1305, true).tag_octets, 8);
    cr_assert_str_eq(suite_of(0xc028, false).mac, "SHA384");
    cr_assert_eq(suite_of(0x002f, false).mac_octets, 20);
    cr_assert_eq(suite_of(0xcca9, false).iv_octets, 12);
    cr_assert_eq(suite_of(0x0005, false).mode, SUITE_UNREADABLE, "RC4");
    cr_assert_eq(suite_of(0x1301, false).mode, SUITE_UNREADABLE, "of another version");
    cr_assert_eq(suite_of(0x0008, false).mode, SUITE_UNREADABLE, "export");
}

Test(cipher, a_null_suite_opens_by_its_mac_alone)
{
    /* HMAC-SHA256 under 32 zero octets of sequence 0, type 22, version 1.2, length 4, "abcd": by
     * openssl dgst. */
    uint8_t body[64] = "abcd", out[64];
    struct unsealed u;
    struct direction d = { .suite = suite_of(0x003b, false), .version = 0x0303 };
    struct sealed r = { .type = 22, .version = 0x0303 };
    size_t n = hex("64eaf4a930cc529dcb49a25a5fcb5bcfeb7b651e2b20bb491b02ec290d562b02", body + 4);

    r.body = bytes_whole(body, 4 + n);
    cr_assert(cipher_open(&d, &r, out, &u));
    cr_assert_eq(u.n, 4);
    body[0] = 'x';
    cr_assert_not(cipher_open(&d, &r, out, &u));
}
