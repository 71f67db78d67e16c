#include "evidence/mask.h"

#include "base/table.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { BLOCK = 16, TRIES = 64, SHORT_WORD = 3, MASK_MET = 2 * MASK_ADDRESSES };

struct word {
    char original[MASK_WORD + 1]; /* lower case */
    char stand_in[MASK_WORD + 1];
};

struct mask {
    EVP_CIPHER_CTX *aes; /* AES-128, one block at a time */
    uint8_t pad[BLOCK];
    const char *const *kept;
    struct table words;     /* char[MASK_WORD], lower case, zero-padded -> struct word */
    struct table taken;     /* stand-ins in use */
    struct table addresses; /* struct address -> struct address */
    bool strict;
    struct table met;     /* strict: struct address, originals and stand-ins in use */
    uint16_t vlans[4096]; /* strict: id -> its stand-in; 0 = not seen */
    uint16_t n_vlans;
};

static void encrypt(struct mask *m, const uint8_t in[BLOCK], uint8_t out[BLOCK])
{
    int n = 0;

    if (EVP_EncryptUpdate(m->aes, out, &n, in, BLOCK) != 1 || n != BLOCK)
        memset(out, 0, BLOCK); /* cannot happen with a key set; then everything looks alike */
}

static bool aes_open(struct mask *m, const uint8_t key[MASK_KEY])
{
    m->aes = EVP_CIPHER_CTX_new();
    if (!m->aes || EVP_EncryptInit_ex(m->aes, EVP_aes_128_ecb(), NULL, key, NULL) != 1 ||
        EVP_CIPHER_CTX_set_padding(m->aes, 0) != 1)
        return false;
    encrypt(m, key + BLOCK, m->pad);
    return true;
}

struct mask *mask_open(const uint8_t key[MASK_KEY], const char *const *kept)
{
    struct mask *m = calloc(1, sizeof *m);

    if (m && aes_open(m, key) &&
        table_open(&m->words, MASK_WORD, sizeof(struct word), MASK_WORDS) &&
        table_open(&m->taken, MASK_WORD, 1, MASK_WORDS) &&
        table_open(&m->addresses, sizeof(struct address), sizeof(struct address), MASK_ADDRESSES) &&
        table_open(&m->met, sizeof(struct address), 1, MASK_MET)) {
        m->kept = kept;
        return m;
    }
    mask_close(m);
    return NULL;
}

bool mask_draw_key(uint8_t key[MASK_KEY]) { return RAND_bytes(key, MASK_KEY) == 1; }

void mask_close(struct mask *m)
{
    if (!m)
        return;
    EVP_CIPHER_CTX_free(m->aes);
    table_close(&m->words);
    table_close(&m->taken);
    table_close(&m->addresses);
    table_close(&m->met);
    free(m);
}

void mask_be_strict(struct mask *m) { m->strict = true; }

/* ---- octets ---- */

/* A stream of octets that depends on the key, a purpose, and n octets at p. */
struct drawn {
    uint8_t block[BLOCK];
    unsigned used;
    struct mask *mask;
};

/* CBC over the octets, the purpose and length first: a code of them (lengths differ in the first
 * block, so no input is the beginning of another). */
static struct drawn draw(struct mask *m, uint8_t purpose, uint8_t turn, const uint8_t *p, size_t n)
{
    struct drawn d = { .used = BLOCK, .mask = m };
    uint8_t block[BLOCK] = { purpose,           turn,      (uint8_t)(n >> 24), (uint8_t)(n >> 16),
                             (uint8_t)(n >> 8), (uint8_t)n };

    encrypt(m, block, d.block);
    for (size_t at = 0; at < n; at += BLOCK) {
        size_t part = n - at < BLOCK ? n - at : BLOCK;
        memcpy(block, d.block, BLOCK);
        for (size_t i = 0; i < part; i++)
            block[i] ^= p[at + i];
        encrypt(m, block, d.block);
    }
    return d;
}

static uint8_t next_octet(struct drawn *d)
{
    uint8_t block[BLOCK];

    if (d->used == BLOCK) {
        memcpy(block, d->block, BLOCK);
        encrypt(d->mask, block, d->block);
        d->used = 0;
    }
    return d->block[d->used++];
}

enum purpose { OF_WORD = 1, OF_MAC, OF_OPAQUE, OF_ADDRESS };

/* ---- addresses ---- */

