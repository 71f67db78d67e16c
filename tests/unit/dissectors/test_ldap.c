#include "talk_scene.h"

extern const struct dissector ldap_dissector;

/* Messages written by hand after RFC 4511 sections 4.1.1, 4.2, 4.5, 4.12 and 4.14; those with
 * lengths of four octets are as domain controllers write them. */
#define BIND_1                                         \
    "\x30\x17\x02\x01\x01\x60\x12\x02\x01\x03\x04\x05" \
    "cn=me\x80\x06"                                    \
    "secret"
#define BIND_2                                         \
    "\x30\x17\x02\x01\x02\x60\x12\x02\x01\x03\x04\x05" \
    "cn=me\x80\x06"                                    \
    "secret"
#define BIND_RESULT(id, code) "\x30\x0c\x02\x01" id "\x61\x07\x0a\x01" code "\x04\x00\x04\x00"
#define AD_WORDS              "80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data "
#define AD_LOCKED                                                                          \
    "\x30\x84\x00\x00\x00\x68\x02\x01\x01\x61\x84\x00\x00\x00\x5f\x0a\x01\x31\x04\x00\x04" \
    "\x58" AD_WORDS "775, v4563\0"
#define STARTTLS                           \
    "\x30\x1d\x02\x01\x01\x77\x18\x80\x16" \
    "1.3.6.1.4.1.1466.20037"
#define EXTENDED_RESULT(code) "\x30\x0c\x02\x01\x01\x78\x07\x0a\x01" code "\x04\x00\x04\x00"
#define NOTICE(code)                                                       \
    "\x30\x24\x02\x01\x00\x78\x1f\x0a\x01" code "\x04\x00\x04\x00\x8a\x16" \
    "1.3.6.1.4.1.1466.20036"
#define UNBIND "\x30\x05\x02\x01\x03\x42\x00"
#define SAYS(side, text)             \
    {                                \
        side, text, sizeof(text) - 1 \
    }

static void nobody_is_named(const struct talk *talk)
{
    for (unsigned i = 0; i < talk->n; i++) {
        cr_assert_null(strstr(talk->remark[i].text, "secret"));
        cr_assert_null(strstr(talk->remark[i].text, "cn="));
    }
}

static void the_login_is_refused(const struct talk *talk)
{
    cr_assert(said(talk, SAID_LDAP_BIND, 0));
    cr_assert(said(talk, SAID_LDAP_BIND_REFUSED, 49));
    cr_assert_not(said(talk, SAID_LDAP_BOUND, 0));
    cr_assert_str_eq(talk_find(talk, SAID_LDAP_BIND_REFUSED)->text, "invalidCredentials (49)");
    nobody_is_named(talk);
}

Test(ldap, a_refused_login_keeps_its_result_and_neither_name_nor_password)
{
    static const struct script script[] = {
        SAYS(CLIENT, BIND_1),
        SAYS(SERVER, BIND_RESULT("\x01", "\x31")),
        SAYS(CLIENT, UNBIND),
    };

    AT_EVERY_CUT(ldap_dissector, script, the_login_is_refused);
}

static void the_account_is_locked(const struct talk *talk)
{
    cr_assert(said(talk, SAID_LDAP_BIND_REFUSED, 49));
    cr_assert(said(talk, SAID_LDAP_WINDOWS_ERROR, 0x775));
    cr_assert_str_eq(talk_find(talk, SAID_LDAP_BIND_REFUSED)->text,
                     "invalidCredentials (49), data 775");
}

Test(ldap, a_domain_controller_says_more_in_its_words)
{
    static const struct script script[] = { SAYS(CLIENT, BIND_1), SAYS(SERVER, AD_LOCKED) };

    AT_EVERY_CUT(ldap_dissector, script, the_account_is_locked);
}

static void the_second_login_works(const struct talk *talk)
{
    cr_assert_gt(talk_last(talk, SAID_LDAP_BOUND).frame,
                 talk_last(talk, SAID_LDAP_BIND_REFUSED).frame);
    cr_assert_eq(talk_count(talk, SAID_LDAP_BIND), 2);
}

Test(ldap, two_logins_have_two_answers)
{
    static const struct script script[] = {
        SAYS(CLIENT, BIND_1),
        SAYS(SERVER, BIND_RESULT("\x01", "\x31")),
        SAYS(CLIENT, BIND_2),
        SAYS(SERVER, BIND_RESULT("\x02", "\x00")),
    };

    AT_EVERY_CUT(ldap_dissector, script, the_second_login_works);
}

static void nothing_is_refused(const struct talk *talk)
{
    cr_assert_null(talk_find(talk, SAID_LDAP_BIND_REFUSED));
    cr_assert_null(talk_find(talk, SAID_LDAP_STARTTLS_REFUSED));
}

/* RFC 4511 section 4.2.2: 14 asks for the next round; RFC 4422 section 3.7: what follows may be
 * sealed, in buffers with a length of four octets. */
