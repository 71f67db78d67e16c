/* What the client asks for, against the EMS that the user configured. */
#include "base/text.h"
#include "scenario.h"

static struct scenario s;

static void exchange(const char *asked)
{
    up12(&s);
    data12(&s, CLIENT, 100, 60);
    data12(&s, SERVER, 100, 70);
    fin(&s, CLIENT, 80);
    s.session.server_name = asked;
    text_copy(s.profile.ems_name[0], sizeof s.profile.ems_name[0], "ems.corp.example");
    s.profile.n_ems_names = 1;
}

static bool warned(void)
{
    assert_primary(&s, 9000, F_OK_TLS_ESTABLISHED_CLOSED_CLEAN);
    return noticed(&s.verdict, F_TLS_SNI_MISMATCH_CONFIG);
}

static void answer(const char *name, const char *canonical)
{
    struct dns_message m = { .frame = 1,
                             .time_ns = START_NS - MS(20),
                             .client = s.flow.address[CLIENT],
                             .server = at("10.0.0.2"),
                             .client_port = 40053,
                             .server_port = 53,
                             .id = 1,
                             .type = DNS_A };

    text_copy(m.name, sizeof m.name, name);
    names_message((struct names *)s.scene.names, &m);
    text_copy(m.canonical, sizeof m.canonical, canonical);
    m.reply = true;
    m.n_answers = m.n_answers_all = 1;
    m.answer[0] = s.flow.address[SERVER];
    names_message((struct names *)s.scene.names, &m);
}

Test(configured, another_name_than_the_configured_one_is_a_warning)
{
    exchange("old-ems.corp.example");

    cr_assert(warned());
    cr_assert_eq(noticed(&s.verdict, F_TLS_SNI_MISMATCH_CONFIG)->severity, SEVERITY_WARNING);
    over(&s);
}

Test(configured, the_configured_name_in_any_case_is_none)
{
    exchange("EMS.corp.example.");

    cr_assert_not(warned());
    over(&s);
}

Test(configured, without_a_configured_name_there_is_nothing_to_compare_with)
{
    exchange("old-ems.corp.example");
    s.profile.n_ems_names = 0;

    cr_assert_not(warned());
    over(&s);
}

Test(configured, an_outer_name_is_a_cover)
{
    exchange("cover.example");
    s.hello.ech = true;

    cr_assert_not(warned());
    over(&s);
}

Test(configured, another_server_on_another_port_is_not_asked_for_an_ems)
{
    exchange("www.corp.example");
    s.flow.port[SERVER] = 443;

    cr_assert_not(warned());
    over(&s);
}

Test(configured, an_alias_in_the_answer_is_the_same_server)
{
    exchange("tenant.cloud.example");
    answer("tenant.cloud.example", "ems.corp.example");

    cr_assert_not(warned());
    over(&s);
}

Test(configured, a_configured_alias_leads_to_its_own_name)
{
    exchange("tenant.cloud.example");
    answer("ems.corp.example", "tenant.cloud.example");

    cr_assert_not(warned());
    over(&s);
}
