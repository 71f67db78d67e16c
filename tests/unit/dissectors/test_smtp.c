#include "talk_scene.h"

extern const struct dissector smtp_dissector;

#define GREETING                                \
    {                                           \
        SERVER, "220 mail.example ESMTP\r\n", 0 \
    }
#define EHLO                                                               \
    { CLIENT, "EHLO ems.example\r\n", 0 },                                 \
    {                                                                      \
        SERVER, "250-mail.example\r\n250-SIZE 1000\r\n250 STARTTLS\r\n", 0 \
    }

static void all_is_answered(const struct talk *talk)
{
    cr_assert_eq(talk_count(talk, SAID_COMMAND), talk_count(talk, SAID_REPLY));
    cr_assert_null(talk_find(talk, SAID_OUT_OF_STEP));
}

static void delivered(const struct talk *talk)
{
    all_is_answered(talk);
    cr_assert(said(talk, SAID_SMTP_DELIVERED, 0));
    cr_assert(said(talk, SAID_GOODBYE, 0));
    cr_assert(said(talk, SAID_SMTP_REFUSED, 550));
    cr_assert_not(said(talk, SAID_SMTP_REFUSED, 554));
    cr_assert_str_eq(talk_find(talk, SAID_SMTP_REFUSED)->text, "550-5.1.1 no such user");
    for (unsigned i = 0; i < talk->n; i++)
        cr_assert_null(strstr(talk->remark[i].text, "secret"));
}

/* RFC 5321 appendix D, with a refused recipient (D.1) and lines of mail that look like commands. */
Test(smtp, a_message_is_followed_to_its_end_and_not_kept)
{
    static const struct script script[] = {
        GREETING,
        EHLO,
        { CLIENT, "MAIL FROM:<a@example>\r\n", 0 },
        { SERVER, "250 OK\r\n", 0 },
        { CLIENT, "RCPT TO:<secret@example>\r\nRCPT TO:<b@example>\r\nDATA\r\n", 0 },
        { SERVER, "550-5.1.1 no such user\r\n550 sorry\r\n250 OK\r\n354 go on\r\n", 0 },
        { CLIENT, "Subject: secret\r\n\r\nQUIT\r\n..\r\n554 no\r\n.\r\n", 0 },
        { SERVER, "250 2.0.0 taken\r\n", 0 },
        { CLIENT, "QUIT\r\n", 0 },
        { SERVER, "221 bye\r\n", 0 },
    };

    AT_EVERY_CUT(smtp_dissector, script, delivered);
}

static void chunks_are_passed(const struct talk *talk)
{
    all_is_answered(talk);
    cr_assert(said(talk, SAID_SMTP_DELIVERED, 0));
    cr_assert_eq(talk_find(talk, SAID_SMTP_DELIVERED)->count, 1);
}

/* RFC 3030 section 2. */
Test(smtp, chunks_are_passed_over_by_their_length)
{
    static const struct script script[] = {
        GREETING,
        EHLO,
        { CLIENT, "BDAT 12\r\nSubject: \r\n\nBDAT 6 LAST\r\nQUIT\r\n", 0 },
        { SERVER, "250 12 octets\r\n250 taken\r\n", 0 },
    };

    AT_EVERY_CUT(smtp_dissector, script, chunks_are_passed);
}

static void the_login_is_not_kept(const struct talk *talk)
{
    all_is_answered(talk);
    cr_assert(said(talk, SAID_SMTP_LOGIN_REFUSED, 535));
    cr_assert(said(talk, SAID_SMTP_LOGGED_IN, 0));
    cr_assert(said(talk, SAID_SMTP_WORK, 0));
    for (unsigned i = 0; i < talk->n; i++)
        cr_assert_null(strstr(talk->remark[i].text, "c2VjcmV0"));
}

/* RFC 4954 section 4, with the challenges of LOGIN; the words of a login may be those of a command.
 */
Test(smtp, a_login_is_answered_line_by_line)
{
    static const struct script script[] = {
        GREETING,
        EHLO,
        { CLIENT, "AUTH LOGIN\r\n", 0 },
        { SERVER, "334 VXNlcm5hbWU6\r\n", 0 },
        { CLIENT, "DATA\r\n", 0 },
        { SERVER, "334 UGFzc3dvcmQ6\r\n", 0 },
        { CLIENT, "c2VjcmV0\r\n", 0 },
        { SERVER, "535 5.7.8 Authentication credentials invalid\r\n", 0 },
        { CLIENT, "AUTH PLAIN c2VjcmV0\r\n", 0 },
        { SERVER, "235 2.7.0 Authentication successful\r\n", 0 },
    };

    AT_EVERY_CUT(smtp_dissector, script, the_login_is_not_kept);
}

