/* fuzz_unseal.c - octets as what a sealed record held, and as a record that does not open.
 *
 * The input is pieces: flags (1 from the server, 2 an alert, 4 to a cipher), a length, octets. */
#include "keys/cipher.h"
#include "tls/sealed.h"

#include <stdlib.h>

volatile unsigned fuzz_sink; /* keeps the reads */

/* A TLS 1.3 connection as far as its ServerHello, by hand. */
static struct tls *opened(struct arena *arena, struct pool *pool, bool tls13)
{
    static const uint8_t random[32];
    struct tls *t = tls_open(arena, pool);

    if (!t || !tls_keep(t))
        return NULL;
    t->server_hello.present = true;
    t->server_hello.at.frame = 1;
    t->server_hello.version = tls13 ? 0x0304 : 0x0303;
    t->server_hello.suite = tls13 ? 0x1301 : 0xc02f;
    t->chose_13 = tls13;
    memcpy(t->opened->server_random, random, sizeof random);
    return t;
}

static void unseal(struct tls *t, uint8_t flags, struct bytes piece, uint64_t frame)
{
    struct tls_record r = {
        .at = { .frame = frame }, .from = flags & 1, .type = 23, .version = 0x0303, .body = piece
    };

    tls_unsealed(t, &r, flags & 2 ? TLS_ALERT : TLS_HANDSHAKE, piece);
    struct tls_certificates fresh = tls_fresh(t);
    for (unsigned i = 0; i < fresh.n && i < TLS_CHAIN_MAX; i++)
        for (size_t j = 0; j < fresh.der[i].left; j++)
            fuzz_sink = fuzz_sink + fresh.der[i].at[j];
}

static void decipher(uint8_t flags, struct bytes piece)
{
    static const uint16_t numbers[] = { 0xc02f, 0xcca8, 0xc09c, 0x002f };
    static const uint8_t master[48], random[32];
    struct direction d = { .suite = suite_of(numbers[flags >> 4 & 3], false), .version = 0x0303 };
    struct sealed r = { .type = 22, .version = 0x0303, .body = piece };
    struct unsealed u = { 0 };
    uint8_t *out = malloc(piece.left + 1);

    d.encrypt_then_mac = flags & 8 && d.suite.mode == SUITE_CBC;
    if (out && schedule_12(&d, CLIENT, master, random, random))
        fuzz_sink = fuzz_sink + cipher_open(&d, &r, out, &u) + (unsigned)u.n;
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = bytes_whole(data, size);
    struct arena arena = { 0 };
    struct pool *pool = pool_open(1 << 22);
    struct tls *t = pool ? opened(&arena, pool, size % 4 != 0) : NULL;

    for (uint64_t frame = 2; t && in.left && bytes_ok(&in); frame++) {
        uint8_t flags = bytes_u8(&in);
        struct bytes piece = bytes_vector(&in, 2);
        uint8_t *copy = malloc(piece.left + 1); /* of its own, so that an overread is seen */
        if (!copy)
            break;
        memcpy(copy, piece.at, piece.left);
        if (flags & 4)
            decipher(flags, bytes_whole(copy, piece.left));
        else
            unseal(t, flags, bytes_whole(copy, piece.left), frame);
        free(copy);
    }
    if (t) {
        struct sealed_end end = { 0 };
        fuzz_sink = fuzz_sink + sealed_read(t, &end).row + t->n_messages + t->n_alerts;
    }
    arena_release(&arena, pool);
    pool_close(pool);
    return 0;
}
