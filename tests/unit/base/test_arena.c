#include "base/arena.h"

#include <criterion/criterion.h>
#include <string.h>

Test(arena, memory_comes_zeroed_also_when_it_is_used_again)
{
    struct pool *pool = pool_open(1 << 20);
    struct arena arena = { 0 };
    memset(arena_zalloc(&arena, pool, 100), 0xff, 100);
    arena_release(&arena, pool);

    const uint8_t *again = arena_zalloc(&arena, pool, 100);

    for (int i = 0; i < 100; i++)
        cr_assert_eq(again[i], 0);
    arena_release(&arena, pool);
    pool_close(pool);
}

Test(arena, the_ceiling_refuses_instead_of_growing)
{
    struct pool *pool = pool_open(1 << 19);
    struct arena arena = { 0 };
    size_t got = 0;

    while (arena_zalloc(&arena, pool, 1000))
        got += 1000;

    cr_assert_leq(pool_held(pool), 1 << 19);
    cr_assert_gt(got, 1 << 18);
    cr_assert_eq(pool_refusals(pool), 1);
    arena_release(&arena, pool);
    cr_assert_eq(pool_used(pool), 0);
    pool_close(pool);
}

Test(arena, released_blocks_serve_the_next_flow)
{
    struct pool *pool = pool_open(1 << 20);
    size_t held = 0;

    for (int i = 0; i < 100; i++) {
        struct arena arena = { 0 };
        for (int j = 0; j < 20; j++)
            cr_assert_not_null(arena_zalloc(&arena, pool, 500));
        arena_release(&arena, pool);
        if (i == 0)
            held = pool_held(pool);
    }

    cr_assert_eq(pool_held(pool), held);
    pool_close(pool);
}

Test(arena, a_block_of_its_own_can_be_given_back_early)
{
    struct pool *pool = pool_open(1 << 20);
    struct arena arena = { 0 };
    void *small = arena_zalloc(&arena, pool, 40);
    size_t before = pool_used(pool);
    void *first = arena_zalloc_block(&arena, pool, 60000);
    void *second = arena_zalloc_block(&arena, pool, 300);

    arena_give_back(&arena, pool, first);
    arena_give_back(&arena, pool, second);

    cr_assert_not_null(small);
    cr_assert_eq(pool_used(pool), before);
    arena_release(&arena, pool);
    cr_assert_eq(pool_used(pool), 0);
    pool_close(pool);
}

Test(arena, one_request_larger_than_allowed_is_refused)
{
    struct pool *pool = pool_open(1 << 24);
    struct arena arena = { 0 };

    cr_assert_null(arena_zalloc(&arena, pool, ARENA_LARGEST));
    cr_assert_not_null(arena_zalloc(&arena, pool, ARENA_LARGEST - 64));

    arena_release(&arena, pool);
    pool_close(pool);
}
