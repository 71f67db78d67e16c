#include "scenario.h"

static struct scenario s;

Test(opening, repeated_syns_without_an_answer_are_a_silent_drop)
{
    begin(&s);
    seen_elsewhere(&s, 63, 0);
    syn(&s, 0);
    syn(&s, 1000);
    syn(&s, 3000);

    assert_primary(&s, 10000, F_TCP_SYN_SILENT_DROP);
    cr_assert_eq(s.verdict.primary.fact, CERTAIN);
    cr_assert_eq(s.verdict.primary.cause, POSSIBLE);
    cr_assert_eq(s.verdict.primary.owner, OWNER_UNKNOWN);
    cr_assert_eq(s.verdict.primary.n_frames, 3);
    cr_assert_eq(s.verdict.stage[STAGE_TCP], TOKEN_DROP);
    cr_assert_eq(s.verdict.stage[STAGE_TLS], TOKEN_NOT_REACHED);
    cr_assert_eq(s.verdict.failed_stage, STAGE_TCP);
    over(&s);
}

Test(opening, a_lone_syn_is_not_yet_a_silent_drop)
{
    begin(&s);
    seen_elsewhere(&s, 63, 0);
    s.flow.more = NULL; /* as the table keeps it */
    syn(&s, 0);

    assert_primary(&s, 10000, F_TCP_SYN_SINGLE_UNANSWERED);
    cr_assert_eq(s.verdict.primary.frames[0], 1);
    over(&s);
}

Test(opening, a_second_attempt_of_one_syn_makes_it_a_silent_drop)
{
    begin(&s);
    seen_elsewhere(&s, 63, 0);
    syn(&s, 0);
    served_note((struct served *)s.scene.served, &s.flow);
    served_note((struct served *)s.scene.served, &s.flow);

    assert_primary(&s, 10000, F_TCP_SYN_SILENT_DROP);
    over(&s);
}

Test(opening, the_port_that_answers_other_subnets_makes_a_filter_probable)
{
    struct scenario other;
    begin(&s);
    seen_elsewhere(&s, 63, 0);
    for (int i = 0; i < 2; i++) {
        opened(&other);
        other.flow.address[CLIENT] = at(i ? "10.20.41.5" : "10.20.42.5");
        served_note((struct served *)s.scene.served, &other.flow);
        over(&other);
    }
    syn(&s, 0);
    syn(&s, 1000);

    assert_primary(&s, 10000, F_TCP_SYN_SILENT_DROP);
    cr_assert_eq(s.verdict.primary.cause, PROBABLE);
    over(&s);
}

Test(opening, less_than_three_seconds_before_the_end_nothing_is_said)
{
    begin(&s);
    syn(&s, 0);
    syn(&s, 1000);

    assert_primary(&s, 2900, F_INFO_INCOMPLETE_IN_PROGRESS);
    cr_assert_eq(s.verdict.stage[STAGE_TCP], TOKEN_UNSEEN);
    over(&s);
}

Test(opening, a_reset_with_nothing_to_compare_has_no_owner)
{
    begin(&s);
    syn(&s, 0);
    s.more.half[SERVER].ttl_syn = 63;
    rst(&s, SERVER, 10);

    assert_primary(&s, 5000, F_TCP_SYN_REFUSED);
    cr_assert_eq(s.verdict.primary.owner, OWNER_UNKNOWN);
    cr_assert_eq(s.verdict.primary.fact, CERTAIN);
    cr_assert_eq(s.verdict.primary.cause, POSSIBLE);
    cr_assert_eq(s.verdict.stage[STAGE_TCP], TOKEN_RST);
    over(&s);
}

Test(opening, a_reset_with_the_servers_ttl_is_its_own)
{
    begin(&s);
    seen_elsewhere(&s, 63, 0);
    syn(&s, 0);
    s.more.half[SERVER].ttl_syn = 63;
    rst(&s, SERVER, 10);

    assert_primary(&s, 5000, F_TCP_SYN_REFUSED_BY_HOST);
    cr_assert_eq(s.verdict.primary.owner, OWNER_SERVER);
    cr_assert_eq(s.verdict.primary.fact, PROBABLE);
    cr_assert(has_frame(&s.verdict.primary, 900));
    over(&s);
}

