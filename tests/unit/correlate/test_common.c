#include "fleet.h"

#define DROP F_TCP_SYN_SILENT_DROP
#define OK   F_OK_TLS_ESTABLISHED

Test(common, a_subnet_that_alone_fails_is_what_its_endpoints_have_in_common)
{
    struct fleet f;
    fleet_begin(&f);
    fleet_subnet(&f, "10.20.40", 9, 0, 0, DROP);
    fleet_subnet(&f, "10.20.41", 20, 0, 0, OK);

    summary_count(&f.summary, &f.scene);

    const struct common *common = &fleet_group(&f, DROP)->common;
    cr_assert_eq(common->how, COMMON_WHOLE);
    cr_assert_str_eq(fleet_trait(&f, &common->part[0]), "subnet 10.20.40.0/24");
    cr_assert_eq(common->part[0].failing, 9);
    cr_assert_eq(common->part[0].healthy, 0);
    cr_assert_eq(common->n_outside, 0);
    summary_close(&f.summary);
}

Test(common, what_one_healthy_endpoint_in_ten_has_too_still_counts_and_two_are_too_many)
{
    for (int healthy = 1; healthy <= 2; healthy++) {
        struct fleet f;
        fleet_begin(&f);
        fleet_subnet(&f, "10.20.40", 9, 0, 0, DROP);
        for (int i = 0; i < healthy; i++) {
            char client[32];
            snprintf(client, sizeof client, "10.20.40.%d", 100 + i);
            fleet_try(&f, client, "10.0.0.10", 0, 0, OK);
        }
        fleet_subnet(&f, "10.20.41", 10 - healthy, 0, 0, OK);

        summary_count(&f.summary, &f.scene);

        const struct common *common = &fleet_group(&f, DROP)->common;
        cr_assert_eq(common->how, healthy == 1 ? COMMON_WHOLE : COMMON_NONE);
        summary_close(&f.summary);
    }
}

Test(common, one_failing_endpoint_in_ten_may_stand_outside)
{
    struct fleet f;
    fleet_begin(&f);
    fleet_subnet(&f, "10.20.40", 9, 0, 0, DROP);
    fleet_try(&f, "10.20.50.1", "10.0.0.10", 0, 0, DROP);
    fleet_subnet(&f, "10.20.41", 20, 0, 0, OK);

    summary_count(&f.summary, &f.scene);

    const struct group *g = fleet_group(&f, DROP);
    cr_assert_eq(g->common.how, COMMON_WHOLE);
    cr_assert_eq(g->common.n_outside, 1);
    cr_assert(common_covers(&f.summary, g, g->first_member));
    cr_assert_not(common_covers(&f.summary, g, g->last_member));
    summary_close(&f.summary);
}

Test(common, two_failing_endpoints_are_a_coincidence)
{
    struct fleet f;
    fleet_begin(&f);
    fleet_subnet(&f, "10.20.40", 2, 0, 0, DROP);
    fleet_subnet(&f, "10.20.41", 20, 0, 0, OK);

    summary_count(&f.summary, &f.scene);

    cr_assert_eq(fleet_group(&f, DROP)->common.how, COMMON_UNASKED);
    summary_close(&f.summary);
}

Test(common, without_a_healthy_endpoint_there_is_nothing_to_compare_with)
{
    struct fleet f;
    fleet_begin(&f);
    fleet_subnet(&f, "10.20.40", 9, 0, 0, DROP);

    summary_count(&f.summary, &f.scene);

    cr_assert_eq(fleet_group(&f, DROP)->common.how, COMMON_UNASKED);
    summary_close(&f.summary);
}

Test(common, endpoints_of_many_subnets_have_nothing_obvious_in_common)
{
    struct fleet f;
    fleet_begin(&f);
    for (int i = 0; i < 9; i++) {
        char subnet[32];
        snprintf(subnet, sizeof subnet, "10.20.%d", i);
        fleet_subnet(&f, subnet, 1, 0, 0, DROP);
        fleet_try(&f, "10.20.1.200", "10.0.0.10", 0, 0, OK);
    }

    summary_count(&f.summary, &f.scene);

    cr_assert_eq(fleet_group(&f, DROP)->common.how, COMMON_NONE);
    summary_close(&f.summary);
}

Test(common, a_vlan_that_covers_the_same_endpoints_as_their_subnet_is_named_too)
{
    struct fleet f;
    fleet_begin(&f);
    fleet_subnet(&f, "10.20.40", 9, 40, 0, DROP);
    fleet_subnet(&f, "10.20.41", 20, 41, 0, OK);

    summary_count(&f.summary, &f.scene);

    const struct common *common = &fleet_group(&f, DROP)->common;
    cr_assert_eq(common->n, 2);
    cr_assert_str_eq(fleet_trait(&f, &common->part[0]), "subnet 10.20.40.0/24");
    cr_assert_str_eq(fleet_trait(&f, &common->part[1]), "VLAN 40");
    summary_close(&f.summary);
}

Test(common, two_subnets_that_fail_in_one_way_are_two_parts_with_a_moment_each)
{
    struct fleet f;
    fleet_begin(&f);
    for (int at = 0; at < 100; at += 10) {
        fleet_subnet(&f, "10.20.40", 9, 0, at, at < 30 ? OK : DROP);
        fleet_subnet(&f, "10.20.42", 7, 0, at, at < 60 ? OK : DROP);
        fleet_subnet(&f, "10.20.41", 20, 0, at, OK);
    }

    summary_count(&f.summary, &f.scene);

    const struct common *common = &fleet_group(&f, DROP)->common;
    cr_assert_eq(common->how, COMMON_EACH);
    cr_assert_eq(common->n, 2);
    cr_assert_str_eq(fleet_trait(&f, &common->part[0]), "subnet 10.20.40.0/24");
    cr_assert_eq(common->part[0].change.failed_ns, 30000000000);
    cr_assert_str_eq(fleet_trait(&f, &common->part[1]), "subnet 10.20.42.0/24");
    cr_assert_eq(common->part[1].change.failed_ns, 60000000000);
    summary_close(&f.summary);
}

Test(common, only_endpoints_dialling_one_of_two_servers_fail)
{
    struct fleet f;
    fleet_begin(&f);
    for (int i = 1; i <= 20; i++) {
        char client[32];
        snprintf(client, sizeof client, "10.20.%d.1", i);
        fleet_try(&f, client, i % 2 ? "10.0.0.10" : "10.0.0.11", 0, 0, i % 2 ? OK : DROP);
    }

    summary_count(&f.summary, &f.scene);

    const struct common *common = &fleet_group(&f, DROP)->common;
    cr_assert_eq(common->how, COMMON_WHOLE);
    cr_assert_str_eq(fleet_trait(&f, &common->part[0]), "server address 10.0.0.11");
    summary_close(&f.summary);
}
