#include "session/names.h"

#include <criterion/criterion.h>
#include <string.h>

static const int64_t second = 1000000000;

static struct dns_message question(const char *name, uint64_t frame, int64_t seconds)
{
    struct dns_message m = { .frame = frame,
                             .time_ns = seconds * second,
                             .client_port = 50000,
                             .server_port = 53,
                             .id = 7,
                             .type = DNS_A };
    address_parse("10.20.40.17", &m.client);
    address_parse("10.0.0.2", &m.server);
    strcpy(m.name, name);
    return m;
}

static struct dns_message answer(const char *name, uint64_t frame, int64_t seconds,
                                 const char *address)
{
    struct dns_message m = question(name, frame, seconds);
    m.reply = true;
    if (address && address_parse(address, &m.answer[0]))
        m.n_answers = m.n_answers_all = 1;
    return m;
}

static void tell(struct names *names, struct dns_message m) { names_message(names, &m); }

Test(names, retries_of_one_question_are_one_lookup)
{
    struct names *names = names_open();

    tell(names, question("ems.corp.example", 1, 0));
    tell(names, question("ems.corp.example", 2, 1));
    tell(names, question("ems.corp.example", 3, 3));

    cr_assert_eq(names_lookups(names), 1);
    const struct lookup *l = names_lookup(names, 0);
    cr_assert_eq(l->tries, 3);
    cr_assert_eq(l->frames[2], 3);
    cr_assert_not(l->answered);
    names_close(names);
}

Test(names, a_question_after_its_answer_is_a_new_lookup)
{
    struct names *names = names_open();

    tell(names, question("ems.corp.example", 1, 0));
    tell(names, answer("ems.corp.example", 2, 0, "10.0.0.10"));
    tell(names, question("ems.corp.example", 3, 5));

    cr_assert_eq(names_lookups(names), 2);
    cr_assert(names_lookup(names, 0)->answered);
    cr_assert_not(names_lookup(names, 1)->answered);
    names_close(names);
}

Test(names, a_question_half_a_minute_later_is_a_new_lookup)
{
    struct names *names = names_open();

    tell(names, question("ems.corp.example", 1, 0));
    tell(names, question("ems.corp.example", 2, 31));

    cr_assert_eq(names_lookups(names), 2);
    names_close(names);
}

Test(names, an_answer_gives_the_address_its_name_and_the_client_its_way)
{
    struct names *names = names_open();
    struct address ems, client, other;
    address_parse("10.0.0.10", &ems);
    address_parse("10.20.40.17", &client);
    address_parse("10.20.40.18", &other);

    tell(names, question("ems.corp.example", 1, 1));
    tell(names, answer("ems.corp.example", 2, 1, "10.0.0.10"));

    cr_assert_str_eq(names_of(names, &ems), "ems.corp.example");
    cr_assert_not_null(names_lookup_for(names, &client, &ems, 2 * second));
    cr_assert_null(names_lookup_for(names, &client, &ems, second / 2), "it had not been answered");
    cr_assert_null(names_lookup_for(names, &other, &ems, 2 * second));
    names_close(names);
}

Test(names, what_dns_said_outranks_what_a_client_asked_for)
{
    struct names *names = names_open();
    struct address ems;
    address_parse("10.0.0.10", &ems);

    names_learn(names, &ems, "www.example");
    tell(names, question("ems.corp.example", 1, 1));
    tell(names, answer("ems.corp.example", 2, 1, "10.0.0.10"));
    names_learn(names, &ems, "alias.example");

    cr_assert_str_eq(names_of(names, &ems), "ems.corp.example");
    cr_assert(names_from_dns(names, &ems));
    names_close(names);
}

Test(names, a_truncated_answer_and_the_same_question_over_tcp_are_one_lookup)
{
    struct names *names = names_open();
    struct dns_message cut = answer("ems.corp.example", 2, 0, NULL);
    cut.truncated = true;
    struct dns_message again = question("ems.corp.example", 3, 0);
    again.tcp = true;

    tell(names, question("ems.corp.example", 1, 0));
    tell(names, cut);
    tell(names, again);

    cr_assert_eq(names_lookups(names), 1);
    cr_assert_not(names_lookup(names, 0)->answered);
    names_close(names);
}

Test(names, an_icmp_error_is_tied_to_the_question_it_quotes)
{
    struct names *names = names_open();
    struct dns_message q = question("ems.corp.example", 1, 0);
    tell(names, q);

    names_icmp(names, &q.client, q.client_port, &q.server, 53, 4, 3, 3);
    names_icmp(names, &q.client, 1, &q.server, 53, 5, 3, 3);

    cr_assert_eq(names_lookup(names, 0)->icmp_frame, 4);
    names_close(names);
}