Test(opening, a_reset_with_another_ttl_is_a_devices)
{
    begin(&s);
    seen_elsewhere(&s, 63, 0);
    syn(&s, 0);
    s.more.half[SERVER].ttl_syn = 64;
    rst(&s, SERVER, 10);

    assert_primary(&s, 5000, F_TCP_SYN_REFUSED_BY_MIDDLEBOX);
    cr_assert_eq(s.verdict.primary.owner, OWNER_MIDDLEBOX);
    over(&s);
}

Test(opening, another_initial_ttl_at_the_same_distance_tells_nothing)
{
    begin(&s);
    seen_elsewhere(&s, 63, 0);
    syn(&s, 0);
    s.more.half[SERVER].ttl_syn = 254; /* one hop away as well */
    rst(&s, SERVER, 10);

    assert_primary(&s, 5000, F_TCP_SYN_REFUSED);
    over(&s);
}

Test(opening, a_wait_ends_where_the_recording_leaps)
{
    begin(&s);
    syn(&s, 0);
    const struct clock_break leap = { s.frame + 1, when(500), false };
    s.scene.breaks = &leap;
    s.scene.n_breaks = 1;
    assert_primary(&s, 90000000, F_INFO_INCOMPLETE_IN_PROGRESS);
    s.scene.n_breaks = CLOCK_BREAKS + 1; /* and nobody knows where the next are */
    struct clock_break many[CLOCK_BREAKS] = { { 0 } };
    s.scene.breaks = many;
    assert_primary(&s, 90000000, F_INFO_INCOMPLETE_IN_PROGRESS);
    s.scene.n_breaks = 0;
    assert_primary(&s, 90000000, F_TCP_SYN_SINGLE_UNANSWERED);
    over(&s);
}

/* Whatever answers these SYNs may pass the interface that is gone. */
Test(opening, no_silence_is_told_while_an_interface_is_gone)
{
    begin(&s);
    for (int ms = 0; ms <= 7000; ms += 1000)
        syn(&s, ms);
    assert_primary(&s, 20000, F_TCP_SYN_SILENT_DROP);
    s.scene.unwatched_ns = when(3500);
    assert_primary(&s, 20000, F_CANNOT_TELL_CAPTURE_LOSS);
    s.scene.unwatched_ns = when(8000);
    assert_primary(&s, 20000, F_TCP_SYN_SILENT_DROP);
    s.scene.unwatched_ns = 0;
    struct clock_break back = { s.frame + 1, when(3500), true };
    s.scene.breaks = &back;
    s.scene.n_breaks = 1;
    assert_primary(&s, 20000, F_CANNOT_TELL_CAPTURE_LOSS);
    back.frame = 1; /* it was back before */
    assert_primary(&s, 20000, F_TCP_SYN_SILENT_DROP);
    over(&s);
}

/* The answer may be among what was lost; what was lost at another time cannot be one. */
Test(opening, no_silence_is_told_where_a_watch_lost_packets)
{
    struct scene_loss loss = { when(6500), when(7200) };
    begin(&s);
    for (int ms = 0; ms <= 7000; ms += 1000)
        syn(&s, ms);
    s.scene.live = s.scene.drops_known = true;
    s.scene.drops = 100;
    s.scene.losses = &loss;
    s.scene.n_losses = 1;
    assert_primary(&s, 40000, F_CANNOT_TELL_CAPTURE_LOSS);
    loss = (struct scene_loss){ when(10000), when(11000) };
    assert_primary(&s, 40000, F_CANNOT_TELL_CAPTURE_LOSS);
    loss = (struct scene_loss){ when(20000), when(30000) };
    assert_primary(&s, 40000, F_TCP_SYN_SILENT_DROP);
    loss = (struct scene_loss){ when(-9000), when(-1000) };
    assert_primary(&s, 40000, F_TCP_SYN_SILENT_DROP);
    over(&s);
}

