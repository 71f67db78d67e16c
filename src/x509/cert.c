#include "x509/cert.h"

#include "base/address.h"
#include "base/arena.h"
#include "base/hash.h"
#include "base/table.h"
#include "base/text.h"
#include "x509/facts.h"
#include "x509/parsed.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <strings.h>

enum {
    STORE_MAX = 1 << 20, /* distinct certificates */
    OPEN_MAX = 512, /* certificates that stay parsed: OpenSSL's memory is not under our ceiling */
    OPEN_OCTETS = 8 * 1024, /* and only those of ordinary size */
    HOST_MAX = 255,
    ASKED_MAX = 64, /* octets of a host that is remembered; longer ones are asked about anew */
    RECENT = 64,
};

/* What is learnt at the first question; apart, because the certificate itself is const then. */
struct opened {
    struct cert_facts *facts;
    X509 *x; /* kept for OPEN_MAX certificates; NULL: parse again */
    bool tried;
    bool plain; /* its names are all known, and need no more than to be compared */
    bool names; /* the host that was asked about last, which clients ask for again and again */
    char asked[ASKED_MAX];
};

struct cert {
    struct cert_store *store;
    struct cert *next; /* same hash and length, other bytes */
    const uint8_t *der;
    size_t n;
    struct opened *opened;
};

struct cert_key {
    uint64_t hash, n;
};

struct cert_store {
    struct pool *pool;
    struct arena arena;
    struct table table; /* cert_key to the first struct cert of it */
    struct hash_seed seed;
    struct cert **open;
    size_t n, n_open;
    const struct cert *recent[RECENT]; /* by their last octets; NULL: none yet */
};

static const struct cert_facts nothing_known; /* when there is no memory for facts */

struct cert_store *cert_store_open(size_t ceiling_bytes)
{
    struct cert_store *store = calloc(1, sizeof *store);

    if (!store)
        return NULL;
    store->seed = hash_seed_draw();
    store->pool = pool_open(ceiling_bytes);
    store->open = calloc(OPEN_MAX, sizeof(struct cert *));
    bool table =
        table_open(&store->table, sizeof(struct cert_key), sizeof(struct cert *), STORE_MAX);
    if (store->pool && store->open && table)
        return store;
    cert_store_close(store);
    return NULL;
}

void cert_store_close(struct cert_store *store)
{
    if (!store)
        return;
    for (size_t i = 0; i < store->n_open; i++)
        X509_free(store->open[i]->opened->x);
    table_close(&store->table);
    if (store->pool)
        arena_release(&store->arena, store->pool);
    pool_close(store->pool);
    free(store->open);
    free(store);
}

static struct cert *cert_new(struct cert_store *store, struct bytes der)
{
    struct cert *cert = arena_zalloc(&store->arena, store->pool, sizeof *cert);
    struct opened *opened = arena_zalloc(&store->arena, store->pool, sizeof *opened);
    uint8_t *copy = arena_zalloc_block(&store->arena, store->pool, der.left);

    if (!cert || !opened || !copy)
        return NULL;
    memcpy(copy, der.at, der.left);
    *cert = (struct cert){ .store = store, .der = copy, .n = der.left, .opened = opened };
    return cert;
}

/* Where a certificate is that ends as this one does: the octets of a signature tell most apart. */
static const struct cert **recent_place(struct cert_store *store, struct bytes der)
{
    const uint64_t odd = 0x9e3779b97f4a7c15;
    uint64_t last = 0;

    if (der.left >= sizeof last)
        last = hash_load64(der.at + der.left - sizeof last);
    return &store->recent[(last * odd) >> 32 & (RECENT - 1)];
}

static const struct cert *put_hashed(struct cert_store *store, struct bytes der)
{
    struct cert_key key = { .hash = hash_bytes(der.at, der.left, store->seed), .n = der.left };
    struct cert **first = table_put(&store->table, &key);
    if (!first)
        return NULL;
    for (struct cert *cert = *first; cert; cert = cert->next)
        if (memcmp(cert->der, der.at, der.left) == 0)
            return cert;
    struct cert *cert = cert_new(store, der);
    if (!cert)
        return NULL;
    cert->next = *first;
    *first = cert;
    store->n++;
    return cert;
}

/* The same few are shown again and again: those are compared, without a hash of the whole. */
const struct cert *cert_put(struct cert_store *store, struct bytes der)
{
    if (!bytes_ok(&der) || der.left == 0 || der.clipped)
        return NULL;
    const struct cert **recent = recent_place(store, der), *known = *recent;
    if (known && known->n == der.left && memcmp(known->der, der.at, der.left) == 0)
        return known;
    const struct cert *cert = put_hashed(store, der);
    *recent = cert ? cert : known;
    return cert;
}

struct bytes cert_der(const struct cert *cert) { return bytes_whole(cert->der, cert->n); }
size_t cert_store_count(const struct cert_store *store) { return store->n; }

/* ---- parsing
 * ------------------------------------------------------------------------------------- */

/* NULL unless the certificate is all of the octets. */
static X509 *parse(const struct cert *cert)
{
    const unsigned char *end = cert->der;
    X509 *x = d2i_X509(NULL, &end, (long)cert->n);

    ERR_clear_error();
    if (x && end == cert->der + cert->n)
        return x;
    X509_free(x);
    return NULL;
}

X509 *parsed_of(const struct cert *cert) { return cert->opened->x ? cert->opened->x : parse(cert); }

void parsed_release(const struct cert *cert, X509 *x)
{
    if (x != cert->opened->x)
        X509_free(x);
}

