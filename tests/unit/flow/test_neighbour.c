#include "flow/neighbour.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static const int64_t second_ns = 1000000000;
static const uint8_t me[6] = { 2, 0, 0, 0, 0, 1 }, gate[6] = { 2, 0, 0, 0, 0, 2 };
static const uint8_t third[6] = { 2, 0, 0, 0, 0, 3 }, fourth[6] = { 2, 0, 0, 0, 0, 4 };
static uint64_t frame;

static struct packet spoken(enum resolution what, const char *from, const char *to,
                            const char *wanted, const uint8_t *mac, int64_t ns)
{
    struct packet p = { .frame = ++frame, .time_ns = ns, .kind = PACKET_ARP };
    address_parse(from, &p.source);
    address_parse(to, &p.destination);
    address_parse(wanted, &p.wanted);
    p.resolution = (uint8_t)what;
    memcpy(p.wanted_mac, mac, 6);
    p.wanted_mac_lasts = true;
    return p;
}

static void ask(struct neighbours *n, const char *wanted, int64_t ns)
{
    struct packet p = spoken(RESOLUTION_ASK, "10.0.0.1", wanted, wanted, me, ns);
    neighbours_take(n, &p);
}

static void answer(struct neighbours *n, const char *wanted, const uint8_t *mac, int64_t ns)
{
    struct packet p = spoken(RESOLUTION_ANSWER, wanted, "10.0.0.1", wanted, mac, ns);
    neighbours_take(n, &p);
}

static void unicast(struct neighbours *n, const uint8_t *from, const uint8_t *to)
{
    struct packet p = { .frame = ++frame, .has_mac = true, .kind = PACKET_UDP };
    memcpy(p.mac_source, from, 6);
    memcpy(p.mac_destination, to, 6);
    neighbours_take(n, &p);
}

static const struct neighbour *only(struct neighbours *n)
{
    const struct neighbour_key *key;
    cr_assert_eq(neighbours_count(n), 1);
    return neighbour_at(n, 0, &key);
}

static bool watched(struct neighbours *n)
{
    const struct neighbour_key *key;
    const struct neighbour *w = neighbour_at(n, 0, &key);
    return neighbour_is_watched(n, key, w);
}

Test(neighbour, questions_are_counted_until_an_answer_comes)
{
    struct neighbours *n = neighbours_open();

    for (int i = 0; i < 3; i++)
        ask(n, "10.0.0.9", i * second_ns);
    cr_assert_eq(only(n)->n_asked, 3);
    answer(n, "10.0.0.9", gate, 3 * second_ns);

    cr_assert_eq(only(n)->n_asked, 0);
    neighbours_close(n);
}

Test(neighbour, a_question_captured_twice_is_one)
{
    struct neighbours *n = neighbours_open();

    ask(n, "10.0.0.9", second_ns);
    ask(n, "10.0.0.9", second_ns + 1000);

    cr_assert_eq(only(n)->n_asked, 1);
    neighbours_close(n);
}

Test(neighbour, the_probe_of_an_address_before_it_is_used_is_no_question)
{
    struct neighbours *n = neighbours_open();
    struct packet p = spoken(RESOLUTION_ASK, "0.0.0.0", "10.0.0.9", "10.0.0.9", me, 1);

    neighbours_take(n, &p);

    cr_assert_eq(neighbours_count(n), 0);
    neighbours_close(n);
}

Test(neighbour, a_syn_that_leaves_for_it_needs_no_answer)
{
    struct neighbours *n = neighbours_open();
    struct packet syn = { .frame = 9, .kind = PACKET_TCP, .flags = TCP_SYN };
    address_parse("10.0.0.1", &syn.source);
    address_parse("10.0.0.9", &syn.destination);

    ask(n, "10.0.0.9", second_ns);
    neighbours_take(n, &syn);

    cr_assert_eq(only(n)->n_asked, 0);
    neighbours_close(n);
}

Test(neighbour, a_link_of_others_is_not_that_of_the_asker)
{
    struct neighbours *n = neighbours_open();

    ask(n, "10.0.0.9", second_ns);
    cr_assert_not(watched(n), "nothing but questions");
    unicast(n, me, gate);
    cr_assert_not(watched(n), "it may be the link of the gateway");
    unicast(n, third, gate);
    cr_assert_not(watched(n), "it is the link of the gateway");
    unicast(n, third, fourth);

    cr_assert_not(watched(n), "it is a link of many");
    neighbours_close(n);
}

Test(neighbour, an_end_of_all_that_is_captured_is_watched)
{
    struct neighbours *n = neighbours_open();

    ask(n, "10.0.0.9", second_ns);
    unicast(n, me, gate);
    unicast(n, third, me);

    cr_assert(watched(n));
    unicast(n, third, gate);
    cr_assert_not(watched(n));
    neighbours_close(n);
}

Test(neighbour, a_third_station_is_noticed_however_long_two_have_spoken)
{
    struct neighbours *n = neighbours_open();

    ask(n, "10.0.0.9", second_ns);
    for (int i = 0; i < 5; i++) {
        unicast(n, me, gate);
        unicast(n, gate, me);
    }
    unicast(n, third, me);
    cr_assert(watched(n), "all of it has one end in common");
    for (int i = 0; i < 5; i++) {
        unicast(n, me, third);
        unicast(n, gate, me);
        unicast(n, third, me);
    }
    cr_assert(watched(n));
    unicast(n, third, gate);

    cr_assert_not(watched(n));
    neighbours_close(n);
}

Test(neighbour, between_two_alone_each_hears_the_other)
{
    struct neighbours *n = neighbours_open();

    ask(n, "10.0.0.2", second_ns);
    answer(n, "10.0.0.2", gate, second_ns);
    unicast(n, me, gate);

    cr_assert(watched(n));
    neighbours_close(n);
}

Test(neighbour, who_captures_itself_is_watched)
{
    struct neighbours *n = neighbours_open();
    struct packet p = spoken(RESOLUTION_ASK, "10.0.0.1", "10.0.0.9", "10.0.0.9", me, 1);

    p.outgoing = true;
    neighbours_take(n, &p);

    cr_assert(watched(n));
    neighbours_close(n);
}

Test(neighbour, two_answers_to_one_question_are_two_devices)
{
    struct neighbours *n = neighbours_open();

    ask(n, "10.0.0.9", second_ns);
    answer(n, "10.0.0.9", third, second_ns);
    answer(n, "10.0.0.9", fourth, second_ns + 1000);

    cr_assert_eq(only(n)->n_macs, 2);
    neighbours_close(n);
}

Test(neighbour, another_device_at_the_next_question_has_taken_over)
{
    struct neighbours *n = neighbours_open();

    ask(n, "10.0.0.9", second_ns);
    answer(n, "10.0.0.9", third, second_ns);
    ask(n, "10.0.0.9", 3 * second_ns);
    answer(n, "10.0.0.9", fourth, 3 * second_ns);

    cr_assert_eq(only(n)->n_macs, 1);
    neighbours_close(n);
}

Test(neighbour, a_flood_of_names_is_bounded)
{
    struct neighbours *n = neighbours_open();
    char wanted[32];

    for (int i = 0; i < 70000; i++) {
        snprintf(wanted, sizeof wanted, "10.1.%d.%d", i / 256 % 256, i % 256);
        ask(n, wanted, i * second_ns);
    }

    cr_assert_leq(neighbours_count(n), 4096);
    neighbours_close(n);
}
