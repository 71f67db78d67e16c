#include "fleet.h"

#define DROP F_TCP_SYN_SILENT_DROP
#define OK   F_OK_TLS_ESTABLISHED

static struct fleet f;

static void section(const char *name, const char *key, const char *value)
{
    struct ini_entry entry = { .section = name, .key = key, .value = value };
    struct failure failure;
    cr_assert(profile_configure(&f.profile, &entry, &failure), "%s", failure.why);
}

static void configure_two(void)
{
    section("ems first", "addresses", "10.0.0.10");
    section("ems first", "role", "primary");
    section("ems second", "addresses", "10.0.0.11");
    section("ems second", "role", "backup");
}

static const struct group *found(enum finding_id id)
{
    f.scene.last_ns = 3600 * (int64_t)1000000000;
    summary_count(&f.summary, &f.scene);
    return fleet_group(&f, id);
}

static void begin(void) { fleet_begin(&f); }
static void end(void) { summary_close(&f.summary); }

TestSuite(checkin_server, .init = begin, .fini = end);

Test(checkin_server, who_goes_to_the_backup_after_a_failure_has_moved)
{
    configure_two();
    fleet_try(&f, "10.20.40.1", "10.0.0.10", 0, 60, DROP);
    fleet_try(&f, "10.20.40.1", "10.0.0.11", 0, 70, OK);
    fleet_try(&f, "10.20.40.2", "10.0.0.10", 0, 70, OK);

    const struct group *set = found(F_CHECKIN_ON_BACKUP_SERVER);

    cr_assert_not_null(set);
    cr_assert_eq(set->n_endpoints, 1);
    cr_assert_str_eq(set->words, "10.0.0.11 is used since failures at the primary 10.0.0.10, until "
                                 "the end of the capture");
    cr_assert_null(fleet_group(&f, F_CHECKIN_UNEXPECTED_SERVER));
}

Test(checkin_server, who_came_back_is_said_to_have)
{
    configure_two();
    fleet_try(&f, "10.20.40.1", "10.0.0.10", 0, 60, DROP);
    fleet_try(&f, "10.20.40.1", "10.0.0.11", 0, 70, OK);
    fleet_try(&f, "10.20.40.1", "10.0.0.10", 0, 80, OK);

    cr_assert_not_null(strstr(found(F_CHECKIN_ON_BACKUP_SERVER)->words, "then the primary again"));
}

Test(checkin_server, a_backup_that_was_used_before_anything_failed_is_no_move)
{
    configure_two();
    fleet_try(&f, "10.20.40.1", "10.0.0.11", 0, 50, OK);
    fleet_try(&f, "10.20.40.1", "10.0.0.10", 0, 60, DROP);

    cr_assert_null(found(F_CHECKIN_ON_BACKUP_SERVER));
}

Test(checkin_server, without_roles_no_server_is_a_backup)
{
    section("ems first", "addresses", "10.0.0.10, 10.0.0.11");
    fleet_try(&f, "10.20.40.1", "10.0.0.10", 0, 60, DROP);
    fleet_try(&f, "10.20.40.1", "10.0.0.11", 0, 70, OK);

    cr_assert_null(found(F_CHECKIN_ON_BACKUP_SERVER));
}

Test(checkin_server, the_failure_of_one_endpoint_moves_no_other)
{
    configure_two();
    fleet_try(&f, "10.20.40.1", "10.0.0.10", 0, 60, DROP);
    fleet_try(&f, "10.20.40.2", "10.0.0.11", 0, 70, OK);

    cr_assert_null(found(F_CHECKIN_ON_BACKUP_SERVER));
}

Test(checkin_server, a_server_that_the_site_did_not_name_is_unexpected)
{
    configure_two();
    fleet_try(&f, "10.20.40.1", "10.0.0.12", 0, 60, OK);

    cr_assert_eq(found(F_CHECKIN_UNEXPECTED_SERVER)->n_endpoints, 1);
}

Test(checkin_server, an_attempt_that_fails_there_is_no_exchange)
{
    configure_two();
    fleet_try(&f, "10.20.40.1", "10.0.0.12", 0, 60, DROP);

    cr_assert_null(found(F_CHECKIN_UNEXPECTED_SERVER));
}

Test(checkin_server, without_a_configuration_every_server_is_expected)
{
    fleet_try(&f, "10.20.40.1", "10.0.0.12", 0, 60, OK);

    cr_assert_null(found(F_CHECKIN_UNEXPECTED_SERVER));
}

Test(checkin_server, a_server_without_a_name_may_be_one_that_is_known_by_name)
{
    section("ems first", "name", "ems.corp.example");
    fleet_try(&f, "10.20.40.1", "10.0.0.12", 0, 60, OK);

    cr_assert_null(found(F_CHECKIN_UNEXPECTED_SERVER));
}

Test(checkin_server, a_port_that_is_never_used_is_unexpected_when_it_is)
{
    section("port 9443", "expect", "never");
    f.port = 9443;
    fleet_try(&f, "10.20.40.1", "10.0.0.10", 0, 60, OK);

    cr_assert_str_eq(found(F_CHECKIN_UNEXPECTED_SERVER)->words,
                     "port 9443 is configured as never used");
}
