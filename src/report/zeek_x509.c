/* zeek_x509.c - x509.log as Zeek writes it.
 *
 * Source: docs.zeek.org, base/files/x509 (X509::Info). */
#include "report/zeek.h"

#include <ctype.h>

/* clang-format off */
static const struct zeek_column x509_columns[] = {
    { "ts", "time" }, { "fingerprint", "string" }, { "certificate.version", "count" },
    { "certificate.serial", "string" }, { "certificate.subject", "string" },
    { "certificate.issuer", "string" }, { "certificate.not_valid_before", "time" },
    { "certificate.not_valid_after", "time" }, { "certificate.key_alg", "string" },
    { "certificate.sig_alg", "string" }, { "certificate.key_type", "string" },
    { "certificate.key_length", "count" }, { "certificate.exponent", "string" },
    { "certificate.curve", "string" }, { "san.dns", "vector[string]" },
    { "san.uri", "vector[string]" }, { "san.email", "vector[string]" },
    { "san.ip", "vector[addr]" }, { "basic_constraints.ca", "bool" },
    { "basic_constraints.path_len", "count" }, { "host_cert", "bool" }, { "client_cert", "bool" },
};
/* clang-format on */
const struct zeek_kind zeek_x509 = { "x509", ZEEK_COLUMNS(x509_columns) };

void zeek_fingerprint(const struct cert *cert, char out[65])
{
    const char *hex = cert_facts(cert)->sha256;
    size_t i = 0;

    for (; hex[i]; i++)
        out[i] = (char)tolower((unsigned char)hex[i]);
    out[i] = '\0';
}

/* A certificate has a line for each part that it plays. */
struct certificate_key {
    char sha256[65];
    uint8_t host, client;
};

size_t zeek_certificate_key(void) { return sizeof(struct certificate_key); }

static const char *key_type(const char *algorithm)
{
    return !strcmp(algorithm, "RSA")   ? "rsa"
           : !strcmp(algorithm, "EC")  ? "ecdsa"
           : !strcmp(algorithm, "DSA") ? "dsa"
                                       : "unknown";
}

static const char *key_algorithm(const char *algorithm)
{
    return !strcmp(algorithm, "RSA")  ? "rsaEncryption"
           : !strcmp(algorithm, "EC") ? "id-ecPublicKey"
                                      : algorithm;
}

static void put_seconds(struct writer *w, int64_t s)
{
    if (s > INT64_MAX / 1000000000 || s < INT64_MIN / 1000000000)
        zeek_unset(w);
    else
        zeek_time(w, s * 1000000000);
}

static void put_names(struct writer *w, const struct cert_facts *f, bool addresses)
{
    struct zeek_list list = zeek_list_begin(w);
    struct address ignored;

    for (unsigned i = 0; i < f->n_names; i++)
        if (address_parse(f->names[i], &ignored) == addresses)
            zeek_list_add(&list, f->names[i]);
    zeek_list_end(&list);
}

static void put_certificate(struct writer *w, const struct cert_facts *f)
{
    zeek_count(w, (uint64_t)f->version);
    zeek_text(w, f->serial);
    zeek_text(w, f->subject);
    zeek_text(w, f->issuer);
    put_seconds(w, f->not_before_s);
    put_seconds(w, f->not_after_s);
    zeek_text(w, key_algorithm(f->key_algorithm));
    zeek_text(w, f->signature_algorithm);
    zeek_text(w, key_type(f->key_algorithm));
    zeek_count(w, f->key_bits > 0 ? (uint64_t)f->key_bits : 0);
    zeek_text(w, f->key_exponent);
    zeek_text(w, f->key_curve);
    put_names(w, f, false);
    zeek_unset(w); /* URIs and */
    zeek_unset(w); /* mail addresses are not kept */
    put_names(w, f, true);
    if (f->is_ca)
        zeek_flag(w, true);
    else
        zeek_unset(w);
    zeek_unset(w); /* path length */
}

static void x509_line(struct export_file *log, struct table *certificates, const struct cert *cert,
                      int64_t ns, bool host, bool client)
{
    const struct cert_facts *f = cert_facts(cert);
    struct certificate_key key = { .host = host, .client = client };
    char text[65];

    memcpy(key.sha256, f->sha256, sizeof key.sha256);
    bool *written = f->parsed ? table_put(certificates, &key) : NULL;
    if (!written || *written)
        return;
    *written = true;
    zeek_fingerprint(cert, text);
    zeek_begin(log, &zeek_x509, ns);
    zeek_time(&log->writer, ns);
    zeek_text(&log->writer, text);
    put_certificate(&log->writer, f);
    zeek_flag(&log->writer, host);
    zeek_flag(&log->writer, client);
    writer_end_line(&log->writer);
    log->last_ns = ns;
}

void zeek_x509_lines(struct export_file *log, struct table *certificates, const struct exported *c)
{
    for (enum side side = CLIENT; side < SIDES; side++) {
        int64_t ns =
            c->tls->certificate[side].frame ? c->tls->certificate[side].time_ns : c->flow->first_ns;
        for (size_t i = 0; i < c->session->n_chain[side]; i++)
            x509_line(log, certificates, c->session->chain[side][i], ns, i == 0, side == CLIENT);
    }
}
