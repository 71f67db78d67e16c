#include "report/stamp.h"

#include <criterion/criterion.h>

/* Expected values are those of GNU date -u -d @N. */
Test(stamp, days_follow_the_calendar)
{
    static const struct moment {
        int64_t seconds;
        const char *text;
    } moments[] = {
        { 0, "1970-01-01T00:00:00" },          { -1, "1969-12-31T23:59:59" },
        { 951782400, "2000-02-29T00:00:00" },  { 4107542399, "2100-02-28T23:59:59" },
        { 4107542400, "2100-03-01T00:00:00" }, { 1795093331, "2026-11-19T13:02:11" },
        { 9223372036, "2262-04-11T23:47:16" }, { -9223372036, "1677-09-21T00:12:44" },
    };
    char text[20];

    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
        stamp_date_time(moments[i].seconds, text);
        cr_expect_str_eq(text, moments[i].text);
    }
}

Test(stamp, a_time_before_1970_has_a_positive_fraction)
{
    cr_assert_eq(stamp_seconds(-1), -1);
    cr_assert_eq(stamp_fraction(-1), 999999999);
}

Test(stamp, utc_is_written_absolute_with_z)
{
    char text[STAMP_TEXT];
    struct stamp_style style = { .utc = true, .absolute = true };

    cr_assert_str_eq(stamp_time(1795093331508000000, style, text), "2026-11-19T13:02:11.508Z");
    style.absolute = false;
    cr_assert_str_eq(stamp_time(1795093331508000000, style, text), "13:02:11.508");
}

Test(stamp, local_time_carries_its_offset)
{
    char text[STAMP_TEXT];
    struct stamp_style style = { .absolute = true };
    setenv("TZ", "CET-1", 1);

    cr_assert_str_eq(stamp_time(1795093331508000000, style, text), "2026-11-19T14:02:11.508+01:00");
    cr_assert_str_eq(stamp_offset(1795093331508000000, style, text), "+01:00");
}

Test(stamp, durations_are_read_aloud)
{
    char text[STAMP_TEXT];

    cr_assert_str_eq(stamp_duration(42000000, text), "0.042 s");
    cr_assert_str_eq(stamp_duration(929000000000, text), "15 min 29 s");
    cr_assert_str_eq(stamp_duration(7500000000000, text), "2 h 05 min");
    cr_assert_str_eq(stamp_duration(273600000000000, text), "3 days 4 h");
    cr_assert_str_eq(stamp_duration(-5, text), "0.000 s");
}
