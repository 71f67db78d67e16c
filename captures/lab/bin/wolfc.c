/* wolfc.c - a client on wolfSSL. */
#include <wolfssl/options.h>
#include <wolfssl/ssl.h>

#include "dial.h"

static int say_why(WOLFSSL *tls, int result)
{
    char text[80];
    int code = wolfSSL_get_error(tls, result);
    printf("certificate or TLS error %d: %s\n", code,
           wolfSSL_ERR_error_string((unsigned long)code, text));
    return 1;
}

static int talk(const struct dial *d)
{
    char answer[512] = "";

    wolfSSL_Init();
    WOLFSSL_CTX *context =
        wolfSSL_CTX_new(d->tls13 ? wolfTLSv1_3_client_method() : wolfTLSv1_2_client_method());
    wolfSSL_CTX_load_verify_locations(context, d->ca, NULL);
    wolfSSL_CTX_set_verify(context, WOLFSSL_VERIFY_PEER, NULL);
    if (d->cert) {
        wolfSSL_CTX_use_certificate_file(context, d->cert, WOLFSSL_FILETYPE_PEM);
        wolfSSL_CTX_use_PrivateKey_file(context, d->key, WOLFSSL_FILETYPE_PEM);
    }
    WOLFSSL *tls = wolfSSL_new(context);
    wolfSSL_UseSNI(tls, WOLFSSL_SNI_HOST_NAME, d->name, (unsigned short)strlen(d->name));
    wolfSSL_check_domain_name(tls, d->name);
    wolfSSL_set_fd(tls, d->fd);
    int result = wolfSSL_connect(tls);
    if (result == WOLFSSL_SUCCESS && line[0])
        result = wolfSSL_write(tls, line, (int)strlen(line));
    if (result > 0 && line[0])
        result = wolfSSL_read(tls, answer, sizeof answer - 1);
    int left = result > 0 ? 0 : say_why(tls, result);
    printf("%s\n", answer);
    if (left == 0)
        wolfSSL_shutdown(tls);
    close(d->fd);
    return left;
}
