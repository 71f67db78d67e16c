#include "config/profile.h"

#include <criterion/criterion.h>
#include <string.h>

static struct profile profile;
static struct failure failure;

static void begin(void) { cr_assert(profile_open_default(&profile, &failure), "%s", failure.why); }

TestSuite(profile, .init = begin);

Test(profile, the_default_holds_the_ports_of_the_product)
{
    static const uint16_t ports[] = { 443, 8013, 9443,  8443, 22,   21,  25, 53,
                                      389, 636,  10443, 8015, 8014, 445, 135 };

    cr_assert_eq(profile.n_services, sizeof ports / sizeof *ports);
    for (size_t i = 0; i < sizeof ports / sizeof *ports; i++)
        cr_expect_not_null(profile_service(&profile, ports[i]));
    cr_assert_null(profile_service(&profile, 80));
    cr_assert_str_eq(profile.name, "ems");
}

Test(profile, check_ins_are_8013_and_9443_and_no_guide_lists_9443)
{
    cr_assert(profile_service(&profile, 8013)->checkin);
    cr_assert(profile_service(&profile, 9443)->checkin);
    cr_assert_not(profile_service(&profile, 443)->checkin);
    cr_assert(profile_service(&profile, 8013)->documented);
    cr_assert_not(profile_service(&profile, 9443)->documented);
}

Test(profile, dns_is_udp_and_tcp_and_the_rest_tcp)
{
    cr_assert(profile_service(&profile, 53)->udp);
    cr_assert(profile_service(&profile, 53)->tcp);
    cr_assert_not(profile_service(&profile, 443)->udp);
}

Test(profile, mail_directory_and_deployment_are_opened_by_ems_alone)
{
    static const uint16_t alone[] = { 25, 389, 636, 445, 135 };

    for (size_t i = 0; i < sizeof alone / sizeof *alone; i++)
        cr_expect(profile_service(&profile, alone[i])->only_ems, "%u", alone[i]);
    cr_assert(profile_service(&profile, 53)->by_ems);
    cr_assert_not(profile_service(&profile, 53)->only_ems, "endpoints ask as well");
    cr_assert_not(profile_service(&profile, 8013)->by_ems);
    cr_assert_not(profile_service(&profile, 8013)->only_ems);
}

Test(profile, nothing_is_expected_by_default)
{
    for (size_t i = 0; i < profile.n_services; i++)
        cr_expect_eq(profile.service[i].expect, EXPECT_SOMETIMES);
}

Test(profile, names_of_an_ems_are_known_by_form_or_by_configuration)
{
    cr_assert(profile_names_ems(&profile, "EMS.corp.example"));
    cr_assert(profile_names_ems(&profile, "my-forticlient.example."));
    cr_assert_not(profile_names_ems(&profile, "www.example"));
    cr_assert(profile_add_ems(&profile, "Console.Corp.Example.", &failure));
    cr_assert(profile_names_ems(&profile, "console.corp.example"));
    cr_assert_not(profile_names_ems(&profile, "xconsole.corp.example"));
    cr_assert_not(profile_names_ems(&profile, ""));
}

Test(profile, an_address_is_an_ems_when_it_was_given)
{
    struct address a;
    address_parse("2001:db8::10", &a);

    cr_assert_not(profile_is_ems_address(&profile, &a));
    cr_assert(profile_add_ems(&profile, "2001:DB8::10", &failure));
    cr_assert(profile_is_ems_address(&profile, &a));
}

Test(profile, what_is_no_name_is_refused)
{
    cr_assert_not(profile_add_ems(&profile, "", &failure));
    cr_assert_not(profile_add_ems(&profile, "ems corp", &failure));
    cr_assert_not(profile_add_ems(&profile, "\033[2J", &failure));
    cr_assert_str_eq(failure.what, "--ems");
}

Test(profile, a_list_of_ports_replaces_the_others_but_not_dns)
{
    cr_assert(profile_set_ports(&profile, "443, 4444", &failure));

    cr_assert_eq(profile.n_services, 3);
    cr_assert_str_eq(profile_service(&profile, 443)->label, "EMS web, REST, FortiGate connector");
    cr_assert(profile_service(&profile, 4444)->checkin);
    cr_assert_not_null(profile_service(&profile, 53));
    cr_assert_null(profile_service(&profile, 8013));
    cr_assert_eq(profile.ports[profile.n_services], 0);
}

Test(profile, a_broken_list_of_ports_changes_nothing)
{
    struct profile before = profile;

    cr_assert_not(profile_set_ports(&profile, "443,70000", &failure));
    cr_assert_not(profile_set_ports(&profile, "0", &failure));
    cr_assert_not(profile_set_ports(&profile, "", &failure));
    cr_assert_not(profile_set_ports(&profile, "443-445", &failure));
    cr_assert_eq(memcmp(&before, &profile, sizeof profile), 0);
}

Test(profile, there_is_room_for_as_many_servers_as_promised_and_no_more)
{
    for (int i = 0; i < EMS_MAX; i++)
        cr_assert(profile_add_ems(&profile, "a.example", &failure));
    cr_assert_not(profile_add_ems(&profile, "a.example", &failure));
}
