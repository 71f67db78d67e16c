#include "evidence/mask.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const uint8_t key[MASK_KEY] = { 21,  34, 23,  141, 51, 164, 207, 128, 19,  10,  91,
                                       22,  73, 144, 125, 16, 216, 152, 143, 131, 121, 121,
                                       101, 39, 98,  87,  76, 45,  42,  132, 34,  2 };
static const char *const kept[] = { "ems", NULL };
static struct mask *mask;

static void open_mask(void)
{
    mask = mask_open(key, kept);
    cr_assert(mask);
}

static void close_mask(void) { mask_close(mask); }

TestSuite(mask, .init = open_mask, .fini = close_mask);

static const char *masked_name(const char *name)
{
    static char out[256];

    snprintf(out, sizeof out, "%s", name);
    mask_name(mask, (uint8_t *)out, strlen(out));
    return out;
}

static struct address masked(const char *text)
{
    struct address a;

    cr_assert(address_parse(text, &a));
    mask_address(mask, &a);
    return a;
}

static unsigned common_bits(struct address a, struct address b)
{
    unsigned n = 0;

    while (n < 128 && !((a.octet[n / 8] ^ b.octet[n / 8]) & (0x80 >> n % 8)))
        n++;
    return n;
}

struct vector {
    const char *address, *stand_in;
};

/* Of the sample trace that comes with Crypto-PAn 1.0, made with this key. */
static const struct vector vectors[] = {
    { "128.11.68.132", "135.242.180.132" },   { "129.118.74.4", "134.136.186.123" },
    { "130.132.252.244", "133.68.164.234" },  { "141.223.7.43", "141.167.8.160" },
    { "141.233.145.108", "141.129.237.235" }, { "152.163.225.39", "151.140.114.167" },
    { "156.29.3.236", "147.225.12.42" },      { "165.247.96.84", "162.9.99.234" },
    { "166.107.77.190", "160.132.178.185" },  { "192.102.249.13", "252.138.62.131" },
};

Test(mask, the_published_vectors_come_out)
{
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        struct address from, to;
        uint8_t out[4];
        address_parse(vectors[i].address, &from);
        address_parse(vectors[i].stand_in, &to);
        const uint8_t *q = from.octet + 12;
        uint32_t v = mask_cryptopan(key, (uint32_t)q[0] << 24 | (uint32_t)q[1] << 16 |
                                             (uint32_t)q[2] << 8 | q[3]);
        out[0] = (uint8_t)(v >> 24), out[1] = (uint8_t)(v >> 16);
        out[2] = (uint8_t)(v >> 8), out[3] = (uint8_t)v;
        cr_expect_arr_eq(out, to.octet + 12, 4, "%s", vectors[i].address);
    }
}

Test(mask, what_shares_a_prefix_shares_it_afterwards)
{
    cr_assert_eq(common_bits(masked("10.20.40.17"), masked("10.20.40.18")), 96 + 30);
    cr_assert_eq(common_bits(masked("10.20.40.17"), masked("10.20.41.17")), 96 + 23);
    cr_assert_eq(common_bits(masked("2001:db8:40::17"), masked("2001:db8:40::18")), 124);
    cr_assert_eq(common_bits(masked("2001:db8:40::17"), masked("2001:db8:41::17")), 47);
}

/* In a block of 24 bits hardly a network may stay where it was, whatever the key; of one of 8 none
 * at all, and no two may meet. */
Test(mask, nobody_is_the_own_stand_in_and_no_two_share_one)
{
    for (unsigned draw = 0; draw < 4000; draw++) {
        uint8_t drawn[MASK_KEY];
        bool taken[256] = { false };
        memcpy(drawn, key, MASK_KEY);
        drawn[0] ^= (uint8_t)draw;
        drawn[1] ^= (uint8_t)(draw >> 8);
        struct mask *m = mask_open(drawn, kept);
        for (unsigned i = 0; i < 256; i += draw % 64 ? 16 : 1) {
            struct address a = address_v4((const uint8_t[]){ 192, 0, 2, (uint8_t)i });
            mask_address(m, &a);
            cr_assert(a.octet[15] != i && !taken[a.octet[15]], "draw %u, .%u", draw, i);
            taken[a.octet[15]] = true;
        }
        struct address a = address_v4((const uint8_t[]){ 10, 20, 40, 17 });
        mask_address(m, &a);
        cr_expect(memcmp(a.octet + 12, (const uint8_t[]){ 10, 20, 40 }, 3) != 0, "draw %u", draw);
        mask_close(m);
    }
}

Test(mask, the_kind_of_an_address_stays)
{
    cr_assert_eq(masked("10.20.40.17").octet[12], 10);
    cr_assert_eq(masked("172.20.40.17").octet[13] & 0xf0, 16);
    cr_assert_eq(masked("192.168.40.17").octet[13], 168);
    cr_assert_eq(masked("fd00::17").octet[0] & 0xfe, 0xfc);
    for (unsigned i = 1; i < 200; i++) {
        char text[32];
        snprintf(text, sizeof text, "%u.7.9.%u", 11 + i % 100, i);
        struct address a = masked(text);
        cr_expect(a.octet[12] != 10 && a.octet[12] != 127 && a.octet[12] < 224, "%s", text);
    }
}

