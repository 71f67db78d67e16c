#include "base/text.h"
#include "scenario.h"

static struct scenario s;
static struct dns_message m;
static uint64_t frame;

static void ask_from(const char *client, const char *resolver, const char *name, uint16_t type,
                     int ms)
{
    m = (struct dns_message){ .frame = ++frame,
                              .time_ns = when(ms),
                              .client = at(client),
                              .server = at(resolver),
                              .client_port = 40053,
                              .server_port = 53,
                              .type = type,
                              .id = (uint16_t)(7 + type) };
    text_copy(m.name, sizeof m.name, name);
    names_message((struct names *)s.scene.names, &m);
    s.scene.last_ns = m.time_ns;
}

static void ask(const char *name, uint16_t type, int ms)
{
    ask_from("10.20.40.17", "10.0.0.2", name, type, ms);
}

static void reply(uint8_t rcode, const char *address, int ms)
{
    m.frame = ++frame;
    m.time_ns = when(ms);
    m.reply = true;
    m.rcode = rcode;
    m.n_answers = m.n_answers_all = address != NULL;
    if (address)
        m.answer[0] = at(address);
    names_message((struct names *)s.scene.names, &m);
    s.scene.last_ns = m.time_ns;
}

static const struct verdict *of(size_t i, int end_ms)
{
    s.scene.last_ns = when(end_ms);
    verdict_of_lookup(&s.scene, names_lookup(s.scene.names, i), &s.verdict);
    if (s.verdict.primary.id != F_NONE)
        assert_sound(&s.verdict.primary);
    return &s.verdict;
}

#define assert_lookup(i, end, expected)                            \
    cr_assert_eq(of((i), (end))->primary.id, (expected), "got %s", \
                 finding_of(s.verdict.primary.id)->id)

Test(lookups, a_name_that_does_not_exist)
{
    begin(&s);
    ask("ems.corp.example", DNS_A, 0);
    reply(DNS_NXDOMAIN, NULL, 5);

    assert_lookup(0, 20000, F_DNS_NXDOMAIN);
    cr_assert_eq(s.verdict.primary.cause, POSSIBLE);
    cr_assert_eq(s.verdict.stage[STAGE_DNS], TOKEN_NXDOM);
    cr_assert_eq(s.verdict.primary.n_frames, 2);
    over(&s);
}

Test(lookups, another_resolver_that_knows_the_name_makes_the_cause_probable)
{
    begin(&s);
    ask("ems.corp.example", DNS_A, 0);
    reply(DNS_NXDOMAIN, NULL, 5);
    ask_from("10.20.41.5", "10.0.0.3", "ems.corp.example", DNS_A, 100);
    reply(DNS_NOERROR, "10.0.0.10", 105);

    assert_lookup(0, 20000, F_DNS_NXDOMAIN);
    cr_assert_eq(s.verdict.primary.cause, PROBABLE);
    over(&s);
}

Test(lookups, a_later_success_of_the_same_name_is_no_failure)
{
    begin(&s);
    ask("ems.corp.example", DNS_A, 0);
    reply(DNS_NXDOMAIN, NULL, 5);
    ask("ems.corp.example", DNS_A, 20000);
    reply(DNS_NOERROR, "10.0.0.10", 20005);

    assert_lookup(0, 30000, F_NONE);
    over(&s);
}

Test(lookups, tries_of_a_search_list_are_no_failure)
{
    begin(&s);
    ask("ems.corp.example.corp.local", DNS_A, 0);
    reply(DNS_NXDOMAIN, NULL, 5);
    ask("ems.corp.example", DNS_A, 10);
    reply(DNS_NOERROR, "10.0.0.10", 15);
    ask("ems.lab.local", DNS_A, 20);
    reply(DNS_NXDOMAIN, NULL, 25);

    assert_lookup(0, 20000, F_NONE);
    assert_lookup(2, 20000, F_NONE);
    over(&s);
}