Test(ldap, a_login_in_rounds_ends_in_a_security_layer)
{
    static const struct script script[] = {
        SAYS(CLIENT, BIND_1),
        SAYS(SERVER, BIND_RESULT("\x01", "\x0e")),
        SAYS(CLIENT, BIND_2),
        SAYS(SERVER, BIND_RESULT("\x02", "\x00")),
        SAYS(CLIENT, "\x00\x00\x00\x20sealed sealed sealed sealed seale"),
        SAYS(SERVER, "\x00\x00\x00\x0c" BIND_RESULT("\x02", "\x31")),
    };

    AT_EVERY_CUT(ldap_dissector, script, nothing_is_refused);
}

static void tls_is_refused(const struct talk *talk)
{
    cr_assert(said(talk, SAID_LDAP_STARTTLS, 0));
    cr_assert(said(talk, SAID_LDAP_STARTTLS_REFUSED, 2));
    cr_assert_str_eq(talk_find(talk, SAID_LDAP_STARTTLS_REFUSED)->text, "protocolError (2)");
}

Test(ldap, a_refused_start_of_tls_is_told)
{
    static const struct script script[] = {
        SAYS(CLIENT, STARTTLS),
        SAYS(SERVER, EXTENDED_RESULT("\x02")),
    };

    AT_EVERY_CUT(ldap_dissector, script, tls_is_refused);
}

Test(ldap, an_answer_captured_ahead_of_its_request_waits_for_it)
{
    static const struct script script[] = {
        SAYS(SERVER, EXTENDED_RESULT("\x02")),
        SAYS(CLIENT, STARTTLS),
    };

    AT_EVERY_CUT(ldap_dissector, script, tls_is_refused);
}

static void tls_is_agreed(const struct talk *talk)
{
    cr_assert(said(talk, SAID_LDAP_STARTTLS_ACCEPTED, 0));
    nothing_is_refused(talk);
}

Test(ldap, behind_an_agreed_start_the_octets_are_left_to_tls)
{
    static struct talk_scene t;
    scene_open(&t, &ldap_dissector);

    scene_say(&t, CLIENT, STARTTLS, sizeof STARTTLS - 1);
    scene_say(&t, SERVER, EXTENDED_RESULT("\x00"), 14);
    scene_say(&t, CLIENT, "\x16\x03\x01", 3);

    tls_is_agreed(t.session.talk);
    cr_assert_eq(t.side[CLIENT].n, 3, "the start of a hello waits for the rest of it");
    cr_assert_eq(t.last, STEP_MORE);
    scene_close(&t);
}

static void another_request_is_refused(const struct talk *talk)
{
    nothing_is_refused(talk);
    cr_assert_not(said(talk, SAID_LDAP_STARTTLS, 0));
}

/* Who am I (RFC 4532). */
Test(ldap, other_extended_requests_are_not_about_tls)
{
    static const struct script script[] = {
        SAYS(CLIENT, "\x30\x1e\x02\x01\x01\x77\x19\x80\x17"
                     "1.3.6.1.4.1.4203.1.11.3"),
        SAYS(SERVER, EXTENDED_RESULT("\x02")),
    };

    AT_EVERY_CUT(ldap_dissector, script, another_request_is_refused);
}

static void the_notice_is_the_answer(const struct talk *talk)
{
    cr_assert(said(talk, SAID_LDAP_NOTICE, 52));
    cr_assert(said(talk, SAID_LDAP_BIND_REFUSED, 52));
}

Test(ldap, a_notice_of_disconnection_in_place_of_an_answer_refuses)
{
    static const struct script script[] = { SAYS(CLIENT, BIND_1), SAYS(SERVER, NOTICE("\x34")) };

    AT_EVERY_CUT(ldap_dissector, script, the_notice_is_the_answer);
}

static void the_notice_is_a_notice(const struct talk *talk)
{
    cr_assert(said(talk, SAID_LDAP_NOTICE, 52));
    nothing_is_refused(talk);
}

Test(ldap, a_notice_when_nothing_waits_refuses_nothing)
{
    static const struct script script[] = {
        SAYS(CLIENT, BIND_1),
        SAYS(SERVER, BIND_RESULT("\x01", "\x00")),
        SAYS(SERVER, NOTICE("\x34")),
    };

    AT_EVERY_CUT(ldap_dissector, script, the_notice_is_a_notice);
}

/* An entry of 70,000 octets between two answers, seen in segments. */
Test(ldap, what_the_directory_holds_is_passed_over)
{
    static struct talk_scene t;
    static char filler[1400];
    scene_open(&t, &ldap_dissector);

    memset(filler, 0x30, sizeof filler);
    scene_say(&t, CLIENT, BIND_1, sizeof BIND_1 - 1);
    scene_say(&t, SERVER, "\x30\x83\x01\x11\x78\x02\x01\x01\x64\x83\x01\x11\x70", 13);
    for (int i = 0; i < 50; i++)
        scene_say(&t, SERVER, filler, sizeof filler);
    scene_say(&t, SERVER, BIND_RESULT("\x01", "\x31"), 14);

    cr_assert(said(t.session.talk, SAID_LDAP_BIND_REFUSED, 49));
    cr_assert_eq(t.side[SERVER].n, 0);
    scene_close(&t);
}

