#include "correlate/outcomes.h"
#include "fleet.h"

#define DROP    F_TCP_SYN_SILENT_DROP
#define REFUSED F_TCP_SYN_REFUSED_BY_HOST
#define OK      F_OK_TLS_ESTABLISHED

/* One attempt at EMS from a client of 10.20.SUBNET. */
static void attempt(struct fleet *f, int subnet, int host, uint16_t port, int at,
                    enum finding_id id)
{
    char client[32];
    snprintf(client, sizeof client, "10.20.%d.%d", subnet & 255, host & 255);
    f->port = port;
    fleet_try(f, client, "10.0.0.10", 0, at, id);
}

static const struct group *set_of(struct fleet *f, enum finding_id id)
{
    summary_count(&f->summary, &f->scene);
    return fleet_group(f, id);
}

Test(sets, one_port_is_silent_while_another_works_for_the_same_client)
{
    struct fleet f;
    fleet_begin(&f);
    attempt(&f, 40, 1, 443, 0, OK);
    attempt(&f, 40, 1, 8013, 1, DROP);

    const struct group *set = set_of(&f, F_SET_PORT_ONLY_TCP_BLOCKED);

    cr_assert_not_null(set);
    cr_assert_str_eq(set->words, "443 works for the same endpoint");
    cr_assert_eq(set->cause, POSSIBLE);
    const struct group *member = fleet_group(&f, DROP);
    cr_assert_eq(member->n_sets, 1);
    cr_assert_eq(member->set[0], set->number);
    summary_close(&f.summary);
}

Test(sets, a_filter_is_probable_once_the_port_answers_another_subnet)
{
    struct fleet f;
    fleet_begin(&f);
    attempt(&f, 40, 1, 443, 0, OK);
    attempt(&f, 40, 1, 8013, 1, DROP);
    attempt(&f, 41, 1, 8013, 1, OK);

    cr_assert_eq(set_of(&f, F_SET_PORT_ONLY_TCP_BLOCKED)->cause, PROBABLE);
    summary_close(&f.summary);
}

Test(sets, a_port_that_the_host_refuses_is_not_blocked)
{
    struct fleet f;
    fleet_begin(&f);
    attempt(&f, 40, 1, 443, 0, OK);
    attempt(&f, 40, 1, 8013, 1, REFUSED);

    cr_assert_null(set_of(&f, F_SET_PORT_ONLY_TCP_BLOCKED));
    summary_close(&f.summary);
}

Test(sets, a_silent_port_outside_the_profile_is_not_blocked)
{
    struct fleet f;
    fleet_begin(&f);
    attempt(&f, 40, 1, 443, 0, OK);
    attempt(&f, 40, 1, 139, 1, DROP);
    attempt(&f, 40, 2, 443, 0, OK);
    attempt(&f, 40, 2, 54958, 1, F_TCP_SYN_REFUSED_BY_MIDDLEBOX);

    cr_assert_null(set_of(&f, F_SET_PORT_ONLY_TCP_BLOCKED));
    summary_close(&f.summary);
}

Test(sets, two_silent_ports_or_another_period_are_not_one_blocked_port)
{
    struct fleet f;
    fleet_begin(&f);
    attempt(&f, 40, 1, 443, 0, OK);
    attempt(&f, 40, 1, 8013, 1, DROP);
    attempt(&f, 40, 1, 8443, 2, DROP);
    attempt(&f, 41, 1, 443, 0, OK);
    attempt(&f, 41, 1, 9443, 2000, DROP);

    cr_assert_null(set_of(&f, F_SET_PORT_ONLY_TCP_BLOCKED));
    summary_close(&f.summary);
}

Test(sets, others_that_work_on_another_check_in_port_are_told)
{
    struct fleet f;
    fleet_begin(&f);
    attempt(&f, 40, 1, 8013, 1, REFUSED);
    attempt(&f, 40, 2, 9443, 1, OK);
    attempt(&f, 40, 3, 9443, 1, OK);

    const struct group *set = set_of(&f, F_SET_PORT_OTHER_PORT_WORKS);

    cr_assert_not_null(set);
    cr_assert_str_eq(set->words, "2 other endpoints work with the server on 9443");
    summary_close(&f.summary);
}

Test(sets, who_uses_both_ports_has_no_old_profile)
{
    struct fleet f;
    fleet_begin(&f);
    attempt(&f, 40, 1, 8013, 1, REFUSED);
    attempt(&f, 40, 1, 9443, 1, OK);
    attempt(&f, 40, 2, 9443, 1, OK);
    attempt(&f, 40, 3, 9443, 1, OK);

    cr_assert_null(set_of(&f, F_SET_PORT_OTHER_PORT_WORKS));
    summary_close(&f.summary);
}

static void down(struct fleet *f, int second_subnet, enum finding_id id)
{
    fleet_begin(f);
    attempt(f, 40, 1, 8013, 1, id);
    attempt(f, second_subnet, 2, 443, 1, id);
    fleet_try(f, "10.20.50.1", "10.0.0.11", 0, 1, OK);
}

