/* bearc.c - a client on BearSSL (TLS 1.2).  The authority is read from CA with .der in place of .pem. */
#include <bearssl.h>

#include "dial.h"

struct name {
    unsigned char octets[512];
    size_t n;
};

static void name_add(void *to, const void *octets, size_t n)
{
    struct name *name = to;
    if (name->n + n <= sizeof name->octets) {
        memcpy(name->octets + name->n, octets, n);
        name->n += n;
    }
}

static int socket_read(void *fd, unsigned char *to, size_t n)
{
    ssize_t have = read(*(int *)fd, to, n);
    return have > 0 ? (int)have : -1;
}

static int socket_write(void *fd, const unsigned char *from, size_t n)
{
    ssize_t sent = send(*(int *)fd, from, n, MSG_NOSIGNAL);
    return sent > 0 ? (int)sent : -1;
}

static size_t file_read(const char *pem, unsigned char *to, size_t room)
{
    char path[256];
    snprintf(path, sizeof path, "%.*s.der", (int)strlen(pem) - 4, pem);
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(to, 1, room, f) : 0;
    if (f)
        fclose(f);
    return n;
}

static int talk(const struct dial *d)
{
    static unsigned char der[4096], buffer[BR_SSL_BUFSIZE_BIDI];
    static br_x509_decoder_context authority;
    static br_ssl_client_context client;
    static br_x509_minimal_context verifier;
    struct name name = { .n = 0 };
    br_sslio_context io;
    char answer[512] = "";
    int fd = d->fd;

    br_x509_decoder_init(&authority, name_add, &name);
    br_x509_decoder_push(&authority, der, file_read(d->ca, der, sizeof der));
    br_x509_trust_anchor anchor = {
        .dn = { .data = name.octets, .len = name.n },
        .flags = BR_X509_TA_CA,
        .pkey = *br_x509_decoder_get_pkey(&authority),
    };
    br_ssl_client_init_full(&client, &verifier, &anchor, 1);
    br_ssl_engine_set_buffer(&client.eng, buffer, sizeof buffer, 1);
    br_ssl_client_reset(&client, d->name, 0);
    br_sslio_init(&io, &client.eng, socket_read, &fd, socket_write, &fd);
    int result = br_sslio_write_all(&io, line, strlen(line));
    if (result == 0)
        result = br_sslio_flush(&io);
    if (result == 0 && line[0])
        result = br_sslio_read(&io, answer, sizeof answer - 1);
    if (result > 0 || (result == 0 && !line[0]))
        br_sslio_close(&io);
    else
        printf("certificate or TLS error %d\n", br_ssl_engine_last_error(&client.eng));
    printf("%s\n", answer);
    close(fd);
    return result > 0 ? 0 : 1;
}
