#include "stream/gaps.h"

#include <criterion/criterion.h>

Test(gaps, ranges_that_touch_become_one)
{
    struct ranges set = { 0 };

    cr_assert(ranges_add(&set, 10, 20));
    cr_assert(ranges_add(&set, 30, 40));
    cr_assert_eq(set.n, 2);
    cr_assert(ranges_add(&set, 20, 30));

    cr_assert_eq(set.n, 1);
    cr_assert_eq(set.range[0].from, 10);
    cr_assert_eq(set.range[0].to, 40);
}

Test(gaps, one_range_may_swallow_several)
{
    struct ranges set = { 0 };
    for (uint64_t i = 0; i < 5; i++)
        ranges_add(&set, i * 10, i * 10 + 5);

    cr_assert(ranges_add(&set, 3, 32));

    cr_assert_eq(set.n, 2);
    cr_assert_eq(set.range[0].to, 35);
    cr_assert_eq(set.range[1].from, 40);
}

Test(gaps, an_empty_range_changes_nothing)
{
    struct ranges set = { 0 };

    cr_assert(ranges_add(&set, 7, 7));

    cr_assert_eq(set.n, 0);
    cr_assert_eq(ranges_next(&set, 0), UINT64_MAX);
}

Test(gaps, a_full_set_takes_what_merges_and_refuses_what_needs_a_place)
{
    struct ranges set = { 0 };
    for (uint64_t i = 0; i < RANGES_MAX; i++)
        cr_assert(ranges_add(&set, i * 10, i * 10 + 5));

    cr_assert_not(ranges_add(&set, 1000, 1001));
    cr_assert(ranges_add(&set, 5, 10));

    cr_assert_eq(set.n, RANGES_MAX - 1);
    cr_assert_eq(ranges_run(&set, 0), 15);
    cr_assert_eq(ranges_run(&set, 1000), 0);
}

Test(gaps, runs_and_the_next_range_are_found_from_anywhere)
{
    struct ranges set = { 0 };
    ranges_add(&set, 10, 20);
    ranges_add(&set, 30, 40);

    cr_assert_eq(ranges_run(&set, 10), 10);
    cr_assert_eq(ranges_run(&set, 19), 1);
    cr_assert_eq(ranges_run(&set, 20), 0);
    cr_assert_eq(ranges_next(&set, 0), 10);
    cr_assert_eq(ranges_next(&set, 15), 15);
    cr_assert_eq(ranges_next(&set, 20), 30);
    cr_assert_eq(ranges_next(&set, 40), UINT64_MAX);
}

Test(gaps, dropping_below_an_offset_cuts_the_range_it_lies_in)
{
    struct ranges set = { 0 };
    ranges_add(&set, 10, 20);
    ranges_add(&set, 30, 40);

    ranges_drop_below(&set, 35);

    cr_assert_eq(set.n, 1);
    cr_assert_eq(set.range[0].from, 35);
    ranges_drop_below(&set, 40);
    cr_assert_eq(set.n, 0);
}
