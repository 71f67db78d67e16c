/* What can be pasted: complete, for every platform, and only what it seems to be. */
#include "report/commands.h"
#include "story.h"

#include <stdlib.h>

static struct story s;
static struct session session;
static struct group group;
static struct lookup lookup;
static struct talk talk;
static struct command out[COMMANDS_MAX];

static const char *const hostile = "a'; $(touch /tmp/x) `id` \"&|\\ .example";

/* A connection and a question of which everything is known. */
static struct facts known(enum finding_id id, const char *name)
{
    story_silent_drop(&s);
    snprintf(lookup.name, sizeof lookup.name, "%s", name);
    address_parse("10.0.0.2", &lookup.server);
    talk = (struct talk){ .target = "ems.corp.example", .target_port = 8013 };
    session = (struct session){ .server_name = name, .protocol = "" };
    session.talk = finding_in_family(id, "proxy") ? &talk : NULL;
    s.flow.session = &session;
    s.verdict.name_lookup = &lookup;
    s.verdict.resolver = lookup.server;
    group = (struct group){ .id = id,
                            .client = s.flow.address[CLIENT],
                            .server = s.flow.address[SERVER],
                            .port = s.flow.port[SERVER],
                            .n_endpoints = 1,
                            .n_members = 1,
                            .example = &s.verdict };
    return (struct facts){ .group = &group, .verdict = &s.verdict };
}

static const char *find(size_t n, enum platform on, const char *part)
{
    for (size_t i = 0; i < n; i++)
        if (out[i].on == on && strstr(out[i].text, part))
            return out[i].text;
    return NULL;
}

Test(commands, every_failure_has_some_for_each_platform)
{
    for (int id = F_NONE + 1; id < FINDINGS; id++) {
        const struct finding *f = finding_of((enum finding_id)id);
        struct facts facts = known((enum finding_id)id, "ems.corp.example");
        size_t n = commands_of(&facts, out), on[PLATFORMS] = { 0 };

        if (f->severity != SEVERITY_ERROR && f->severity != SEVERITY_WARNING)
            continue;
        cr_assert_lt(n, COMMANDS_MAX, "%s", f->id);
        for (size_t i = 0; i < n; i++) {
            on[out[i].on]++;
            cr_assert_null(strpbrk(out[i].text, "{}"), "%s: %s", f->id, out[i].text);
        }
        for (int p = 0; p < PLATFORMS; p++)
            cr_assert(on[p], "%s has nothing for %s", f->id, platform_name((enum platform)p));
    }
}

Test(commands, where_nothing_is_told_it_is_said_how_to_capture)
{
    for (int id = F_NONE + 1; id < FINDINGS; id++) {
        const struct finding *f = finding_of((enum finding_id)id);
        struct facts facts = known((enum finding_id)id, "ems.corp.example");
        if (f->severity != SEVERITY_QUALITY)
            continue;
        size_t n = commands_of(&facts, out);
        cr_assert_not_null(find(n, ON_FORTIGATE, "diagnose sniffer packet any 'host 10."), "%s",
                           f->id);
        cr_assert_not_null(find(n, ON_WINDOWS, "pktmon etl2pcap"), "%s", f->id);
        cr_assert_not_null(find(n, ON_LINUX, "tcpdump -i any -s 0"), "%s", f->id);
    }
}

Test(commands, the_addresses_of_the_case_are_filled_in)
{
    struct facts facts = known(F_TCP_SYN_SILENT_DROP, "ems.corp.example");
    size_t n = commands_of(&facts, out);

    cr_assert_not_null(
        find(n, ON_WINDOWS, "Test-NetConnection -ComputerName 10.0.0.10 -Port 8013"));
    cr_assert_not_null(find(n, ON_FORTIGATE, "diagnose debug flow filter addr 10.20.40.17\n"));
    cr_assert_not_null(find(n, ON_WIRESHARK,
                            "ip.addr == 10.20.40.17 && ip.addr == 10.0.0.10 && tcp.port == 8013"));
}

Test(commands, ipv6_has_its_own_words)
{
    struct facts facts = known(F_TLS_HANDSHAKE_FAILURE, "ems.corp.example");
    address_parse("2001:db8::10", &group.server);
    address_parse("2001:db8:40::17", &group.client);
    size_t n = commands_of(&facts, out);

    cr_assert_not_null(find(n, ON_FORTIGATE, "diagnose sys session6 filter dst 2001:db8::10\n"));
    cr_assert_not_null(find(
        n, ON_LINUX, "openssl s_client -connect [2001:db8::10]:8013 -servername ems.corp.example"));
    cr_assert_not_null(find(n, ON_WIRESHARK, "ipv6.addr == 2001:db8::10"));
}

/* A shell that is given the word says it again, and does nothing else. */
Test(commands, a_hostile_name_is_one_word_of_the_shell)
{
    struct facts facts = known(F_TLS_HANDSHAKE_FAILURE, hostile);
    size_t n = commands_of(&facts, out);
    const char *line = find(n, ON_LINUX, "-showcerts");
    char command[COMMAND_TEXT + 32], heard[256] = "";

    cr_assert_not_null(line);
    const char *word = strstr(line, "-servername ") + 12;
    snprintf(command, sizeof command, "printf %%s %.*s", (int)(strstr(word, " -showcerts") - word),
             word);
    FILE *shell = popen(command, "r");
    cr_assert_not_null(shell);
    cr_assert_not_null(fgets(heard, sizeof heard, shell));
    cr_assert_eq(pclose(shell), 0);
    cr_assert_str_eq(heard, hostile);
}

Test(commands, in_wireshark_it_is_a_string_and_in_powershell_it_is_left_out)
{
    struct facts facts = known(F_DNS_NXDOMAIN, "a'b\"c");
    size_t n = commands_of(&facts, out);

    cr_assert_null(find(n, ON_WINDOWS, "a'"));
    cr_assert_not_null(find(n, ON_WIRESHARK, "dns.qry.name == \"a'b\\\"c\""));
}

Test(commands, a_name_that_would_be_an_option_is_left_out)
{
    struct facts facts = known(F_TLS_HANDSHAKE_FAILURE, "-engine");
    size_t n = commands_of(&facts, out);

    cr_assert_not_null(find(n, ON_LINUX, "openssl s_client -connect 10.0.0.10:8013 -showcerts"));
    cr_assert_null(find(n, ON_LINUX, "engine"));
    cr_assert_null(find(n, ON_WINDOWS, "engine"));
}

Test(commands, hidden_names_stay_hidden)
{
    struct facts facts = known(F_TLS_HANDSHAKE_FAILURE, "ems.corp.example");
    facts.names_hidden = true;
    size_t n = commands_of(&facts, out);

    for (int p = 0; p < PLATFORMS; p++)
        cr_assert_null(find(n, (enum platform)p, "corp"));
    cr_assert_not_null(find(n, ON_LINUX, "openssl s_client -connect 10.0.0.10:8013 -showcerts"));
}

Test(commands, what_fails_in_a_tunnel_is_asked_through_the_proxy)
{
    struct facts facts = known(F_TLS_CERT_REJECTED_BY_CLIENT_UNKNOWN_CA, "ems.corp.example");
    session.talk = &talk;
    group.port = 3128;
    size_t n = commands_of(&facts, out);

    cr_assert(find(n, ON_LINUX,
                   "openssl s_client -proxy 10.0.0.10:3128 -connect ems.corp.example:8013 "
                   "-servername ems.corp.example -showcerts"));
    cr_assert_null(find(n, ON_WINDOWS, "curl.exe"));
}
