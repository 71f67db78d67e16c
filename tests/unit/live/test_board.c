#include "live/board.h"

#include <criterion/criterion.h>
#include <stdio.h>

static const int64_t second_ns = 1000000000;

static struct board_deed deed(const char *client, uint16_t port, enum outcome outcome,
                              uint64_t frame)
{
    struct board_deed d = { .port = port,
                            .outcome = outcome,
                            .id = outcome == OUTCOME_FAILED ? F_TCP_SYN_SILENT_DROP
                                                            : F_OK_TLS_ESTABLISHED,
                            .checkin = outcome == OUTCOME_OK,
                            .frame = frame,
                            .first_ns = (int64_t)frame * second_ns,
                            .last_ns = (int64_t)frame * second_ns };

    address_parse(client, &d.client);
    address_parse("10.0.0.10", &d.server);
    return d;
}

static struct board_news note(struct board *b, const char *client, uint16_t port,
                              enum outcome outcome, uint64_t frame)
{
    struct board_deed d = deed(client, port, outcome, frame);
    return board_note(b, &d);
}

static struct board_sums sums_at(const struct board *b, int64_t seconds)
{
    struct board_sums sums;

    board_sum(b, seconds * second_ns, &sums);
    return sums;
}

Test(board, an_endpoint_fails_once_and_recovers_once)
{
    struct board *b = board_open();

    cr_expect_eq(note(b, "10.20.40.17", 8013, OUTCOME_OK, 10).change, BOARD_SAME);
    cr_expect_eq(note(b, "10.20.40.17", 8013, OUTCOME_FAILED, 20).change, BOARD_FAILS);
    cr_expect_eq(note(b, "10.20.40.17", 8013, OUTCOME_FAILED, 30).change, BOARD_SAME);
    cr_expect_eq(sums_at(b, 31).failing, 1);
    struct board_news news = note(b, "10.20.40.17", 8013, OUTCOME_OK, 40);
    cr_expect_eq(news.change, BOARD_RECOVERED);
    cr_expect_eq(news.since_ns, 20 * second_ns);
    cr_expect_eq(note(b, "10.20.40.17", 8013, OUTCOME_OK, 40).change, BOARD_SAME);
    cr_expect_eq(sums_at(b, 41).healthy, 1);
    board_close(b);
}

Test(board, another_finding_is_a_change)
{
    struct board *b = board_open();
    struct board_deed d = deed("10.20.40.17", 8013, OUTCOME_FAILED, 20);

    cr_expect_eq(board_note(b, &d).change, BOARD_FAILS);
    d.frame = 30;
    d.id = F_TCP_SYN_REFUSED_BY_HOST;
    cr_expect_eq(board_note(b, &d).change, BOARD_FAILS);
    cr_expect_eq(board_raised(b, F_TCP_SYN_SILENT_DROP), 1);
    cr_expect_eq(board_raised(b, F_TCP_SYN_REFUSED_BY_HOST), 1);
    board_close(b);
}

Test(board, an_older_attempt_changes_nothing_and_the_newest_may_change_its_mind)
{
    struct board *b = board_open();

    note(b, "10.20.40.17", 8013, OUTCOME_OK, 30);
    cr_expect_eq(note(b, "10.20.40.17", 8013, OUTCOME_FAILED, 20).change, BOARD_SAME);
    cr_expect_eq(sums_at(b, 31).healthy, 1);
    cr_expect_eq(note(b, "10.20.40.17", 8013, OUTCOME_FAILED, 30).change, BOARD_FAILS);
    cr_expect_eq(sums_at(b, 31).failing, 1);
    board_close(b);
}

Test(board, one_failing_port_makes_an_endpoint_fail_and_is_summed_up)
{
    struct board *b = board_open();

    note(b, "10.20.40.17", 443, OUTCOME_OK, 10);
    note(b, "10.20.40.17", 8013, OUTCOME_FAILED, 11);
    note(b, "10.20.40.18", 8013, OUTCOME_FAILED, 12);
    note(b, "10.20.41.5", 443, OUTCOME_OK, 13);
    note(b, "10.20.41.6", 443, OUTCOME_UNDECIDED, 14);
    struct board_sums s = sums_at(b, 20);

    cr_expect_eq(s.endpoints, 4);
    cr_expect_eq(s.failing, 2);
    cr_expect_eq(s.healthy, 1);
    cr_expect_eq(s.undecided, 1);
    cr_expect_eq(s.n_ports, 2);
    cr_expect_eq(s.port[0].port, 443);
    cr_expect_eq(s.port[0].healthy, 2);
    cr_expect_eq(s.port[0].undecided, 1);
    cr_expect_eq(s.port[1].failing, 2);
    cr_expect_eq(s.port[1].attempts[OUTCOME_FAILED], 2);
    cr_expect_eq(s.n_causes, 1);
    cr_expect_eq(s.cause[0].endpoints, 2);
    cr_expect(s.cause[0].one_network);
    note(b, "10.30.0.1", 8013, OUTCOME_FAILED, 15);
    cr_expect_not(sums_at(b, 20).cause[0].one_network);
    board_close(b);
}