/* The bits of `value` from `fixed` on, each flipped by what AES makes of the bits before it.  value
 * and out have n_bits, in network order.  Crypto-PAn proper (`plain`) flips a bit like the one
 * before it wherever the value agrees with the pad there, which leaves one address in two thousand
 * of 10/8 as it was; with the number of bits in the block as well, each bit is drawn by itself. */
static void keep_prefixes(struct mask *m, const uint8_t *value, unsigned fixed, unsigned n_bits,
                          bool plain, uint8_t *out)
{
    uint8_t block[BLOCK], cipher[BLOCK];

    memcpy(out, value, n_bits / 8);
    for (unsigned at = fixed; at < n_bits; at++) {
        memcpy(block, m->pad, BLOCK);
        for (unsigned i = 0; i < at; i++) {
            uint8_t bit = (uint8_t)(0x80 >> i % 8);
            block[i / 8] = (uint8_t)((block[i / 8] & ~bit) | (value[i / 8] & bit));
        }
        block[BLOCK - 1] ^= plain ? 0 : (uint8_t)at;
        encrypt(m, block, cipher);
        out[at / 8] ^= (uint8_t)((cipher[0] >> 7) << (7 - at % 8));
    }
}

uint32_t mask_cryptopan(const uint8_t key[MASK_KEY], uint32_t address)
{
    struct mask m = { 0 };
    uint8_t value[4] = { (uint8_t)(address >> 24), (uint8_t)(address >> 16),
                         (uint8_t)(address >> 8), (uint8_t)address },
            out[4] = { 0 };

    if (aes_open(&m, key))
        keep_prefixes(&m, value, 0, 32, true, out);
    EVP_CIPHER_CTX_free(m.aes);
    return (uint32_t)out[0] << 24 | (uint32_t)out[1] << 16 | (uint32_t)out[2] << 8 | out[3];
}

/* The same, and never the value itself: where no bit was flipped the last one is, which for its
 * neighbour is as true, so that the map stays one to one. */
static void stand_in_of(struct mask *m, const uint8_t *value, unsigned fixed, unsigned n_bits,
                        uint8_t *out)
{
    keep_prefixes(m, value, fixed, n_bits, false, out);
    if (memcmp(out, value, n_bits / 8) == 0)
        out[n_bits / 8 - 1] ^= 1;
}

/* A block of addresses whose kind must be seen; whole = its members stay as they are. */
struct block {
    uint8_t octet[4];
    uint8_t bits;
    bool whole;
};

static const struct block blocks_v4[] = {
    { { 0 }, 8, true },                 /* RFC 1122 */
    { { 127 }, 8, true },               /* loopback */
    { { 169, 254 }, 16, true },         /* link-local */
    { { 208, 91, 112, 55 }, 32, true }, /* what a FortiGate answers for a blocked name */
    { { 224 }, 3, true },               /* multicast, reserved, broadcast */
    { { 10 }, 8, false },               /* RFC 1918 */
    { { 172, 16 }, 12, false },         /* RFC 1918 */
    { { 192, 168 }, 16, false },        /* RFC 1918 */
    { { 100, 64 }, 10, false },         /* RFC 6598 */
    { { 198, 18 }, 15, false },         /* RFC 2544 */
    { { 192, 0, 2 }, 24, false },       /* RFC 5737 */
    { { 198, 51, 100 }, 24, false },    /* RFC 5737 */
    { { 203, 0, 113 }, 24, false },     /* RFC 5737 */
};

static const struct block blocks_v6[] = {
    { { 0xff }, 8, true },                     /* multicast */
    { { 0xfc }, 7, false },                    /* RFC 4193 */
    { { 0x20, 0x01, 0x0d, 0xb8 }, 32, false }, /* RFC 3849 */
    { { 0x20 }, 3, false },                    /* global unicast */
};

static bool in_block(const uint8_t *value, const struct block *b)
{
    for (unsigned i = 0; i < b->bits; i++)
        if ((value[i / 8] ^ b->octet[i / 8]) & (0x80 >> i % 8))
            return false;
    return true;
}

static const struct block *block_of(const uint8_t *value, const struct block *blocks, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (in_block(value, &blocks[i]))
            return &blocks[i];
    return NULL;
}

