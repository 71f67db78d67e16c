#include "session/dissector.h"

#include <criterion/criterion.h>

extern const struct dissector dns_dissector;

/* A session around one UDP flow, with nothing but what the dissector needs. */
struct scenery {
    struct flow flow;
    struct session_world world;
    struct session session;
};

static void scenery_open(struct scenery *s)
{
    *s = (struct scenery){ .flow = { .protocol = 17, .port = { 50000, 53 } } };
    address_parse("10.20.40.17", &s->flow.address[CLIENT]);
    address_parse("10.0.0.2", &s->flow.address[SERVER]);
    s->world.names = names_open();
    s->session.flow = &s->flow;
    s->session.world = &s->world;
    s->session.now = (struct tls_stamp){ 1, 1 };
}

static void feed(struct scenery *s, enum side from, const void *wire, size_t n)
{
    struct bytes in = bytes_whole(wire, n);
    (void)dns_dissector.feed(&s->session, NULL, from, &in);
    s->session.now.frame++;
}

/* RFC 1035 section 4.1: header, then "ems.corp.example" A IN. */
#define NAME     "\3eMs\4corp\7example\0"
#define QUESTION NAME "\0\1\0\1"
static const char query[] = "\x12\x34\1\0\0\1\0\0\0\0\0\0" QUESTION;

Test(dns, a_question_becomes_a_lookup_in_lower_case)
{
    struct scenery s;
    scenery_open(&s);

    feed(&s, CLIENT, query, sizeof query - 1);

    cr_assert_eq(names_lookups(s.world.names), 1);
    cr_assert_str_eq(names_lookup(s.world.names, 0)->name, "ems.corp.example");
    names_close(s.world.names);
}

Test(dns, the_answer_follows_the_cname_chain_to_the_address)
{
    struct scenery s;
    scenery_open(&s);
    static const char reply[] =
        "\x12\x34\x81\x80\0\1\0\2\0\0\0\0" QUESTION "\xc0\x0c\0\5\0\1\0\0\0\x3c\0\7\4ems2\xc0\x10"
        "\xc0\x2e\0\1\0\1\0\0\0\x3c\0\4\x0a\0\0\x0a";

    feed(&s, CLIENT, query, sizeof query - 1);
    feed(&s, SERVER, reply, sizeof reply - 1);

    const struct lookup *l = names_lookup(s.world.names, 0);
    char text[ADDRESS_TEXT];
    cr_assert(l->answered);
    cr_assert_eq(l->n_answers, 1);
    cr_assert_str_eq(address_text(&l->answer[0], text), "10.0.0.10");
    cr_assert_str_eq(l->canonical, "ems2.corp.example");
    names_close(s.world.names);
}

Test(dns, an_answer_that_the_capture_cut_away_is_not_a_missing_one)
{
    static const char reply[] =
        "\x12\x34\x81\x80\0\1\0\1\0\0\0\0" QUESTION "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x0a\0\0\x0a";
    size_t answer = 16;

    for (size_t cut = 0; cut <= answer; cut++) {
        struct scenery s;
        scenery_open(&s);
        struct bytes in = bytes_of(reply, sizeof reply - 1 - cut, sizeof reply - 1);
        feed(&s, CLIENT, query, sizeof query - 1);

        (void)dns_dissector.feed(&s.session, NULL, SERVER, &in);

        const struct lookup *l = names_lookup(s.world.names, 0);
        cr_assert(l->answered);
        cr_assert_eq(l->cut, l->n_answers == 0, "cut by %zu", cut);
        names_close(s.world.names);
    }
}

Test(dns, the_response_code_is_kept)
{
    struct scenery s;
    scenery_open(&s);
    static const char reply[] = "\x12\x34\x81\x83\0\1\0\0\0\0\0\0" QUESTION;

    feed(&s, CLIENT, query, sizeof query - 1);
    feed(&s, SERVER, reply, sizeof reply - 1);

    cr_assert_eq(names_lookup(s.world.names, 0)->rcode, DNS_NXDOMAIN);
    names_close(s.world.names);
}

Test(dns, the_upper_octet_of_the_response_code_is_in_the_opt_record)
{
    struct scenery s;
    scenery_open(&s);
    /* RFC 6891 section 6.1.3: BADVERS is 16 */
    static const char reply[] =
        "\x12\x34\x81\x80\0\1\0\0\0\0\0\1" QUESTION "\0\0\x29\x04\xd0\1\0\0\0\0\0";

    feed(&s, CLIENT, query, sizeof query - 1);
    feed(&s, SERVER, reply, sizeof reply - 1);

    cr_assert_eq(names_lookup(s.world.names, 0)->rcode, 16);
    names_close(s.world.names);
}

Test(dns, an_answer_that_is_broken_is_not_a_missing_one)
{
    struct scenery s;
    scenery_open(&s);
    static const char reply[] =
        "\x12\x34\x81\x80\0\1\0\1\0\0\0\0" QUESTION "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\x40\x0a\0";

    feed(&s, CLIENT, query, sizeof query - 1);
    feed(&s, SERVER, reply, sizeof reply - 1);

    cr_assert(names_lookup(s.world.names, 0)->answered);
    cr_assert(names_lookup(s.world.names, 0)->cut);
    names_close(s.world.names);
}

Test(dns, a_name_that_points_at_itself_ends)
{
    struct scenery s;
    scenery_open(&s);
    static const char loop[] = "\x12\x34\1\0\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1";
    static const char forward[] = "\x12\x34\1\0\0\1\0\0\0\0\0\0\xc0\x12\0\1\0\1\3abc\0";

    feed(&s, CLIENT, loop, sizeof loop - 1);
    feed(&s, CLIENT, forward, sizeof forward - 1);

    cr_assert_eq(names_lookups(s.world.names), 0);
    names_close(s.world.names);
}

Test(dns, hostile_octets_in_a_name_are_spelled_out)
{
    struct scenery s;
    scenery_open(&s);
    static const char evil[] = "\x12\x34\1\0\0\1\0\0\0\0\0\0\4\033[2J\3a.b\0\0\1\0\1";

    feed(&s, CLIENT, evil, sizeof evil - 1);

    cr_assert_str_eq(names_lookup(s.world.names, 0)->name, "\\u001b[2j.a_b");
    names_close(s.world.names);
}

Test(dns, over_tcp_a_message_waits_until_it_is_whole)
{
    struct scenery s;
    scenery_open(&s);
    s.flow.protocol = 6;
    char wire[2 + sizeof query];
    wire[0] = 0;
    wire[1] = (char)(sizeof query - 1);
    memcpy(wire + 2, query, sizeof query - 1);

    feed(&s, CLIENT, wire, 20);
    cr_assert_eq(names_lookups(s.world.names), 0);
    feed(&s, CLIENT, wire, sizeof query + 1);

    cr_assert_eq(names_lookups(s.world.names), 1);
    cr_assert(names_lookup(s.world.names, 0)->tcp);
    names_close(s.world.names);
}

Test(dns, a_cut_message_makes_no_lookup)
{
    for (size_t n = 0; n < sizeof query - 1; n++) {
        struct scenery s;
        scenery_open(&s);

        feed(&s, CLIENT, query, n);

        cr_assert_eq(names_lookups(s.world.names), 0, "cut at %zu", n);
        names_close(s.world.names);
    }
}
