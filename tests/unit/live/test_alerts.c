#include "live/alerts.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static const int64_t second_ns = 1000000000;
static const int64_t begin_ns = 1700000000 * INT64_C(1000000000);

static struct watched {
    struct alert_rules rules;
    struct alerts *alerts;
    struct board *board;
    struct alert_facts facts;
    uint64_t frame;
    char said[4096]; /* "+rule -rule " and so on */
} w;

static void open_watch(void)
{
    alert_rules_default(&w.rules);
    w.alerts = alerts_open(&w.rules);
    w.board = board_open();
    w.facts = (struct alert_facts){ .interval_ns = 60 * second_ns };
    w.frame = 0;
}

static void close_watch(void)
{
    alerts_close(w.alerts);
    board_close(w.board);
}

static void try(const char *client, enum outcome outcome, int64_t at_s)
{
    struct board_deed d = { .port = 8013,
                            .outcome = outcome,
                            .id = outcome == OUTCOME_FAILED ? F_TCP_SYN_SILENT_DROP
                                                            : F_OK_TLS_ESTABLISHED,
                            .checkin = outcome == OUTCOME_OK,
                            .frame = ++w.frame,
                            .first_ns = begin_ns + at_s * second_ns,
                            .last_ns = begin_ns + at_s * second_ns };

    address_parse(client, &d.client);
    address_parse("10.0.0.10", &d.server);
    board_note(w.board, &d);
}

/* What is told at that second, and nothing before it: "+" begins, "-" ends, "x" leaves, "~" is
 * restless, "*" beyond, "f" filed. */
static const char *told(int64_t at_s)
{
    struct alert alert;
    size_t n = 0;

    w.said[0] = '\0';
    w.facts.now_ns = begin_ns + at_s * second_ns;
    if (w.facts.last_packet_ns >= 0)
        w.facts.last_packet_ns = w.facts.now_ns;
    alerts_look(w.alerts, w.board, &w.facts);
    while (alerts_next(w.alerts, &alert) && n < sizeof w.said - 64)
        n += (size_t)snprintf(w.said + n, sizeof w.said - n, "%s%c%s", n ? " " : "",
                              "+-x~*f"[alert.change], alert.rule->name);
    return w.said;
}

static const char *text_told(int64_t at_s)
{
    struct alert alert;

    w.facts.now_ns = w.facts.last_packet_ns = begin_ns + at_s * second_ns;
    alerts_look(w.alerts, w.board, &w.facts);
    w.said[0] = '\0';
    if (alerts_next(w.alerts, &alert))
        snprintf(w.said, sizeof w.said, "%s", alert.text);
    return w.said;
}

TestSuite(alerts, .init = open_watch, .fini = close_watch);

Test(alerts, one_endpoint_is_told_once_and_once_when_it_is_over)
{
    try("10.20.40.17", OUTCOME_OK, 0);
    try("10.20.40.17", OUTCOME_FAILED, 60);
    cr_expect_str_eq(told(61), "");
    try("10.20.40.17", OUTCOME_FAILED, 120);
    cr_expect_str_eq(told(121), "", "not yet two of its check-ins");
    cr_expect_str_eq(told(180), "", "others may fail in this way: it waits for them");
    cr_expect_str_eq(told(186), "+endpoint-down");
    cr_expect_eq(alerts_active(w.alerts), 1);
    try("10.20.40.17", OUTCOME_FAILED, 187);
    cr_expect_str_eq(told(188), "");
    try("10.20.40.17", OUTCOME_OK, 200);
    cr_expect_str_eq(told(201), "-endpoint-down");
    cr_expect_str_eq(told(202), "");
    cr_expect_eq(alerts_active(w.alerts), 0);
}

Test(alerts, the_sentences)
{
    try("10.20.40.17", OUTCOME_FAILED, 60);
    try("10.20.40.17", OUTCOME_FAILED, 120);
    told(200);
    cr_expect_str_eq(
        text_told(206),
        "10.20.40.17 fails on 8013 since 22:14:20Z: Connection attempts get no answer");
    try("10.20.40.17", OUTCOME_OK, 310);
    cr_expect_str_eq(text_told(310), "10.20.40.17 works again on 8013 after 4 min 10 s");
}

