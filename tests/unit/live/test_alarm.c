#include "live/alarm.h"

#include <criterion/criterion.h>

static bool holds(const char *text, double value)
{
    struct alarm_range r;

    cr_assert(alarm_read(text, &r), "%s", text);
    return alarm_holds(&r, value);
}

Test(alarm, the_ranges_of_the_guidelines)
{
    cr_expect(holds("10", 11) && holds("10", -1) && !holds("10", 10) && !holds("10", 0));
    cr_expect(holds("10:", 9) && !holds("10:", 10) && !holds("10:", 1e9));
    cr_expect(holds("~:10", 11) && !holds("~:10", -1e9));
    cr_expect(holds("10:20", 9) && holds("10:20", 21) && !holds("10:20", 15));
    cr_expect(holds("@10:20", 10) && holds("@10:20", 20) && !holds("@10:20", 9));
    cr_expect(holds("0", 1) && !holds("0", 0));
}

Test(alarm, what_is_no_range_is_refused)
{
    static const char *const wrong[] = { "", "x", "10x", "20:10", "@", ":5", "nan", "1e3", "-5" };
    struct alarm_range r;

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        cr_expect_not(alarm_read(wrong[i], &r), "%s", wrong[i]);
}

Test(alarm, a_range_that_was_not_given_never_holds)
{
    cr_expect_not(alarm_holds(&(struct alarm_range){ 0 }, 5));
}
