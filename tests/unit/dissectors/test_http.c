#include "talk_scene.h"

extern const struct dissector http_dissector;

#define CONNECT "CONNECT ems.corp.example:8013 HTTP/1.1\r\nHost: ems.corp.example:8013\r\n"

static void login_then_tunnel(const struct talk *talk)
{
    cr_assert(said(talk, SAID_CONNECT, 0));
    cr_assert(said(talk, SAID_CONNECT_REFUSED, 407));
    cr_assert(said(talk, SAID_TUNNEL, 200));
    cr_assert_gt(talk_last(talk, SAID_TUNNEL).frame, talk_last(talk, SAID_CONNECT_REFUSED).frame);
    cr_assert_str_eq(talk->target, "ems.corp.example");
    cr_assert_eq(talk->target_port, 8013);
    for (unsigned i = 0; i < talk->n; i++)
        cr_assert_null(strstr(talk->remark[i].text, "c2VjcmV0"));
}

Test(http, a_login_that_the_proxy_asks_for_and_gets_ends_in_a_tunnel)
{
    static const struct script script[] = {
        { CLIENT, CONNECT "\r\n", 0 },
        { SERVER,
          "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n"
          "Content-Length: 6\r\n\r\nHTTP/1",
          0 },
        { CLIENT, CONNECT "Proxy-Authorization: Basic c2VjcmV0\r\n\r\n", 0 },
        { SERVER, "HTTP/1.1 200 Connection established\r\n\r\n", 0 },
    };

    AT_EVERY_CUT(http_dissector, script, login_then_tunnel);
}

static void each_answer_has_its_request(const struct talk *talk)
{
    cr_assert(said(talk, SAID_HTTP_ERROR, 503));
    cr_assert(said(talk, SAID_HTTP_GATEWAY, 503));
    cr_assert(said(talk, SAID_PAC_FAILED, 404));
    cr_assert_not(said(talk, SAID_HTTP_ERROR, 404));
    cr_assert(said(talk, SAID_HTTP_OK, 0));
    cr_assert_eq(talk_find(talk, SAID_HTTP_OK)->count, 2);
    cr_assert_str_eq(talk_find(talk, SAID_HTTP_ERROR)->text, "HTTP/1.1 503 Service Unavailable");
}

/* RFC 9112 section 6.3: no body to HEAD; chunks; a length; interim answers. */
Test(http, answers_are_told_apart_by_their_length)
{
    static const struct script script[] = {
        { CLIENT,
          "HEAD / HTTP/1.1\r\n\r\nGET /?token=abc HTTP/1.1\r\n\r\nGET /a HTTP/1.1\r\n\r\n"
          "GET /wpad.dat HTTP/1.1\r\n\r\n",
          0 },
        { SERVER,
          "HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1A;x=y\r\n"
          "HTTP/1.1 500 in the body..\r\n0\r\nTrailer: 1\r\n\r\n",
          0 },
        { SERVER,
          "HTTP/1.1 503 Service Unavailable\r\nVia: 1.1 gate\r\nContent-Length: 12\r\n\r\n"
          "HTTP/1.1 501HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
          0 },
    };

    AT_EVERY_CUT(http_dissector, script, each_answer_has_its_request);
}

static void the_page_is_recognised(const struct talk *talk)
{
    cr_assert(said(talk, SAID_HTTP_BLOCKED, 403));
}

Test(http, a_block_page_is_known_by_its_words_wherever_it_is_cut)
{
    static const struct script script[] = {
        { CLIENT, "GET / HTTP/1.0\r\n\r\n", 0 },
        { SERVER, "HTTP/1.0 403 Forbidden\r\n\r\n<html><title>WEB PAGE Blocked</title>", 0 },
    };

    AT_EVERY_CUT(http_dissector, script, the_page_is_recognised);
}

static void nothing_is_refused(const struct talk *talk)
{
    cr_assert_not(said(talk, SAID_HTTP_ERROR, 403));
    cr_assert_not(said(talk, SAID_CONNECT_REFUSED, 403));
}

