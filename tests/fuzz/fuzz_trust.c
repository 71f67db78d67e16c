/* fuzz_trust.c - octets as a chain and as the bundle that it is held against.
 *
 * The input: four octets of time, one that tells the sender, then certificates: an octet (1 goes
 * into the bundle, 2 is sent, 3 both), a length of two octets, DER. */
#include "x509/chain.h"
#include "x509/trust.h"

#include <stdlib.h>
#include <unistd.h>

enum { TO_BUNDLE = 1, TO_CHAIN = 2 };

volatile unsigned fuzz_sink; /* keeps the reads */

struct story {
    const struct cert *sent[TRUST_DEPTH + 1]; /* one more than counts */
    size_t n;
    enum side sender;
    int64_t at_s;
};

static void tell(struct bytes *in, struct cert_store *store, FILE *bundle, struct story *out)
{
    while (in->left && bytes_ok(in)) {
        uint8_t place = bytes_u8(in);
        struct bytes der = bytes_vector(in, 2);
        const struct cert *cert = bytes_ok(in) ? cert_put(store, der) : NULL;
        if (cert && place & TO_BUNDLE)
            (void)cert_pem(cert, bundle);
        if (cert && place & TO_CHAIN && out->n < TRUST_DEPTH + 1)
            out->sent[out->n++] = cert;
    }
}

static void read_words(const struct trust_reading *r)
{
    if (r)
        fuzz_sink = fuzz_sink + (unsigned)(strlen(r->text) + strlen(r->word) + strlen(r->means) +
                                           strlen(r->at) + strlen(r->lacks) + strlen(r->authority));
}

/* Twice for the same answer, once after the dates do not count any more. */
static void ask(struct trust *trust, const struct story *s)
{
    const struct trust_reading *r = trust_read(trust, s->sent, s->n, s->sender, s->at_s);

    if (r != trust_read(trust, s->sent, s->n, s->sender, s->at_s))
        abort();
    read_words(r);
    read_words(trust_read(trust, s->sent, s->n, s->sender, TRUST_NO_TIME));
    trust_forget(trust);
    read_words(trust_read(trust, s->sent, s->n, !s->sender, s->at_s));
    if (s->n)
        fuzz_sink = fuzz_sink + chain_order(s->sent, s->n);
}

static void verify(struct bytes in, const char *path, struct cert_store *store, FILE *bundle)
{
    struct failure failure;
    struct story s = { .at_s = bytes_u32(&in) };

    s.sender = bytes_u8(&in) & 1 ? SERVER : CLIENT;
    tell(&in, store, bundle, &s);
    if (fflush(bundle) != 0)
        return;
    struct trust *trust = trust_open(path, &failure);
    if (trust)
        ask(trust, &s);
    trust_close(trust);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[] = "/tmp/shakeout-fuzz-XXXXXX";
    uint8_t *copy = malloc(size ? size : 1); /* of its own, so that an overread is seen */
    struct cert_store *store = cert_store_open(8 << 20);
    int fd = mkstemp(path);
    FILE *bundle = fd >= 0 ? fdopen(fd, "w") : NULL;

    if (copy && store && bundle) {
        if (size)
            memcpy(copy, data, size);
        verify(bytes_whole(copy, size), path, store, bundle);
    }
    if (bundle)
        fclose(bundle);
    if (fd >= 0)
        unlink(path);
    cert_store_close(store);
    free(copy);
    return 0;
}