Test(opening, beside_the_server_another_hardware_address_tells_the_device)
{
    begin(&s);
    seen_elsewhere(&s, 64, 0x10);
    syn(&s, 0);
    s.more.half[SERVER].ttl_syn = 64;
    rst(&s, SERVER, 10);
    s.more.half[SERVER].rst.mac[0] = 2;
    s.more.half[SERVER].rst.mac[5] = 0x99;

    assert_primary(&s, 5000, F_TCP_SYN_REFUSED_BY_MIDDLEBOX);
    over(&s);
}

Test(opening, icmp_errors_that_quote_the_syn_name_their_reason)
{
    static const struct {
        const char *client, *server;
        uint8_t type, code;
        enum finding_id id;
    } rows[] = {
        { "10.20.40.17", "10.0.0.10", 3, 0, F_ICMP_NET_UNREACHABLE },
        { "10.20.40.17", "10.0.0.10", 3, 1, F_ICMP_HOST_UNREACHABLE },
        { "10.20.40.17", "10.0.0.10", 3, 3, F_ICMP_PORT_UNREACHABLE },
        { "10.20.40.17", "10.0.0.10", 3, 2, F_ICMP_PORT_UNREACHABLE },
        { "10.20.40.17", "10.0.0.10", 3, 9, F_ICMP_ADMIN_PROHIBITED },
        { "10.20.40.17", "10.0.0.10", 3, 10, F_ICMP_ADMIN_PROHIBITED },
        { "10.20.40.17", "10.0.0.10", 3, 13, F_ICMP_ADMIN_PROHIBITED },
        { "10.20.40.17", "10.0.0.10", 11, 0, F_ICMP_TTL_EXCEEDED },
        { "2001:db8::17", "2001:db8::10", 1, 0, F_ICMP_NET_UNREACHABLE },
        { "2001:db8::17", "2001:db8::10", 1, 1, F_ICMP_ADMIN_PROHIBITED },
        { "2001:db8::17", "2001:db8::10", 1, 3, F_ICMP_HOST_UNREACHABLE },
        { "2001:db8::17", "2001:db8::10", 1, 4, F_ICMP_PORT_UNREACHABLE },
        { "2001:db8::17", "2001:db8::10", 3, 0, F_ICMP_TTL_EXCEEDED },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin(&s);
        s.flow.address[CLIENT] = at(rows[i].client);
        s.flow.address[SERVER] = at(rows[i].server);
        syn(&s, 0);
        s.more.icmp = (struct icmp_note){ .frame = ++s.frame,
                                          .sender = at("10.20.40.1"),
                                          .quoted_from = CLIENT,
                                          .type = rows[i].type,
                                          .code = rows[i].code,
                                          .seq_plausible = true };

        assert_primary(&s, 5000, rows[i].id);
        cr_assert(has_frame(&s.verdict.primary, 2));
        cr_assert_eq(s.verdict.stage[STAGE_TCP], TOKEN_UNREACH);
        over(&s);
    }
}

Test(opening, an_icmp_error_of_the_server_itself_is_its_own_firewall)
{
    begin(&s);
    syn(&s, 0);
    s.more.icmp = (struct icmp_note){ .frame = ++s.frame,
                                      .sender = s.flow.address[SERVER],
                                      .quoted_from = CLIENT,
                                      .type = 3,
                                      .code = 13,
                                      .seq_plausible = true };

    assert_primary(&s, 5000, F_ICMP_ADMIN_PROHIBITED);
    cr_assert_eq(s.verdict.primary.owner, OWNER_SERVER);
    cr_assert_neq(s.verdict.primary.owner_reason[0], '\0');
    over(&s);
}