Test(mask, addresses_of_nobody_stay)
{
    static const char *const nobody[] = { "0.0.0.0",    "127.0.0.1",       "169.254.3.4",
                                          "224.0.0.22", "255.255.255.255", "::1",
                                          "ff02::1",    "208.91.112.55" };

    for (size_t i = 0; i < sizeof nobody / sizeof *nobody; i++) {
        struct address a, b = masked(nobody[i]);
        address_parse(nobody[i], &a);
        cr_expect(address_equal(&a, &b), "%s", nobody[i]);
    }
}

Test(mask, an_address_made_of_a_mac_hides_the_same_half)
{
    uint8_t mac[6] = { 0x00, 0x00, 0x5e, 0x11, 0x22, 0x33 };
    struct address a = masked("fe80::200:5eff:fe11:2233");

    mask_mac(mask, mac);
    cr_assert_arr_eq(a.octet + 13, mac + 3, 3);
    cr_assert_eq(mac[2], 0x5e);
    cr_assert(mac[3] != 0x11 || mac[4] != 0x22 || mac[5] != 0x33);
}

Test(mask, names_keep_length_case_and_equality)
{
    char first[64], second[64];

    snprintf(first, sizeof first, "%s", masked_name("Portal.Contoso.example"));
    snprintf(second, sizeof second, "%s", masked_name("portal.contoso.example"));

    cr_assert_eq(strlen(first), strlen("Portal.Contoso.example"));
    cr_assert_str_eq(strrchr(first, '.'), ".example");
    cr_assert(isupper((unsigned char)first[0]));
    cr_assert_neq(strcmp(second, "portal.contoso.example"), 0);
    for (size_t i = 0; first[i]; i++)
        cr_assert_eq(tolower((unsigned char)first[i]), second[i]);
}

Test(mask, the_word_of_the_product_stays_in_names)
{
    const char *out = masked_name("ems-01.contoso.example");

    cr_assert_eq(strncmp(out, "ems-", 4), 0);
    cr_assert(isdigit((unsigned char)out[4]) && isdigit((unsigned char)out[5]));
}

Test(mask, the_number_of_a_fortigate_stays_one_and_becomes_anothers)
{
    const char *serial = masked_name("FG121GTK23000612");

    cr_assert_eq(strncmp(serial, "FG1", 3), 0);
    cr_assert_str_neq(serial, "FG121GTK23000612");
    cr_assert_eq(strlen(serial), 16);
    cr_assert_neq(strncmp(masked_name("fgserver"), "fgs", 3), 0);
}

Test(mask, two_words_never_share_a_stand_in)
{
    char seen[2000][8];

    for (unsigned i = 0; i < 2000; i++) {
        snprintf(seen[i], sizeof seen[i], "w%04u", i);
        mask_word(mask, (uint8_t *)seen[i], 5);
        for (unsigned k = 0; k < i; k++)
            cr_assert_neq(strcmp(seen[i], seen[k]), 0, "%u and %u", i, k);
    }
}

Test(mask, what_was_replaced_is_known_in_any_case)
{
    masked_name("portal.contoso.example");

    cr_assert(mask_knows_word(mask, (const uint8_t *)"CONTOSO", 7));
    cr_assert_not(mask_knows_word(mask, (const uint8_t *)"example", 7));
}

Test(mask, opaque_octets_are_equal_where_they_were)
{
    uint8_t a[20] = "session identifier", b[20] = "session identifier", c[20] = "another";

    mask_opaque(mask, a, sizeof a);
    mask_opaque(mask, b, sizeof b);
    mask_opaque(mask, c, sizeof c);

    cr_assert_arr_eq(a, b, sizeof a);
    cr_assert_arr_neq(a, c, sizeof a);
    cr_assert_arr_neq(a, "session identifier", sizeof "session identifier");
}

Test(mask, another_key_gives_other_stand_ins)
{
    uint8_t other_key[MASK_KEY] = { 1 };
    struct mask *other = mask_open(other_key, kept);
    struct address a, b = masked("10.20.40.17");

    address_parse("10.20.40.17", &a);
    mask_address(other, &a);
    cr_assert_not(address_equal(&a, &b));
    mask_close(other);
}

Test(mask, a_strict_one_keeps_the_block_of_an_address_and_no_prefix)
{
    struct address seen[200];
    unsigned shared = 0;
    char text[32];
    mask_be_strict(mask);
    for (unsigned i = 0; i < 200; i++) {
        snprintf(text, sizeof text, "10.20.40.%u", i);
        address_parse(text, &seen[i]);
        mask_meet(mask, &seen[i]);
    }
    for (unsigned i = 0; i < 200; i++) {
        snprintf(text, sizeof text, "10.20.40.%u", i);
        struct address a = masked(text), again = masked(text);

        cr_assert(address_equal(&a, &again));
        cr_assert_eq(a.octet[12], 10);
        shared += a.octet[13] == 20 && a.octet[14] == 40;
        for (unsigned k = 0; k < 200; k++)
            cr_assert_not(address_equal(&a, &seen[k]), "somebody else's");
    }
    cr_assert_leq(shared, 2);
}

Test(mask, a_strict_one_replaces_public_suffixes_as_well)
{
    mask_be_strict(mask);

    const char *name = masked_name("host.contoso.example");

    cr_assert_eq(strlen(name), strlen("host.contoso.example"));
    cr_assert(!strstr(name, "example") && !strstr(name, "contoso") && !strstr(name, "host"));
}