Test(lookups, a_missing_ipv6_address_alone_is_no_failure)
{
    begin(&s);
    ask("ems.corp.example", DNS_A, 0);
    reply(DNS_NOERROR, "10.0.0.10", 5);
    ask("ems.corp.example", DNS_AAAA, 0);
    reply(DNS_NXDOMAIN, NULL, 5);
    ask("ems2.corp.example", DNS_AAAA, 100);
    reply(DNS_NOERROR, NULL, 105);

    assert_lookup(1, 20000, F_NONE);
    assert_lookup(2, 20000, F_NONE);
    over(&s);
}

Test(lookups, ipv6_questions_that_fail_beside_ipv4_are_a_warning)
{
    begin(&s);
    ask("ems.corp.example", DNS_A, 0);
    reply(DNS_NOERROR, "10.0.0.10", 5);
    ask("ems.corp.example", DNS_AAAA, 1);
    reply(DNS_SERVFAIL, NULL, 6);

    assert_lookup(1, 20000, F_DNS_AAAA_BROKEN);
    cr_assert_eq(s.verdict.primary.severity, SEVERITY_WARNING);
    over(&s);
}

Test(lookups, ipv6_questions_that_another_resolver_answers_are_not_broken)
{
    for (int empty = 0; empty < 2; empty++) {
        begin(&s);
        ask("ems.corp.example", DNS_A, 0);
        reply(DNS_REFUSED, NULL, 5);
        ask("ems.corp.example", DNS_AAAA, 1);
        reply(DNS_REFUSED, NULL, 6);
        ask_from("10.20.40.17", "10.0.0.3", "ems.corp.example", DNS_A, 7);
        reply(DNS_NOERROR, "10.0.0.10", 8);
        ask_from("10.20.40.17", "10.0.0.3", "ems.corp.example", DNS_AAAA, 9);
        reply(empty ? DNS_NOERROR : DNS_REFUSED, NULL, 10);

        assert_lookup(1, 20000, empty ? F_NONE : F_DNS_AAAA_BROKEN);
        over(&s);
    }
}

Test(lookups, resolvers_that_fail_or_refuse)
{
    begin(&s);
    ask("ems.corp.example", DNS_A, 0);
    reply(DNS_SERVFAIL, NULL, 5);
    assert_lookup(0, 20000, F_DNS_SERVFAIL);
    over(&s);

    begin(&s);
    ask("ems.corp.example", DNS_A, 0);
    reply(DNS_REFUSED, NULL, 5);
    assert_lookup(0, 20000, F_DNS_REFUSED);
    over(&s);
}

Test(lookups, a_second_resolver_that_answers_within_ten_seconds_makes_it_a_note)
{
    begin(&s);
    ask("ems.corp.example", DNS_A, 0);
    reply(DNS_SERVFAIL, NULL, 5);
    ask_from("10.20.40.17", "10.0.0.3", "ems.corp.example", DNS_A, 100);
    reply(DNS_NOERROR, "10.0.0.10", 105);

    assert_lookup(0, 20000, F_NONE);
    over(&s);
}

Test(lookups, an_address_that_is_known_and_used_makes_it_a_note)
{
    struct scenario other;
    begin(&s);
    ask_from("10.20.41.5", "10.0.0.3", "ems.corp.example", DNS_A, 0);
    reply(DNS_NOERROR, "10.0.0.10", 5);
    ask("ems.corp.example", DNS_A, 5);
    reply(DNS_SERVFAIL, NULL, 8);
    assert_lookup(1, 20000, F_DNS_SERVFAIL);
    opened(&other);
    other.flow.first_ns = when(10);
    served_note((struct served *)s.scene.served, &other.flow);
    over(&other);

    assert_lookup(1, 20000, F_NONE);
    over(&s);
}

