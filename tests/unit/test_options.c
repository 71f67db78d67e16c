#include "base/text.h"
#include "options.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct options options;
static struct failure failure;

/* Parses the words up to NULL. */
static bool parse(const char *first, ...)
{
    char *argv[32] = { (char *)"shakeout" };
    int argc = 1;
    va_list args;
    va_start(args, first);
    for (const char *word = first; word; word = va_arg(args, const char *))
        argv[argc++] = (char *)(uintptr_t)word;
    va_end(args);
    return options_parse(argc, argv, &options, &failure);
}

Test(options, a_file_name_is_the_command)
{
    cr_assert(parse("a.pcap", "-r", "b.pcap", NULL));
    cr_assert_eq(options.verb, VERB_ANALYSE);
    cr_assert_eq(options.n_inputs, 2);
    cr_assert(options.report.several_inputs);
    cr_assert_eq(options.scope, SCOPE_EMS);
}

Test(options, a_dash_is_standard_input)
{
    cr_assert(parse("-", NULL));
    cr_assert_str_eq(options.input[0], "-");
}

Test(options, an_interface_is_watched)
{
    cr_assert(parse("-ieth0", "-p", "-s", "96", NULL));
    cr_assert_eq(options.verb, VERB_WATCH);
    cr_assert_str_eq(options.interface, "eth0");
    cr_assert_not(options.capture.promiscuous);
    cr_assert_eq(options.capture.snap_length, 96);
}

Test(options, several_interfaces_are_one_watch)
{
    cr_assert(parse("-i", "eth0,eth1", "-i", "eth2", NULL));
    cr_assert_str_eq(options.interface, "eth0,eth1,eth2");
    cr_assert_eq(options.n_devices, 3);
    cr_assert_str_eq(options.device[0], "eth0");
    cr_assert_str_eq(options.device[2], "eth2");
    cr_assert_not(parse("-i", "eth0", "-i", "eth0", NULL));
    cr_assert_not(parse("-i", "eth0,,eth1", NULL));
    cr_assert_not(parse("-i", "any,eth1", NULL));
    cr_assert_not(parse("-i", "a,b,c,d,e,f,g,h,i", NULL));
    cr_assert_not(parse("-i", "", NULL));
}

Test(options, values_come_with_equals_or_as_the_next_word)
{
    cr_assert(parse("--format=jsonl", "--scope", "all", "--max-memory", "2G", "x", NULL));
    cr_assert_eq(options.report.format, REPORT_JSONL);
    cr_assert_eq(options.scope, SCOPE_ALL);
    cr_assert_eq(options.max_memory, (size_t)2 << 30);
}

Test(options, letters_can_be_joined_and_repeated)
{
    cr_assert(parse("-vvn", "-c5", "x", "-q", NULL));
    cr_assert_eq(options.report.verbose, 2);
    cr_assert_eq(options.report.quiet, 1);
    cr_assert(options.report.names_hidden);
    cr_assert_eq(options.capture.max_frames, 5);
}

Test(options, two_dashes_end_the_options)
{
    cr_assert(parse("--", "-v", NULL));
    cr_assert_eq(options.n_inputs, 1);
    cr_assert_eq(options.report.verbose, 0);
}

Test(options, a_bundle_is_a_place_or_a_word)
{
    cr_assert(parse("--ca-bundle", "system", "x", NULL));
    cr_assert_str_eq(options.ca_bundle, "system");
}

Test(options, long_options_are_never_abbreviated)
{
    cr_assert_not(parse("--form", "jsonl", "x", NULL));
    cr_assert_str_eq(failure.what, "--form");
    cr_assert_str_eq(failure.why, "unknown option");
}

Test(options, a_slip_is_answered_with_the_nearest_option)
{
    cr_assert_not(parse("--explian", "x", NULL));
    cr_assert_not_null(strstr(failure.remedy, "did you mean --explain?"));
}

Test(options, the_kind_of_the_matrix_may_be_left_out_and_never_takes_the_file)
{
    cr_assert(parse("--matrix", "x", NULL));
    cr_assert_eq(options.report.format, REPORT_STAGES);
    cr_assert_eq(options.n_inputs, 1);
    cr_assert(parse("--matrix=ports", "x", NULL));
    cr_assert_eq(options.report.format, REPORT_PORTS);
    cr_assert(parse("--matrix=csv", "x", NULL));
    cr_assert_eq(options.report.format, REPORT_STAGES_CSV);
}

