#include "x509/digest.h"

#include <criterion/criterion.h>
#include <string.h>

/* FIPS 180 examples. */
Test(digest, sha_1_of_known_messages)
{
    static const uint8_t abc[] = { 0xa9, 0x99, 0x3e, 0x36, 0x47, 0x06, 0x81, 0x6a, 0xba, 0x3e,
                                   0x25, 0x71, 0x78, 0x50, 0xc2, 0x6c, 0x9c, 0xd0, 0xd8, 0x9d };
    static const uint8_t nothing[] = { 0xda, 0x39, 0xa3, 0xee, 0x5e, 0x6b, 0x4b, 0x0d, 0x32, 0x55,
                                       0xbf, 0xef, 0x95, 0x60, 0x18, 0x90, 0xaf, 0xd8, 0x07, 0x09 };
    uint8_t out[DIGEST_SHA1];

    digest_sha1("abc", 3, out);
    cr_assert_arr_eq(out, abc, sizeof abc);
    digest_sha1("", 0, out);
    cr_assert_arr_eq(out, nothing, sizeof nothing);
}

/* RFC 1321 A.5 and FIPS 180-4. */
Test(digest, md5_and_sha_256_in_hex)
{
    struct digester *d = digester_open();
    char out[DIGEST_HEX];

    cr_assert_not_null(d);
    for (int again = 0; again < 2; again++) {
        cr_assert(digester_hex(d, DIGEST_MD5, "abc", 3, out));
        cr_assert_str_eq(out, "900150983cd24fb0d6963f7d28e17f72");
        cr_assert(digester_hex(d, DIGEST_MD5, "", 0, out));
        cr_assert_str_eq(out, "d41d8cd98f00b204e9800998ecf8427e");
        cr_assert(digester_hex(d, DIGEST_SHA256, "abc", 3, out));
        cr_assert_str_eq(out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
    digester_close(d);
}

/* RFC 4648 section 10. */
Test(digest, base64_of_the_vectors_of_the_rfc)
{
    static const char *const vectors[][2] = {
        { "", "" },
        { "f", "Zg==" },
        { "fo", "Zm8=" },
        { "foo", "Zm9v" },
        { "foob", "Zm9vYg==" },
        { "fooba", "Zm9vYmE=" },
        { "foobar", "Zm9vYmFy" },
    };
    char out[16];

    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        size_t n = digest_base64((const uint8_t *)vectors[i][0], strlen(vectors[i][0]), out);
        out[n] = '\0';
        cr_expect_str_eq(out, vectors[i][1]);
    }
}
