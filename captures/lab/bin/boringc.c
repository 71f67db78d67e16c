/* boringc.c - a client on BoringSSL, as Android packages it. */
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "dial.h"

static int say_why(SSL *tls)
{
    printf("verify %s\n", X509_verify_cert_error_string(SSL_get_verify_result(tls)));
    ERR_print_errors_fp(stdout);
    return 1;
}

static int talk(const struct dial *d)
{
    char answer[512] = "";
    SSL_CTX *context = SSL_CTX_new(TLS_method());
    uint16_t version = d->tls13 ? TLS1_3_VERSION : TLS1_2_VERSION;

    SSL_CTX_set_min_proto_version(context, version);
    SSL_CTX_set_max_proto_version(context, version);
    SSL_CTX_load_verify_locations(context, d->ca, NULL);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    if (d->cert) {
        SSL_CTX_use_certificate_file(context, d->cert, SSL_FILETYPE_PEM);
        SSL_CTX_use_PrivateKey_file(context, d->key, SSL_FILETYPE_PEM);
    }
    SSL *tls = SSL_new(context);
    SSL_set_tlsext_host_name(tls, d->name);
    X509_VERIFY_PARAM_set1_host(SSL_get0_param(tls), d->name, strlen(d->name));
    SSL_set_fd(tls, d->fd);
    int result = SSL_connect(tls);
    if (result == 1 && line[0])
        result = SSL_write(tls, line, (int)strlen(line));
    if (result > 0 && line[0])
        result = SSL_read(tls, answer, sizeof answer - 1);
    int left = result > 0 ? 0 : say_why(tls);
    printf("%s\n", answer);
    if (left == 0)
        SSL_shutdown(tls);
    close(d->fd);
    return left;
}
