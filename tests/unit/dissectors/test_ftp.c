#include "talk_scene.h"

extern const struct dissector ftp_dissector;

#define GREETING                                                                     \
    {                                                                                \
        SERVER, "120 wait\r\n220-ready\r\nany line\r\n 220 no end\r\n220 now\r\n", 0 \
    }

static void a_file_went_over(const struct talk *talk)
{
    cr_assert_eq(talk_count(talk, SAID_COMMAND), talk_count(talk, SAID_REPLY));
    cr_assert(said(talk, SAID_FTP_LOGIN_REFUSED, 530));
    cr_assert(said(talk, SAID_FTP_LOGGED_IN, 0));
    cr_assert(said(talk, SAID_FTP_REFUSED, 425));
    cr_assert(said(talk, SAID_FTP_DONE, 0));
    cr_assert(said(talk, SAID_GOODBYE, 0));
    cr_assert_not(said(talk, SAID_FTP_REFUSED, 550));
    cr_assert_not(said(talk, SAID_FTP_REFUSED, 421));
    for (unsigned i = 0; i < talk->n; i++)
        cr_assert_null(strstr(talk->remark[i].text, "secret"));
}

/* RFC 959 section 5.4: replies of several lines, preliminary replies; 550 is about a file. */
Test(ftp, a_conversation_is_followed_reply_by_reply)
{
    static const struct script script[] = {
        GREETING,
        { CLIENT, "FEAT\r\n", 0 },
        { SERVER, "530 log in first\r\n", 0 },
        { CLIENT, "USER ems\r\n", 0 },
        { SERVER, "331 password\r\n", 0 },
        { CLIENT, "PASS secret\r\n", 0 },
        { SERVER, "530 Login incorrect.\r\n", 0 },
        { CLIENT, "USER ems\r\nPASS secret2\r\n", 0 },
        { SERVER, "331 password\r\n230 come in\r\n", 0 },
        { CLIENT, "RETR a\r\n", 0 },
        { SERVER, "425 no data connection\r\n", 0 },
        { CLIENT, "RETR none\r\n", 0 },
        { SERVER, "550 no such file\r\n", 0 },
        { CLIENT, "RETR a\r\n", 0 },
        { SERVER, "150 here it comes\r\n", 0 },
        { SERVER, "226 done\r\n", 0 },
        { CLIENT, "QUIT\r\n", 0 },
        { SERVER, "221 bye\r\n", 0 },
        { SERVER, "421 idle\r\n", 0 },
    };

    AT_EVERY_CUT(ftp_dissector, script, a_file_went_over);
}

static void the_first_reply_counts(const struct talk *talk)
{
    cr_assert_eq(talk_count(talk, SAID_COMMAND), 1);
    cr_assert_eq(talk_count(talk, SAID_REPLY), 1);
    cr_assert_not(said(talk, SAID_FTP_DONE, 0));
}

Test(ftp, a_transfer_that_began_has_its_answer)
{
    static const struct script script[] = {
        GREETING,
        { CLIENT, "RETR a\r\n", 0 },
        { SERVER, "150 here it comes\r\n", 0 },
    };

    AT_EVERY_CUT(ftp_dissector, script, the_first_reply_counts);
}

static void tls_is_agreed(const struct talk *talk)
{
    cr_assert(said(talk, SAID_FTP_TLS_REFUSED, 504));
    cr_assert(said(talk, SAID_TLS_AGREED, 0));
    cr_assert_eq(talk_count(talk, SAID_COMMAND), 2);
}

/* RFC 4217 section 4. */
Test(ftp, behind_an_accepted_auth_nothing_is_read_as_commands)
{
    static const struct script script[] = {
        GREETING,
        { CLIENT, "AUTH SSL\r\n", 0 },
        { SERVER, "504 unknown\r\n", 0 },
        { CLIENT, "AUTH TLS\r\n", 0 },
        { SERVER, "234 go ahead\r\n", 0 },
        { CLIENT, "NOOP\r\n", 0 },
    };

    AT_EVERY_CUT(ftp_dissector, script, tls_is_agreed);
}

static void refused_at_the_door(const struct talk *talk)
{
    cr_assert(said(talk, SAID_FTP_REFUSED, 530));
    cr_assert(said(talk, SAID_FTP_REFUSED, 421));
    cr_assert_str_eq(talk_find(talk, SAID_FTP_REFUSED)->text, "530 not from there");
}