Test(ldap, lengths_that_no_message_has_are_alien)
{
    static const struct script bombs[] = {
        SAYS(SERVER, "\x30\x80\x02\x01\x01\x61\x80\x0a\x01\x31"),                 /* indefinite */
        SAYS(SERVER, "\x30\x84\xff\xff\xff\xff\x02\x01\x01\x61\x07\x0a\x01"),     /* 4 GiB */
        SAYS(SERVER, "\x30\x88\x00\x00\x00\x00\x00\x00\x00\x0c\x02\x01\x01\x61"), /* eight octets */
        SAYS(SERVER, "\x30\x0c\x02\x05\x01\x01\x01\x01\x01\x61\x07"), /* a long number */
        SAYS(SERVER, "\x30\x03\x02\x01\x01\x61\x07\x0a\x01\x31"),     /* no room for it */
        SAYS(SERVER, "\x30\x30\x30\x30\x30\x30\x30\x30\x30\x30"),     /* nested */
        SAYS(CLIENT, BIND_RESULT("\x01", "\x31")),                    /* of the wrong side */
    };

    for (size_t i = 0; i < sizeof bombs / sizeof *bombs; i++) {
        static struct talk_scene t;
        scene_open(&t, &ldap_dissector);
        scene_say(&t, bombs[i].from, bombs[i].text, bombs[i].n);
        cr_assert_eq(t.last, STEP_ALIEN, "bomb %zu", i);
        cr_assert_null(t.session.talk);
        scene_close(&t);
    }
}

/* The element inside is longer than what holds it. */
Test(ldap, an_answer_that_cannot_be_read_refuses_nothing_and_is_an_answer)
{
    static struct talk_scene t;
    scene_open(&t, &ldap_dissector);

    scene_say(&t, CLIENT, BIND_1, sizeof BIND_1 - 1);
    scene_say(&t, SERVER, "\x30\x0c\x02\x01\x01\x61\x07\x0a\x84\x7f\xff\xff\xff\x00", 14);

    nothing_is_refused(t.session.talk);
    cr_assert(said(t.session.talk, SAID_LDAP_BIND_GOES_ON, 0));
    scene_close(&t);
}

Test(ldap, what_a_gap_swallows_counts_as_an_answer_that_nobody_read)
{
    static struct talk_scene t;
    scene_open(&t, &ldap_dissector);

    scene_say(&t, CLIENT, BIND_1, sizeof BIND_1 - 1);
    ldap_dissector.gap(&t.session, t.session.state, SERVER, 14);
    scene_say(&t, SERVER, "\x31\x04\x00\x04\x00", 5);
    scene_say(&t, CLIENT, BIND_2, sizeof BIND_2 - 1);
    scene_say(&t, SERVER, BIND_RESULT("\x02", "\x31"), 14);

    cr_assert(said(t.session.talk, SAID_LDAP_BIND_GOES_ON, 0));
    cr_assert(said(t.session.talk, SAID_LDAP_BIND_REFUSED, 49), "a segment begins with a message");
    scene_close(&t);
}

static void feed_cut(struct talk_scene *t, const char *octets, size_t captured, size_t on_wire)
{
    struct bytes in = bytes_of(octets, captured, on_wire);
    scene_say(t, CLIENT, BIND_1, sizeof BIND_1 - 1);
    (void)ldap_dissector.feed(&t->session, t->session.state, SERVER, &in);
    cr_assert_eq(bytes_on_wire(&in), 0);
}

Test(ldap, of_a_cut_packet_the_result_is_kept_or_nothing_is_said)
{
    for (size_t n = 0; n < sizeof AD_LOCKED - 1; n++) {
        static struct talk_scene t;
        scene_open(&t, &ldap_dissector);
        feed_cut(&t, AD_LOCKED, n, sizeof AD_LOCKED - 1);
        bool kept = said(t.session.talk, SAID_LDAP_BIND_REFUSED, 49);
        cr_assert_eq(kept, n >= 18, "%zu octets", n);
        cr_assert_eq(said(t.session.talk, SAID_LDAP_BIND_GOES_ON, 0), !kept);
        scene_close(&t);
    }
}

Test(ldap, a_flood_of_messages_ends)
{
    static struct talk_scene t;
    scene_open(&t, &ldap_dissector);

    for (int i = 0; i < 5000 && t.last == STEP_MORE; i++)
        scene_say(&t, CLIENT, UNBIND, 7);

    cr_assert_eq(t.last, STEP_DONE);
    scene_close(&t);
}

Test(ldap, over_udp_it_is_another_protocol)
{
    static struct talk_scene t;
    scene_open(&t, &ldap_dissector);
    t.flow.protocol = 17;

    scene_say(&t, CLIENT, BIND_1, sizeof BIND_1 - 1);

    cr_assert_eq(t.last, STEP_ALIEN);
    scene_close(&t);
}
