#include "evidence/networks.h"

#include <stdlib.h>
#include <string.h>

struct pair {
    struct address original, stand_in;
};

static size_t prefix_octets(const struct address *a) { return address_is_ipv4(a) ? 15 : 8; }

static int by_original(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct address));
}

static bool are_neighbours(const struct pair *a, const struct pair *b)
{
    return address_is_ipv4(&a->original) == address_is_ipv4(&b->original) &&
           memcmp(&a->original, &b->original, prefix_octets(&a->original)) == 0;
}

static int by_stand_in(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    return memcmp(&x->stand_in, &y->stand_in, sizeof x->stand_in);
}

/* In the order of the stand-ins: that of the originals would tell something. */
static void print_network(unsigned number, struct pair *pair, size_t n, FILE *f)
{
    char text[ADDRESS_TEXT];

    qsort(pair, n, sizeof *pair, by_stand_in);
    fprintf(f, "N%-4u", number);
    for (size_t i = 0; i < n && i < NETWORK_MEMBERS; i++) {
        address_text(&pair[i].stand_in, text);
        fprintf(f, " %s", text);
    }
    if (n > NETWORK_MEMBERS)
        fprintf(f, " and %zu more", n - NETWORK_MEMBERS);
    fputc('\n', f);
}

static size_t take_pairs(const struct mask *mask, struct pair *pair, size_t most)
{
    size_t n = 0;

    while (n < most && mask_address_at(mask, n, &pair[n].original, &pair[n].stand_in))
        n++;
    qsort(pair, n, sizeof *pair, by_original);
    return n;
}

void networks_print(const struct mask *mask, FILE *f)
{
    size_t most = mask_count(mask), beyond = 0;
    struct pair *pair = malloc((most + 1) * sizeof *pair);
    size_t n = pair ? take_pairs(mask, pair, most) : 0;
    unsigned number = 0;

    for (size_t i = 0, members; i < n; i += members) {
        for (members = 1; i + members < n && are_neighbours(&pair[i], &pair[i + members]);)
            members++;
        if (members > 1 && number < NETWORKS)
            print_network(++number, pair + i, members, f);
        else
            beyond += members > 1;
    }
    if (beyond)
        fprintf(f, "and %zu more networks\n", beyond);
    free(pair);
}
