/* fuzz_cert.c - octets as a certificate: facts, questions, and twice into a store that is too
 * small. */
#include "x509/cert.h"

#include <stdlib.h>

volatile unsigned fuzz_sink; /* keeps the reads */

static void ask(const struct cert *cert, const struct cert *other)
{
    const struct cert_facts *facts = cert_facts(cert);

    for (unsigned i = 0; i < facts->n_names; i++)
        fuzz_sink = fuzz_sink + (unsigned)strlen(facts->names[i]);
    fuzz_sink = fuzz_sink + (unsigned)(strlen(facts->subject) + strlen(facts->issuer) +
                                       strlen(facts->serial) + strlen(facts->key_algorithm));
    fuzz_sink = fuzz_sink + cert_names_host(cert, "ems.corp.example") +
                cert_names_host(cert, "192.0.2.10") + cert_signed_by(cert, other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1); /* of its own, so that an overread is seen */
    struct cert_store *store = cert_store_open(size % 2 ? 1 << 18 : 8 << 20);

    if (copy && store) {
        memcpy(copy, data, size);
        const struct cert *first = cert_put(store, bytes_whole(copy, size));
        const struct cert *half = cert_put(store, bytes_whole(copy, size / 2));
        for (int i = 0; i < 2 && first; i++)
            ask(first, half ? half : first);
        if (half)
            ask(half, first ? first : half);
    }
    cert_store_close(store);
    free(copy);
    return 0;
}
