#include "live/face.h"

#include <criterion/criterion.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const int64_t second_ns = 1000000000;
static const int64_t start_s = 1795093200; /* 2026-11-19 13:00:00 UTC */

static void note(struct board *b, const char *client, uint16_t port, int64_t at_s,
                 enum finding_id id)
{
    bool failed = id != F_OK_TLS_ESTABLISHED;
    struct board_deed d = { .port = port,
                            .outcome = failed ? OUTCOME_FAILED : OUTCOME_OK,
                            .id = id,
                            .token = id == F_TLS_INTERCEPT_OTHER ? TOKEN_REJECT : TOKEN_DROP,
                            .checkin = !failed && port == 8013,
                            .frame = (uint64_t)at_s + 1,
                            .first_ns = (start_s + at_s) * second_ns,
                            .last_ns = (start_s + at_s) * second_ns };

    address_parse(client, &d.client);
    address_parse("10.0.0.10", &d.server);
    board_note(b, &d);
}

/* Half an hour: one endpoint that never works, one that stopped, one that another device stands
 * before, one that fails now and then, one that went away, one that is late, one that is well. */
static struct board *story(void)
{
    struct board *b = board_open();

    for (int64_t s = 0; s < 1800; s += 60) {
        note(b, "10.20.41.5", 443, s, F_OK_TLS_ESTABLISHED);
        note(b, "10.20.41.5", 8013, s, F_OK_TLS_ESTABLISHED);
        note(b, "10.20.41.6", 8013, s + 1,
             s == 1680 ? F_TCP_SYN_SILENT_DROP : F_OK_TLS_ESTABLISHED);
        if (s < 600)
            note(b, "10.20.40.19", 8013, s + 2, F_OK_TLS_ESTABLISHED);
        if (s < 300)
            note(b, "10.20.41.7", 8013, s + 3, F_OK_TLS_ESTABLISHED);
        if (s < 1680)
            note(b, "10.20.41.8", 8013, s + 4, F_OK_TLS_ESTABLISHED);
    }
    note(b, "10.20.40.17", 443, 1700, F_OK_TLS_ESTABLISHED);
    note(b, "10.20.40.17", 8013, 1701, F_TCP_SYN_SILENT_DROP);
    note(b, "10.20.40.19", 8013, 1750, F_TCP_SYN_SILENT_DROP);
    note(b, "2001:db8:40::17", 8013, 1720, F_TLS_INTERCEPT_OTHER);
    return b;
}

struct stand {
    struct board *board;
    struct view view;
    struct canvas canvas;
    int64_t now_s;
};

static void refresh(struct stand *s)
{
    struct view_facts facts = { .clock_ns = (start_s + s->now_s) * second_ns,
                                .up_ns = s->now_s * second_ns,
                                .packets = (uint64_t)s->now_s * 10 };

    view_refresh(&s->view, s->board, &facts);
    face_draw(&s->view, &s->canvas);
}

static struct stand open_stand(unsigned rows, unsigned columns)
{
    static struct profile profile;
    struct failure failure;
    struct stand s = { .board = story(), .now_s = 1800 };

    setlocale(LC_CTYPE, "C.UTF-8");
    cr_assert(profile_open_default(&profile, &failure));
    s.view.interface = "span0";
    s.view.filter = "";
    s.view.profile = &profile;
    s.view.utc = true;
    s.canvas.ascii = true;
    cr_assert(canvas_resize(&s.canvas, rows, columns));
    refresh(&s);
    return s;
}

static void close_stand(struct stand *s)
{
    view_close(&s->view);
    canvas_close(&s->canvas);
    board_close(s->board);
}

static void expect_line(const struct stand *s, unsigned row, const char *want)
{
    char line[600];

    cr_expect_str_eq(canvas_line(&s->canvas, row, line, sizeof line), want);
}

static enum view_wish press(struct stand *s, uint32_t key)
{
    enum view_wish wish = view_key(&s->view, key);