/* An interface identifier made of a MAC address (RFC 4291 appendix A), or whatever it is. */
static void mask_interface(struct mask *m, uint8_t id[8])
{
    uint8_t mac[6] = { id[0] ^ 2, id[1], id[2], id[5], id[6], id[7] };

    if (id[3] != 0xff || id[4] != 0xfe) {
        mask_opaque(m, id, 8);
        return;
    }
    mask_mac(m, mac);
    id[0] = mac[0] ^ 2;
    id[1] = mac[1];
    id[2] = mac[2];
    id[5] = mac[3];
    id[6] = mac[4];
    id[7] = mac[5];
}

static bool is_link_local(const uint8_t *v6) { return v6[0] == 0xfe && (v6[1] & 0xc0) == 0x80; }

/* The ports of a public network must not turn into those of a private one. */
static bool kind_changed_v4(const uint8_t *before, const uint8_t *after)
{
    size_t n = sizeof blocks_v4 / sizeof *blocks_v4;
    return block_of(before, blocks_v4, n) != block_of(after, blocks_v4, n);
}

static bool is_free(const struct mask *m, const uint8_t *value, unsigned n_bits)
{
    struct address a;

    if (n_bits == 32)
        a = address_v4(value);
    else
        memcpy(a.octet, value, sizeof a.octet);
    return !table_get(&m->met, &a);
}

/* Of the same block and else at random: nobody's, as long as there is one that is nobody's. */
static void scatter(struct mask *m, uint8_t *value, unsigned fixed, unsigned n_bits)
{
    uint8_t out[BLOCK];

    for (unsigned turn = 0; turn <= UINT8_MAX; turn++) {
        struct drawn d = draw(m, OF_ADDRESS, (uint8_t)turn, value, n_bits / 8);
        for (unsigned i = 0; i < n_bits / 8; i++) {
            unsigned stay = fixed <= i * 8 ? 0 : fixed - i * 8 < 8 ? fixed - i * 8 : 8;
            uint8_t free_bits = (uint8_t)(0xff >> stay);
            out[i] = (uint8_t)((value[i] & ~free_bits) | (next_octet(&d) & free_bits));
        }
        if (is_free(m, out, n_bits) && !(n_bits == 32 && kind_changed_v4(value, out)))
            break;
    }
    memcpy(value, out, n_bits / 8);
}

/* Until the stand-in is of the same kind: the map stays one to one, since each step is (a walk on a
 * cycle that ends at the first member of the kind). */
static void mask_v4(struct mask *m, uint8_t quad[4])
{
    const struct block *b = block_of(quad, blocks_v4, sizeof blocks_v4 / sizeof *blocks_v4);
    uint8_t out[4], from[4];

    if (b && b->whole)
        return;
    if (m->strict) {
        scatter(m, quad, b ? b->bits : 0, 32);
        return;
    }
    memcpy(from, quad, 4);
    do {
        stand_in_of(m, from, b ? b->bits : 0, 32, out);
        memcpy(from, out, 4);
    } while (kind_changed_v4(quad, out));
    memcpy(quad, out, 4);
}

static void mask_v6(struct mask *m, uint8_t octet[BLOCK])
{
    const struct block *b = block_of(octet, blocks_v6, sizeof blocks_v6 / sizeof *blocks_v6);
    static const uint8_t nat64[12] = { 0, 0x64, 0xff, 0x9b }; /* RFC 6052 */
    /* The group that has the last octets of somebody's address (RFC 4291 section 2.7.1). */
    static const uint8_t solicited[13] = { 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff };
    static const uint8_t none[15];
    static const uint8_t portal[BLOCK] = { 0x20, 0x01, 0xcd, 0xba, 0,    0,    0,    0,
                                           0,    0,    0,    0,    0x32, 0x57, 0x96, 0x52 };
    uint8_t out[BLOCK];

    if (is_link_local(octet)) {
        mask_interface(m, octet + 8);
        return;
    }
    if (memcmp(octet, solicited, sizeof solicited) == 0) {
        mask_opaque(m, octet + sizeof solicited, BLOCK - sizeof solicited);
        return;
    }
    if (memcmp(octet, nat64, sizeof nat64) == 0) {
        mask_v4(m, octet + 12);
        return;
    }
    if (b ? b->whole : memcmp(octet, none, sizeof none) == 0)
        return; /* unspecified, loopback: nobody's */
    if (memcmp(octet, portal, BLOCK) == 0)
        return; /* the same answer for blocked names */
    if (m->strict) {
        scatter(m, octet, b ? b->bits : 8, 128);
        return;
    }
    stand_in_of(m, octet, b ? b->bits : 8, 128, out);
    memcpy(octet, out, BLOCK);
}