Test(opening, a_forged_or_stale_icmp_error_decides_nothing)
{
    begin(&s);
    syn(&s, 0);
    syn(&s, 1000);
    s.more.icmp = (struct icmp_note){
        .frame = ++s.frame, .quoted_from = CLIENT, .type = 3, .code = 1, .seq_plausible = false
    };

    assert_primary(&s, 5000, F_TCP_SYN_SILENT_DROP);
    over(&s);
}

Test(opening, an_icmp_error_on_a_working_connection_is_no_failure)
{
    up13(&s);
    s.more.icmp = (struct icmp_note){
        .frame = 2, .quoted_from = CLIENT, .type = 3, .code = 1, .seq_plausible = true
    };
    sealed(&s, CLIENT, 60, 60);
    sealed(&s, SERVER, 60, 70);
    fin(&s, CLIENT, 80);

    assert_primary(&s, 5000, F_OK_TLS_ESTABLISHED_CLOSED_CLEAN);
    over(&s);
}

Test(opening, a_half_open_scan_is_a_port_test)
{
    begin(&s);
    syn(&s, 0);
    synack(&s, 10);
    rst(&s, CLIENT, 11);
    s.more.half[CLIENT].rst.ttl = 40; /* a scanner forges its SYN, the kernel resets */

    assert_primary(&s, 5000, F_OK_TCP_PORT_PROBE);
    over(&s);
}

Test(opening, a_repeated_synack_without_an_ack_is_lost_on_the_way_back)
{
    begin(&s);
    syn(&s, 0);
    synack(&s, 1);
    syn(&s, 1000);
    synack(&s, 1001);
    synack(&s, 3000);
    s.flow.half[CLIENT].ttl = 62;

    assert_primary(&s, 9000, F_TCP_SYNACK_LOST);
    cr_assert_eq(s.verdict.primary.fact, PROBABLE);
    over(&s);
}

Test(opening, a_server_that_resets_when_nobody_takes_its_synack_gave_up)
{
    begin(&s);
    syn(&s, 0);
    synack(&s, 1);
    synack(&s, 3000);
    synack(&s, 9000);
    rst(&s, SERVER, 21000);
    assert_primary(&s, 30000, F_TCP_SYNACK_LOST);
    over(&s);

    begin(&s);
    syn(&s, 0);
    synack(&s, 1);
    rst(&s, SERVER, 2);
    assert_primary(&s, 30000, F_TCP_ACCEPT_THEN_RESET);
    over(&s);
}

Test(opening, a_close_behind_octets_that_were_not_captured_is_no_port_test)
{
    static const enum side sides[] = { CLIENT, SERVER };

    for (int i = 0; i < 2; i++) {
        begin(&s);
        syn(&s, 0);
        synack(&s, 10);
        rst(&s, sides[i], 200);
        s.more.half[sides[i]].rst.seq += 900;
        assert_primary(&s, 9000, F_CANNOT_TELL_CAPTURE_LOSS);
        over(&s);

        opened(&s);
        fin(&s, sides[i], 200);
        s.flow.half[sides[i]].next--; /* it moves nothing */
        s.more.half[sides[i]].fin.seq += 900;
        assert_primary(&s, 9000, F_CANNOT_TELL_CAPTURE_LOSS);
        over(&s);
    }
}

Test(opening, a_refusal_does_not_exclude_that_its_port_is_closed)
{
    begin(&s);
    syn(&s, 0);
    rst(&s, SERVER, 1);
    struct packet p = { .frame = 2,
                        .kind = PACKET_TCP,
                        .ttl = 63,
                        .source = s.flow.address[SERVER],
                        .destination = s.flow.address[CLIENT],
                        .source_port = 8013,
                        .flags = TCP_RST | TCP_ACK };
    host_note((struct hosts *)s.scene.hosts, &s.flow, &p, SERVER);

    assert_primary(&s, 9000, F_TCP_SYN_REFUSED);
    for (unsigned i = 0; i < s.verdict.n_checks; i++)
        cr_assert_neq(s.verdict.checks[i].kind, CHECK_CLOSED_PORT_RESETS);
    over(&s);
}