static void tls_was_wanted_once(const struct talk *talk)
{
    cr_assert(said(talk, SAID_SMTP_TLS_WANTED, 530));
    cr_assert(said(talk, SAID_SMTP_REFUSED, 530));
    cr_assert_str_eq(talk_find(talk, SAID_SMTP_REFUSED)->text, "530 5.7.0 Authentication required");
    cr_assert(said(talk, SAID_SMTP_TLS_WANTED, 538));
}

/* RFC 3207 section 4 and RFC 4954 section 6 give 530 two meanings. */
Test(smtp, the_words_of_530_tell_a_wish_for_tls_from_one_for_a_login)
{
    static const struct script script[] = {
        GREETING,
        EHLO,
        { CLIENT, "MAIL FROM:<a@example>\r\n", 0 },
        { SERVER, "530 5.7.0 Must issue a STARTTLS command first\r\n", 0 },
        { CLIENT, "AUTH PLAIN\r\n", 0 },
        { SERVER, "538 5.7.11 Encryption required for requested authentication mechanism\r\n", 0 },
        { CLIENT, "MAIL FROM:<a@example>\r\n", 0 },
        { SERVER, "530 5.7.0 Authentication required\r\n", 0 },
    };

    AT_EVERY_CUT(smtp_dissector, script, tls_was_wanted_once);
}

static void tls_is_agreed(const struct talk *talk)
{
    all_is_answered(talk);
    cr_assert(said(talk, SAID_TLS_AGREED, 0));
    cr_assert_not(said(talk, SAID_SMTP_NO_TLS, 0));
}

Test(smtp, behind_an_accepted_starttls_nothing_is_read_as_mail)
{
    static const struct script script[] = {
        GREETING,
        EHLO,
        { CLIENT, "STARTTLS\r\n", 0 },
        { SERVER, "220 go ahead\r\n", 0 },
        { CLIENT, "NOOP\r\n", 0 },
    };

    AT_EVERY_CUT(smtp_dissector, script, tls_is_agreed);
}

static void tls_is_refused(const struct talk *talk)
{
    all_is_answered(talk);
    cr_assert(said(talk, SAID_SMTP_NO_TLS, 0));
    cr_assert(said(talk, SAID_SMTP_TLS_REFUSED, 454));
    cr_assert(said(talk, SAID_SMTP_EHLO_REFUSED, 502));
    cr_assert(said(talk, SAID_SMTP_HELO, 0));
}

Test(smtp, what_is_not_offered_may_be_asked_for_and_is_refused)
{
    static const struct script script[] = {
        GREETING,
        { CLIENT, "EHLO a\r\n", 0 },
        { SERVER, "502 unknown\r\n", 0 },
        { CLIENT, "HELO a\r\n", 0 },
        { SERVER, "250 hello\r\n", 0 },
        { CLIENT, "EHLO a\r\n", 0 },
        { SERVER, "250 STARTTLS is the name of this server\r\n", 0 },
        { CLIENT, "STARTTLS\r\n", 0 },
        { SERVER, "454 4.7.0 TLS not available due to temporary reason\r\n", 0 },
    };

    AT_EVERY_CUT(smtp_dissector, script, tls_is_refused);
}

static void the_offer_was_overwritten(const struct talk *talk)
{
    cr_assert(said(talk, SAID_SMTP_NO_TLS, 1));
}

Test(smtp, an_offer_whose_letters_were_overwritten_is_noticed)
{
    static const struct script script[] = {
        GREETING,
        { CLIENT, "EHLO a\r\n", 0 },
        { SERVER, "250-mail\r\n250-XXXXXXXA\r\n250 8BITMIME\r\n", 0 },
    };

    AT_EVERY_CUT(smtp_dissector, script, the_offer_was_overwritten);
}

static void refused_at_the_door(const struct talk *talk)
{
    cr_assert(said(talk, SAID_SMTP_REFUSED, 554));
    cr_assert(said(talk, SAID_SMTP_REFUSED, 421));
}

Test(smtp, a_refusal_may_be_the_greeting_and_421_comes_unasked)
{
    static const struct script script[] = {
        { SERVER, "554 no mail here\r\n", 0 },
        { SERVER, "421 closing\r\n", 0 },
    };

    AT_EVERY_CUT(smtp_dissector, script, refused_at_the_door);
}

