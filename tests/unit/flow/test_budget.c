#include "flow/budget.h"

#include <criterion/criterion.h>
#include <stdint.h>

static const size_t mib = 1 << 20;

Test(budget, all_together_stay_below_the_ceiling)
{
    const size_t ceilings[] = { 256, 512, 4096 }, rings[] = { 0, 64, 88 };

    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < 3; k++) {
            size_t flows = budget_for_flows(ceilings[i] * mib, rings[k] * mib);
            cr_expect_leq(flows + (rings[k] + BUDGET_TABLES_MIB) * mib, ceilings[i] * mib);
            cr_expect_geq(flows, ceilings[i] * mib / 4, "%zu MiB are put to use", ceilings[i]);
        }
}

Test(budget, flows_keep_a_third_of_a_small_ceiling)
{
    cr_expect_eq(budget_for_flows(48 * mib, 0), 16 * mib);
    cr_expect_eq(budget_for_flows(96 * mib, 1024 * mib), 32 * mib);
    cr_expect_eq(budget_for_flows(SIZE_MAX, SIZE_MAX), SIZE_MAX / 3);
}

Test(budget, nothing_is_left_unused)
{
    cr_expect_eq(budget_for_flows(512 * mib, 0), (512 - BUDGET_TABLES_MIB) * mib);
    cr_expect_eq(budget_for_flows(120 * mib, 0), 40 * mib, "the two rules meet here");
}