Test(opening, the_answer_to_this_attempt_excludes_no_stopped_service)
{
    begin(&s);
    syn(&s, 0);
    synack(&s, 1);
    synack(&s, 3000);
    struct packet p = { .frame = 2,
                        .kind = PACKET_TCP,
                        .ttl = 63,
                        .source = s.flow.address[SERVER],
                        .destination = s.flow.address[CLIENT],
                        .source_port = 8013,
                        .flags = TCP_SYN | TCP_ACK };
    host_note((struct hosts *)s.scene.hosts, &s.flow, &p, SERVER);

    assert_primary(&s, 9000, F_TCP_SYNACK_LOST);
    for (unsigned i = 0; i < s.verdict.n_checks; i++)
        cr_assert_neq(s.verdict.checks[i].kind, CHECK_PORT_ANSWERS_OTHERS);
    over(&s);
}

/* Somebody else's SYN was answered then. */
static void answered(uint16_t port, int ms)
{
    struct flow other = s.flow;
    struct packet p = { .frame = 2,
                        .kind = PACKET_TCP,
                        .ttl = 63,
                        .time_ns = when(ms),
                        .source = s.flow.address[SERVER],
                        .destination = s.flow.address[CLIENT],
                        .source_port = port,
                        .flags = TCP_SYN | TCP_ACK };

    other.more = NULL;
    other.port[SERVER] = port;
    host_note((struct hosts *)s.scene.hosts, &other, &p, SERVER);
}

/* An attempt at 8013 that begins at 1000 ms gets no answer: does that exclude it? */
static bool silence_excludes(enum check_kind kind)
{
    bool excluded = false;

    syn(&s, 1000);
    syn(&s, 2000);
    syn(&s, 4000);
    assert_primary(&s, 20000, F_TCP_SYN_SILENT_DROP);
    for (unsigned i = 0; i < s.verdict.n_checks; i++)
        excluded |= s.verdict.checks[i].kind == kind;
    over(&s);
    return excluded;
}

Test(opening, only_an_answer_since_the_attempt_began_excludes_a_stopped_service)
{
    begin(&s);
    answered(8013, 3000);
    cr_assert(silence_excludes(CHECK_PORT_ANSWERS_OTHERS));
    begin(&s);
    answered(8013, 500);
    cr_assert_not(silence_excludes(CHECK_PORT_ANSWERS_OTHERS));
}

Test(opening, a_port_that_answered_before_may_have_gone_with_its_host)
{
    begin(&s);
    answered(443, 500);
    cr_assert(silence_excludes(CHECK_SERVER_ANSWERS));
    begin(&s);
    answered(8013, 400);
    answered(443, 500);
    cr_assert_not(silence_excludes(CHECK_SERVER_ANSWERS));
    begin(&s);
    answered(8013, 400);
    answered(443, 3000);
    cr_assert(silence_excludes(CHECK_SERVER_ANSWERS));
}

Test(opening, beside_the_client_a_lost_synack_is_only_possible)
{
    begin(&s);
    syn(&s, 0);
    synack(&s, 1);
    synack(&s, 3000);

    assert_primary(&s, 9000, F_TCP_SYNACK_LOST);
    cr_assert_eq(s.verdict.primary.fact, POSSIBLE);
    over(&s);
}

Test(opening, a_synack_for_another_number_is_a_devices)
{
    begin(&s);
    syn(&s, 0);
    synack(&s, 1);
    s.more.synack_bad = s.more.half[SERVER].first_syn;
    rst(&s, CLIENT, 2);

    assert_primary(&s, 9000, F_TCP_SYNACK_BAD_ACK);
    over(&s);
}