    if (wish == WISH_AGAIN)
        view_reorder(&s->view, s->board);
    face_draw(&s->view, &s->canvas);
    return wish;
}

static const char *selected(const struct stand *s)
{
    static char text[ADDRESS_TEXT];
    const struct board_row *row = view_selected(&s->view);

    return row ? address_text(&row->client, text) : "nobody";
}

Test(view, the_smallest_screen_shows_who_fails_first_and_ages_in_their_own_intervals)
{
    struct stand s = open_stand(24, 80);

    expect_line(&s, 0,
                " shakeout  span0  13:30:00 UTC  up 30:00                                   LIVE");
    expect_line(&s, 1,
                " 3 failing   2 healthy   0 undecided   1 stale   2 tcp.syn.silent_drop 8013");
    expect_line(&s, 3,
                " endpoint         443     8013    age                   every  last failure");
    expect_line(&s, 4, ">10.20.40.17      ok      DROP    never                 -      tcp.syn");
    expect_line(&s, 5, " 10.20.40.19      --      DROP    20:58   ############! 60 s   tcp.syn");
    expect_line(&s, 6,
                " 2001:db8:40::17  --      REJECT  never                 -      tls.intercept");
    expect_line(&s, 7, " 10.20.41.8       --      ok      2:56    ########!     60 s   -");
    expect_line(&s, 8, " 10.20.41.5       ok      ok      1:00    ##            60 s   -");
    expect_line(&s, 9, " 10.20.41.6       --      4/5     0:59    ##            60 s   tcp.syn");
    expect_line(&s, 15,
                "                                                    6 of 6 shown, failing first");
    expect_line(&s, 17,
                " 13:28:40  2001:db8:40::17  8013  tls.intercept.other                     #1721");
    expect_line(&s, 18,
                " 13:29:10  10.20.40.19      8013  tcp.syn.silent_drop  worked until 13:09:02");
    expect_line(&s, 20,
                " 13:29:01  10.20.41.6       8013  recovered after 1 min 0 s               #1742");
    expect_line(&s, 22, " in 0/s  packets 18000  lost: kernel 0  interface 0  own 0  filter none");
    close_stand(&s);
}

Test(view, a_wide_screen_shows_whole_findings)
{
    struct stand s = open_stand(60, 200);

    expect_line(
        &s, 4,
        ">10.20.40.17      ok      DROP    never                 -      tcp.syn.silent_drop");
    expect_line(
        &s, 6,
        " 2001:db8:40::17  --      REJECT  never                 -      tls.intercept.other");
    close_stand(&s);
}

Test(view, a_screen_that_is_too_small_says_so)
{
    struct stand s = open_stand(10, 40);

    expect_line(&s, 0, "40x10 is too small");
    cr_expect_eq(press(&s, 'q'), WISH_QUIT);
    close_stand(&s);
}

Test(view, the_selected_endpoint_stays_selected_wherever_it_stands)
{
    struct stand s = open_stand(24, 80);

    press(&s, VIEW_LAST);
    cr_expect_str_eq(selected(&s), "10.20.41.6");
    press(&s, VIEW_UP);
    cr_expect_str_eq(selected(&s), "10.20.41.5");
    press(&s, VIEW_DOWN);
    note(s.board, "10.20.41.6", 8013, 1801, F_TCP_SYN_SILENT_DROP);
    s.now_s = 1802;
    refresh(&s);
    cr_expect_str_eq(selected(&s), "10.20.41.6");
    expect_line(&s, 6, ">10.20.41.6       --      DROP    1:01    ###           60 s   tcp.syn");
    close_stand(&s);
}