static void file(const char *client, uint16_t port, enum finding_id id, const char *name)
{
    struct filed filed = { .id = id, .port = port };

    address_parse(client, &filed.client);
    snprintf(filed.name, sizeof filed.name, "%s", name);
    alerts_filed(w.alerts, &filed, w.facts.now_ns);
}

static const char *evidence_told(int64_t at_s)
{
    struct alert alert = { .evidence = "" };

    w.facts.now_ns = w.facts.last_packet_ns = begin_ns + at_s * second_ns;
    alerts_look(w.alerts, w.board, &w.facts);
    w.said[0] = '\0';
    if (alerts_next(w.alerts, &alert))
        snprintf(w.said, sizeof w.said, "%s %s", alert.text, alert.evidence);
    return w.said;
}

Test(alerts, a_file_is_named_by_what_is_told_behind_it)
{
    try("10.20.40.17", OUTCOME_FAILED, 60);
    try("10.20.40.17", OUTCOME_FAILED, 120);
    told(200);
    file("10.20.40.18", 8013, F_TCP_SYN_SILENT_DROP, "of another");
    file("10.20.40.17", 443, F_TCP_SYN_SILENT_DROP, "of another port");
    file("10.20.40.17", 8013, F_TCP_SYN_REFUSED_BY_HOST, "of another failure");
    file("10.20.40.17", 8013, F_TCP_SYN_SILENT_DROP, "older");
    file("10.20.40.17", 8013, F_TCP_SYN_SILENT_DROP, "a.pcapng");
    cr_expect_str_eq(
        evidence_told(206),
        "10.20.40.17 fails on 8013 since 22:14:20Z: Connection attempts get no answer a.pcapng");
    file("10.20.40.17", 8013, F_TCP_SYN_SILENT_DROP, "b.pcapng");
    cr_expect_str_eq(told(207), "", "it has named one");
    try("10.20.40.17", OUTCOME_OK, 310);
    cr_expect_str_eq(evidence_told(310),
                     "10.20.40.17 works again on 8013 after 4 min 10 s b.pcapng");
}

Test(alerts, what_was_told_without_a_file_is_told_of_it_once)
{
    try("10.20.40.17", OUTCOME_FAILED, 60);
    try("10.20.40.17", OUTCOME_FAILED, 120);
    told(200);
    cr_expect_str_eq(told(206), "+endpoint-down");
    file("10.20.40.18", 8013, F_TCP_SYN_SILENT_DROP, "of another");
    cr_expect_str_eq(told(207), "");
    file("10.20.40.17", 8013, F_TCP_SYN_SILENT_DROP, "a.pcapng");
    cr_expect_str_eq(evidence_told(208),
                     "10.20.40.17 fails on 8013: its packets are in a.pcapng a.pcapng");
    file("10.20.40.17", 8013, F_TCP_SYN_SILENT_DROP, "b.pcapng");
    cr_expect_str_eq(told(209), "");
}

Test(alerts, a_group_names_the_packets_of_one_of_it)
{
    char client[32];

    for (int i = 0; i < 24; i++) {
        snprintf(client, sizeof client, "10.20.40.%d", i + 1);
        try(client, OUTCOME_FAILED, 60);
        try(client, OUTCOME_FAILED, 70);
    }
    cr_expect_str_eq(told(71), "+many-at-once");
    file("10.20.40.7", 8013, F_TCP_SYN_SILENT_DROP, "a.pcapng");
    cr_expect_str_eq(evidence_told(72), "24 endpoints fail in the same way on 8013: packets of one "
                                        "are in a.pcapng a.pcapng");
}

Test(alerts, a_single_attempt_is_no_endpoint_that_is_down)
{
    try("192.0.2.1", OUTCOME_FAILED, 0);
    cr_expect_str_eq(told(1000), "");
    cr_expect_str_eq(told(1010), "");
}

