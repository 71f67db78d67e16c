#include "../tls/recorded.h"
#include "report/json_line.h"
#include "report/json_parts.h"
#include "story.h"

#include <inttypes.h>

static const struct report_config jsonl = { .format = REPORT_JSONL, .input = 1 };

static bool says(const struct told *told, const char *words)
{
    return strstr(told->text, words) != NULL;
}

/* What json_bytes makes of some octets. */
static const char *escaped(const void *p, size_t n, bool *cut)
{
    static struct writer w;
    static char out[8192];
    writer_open(&w, stdout);
    json_bytes(&w, NULL, p, n, cut);
    memcpy(out, w.at, w.n);
    out[w.n] = '\0';
    return out;
}

Test(json_line, control_and_bidi_characters_are_escaped)
{
    bool cut = false;

    cr_assert_str_eq(escaped("a\033[2Jb\n", 7, &cut), "\"a\\u001b[2Jb\\u000a\"");
    cr_assert_str_eq(escaped("x\xe2\x80\xaey", 5, &cut), "\"x\\u202ey\"");
    cr_assert_str_eq(escaped("\xf3\xa0\x81\x81", 4, &cut), "\"\\udb40\\udc41\"");
    cr_assert_str_eq(escaped("\"\\</script>", 11, &cut), "\"\\\"\\\\</script>\"");
    cr_assert_not(cut);
}

Test(json_line, octets_that_are_no_utf_8_are_shown_as_such)
{
    bool cut = false;

    cr_assert_str_eq(escaped("a\xff\xc3", 3, &cut), "\"a\\\\xff\\\\xc3\"");
    cr_assert_str_eq(escaped("gr\xc3\xbc\xc3\x9f", 6, &cut), "\"gr\xc3\xbc\xc3\x9f\"");
}

Test(json_line, a_long_string_is_cut_between_characters_and_says_so)
{
    char text[1025];
    bool cut = false;
    memset(text, 'x', sizeof text);
    memcpy(text + 1023, "\xc3\xbc", 2);

    const char *out = escaped(text, sizeof text, &cut);

    cr_assert(cut);
    cr_assert_eq(strlen(out), 1023 + 2);
}

static bool is_written(uint64_t v)
{
    char text[PEN_SLACK], wanted[32];
    int n = snprintf(wanted, sizeof wanted, "%" PRIu64, v);

    return pen_number(text, v) == text + n && memcmp(text, wanted, (size_t)n) == 0;
}

Test(pen, numbers_are_written_with_as_many_digits_as_they_have)
{
    for (uint64_t v = 0; v < 30000; v++)
        cr_assert(is_written(v), "%" PRIu64, v);
    for (uint64_t v = 10; v; v = v > UINT64_MAX / 10 ? 0 : v * 10)
        cr_assert(is_written(v - 1) && is_written(v) && is_written(v + 1) && is_written(v * 7 / 3),
                  "about %" PRIu64, v);
    cr_assert(is_written(99999999) && is_written(UINT64_MAX));
}

Test(json, the_lines_begin_with_capture_and_end_with_summary)
{
    struct story s;
    story_silent_drop(&s);

    struct told told = story_tell_one(jsonl, &s);

    cr_assert_eq(told.code, 1);
    cr_assert_not_null(strstr(told.text, "\"shakeout.capture\""));
    cr_assert_lt(strstr(told.text, "\"shakeout.capture\""), strchr(told.text, '\n'));
    cr_assert_eq(told.text[told.size - 1], '\n');
    char *summary = strstr(told.text, "\"shakeout.summary\"");
    cr_assert_eq(strchr(summary, '\n'), told.text + told.size - 1);
    cr_assert(says(&told, "\"exit_code\":1,\"complete\":true"));
    free(told.text);
}

/* The community id is the published one for these ends. */
Test(json, a_connection_line_holds_ends_times_stages_and_verdict)
{
    struct story s;
    story_silent_drop(&s);

    struct told told = story_tell_one(jsonl, &s);

    cr_assert(says(&told, "{\"@timestamp\":\"2026-11-19T13:02:11.508000Z\",\"event\":{\"dataset\":"
                          "\"shakeout.connection\",\"kind\":\"event\",\"id\":\"k-"));
    cr_assert(says(&told, "\"outcome\":\"failure\",\"action\":\"tcp-connect\""));
    cr_assert(says(&told, "\"end\":\"2026-11-19T13:02:18.552000Z\",\"duration\":7044000000"));
    cr_assert(says(&told, "\"client\":{\"ip\":\"10.20.40.17\",\"port\":51544}"));
    cr_assert(says(&told, "\"community_id\":\"1:5AvfNIlp2/vpb95UMPUpF1CYNV8=\""));
    cr_assert(says(&told, "\"tcp\":\"DROP\""));
    cr_assert(says(&told, "\"failed_stage\":\"tcp\",\"syn_sent\":4,\"frames\":[412,431,478,566],"
                          "\"primary\":\"tcp.syn.silent_drop\""));
    cr_assert(says(&told, "\"findings\":[\"tcp.syn.silent_drop\"]}}\n"));
    free(told.text);
}

