#include "report/filter.h"
#include "story.h"

static struct filter f;
static struct failure failure;

static int64_t ns(const char *since, int64_t first_ns)
{
    f = (struct filter){ 0 };
    cr_assert(filter_set_since(&f, since, &failure), "%s", failure.why);
    return filter_ns(&f.since, first_ns, true);
}

static bool is_refused(const char *since)
{
    f = (struct filter){ 0 };
    return !filter_set_since(&f, since, &failure);
}

Test(filter, a_time_of_day_is_of_the_day_on_which_the_capture_begins)
{
    const int64_t midnight = story_ns / 86400000000000 * 86400000000000;

    cr_assert_eq(ns("14:02", story_ns), midnight + (14 * 3600 + 120) * (int64_t)1000000000);
    cr_assert_eq(ns("14:02:11.5", story_ns), midnight + 50531500 * (int64_t)1000000);
}

Test(filter, a_time_with_a_zone_is_that_moment)
{
    cr_assert_eq(ns("2026-11-19T14:02:11.508+01:00", 0), story_ns);
    cr_assert_eq(ns("2026-11-19T13:02:11.508Z", 0), story_ns);
    cr_assert_eq(ns("2026-11-19 08:02:11.508-05:00", 0), story_ns);
}

Test(filter, what_is_no_time_is_refused)
{
    const char *const wrong[] = { "",         "14",        "24:00",      "14:60",
                                  "14:02:60", "14:2",      "14:02:11.",  "2026-02-30T10:00",
                                  "10m",      "14:02 UTC", "2026-11-19", "14:02+0100" };

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        cr_assert(is_refused(wrong[i]), "%s", wrong[i]);
    cr_assert_not_null(strstr(failure.why, "is not a time such as 14:02"));
}

Test(filter, a_prefix_ends_at_a_dot)
{
    f = (struct filter){ 0 };

    cr_assert(filter_add_finding(&f, "tcp.syn", &failure));
    cr_assert(f.finding[F_TCP_SYN_SILENT_DROP]);
    cr_assert_not(f.finding[F_TCP_RESET_BY_CLIENT]);
    cr_assert_not(filter_add_finding(&f, "tcp.sy", &failure));
    cr_assert_not(filter_add_finding(&f, "tcp.syn.silentdrop", &failure));
    cr_assert_not_null(strstr(failure.remedy, "tcp.syn.silent_drop"));
}

static struct told show(const struct filter *filter)
{
    static struct story one;
    const uint64_t frames[] = { 412 };
    story_begin(&one);
    story_raise(&one, F_TCP_SYN_SILENT_DROP, frames, 1);
    const struct verdict *verdicts[] = { &one.verdict };
    struct report_config config = { .width = 110, .ascii = true, .utc = true, .filter = filter };

    return story_tell(config, &one.scene, verdicts, 1, NULL, 0);
}

Test(filter, what_is_left_out_is_said_and_is_no_failure_of_the_part)
{
    f = (struct filter){ 0 };
    filter_add_endpoint(&f, "10.20.41.0/24", &failure);

    struct told told = show(&f);

    cr_assert_eq(told.code, 3);
    cr_assert_not_null(strstr(told.text, "only --endpoint 10.20.41.0/24: 0 of 1 connections"));
    free(told.text);
}

Test(filter, the_part_that_fails_is_a_failure)
{
    f = (struct filter){ 0 };
    filter_add_endpoint(&f, "10.20.40.17", &failure);
    filter_set_since(&f, "13:02", &failure);
    filter_set_until(&f, "13:03", &failure);

    struct told told = show(&f);

    cr_assert_eq(told.code, 1);
    cr_assert_not_null(strstr(told.text, "1 of 1 connections"));
    free(told.text);
}

Test(filter, what_happened_before_or_after_is_left_out)
{
    f = (struct filter){ 0 };
    filter_set_since(&f, "13:03", &failure);

    struct told told = show(&f);

    cr_assert_eq(told.code, 3);
    free(told.text);
    f = (struct filter){ 0 };
    filter_set_until(&f, "13:02", &failure);
    told = show(&f);
    cr_assert_eq(told.code, 3);
    free(told.text);
}