Test(alerts, many_at_once_are_one_message_and_one_recovery)
{
    char client[32];

    for (int i = 0; i < 24; i++) {
        snprintf(client, sizeof client, "10.20.40.%d", i + 1);
        try(client, OUTCOME_FAILED, 60);
        try(client, OUTCOME_FAILED, 70);
    }
    cr_expect_str_eq(told(71), "+many-at-once");
    cr_expect_str_eq(told(185), "");
    cr_expect_str_eq(told(300), "", "its endpoints are told by the group");
    for (int i = 0; i < 19; i++) {
        snprintf(client, sizeof client, "10.20.40.%d", i + 1);
        try(client, OUTCOME_OK, 310);
    }
    cr_expect_str_eq(told(311), "", "half of ten still fail");
    try("10.20.40.20", OUTCOME_OK, 312);
    cr_expect_str_eq(told(313),
                     "-many-at-once +endpoint-down +endpoint-down +endpoint-down "
                     "+endpoint-down",
                     "who still fails is told by itself, now %s", w.said);
}

Test(alerts, a_group_says_who_and_how_many)
{
    char client[32];

    for (int i = 0; i < 12; i++) {
        snprintf(client, sizeof client, "10.20.40.%d", i + 1);
        try(client, OUTCOME_FAILED, 60);
    }
    cr_expect_str_eq(text_told(61), "12 endpoints of 10.20.40.0/24 fail in the same way on 8013 "
                                    "since 22:14:20Z: Connection attempts get no answer");
    for (int i = 0; i < 11; i++) {
        snprintf(client, sizeof client, "10.20.40.%d", i + 1);
        try(client, OUTCOME_OK, 70);
    }
    cr_expect_str_eq(text_told(71), "1 endpoint still fails in this way on 8013 after 11.0 s");
}

Test(alerts, a_slow_trickle_is_no_storm)
{
    char client[32];

    for (int i = 0; i < 12; i++) {
        snprintf(client, sizeof client, "10.20.40.%d", i + 1);
        try(client, OUTCOME_FAILED, i * 100);
        cr_expect_str_eq(told(i * 100 + 1), "");
    }
}

Test(alerts, who_is_restless_is_said_so_once_and_waited_for)
{
    int64_t at = 0;
    struct ini_entry entry = { .section = "alert endpoint-down",
                               .key = "when",
                               .value = "endpoint failing for 1s" };
    struct failure failure;

    cr_assert(alert_configure(&w.rules, &entry, &failure));
    alerts_rule(w.alerts, &w.rules);
    static const char *const expected[] = {
        "+endpoint-down", "-endpoint-down", "~endpoint-down", "", "", ""
    };
    for (int i = 0; i < 6; i++) {
        enum outcome outcome = i % 2 ? OUTCOME_OK : OUTCOME_FAILED;
        try("10.20.40.17", outcome, at);
        try("10.20.40.17", outcome, at + 1);
        told(at + 2);
        cr_expect(i % 2 || !w.said[0], "it waits for others");
        if (i % 2)
            cr_expect_str_eq(w.said, expected[i], "change %d", i);
        else
            cr_expect_str_eq(told(at + 10), expected[i], "change %d", i);
        at += 30;
    }
    cr_expect_str_eq(told(at + 800), "");
    cr_expect_str_eq(told(at + 900), "-endpoint-down", "what it came to");
    cr_expect_str_eq(told(at + 901), "");
}

Test(alerts, a_gone_endpoint_is_not_said_to_work)
{
    for (int i = 0; i < 6; i++)
        try("10.20.40.17", OUTCOME_OK, i * 60);
    try("10.20.40.17", OUTCOME_FAILED, 360);
    try("10.20.40.17", OUTCOME_FAILED, 365);
    told(500);
    cr_expect_str_eq(told(506), "+endpoint-down");
    cr_expect_str_eq(told(300 + 13 * 60), "xendpoint-down");
}

Test(alerts, missed_checkins_of_one_that_is_there)
{
    for (int i = 0; i < 6; i++)
        try("10.20.40.17", OUTCOME_OK, i * 60);
    cr_expect_str_eq(told(490), "", "it may be switched off");
    struct board_deed d = { .port = 443,
                            .outcome = OUTCOME_OK,
                            .id = F_OK_TLS_ESTABLISHED,
                            .frame = 99,
                            .first_ns = begin_ns + 480 * second_ns,
                            .last_ns = begin_ns + 480 * second_ns };
    address_parse("10.20.40.17", &d.client);
    board_note(w.board, &d);
    cr_expect_str_eq(told(479), "", "two are missed");
    cr_expect_str_eq(told(481), "+silent-endpoint");
    try("10.20.40.17", OUTCOME_OK, 485);
    cr_expect_str_eq(told(486), "-silent-endpoint");
}

