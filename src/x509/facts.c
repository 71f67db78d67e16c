#include "x509/facts.h"

#include "base/address.h"
#include "base/text.h"

#include <ctype.h>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum {
    RSA_LEAST_BITS = 2048, /* NIST SP 800-131A: less than 112 bits of strength */
    EC_LEAST_BITS = 224,
};

/* ---- names
 * --------------------------------------------------------------------------------------- */

static void bio_text(BIO *bio, char *out, size_t size)
{
    char *p = NULL;
    long n = BIO_get_mem_data(bio, &p);

    text_printable(p ? p : "", n > 0 ? (size_t)n : 0, out, size);
}

/* RFC 4514, but UTF-8 and control characters stay as they are for text_printable.  A string that is
 * no valid string of its type is printed as its octets. */
static void name_text(X509_NAME *name, char *out, size_t size)
{
    const unsigned long plain =
        XN_FLAG_SEP_COMMA_PLUS | XN_FLAG_DN_REV | XN_FLAG_FN_SN | ASN1_STRFLGS_ESC_2253;
    BIO *bio = BIO_new(BIO_s_mem());

    if (!bio)
        return;
    if (X509_NAME_print_ex(bio, name, 0, plain | ASN1_STRFLGS_UTF8_CONVERT) < 0) {
        (void)BIO_reset(bio);
        (void)X509_NAME_print_ex(bio, name, 0, plain);
    }
    bio_text(bio, out, size);
    BIO_free(bio);
}

static void string_text(const ASN1_STRING *string, char *out, size_t size)
{
    unsigned char *utf8 = NULL;
    int n = ASN1_STRING_to_UTF8(&utf8, string);

    if (n >= 0)
        text_printable(utf8, (size_t)n, out, size);
    else
        text_printable(ASN1_STRING_get0_data(string), (size_t)ASN1_STRING_length(string), out,
                       size);
    OPENSSL_free(utf8);
}

/* The last attribute of that kind: the most specific one. */
static void attribute_text(const X509_NAME *name, int nid, char *out, size_t size)
{
    int found = -1, at = X509_NAME_get_index_by_NID(name, nid, -1);

    while (at >= 0) {
        found = at;
        at = X509_NAME_get_index_by_NID(name, nid, at);
    }
    if (found >= 0)
        string_text(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, found)), out, size);
}

void facts_names(X509 *x, struct cert_facts *out)
{
    X509_NAME *subject = X509_get_subject_name(x), *issuer = X509_get_issuer_name(x);

    name_text(subject, out->subject, sizeof out->subject);
    name_text(issuer, out->issuer, sizeof out->issuer);
    attribute_text(subject, NID_commonName, out->subject_cn, sizeof out->subject_cn);
    int first = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    out->one_cn = first >= 0 && X509_NAME_get_index_by_NID(subject, NID_commonName, first) < 0;
    attribute_text(issuer, NID_commonName, out->issuer_cn, sizeof out->issuer_cn);
    attribute_text(issuer, NID_organizationName, out->issuer_o, sizeof out->issuer_o);
    out->self_issued = X509_NAME_cmp(subject, issuer) == 0;
}

/* ---- numbers
 * ------------------------------------------------------------------------------------- */

/* The octets of the INTEGER without leading zeros; a negative one keeps its two's complement. */
static void serial_read(X509 *x, struct cert_facts *out)
{
    unsigned char *der = NULL;
    int n = i2d_ASN1_INTEGER(X509_get_serialNumber(x), &der);
    struct bytes b = bytes_whole(der, n > 0 ? (size_t)n : 0);
    struct text t = text_of(out->serial, sizeof out->serial);

    bytes_skip(&b, 1);
    size_t length =
        bytes_u8(&b); /* above 127 octets the length has more octets: take what follows */
    if (length & 0x80)
        bytes_skip(&b, length & 0x7f);
    while (b.left > 1 && bytes_peek(&b, 0) == 0)
        bytes_skip(&b, 1);
    while (b.left > 0 && !t.cut)
        text_format(&t, "%02X", bytes_u8(&b));
    OPENSSL_free(der);
}