Test(http, an_answer_without_its_request_accuses_nobody)
{
    static const struct script script[] = {
        { SERVER, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", 0 },
    };

    AT_EVERY_CUT(http_dissector, script, nothing_is_refused);
}

static void the_request_came_first(const struct talk *talk)
{
    cr_assert(said(talk, SAID_CONNECT_REFUSED, 403));
}

Test(http, an_answer_captured_ahead_of_its_request_waits_for_it)
{
    static const struct script script[] = {
        { SERVER, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", 0 },
        { CLIENT, CONNECT "\r\n", 0 },
    };

    AT_EVERY_CUT(http_dissector, script, the_request_came_first);
}

static void the_user_is_not_kept(const struct talk *talk)
{
    cr_assert_str_eq(talk->target, "h.example");
    for (unsigned i = 0; i < talk->n; i++) {
        cr_assert_null(strstr(talk->remark[i].text, "secret"));
        cr_assert_null(strstr(talk->remark[i].text, "\033"));
    }
}

Test(http, neither_a_password_nor_a_query_nor_a_control_code_is_kept)
{
    static const struct script script[] = {
        { CLIENT, "GET http://u:secret@h.example/\033[2J?secret HTTP/1.1\r\n\r\n", 0 },
        { SERVER, "HTTP/1.1 404 \033[2J\r\nContent-Length: 0\r\n\r\n", 0 },
    };

    AT_EVERY_CUT(http_dissector, script, the_user_is_not_kept);
}

Test(http, a_flood_of_fields_ends_and_so_does_a_line_without_end)
{
    static struct talk_scene t;
    char line[4096];
    scene_open(&t, &http_dissector);
    memset(line, 'x', sizeof line);

    scene_say(&t, CLIENT, "GET / HTTP/1.1\r\n\r\n", 18);
    scene_say(&t, SERVER, "HTTP/1.1 500 No\r\n", 17);
    for (int i = 0; i < 1000; i++)
        scene_say(&t, SERVER, line, sizeof line);
    scene_say(&t, SERVER, "\r\n", 2);
    for (int i = 0; i < 2000; i++)
        scene_say(&t, SERVER, "Field: value\r\n", 14);

    cr_assert_eq(t.side[SERVER].n, 0);
    cr_assert(said(t.session.talk, SAID_HTTP_ERROR, 500));
    cr_assert_leq(t.session.talk->n, TALK_REMARKS);
    scene_close(&t);
}

Test(http, what_a_gap_swallows_is_not_an_answer)
{
    static struct talk_scene t;
    scene_open(&t, &http_dissector);

    scene_say(&t, CLIENT, CONNECT "\r\n", sizeof CONNECT + 1);
    http_dissector.gap(&t.session, t.session.state, SERVER, 100);
    scene_say(&t, SERVER, "403 Forbidden\r\n\r\n", 17);

    cr_assert_null(talk_find(t.session.talk, SAID_CONNECT_REFUSED));
    scene_close(&t);
}

Test(http, of_a_cut_packet_the_status_is_kept)
{
    static struct talk_scene t;
    static const char answer[] = "HTTP/1.1 403 Forb";
    struct bytes in = bytes_of(answer, sizeof answer - 1, 900);
    scene_open(&t, &http_dissector);
    scene_say(&t, CLIENT, CONNECT "\r\n", sizeof CONNECT + 1);

    (void)http_dissector.feed(&t.session, t.session.state, SERVER, &in);

    cr_assert(said(t.session.talk, SAID_CONNECT_REFUSED, 403));
    cr_assert_eq(bytes_on_wire(&in), 0);
    scene_close(&t);
}

Test(http, other_protocols_are_alien)
{
    static struct talk_scene t;
    scene_open(&t, &http_dissector);

    scene_say(&t, CLIENT, "\x00\x01\x02\x03 binary\n", 12);

    cr_assert_eq(t.last, STEP_ALIEN);
    scene_close(&t);
}