Test(sets, a_server_that_refuses_all_ports_to_all_subnets_is_down)
{
    struct fleet f;
    down(&f, 41, REFUSED);

    const struct group *set = set_of(&f, F_SET_SERVER_DOWN);

    cr_assert_not_null(set);
    cr_assert_eq(set->owner, OWNER_SERVER);
    cr_assert_eq(set->cause, PROBABLE);
    cr_assert_eq(set->n_endpoints, 2);
    summary_close(&f.summary);
}

Test(sets, silence_does_not_say_whose_it_is)
{
    struct fleet f;
    down(&f, 41, DROP);

    const struct group *set = set_of(&f, F_SET_SERVER_DOWN);

    cr_assert_eq(set->owner, OWNER_UNKNOWN);
    cr_assert_eq(set->cause, POSSIBLE);
    summary_close(&f.summary);
}

Test(sets, one_subnet_alone_does_not_show_a_server_down)
{
    struct fleet f;
    down(&f, 40, REFUSED);

    cr_assert_null(set_of(&f, F_SET_SERVER_DOWN));
    summary_close(&f.summary);
}

Test(sets, success_and_failure_in_turn_are_an_intermittent_server)
{
    struct fleet f;
    fleet_begin(&f);
    for (int i = 0; i < 8; i++)
        attempt(&f, 40, 1, 8013, i, i % 2 ? DROP : OK);

    cr_assert_not_null(set_of(&f, F_SET_SERVER_INTERMITTENT));
    cr_assert_null(fleet_group(&f, F_SET_TIME_DEPENDENT));
    summary_close(&f.summary);
}

Test(sets, a_failure_of_others_at_that_port_is_no_part_of_what_alternates)
{
    struct fleet f;
    fleet_begin(&f);
    for (int i = 0; i < 12; i++) {
        attempt(&f, 40, 1, 8013, 60 * i, i % 2 ? F_TLS_HANDSHAKE_FAILURE : OK);
        attempt(&f, 41, 1, 8013, 60 * i + 1, i % 2 ? OK : F_TLS_HANDSHAKE_FAILURE);
    }
    attempt(&f, 50, 1, 8013, 90, DROP);

    const struct group *set = set_of(&f, F_SET_SERVER_INTERMITTENT);

    cr_assert_not_null(set);
    cr_assert_not(set->heads);
    cr_assert_eq(fleet_group(&f, F_TLS_HANDSHAKE_FAILURE)->set[0], set->number);
    cr_assert_eq(fleet_group(&f, DROP)->n_sets, 0);
    summary_close(&f.summary);
}

Test(sets, one_client_of_three_with_trouble_is_not_the_server)
{
    struct fleet f;
    fleet_begin(&f);
    for (int i = 0; i < 8; i++) {
        attempt(&f, 40, 1, 8013, i, i % 2 ? DROP : OK);
        attempt(&f, 40, 2, 8013, i, OK);
        attempt(&f, 40, 3, 8013, i, OK);
    }

    cr_assert_null(set_of(&f, F_SET_SERVER_INTERMITTENT));
    summary_close(&f.summary);
}

Test(sets, what_began_at_one_moment_for_two_endpoints_depends_on_time)
{
    struct fleet f;
    fleet_begin(&f);
    for (int i = 0; i < 8; i++) {
        attempt(&f, 40, 1, 8013, i, i < 4 ? OK : DROP);
        attempt(&f, 40, 2, 8013, i, i < 4 ? OK : DROP);
    }

    cr_assert_not_null(set_of(&f, F_SET_TIME_DEPENDENT));
    cr_assert_null(fleet_group(&f, F_SET_SERVER_INTERMITTENT));
    summary_close(&f.summary);
}

Test(sets, only_one_endpoint_of_its_subnet_fails)
{
    struct fleet f;
    fleet_begin(&f);
    attempt(&f, 40, 1, 8013, 1, DROP);
    attempt(&f, 40, 2, 8013, 1, OK);
    attempt(&f, 41, 3, 8013, 1, OK);

    cr_assert_not_null(set_of(&f, F_SET_CLIENT_ONLY_ONE));
    summary_close(&f.summary);
}

Test(sets, the_only_endpoint_of_another_subnet_may_suffer_from_its_path)
{
    struct fleet f;
    fleet_begin(&f);
    attempt(&f, 40, 1, 8013, 1, DROP);
    attempt(&f, 41, 2, 8013, 1, OK);
    attempt(&f, 41, 3, 8013, 1, OK);

    cr_assert_null(set_of(&f, F_SET_CLIENT_ONLY_ONE));
    summary_close(&f.summary);
}

Test(sets, an_endpoint_that_works_again_is_no_only_one)
{
    struct fleet f;
    fleet_begin(&f);
    attempt(&f, 40, 1, 8013, 1, DROP);
    attempt(&f, 40, 1, 8013, 9, OK);
    attempt(&f, 40, 2, 8013, 1, OK);
    attempt(&f, 40, 3, 8013, 1, OK);

    cr_assert_null(set_of(&f, F_SET_CLIENT_ONLY_ONE));
    summary_close(&f.summary);
}

