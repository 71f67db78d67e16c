#include "frame/capture.h"

#include <criterion/criterion.h>
#include <string.h>

static struct failure failure;

Test(device, an_unknown_interface_is_answered_with_those_there_are)
{
    const struct capture_config plain = { 0 };

    struct capture *c = capture_open_device("nowhere0", &plain, &failure);

    cr_assert_null(c);
    cr_assert_str_eq(failure.what, "nowhere0");
    if (strcmp(failure.why, "no permission to capture") == 0)
        cr_skip_test("capturing is not permitted here");
    cr_assert(strstr(failure.why, "no such interface; there are: "));
    cr_assert(strstr(failure.why, "lo"));
}

Test(device, a_silent_interface_is_not_waited_for_and_stopping_ends_it)
{
    const struct capture_config config = { .filter = "tcp port 9" };
    struct frame batch[FRAME_BATCH];

    struct capture *c = capture_open_device("lo", &config, &failure);
    if (!c)
        cr_skip_test("capturing is not permitted here");

    cr_assert(capture_is_live(c));
    cr_assert_eq(capture_next(c, batch), 0);
    cr_assert_not(capture_ended(c));
    capture_stop(c);
    while (capture_next(c, batch) > 0)
        ;
    cr_assert(capture_ended(c));
    cr_assert_str_eq(capture_facts(c)->format, "live");
    cr_assert_eq(capture_facts(c)->interface[0].link, 1);
    cr_assert_not(capture_facts(c)->damaged);
    capture_close(c);
}

Test(device, a_filter_that_makes_no_sense_is_refused)
{
    const struct capture_config config = { .filter = "tcp prot 8013" };

    struct capture *c = capture_open_device("lo", &config, &failure);

    cr_assert_null(c);
    if (strcmp(failure.why, "no permission to capture") == 0)
        cr_skip_test("capturing is not permitted here");
    cr_assert_str_eq(failure.what, "-f");
}

Test(device, the_interfaces_can_be_listed)
{
    char list[4096];

    cr_assert(capture_list_devices(list, sizeof list, &failure));

    cr_assert(strstr(list, "lo "));
}
