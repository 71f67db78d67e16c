#include "base/table.h"

#include <criterion/criterion.h>

Test(table, a_record_is_found_under_its_key_and_stays_where_it_is)
{
    struct table t;
    cr_assert(table_open(&t, sizeof(uint32_t), sizeof(uint64_t), 100000));
    uint32_t first_key = 0;
    uint64_t *first = table_put(&t, &first_key);

    for (uint32_t key = 0; key < 5000; key++)
        *(uint64_t *)table_put(&t, &key) = key * 3;

    for (uint32_t key = 0; key < 5000; key++)
        cr_assert_eq(*(uint64_t *)table_get(&t, &key), key * 3);
    cr_assert_eq(table_get(&t, &first_key), first);
    cr_assert_eq(t.n, 5000);
    table_close(&t);
}

Test(table, a_full_table_refuses_and_counts)
{
    struct table t;
    cr_assert(table_open(&t, sizeof(uint32_t), 8, 10));

    for (uint32_t key = 0; key < 15; key++)
        (void)table_put(&t, &key);

    cr_assert_eq(t.n, 10);
    cr_assert_eq(t.refused, 5);
    table_close(&t);
}

Test(table, order_is_that_of_insertion)
{
    struct table t;
    cr_assert(table_open(&t, sizeof(uint32_t), 4, 1000));

    for (uint32_t key = 900; key > 0; key -= 3)
        (void)table_put(&t, &key);

    for (size_t i = 0; i < t.n; i++)
        cr_assert_eq(*(const uint32_t *)table_key(&t, i), 900 - 3 * i);
    table_close(&t);
}

Test(table, a_hash_that_is_handed_on_leads_to_the_record_even_where_all_are_the_same)
{
    struct table t;
    cr_assert(table_open(&t, sizeof(uint32_t), sizeof(uint64_t), 1000));

    for (uint32_t key = 0; key < 300; key++)
        *(uint64_t *)table_put_hashed(&t, &key, key % 2 ? 7 : (uint64_t)key << 32) = key;

    for (uint32_t key = 0; key < 300; key++) {
        const uint64_t hash = key % 2 ? 7 : (uint64_t)key << 32;
        cr_assert_eq(*(uint64_t *)table_get_hashed(&t, &key, hash), key);
    }
    cr_assert_eq(t.n, 300);
    table_close(&t);
}

Test(table, nothing_is_found_before_something_is_put)
{
    struct table t, closed = { 0 };
    uint32_t key = 0;
    cr_assert(table_open(&t, sizeof key, sizeof key, 10));

    cr_assert_null(table_get(&t, &key));
    cr_assert_null(table_get(&closed, &key));
    table_prefetch_record(&closed, &key);
    table_close(&t);
}

Test(table, a_hash_depends_on_each_octet_and_on_the_length)
{
    enum { LONGEST = 70 };
    const struct hash_seed seed = { 0x0123456789abcdef, 0xfedcba9876543211 };
    uint8_t octets[LONGEST + 1] = { 0 };

    for (size_t n = 0; n <= LONGEST; n++) {
        uint64_t hash = hash_bytes(octets, n, seed);
        cr_assert_neq(hash, hash_bytes(octets, n + 1, seed));
        for (size_t i = 0; i < n; i++) {
            octets[i] ^= 0x10;
            cr_assert_neq(hash, hash_bytes(octets, n, seed), "octet %zu of %zu", i, n);
            octets[i] ^= 0x10;
        }
    }
}