Test(json, the_order_of_the_ends_does_not_change_the_community_id)
{
    struct story s;
    struct address client;
    story_silent_drop(&s);
    client = s.flow.address[CLIENT];
    s.flow.address[CLIENT] = s.flow.address[SERVER];
    s.flow.address[SERVER] = client;
    s.flow.port[CLIENT] = 8013;
    s.flow.port[SERVER] = 51544;

    struct told told = story_tell_one(jsonl, &s);

    cr_assert(says(&told, "\"community_id\":\"1:5AvfNIlp2/vpb95UMPUpF1CYNV8=\""));
    free(told.text);
}

Test(json, two_runs_write_the_same_lines)
{
    struct story s;
    story_silent_drop(&s);

    struct told one = story_tell_one(jsonl, &s), two = story_tell_one(jsonl, &s);

    cr_assert_str_eq(one.text, two.text);
    free(one.text);
    free(two.text);
}

Test(json, nanoseconds_are_kept_when_there_are_any)
{
    struct story s;
    story_silent_drop(&s);
    s.flow.first_ns += 7;

    struct told told = story_tell_one(jsonl, &s);

    cr_assert(says(&told, "\"start\":\"2026-11-19T13:02:11.508000007Z\""));
    free(told.text);
}

Test(json, null_is_never_written)
{
    struct story s;
    story_healthy(&s);

    struct told told = story_tell_one(jsonl, &s);

    cr_assert_not(says(&told, "null"));
    cr_assert_not(says(&told, "\"failed_stage\""));
    free(told.text);
}

Test(json, a_hostile_server_name_cannot_leave_its_string)
{
    struct story s;
    struct session session = { .protocol = "tls" };
    story_healthy(&s);
    session.flow = &s.flow;
    session.server_name = "\\u001b[2J\"},<b>";
    s.flow.session = &session;

    struct told told = story_tell_one(jsonl, &s);

    cr_assert(says(&told, "\"address\":\"\\\\u001b[2J\\\"},<b>\""));
    free(told.text);
}

static unsigned times(const char *text, const char *words)
{
    unsigned n = 0;
    for (const char *at = strstr(text, words); at; at = strstr(at + 1, words))
        n++;
    return n;
}

/* The certificate of recorded.h, where it lies in the server's flight. */
Test(json, a_certificate_that_two_connections_show_has_one_line)
{
    struct story one, two;
    struct cert_store *store = cert_store_open(1 << 20);
    const struct cert *leaf = cert_put(store, bytes_whole(full12_server + 85, 509));
    struct tls tls = { .certificate[SERVER] = { 7, story_ns } };
    struct session session = { .protocol = "tls", .server_name = "", .tls = &tls };
    story_healthy(&one);
    story_healthy(&two);
    session.chain[SERVER] = &leaf;
    session.n_chain[SERVER] = 1;
    one.flow.session = two.flow.session = &session;
    address_parse("10.20.40.18", &two.flow.address[CLIENT]);
    const struct verdict *verdicts[] = { &one.verdict, &two.verdict };
    char hash[100];
    snprintf(hash, sizeof hash, "\"hash\":{\"sha256\":\"%s\"}", cert_facts(leaf)->sha256);

    struct told told = story_tell(jsonl, &one.scene, verdicts, 2, NULL, 0);

    cr_assert_eq(times(told.text, "\"shakeout.certificate\""), 1);
    cr_assert_eq(times(told.text, hash), 3, "both tls lines name it, its own line describes it");
    cr_assert(says(&told, "\"frames\":[7],\"chain_position\":0,\"chain_length\":1,"
                          "\"seen_by_connections\":2,"));
    free(told.text);
    cert_store_close(store);
}

