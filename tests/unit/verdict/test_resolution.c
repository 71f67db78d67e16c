/* Addresses whose hardware nobody names, or two do: what is said of them, and when not. */
#include "verdict/resolution.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static const int64_t second_ns = 1000000000;

struct link {
    struct neighbours *neighbours;
    struct hosts *hosts;
    struct scene scene;
    uint64_t frame;
};

static struct link link_of(void)
{
    struct link l = { .neighbours = neighbours_open(), .hosts = hosts_open(64) };
    l.scene.neighbours = l.neighbours;
    l.scene.hosts = l.hosts;
    l.scene.last_ns = 60 * second_ns;
    return l;
}

static void close_link(struct link *l)
{
    neighbours_close(l->neighbours);
    hosts_close(l->hosts);
}

static void say(struct link *l, enum resolution what, const char *from, const char *to,
                const char *wanted, uint8_t mac, int64_t ns)
{
    struct packet p = { .frame = ++l->frame, .time_ns = ns, .kind = PACKET_ARP, .outgoing = true };
    address_parse(from, &p.source);
    address_parse(to, &p.destination);
    address_parse(wanted, &p.wanted);
    p.resolution = (uint8_t)what;
    p.wanted_mac_lasts = true;
    memcpy(p.wanted_mac, (const uint8_t[]){ 0, 0x1b, 0x21, 0, 0, mac }, 6);
    neighbours_take(l->neighbours, &p);
}

static void ask(struct link *l, const char *wanted, int64_t ns)
{
    say(l, RESOLUTION_ASK, "10.0.0.1", wanted, wanted, 1, ns);
}

static void ask_thrice(struct link *l, int64_t apart)
{
    for (int i = 0; i < 3; i++)
        ask(l, "10.0.0.9", second_ns + i * apart);
}

static void answer(struct link *l, const char *wanted, uint8_t mac, int64_t ns)
{
    say(l, RESOLUTION_ANSWER, wanted, "10.0.0.1", wanted, mac, ns);
}

static struct raised judged(struct link *l) { return resolution_judge(&l->scene, 0).raised; }

Test(resolution, three_questions_without_an_answer_are_said_with_their_frames)
{
    struct link l = link_of();

    ask_thrice(&l, second_ns);

    struct raised r = judged(&l);
    cr_assert_eq(r.id, F_L2_ARP_UNRESOLVED);
    cr_assert_eq(r.fact, CERTAIN);
    cr_assert_eq(r.cause, PROBABLE);
    cr_assert_eq(r.n_frames, 3);
    close_link(&l);
}

Test(resolution, two_questions_are_too_few)
{
    struct link l = link_of();

    ask(&l, "10.0.0.9", second_ns);
    ask(&l, "10.0.0.9", 2 * second_ns);

    cr_assert_eq(judged(&l).id, F_NONE);
    close_link(&l);
}

Test(resolution, a_burst_of_questions_waits_for_nobody)
{
    struct link l = link_of();

    ask_thrice(&l, second_ns / 100);

    cr_assert_eq(judged(&l).id, F_NONE);
    close_link(&l);
}

Test(resolution, the_end_of_the_capture_leaves_no_time_for_an_answer)
{
    struct link l = link_of();

    ask_thrice(&l, second_ns);
    l.scene.last_ns = 3 * second_ns + second_ns / 2;

    cr_assert_eq(judged(&l).id, F_NONE);
    close_link(&l);
}

Test(resolution, who_speaks_otherwise_is_there)
{
    struct link l = link_of();

    ask_thrice(&l, second_ns);
    say(&l, RESOLUTION_ASK, "10.0.0.9", "10.0.0.7", "10.0.0.7", 9, 9 * second_ns);

    cr_assert_eq(judged(&l).id, F_NONE);
    close_link(&l);
}

Test(resolution, who_asks_for_many_searches)
{
    struct link l = link_of();
    char wanted[16];

    ask_thrice(&l, second_ns);
    for (int i = 20; i < 30; i++) {
        snprintf(wanted, sizeof wanted, "10.0.0.%d", i);
        ask(&l, wanted, i * second_ns);
    }

    cr_assert_eq(judged(&l).id, F_NONE);
    close_link(&l);
}

Test(resolution, what_may_have_hidden_the_answer_lowers_the_word)
{
    struct link l = link_of();

    ask_thrice(&l, second_ns);
    l.scene.drops = 1;
    cr_assert_eq(judged(&l).fact, PROBABLE);
    strcpy(l.scene.filter, "arp or port 8013");

    cr_assert_eq(judged(&l).fact, POSSIBLE);
    cr_assert_eq(judged(&l).cause, POSSIBLE);
    close_link(&l);
}

Test(resolution, two_answers_to_one_question_are_a_conflict)
{
    struct link l = link_of();

    ask(&l, "10.0.0.9", second_ns);
    answer(&l, "10.0.0.9", 9, second_ns);
    answer(&l, "10.0.0.9", 8, second_ns);

    struct raised r = judged(&l);
    cr_assert_eq(r.id, F_L2_DUPLICATE_ADDRESS);
    cr_assert_eq(r.fact, PROBABLE);
    cr_assert_eq(r.n_frames, 3);
    close_link(&l);
}

Test(resolution, a_host_with_two_cards_answers_twice_for_each_of_its_addresses)
{
    struct link l = link_of();

    ask(&l, "10.0.0.9", second_ns);
    answer(&l, "10.0.0.9", 9, second_ns);
    answer(&l, "10.0.0.9", 8, second_ns);
    ask(&l, "10.0.0.10", 2 * second_ns);
    answer(&l, "10.0.0.10", 8, 2 * second_ns);
    answer(&l, "10.0.0.10", 9, 2 * second_ns);

    cr_assert_eq(judged(&l).id, F_NONE);
    close_link(&l);
}

Test(resolution, a_virtual_router_is_no_conflict)
{
    struct link l = link_of();
    struct packet p = { .time_ns = second_ns, .frame = 99, .resolution = RESOLUTION_ANSWER };

    ask(&l, "10.0.0.9", second_ns);
    answer(&l, "10.0.0.9", 9, second_ns);
    address_parse("10.0.0.1", &p.destination);
    address_parse("10.0.0.9", &p.wanted);
    p.wanted_mac_lasts = true;
    memcpy(p.wanted_mac, (const uint8_t[]){ 0, 0, 0x5e, 0, 1, 7 }, 6);
    neighbours_take(l.neighbours, &p);

    cr_assert_eq(judged(&l).id, F_NONE);
    close_link(&l);
}
