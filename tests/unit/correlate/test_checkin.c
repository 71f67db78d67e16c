#include "fleet.h"

#define DROP F_TCP_SYN_SILENT_DROP
#define OK   F_OK_TLS_ESTABLISHED

/* Check-ins each minute from minute `from` to before `to`. */
static void minutes(struct fleet *f, const char *client, int from, int to, enum finding_id id)
{
    for (int i = from; i < to; i++)
        fleet_try(f, client, "10.0.0.10", 0, 60 * i, id);
}

static const struct checkins *count(struct fleet *f, int end, const char *client)
{
    struct address address;
    f->scene.last_ns = (int64_t)end * 60 * 1000000000;
    summary_count(&f->summary, &f->scene);
    address_parse(client, &address);
    return &((struct endpoint *)table_get(&f->summary.endpoints, &address))->checkins;
}

Test(checkin, the_interval_is_learned)
{
    struct fleet f;
    fleet_begin(&f);
    minutes(&f, "10.20.40.1", 0, 10, OK);

    const struct checkins *c = count(&f, 10, "10.20.40.1");

    cr_assert_eq(c->count, 10);
    cr_assert_eq(c->interval_ns, 60000000000);
    cr_assert_eq(c->missed, 0);
    summary_close(&f.summary);
}

Test(checkin, attempts_that_fail_where_check_ins_are_due_are_missed_ones)
{
    struct fleet f;
    fleet_begin(&f);
    minutes(&f, "10.20.40.1", 0, 10, OK);
    minutes(&f, "10.20.40.1", 10, 15, DROP);
    minutes(&f, "10.20.40.1", 15, 20, OK);

    const struct checkins *c = count(&f, 20, "10.20.40.1");

    cr_assert_eq(c->missed, 5);
    cr_assert_eq(fleet_group(&f, F_CHECKIN_MISSED)->severity, SEVERITY_ERROR);
    summary_close(&f.summary);
}

Test(checkin, who_never_worked_has_nothing_to_do_with_what_others_miss)
{
    struct fleet f;
    fleet_begin(&f);
    minutes(&f, "10.20.40.1", 0, 10, OK);
    minutes(&f, "10.20.40.1", 10, 15, F_TCP_SYN_REFUSED_BY_HOST);
    minutes(&f, "10.20.50.1", 0, 15, DROP);

    count(&f, 15, "10.20.40.1");

    cr_assert_eq(fleet_group(&f, F_CHECKIN_MISSED)->n_endpoints, 1);
    cr_assert_eq(fleet_group(&f, F_TCP_SYN_REFUSED_BY_HOST)->n_sets, 1);
    cr_assert_eq(fleet_group(&f, DROP)->n_sets, 0);
    summary_close(&f.summary);
}

Test(checkin, an_endpoint_that_does_other_things_misses_with_a_warning)
{
    struct fleet f;
    fleet_begin(&f);
    minutes(&f, "10.20.40.1", 0, 10, OK);
    f.flow.port[SERVER] = 80;
    f.flow.first_ns = 12 * 60 * (int64_t)1000000000;
    summary_other(&f.summary, &f.flow);
    minutes(&f, "10.20.40.1", 15, 20, OK);

    const struct checkins *c = count(&f, 20, "10.20.40.1");

    cr_assert_eq(c->missed, 5);
    cr_assert_eq(fleet_group(&f, F_CHECKIN_MISSED)->severity, SEVERITY_WARNING);
    summary_close(&f.summary);
}

Test(checkin, a_closed_laptop_misses_nothing)
{
    struct fleet f;
    fleet_begin(&f);
    minutes(&f, "10.20.40.1", 0, 10, OK);
    minutes(&f, "10.20.40.1", 300, 310, OK);

    const struct checkins *c = count(&f, 700, "10.20.40.1");

    cr_assert_eq(c->missed, 0);
    cr_assert_null(fleet_group(&f, F_CHECKIN_MISSED));
    summary_close(&f.summary);
}

