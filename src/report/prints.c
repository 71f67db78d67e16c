#include "report/prints.h"

#include "base/hash.h"
#include "tls/prints.h"
#include "x509/digest.h"

#include <stdio.h>
#include <stdlib.h>

enum { KEY_MAX = 1000, KEPT = 16, JA4_DIGEST = 12 };

/* All that the fingerprints of a hello depend on, in few octets. */
struct key {
    size_t n;
    bool full; /* it does not fit: nothing is remembered */
    uint8_t at[KEY_MAX];
};

struct kept {
    struct key key; /* n = 0: nothing kept */
    struct prints prints;
};

struct prints_maker {
    struct digester *digester;
    struct hash_seed seed;
    struct kept client[KEPT], server[KEPT]; /* by hash of the key; the newest stays */
    char text[PRINT_TEXT];
};

static struct prints_maker *maker_open(void)
{
    struct prints_maker *m = calloc(1, sizeof *m);

    if (m && (m->digester = digester_open())) {
        m->seed = hash_seed_draw();
        return m;
    }
    free(m);
    return NULL;
}

void prints_close(struct prints_maker *m)
{
    if (!m)
        return;
    digester_close(m->digester);
    free(m);
}

/* ---- what was printed before ------------------------------------------------------------------
 */

static void key_add(struct key *k, const void *p, size_t n)
{
    uint16_t length = (uint16_t)n;

    k->full = k->full || n + sizeof length > KEY_MAX - k->n;
    if (k->full)
        return;
    memcpy(k->at + k->n, &length, sizeof length);
    if (n) /* what is not there has no address */
        memcpy(k->at + k->n + sizeof length, p, n);
    k->n += sizeof length + n;
}

/* Which extensions there are; what most of them hold is no part of a fingerprint. */
static void key_add_extensions(struct key *k, struct bytes block)
{
    uint16_t types[KEY_MAX / 2];
    size_t n = 0;

    while (bytes_ok(&block) && block.left >= 4 && n < KEY_MAX / 2) {
        types[n++] = bytes_u16(&block);
        (void)bytes_vector(&block, 2);
    }
    key_add(k, types, n * sizeof *types);
    k->full = k->full || n == KEY_MAX / 2;
}

static void key_of_client(const struct tls_client_hello *h, struct key *k)
{
    const struct bytes *const lists[] = { &h->suites,        &h->groups, &h->signature_schemes,
                                          &h->point_formats, &h->alpn,   &h->versions };

    k->n = k->full = 0;
    key_add(k, &h->legacy_version, sizeof h->legacy_version);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        key_add(k, lists[i]->at, lists[i]->left);
    key_add_extensions(k, h->extensions);
}

static void key_of_server(const struct tls_server_hello *h, struct key *k)
{
    k->n = k->full = 0;
    key_add(k, &h->legacy_version, sizeof h->legacy_version);
    key_add(k, &h->suite, sizeof h->suite);
    key_add_extensions(k, h->extensions);
}

static struct kept *kept_of(const struct prints_maker *m, struct kept *all, const struct key *k)
{
    return &all[hash_bytes(k->at, k->n, m->seed) % KEPT];
}

static bool is_kept(const struct kept *kept, const struct key *k)
{
    return !k->full && kept->key.n == k->n && memcmp(kept->key.at, k->at, k->n) == 0;
}

static void keep(struct kept *kept, const struct key *k, const struct prints *prints)
{
    if (k->full)
        return;
    kept->key = *k;
    kept->prints = *prints;
}

/* ---- making them ------------------------------------------------------------------------------
 */

static struct text blank(struct prints_maker *m) { return text_of(m->text, sizeof m->text); }

/* The first `letters` of the digest of a text, NUL behind them. */
static bool digest_put(struct prints_maker *m, enum digest_kind kind, const struct text *t,
                       size_t letters, char *out)
{
    char digest[DIGEST_HEX];

    if (t->cut || !digester_hex(m->digester, kind, t->at, t->n, digest))
        return false;
    memcpy(out, digest, letters);
    out[letters] = '\0';
    return true;
}

static bool ja4_part(struct prints_maker *m, const struct text *t, char *out)
{
    if (t->n)
        return digest_put(m, DIGEST_SHA256, t, JA4_DIGEST, out);
    memcpy(out, "000000000000", JA4_DIGEST + 1);
    return true;
}

static void ja4_put(struct prints_maker *m, const struct tls_client_hello *h, struct prints *out)
{
    char head[JA4_HEAD + 1], suites[JA4_DIGEST + 1], extensions[JA4_DIGEST + 1];
    struct text t = blank(m);

    print_ja4_head(h, head);
    print_ja4_suites(h, &t);
    if (!ja4_part(m, &t, suites))
        return;
    t = blank(m);
    print_ja4_extensions(h, &t);
    if (ja4_part(m, &t, extensions))
        snprintf(out->ja4, sizeof out->ja4, "%s_%s_%s", head, suites, extensions);
}

static void client_put(struct prints_maker *m, const struct tls_client_hello *h, struct prints *out)
{
    struct key key;

    if (!print_is_possible(h))
        return;
    key_of_client(h, &key);
    struct kept *kept = kept_of(m, m->client, &key);
    if (is_kept(kept, &key)) {
        memcpy(out->ja3, kept->prints.ja3, sizeof out->ja3);
        memcpy(out->ja4, kept->prints.ja4, sizeof out->ja4);
        return;
    }
    struct text t = blank(m);
    print_ja3(h, &t);
    (void)digest_put(m, DIGEST_MD5, &t, sizeof out->ja3 - 1, out->ja3);
    ja4_put(m, h, out);
    keep(kept, &key, out);
}

static void server_put(struct prints_maker *m, const struct tls_server_hello *h, struct prints *out)
{
    struct text t = blank(m);
    struct key key;

    if (!print_ja3s_is_possible(h))
        return;
    key_of_server(h, &key);
    struct kept *kept = kept_of(m, m->server, &key);
    if (is_kept(kept, &key)) {
        memcpy(out->ja3s, kept->prints.ja3s, sizeof out->ja3s);
        return;
    }
    print_ja3s(h, &t);
    (void)digest_put(m, DIGEST_MD5, &t, sizeof out->ja3s - 1, out->ja3s);
    keep(kept, &key, out);
}

void prints_of(struct prints_maker **maker, const struct tls *t, struct prints *out)
{
    *out = (struct prints){ 0 };
    if (t && !*maker)
        *maker = maker_open();
    if (!t || !*maker)
        return;
    client_put(*maker, t->hello, out);
    server_put(*maker, &t->server_hello, out);
}