Test(view, endpoints_are_grouped_beneath_headings_that_nobody_can_select)
{
    struct stand s = open_stand(24, 80);

    cr_expect_eq(press(&s, 'g'), WISH_AGAIN);
    expect_line(&s, 4, " 10.20.40.0/24   2 endpoints, 2 failing");
    expect_line(&s, 5, ">10.20.40.17      ok      DROP    never                 -      tcp.syn");
    expect_line(&s, 7, " 10.20.41.0/24   3 endpoints");
    press(&s, VIEW_DOWN);
    press(&s, VIEW_DOWN);
    cr_expect_str_eq(selected(&s), "10.20.41.8");
    press(&s, VIEW_UP);
    cr_expect_str_eq(selected(&s), "10.20.40.19");
    press(&s, VIEW_FIRST);
    cr_expect_str_eq(selected(&s), "10.20.40.17");
    press(&s, 'g');
    expect_line(&s, 4, " tcp.syn.silent_drop   3 endpoints, 2 failing");
    close_stand(&s);
}

Test(view, sorting_by_age_begins_with_those_that_never_checked_in)
{
    struct stand s = open_stand(24, 80);

    press(&s, 's');
    expect_line(&s, 4, ">10.20.40.17      ok      DROP    never                 -      tcp.syn");
    expect_line(&s, 6, " 10.20.40.19      --      DROP    20:58   ############! 60 s   tcp.syn");
    expect_line(&s, 15,
                "                                            6 of 6 shown, oldest check-in first");
    close_stand(&s);
}

Test(view, a_muted_failure_stands_among_the_healthy_until_another_comes)
{
    struct stand s = open_stand(24, 100);

    press(&s, 'm');
    cr_expect_str_eq(selected(&s), "10.20.40.17");
    expect_line(
        &s, 7,
        ">10.20.40.17      ok      DROP    never                 -      muted tcp.syn.silent_drop");
    refresh(&s);
    cr_expect_eq(s.view.n_events, 4, "muted events are not shown");
    press(&s, 'm');
    expect_line(
        &s, 4,
        ">10.20.40.17      ok      DROP    never                 -      tcp.syn.silent_drop");
    press(&s, 'm');
    note(s.board, "10.20.40.17", 8013, 1800, F_TLS_INTERCEPT_OTHER);
    refresh(&s);
    expect_line(
        &s, 4,
        ">10.20.40.17      ok      REJECT  never                 -      tls.intercept.other");
    close_stand(&s);
}

Test(view, filters_leave_out_and_bring_back)
{
    struct stand s = open_stand(24, 80);

    press(&s, 'f');
    expect_line(&s, 15,
                "                                      3 of 6 shown, failing first, failing only");
    press(&s, 'f');
    expect_line(&s, 15,
                "                                  4 of 6 shown, failing first, not healthy only");
    press(&s, 'f');
    expect_line(&s, 10, " 10.20.41.7       --      ok      25:57   ############! 60 s   -");
    close_stand(&s);
}

Test(view, a_search_is_typed_kept_and_given_up)
{
    struct stand s = open_stand(24, 80);

    press(&s, '/');
    press(&s, 'S');
    press(&s, 'i');
    press(&s, 'q');
    press(&s, VIEW_RUBOUT);
    expect_line(&s, 23, " find: Si_   enter keeps it, escape gives it up");
    expect_line(
        &s, 15,
        "                                         3 of 6 shown, failing first, with \"Si\"");
    press(&s, VIEW_ENTER);
    cr_expect_eq(s.view.list.n_rows, 3);
    press(&s, '/');
    press(&s, '9');
    press(&s, VIEW_ESCAPE);
    cr_expect_str_eq(s.view.order.find, "Si");
    press(&s, VIEW_ESCAPE);
    cr_expect_eq(s.view.list.n_rows, 6);
    close_stand(&s);
}

Test(view, a_frozen_one_stands_still_and_goes_on_counting_packets)
{
    struct stand s = open_stand(24, 80);

    press(&s, 'p');
    note(s.board, "10.20.41.5", 8013, 1801, F_TCP_SYN_SILENT_DROP);
    s.now_s = 1810;
    refresh(&s);
    expect_line(&s, 0,
                " shakeout  span0  13:30:00 UTC  up 30:10                                 FROZEN");
    expect_line(&s, 8, " 10.20.41.5       ok      ok      1:00    ##            60 s   -");
    expect_line(&s, 22,
                " in 100/s  packets 18100  lost: kernel 0  interface 0  own 0  filter none");
    press(&s, 'p');
    refresh(&s);
    cr_expect_eq(s.view.sums.failing, 4);
    close_stand(&s);
}