Test(lookups, questions_without_an_answer)
{
    begin(&s);
    ask("ems.corp.example", DNS_A, 0);
    assert_lookup(0, 20000, F_NONE);
    ask("ems.corp.example", DNS_A, 5000);
    assert_lookup(0, 7000, F_NONE);

    assert_lookup(0, 20000, F_DNS_TIMEOUT);
    cr_assert_eq(s.verdict.primary.fact, PROBABLE);
    cr_assert_eq(s.verdict.primary.n_frames, 2);
    seen_elsewhere(&s, 63, 0);
    s.verdict.primary.fact = NO_CONFIDENCE;
    over(&s);
}

Test(lookups, questions_that_go_on_without_an_answer_until_the_end)
{
    begin(&s);
    ask("ems.corp.example", DNS_A, 0);
    ask("ems.corp.example", DNS_A, 2000);
    ask("ems.corp.example", DNS_A, 4000);
    assert_lookup(0, 4900, F_NONE);
    ask("ems.corp.example", DNS_A, 6000);

    assert_lookup(0, 6100, F_DNS_TIMEOUT);
    over(&s);
}

Test(lookups, a_silence_that_other_hosts_or_leaps_of_the_clock_explain_is_none)
{
    begin(&s); /* to everybody */
    ask_from("10.20.40.17", "255.255.255.255", "ems.corp.example", DNS_A, 0);
    ask_from("10.20.40.17", "255.255.255.255", "ems.corp.example", DNS_A, 5000);
    assert_lookup(0, 20000, F_NONE);
    over(&s);

    begin(&s); /* the recording was over soon */
    ask("ems.corp.example", DNS_A, 0);
    ask("ems.corp.example", DNS_A, 5000);
    const struct clock_break leap = { frame + 1, when(6000), false };
    s.scene.breaks = &leap;
    s.scene.n_breaks = 1;
    assert_lookup(0, 20000, F_NONE);
    s.scene.n_breaks = 0;
    assert_lookup(0, 20000, F_DNS_TIMEOUT);
    over(&s);
}

Test(lookups, a_client_whose_answers_are_not_captured_proves_no_silence)
{
    struct flow flow = { .protocol = 6, .port = { 40000, 80 } };
    struct packet p = { .frame = 900,
                        .kind = PACKET_TCP,
                        .flags = TCP_ACK,
                        .source = at("10.20.40.17"),
                        .destination = at("10.0.0.80") };
    begin(&s);
    ask("ems.corp.example", DNS_A, 0);
    ask("ems.corp.example", DNS_A, 5000);
    assert_lookup(0, 20000, F_DNS_TIMEOUT);

    flow.half[CLIENT].flags = HALF_SEEN;
    host_note((struct hosts *)s.scene.hosts, &flow, &p, CLIENT);

    assert_lookup(0, 20000, F_NONE);
    over(&s);
}

Test(lookups, names_that_systems_try_on_their_own_are_no_failure)
{
    static const char *const names[] = { "wpad.corp.example", "isatap.corp.example", "wpad" };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        begin(&s);
        ask(names[i], DNS_A, 0);
        reply(DNS_NXDOMAIN, NULL, 5);
        assert_lookup(0, 20000, F_NONE);
        over(&s);
    }
    begin(&s);
    ask("wpad2.corp.example", DNS_A, 0);
    reply(DNS_NXDOMAIN, NULL, 5);
    assert_lookup(0, 20000, F_DNS_NXDOMAIN);
    over(&s);
}

Test(lookups, a_loopback_address_that_is_served_is_no_block)
{
    struct scenario here;
    begin(&s);
    ask("ems.corp.example", DNS_A, 0);
    reply(DNS_NOERROR, "127.0.0.1", 5);
    assert_lookup(0, 20000, F_DNS_BLOCKED_ANSWER);
    opened(&here);
    here.flow.address[CLIENT] = here.flow.address[SERVER] = at("127.0.0.1");
    served_note((struct served *)s.scene.served, &here.flow);
    over(&here);

    assert_lookup(0, 20000, F_NONE);
    over(&s);
}