Test(opening, a_plain_ack_in_answer_is_a_warning_about_an_older_connection)
{
    begin(&s);
    syn(&s, 0);
    s.more.ack_instead = packet_of(&s, SERVER, EVENT_ACK_INSTEAD, 1, 0);
    s.flow.state = TCP_SYN_SENT;

    assert_primary(&s, 9000, F_TCP_SYNACK_CHALLENGE_ACK);
    cr_assert_eq(s.verdict.primary.severity, SEVERITY_WARNING);
    over(&s);
}

Test(opening, two_different_synacks_are_noticed_and_do_not_fail_it)
{
    up13(&s);
    s.more.half[SERVER].n_syn_other = 1;
    sealed(&s, CLIENT, 60, 60);
    sealed(&s, SERVER, 60, 70);
    fin(&s, CLIENT, 80);

    assert_primary(&s, 5000, F_OK_TLS_ESTABLISHED_CLOSED_CLEAN);
    cr_assert_not_null(noticed(&s.verdict, F_TCP_SIMULTANEOUS_MULTI_SYNACK));
    over(&s);
}

Test(opening, a_port_test_ends_with_fin_or_reset_of_the_client)
{
    for (int reset = 0; reset < 2; reset++) {
        opened(&s);
        if (reset)
            rst(&s, CLIENT, 100);
        else
            fin(&s, CLIENT, 100);

        assert_primary(&s, 5000, F_OK_TCP_PORT_PROBE);
        cr_assert_eq(s.verdict.stage[STAGE_TCP], TOKEN_OK);
        cr_assert_eq(s.verdict.stage[STAGE_TLS], TOKEN_NOT_TRIED);
        over(&s);
    }
}

Test(opening, a_server_that_answers_a_port_test_too_late_is_not_accused)
{
    opened(&s);
    fin(&s, CLIENT, 100);
    alert(&s, SERVER, 50, 101);

    assert_primary(&s, 5000, F_OK_TCP_PORT_PROBE);
    over(&s);
}

Test(opening, a_reset_by_the_server_at_once_is_an_error)
{
    opened(&s);
    rst(&s, SERVER, 15);

    assert_primary(&s, 5000, F_TCP_ACCEPT_THEN_RESET);
    cr_assert_eq(s.verdict.stage[STAGE_TCP], TOKEN_RST);
    over(&s);
}

Test(opening, a_reset_after_two_different_answers_accuses_no_server)
{
    opened(&s);
    s.more.half[SERVER].n_syn_other = 1;
    rst(&s, SERVER, 15);

    assert_primary(&s, 5000, F_TCP_ACCEPT_THEN_RESET);
    cr_assert_eq(s.verdict.primary.owner, OWNER_NETWORK);
    cr_assert_eq(s.verdict.primary.cause, POSSIBLE);
    over(&s);

    opened(&s);
    rst(&s, SERVER, 15);
    assert_primary(&s, 5000, F_TCP_ACCEPT_THEN_RESET);
    cr_assert_eq(s.verdict.primary.owner, OWNER_SERVER);
    over(&s);
}

Test(opening, a_close_by_the_server_at_once_is_an_error)
{
    opened(&s);
    fin(&s, SERVER, 15);

    assert_primary(&s, 5000, F_TCP_ACCEPT_THEN_FIN);
    over(&s);
}

Test(opening, a_client_that_says_nothing_for_five_seconds_is_only_noted)
{
    opened(&s);
    fin(&s, CLIENT, 7000);

    assert_primary(&s, 9000, F_TLS_NONE_CLIENT_SILENT);
    cr_assert_eq(s.verdict.primary.severity, SEVERITY_INFO);
    cr_assert_eq(s.verdict.primary.owner, OWNER_CLIENT);
    over(&s);
}

Test(opening, away_from_the_client_its_silence_may_be_a_loss_on_the_way)
{
    opened(&s);
    s.flow.half[CLIENT].ttl = 63;
    fin(&s, CLIENT, 7000);

    assert_primary(&s, 9000, F_TLS_NONE_CLIENT_SILENT);
    cr_assert_eq(s.verdict.primary.owner, OWNER_UNKNOWN);
    over(&s);
}