void mask_meet(struct mask *m, const struct address *address)
{
    if (m->strict)
        table_put(&m->met, address);
}

void mask_address(struct mask *m, struct address *address)
{
    struct address original = *address;
    const struct address *known = table_get(&m->addresses, &original);

    if (known) {
        *address = *known;
        return;
    }
    if (address_is_ipv4(address))
        mask_v4(m, address->octet + 12);
    else
        mask_v6(m, address->octet);
    struct address *kept =
        address_equal(address, &original) ? NULL : table_put(&m->addresses, &original);
    if (kept)
        *kept = *address;
    mask_meet(m, address);
}

bool mask_knows_address(const struct mask *m, const struct address *address)
{
    return table_get(&m->addresses, address) != NULL;
}

/* ---- octets ---- */

void mask_mac(struct mask *m, uint8_t mac[6])
{
    static const uint8_t none[6], solicited[3] = { 0x33, 0x33, 0xff };
    struct drawn d = draw(m, OF_MAC, 0, mac, 6);

    if (memcmp(mac, solicited, sizeof solicited) == 0)
        mask_opaque(m, mac + 3, 3); /* as in the address of the group */
    if (mac[0] & 1 || memcmp(mac, none, 6) == 0)
        return; /* groups are nobody */
    for (size_t i = m->strict ? 0 : 3; i < 6; i++)
        mac[i] = next_octet(&d);
    if (m->strict)
        mac[0] = (uint8_t)((mac[0] & 0xfc) | 2); /* administered locally, somebody's */
}

/* 0 and 4095 mean no network (IEEE 802.1Q, table 9-2). */
uint16_t mask_vlan(struct mask *m, uint16_t id)
{
    if (!m->strict || !id || id >= 4095)
        return id;
    if (!m->vlans[id])
        m->vlans[id] = ++m->n_vlans;
    return m->vlans[id];
}

void mask_opaque(struct mask *m, uint8_t *p, size_t n)
{
    struct drawn d = draw(m, OF_OPAQUE, 0, p, n);

    for (size_t i = 0; i < n; i++)
        p[i] = next_octet(&d);
}

/* ---- words ---- */

static void lower_key(const uint8_t *word, size_t n, char out[MASK_WORD])
{
    memset(out, 0, MASK_WORD);
    for (size_t i = 0; i < n; i++)
        out[i] = (char)tolower(word[i]);
}

/* FGT60F0000000001: the letters that say "a FortiGate" stay, the device goes. */
static size_t serial_prefix(const char *word, size_t n)
{
    enum { PREFIX = 3, LEAST = 11 };

    if (n < LEAST || !isdigit((unsigned char)word[n - 1]))
        return 0;
    return strncmp(word, "fg", 2) == 0 || strncmp(word, "fwf", PREFIX) == 0 ||
                   strncmp(word, "fpx", PREFIX) == 0
               ? PREFIX
               : 0;
}

/* Octets from `at` on that begin with a word that stays; 0 = none. */
static size_t kept_at(const struct mask *m, const char *word, size_t n, size_t at)
{
    if (at == 0 && serial_prefix(word, n))
        return serial_prefix(word, n);
    for (size_t k = 0; m->kept && m->kept[k]; k++) {
        size_t length = strlen(m->kept[k]);
        if (at + length <= n && strncmp(word + at, m->kept[k], length) == 0)
            return length;
    }
    return 0;
}

static bool holds_kept(const struct mask *m, const char *word, size_t n)
{
    for (size_t at = 0; at < n; at++)
        if (kept_at(m, word, n, at))
            return true;
    return false;
}

static char stand_in_for(char c, uint8_t drawn)
{
    return (char)(isdigit((unsigned char)c) ? '0' + drawn % 10 : 'a' + drawn % 26);
}

/* One try; false when it says a word that has a meaning, or somebody else's. */
static bool try_word(struct mask *m, uint8_t turn, const char word[MASK_WORD], size_t n,
                     char out[MASK_WORD])
{
    struct drawn d = draw(m, OF_WORD, turn, (const uint8_t *)word, n);
    bool drew = false;

    memset(out, 0, MASK_WORD);
    for (size_t i = 0; i < n;) {
        size_t stays = kept_at(m, word, n, i);
        memcpy(out + i, word + i, stays);
        i += stays;
        if (stays)
            continue;
        out[i] = stand_in_for(word[i], next_octet(&d));
        drew = true;
        i++;
    }
    if (!drew)
        return true;
    if (n > 1 && memcmp(out, word, n) == 0)
        return false;
    if (n > SHORT_WORD && (table_get(&m->taken, out) || table_get(&m->words, out)))
        return false;
    return holds_kept(m, word, n) || !holds_kept(m, out, n);
}