Test(lookups, an_extended_response_code_is_no_missing_address)
{
    begin(&s);
    ask("ems.corp.example", DNS_A, 0);
    reply(16, NULL, 5);

    assert_lookup(0, 20000, F_NONE);
    over(&s);
}

Test(lookups, an_icmp_error_for_the_question)
{
    const struct address client = at("10.20.40.17"), server = at("10.0.0.2");
    begin(&s);
    ask("ems.corp.example", DNS_A, 0);
    names_icmp((struct names *)s.scene.names, &client, 40053, &server, 53, 99, 3, 3);

    assert_lookup(0, 20000, F_DNS_ICMP_UNREACHABLE);
    cr_assert(has_frame(&s.verdict.primary, 99));
    cr_assert_eq(s.verdict.stage[STAGE_DNS], TOKEN_UNREACH);
    over(&s);
}

Test(lookups, a_name_without_an_address)
{
    begin(&s);
    ask("ems.corp.example", DNS_A, 0);
    reply(DNS_NOERROR, NULL, 5);

    assert_lookup(0, 20000, F_DNS_NO_ADDRESS);
    over(&s);
}

Test(lookups, a_reply_that_was_cut_may_hold_addresses)
{
    begin(&s);
    ask("ems.corp.example", DNS_A, 0);
    m.cut = true;
    reply(DNS_NOERROR, NULL, 5);
    m.cut = false;

    assert_lookup(0, 20000, F_NONE);
    over(&s);
}

Test(lookups, a_block_address_in_place_of_the_server)
{
    static const struct {
        const char *address;
        enum finding_id id;
        enum confidence cause;
    } rows[] = {
        { "208.91.112.55", F_DNS_BLOCKED_ANSWER, CERTAIN },
        { "2001:cdba::3257:9652", F_DNS_BLOCKED_ANSWER, CERTAIN },
        { "0.0.0.0", F_DNS_BLOCKED_ANSWER, PROBABLE },
        { "127.0.0.1", F_DNS_BLOCKED_ANSWER, PROBABLE },
        { "10.0.0.10", F_NONE, NO_CONFIDENCE },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin(&s);
        ask("ems.corp.example", DNS_A, 0);
        reply(DNS_NOERROR, rows[i].address, 5);

        assert_lookup(0, 20000, rows[i].id);
        cr_assert_eq(s.verdict.primary.cause, rows[i].cause, "%s", rows[i].address);
        over(&s);
    }
}

Test(lookups, an_answer_after_more_than_a_second_is_slow)
{
    begin(&s);
    ask("ems.corp.example", DNS_A, 0);
    reply(DNS_NOERROR, "10.0.0.10", 1500);

    assert_lookup(0, 20000, F_DNS_SLOW);
    over(&s);
}

/* A connection attempt of the client to this address, with or without a SYN-ACK. */
static void dial(const char *client, const char *server, uint16_t port, int ms, bool answered)
{
    s.flow.address[CLIENT] = at(client);
    s.flow.address[SERVER] = at(server);
    s.flow.port[SERVER] = port;
    s.flow.first_ns = s.flow.last_ns = when(ms);
    s.flow.first_frame = ++frame;
    s.flow.half[CLIENT].flags = HALF_SEEN | HALF_SYN;
    s.flow.half[SERVER].flags = answered ? HALF_SEEN | HALF_SYN : 0;
    s.more.half[SERVER].first_syn.frame = answered ? ++frame : 0;
    s.more.half[SERVER].first_syn.time_ns = answered ? when(ms + 1) : 0;
    served_note((struct served *)s.scene.served, &s.flow);
}