Test(ftp, a_refusal_may_be_the_greeting_and_421_comes_unasked)
{
    static const struct script script[] = {
        { SERVER, "530 not from there\r\n", 0 },
        { SERVER, "421 closing\r\n", 0 },
    };

    AT_EVERY_CUT(ftp_dissector, script, refused_at_the_door);
}

Test(ftp, of_a_packet_that_was_cut_the_first_words_are_read)
{
    static struct talk_scene t;
    static const struct {
        enum side from;
        const char *text;
        size_t captured;
    } packets[] = { { SERVER, "220 ready\r\n", 5 },
                    { CLIENT, "USER ems\r\n", 6 },
                    { SERVER, "331 password\r\n", 6 },
                    { CLIENT, "PASS secret\r\n", 8 },
                    { SERVER, "530 Login incorrect.\r\n", 9 } };

    scene_open(&t, &ftp_dissector);
    for (size_t i = 0; i < sizeof packets / sizeof *packets; i++) {
        struct bytes in = bytes_of(packets[i].text, packets[i].captured, strlen(packets[i].text));
        ftp_dissector.feed(&t.session, t.session.state, packets[i].from, &in);
        t.session.now.frame++;
    }

    cr_assert(said(t.session.talk, SAID_FTP_LOGIN_REFUSED, 530));
    cr_assert(said(t.session.talk, SAID_OUT_OF_STEP, 0));
    scene_close(&t);
}

Test(ftp, behind_a_gap_nothing_is_concluded)
{
    static struct talk_scene t;

    scene_open(&t, &ftp_dissector);
    scene_say(&t, SERVER, "220 ready\r\n", 11);
    ftp_dissector.gap(&t.session, t.session.state, CLIENT, 10);
    scene_say(&t, CLIENT, "PASS a\r\n", 8);
    scene_say(&t, SERVER, "530 no\r\n", 8);

    cr_assert(said(t.session.talk, SAID_OUT_OF_STEP, 0));
    cr_assert_not(said(t.session.talk, SAID_FTP_LOGIN_REFUSED, 530));
    scene_close(&t);
}

Test(ftp, what_speaks_another_protocol_is_left_alone)
{
    static struct talk_scene t;

    scene_open(&t, &ftp_dissector);
    scene_say(&t, SERVER, "SSH-2.0-x\r\n", 11);
    cr_assert_eq(t.last, STEP_ALIEN);
    scene_close(&t);
    scene_open(&t, &ftp_dissector);
    scene_say(&t, CLIENT, "GET / HTTP/1.1\r\n", 16);
    cr_assert_eq(t.last, STEP_ALIEN);
    scene_close(&t);
}

static struct rendezvous named_by(const char *command, const char *reply)
{
    static struct talk_scene t;
    const char *const lines[] = { command, reply };

    scene_open(&t, &ftp_dissector);
    scene_say(&t, SERVER, "220 ready\r\n", 11);
    for (int i = 0; i < 2; i++)
        scene_say(&t, i ? SERVER : CLIENT, lines[i], strlen(lines[i]));
    struct rendezvous place = t.session.talk->rendezvous;
    scene_close(&t);
    return place;
}

Test(ftp, a_server_names_where_it_waits_for_data)
{
    char text[ADDRESS_TEXT];

    struct rendezvous old = named_by("PASV\r\n", "227 Entering (10,0,0,10,234,196).\r\n");
    struct rendezvous new = named_by("EPSV\r\n", "229 Entering (|||60100|)\r\n");

    cr_assert_str_eq(address_text(&old.address, text), "10.0.0.10");
    cr_assert_eq(old.port, 60100);
    cr_assert_eq(new.port, 60100);
    cr_assert(address_is_unspecified(&new.address));
}

Test(ftp, numbers_that_are_none_name_no_place)
{
    static const char *const bad[] = {
        "227 (10,0,0,10,234)\r\n",   "227 (10,0,0,10,999,1)\r\n",
        "227 10,0,0,10,234,196\r\n", "227 no\r\n",
        "229 (|||70000|)\r\n",       "229 (|||601",
        "500 (|||60100|)\r\n",       "229 (|||0|)\r\n",
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert_eq(named_by("EPSV\r\n", bad[i]).at.frame, 0, "%s", bad[i]);
    cr_assert_eq(named_by("NOOP\r\n", "229 (|||60100|)\r\n").at.frame, 0);
}
