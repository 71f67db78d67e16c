#include "live/dial.h"

#include <criterion/criterion.h>

static const int64_t second_ns = 1000000000;

Test(dial, a_clock_that_was_set_is_told_once)
{
    struct dial dial = { 0 };

    cr_expect_eq(dial_read(&dial, 1000000 * second_ns, 50 * second_ns), 0, "nothing before it");
    cr_expect_eq(dial_read(&dial, 1000060 * second_ns, 110 * second_ns), 0);
    cr_expect_eq(dial_read(&dial, 996461 * second_ns, 111 * second_ns), -3600 * second_ns);
    cr_expect_eq(dial_read(&dial, 996462 * second_ns, 112 * second_ns), 0);
    cr_expect_eq(dial_read(&dial, 1000063 * second_ns, 113 * second_ns), 3600 * second_ns);
}

Test(dial, a_slow_correction_is_no_step)
{
    struct dial dial = { 0 };

    for (int64_t i = 0; i < 100; i++)
        cr_expect_eq(dial_read(&dial, (1000 + 2 * i) * second_ns, (50 + i) * second_ns), 0);
}

Test(dial, this_machine_is_read)
{
    struct dial dial = { 0 };

    dial_look(&dial);
    cr_expect(dial.read);
    cr_expect_gt(dial.apart_ns, 0);
}
