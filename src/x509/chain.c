#include "x509/chain.h"

enum { CHAIN_READ = 16 };

/* 0: nobody there issued it, or it needs none. */
static size_t issuer_of(const struct cert *const *chain, size_t n, size_t i)
{
    if (cert_facts(chain[i])->self_issued)
        return 0;
    for (size_t k = 1; k < n; k++) {
        size_t at = (i + k) % n; /* the next one first */
        if (at && cert_signed_by(chain[i], chain[at]))
            return at;
    }
    return 0;
}

enum chain_order chain_order(const struct cert *const *chain, size_t n)
{
    size_t at = 0, steps = 0;
    bool jumped = false;

    n = n < CHAIN_READ ? n : CHAIN_READ;
    for (size_t next; n > 1 && steps < n && (next = issuer_of(chain, n, at)) != 0; steps++) {
        jumped |= next != at + 1;
        at = next;
    }
    if (n < 2 || (!jumped && at + 1 == n))
        return CHAIN_ORDERED;
    if (jumped)
        return CHAIN_UNORDERED;
    return at || cert_facts(chain[0])->self_issued ? CHAIN_SURPLUS : CHAIN_BROKEN;
}

const char *chain_order_name(enum chain_order order)
{
    static const char *const names[] = { "ok", "surplus", "unordered", "broken" };
    return names[order];
}
