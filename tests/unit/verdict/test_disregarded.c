#include "base/text.h"
#include "scenario.h"
#include "verdict/dns_answer.h"

static struct scenario s;

static void answer(const char *name, const char *address, int ms)
{
    struct dns_message m = { .frame = 2,
                             .time_ns = when(ms),
                             .client = at("10.20.40.17"),
                             .server = at("10.0.0.2"),
                             .type = strchr(address, ':') ? DNS_AAAA : DNS_A };
    text_copy(m.name, sizeof m.name, name);
    names_message((struct names *)s.scene.names, &m);
    m.reply = true;
    m.frame = 3;
    m.n_answers = m.n_answers_all = 1;
    m.answer[0] = at(address);
    names_message((struct names *)s.scene.names, &m);
}

/* A connection to 10.0.0.10:8013 a second later. */
static bool disregards(const char *sni)
{
    s.flow.first_ns = when(1000);
    s.flow.half[CLIENT].flags |= HALF_SYN;
    s.session.server_name = sni;
    s.flow.session = &s.session;
    struct matter m = matter_of(&s.scene, &s.flow);
    return dns_disregarded(&m) != NULL;
}

Test(disregarded, a_name_that_was_answered_with_another_address)
{
    begin(&s);
    answer("ems.corp.example", "10.0.0.99", 0);

    cr_assert(disregards("ems.corp.example"));
    over(&s);
}

Test(disregarded, not_when_the_address_is_in_an_answer)
{
    begin(&s);
    answer("ems.corp.example", "10.0.0.99", 0);
    answer("other.corp.example", "10.0.0.10", 10);

    cr_assert_not(disregards("ems.corp.example"));
    over(&s);
}

Test(disregarded, not_when_another_name_was_asked_for)
{
    begin(&s);
    answer("www.corp.example", "10.0.0.99", 0);

    cr_assert_not(disregards("ems.corp.example"));
    over(&s);
}

Test(disregarded, not_when_only_the_other_family_was_answered)
{
    begin(&s);
    answer("ems.corp.example", "2001:db8::99", 0);

    cr_assert_not(disregards("ems.corp.example"));
    over(&s);
}

Test(disregarded, not_before_the_answer)
{
    begin(&s);
    answer("ems.corp.example", "10.0.0.99", 2000);

    cr_assert_not(disregards("ems.corp.example"));
    over(&s);
}

Test(disregarded, not_when_the_address_is_configured)
{
    begin(&s);
    s.profile.ems_address[s.profile.n_ems_addresses++] = at("10.0.0.10");
    answer("ems.corp.example", "10.0.0.99", 0);

    cr_assert_not(disregards("ems.corp.example"));
    over(&s);
}

Test(disregarded, not_behind_an_upgrade_as_in_a_proxy)
{
    begin(&s);
    s.session.tls_offset[CLIENT] = 120;
    answer("ems.corp.example", "10.0.0.99", 0);

    cr_assert_not(disregards("ems.corp.example"));
    over(&s);
}
