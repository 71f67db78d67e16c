/* order.h - certificates to order, for the tests of the rules about them.
 *
 * What it is: made() signs a leaf of ems.corp.example, valid 2025 and 2026 unless told otherwise,
 * with a key of its own, and answers the store's certificate. */
#pragma once

#include "scenario.h"

#include <openssl/evp.h>
#include <openssl/x509v3.h>

static struct cert_store *store;

struct order {
    const char *from, *to, *san, *aia, *usage, *crl;
    const char *subject; /* common name; NULL = "leaf" */
    const char *issuer;  /* common name; NULL = "CA" */
    bool issued;         /* by somebody else */
    const EVP_MD *digest;
};

static inline void extend(X509 *x, int nid, const char *value)
{
    X509_EXTENSION *e = value ? X509V3_EXT_conf_nid(NULL, NULL, nid, value) : NULL;
    if (e)
        X509_add_ext(x, e, -1);
    X509_EXTENSION_free(e);
}

static inline const struct cert *made(const struct order *o)
{
    X509 *x = X509_new();
    EVP_PKEY *key = EVP_EC_gen("P-256"), *issuer = EVP_EC_gen("P-256");
    X509_NAME *name = X509_get_subject_name(x);
    X509_NAME *issuer_name = X509_NAME_new();
    unsigned char *der = NULL;

    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 7);
    ASN1_TIME_set_string_X509(X509_getm_notBefore(x), o->from ? o->from : "20250101000000Z");
    ASN1_TIME_set_string_X509(X509_getm_notAfter(x), o->to ? o->to : "20270101000000Z");
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                               (const unsigned char *)(o->subject ? o->subject : "leaf"), -1, -1,
                               0);
    X509_NAME_add_entry_by_txt(issuer_name, "CN", MBSTRING_UTF8,
                               (const unsigned char *)(o->issuer ? o->issuer : "CA"), -1, -1, 0);
    X509_set_issuer_name(x, o->issued ? issuer_name : name);
    X509_set_pubkey(x, key);
    extend(x, NID_subject_alt_name, o->san ? o->san : "DNS:ems.corp.example");
    extend(x, NID_info_access, o->aia);
    extend(x, NID_ext_key_usage, o->usage);
    extend(x, NID_crl_distribution_points, o->crl);
    X509_sign(x, o->issued ? issuer : key, o->digest ? o->digest : EVP_sha256());
    if (!store)
        store = cert_store_open(1 << 20);
    int n = i2d_X509(x, &der);
    const struct cert *cert = cert_put(store, bytes_whole(der, (size_t)n));
    cr_assert_not_null(cert);
    OPENSSL_free(der);
    X509_NAME_free(issuer_name);
    EVP_PKEY_free(key);
    EVP_PKEY_free(issuer);
    X509_free(x);
    return cert;
}
