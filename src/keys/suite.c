#include "keys/suite.h"

#include "base/text.h"
#include "tls/names.h"

#include <string.h>

/* clang-format off */
static const struct cipher {
    const char *in_name, *of_openssl;
    enum suite_mode mode;
    uint8_t key, iv, tag, block;
} ciphers[] = {
    { "AES_128_GCM_",        "AES-128-GCM",       SUITE_GCM,      16, 4,  16, 0 },
    { "AES_256_GCM_",        "AES-256-GCM",       SUITE_GCM,      32, 4,  16, 0 },
    { "ARIA_128_GCM_",       "ARIA-128-GCM",      SUITE_GCM,      16, 4,  16, 0 },
    { "ARIA_256_GCM_",       "ARIA-256-GCM",      SUITE_GCM,      32, 4,  16, 0 },
    { "AES_128_CCM_8",       "AES-128-CCM",       SUITE_CCM,      16, 4,  8,  0 },
    { "AES_256_CCM_8",       "AES-256-CCM",       SUITE_CCM,      32, 4,  8,  0 },
    { "AES_128_CCM",         "AES-128-CCM",       SUITE_CCM,      16, 4,  16, 0 },
    { "AES_256_CCM",         "AES-256-CCM",       SUITE_CCM,      32, 4,  16, 0 },
    { "CHACHA20_POLY1305_",  "ChaCha20-Poly1305", SUITE_CHACHA20, 32, 12, 16, 0 },
    { "AES_128_CBC_",        "AES-128-CBC",       SUITE_CBC,      16, 16, 0,  16 },
    { "AES_256_CBC_",        "AES-256-CBC",       SUITE_CBC,      32, 16, 0,  16 },
    { "CAMELLIA_128_CBC_",   "CAMELLIA-128-CBC",  SUITE_CBC,      16, 16, 0,  16 },
    { "CAMELLIA_256_CBC_",   "CAMELLIA-256-CBC",  SUITE_CBC,      32, 16, 0,  16 },
    { "ARIA_128_CBC_",       "ARIA-128-CBC",      SUITE_CBC,      16, 16, 0,  16 },
    { "ARIA_256_CBC_",       "ARIA-256-CBC",      SUITE_CBC,      32, 16, 0,  16 },
    { "3DES_EDE_CBC_",       "DES-EDE3-CBC",      SUITE_CBC,      24, 8,  0,  8 },
    { "NULL_",               "",                  SUITE_NULL,     0,  0,  0,  0 },
};

static const struct mac {
    const char *end, *of_openssl;
    uint8_t octets;
} macs[] = {
    { "_SHA384", "SHA384", 48 }, { "_SHA256", "SHA256", 32 }, { "_SHA", "SHA1", 20 }, { "_MD5", "MD5", 16 },
};
/* clang-format on */

static bool ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);
    return n >= m && strcmp(name + n - m, end) == 0;
}

static void mac_find(const char *name, struct suite *out)
{
    for (size_t i = 0; i < sizeof macs / sizeof *macs; i++)
        if (ends_with(name, macs[i].end)) {
            out->mac = macs[i].of_openssl;
            out->mac_octets = macs[i].octets;
            return;
        }
    out->mode = SUITE_UNREADABLE;
}

struct suite suite_of(uint16_t number, bool tls13)
{
    struct suite out = { .mode = SUITE_UNREADABLE, .hash = "SHA256" };
    const char *name = tls_suite_name(number);
    const char *with = name ? strstr(name, "_WITH_") : NULL;

    if (!name || (with == NULL) != tls13 || strstr(name, "_EXPORT_"))
        return out;
    with = tls13 ? name + strlen("TLS_") : with + strlen("_WITH_");
    for (size_t i = 0; i < sizeof ciphers / sizeof *ciphers; i++) {
        const struct cipher *c = &ciphers[i];
        if (strncmp(with, c->in_name, strlen(c->in_name)) != 0)
            continue;
        out.mode = c->mode;
        text_copy(out.cipher, sizeof out.cipher, c->of_openssl);
        out.key_octets = c->key;
        out.iv_octets = tls13 ? 12 : c->iv;
        out.tag_octets = c->tag;
        out.block = c->block;
        break;
    }
    if (ends_with(name, "_SHA384"))
        out.hash = "SHA384";
    if (out.mode == SUITE_CBC || out.mode == SUITE_NULL)
        mac_find(name, &out);
    return out;
}
