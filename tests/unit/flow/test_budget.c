#include "flow/budget.h"

#include <criterion/criterion.h>
#include <stdint.h>

static const size_t mib = 1 << 20;

static const size_t beside = BUDGET_PROGRAM_MIB + BUDGET_TABLES_MIB;

Test(budget, all_together_stay_below_the_ceiling)
{
    const size_t ceilings[] = { 256, 512, 4096 }, rings[] = { 0, 16, 64 };

    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < 3; k++) {
            size_t flows = budget_for_flows(ceilings[i] * mib, rings[k] * mib);
            cr_expect_leq(flows + (rings[k] + beside) * mib, ceilings[i] * mib);
            cr_expect_geq(flows, ceilings[i] * mib / 5, "%zu MiB are put to use", ceilings[i]);
        }
}

Test(budget, flows_keep_a_fifth_of_a_small_ceiling)
{
    cr_expect_eq(budget_for_flows(50 * mib, 0), 10 * mib);
    cr_expect_eq(budget_for_flows(100 * mib, 1024 * mib), 20 * mib);
    cr_expect_eq(budget_for_flows(SIZE_MAX, SIZE_MAX), SIZE_MAX / 5);
}

Test(budget, nothing_is_left_unused)
{
    cr_expect_eq(budget_for_flows(512 * mib, 100 * mib), (412 - beside) * mib);
    cr_expect_eq(budget_for_flows(5 * beside / 4 * mib, 0), beside / 4 * mib,
                 "the two rules meet here");
}