static const char *word_stand_in(struct mask *m, const char word[MASK_WORD], size_t n)
{
    static char beyond[MASK_WORD];
    struct word *w = table_put(&m->words, word);
    char out[MASK_WORD];

    if (w && w->stand_in[0])
        return w->stand_in;
    for (unsigned turn = 0; turn < TRIES && !try_word(m, (uint8_t)turn, word, n, out);)
        turn++;
    if (!w) {
        memcpy(beyond, out, MASK_WORD);
        return beyond;
    }
    memcpy(w->original, word, n);
    memcpy(w->stand_in, out, n);
    table_put(&m->taken, out);
    return w->stand_in;
}

bool mask_redraw(struct mask *m)
{
    for (size_t i = 0; i < m->words.n; i++) {
        struct word *w = table_at(&m->words, i);
        memset(w->stand_in, 0, sizeof w->stand_in);
    }
    table_close(&m->taken);
    return table_open(&m->taken, MASK_WORD, 1, MASK_WORDS);
}

void mask_word(struct mask *m, uint8_t *word, size_t n)
{
    char lower[MASK_WORD];

    while (n) {
        size_t part = n < MASK_WORD ? n : MASK_WORD;
        lower_key(word, part, lower);
        const char *stand_in = word_stand_in(m, lower, part);
        for (size_t i = 0; i < part; i++)
            word[i] = (uint8_t)(isupper(word[i]) ? toupper(stand_in[i]) : stand_in[i]);
        word += part;
        n -= part;
    }
}

bool mask_is_public(const uint8_t *label, size_t n)
{
    static const char *const known[] = { "com",  "net",      "org",     "local",     "lan",
                                         "corp", "internal", "example", "home",      "intranet",
                                         "test", "arpa",     "invalid", "localhost", "edu",
                                         "gov",  "mil",      "info",    "cloud",     "app",
                                         "dev",  "biz",      "int" };
    if (n == 2 && isalpha(label[0]) && isalpha(label[1]))
        return true; /* a country */
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strlen(known[i]) == n && strncasecmp((const char *)label, known[i], n) == 0)
            return true;
    return false;
}

void mask_label(struct mask *m, uint8_t *label, size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t run = 0;
        while (i + run < n && isalnum(label[i + run]))
            run++;
        if (run)
            mask_word(m, label + i, run);
        i += run ? run : 1;
    }
}

void mask_name(struct mask *m, uint8_t *name, size_t n)
{
    size_t last = n && name[n - 1] == '.' ? n - 1 : n, label = last;

    while (label && name[label - 1] != '.')
        label--;
    bool stays = label && !m->strict && mask_is_public(name + label, last - label);
    mask_label(m, name, stays ? label : n);
}

bool mask_knows_word(const struct mask *m, const uint8_t *word, size_t n)
{
    char lower[MASK_WORD];

    if (!n || n > MASK_WORD)
        return false;
    lower_key(word, n, lower);
    const struct word *w = table_get(&m->words, lower);
    return w && strcmp(w->original, w->stand_in) != 0;
}

size_t mask_count(const struct mask *m)
{
    size_t n = m->addresses.n;

    for (size_t i = 0; i < m->words.n; i++) {
        const struct word *w = table_at(&m->words, i);
        n += strcmp(w->original, w->stand_in) != 0;
    }
    return n;
}

bool mask_word_at(const struct mask *m, size_t i, const char **original, const char **stand_in)
{
    if (i >= m->words.n)
        return false;
    const struct word *w = table_at(&m->words, i);
    *original = w->original;
    *stand_in = w->stand_in;
    return true;
}

bool mask_address_at(const struct mask *m, size_t i, struct address *original,
                     struct address *stand_in)
{
    if (i >= m->addresses.n)
        return false;
    memcpy(original, table_key(&m->addresses, i), sizeof *original);
    memcpy(stand_in, table_at(&m->addresses, i), sizeof *stand_in);
    return true;
}