int64_t facts_time(const ASN1_TIME *when)
{
    struct tm tm = { 0 };

    return ASN1_TIME_to_tm(when, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

static void object_text(const ASN1_OBJECT *object, char *out, size_t size)
{
    char name[128] = "";
    int n = OBJ_obj2txt(name, sizeof name, object, 0); /* long name, or dotted */

    text_printable(name, n > 0 ? strlen(name) : 0, out, size);
}

static void key_name(X509 *x, const EVP_PKEY *key, char *out, size_t size)
{
    static const struct algorithm {
        int id;
        const char *name;
    } algorithms[] = {
        { EVP_PKEY_RSA, "RSA" },         { EVP_PKEY_RSA_PSS, "RSA-PSS" }, { EVP_PKEY_EC, "EC" },
        { EVP_PKEY_ED25519, "Ed25519" }, { EVP_PKEY_ED448, "Ed448" },     { EVP_PKEY_DSA, "DSA" },
    };
    ASN1_OBJECT *object = NULL;

    for (size_t i = 0; key && i < sizeof algorithms / sizeof *algorithms; i++)
        if (algorithms[i].id == EVP_PKEY_get_base_id(key)) {
            text_printable(algorithms[i].name, strlen(algorithms[i].name), out, size);
            return;
        }
    if (X509_PUBKEY_get0_param(&object, NULL, NULL, NULL, X509_get_X509_PUBKEY(x)) == 1)
        object_text(object, out, size);
}

static void exponent_read(const EVP_PKEY *key, char *out, size_t size)
{
    BIGNUM *e = NULL;
    char *digits = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) == 1 && BN_num_bits(e) < 64
                       ? BN_bn2dec(e)
                       : NULL;

    if (digits && strlen(digits) < size)
        memcpy(out, digits, strlen(digits) + 1);
    OPENSSL_free(digits);
    BN_free(e);
}

static void key_read(X509 *x, struct cert_facts *out)
{
    const EVP_PKEY *key = X509_get0_pubkey(x);
    size_t n = 0;
    int id = key ? EVP_PKEY_get_base_id(key) : 0;

    key_name(x, key, out->key_algorithm, sizeof out->key_algorithm);
    if (!key)
        return;
    out->key_bits = EVP_PKEY_get_bits(key);
    if (id == EVP_PKEY_EC &&
        EVP_PKEY_get_group_name(key, out->key_curve, sizeof out->key_curve, &n) != 1)
        out->key_curve[0] = '\0';
    if (id == EVP_PKEY_RSA || id == EVP_PKEY_RSA_PSS)
        exponent_read(key, out->key_exponent, sizeof out->key_exponent);
    bool modular = id == EVP_PKEY_RSA || id == EVP_PKEY_RSA_PSS || id == EVP_PKEY_DSA;
    out->weak_key = (modular && out->key_bits < RSA_LEAST_BITS) ||
                    (id == EVP_PKEY_EC && out->key_bits < EC_LEAST_BITS);
}

static bool digest_is_weak(int nid)
{
    return nid == NID_md2 || nid == NID_md4 || nid == NID_md5 || nid == NID_sha1 ||
           nid == NID_md5_sha1;
}

static void signature_read(X509 *x, struct cert_facts *out)
{
    const X509_ALGOR *algorithm = NULL;
    const ASN1_OBJECT *object = NULL;
    EVP_PKEY *key = X509_get0_pubkey(x);
    int digest = NID_undef, ignored = 0;
    uint32_t flags = 0;

    X509_get0_signature(NULL, &algorithm, x);
    X509_ALGOR_get0(&object, NULL, NULL, algorithm);
    object_text(object, out->signature_algorithm, sizeof out->signature_algorithm);
    out->self_signed = out->self_issued && key && X509_verify(x, key) == 1;
    (void)X509_get_signature_info(x, &digest, &ignored, &ignored, &flags);
    out->weak_signature = digest_is_weak(digest) && !out->self_signed;
}

/* ---- extensions
 * ---------------------------------------------------------------------------------- */

/* An iPAddress of RFC 5280 section 4.2.1.6 as text; false when it has another length. */
static bool san_address(const ASN1_OCTET_STRING *octets, char *out)
{
    struct bytes b = bytes_whole(ASN1_STRING_get0_data(octets), (size_t)ASN1_STRING_length(octets));
    struct address address;

    if (b.left == 4)
        address = address_v4(b.at);
    else if (b.left != sizeof address.octet || !bytes_copy(&b, address.octet, sizeof address.octet))
        return false;
    address_text(&address, out);
    return true;
}

static void san_add(const GENERAL_NAME *name, struct cert_facts *out)
{
    char *slot = out->names[out->n_names < CERT_NAMES ? out->n_names : 0];
    char address[ADDRESS_TEXT] = "";

    if (name->type != GEN_DNS && name->type != GEN_IPADD)
        return;
    out->n_names_all++;
    if (out->n_names == CERT_NAMES)
        return;
    if (name->type == GEN_DNS)
        text_printable(ASN1_STRING_get0_data(name->d.dNSName),
                       (size_t)ASN1_STRING_length(name->d.dNSName), slot, sizeof out->names[0]);
    else if (san_address(name->d.iPAddress, address))
        text_printable(address, strlen(address), slot, sizeof out->names[0]);
    else
        return;
    out->n_names++;
}

static void san_read(X509 *x, struct cert_facts *out)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);

    out->has_san = X509_get_ext_by_NID(x, NID_subject_alt_name, -1) >= 0;
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
        san_add(sk_GENERAL_NAME_value(names, i), out);
    GENERAL_NAMES_free(names); /* accepts NULL */
}

