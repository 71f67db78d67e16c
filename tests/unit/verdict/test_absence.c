/* Rule R2: for each condition, a silence that violates only it, and the word that falls. */
#include "base/text.h"
#include "scenario.h"

static struct scenario s;

/* The server is seen elsewhere: silence here is evidence. */
static void silence(void)
{
    begin(&s);
    seen_elsewhere(&s, 63, 0);
    syn(&s, 0);
    syn(&s, 1000);
    syn(&s, 3000);
}

static void assert_word(enum confidence word)
{
    assert_primary(&s, 10000, F_TCP_SYN_SILENT_DROP);
    cr_assert_eq(s.verdict.primary.fact, word, "%s", confidence_name(s.verdict.primary.fact));
    over(&s);
}

Test(absence, with_every_condition_met_silence_is_certain)
{
    silence();

    assert_word(CERTAIN);
}

Test(absence, a_direction_that_nothing_proves_lowers_the_word)
{
    begin(&s);
    syn(&s, 0);
    syn(&s, 1000);

    assert_word(PROBABLE);
}

Test(absence, a_capture_that_dropped_packets_lowers_the_word)
{
    silence();
    s.scene.drops_known = true;
    s.scene.drops = 3;

    assert_word(PROBABLE);
}

Test(absence, a_filter_that_selects_directions_lowers_the_word)
{
    silence();
    text_copy(s.scene.filter, sizeof s.scene.filter, "src host 10.20.40.17");

    assert_word(PROBABLE);
}

Test(absence, a_filter_for_a_host_and_port_lowers_nothing)
{
    silence();
    text_copy(s.scene.filter, sizeof s.scene.filter, "host 10.0.0.10 and tcp port 8013");

    assert_word(CERTAIN);
}

Test(absence, two_conditions_lower_it_twice)
{
    silence();
    s.scene.drops_known = true;
    s.scene.drops = 3;
    text_copy(s.scene.filter, sizeof s.scene.filter, "tcp[tcpflags] & tcp-syn != 0");

    assert_word(POSSIBLE);
}

Test(absence, with_three_unmet_nothing_is_concluded)
{
    begin(&s);
    syn(&s, 0);
    syn(&s, 1000);
    s.scene.drops_known = true;
    s.scene.drops = 3;
    text_copy(s.scene.filter, sizeof s.scene.filter, "src host 10.20.40.17");

    assert_primary(&s, 10000, F_CANNOT_TELL_CAPTURE_LOSS);
    over(&s);
}

Test(absence, octets_of_the_silent_side_that_were_not_captured_speak)
{
    up12(&s);
    data12(&s, CLIENT, 60, 60);
    fin(&s, CLIENT, 31000);
    assert_primary(&s, 35000, F_APP_NO_REPLY_TIMEOUT);
    cr_assert_eq(s.verdict.primary.fact, CERTAIN);

    s.more.half[SERVER].unseen_bytes = 500; /* the reply, perhaps */
    assert_primary(&s, 35000, F_CANNOT_TELL_CAPTURE_LOSS);
    over(&s);
}

Test(absence, packets_cut_in_the_deciding_part_lower_the_word)
{
    up12(&s);
    data12(&s, CLIENT, 60, 60);
    fin(&s, CLIENT, 31000);
    s.more.half[SERVER].cut_packets = 2;
    s.session.clipped[SERVER] = true;

    assert_primary(&s, 35000, F_APP_NO_REPLY_TIMEOUT);
    cr_assert_eq(s.verdict.primary.fact, PROBABLE);
    over(&s);
}

Test(absence, too_little_time_is_no_silence)
{
    silence();

    assert_primary(&s, 3000, F_TCP_SYN_SILENT_DROP);
    over(&s);

    begin(&s);
    seen_elsewhere(&s, 63, 0);
    syn(&s, 0);
    syn(&s, 1000);
    assert_primary(&s, 2999, F_INFO_INCOMPLETE_IN_PROGRESS);
    over(&s);
}

Test(absence, a_host_whose_other_questions_are_unanswered_too_shows_one_direction)
{
    struct dns_message m = { .frame = 800,
                             .time_ns = when(-10),
                             .client = at("10.20.40.17"),
                             .server = at("10.0.0.2"),
                             .client_port = 40000,
                             .server_port = 53,
                             .type = DNS_A,
                             .name = "ems.corp.example" };
    begin(&s);
    names_message((struct names *)s.scene.names, &m);
    syn(&s, 0);
    syn(&s, 1000);

    assert_primary(&s, 10000, F_CANNOT_TELL_ONE_SIDED);
    over(&s);
}

Test(absence, one_side_only_is_never_a_failure)
{
    begin(&s);
    syn(&s, 0);
    s.flow.half[SERVER].flags |= HALF_ACKED; /* it acknowledges somebody */
    payload(&s, CLIENT, 300, 20);
    fin(&s, CLIENT, 30);

    assert_primary(&s, 10000, F_CANNOT_TELL_ONE_SIDED);
    cr_assert_eq(s.verdict.primary.severity, SEVERITY_QUALITY);
    over(&s);
}

Test(absence, what_one_side_says_in_clear_stands)
{
    begin(&s);
    syn(&s, 0);
    s.flow.half[SERVER].flags |= HALF_ACKED;
    s.flow.state = TCP_OPEN;
    hello(&s, 20);
    alert(&s, CLIENT, 48, 40);
    rst(&s, CLIENT, 41);

    assert_primary(&s, 10000, F_TLS_CERT_REJECTED_BY_CLIENT_UNKNOWN_CA);
    over(&s);
}