Test(lookups, an_inside_address_for_a_client_outside_that_fails)
{
    static const struct {
        const char *client, *answer;
        bool answered;
        enum finding_id id;
    } rows[] = {
        { "203.0.113.7", "10.0.0.10", false, F_DNS_PRIVATE_FOR_PUBLIC },
        { "192.168.1.20", "10.0.0.10", false, F_DNS_PRIVATE_FOR_PUBLIC },
        { "100.64.3.4", "172.16.0.10", false, F_DNS_PRIVATE_FOR_PUBLIC },
        { "2001:db8::7", "fd00::10", false, F_DNS_PRIVATE_FOR_PUBLIC },
        { "203.0.113.7", "10.0.0.10", true, F_NONE },     /* a VPN makes it valid */
        { "172.20.0.7", "10.0.0.10", false, F_NONE },     /* companies route between these */
        { "10.20.40.17", "10.0.0.10", false, F_NONE },    /* inside */
        { "203.0.113.7", "198.51.100.10", false, F_NONE } /* outside to outside */
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint16_t type = strchr(rows[i].answer, ':') ? DNS_AAAA : DNS_A;
        begin(&s);
        ask_from(rows[i].client, "9.9.9.9", "ems.corp.example", type, 0);
        reply(DNS_NOERROR, rows[i].answer, 5);
        dial(rows[i].client, rows[i].answer, 8013, 100, rows[i].answered);

        assert_lookup(0, 20000, rows[i].id);
        if (rows[i].id != F_NONE) {
            cr_assert_eq(s.verdict.primary.severity, SEVERITY_WARNING);
            cr_assert_eq(s.verdict.primary.fact, POSSIBLE);
            cr_assert_eq(s.verdict.primary.n_frames, 3);
        }
        over(&s);
    }
}

static void know_ems(const char *address)
{
    text_copy(s.profile.ems_name[0], sizeof s.profile.ems_name[0], "ems.corp.example");
    s.profile.n_ems_names = 1;
    if (address)
        s.profile.ems_address[s.profile.n_ems_addresses++] = at(address);
}

Test(lookups, an_address_that_is_not_the_configured_one)
{
    static const struct {
        const char *name, *answer;
        enum finding_id id;
    } rows[] = {
        { "ems.corp.example", "10.0.0.99", F_DNS_UNEXPECTED_ADDRESS },
        { "ems.corp.example", "10.0.0.10", F_NONE },
        { "www.corp.example", "10.0.0.99", F_NONE },
        { "ems.corp.example", "64:ff9b::10.0.0.10", F_NONE }, /* NAT64 of the expected one */
        { "ems.corp.example", "2001:db8::99", F_NONE },       /* no address of this family known */
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin(&s);
        know_ems("10.0.0.10");
        ask(rows[i].name, strchr(rows[i].answer, ':') ? DNS_AAAA : DNS_A, 0);
        reply(DNS_NOERROR, rows[i].answer, 5);

        assert_lookup(0, 20000, rows[i].id);
        if (rows[i].id != F_NONE)
            cr_assert_eq(s.verdict.primary.severity, SEVERITY_WARNING, "nothing failed yet");
        over(&s);
    }
}

Test(lookups, an_unexpected_address_is_an_error_once_the_attempt_there_fails)
{
    for (int answered = 0; answered < 2; answered++) {
        begin(&s);
        know_ems("10.0.0.10");
        ask("ems.corp.example", DNS_A, 0);
        reply(DNS_NOERROR, "10.0.0.99", 5);
        dial("10.20.40.17", "10.0.0.99", 8013, 100, answered);

        assert_lookup(0, 20000, F_DNS_UNEXPECTED_ADDRESS);
        cr_assert_eq(s.verdict.primary.severity, answered ? SEVERITY_WARNING : SEVERITY_ERROR);
        over(&s);
    }
}

Test(lookups, two_resolvers_of_one_client_that_contradict_each_other)
{
    for (int same = 0; same < 2; same++) {
        begin(&s);
        know_ems(NULL);
        ask_from("10.20.40.17", "10.0.0.2", "ems.corp.example", DNS_A, 0);
        reply(DNS_NOERROR, "10.0.0.10", 5);
        ask_from("10.20.40.17", "10.0.0.3", "ems.corp.example", DNS_A, 10);
        reply(DNS_NOERROR, same ? "10.0.0.10" : "10.0.0.99", 15);

        assert_lookup(0, 20000, F_NONE);
        assert_lookup(1, 20000, same ? F_NONE : F_DNS_UNEXPECTED_ADDRESS);
        over(&s);
    }
}