Test(options, a_missing_or_wrong_value_is_refused)
{
    cr_assert_not(parse("x", "-c", NULL));
    cr_assert_not(parse("-c", "many", "x", NULL));
    cr_assert_not(parse("-c", "0", "x", NULL));
    cr_assert_not(parse("--matrix=all", "x", NULL));
    cr_assert_str_eq(failure.why, "\"all\" is not stages, ports, dense or csv");
    cr_assert_not(parse("--format", "xml", "x", NULL));
    cr_assert_str_eq(failure.why, "\"xml\" is not text, jsonl, summary, markdown, csv or lines");
    cr_assert_not(parse("--max-memory", "0", "x", NULL));
    cr_assert_not(parse("--max-memory", "99999999999G", "x", NULL));
    cr_assert_not(parse("--utc=yes", "x", NULL));
}

Test(options, hostile_arguments_are_made_printable)
{
    cr_assert_not(parse("--\033[2J", NULL));
    cr_assert_null(strchr(failure.what, '\033'));
    cr_assert_not(parse("--width", "\033[2J", "x", NULL));
    cr_assert_null(strchr(failure.why, '\033'));
}

Test(options, display_filters_are_refused_with_a_hint)
{
    cr_assert_not(parse("-Y", "tcp.port==8013", "x", NULL));
    cr_assert_str_eq(failure.what, "-Y");
    cr_assert_not_null(strstr(failure.remedy, "-f"));
}

Test(options, a_filter_in_place_of_files_is_recognised)
{
    cr_assert_not(parse("tcp", "port", "8013", NULL));
    cr_assert_not_null(strstr(failure.remedy, "-f 'tcp port 8013'"));
    cr_assert_not(parse("host 10.0.0.10 and port 443", NULL));
    cr_assert_not_null(strstr(failure.remedy, "-f"));
}

Test(options, verbs_of_later_versions_say_so)
{
    cr_assert_not(parse("diff", "x.pcap", NULL));
    cr_assert_str_eq(failure.why, "this verb is not in this version");
}

Test(options, explain_is_a_verb_and_an_option)
{
    cr_assert(parse("explain", "tcp.syn", NULL));
    cr_assert_eq(options.verb, VERB_EXPLAIN);
    cr_assert_str_eq(options.explain, "tcp.syn");
    cr_assert(parse("explain", NULL));
    cr_assert_null(options.explain);
    cr_assert(parse("--explain", "tcp.syn", NULL));
    cr_assert_str_eq(options.explain, "tcp.syn");
    cr_assert_not(parse("explain", "a", "b", NULL));
}

Test(options, files_and_an_interface_do_not_go_together)
{
    cr_assert_not(parse("-i", "lo", "x.pcap", NULL));
    cr_assert_not(parse(NULL));
}

Test(options, a_folder_for_certificates_is_of_no_use_to_redact_and_bundle)
{
    cr_assert(parse("--certs", "d", "x", NULL));
    cr_assert_str_eq(options.report.certs, "d");
    cr_assert_not(parse("redact", "x", "-w", "y", "--certs", "d", NULL));
    cr_assert_not(parse("bundle", "x", "--certs", "d", NULL));
}

Test(options, ems_and_ports_reach_the_profile)
{
    cr_assert(parse("--ports", "443", "--ems", "ems.example", "x", NULL));
    cr_assert_eq(options.profile.n_ems_names, 1);
    cr_assert_null(profile_service(&options.profile, 8013));
}

Test(options, no_color_is_obeyed_and_the_option_wins)
{
    setenv("FORCE_COLOR", "1", 1);
    cr_assert(parse("x", NULL));
    cr_assert(options.report.colour);
    setenv("NO_COLOR", "1", 1);
    cr_assert(parse("x", NULL));
    cr_assert_not(options.report.colour);
    cr_assert(parse("--color=always", "x", NULL));
    cr_assert(options.report.colour);
    cr_assert(parse("--color=always", "--format=jsonl", "x", NULL));
    cr_assert_not(options.report.colour);
}

