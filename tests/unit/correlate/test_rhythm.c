#include "correlate/rhythm.h"

#include <criterion/criterion.h>

#define N(array) (sizeof(array) / sizeof *(array))

Test(rhythm, the_interval_is_the_median_of_the_latest_distances)
{
    const int64_t times[] = { 0, 60, 119, 181, 240, 300 };

    cr_assert_eq(rhythm_interval(times, N(times)), 60);
}

Test(rhythm, too_few_moments_have_no_interval)
{
    const int64_t times[] = { 0, 60, 120, 180 };

    cr_assert_eq(rhythm_interval(times, N(times)), 0);
}

Test(rhythm, a_timer_that_was_set_otherwise_is_followed)
{
    int64_t times[80], at = 0;
    for (size_t i = 0; i < N(times); i++, at += i < 40 ? 300 : 60)
        times[i] = at;

    cr_assert_eq(rhythm_around(times, N(times), 20), 300);
    cr_assert_eq(rhythm_around(times, N(times), 70), 60);
    cr_assert_eq(rhythm_interval(times, N(times)), 60);
}

Test(rhythm, pauses_do_not_change_the_interval)
{
    const int64_t times[] = { 0, 60, 120, 180, 9000, 9060, 9120, 9180, 9240 };

    cr_assert_eq(rhythm_interval(times, N(times)), 60);
    cr_assert_not(rhythm_is_irregular(times, N(times)));
}

Test(rhythm, distances_without_any_order_are_irregular)
{
    const int64_t times[] = { 0, 40, 240, 290, 460, 500, 720, 780, 970, 1010 };

    cr_assert(rhythm_is_irregular(times, N(times)));
}

Test(rhythm, two_timers_at_once_are_not_irregular)
{
    int64_t times[120];
    size_t n = 0;
    for (int64_t at = 0; at < 3600; at++)
        if (at % 60 == 0 || at % 300 == 5)
            times[n++] = at;

    cr_assert_not(rhythm_is_irregular(times, n));
}

Test(rhythm, what_follows_at_once_belongs_to_the_moment_before)
{
    int64_t times[] = { 0, 1, 60, 61, 62, 120 };

    cr_assert_eq(rhythm_thin(times, N(times), 3), 3);
    cr_assert_eq(times[1], 60);
    cr_assert_eq(times[2], 120);
}