/* Keeps a parsed certificate of ordinary size for later questions. */
static void x_keep(const struct cert *cert, X509 *x)
{
    struct cert_store *store = cert->store;

    if (cert->opened->x || !x || cert->n > OPEN_OCTETS || store->n_open == OPEN_MAX)
        return;
    cert->opened->x = x;
    store->open[store->n_open++] = (struct cert *)cert;
}

static void digest_text(const struct cert *cert, char out[65])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    struct text t = text_of(out, 65);

    if (EVP_Digest(cert->der, cert->n, digest, &n, EVP_sha256(), NULL) != 1)
        return;
    for (unsigned i = 0; i < n; i++)
        text_format(&t, "%02X", digest[i]);
}

/* Letters, digits, '-', '_' and '.': no wildcard, nothing that was escaped. */
static bool is_plain(const char *name, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char c = name[i];
        bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        if (!letter && !(c >= '0' && c <= '9') && c != '-' && c != '_' && c != '.')
            return false;
    }
    return n > 0 && name[0] != '.';
}

static bool names_are_plain(const struct cert_facts *facts)
{
    size_t cn = strlen(facts->subject_cn);

    if (!facts->has_san)
        return facts->one_cn && cn + 1 < sizeof facts->subject_cn &&
               is_plain(facts->subject_cn, cn);
    for (unsigned i = 0; i < facts->n_names; i++)
        if (!is_plain(facts->names[i], strlen(facts->names[i])))
            return false;
    return facts->n_names == facts->n_names_all;
}

static void facts_open(const struct cert *cert)
{
    struct cert_store *store = cert->store;
    struct cert_facts *facts = arena_zalloc_block(&store->arena, store->pool, sizeof *facts);

    if (!facts)
        return;
    digest_text(cert, facts->sha256);
    X509 *x = parsed_of(cert);
    if (x)
        facts_read(x, facts);
    x_keep(cert, x);
    parsed_release(cert, x);
    cert->opened->facts = facts;
    cert->opened->plain = facts->parsed && names_are_plain(facts);
}

const struct cert_facts *cert_facts(const struct cert *cert)
{
    if (!cert->opened->tried) {
        cert->opened->tried = true;
        facts_open(cert);
    }
    return cert->opened->facts ? cert->opened->facts : &nothing_known;
}

/* ---- questions
 * ----------------------------------------------------------------------------------- */

/* RFC 9525 section 6.3: whole labels only; the CN is asked only when there is no SAN at all. */
static bool x_names_host(X509 *x, const char *host, bool has_san)
{
    struct address address;
    unsigned flags = X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;
    size_t n = strlen(host);

    if (address_parse(host, &address))
        return address_is_ipv4(&address) ? X509_check_ip(x, address.octet + 12, 4, 0) == 1
                                         : X509_check_ip(x, address.octet, 16, 0) == 1;
    if (n > 0 && host[n - 1] == '.')
        n--;
    if (n == 0 || n > HOST_MAX)
        return false;
    if (has_san)
        flags |= X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;
    return X509_check_host(x, host, n, flags, NULL) == 1;
}

/* Plain names on both sides: equal or not, without regard to case (RFC 9525 section 6.3). */
static bool facts_name_host(const struct cert_facts *facts, const char *host)
{
    if (!facts->has_san)
        return strcasecmp(facts->subject_cn, host) == 0;
    for (unsigned i = 0; i < facts->n_names; i++)
        if (strcasecmp(facts->names[i], host) == 0)
            return true;
    return false;
}

/* What OpenSSL need not be asked about: most names, and it takes its time.  An address in text ends
 * with a digit, or has a colon. */
static bool is_simple_question(const struct cert *cert, const char *host)
{
    size_t n = strlen(host);
    return cert->opened->plain && n <= HOST_MAX && is_plain(host, n) &&
           ((host[n - 1] | 0x20) >= 'a' && (host[n - 1] | 0x20) <= 'z');
}

static bool names_host(const struct cert *cert, const char *host)
{
    bool has_san = cert_facts(cert)->has_san;
    if (is_simple_question(cert, host))
        return facts_name_host(cert_facts(cert), host);
    X509 *x = parsed_of(cert);
    bool names = x && x_names_host(x, host, has_san);

    parsed_release(cert, x);
    ERR_clear_error();
    return names;
}

bool cert_names_host(const struct cert *cert, const char *host)
{
    struct opened *opened = cert->opened;
    size_t n = strlen(host);

    if (n && strcmp(opened->asked, host) == 0)
        return opened->names;
    bool names = names_host(cert, host);
    if (n && n < ASKED_MAX && opened->facts) {
        memcpy(opened->asked, host, n + 1);
        opened->names = names;
    }
    return names;
}

bool cert_signed_by(const struct cert *cert, const struct cert *issuer)
{
    (void)cert_facts(cert); /* keeps both parsed when they may be */
    (void)cert_facts(issuer);
    X509 *x = parsed_of(cert), *by = parsed_of(issuer);
    EVP_PKEY *key = by ? X509_get0_pubkey(by) : NULL;
    bool is = x && key && X509_NAME_cmp(X509_get_issuer_name(x), X509_get_subject_name(by)) == 0 &&
              X509_verify(x, key) == 1;

    parsed_release(cert, x);
    parsed_release(issuer, by);
    ERR_clear_error();
    return is;
}

void cert_prepare(void)
{
    (void)OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG | OPENSSL_INIT_ADD_ALL_DIGESTS, NULL);
}

bool cert_pem(const struct cert *cert, FILE *out)
{
    return PEM_write(out, "CERTIFICATE", "", cert->der, (long)cert->n) > 0;
}

const char *cert_library(void) { return OpenSSL_version(OPENSSL_VERSION); }