static void usage_read(X509 *x, struct cert_facts *out)
{
    EXTENDED_KEY_USAGE *usages = X509_get_ext_d2i(x, NID_ext_key_usage, NULL, NULL);

    out->eku_present = X509_get_ext_by_NID(x, NID_ext_key_usage, -1) >= 0;
    for (int i = 0; i < sk_ASN1_OBJECT_num(usages); i++) {
        int nid = OBJ_obj2nid(sk_ASN1_OBJECT_value(usages, i));
        out->eku_server =
            out->eku_server || nid == NID_server_auth || nid == NID_anyExtendedKeyUsage;
        out->eku_client =
            out->eku_client || nid == NID_client_auth || nid == NID_anyExtendedKeyUsage;
    }
    EXTENDED_KEY_USAGE_free(usages);
}

/* The host of "http://HOST[:PORT]/..." when it is a plain name or an IPv4 address. */
static size_t host_of(const char *url, size_t n, char host[254])
{
    static const char scheme[] = "http://";
    size_t at = sizeof scheme - 1, length = 0;

    if (n <= at || strncasecmp(url, scheme, at) != 0)
        return 0;
    for (; at < n && length < 253 && url[at] != '/' && url[at] != ':'; at++) {
        unsigned char c = (unsigned char)url[at];
        if (c >= 0x80 || !(isalnum(c) || c == '.' || c == '-'))
            return 0;
        host[length++] = (char)tolower(c);
    }
    host[length] = '\0';
    return length;
}

static void revocation_add(const GENERAL_NAME *name, struct cert_facts *out)
{
    char host[254];

    if (name->type != GEN_URI || out->n_revocation == CERT_REVOCATION)
        return;
    const ASN1_STRING *url = name->d.uniformResourceIdentifier;
    if (!host_of((const char *)ASN1_STRING_get0_data(url), (size_t)ASN1_STRING_length(url), host))
        return;
    for (unsigned i = 0; i < out->n_revocation; i++)
        if (strcmp(out->revocation[i], host) == 0)
            return;
    text_copy(out->revocation[out->n_revocation++], sizeof out->revocation[0], host);
}

static void access_read(X509 *x, struct cert_facts *out)
{
    AUTHORITY_INFO_ACCESS *access = X509_get_ext_d2i(x, NID_info_access, NULL, NULL);

    for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(access); i++) {
        const ACCESS_DESCRIPTION *one = sk_ACCESS_DESCRIPTION_value(access, i);
        if (OBJ_obj2nid(one->method) == NID_ad_ca_issuers)
            out->aia_issuers = true;
        else if (OBJ_obj2nid(one->method) == NID_ad_OCSP)
            revocation_add(one->location, out);
    }
    AUTHORITY_INFO_ACCESS_free(access);
}

/* RFC 5280 section 4.2.1.13 */
static void crl_read(X509 *x, struct cert_facts *out)
{
    CRL_DIST_POINTS *points = X509_get_ext_d2i(x, NID_crl_distribution_points, NULL, NULL);

    for (int i = 0; i < sk_DIST_POINT_num(points); i++) {
        const DIST_POINT_NAME *name = sk_DIST_POINT_value(points, i)->distpoint;
        for (int k = 0; name && name->type == 0 && k < sk_GENERAL_NAME_num(name->name.fullname);
             k++)
            revocation_add(sk_GENERAL_NAME_value(name->name.fullname, k), out);
    }
    CRL_DIST_POINTS_free(points);
}

void facts_read(X509 *x, struct cert_facts *out)
{
    out->parsed = true;
    out->version = (int)X509_get_version(x) + 1;
    out->not_before_s = facts_time(X509_get0_notBefore(x));
    out->not_after_s = facts_time(X509_get0_notAfter(x));
    facts_names(x, out);
    serial_read(x, out);
    key_read(x, out);
    signature_read(x, out);
    out->is_ca = X509_check_ca(x) > 0;
    san_read(x, out);
    usage_read(x, out);
    access_read(x, out);
    crl_read(x, out);
    ERR_clear_error(); /* what could not be read is evidence, not an error of ours */
}