Test(view, lost_packets_are_said_in_words_for_ten_seconds)
{
    struct stand s = open_stand(24, 80);
    struct view_facts facts = { .clock_ns = s.view.now_ns, .kernel_dropped = 7 };

    view_refresh(&s.view, s.board, &facts);
    face_draw(&s.view, &s.canvas);
    expect_line(&s, 22, " LOST 7 packets in 10 s: verdicts with missing packets are withheld");
    for (int i = 0; i < 10; i++)
        view_refresh(&s.view, s.board, &facts);
    cr_expect_eq(view_lost(&s.view), 0);
    close_stand(&s);
}

Test(view, a_mirror_of_one_direction_is_said_across_the_screen)
{
    struct stand s = open_stand(24, 80);
    struct view_facts facts = { .clock_ns = s.view.now_ns, .one_way = true };

    view_refresh(&s.view, s.board, &facts);
    face_draw(&s.view, &s.canvas);
    expect_line(&s, 2,
                " span0 shows only one direction. Most verdicts are impossible. Mirror rx and tx.");
    close_stand(&s);
}

Test(view, a_page_scrolls_between_its_first_and_last_line)
{
    struct stand s = open_stand(24, 80);
    char text[200] = "";

    for (int i = 1; i <= 40; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%d\n", i);
    cr_expect_eq(press(&s, VIEW_ENTER), WISH_DETAILS);
    view_show(&s.view, "10.20.40.17", text);
    face_draw(&s.view, &s.canvas);
    expect_line(&s, 3,
                " 10.20.40.17                                                lines 1 to 17 of 40");
    press(&s, VIEW_LAST);
    expect_line(&s, 20, " 40");
    press(&s, VIEW_DOWN);
    expect_line(&s, 20, " 40");
    cr_expect_eq(press(&s, 'x'), WISH_EXPLAIN);
    press(&s, VIEW_ESCAPE);
    cr_expect_eq(s.view.mode, VIEW_LIST);
    close_stand(&s);
}

Test(view, no_key_in_any_order_breaks_it_at_any_size)
{
    static const uint32_t keys[] = { VIEW_UP,     VIEW_DOWN, VIEW_PAGE_UP, VIEW_PAGE_DOWN,
                                     VIEW_FIRST,  VIEW_LAST, VIEW_ENTER,   VIEW_ESCAPE,
                                     VIEW_RUBOUT, 'f',       's',          'g',
                                     '/',         'p',       'x',          '?',
                                     '1',         0xe9,      0x10ffff };
    struct stand s = open_stand(24, 80);
    unsigned seed = 1;

    for (int i = 0; i < 20000; i++) {
        seed = seed * 1103515245 + 12345;
        if (press(&s, keys[(seed >> 16) % (sizeof keys / sizeof *keys)]) == WISH_DETAILS)
            view_show(&s.view, "details", "one\ntwo\n");
        if (i % 50 == 0)
            cr_assert(canvas_resize(&s.canvas, (seed >> 8) % 70, (seed >> 4) % 220));
    }
    close_stand(&s);
}

Test(view, without_anybody_it_says_what_is_missing)
{
    struct stand s = open_stand(24, 80);
    struct view_facts facts = { 0 };

    board_close(s.board);
    s.board = board_open();
    view_refresh(&s.view, s.board, &facts);
    face_draw(&s.view, &s.canvas);
    expect_line(&s, 5, " no packets yet: is this the right interface?");
    cr_expect_eq(press(&s, VIEW_ENTER), WISH_NOTHING);
    cr_expect_eq(press(&s, 'x'), WISH_NOTHING);
    close_stand(&s);
}
