#include "options.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

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
    cr_assert_str_eq(failure.why, "\"all\" is not stages, ports or csv");
    cr_assert_not(parse("--format", "xml", "x", NULL));
    cr_assert_str_eq(failure.why, "\"xml\" is not text, jsonl, summary, markdown or csv");
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
    cr_assert_leq(lines, 48);
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