static void nobody_is_accused(const struct talk *talk)
{
    for (enum said kind = SAID_SMTP_EHLO_REFUSED; kind < SAIDS; kind++)
        cr_assert_null(talk_find(talk, kind));
}

Test(smtp, what_is_unknown_to_the_server_or_comes_after_delivery_accuses_nobody)
{
    static const struct script script[] = {
        GREETING,
        EHLO,
        { CLIENT, "HELP\r\n", 0 },
        { SERVER, "502 no help\r\n", 0 },
        { CLIENT, "BDAT 1 LAST\r\na", 0 },
        { SERVER, "250 taken\r\n", 0 },
        { SERVER, "421 4.4.2 idle for too long\r\n", 0 },
    };

    AT_EVERY_CUT(smtp_dissector, script, nobody_is_accused);
}

static void the_second_login_is_wanted(const struct talk *talk)
{
    cr_assert(said(talk, SAID_SMTP_REFUSED, 550));
    cr_assert_eq(talk_count(talk, SAID_REPLY), 2);
}

Test(smtp, a_reply_captured_ahead_of_its_command_waits_for_it)
{
    static const struct script script[] = {
        GREETING,
        EHLO,
        { SERVER, "550 not you\r\n", 0 },
        { CLIENT, "MAIL FROM:<>\r\n", 0 },
    };

    AT_EVERY_CUT(smtp_dissector, script, the_second_login_is_wanted);
}

/* ---- what was cut or lost ---- */

static void cut(struct talk_scene *t, enum side from, const char *text, size_t captured)
{
    struct bytes in = bytes_of(text, captured, strlen(text));

    smtp_dissector.feed(&t->session, t->session.state, from, &in);
    t->session.now.frame++;
}

Test(smtp, of_a_packet_that_was_cut_the_first_words_are_read)
{
    static struct talk_scene t;

    scene_open(&t, &smtp_dissector);
    cut(&t, SERVER, "220 mail.example ESMTP\r\n", 9);
    cut(&t, CLIENT, "EHLO ems.example\r\n", 6);
    cut(&t, SERVER, "250-mail.example\r\n250 STARTTLS\r\n", 11);
    cut(&t, CLIENT, "MAIL FROM:<a@example>\r\n", 8);
    cut(&t, SERVER, "550 5.7.1 relaying denied\r\n", 12);

    cr_assert(said(t.session.talk, SAID_SMTP_REFUSED, 550));
    cr_assert_not(said(t.session.talk, SAID_SMTP_NO_TLS, 0));
    cr_assert(said(t.session.talk, SAID_SMTP_OFFERS_UNREAD, 1));
    cr_assert(said(t.session.talk, SAID_OUT_OF_STEP, 0));
    scene_close(&t);
}

Test(smtp, behind_a_gap_nothing_is_concluded)
{
    static struct talk_scene t;

    scene_open(&t, &smtp_dissector);
    scene_say(&t, SERVER, "220 mail\r\n", 10);
    scene_say(&t, CLIENT, "EHLO a\r\n", 8);
    smtp_dissector.gap(&t.session, t.session.state, SERVER, 40);
    scene_say(&t, SERVER, "250 HELP\r\n", 10);
    scene_say(&t, CLIENT, "MAIL FROM:<>\r\n", 14);
    scene_say(&t, SERVER, "550 no\r\n", 8);

    cr_assert(said(t.session.talk, SAID_OUT_OF_STEP, 0));
    cr_assert(said(t.session.talk, SAID_SMTP_OFFERS_UNREAD, 2));
    cr_assert_not(said(t.session.talk, SAID_SMTP_NO_TLS, 0));
    cr_assert_not(said(t.session.talk, SAID_SMTP_REFUSED, 550));
    scene_close(&t);
}

Test(smtp, what_speaks_another_protocol_is_left_alone)
{
    static struct talk_scene t;

    scene_open(&t, &smtp_dissector);
    scene_say(&t, SERVER, "SSH-2.0-x\r\n", 11);
    cr_assert_eq(t.last, STEP_ALIEN);
    scene_close(&t);
    scene_open(&t, &smtp_dissector);
    scene_say(&t, CLIENT, "GET / HTTP/1.1\r\n", 16);
    cr_assert_eq(t.last, STEP_ALIEN);
    scene_close(&t);
}
