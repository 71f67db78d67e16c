#include "fleet.h"

#define DROP F_TCP_SYN_SILENT_DROP
#define OK   F_OK_TLS_ESTABLISHED

static struct change change_in(const char *outcomes)
{
    struct fleet f;
    fleet_begin(&f);
    for (int i = 0; outcomes[i]; i++)
        fleet_try(&f, "10.20.40.1", "10.0.0.10", 0, i, outcomes[i] == 'x' ? DROP : OK);
    summary_count(&f.summary, &f.scene);
    struct change change = fleet_group(&f, DROP)->common.change;
    summary_close(&f.summary);
    return change;
}

Test(change, the_last_success_and_the_first_failure_are_told)
{
    struct change change = change_in("....xxxx");

    cr_assert(change.found);
    cr_assert_eq(change.worked_ns, 3000000000);
    cr_assert_eq(change.failed_ns, 4000000000);
    cr_assert_not(change.from_start);
    cr_assert(change.to_end);
}

Test(change, what_fails_from_the_start_has_no_working_moment)
{
    struct change change = change_in("xxxx");

    cr_assert(change.found);
    cr_assert(change.from_start);
    cr_assert(change.to_end);
}

Test(change, what_works_again_says_when)
{
    struct change change = change_in("...xxxx....");

    cr_assert(change.found);
    cr_assert_eq(change.again_ns, 7000000000);
    cr_assert_not(change.to_end);
}

Test(change, success_and_failure_in_turn_are_no_moment)
{
    cr_assert_not(change_in(".x.x.x.x.x").found);
}

Test(change, two_failures_are_no_moment) { cr_assert_not(change_in("....xx").found); }

Test(change, the_order_of_judgement_does_not_matter)
{
    struct fleet f;
    fleet_begin(&f);
    for (int i = 9; i >= 0; i--)
        fleet_try(&f, "10.20.40.1", "10.0.0.10", 0, i, i >= 5 ? DROP : OK);

    summary_count(&f.summary, &f.scene);

    cr_assert_eq(fleet_group(&f, DROP)->common.change.failed_ns, 5000000000);
    summary_close(&f.summary);
}

Test(history, deeds_are_found_by_their_service)
{
    struct history h = { 0 };
    for (uint32_t i = 0; i < 3 * HISTORY_CHUNK; i++)
        history_add(&h, &(struct deed){ .time_ns = i, .service = 1 + i % 3 });

    cr_assert(history_arrange(&h, 3));

    cr_assert_eq(history_count(&h, 2), HISTORY_CHUNK);
    cr_assert_eq(history_of(&h, 2, 5)->time_ns, 16);
    cr_assert_null(history_of(&h, 2, HISTORY_CHUNK));
    cr_assert_null(history_of(&h, 4, 0));
    history_close(&h);
}

Test(history, what_does_not_fit_is_counted)
{
    struct history h = { 0 };
    for (uint32_t i = 0; i < HISTORY_DEEDS + 5; i++)
        history_add(&h, &(struct deed){ .service = 1 });

    cr_assert_eq(h.n, HISTORY_DEEDS);
    cr_assert_eq(h.refused, 5);
    history_close(&h);
}