Test(board, stale_is_two_of_its_own_intervals_and_gone_is_twelve)
{
    struct board *b = board_open();

    for (unsigned i = 0; i < 6; i++)
        note(b, "10.20.40.17", 8013, OUTCOME_OK, 100 + 60 * i); /* the last one at 400 */
    cr_expect_eq(sums_at(b, 400 + 119).healthy, 1);
    cr_expect_eq(sums_at(b, 400 + 140).stale, 1);
    cr_expect_eq(sums_at(b, 400 + 140).oldest_checkin_ns, 400 * second_ns);
    cr_expect_eq(sums_at(b, 400 + 60 * 13).gone, 1);
    cr_expect_eq(sums_at(b, 400 + 60 * 13).endpoints, 0);
    cr_expect_eq(sums_at(b, 400).checkins, 6);
    board_close(b);
}

Test(board, who_misses_two_while_it_does_other_things_is_told_once)
{
    struct board *b = board_open();
    struct board_missed missed;
    size_t cursor = 0;

    for (unsigned i = 0; i < 6; i++)
        note(b, "10.20.40.17", 8013, OUTCOME_OK, 100 + 60 * i);
    cr_expect_not(board_missed(b, 540 * second_ns, &cursor, &missed), "it may be switched off");
    struct board_deed other = deed("10.20.40.17", 443, OUTCOME_OK, 500);
    other.checkin = false;
    board_note(b, &other);
    cr_expect_not(board_missed(b, 510 * second_ns, &cursor, &missed), "one is not two");
    cr_assert(board_missed(b, 540 * second_ns, &cursor, &missed));
    cr_expect_eq(missed.missed, 2);
    cr_expect_eq(missed.interval_ns, 60 * second_ns);
    cr_expect_eq(missed.last_ns, 400 * second_ns);
    cr_expect_not(board_missed(b, 540 * second_ns, &cursor, &missed));
    cr_expect_not(board_missed(b, 700 * second_ns, &cursor, &missed), "told already");
    struct board_news news = note(b, "10.20.40.17", 8013, OUTCOME_OK, 760);
    cr_expect_eq(news.change, BOARD_RECOVERED);
    cr_expect_eq(news.since_ns, 400 * second_ns);
    board_close(b);
}

Test(board, a_clock_that_is_set_back_hides_no_check_in_and_no_silence)
{
    struct board *b = board_open();
    struct board_missed missed;
    size_t cursor = 0;

    for (unsigned i = 0; i < 6; i++)
        note(b, "10.20.40.17", 8013, OUTCOME_OK, 10000 + 60 * i);
    board_move(b, -3600 * second_ns);
    note(b, "10.20.40.17", 8013, OUTCOME_OK, 10360 - 3600);
    cr_expect_eq(sums_at(b, 6780).healthy, 1);
    struct board_deed other = deed("10.20.40.17", 443, OUTCOME_OK, 6860);
    other.checkin = false;
    board_note(b, &other);
    cr_assert(board_missed(b, 6900 * second_ns, &cursor, &missed));
    cr_expect_eq(missed.interval_ns, 60 * second_ns);
    cr_expect_eq(missed.last_ns, 6760 * second_ns);
    board_close(b);
}

Test(board, without_a_learned_interval_nobody_is_stale)
{
    struct board *b = board_open();

    for (unsigned i = 0; i < 4; i++)
        note(b, "10.20.40.17", 8013, OUTCOME_OK, 100 + 60 * i);
    cr_expect_eq(sums_at(b, 100000).healthy, 1);
    board_close(b);
}

Test(board, what_is_not_kept_is_told_each_time)
{
    struct board *b = board_open();

    for (unsigned i = 0; i < BOARD_SERVICES; i++)
        note(b, "10.20.40.17", (uint16_t)(8000 + i), OUTCOME_FAILED, i + 1);
    cr_expect_eq(note(b, "10.20.40.17", 9000, OUTCOME_FAILED, 100).change, BOARD_FAILS);
    cr_expect_eq(note(b, "10.20.40.17", 9000, OUTCOME_FAILED, 101).change, BOARD_FAILS);
    cr_expect_eq(note(b, "10.20.40.17", 9000, OUTCOME_OK, 102).change, BOARD_SAME);
    cr_expect_eq(sums_at(b, 200).refused, 3);
    board_close(b);
}

Test(board, a_flood_of_false_endpoints_leaves_room_for_real_ones)
{
    struct board *b = board_open();
    struct board_deed d = deed("10.0.0.0", 8013, OUTCOME_FAILED, 1);

    for (uint32_t i = 0; i < 200000; i++) {
        d.client.octet[13] = (uint8_t)(i >> 16);
        d.client.octet[14] = (uint8_t)(i >> 8);
        d.client.octet[15] = (uint8_t)i;
        board_note(b, &d);
    }
    note(b, "192.0.2.7", 8013, OUTCOME_OK, 5);
    struct board_sums s = sums_at(b, 6);

    cr_expect_eq(s.failing, BOARD_ENDPOINTS / 2);
    cr_expect_eq(s.healthy, 1);
    cr_expect_eq(s.refused, 200000 - BOARD_ENDPOINTS / 2);
    board_close(b);
}