Test(opening, repeated_synacks_on_an_idle_connection_are_no_fault)
{
    opened(&s);
    synack(&s, 1000);
    synack(&s, 3000);
    hello(&s, 4000);
    server_hello(&s, 0x0304, 4010);
    flight13(&s, 4010);
    sealed(&s, CLIENT, 69, 4020);
    sealed(&s, SERVER, 250, 4030);
    sealed(&s, CLIENT, 60, 4040);
    sealed(&s, SERVER, 60, 4050);
    fin(&s, CLIENT, 4060);

    assert_primary(&s, 9000, F_OK_TLS_ESTABLISHED_CLOSED_CLEAN);
    over(&s);
}

Test(opening, synacks_repeated_over_unacknowledged_data_lost_the_last_step)
{
    opened(&s);
    hello(&s, 20);
    unacked(&s, CLIENT);
    again(&s, CLIENT, 300);
    synack(&s, 1000);
    again(&s, CLIENT, 1500);
    synack(&s, 3000);

    assert_primary(&s, 9000, F_TCP_HANDSHAKE_ACK_LOST);
    cr_assert_eq(s.verdict.primary.fact, PROBABLE);
    over(&s);
}

Test(opening, the_middle_of_a_connection_tells_no_handshake)
{
    begin(&s);
    s.flow.state = TCP_MIDSTREAM;
    payload(&s, CLIENT, 40, 0);
    payload(&s, SERVER, 40, 10);

    assert_primary(&s, 9000, F_CANNOT_TELL_MID_STREAM);
    cr_assert_eq(s.verdict.stage[STAGE_TCP], TOKEN_UNSEEN);
    cr_assert_eq(s.verdict.stage[STAGE_APP], TOKEN_OK);
    over(&s);
}

/* One name, two addresses; the lookup and the winner on the other address. */
static void race(const char *server, const char *winner)
{
    struct scenario other;
    struct dns_message m = { .frame = 800,
                             .time_ns = when(-100),
                             .client = at("10.20.40.17"),
                             .server = at("10.0.0.2"),
                             .client_port = 40000,
                             .server_port = 53,
                             .type = DNS_A,
                             .name = "ems.corp.example" };
    begin(&s);
    seen_elsewhere(&s, 63, 0);
    s.flow.address[SERVER] = at(server);
    for (int i = 0; i < 2; i++) {
        m.type = i ? DNS_AAAA : DNS_A;
        m.id++;
        m.reply = false;
        names_message((struct names *)s.scene.names, &m);
        m.reply = true;
        m.frame++;
        m.n_answers = m.n_answers_all = 1;
        m.answer[0] = at(i == (strchr(server, ':') != NULL) ? server : winner);
        names_message((struct names *)s.scene.names, &m);
    }
    opened(&other);
    other.flow.address[SERVER] = at(winner);
    served_note((struct served *)s.scene.served, &other.flow);
    over(&other);
}

Test(opening, the_ipv6_address_that_fails_beside_ipv4_is_a_warning)
{
    race("2001:db8::10", "10.0.0.10");
    s.flow.address[CLIENT] = at("2001:db8:40::17");
    syn(&s, 0);

    assert_primary(&s, 9000, F_DNS_IPV6_FIRST_FAIL);
    cr_assert_eq(s.verdict.primary.severity, SEVERITY_WARNING);
    cr_assert_eq(s.verdict.stage[STAGE_TCP], TOKEN_DROP);
    over(&s);
}

Test(opening, the_loser_of_a_race_within_one_family_is_only_a_warning)
{
    race("10.0.0.11", "2001:db8::10");
    syn(&s, 0);

    assert_primary(&s, 9000, F_TCP_SYN_SINGLE_UNANSWERED);
    cr_assert_eq(s.verdict.primary.severity, SEVERITY_WARNING);
    over(&s);
}