Test(options, help_names_every_option_on_one_screen)
{
    char *text = NULL;
    size_t size, lines = 0;
    FILE *out = open_memstream(&text, &size);
    options_help(out, false);
    fclose(out);

#define OPTION(name, letter, word, argument, group, help) \
    cr_expect_not_null(strstr(text, word[0] ? "--" word : help));
#include "options.def"
#undef OPTION
    size_t column = 0;
    for (const char *p = text; *p; p++) {
        column = *p == '\n' ? 0 : column + 1;
        lines += *p == '\n';
        cr_expect_leq(column, 80);
    }
    cr_assert_leq(lines, 51);
    free(text);
}

Test(options, a_demo_is_a_built_in_capture)
{
    cr_assert(parse("--demo", "tcp.syn.silent_drop", NULL));
    cr_assert_eq(options.verb, VERB_ANALYSE);
    cr_assert_eq(options.n_inputs, 1);
    cr_assert_str_eq(options.demo->id, "tcp.syn.silent_drop");
    cr_assert_gt(options.demo->n, 24);
}

Test(options, a_demo_of_a_family_is_one_of_its_findings)
{
    cr_assert(parse("--demo", "tcp.syn", NULL));
    cr_assert_not_null(strstr(options.demo->id, "tcp.syn."));
}

Test(options, what_has_no_demo_is_said)
{
    cr_assert_not(parse("--demo", "tcp.sy", NULL));
    cr_assert_not(parse("--demo", "", NULL));
}

Test(options, an_export_is_a_kind_and_a_path)
{
    cr_assert(parse("--export", "zeek=logs", "a.pcap", NULL));
    cr_assert_eq(options.n_exports, 1);
    cr_assert_str_eq(options.export[0], "zeek=logs");
    cr_assert_not(parse("--export", "zeek=", "a.pcap", NULL));
    cr_assert_not(parse("--export", "logs", "a.pcap", NULL));
}

/* ---- configuration ---- */

static char config_path[64];

static const char *config(const char *text)
{
    snprintf(config_path, sizeof config_path, "/tmp/shakeout-options-XXXXXX");
    int fd = mkstemp(config_path);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    return config_path;
}

static bool configured(const char *text)
{
    bool fine = parse("--config", config(text), "a.pcap", NULL);
    unlink(config_path);
    return fine;
}

Test(options, a_configuration_stands_for_options_and_the_command_line_is_stronger)
{
    const char *path = config("[shakeout]\nscope = all\nmemory = 64M\n[display]\ntime = utc\n"
                              "fail_on = warning\n[tls]\nca_bundle = system\n"
                              "[checkin]\ninterval = 5m\n");

    cr_assert(parse("--scope", "ems", "--config", path, "a.pcap", NULL), "%s", failure.why);
    cr_expect_eq(options.scope, SCOPE_EMS);
    cr_expect_eq(options.max_memory, 64 << 20);
    cr_expect(options.report.utc);
    cr_expect(options.report.fail_on_warning);
    cr_expect_str_eq(options.ca_bundle, "system");
    cr_expect_eq(options.profile.interval_s, 300);
    unlink(config_path);
}

Test(options, of_several_configurations_the_later_is_stronger)
{
    char first[64];
    config("[checkin]\ninterval = 60s\nmissed = 3\n");
    snprintf(first, sizeof first, "%s", config_path);
    config("[checkin]\ninterval = auto\n");

    cr_assert(parse("--config", first, "--config", config_path, "a.pcap", NULL));
    cr_expect_eq(options.profile.interval_s, 0);
    cr_expect_eq(options.profile.missed, 3);
    unlink(first);
    unlink(config_path);
}

Test(options, servers_of_a_configuration_have_roles)
{
    struct address primary, second, other;

    cr_assert(configured("[ems primary]\nname = EMS.corp.example\naddresses = 10.0.0.10, "
                         "2001:db8::10\nrole = primary\n"
                         "[ems second]\naddresses = 10.0.0.11\nrole = backup\n"));
    cr_assert(address_parse("2001:db8::10", &primary) && address_parse("10.0.0.11", &second) &&
              address_parse("10.0.0.12", &other));
    cr_expect_eq(profile_role(&options.profile, &primary, NULL), EMS_PRIMARY);
    cr_expect_eq(profile_role(&options.profile, NULL, "ems.corp.example."), EMS_PRIMARY);
    cr_expect_eq(profile_role(&options.profile, &second, NULL), EMS_BACKUP);
    cr_expect_eq(profile_role(&options.profile, &other, "ems3.corp.example"), EMS_UNKNOWN);
    cr_expect(profile_is_ems_address(&options.profile, &second));
}