Test(board, less_of_the_same_is_no_change)
{
    struct board *b = board_open();
    struct board_deed d = deed("10.20.40.17", 8013, OUTCOME_FAILED, 20);
    struct board_row row;

    d.id = F_TCP_SYN_REFUSED_BY_HOST;
    cr_expect_eq(board_note(b, &d).change, BOARD_FAILS);
    d.frame++;
    d.id = F_TCP_SYN_REFUSED;
    cr_expect_eq(board_note(b, &d).change, BOARD_SAME);
    d.frame++;
    d.id = F_TCP_SYN_REFUSED_BY_HOST;
    cr_expect_eq(board_note(b, &d).change, BOARD_SAME);
    d.frame++;
    d.id = F_TCP_SYN_SILENT_DROP;
    cr_expect_eq(board_note(b, &d).change, BOARD_FAILS);
    board_row(b, 0, 30 * second_ns, &row);
    cr_expect_eq(row.id, F_TCP_SYN_SILENT_DROP);
    board_close(b);
}

Test(board, what_nobody_watched_is_no_check_in_that_was_missed)
{
    struct board *b = board_open();
    struct board_missed missed;
    size_t cursor = 0;

    for (uint64_t t = 60; t <= 600; t += 60)
        note(b, "10.20.40.17", 8013, OUTCOME_OK, t);
    cr_expect_eq(sums_at(b, 800).stale, 1);
    board_unwatched(b, 620 * second_ns, 800 * second_ns);

    cr_expect_eq(sums_at(b, 800).stale, 0);
    note(b, "10.20.40.17", 443, OUTCOME_OK, 810);
    cr_expect_not(board_missed(b, 850 * second_ns, &cursor, &missed));
    cr_expect_eq(sums_at(b, 1000).stale, 1);
    board_close(b);
}

Test(board, who_was_gone_before_nobody_watched_stays_gone)
{
    struct board *b = board_open();

    for (uint64_t t = 60; t <= 600; t += 60)
        note(b, "10.20.40.17", 8013, OUTCOME_OK, t);
    cr_expect_eq(sums_at(b, 2000).gone, 1);
    board_unwatched(b, 2000 * second_ns, 2100 * second_ns);

    cr_expect_eq(sums_at(b, 2110).gone, 1);
    board_close(b);
}

/* Endpoints 0 .. n - 1 of a network, last seen then. */
static void crowd(struct board *b, unsigned network, int n, enum outcome outcome, int64_t at_s,
                  uint64_t *frame)
{
    char client[32];

    for (int i = 0; i < n; i++) {
        snprintf(client, sizeof client, "10.%u.%d.%d", network, i / 256, i % 256);
        struct board_deed d = deed(client, 8013, outcome, ++*frame);
        d.first_ns = d.last_ns = at_s * second_ns;
        board_note(b, &d);
    }
}

Test(board, who_was_not_seen_for_long_makes_room)
{
    enum { DAY = 86400, OLD = 30000, NEW = 20000 };
    struct board *b = board_open();
    struct board_row row;
    uint64_t frame = 0;

    crowd(b, 20, OLD, OUTCOME_OK, 1000, &frame);
    cr_expect_eq(board_forget(b, 40 * DAY * second_ns), 0, "there is room");
    crowd(b, 21, NEW, OUTCOME_OK, 39 * DAY, &frame);
    cr_expect_eq(board_forget(b, 29 * DAY * second_ns), 0, "they may come back");
    cr_expect_eq(board_forget(b, 40 * DAY * second_ns), OLD);
    cr_expect_eq(board_count(b), NEW);
    board_row(b, 0, 40 * DAY * second_ns, &row);
    cr_expect_eq(row.client.octet[13], 21);
    crowd(b, 20, OLD, OUTCOME_OK, 40 * DAY, &frame);
    cr_expect_eq(board_count(b), NEW + OLD);
    board_close(b);
}

Test(board, a_flood_is_forgotten_after_a_day)
{
    enum { DAY = 86400, FALSE_ONES = BOARD_ENDPOINTS / 2 };
    struct board *b = board_open();
    uint64_t frame = 0;

    crowd(b, 20, 10, OUTCOME_OK, 1000, &frame);
    crowd(b, 21, FALSE_ONES + 5, OUTCOME_FAILED, 1000, &frame);
    cr_expect_eq(sums_at(b, 1001).refused, 5);
    cr_expect_eq(board_forget(b, DAY / 2 * second_ns), 0);
    cr_expect_eq(board_forget(b, 2 * DAY * second_ns), FALSE_ONES);
    cr_expect_eq(board_count(b), 10);
    crowd(b, 22, 5, OUTCOME_FAILED, 2 * DAY, &frame);
    cr_expect_eq(board_count(b), 15, "there is room again");
    board_close(b);
}