Test(checkin, what_a_laptop_does_when_it_wakes_up_is_no_proof)
{
    struct fleet f;
    fleet_begin(&f);
    minutes(&f, "10.20.40.1", 0, 10, OK);
    f.flow.port[SERVER] = 80;
    f.flow.first_ns = (300 * 60 - 20) * (int64_t)1000000000;
    summary_other(&f.summary, &f.flow);
    minutes(&f, "10.20.40.1", 300, 310, OK);

    cr_assert_eq(count(&f, 310, "10.20.40.1")->missed, 0);
    summary_close(&f.summary);
}

Test(checkin, a_gap_of_the_capture_is_no_gap_of_the_endpoint)
{
    struct fleet f;
    const struct clock_break seam = { .frame = 99, .before_ns = 11 * 60 * (int64_t)1000000000 };
    fleet_begin(&f);
    minutes(&f, "10.20.40.1", 0, 10, OK);
    minutes(&f, "10.20.40.1", 13, 14, DROP);
    minutes(&f, "10.20.40.1", 15, 20, OK);
    f.scene.breaks = &seam;
    f.scene.n_breaks = 1;

    cr_assert_eq(count(&f, 20, "10.20.40.1")->missed, 0);
    summary_close(&f.summary);
}

static void with_card(struct fleet *f, uint8_t ttl)
{
    fleet_begin(f);
    f->flow.half[CLIENT].ttl = ttl;
    f->more.half[CLIENT].mac[0] = 2;
    f->more.half[CLIENT].mac[5] = 7;
}

Test(checkin, addresses_that_follow_each_other_on_one_card_are_one_endpoint)
{
    struct fleet f;
    with_card(&f, 128);
    minutes(&f, "10.20.40.1", 0, 5, OK);
    minutes(&f, "10.20.77.1", 5, 10, OK);

    cr_assert_eq(count(&f, 10, "10.20.77.1")->count, 10);
    cr_assert_not_null(fleet_group(&f, F_CHECKIN_ADDRESS_CHANGED));
    summary_close(&f.summary);
}

Test(checkin, a_router_has_one_card_for_many_endpoints)
{
    struct fleet f;
    with_card(&f, 127);
    minutes(&f, "10.20.40.1", 0, 5, OK);
    minutes(&f, "10.20.77.1", 5, 10, OK);

    cr_assert_eq(count(&f, 10, "10.20.77.1")->count, 5);
    cr_assert_null(fleet_group(&f, F_CHECKIN_ADDRESS_CHANGED));
    summary_close(&f.summary);
}

Test(checkin, two_addresses_at_one_time_are_two_endpoints)
{
    struct fleet f;
    with_card(&f, 128);
    minutes(&f, "10.20.40.1", 0, 6, OK);
    minutes(&f, "10.20.77.1", 3, 10, OK);

    count(&f, 10, "10.20.77.1");
    cr_assert_null(fleet_group(&f, F_CHECKIN_ADDRESS_CHANGED));
    summary_close(&f.summary);
}

Test(checkin, a_configured_interval_needs_no_learning)
{
    struct fleet f;
    fleet_begin(&f);
    f.profile.interval_s = 60;
    minutes(&f, "10.20.40.1", 0, 1, OK);
    minutes(&f, "10.20.40.1", 1, 6, DROP);

    const struct checkins *c = count(&f, 6, "10.20.40.1");

    cr_assert(c->configured);
    cr_assert_eq(c->interval_ns, 60000000000);
    cr_assert_eq(c->missed, 6); /* also the one that is due at the end */
    summary_close(&f.summary);
}

Test(checkin, so_many_are_missed_as_are_configured)
{
    for (uint32_t missed = 3; missed <= 6; missed++) {
        struct fleet f;
        fleet_begin(&f);
        f.profile.missed = missed;
        minutes(&f, "10.20.40.1", 0, 10, OK);
        minutes(&f, "10.20.40.1", 10, 14, DROP);
        minutes(&f, "10.20.40.1", 14, 20, OK);

        count(&f, 20, "10.20.40.1");

        cr_expect_eq(fleet_group(&f, F_CHECKIN_MISSED) != NULL, missed <= 4, "%u", missed);
        summary_close(&f.summary);
    }
}