Test(options, a_port_of_the_profile_is_changed_by_what_differs)
{
    cr_assert(configured("[port 8013]\nexpect = always\n[port 7013]\nlabel = moved\n"));
    const struct service *known = profile_service(&options.profile, 8013);
    const struct service *moved = profile_service(&options.profile, 7013);
    cr_assert(known && moved);
    cr_expect_eq(known->expect, EXPECT_ALWAYS);
    cr_expect(known->checkin);
    cr_expect_str_eq(moved->label, "moved");
}

Test(options, mistakes_of_a_configuration_name_line_and_near_match)
{
    static const struct {
        const char *text;
        int line;
        const char *why, *remedy;
    } cases[] = {
        { "[tls]\nca_bundel = /x\n", 2, "unknown key \"ca_bundel\" in [tls]",
          "did you mean ca_bundle?" },
        { "[dispaly]\ncolor = auto\n", 2, "unknown section [dispaly]", "did you mean [display]?" },
        { "[prot 8013]\nexpect = never\n", 2, "unknown section [prot 8013]",
          "did you mean [port NUMBER]?" },
        { "color = auto\n", 1, "a key before the first [section]", "" },
        { "[display]\n\ncolor = blue\n", 3, "color: \"blue\" is not auto, always or never", "" },
        { "[display]\ntime = mars\n", 2, "time: neither utc nor local", "" },
        { "[tls]\nexpires_soon = 30\n", 2, "expires_soon is a time such as 30d, not \"30\"", "" },
        { "[tls]\nkeylog = keys.txt\n", 2, "keylog: a path in a configuration begins with /", "" },
        { "[checkin]\nmissed = 0\n", 2, "missed does not know \"0\"",
          "one of: 1, 2, 3, 4, 5, 6, 7, 8, 9" },
        { "[ems a]\naddresses = 10.0.0.300\n", 2, "addresses: \"10.0.0.300\" is no address", "" },
        { "[ems a]\nname = 10.0.0.3\n", 2, "name: \"10.0.0.3\" is no host name", "" },
        { "[ems a]\nrole = third\n", 2, "role does not know \"third\"", "one of: primary, backup" },
        { "[port 8013]\nexpects = never\n", 2, "unknown key \"expects\" in [port 8013]",
          "did you mean expect?" },
        { "[port 70000]\nexpect = never\n", 2,
          "expect: [port 70000] does not name a port from 1 to 65535", "" },
        { "[alret x]\nsend = none\n", 2, "unknown section [alret x]",
          "did you mean [alert NAME]?" },
        { "[alert x]\nsend = mail\n", 2, "send does not know \"mail\"",
          "one of: none, journal, jsonl, syslog" },
        { "[alert x]\n\nsend = none\n", 3, "[alert x] does not say when", "" },
        { "[alert many-at-once]\nreplaces = x\n", 2,
          "[alert many-at-once] replaces \"x\", which is no other alert", "" },
        { "[shakeout]\nschema = 2\n", 2, "this program reads schema 1", "" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char place[80];
        cr_expect_not(configured(cases[i].text), "case %zu", i);
        snprintf(place, sizeof place, "%s:%d", config_path, cases[i].line);
        cr_expect_str_eq(failure.what, place);
        cr_expect(strstr(failure.why, cases[i].why), "case %zu: %s", i, failure.why);
        cr_expect_str_eq(failure.remedy, cases[i].remedy, "case %zu: %s", i, failure.remedy);
    }
}

Test(options, a_configuration_that_cannot_be_read_is_named)
{
    cr_assert_not(parse("--config", "/nonexistent/shakeout.ini", "a.pcap", NULL));
    cr_assert_str_eq(failure.what, "/nonexistent/shakeout.ini");
    cr_assert_not(parse("--profile", "/nonexistent/own.ini", "a.pcap", NULL));
    cr_assert_str_eq(failure.what, "/nonexistent/own.ini");
}

Test(options, a_configured_level_redacts_what_is_written_and_nothing_else)
{
    cr_assert(configured("[redaction]\nlevel = light\n"));
    cr_expect_eq(options.redaction, REDACT_NONE);
    const char *path = config("[redaction]\nlevel = light\n");
    cr_assert(parse("--config", path, "-w", "out.pcapng", "a.pcap", NULL));
    cr_expect_eq(options.redaction, REDACT_LIGHT);
    cr_assert(parse("--config", path, "-w", "out.pcapng", "--redact", "none", "a.pcap", NULL));
    cr_expect_eq(options.redaction, REDACT_NONE);
    unlink(config_path);
}

Test(options, the_usual_file_is_read_unless_it_is_refused)
{
    char folder[] = "/tmp/shakeout-xdg-XXXXXX", path[128];
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/shakeout", folder);
    cr_assert_eq(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/shakeout/shakeout.ini", folder);
    FILE *out = fopen(path, "w");
    cr_assert_not_null(out);
    fputs("[shakeout]\nscope = all\n", out);
    fclose(out);
    setenv("XDG_CONFIG_HOME", folder, 1);

    cr_assert(parse("a.pcap", NULL));
    cr_expect_eq(options.scope, SCOPE_ALL);
    cr_assert(parse("--no-config", "a.pcap", NULL));
    cr_expect_eq(options.scope, SCOPE_EMS);
    unlink(path);
}

Test(options, the_verb_config_has_jobs)
{
    cr_assert(parse("config", NULL));
    cr_expect_eq(options.verb, VERB_CONFIG);
    cr_expect_eq(options.config_job, CONFIG_SHOW);
    cr_assert(parse("config", "--template", NULL));
    cr_expect_eq(options.config_job, CONFIG_TEMPLATE);
    cr_assert(parse("config", "--suggest", "a.pcap", NULL));
    cr_expect_eq(options.verb, VERB_ANALYSE);
    cr_expect_eq(options.report.format, REPORT_SUGGEST);
    cr_assert_not(parse("--template", "a.pcap", NULL));
    cr_assert_not(parse("config", "a.pcap", NULL));
}

Test(options, a_dissector_that_is_not_there_is_named_with_those_that_are)
{
    char place[80];

    cr_assert_not(configured("[port 7389]\ntls = upgrade\ndissector = ldaps\n"));
    snprintf(place, sizeof place, "%s:3", config_path);
    cr_expect_str_eq(failure.what, place);
    cr_expect_str_eq(failure.why, "there is no dissector \"ldaps\" for port 7389");
    cr_expect(strstr(failure.remedy, "ldap, "), "%s", failure.remedy);
}

Test(options, the_built_in_values_written_down_change_nothing)
{
    static struct options plain;
    char text[4096];
    struct text t = text_of(text, sizeof text);
    const char *section = "";
    size_t n;
    const struct setting_row *row = setting_rows(&n);

    for (size_t i = 0; i < n; i++) {
        if (strcmp(section, row[i].section))
            text_format(&t, "[%s]\n", row[i].section);
        section = row[i].section;
        text_format(&t, "%s = %s\n", row[i].key, row[i].value);
    }
    const char *path = config(text);
    cr_assert(parse("-w", "out.pcapng", "a.pcap", NULL));
    plain = options;
    cr_assert(parse("--config", path, "-w", "out.pcapng", "a.pcap", NULL), "%s", failure.why);
    unlink(config_path);

    cr_expect_eq(options.redaction, plain.redaction);
    cr_expect_eq(options.max_memory, plain.max_memory);
    cr_expect_eq(options.scope, plain.scope);
    cr_expect_eq(options.ca_bundle, plain.ca_bundle);
    cr_expect_eq(options.keylog, plain.keylog);
    cr_expect_eq(options.report.utc, plain.report.utc);
    cr_expect_eq(options.report.colour, plain.report.colour);
    cr_expect_eq(options.report.ascii, plain.report.ascii);
    cr_expect_eq(options.report.fail_on_warning, plain.report.fail_on_warning);
    cr_expect_eq(options.profile.interval_s, plain.profile.interval_s);
    cr_expect_eq(options.profile.missed, plain.profile.missed);
    cr_expect_eq(options.profile.expires_soon_s, plain.profile.expires_soon_s);
}