Test(lookups, asking_for_the_rest_over_tcp_is_no_retry)
{
    begin(&s);
    ask("ems.corp.example", DNS_A, 0);
    m.truncated = true;
    reply(DNS_NOERROR, NULL, 5);
    m.truncated = m.reply = false;
    m.tcp = true;
    m.time_ns = when(10);
    names_message((struct names *)s.scene.names, &m);
    reply(DNS_NOERROR, "10.0.0.10", 15);

    assert_lookup(0, 20000, F_NONE);
    over(&s);
}

Test(lookups, a_truncated_answer_and_no_way_over_tcp)
{
    static const struct {
        bool truncated, dialled, answered;
        enum finding_id id;
    } rows[] = {
        { true, true, false, F_DNS_TRUNCATED_TCP_FAIL },
        { true, true, true, F_NONE },
        { true, false, false, F_NONE }, /* the client did not want the rest */
        { false, true, false, F_DNS_NO_ADDRESS },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin(&s);
        ask("ems.corp.example", DNS_A, 0);
        m.truncated = rows[i].truncated;
        reply(DNS_NOERROR, NULL, 5);
        m.truncated = false;
        if (rows[i].dialled)
            dial("10.20.40.17", "10.0.0.2", 53, 10, rows[i].answered);

        assert_lookup(0, 20000, rows[i].id);
        over(&s);
    }
}

Test(lookups, an_ems_address_without_a_name)
{
    static const struct {
        const char *question;
        uint8_t rcode;
        unsigned answers;
        enum finding_id id;
    } rows[] = {
        { "10.0.0.10.in-addr.arpa", DNS_NXDOMAIN, 0, F_DNS_PTR_MISSING },
        { "10.0.0.10.in-addr.arpa", DNS_NOERROR, 0, F_DNS_PTR_MISSING },
        { "10.0.0.10.in-addr.arpa", DNS_NOERROR, 1, F_NONE },
        { "11.0.0.10.in-addr.arpa", DNS_NXDOMAIN, 0, F_NONE }, /* not an EMS */
        { "0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", DNS_NXDOMAIN,
          0, F_DNS_PTR_MISSING },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin(&s);
        know_ems("10.0.0.10");
        s.profile.ems_address[s.profile.n_ems_addresses++] = at("2001:db8::10");
        ask(rows[i].question, DNS_PTR, 0);
        m.n_answers_all = 0;
        reply(rows[i].rcode, NULL, 5);
        names_lookup(s.scene.names, 0)->n_answers_all = rows[i].answers;

        assert_lookup(0, 20000, rows[i].id);
        over(&s);
    }
}

Test(lookups, only_names_of_an_ems_are_in_scope_unless_all_are)
{
    begin(&s);
    s.scene.scope = SCOPE_EMS;
    text_copy(s.profile.ems_name[0], sizeof s.profile.ems_name[0], "ems.corp.example");
    s.profile.n_ems_names = 1;
    ask("www.example.org", DNS_A, 0);
    reply(DNS_NXDOMAIN, NULL, 5);
    ask("ems.corp.example", DNS_A, 10);
    reply(DNS_NXDOMAIN, NULL, 15);
    ask("ems.corp.example", DNS_HTTPS, 20);
    reply(DNS_NXDOMAIN, NULL, 25);

    cr_assert_not(of(0, 20000)->in_scope);
    cr_assert_eq(s.verdict.primary.id, F_NONE);
    assert_lookup(1, 20000, F_DNS_NXDOMAIN);
    cr_assert_not(of(2, 20000)->in_scope);
    over(&s);
}