Test(alerts, the_watch_tells_its_own_blindness)
{
    cr_expect_str_eq(told(0), "");
    w.facts.one_way = true;
    cr_expect_str_eq(told(10), "");
    cr_expect_str_eq(told(290), "");
    cr_expect_str_eq(told(311), "+blind");
    w.facts.one_way = false;
    cr_expect_str_eq(told(312), "-blind");
    w.facts.last_packet_ns = -1;
    cr_expect_str_eq(told(313), "");
    cr_expect_str_eq(told(1300), "+blind", "there are no packets");
}

Test(alerts, losses_make_blind_while_they_go_on)
{
    for (int i = 0; i < 310; i += 5) {
        w.facts.drops++;
        cr_expect_str_eq(told(i), i == 300 ? "+blind" : "", "%d: %s", i, w.said);
    }
    cr_expect_str_eq(told(330), "-blind");
}

Test(alerts, other_rules_keep_what_was_told)
{
    struct ini_entry entry = { .section = "alert another",
                               .key = "when",
                               .value = "endpoint failing for 1h" };
    struct failure failure;

    try("10.20.40.17", OUTCOME_FAILED, 60);
    try("10.20.40.17", OUTCOME_FAILED, 120);
    told(200);
    cr_assert_str_eq(told(206), "+endpoint-down");
    cr_assert(alert_configure(&w.rules, &entry, &failure));
    alerts_rule(w.alerts, &w.rules);
    cr_expect_eq(alerts_active(w.alerts), 1);
    cr_expect_str_eq(told(207), "");
    entry = (struct ini_entry){ .section = "alert endpoint-down", .key = "send", .value = "none" };
    cr_assert(alert_configure(&w.rules, &entry, &failure));
    alerts_rule(w.alerts, &w.rules);
    cr_expect_eq(alerts_active(w.alerts), 0);
    cr_expect_str_eq(told(208), "");
}

Test(alerts, a_restart_repeats_nothing_and_tells_the_end)
{
    struct alert_kept kept[4];
    size_t n = 0, cursor = 0;

    try("10.20.40.17", OUTCOME_FAILED, 60);
    try("10.20.40.17", OUTCOME_FAILED, 120);
    told(200);
    cr_assert_str_eq(told(206), "+endpoint-down");
    while (n < 4 && alerts_keep(w.alerts, &cursor, &kept[n]))
        n++;
    cr_assert_eq(n, 1);
    alerts_close(w.alerts);
    w.alerts = alerts_open(&w.rules);
    cr_expect(alerts_resume(w.alerts, &kept[0]));
    cr_expect_not(alerts_resume(w.alerts, &kept[0]));
    cr_expect_str_eq(told(210), "");
    try("10.20.40.17", OUTCOME_OK, 211);
    cr_expect_str_eq(told(212), "-endpoint-down");
}

Test(alerts, a_flood_is_a_number)
{
    struct ini_entry entry = { .section = "alert endpoint-down",
                               .key = "when",
                               .value = "endpoint failing for 1s" };
    struct failure failure;
    char client[32];
    size_t n = 0;
    struct alert alert;
    bool beyond = false;

    cr_assert(alert_configure(&w.rules, &entry, &failure));
    entry.section = "alert many-at-once";
    entry.key = "send";
    entry.value = "none";
    cr_assert(alert_configure(&w.rules, &entry, &failure));
    alerts_rule(w.alerts, &w.rules);
    for (int i = 0; i < ALERTS_OPEN + 1000; i++) {
        snprintf(client, sizeof client, "10.21.%d.%d", i / 256, i % 256);
        try(client, OUTCOME_FAILED, 0);
        try(client, OUTCOME_FAILED, 1);
    }
    for (int i = 0; i < 200; i++) {
        w.facts.now_ns = w.facts.last_packet_ns = begin_ns + (10 + i) * second_ns;
        alerts_look(w.alerts, w.board, &w.facts);
        for (; alerts_next(w.alerts, &alert); n++)
            beyond |= alert.change == ALERT_BEYOND;
    }
    cr_expect_eq(n, ALERTS_OPEN + 1, "%zu", n);
    cr_expect(beyond);
}
