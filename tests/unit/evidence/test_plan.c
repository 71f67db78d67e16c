#include "evidence/plan.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct plan *plan;

static void open_plan(void)
{
    plan = plan_open();
    cr_assert(plan);
}

static void close_plan(void) { plan_close(plan); }

TestSuite(plan, .init = open_plan, .fini = close_plan);

static const struct kept *all[PLAN_SAMPLES * 4];

static int by_first(const void *a, const void *b)
{
    const struct kept *x = *(const struct kept *const *)a, *y = *(const struct kept *const *)b;
    return (x->first > y->first) - (x->first < y->first);
}

static size_t gathered(void)
{
    size_t n = plan_all(plan, all, sizeof all / sizeof *all);
    qsort(all, n, sizeof *all, by_first);
    return n;
}

static void fail_times(uint64_t n)
{
    struct plan_group group = { .port = 8013, .id = 7 };

    for (uint64_t i = 1; i <= n; i++) {
        struct kept *kept = plan_failing(plan, &group);
        if (kept) {
            kept->first = i;
            kept_note(kept, i, "seen", false);
        }
    }
}

Test(plan, few_failures_are_all_kept)
{
    fail_times(PLAN_SAMPLES);

    cr_assert_eq(gathered(), PLAN_SAMPLES);
    for (size_t i = 0; i < PLAN_SAMPLES; i++)
        cr_assert_eq(all[i]->first, i + 1);
    cr_assert_eq(plan_left_out(plan), 0);
}

Test(plan, of_many_failures_the_first_the_last_and_some_between_are_kept)
{
    fail_times(1000);

    size_t n = gathered();
    cr_assert_leq(n, PLAN_SAMPLES);
    cr_assert_geq(n, PLAN_SAMPLES - 3);
    cr_assert_eq(all[0]->first, 1);
    cr_assert_eq(all[n - 1]->first, 1000);
    size_t in_the_middle = 0;
    for (size_t i = 0; i < n; i++)
        in_the_middle += all[i]->first > 250 && all[i]->first < 750;
    cr_assert_geq(in_the_middle, 1);
    cr_assert_eq(plan_left_out(plan), 1000 - n);
}

Test(plan, groups_do_not_take_places_from_each_other)
{
    struct plan_group other = { .port = 443, .id = 7 };

    fail_times(1000);
    struct kept *kept = plan_failing(plan, &other);

    cr_assert(kept);
    kept->first = 1001;
    cr_assert_eq(all[gathered() - 1]->first, 1001);
}

Test(plan, the_shortest_exchange_that_worked_is_the_example)
{
    struct address server = { { 10 } };

    struct kept *long_one = plan_working(plan, &server, 443, 900);
    long_one->packets = 900;
    long_one->first = 1;
    cr_assert_null(plan_working(plan, &server, 443, 900));
    struct kept *short_one = plan_working(plan, &server, 443, 12);
    cr_assert(short_one);
    short_one->first = 2;

    cr_assert_eq(gathered(), 1);
    cr_assert_eq(all[0]->first, 2);
}

Test(plan, notes_beyond_the_bound_are_left)
{
    struct kept *kept = plan_capture(plan);

    for (uint64_t i = 1; i < 100; i++)
        kept_note(kept, i, NULL, true);
    kept_note(kept, 0, "no frame", false);

    cr_assert_eq(kept->n_notes, PLAN_NOTES);
    cr_assert_null(kept->note[0].text);
    cr_assert(kept->note[0].whole);
}

Test(plan, an_address_keeps_its_first_name)
{
    struct address server = { { 10 } }, found;

    plan_name(plan, &server, "");
    plan_name(plan, &server, "ems.corp.example");
    plan_name(plan, &server, "other.example");

    cr_assert_eq(plan_names(plan), 1);
    cr_assert_str_eq(plan_name_at(plan, 0, &found), "ems.corp.example");
    cr_assert(address_equal(&found, &server));
}

Test(plan, a_name_out_of_the_packets_is_known_beside_our_words)
{
    struct kept *kept = plan_capture(plan);

    kept_note_name(kept, 7, "[DNS] ", "ems.corp.example", false);
    kept_note(kept, 8, "[DNS] none", false);

    cr_assert_str_eq(kept->note[0].text, "[DNS] ems.corp.example");
    cr_assert_str_eq(kept->note[0].text + kept->note[0].name_at, "ems.corp.example");
    cr_assert_eq(kept->note[1].name_at, 0);
}
