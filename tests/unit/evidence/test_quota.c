#include "evidence/quota.h"

#include <criterion/criterion.h>
#include <stdio.h>

static const int64_t second = 1000000000, start = 1700000000LL * 1000000000;
static struct quota quota;

static struct quota_case failed(const char *client, bool known)
{
    struct quota_case c = { .id = 5, .port = 8013, .known = known };

    address_parse("10.0.0.10", &c.server);
    address_parse(client, &c.client);
    return c;
}

static size_t taken(size_t n, const char *client, int64_t now, int64_t step)
{
    struct quota_case c = failed(client, true);
    size_t sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += quota_take(&quota, &c, now + (int64_t)i * step);
    return sum;
}

Test(quota, an_endpoint_has_three_files_an_hour_of_one_finding)
{
    cr_assert_eq(taken(60, "10.1.1.1", start, 60 * second), 3);
    cr_assert_eq(taken(1, "10.1.1.1", start + 3601 * second, 0), 1);
    cr_assert_eq(quota.refused_pair, 57);
}

Test(quota, another_finding_is_another_matter)
{
    struct quota_case c = failed("10.1.1.1", true);

    cr_assert_eq(taken(3, "10.1.1.1", start, second), 3);
    c.id = 6;
    cr_assert(quota_take(&quota, &c, start + 4 * second));
}

Test(quota, a_storm_has_five_files_in_five_minutes)
{
    char client[32];
    size_t sum = 0;

    for (int i = 0; i < 200; i++) {
        snprintf(client, sizeof client, "10.1.1.%d", i);
        sum += taken(1, client, start + i * second, 0);
    }

    cr_assert_eq(sum, 5);
    cr_assert_eq(quota.refused_group, 195);
    cr_assert_eq(taken(1, "10.1.1.201", start + 300 * second, 0), 1);
}

Test(quota, a_flood_of_strangers_leaves_room_for_who_is_known)
{
    char client[32];
    size_t sum = 0;

    for (int i = 0; i < 200; i++) {
        snprintf(client, sizeof client, "198.18.1.%d", i);
        struct quota_case c = failed(client, false);
        sum += quota_take(&quota, &c, start + i * second);
    }

    cr_assert_eq(sum, 3);
    cr_assert_eq(taken(1, "10.1.1.1", start + 200 * second, 0), 1);
}

Test(quota, files_of_an_earlier_watch_count)
{
    struct quota_case c = failed("10.1.1.1", true);

    for (int i = 0; i < 9; i++)
        quota_note(&quota, c.id, &c.client, start + i * second);

    cr_assert_not(quota_take(&quota, &c, start + 60 * second));
    cr_assert(quota_take(&quota, &c, start + 3700 * second));
}

Test(quota, a_clock_that_was_set_back_does_not_silence_it_for_ever)
{
    struct quota_case c = failed("10.1.1.1", true);

    cr_assert_eq(taken(3, "10.1.1.1", start, second), 3);
    cr_assert(quota_take(&quota, &c, start - 7200 * second));
}