/* Digests as tshark prints them of the hellos of recorded.h; JA4 as its specification has it. */
Test(json, the_line_of_a_handshake_has_the_fingerprints_of_both_stacks)
{
    static const uint8_t formats[] = { 0, 1, 2 };
    struct story s;
    struct tls_client_hello hello = { .legacy_version = 0x0303 };
    struct tls tls = { .hello = &hello, .server_hello = { .present = true } };
    struct session session = { .protocol = "tls", .server_name = "", .tls = &tls };
    story_healthy(&s);
    session.flow = &s.flow;
    s.flow.session = &session;
    hello.suites = bytes_whole(full12_client + 46, 56);
    hello.extensions = bytes_whole(full12_client + 106, 122);
    hello.groups = bytes_whole(full12_client + 145, 10);
    hello.signature_schemes = bytes_whole(full12_client + 188, 40);
    hello.point_formats = bytes_whole(formats, sizeof formats);
    hello.alpn = bytes_whole(full12_client + 165, 9);
    hello.versions = hello.server_name = bytes_whole(NULL, 0);
    tls.server_hello.legacy_version = 0x0303;
    tls.server_hello.suite = 0xc02c;
    tls.server_hello.extensions = bytes_whole("\xff\x01\0\0\0\x0b\0\0\0\x23\0\0\0\x17\0\0", 16);

    struct told told = story_tell_one(jsonl, &s);

    cr_assert(says(&told, "\"client\":{\"ja3\":\"22558766122974704364c9c75c5cce0a\"},"
                          "\"server\":{\"ja3s\":\"abade5a4a7f42baf54766e5d108283b6\"}"));
    cr_assert(says(&told, "\"ja4\":\"t12d2808h1_d943125447b4_e7e480e5a997\""), "%s", told.text);
    free(told.text);
}

Test(json, a_finding_line_holds_its_group)
{
    struct story one, two;
    story_silent_drop(&one);
    story_silent_drop(&two);
    address_parse("10.20.40.18", &two.flow.address[CLIENT]);
    const struct verdict *verdicts[] = { &one.verdict, &two.verdict };

    struct told told = story_tell(jsonl, &one.scene, verdicts, 2, NULL, 0);

    cr_assert(says(&told, "\"endpoints\":[\"10.20.40.17\",\"10.20.40.18\"],\"endpoints_count\":2,"
                          "\"attempts\":{\"total\":2,\"failed\":2}"));
    cr_assert(says(&told, "\"endpoints\":{\"total\":2,\"healthy\":0,\"failing\":2,\"undecided\":0,"
                          "\"going_round\":0}"));
    free(told.text);
}

Test(json, an_output_that_cannot_be_written_is_a_failure)
{
    struct story s;
    struct failure failure = { 0 };
    struct report_config config = jsonl;
    story_silent_drop(&s);
    config.out = fopen("/dev/full", "w");
    struct report *report = report_open(&config, &failure);
    report_add(report, &s.scene, &s.verdict);

    int code = report_close(report, &s.scene, NULL, 0, &failure);

    cr_assert_eq(code, 2);
    cr_assert_str_eq(failure.what, "output");
    report_free(report);
    fclose(config.out);
}

Test(json, totals_are_left_to_the_summary_while_the_input_is_being_read)
{
    struct story s;
    const struct verdict *verdicts[] = { &s.verdict };
    story_healthy(&s);
    s.scene.packets = 4711;
    s.scene.reading = true;

    struct told told = story_tell(jsonl, &s.scene, verdicts, 1, NULL, 0);

    cr_assert_not(says(&told, "4711"));
    free(told.text);
}

/* The baseline of the specification (github.com/corelight/community-id-spec), seed 0. */
Test(json, community_ids_are_the_published_ones)
{
    static const struct vector {
        uint8_t protocol;
        uint16_t client_port, server_port;
        const char *client, *server, *id;
    } vectors[] = {
        { 6, 34855, 80, "128.232.110.120", "66.35.250.204", "1:LQU9qZlK+B5F3KDmev6m5PMibrg=" },
        { 6, 80, 34855, "66.35.250.204", "128.232.110.120", "1:LQU9qZlK+B5F3KDmev6m5PMibrg=" },
        { 17, 54585, 53, "192.168.1.52", "8.8.8.8", "1:d/FP5EW3wiY1vCndhwleRRKHowQ=" },
        { 6, 63943, 25, "2001:470:e5bf:dead:4957:2174:e82c:4887", "2607:f8b0:400c:c03::1a",
          "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4=" },
    };

    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        char text[COMMUNITY_TEXT + 1];
        struct flow flow = { .protocol = vectors[i].protocol };
        flow.port[CLIENT] = vectors[i].client_port;
        flow.port[SERVER] = vectors[i].server_port;
        cr_assert(address_parse(vectors[i].client, &flow.address[CLIENT]));
        cr_assert(address_parse(vectors[i].server, &flow.address[SERVER]));
        json_community(&flow, text);
        cr_expect_str_eq(text, vectors[i].id);
    }
}