Test(sets, an_undocumented_port_alone_explains_nothing)
{
    struct fleet f;
    fleet_begin(&f);
    attempt(&f, 40, 1, 9443, 1, DROP);
    attempt(&f, 40, 1, 8013, 1, OK);

    cr_assert_not_null(set_of(&f, F_SET_UNDOCUMENTED_PORT_ONLY));
    summary_close(&f.summary);
}

Test(sets, an_undocumented_port_beside_a_documented_one_that_fails_is_no_note)
{
    struct fleet f;
    fleet_begin(&f);
    attempt(&f, 40, 1, 9443, 1, DROP);
    attempt(&f, 40, 1, 8013, 1, DROP);
    attempt(&f, 40, 1, 443, 1, OK);

    cr_assert_null(set_of(&f, F_SET_UNDOCUMENTED_PORT_ONLY));
    summary_close(&f.summary);
}

/* Attempts with a ClientHello that offers at most this version. */
static void offer(struct fleet *f, int host, uint16_t version, bool resumed, int at,
                  enum finding_id id)
{
    struct tls_client_hello hello = { .legacy_version = version };
    struct tls tls = { .hello = &hello, .chose_13 = resumed };
    tls.server_hello.version = 0x0304;
    struct session session = { .tls = &tls, .server_name = "" };

    tls.server_hello.present = resumed;
    tls.server_hello.psk = resumed;
    f->flow.session = &session;
    attempt(f, 40, host, 8013, at, id);
    f->flow.session = NULL;
}

Test(sets, tls_13_fails_where_tls_12_works_for_one_endpoint)
{
    struct fleet f;
    fleet_begin(&f);
    for (int i = 0; i < 2; i++) {
        offer(&f, 1, 0x0304, false, i, F_TCP_RESET_AFTER_CLIENTHELLO);
        offer(&f, 1, 0x0303, false, i, OK);
    }

    cr_assert_not_null(set_of(&f, F_SET_TLS_MIXED_VERSIONS));
    summary_close(&f.summary);
}

Test(sets, two_builds_that_differ_in_more_than_the_version_are_no_proof)
{
    struct fleet f;
    fleet_begin(&f);
    for (int i = 0; i < 2; i++) {
        offer(&f, 1, 0x0304, false, i, F_TCP_RESET_AFTER_CLIENTHELLO);
        offer(&f, 2, 0x0303, false, i, OK);
    }

    cr_assert_null(set_of(&f, F_SET_TLS_MIXED_VERSIONS));
    summary_close(&f.summary);
}

Test(sets, resumed_handshakes_pass_where_full_ones_stop)
{
    for (int full_ones_pass_too = 0; full_ones_pass_too < 2; full_ones_pass_too++) {
        struct fleet f;
        fleet_begin(&f);
        for (int i = 0; i < 2; i++) {
            offer(&f, 1, 0x0304, false, i, F_TLS_SERVER_STALLED);
            offer(&f, 1, 0x0304, true, i, OK);
        }
        if (full_ones_pass_too)
            offer(&f, 1, 0x0304, false, 5, OK);

        cr_assert_eq(set_of(&f, F_SET_SIZE_DEPENDENT) != NULL, !full_ones_pass_too);
        summary_close(&f.summary);
    }
}

Test(sets, the_network_owns_a_silence_of_one_subnet_that_two_others_do_not_share)
{
    for (int others = 1; others <= 2; others++) {
        struct fleet f;
        fleet_begin(&f);
        fleet_subnet(&f, "10.20.40", 5, 0, 1, DROP);
        fleet_subnet(&f, "10.20.41", 20, 0, 1, OK);
        if (others > 1)
            fleet_subnet(&f, "10.20.42", 20, 0, 1, OK);

        summary_count(&f.summary, &f.scene);

        cr_assert_eq(fleet_group(&f, DROP)->owner, others > 1 ? OWNER_NETWORK : OWNER_UNKNOWN);
        summary_close(&f.summary);
    }
}

Test(outcomes, services_stand_by_server_and_port_in_their_order_whatever_came_between)
{
    struct fleet f;
    struct outcomes o;
    fleet_begin(&f);
    attempt(&f, 40, 1, 8013, 0, OK);
    attempt(&f, 40, 2, 443, 1, DROP);
    attempt(&f, 40, 3, 8013, 2, DROP);
    fleet_try(&f, "10.20.40.4", "10.0.0.9", 0, 3, OK); /* on 8013 as well */
    attempt(&f, 40, 5, 443, 4, OK);
    cr_assert(history_arrange(&f.summary.history, f.summary.services.n));

    cr_assert(outcomes_open(&o, &f.summary, &f.scene));

    static const uint32_t order[] = { 4, 2, 5, 1, 3 };
    cr_assert_eq(o.n, 5);
    cr_assert_arr_eq(o.service, order, sizeof order);
    cr_assert_eq(o.n_offers, 3);
    cr_assert_eq(o.offer[1].first, 1);
    cr_assert_eq(o.offer[1].n, 2);
    cr_assert_eq(o.offer[1].port, 443);
    cr_assert_eq(o.offer[1].worked, 1);
    cr_assert_eq(o.offer[2].never, 1);
    outcomes_close(&o);
    summary_close(&f.summary);
}
