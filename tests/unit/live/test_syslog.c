#include "live/syslog.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct alert_rule rule = { .name = "endpoint-down",
                                        .phrase = "endpoint failing for 2 checkins",
                                        .when = ALERT_FAILING };
static const struct syslog_writer who = { .host = "span-host", .process = 17 };

static struct alert an_alert(void)
{
    struct alert a = { .change = ALERT_BEGINS,
                       .rule = &rule,
                       .of_endpoint = true,
                       .port = 8013,
                       .id = F_TCP_SYN_SILENT_DROP,
                       .since_ns = INT64_C(1795093331508000000),
                       .time_ns = INT64_C(1795093391508123456),
                       .text = "10.20.40.17 fails on 8013" };

    address_parse("10.20.40.17", &a.client);
    address_parse("10.0.0.10", &a.server);
    return a;
}

static const char *message(const struct alert *a, enum output_form form)
{
    static char text[SYSLOG_TEXT];
    struct text t = text_of(text, sizeof text);
    struct output_syslog config = { .form = form, .facility = 3 };

    syslog_text(&config, &who, a, &t);
    return text;
}

Test(syslog, a_message_of_rfc_5424)
{
    struct alert a = an_alert();

    cr_expect_str_eq(message(&a, OUTPUT_RFC5424),
                     "<27>1 2026-11-19T13:03:11.508123Z span-host shakeout 17 endpoint-down "
                     "[shakeout@32473 change=\"begins\" finding=\"tcp.syn.silent_drop\" "
                     "client=\"10.20.40.17\" server=\"10.0.0.10\" port=\"8013\"] "
                     "10.20.40.17 fails on 8013");
    a.change = ALERT_ENDS;
    cr_expect(strncmp(message(&a, OUTPUT_RFC5424), "<29>1 ", 6) == 0);
    a.change = ALERT_RESTLESS;
    cr_expect(strncmp(message(&a, OUTPUT_RFC5424), "<28>1 ", 6) == 0);
}

Test(syslog, a_message_of_cef)
{
    struct alert a = an_alert();

    cr_expect_str_eq(message(&a, OUTPUT_CEF),
                     "<27>1 2026-11-19T13:03:11.508123Z span-host shakeout 17 endpoint-down - "
                     "CEF:0|shakeout|shakeout|" SHAKEOUT_VERSION
                     "|tcp.syn.silent_drop|Connection attempts get no answer|7|rt=1795093391508 "
                     "start=1795093331508 src=10.20.40.17 dst=10.0.0.10 dpt=8013 proto=TCP "
                     "outcome=failure cs1Label=rule cs1=endpoint-down cs2Label=change cs2=begins "
                     "msg=10.20.40.17 fails on 8013");
    address_parse("2001:db8::17", &a.client);
    cr_expect(strstr(message(&a, OUTPUT_CEF), " c6a2Label=source c6a2=2001:db8::17 "));
}

Test(syslog, a_file_of_evidence_is_named_in_either_form)
{
    struct alert a = an_alert();

    a.change = ALERT_FILED;
    snprintf(a.evidence, sizeof a.evidence, "%s",
             "20261119T130211Z-tcp.syn.silent_drop-10.20.40.17+2.pcapng");
    cr_expect(strncmp(message(&a, OUTPUT_RFC5424), "<29>1 ", 6) == 0, "it is no second alarm");
    cr_expect(strstr(message(&a, OUTPUT_RFC5424),
                     "[shakeout@32473 change=\"filed\" finding=\"tcp.syn.silent_drop\" "
                     "client=\"10.20.40.17\" server=\"10.0.0.10\" port=\"8013\" evidence="
                     "\"20261119T130211Z-tcp.syn.silent_drop-10.20.40.17+2.pcapng\"] "));
    cr_expect(strstr(message(&a, OUTPUT_CEF),
                     " cs2Label=change cs2=filed cs3Label=evidence "
                     "cs3=20261119T130211Z-tcp.syn.silent_drop-10.20.40.17+2.pcapng msg="));
}

Test(syslog, what_would_end_a_value_is_escaped)
{
    char text[100];
    static const char hostile[] = "a\"b\\c]d|e=f\ng\rh";
    struct text t = text_of(text, sizeof text);

    syslog_quote(&t, hostile);
    cr_expect_str_eq(text, "\"a\\\"b\\\\c\\]d|e=f\\ng\\rh\"");
    t = text_of(text, sizeof text);
    syslog_cef_head(&t, hostile);
    cr_expect_str_eq(text, "a\"b\\\\c]d\\|e=f\\ng\\rh");
    t = text_of(text, sizeof text);
    syslog_cef_value(&t, hostile);
    cr_expect_str_eq(text, "a\"b\\\\c]d|e\\=f\\ng\\rh");
}

Test(syslog, the_longest_message_fits)
{
    struct alert a = an_alert();

    address_parse("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", &a.client);
    address_parse("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", &a.server);
    memset(a.text, '=', sizeof a.text - 1);
    cr_expect(strlen(message(&a, OUTPUT_RFC5424)) < SYSLOG_TEXT - 1);
    cr_expect(strlen(message(&a, OUTPUT_CEF)) < SYSLOG_TEXT - 1);
}
