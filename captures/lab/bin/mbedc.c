/* mbedc.c - a client on Mbed TLS 2 (TLS 1.2). */
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>

#include "dial.h"

static int say_why(int code)
{
    char text[200];
    mbedtls_strerror(code, text, sizeof text);
    printf("certificate or TLS error -0x%x: %s\n", (unsigned)-code, text);
    return 1;
}

static int talk(const struct dial *d)
{
    mbedtls_net_context net = { .fd = d->fd };
    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context random;
    mbedtls_x509_crt ca, own;
    mbedtls_pk_context key;
    mbedtls_ssl_config config;
    mbedtls_ssl_context tls;
    unsigned char answer[512] = "";

    mbedtls_entropy_init(&entropy);
    mbedtls_ctr_drbg_init(&random);
    mbedtls_x509_crt_init(&ca);
    mbedtls_x509_crt_init(&own);
    mbedtls_pk_init(&key);
    mbedtls_ssl_config_init(&config);
    mbedtls_ssl_init(&tls);
    mbedtls_ctr_drbg_seed(&random, mbedtls_entropy_func, &entropy, NULL, 0);
    mbedtls_x509_crt_parse_file(&ca, d->ca);
    mbedtls_ssl_config_defaults(&config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                MBEDTLS_SSL_PRESET_DEFAULT);
    mbedtls_ssl_conf_ca_chain(&config, &ca, NULL);
    mbedtls_ssl_conf_rng(&config, mbedtls_ctr_drbg_random, &random);
    if (d->cert) {
        mbedtls_x509_crt_parse_file(&own, d->cert);
        mbedtls_pk_parse_keyfile(&key, d->key, NULL);
        mbedtls_ssl_conf_own_cert(&config, &own, &key);
    }
    mbedtls_ssl_setup(&tls, &config);
    mbedtls_ssl_set_hostname(&tls, d->name);
    mbedtls_ssl_set_bio(&tls, &net, mbedtls_net_send, mbedtls_net_recv, NULL);
    int result = mbedtls_ssl_handshake(&tls);
    if (result == 0 && line[0])
        result = mbedtls_ssl_write(&tls, (const unsigned char *)line, strlen(line));
    if (result > 0 && line[0])
        result = mbedtls_ssl_read(&tls, answer, sizeof answer - 1);
    int left = result > 0 || (result == 0 && !line[0]) ? 0 : say_why(result);
    printf("%s\n", (char *)answer);
    if (left == 0)
        mbedtls_ssl_close_notify(&tls);
    mbedtls_net_free(&net);
    return left;
}
