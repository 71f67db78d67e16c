#include "story.h"

static const struct report_config piped = { .ascii = true, .utc = true, .width = 80 };

/* The n-th line, from 1, into a static buffer. */
static const char *line_of(const struct told *told, unsigned n)
{
    static char line[512];
    const char *p = told->text;
    while (--n && p)
        p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL;
    snprintf(line, sizeof line, "%.*s", p ? (int)strcspn(p, "\n") : 0, p ? p : "");
    return line;
}

static bool says(const struct told *told, const char *words)
{
    return strstr(told->text, words) != NULL;
}

Test(text, a_failure_is_named_on_line_one_and_ends_with_code_1)
{
    struct story s;
    story_silent_drop(&s);

    struct told told = story_tell_one(piped, &s);

    cr_assert_eq(told.code, 1);
    cr_assert_str_eq(line_of(&told, 1),
                     "FAIL 1 FAILURE   10.20.40.17 gets no answer from EMS on port 8013");
    free(told.text);
}

Test(text, the_line_of_the_id_ends_at_the_right_edge)
{
    struct story s;
    story_silent_drop(&s);

    struct told told = story_tell_one(piped, &s);

    cr_assert_str_eq(line_of(&told, 3), "FAIL Connection attempts get no answer");
    cr_assert_str_eq(line_of(&told, 4), "  [tcp.syn.silent_drop]                                "
                                        "   certain   act: unknown");
    cr_assert_eq(strlen(line_of(&told, 4)), 80);
    free(told.text);
}

Test(text, every_evidence_frame_has_a_row_with_its_offset)
{
    struct story s;
    story_silent_drop(&s);

    struct told told = story_tell_one(piped, &s);

    cr_assert(says(&told, "#412  2026-11-19T13:02:11.508Z    0.000  SYN\n"));
    cr_assert(says(&told, "#566  2026-11-19T13:02:18.552Z  + 7.044  SYN again, the last\n"));
    cr_assert(says(&told, "  Packets   frame.number in {412, 431, 478, 566}\n"));
    free(told.text);
}

Test(text, a_terminal_shows_times_without_the_date)
{
    struct story s;
    struct report_config config = piped;
    config.terminal = true;
    story_silent_drop(&s);

    struct told told = story_tell_one(config, &s);

    cr_assert(says(&told, "#412  13:02:11.508    0.000  SYN\n"));
    free(told.text);
}

Test(text, a_healthy_capture_ends_with_code_0)
{
    struct story s;
    story_healthy(&s);

    struct told told = story_tell_one(piped, &s);

    cr_assert_eq(told.code, 0);
    cr_assert_str_eq(line_of(&told, 1),
                     "OK HEALTHY   1 of 1 endpoint reached EMS on every port it tried");
    cr_assert(says(&told, "  10.20.40.17     ok     "));
    free(told.text);
}

Test(text, nothing_judged_is_no_verdict_and_code_3)
{
    struct story s;
    const struct raised nothing = { .id = F_CAPTURE_NOTHING_RELEVANT,
                                    .severity = SEVERITY_QUALITY,
                                    .fact = CERTAIN,
                                    .owner = OWNER_CAPTURE };
    story_begin(&s);

    struct told told = story_tell(piped, &s.scene, NULL, 0, &nothing, 1);

    cr_assert_eq(told.code, 3);
    cr_assert_eq(strncmp(told.text, "? NO VERDICT   ", 15), 0);
    cr_assert(says(&told, "[capture.nothing_relevant]"));
    free(told.text);
}

Test(text, a_damaged_file_without_failures_is_partial_and_code_3)
{
    struct story s;
    const struct raised damage = { .id = F_CAPTURE_DAMAGED,
                                   .severity = SEVERITY_QUALITY,
                                   .fact = CERTAIN,
                                   .owner = OWNER_CAPTURE };
    const struct verdict *verdicts[] = { &s.verdict };
    story_healthy(&s);
    s.scene.damaged = true;
    strcpy(s.scene.damage, "block at byte 12582904 claims 1612 bytes, the file has 8 left");

    struct told told = story_tell(piped, &s.scene, verdicts, 1, &damage, 1);

    cr_assert_eq(told.code, 3);
    cr_assert_eq(strncmp(told.text, "WARN PARTIAL   the file breaks off after packet 18402", 53),
                 0);
    cr_assert(says(&told, "OK up to the break: 1 of 1 endpoint reached"));
    free(told.text);
}

Test(text, a_failure_before_the_damage_wins)
{
    struct story s;
    const struct raised damage = { .id = F_CAPTURE_DAMAGED, .severity = SEVERITY_QUALITY };
    const struct verdict *verdicts[] = { &s.verdict };
    story_silent_drop(&s);
    s.scene.damaged = true;

    struct told told = story_tell(piped, &s.scene, verdicts, 1, &damage, 1);

    cr_assert_eq(told.code, 1);
    cr_assert_eq(strncmp(told.text, "FAIL 1 FAILURE", 14), 0);
    cr_assert(says(&told, "[capture.damaged]"));
    free(told.text);
}

Test(text, a_short_capture_does_not_change_the_exit_code)
{
    struct story s;
    const struct raised brief = { .id = F_CAPTURE_TOO_SHORT, .severity = SEVERITY_QUALITY };
    const struct verdict *verdicts[] = { &s.verdict };
    struct report_config wordy = piped;
    wordy.verbose = 1;
    story_healthy(&s);

    struct told told = story_tell(wordy, &s.scene, verdicts, 1, &brief, 1);

    cr_assert_eq(told.code, 0);
    cr_assert(says(&told, "[capture.too_short]"));
    free(told.text);
}

Test(text, a_short_capture_is_no_remark_beside_a_verdict)
{
    struct story s;
    const struct raised brief = { .id = F_CAPTURE_TOO_SHORT, .severity = SEVERITY_QUALITY };
    const struct verdict *verdicts[] = { &s.verdict };
    story_healthy(&s);

    struct told told = story_tell(piped, &s.scene, verdicts, 1, &brief, 1);

    cr_assert_not(says(&told, "capture.too_short"));
    free(told.text);
}

Test(text, a_warning_fails_only_when_asked_to)
{
    struct story s;
    struct report_config strict = piped;
    strict.fail_on_warning = true;
    story_healthy(&s);
    s.verdict.n_also = 1;
    s.verdict.also[0] = (struct raised){ .id = F_TLS_CERT_EXPIRES_SOON,
                                         .severity = SEVERITY_WARNING,
                                         .fact = CERTAIN,
                                         .owner = OWNER_SERVER };

    struct told lenient = story_tell_one(piped, &s), told = story_tell_one(strict, &s);

    cr_assert_eq(lenient.code, 0);
    cr_assert(says(&lenient, "WARN The server certificate expires soon"));
    cr_assert_eq(told.code, 1);
    free(lenient.text);
    free(told.text);
}

Test(text, exit_zero_hides_failures_from_scripts_but_not_from_the_report)
{
    struct story s;
    struct report_config config = piped;
    config.exit_zero = true;
    story_silent_drop(&s);

    struct told told = story_tell_one(config, &s);

    cr_assert_eq(told.code, 0);
    cr_assert_eq(strncmp(told.text, "FAIL 1 FAILURE", 14), 0);
    free(told.text);
}

Test(text, quiet_prints_line_one_and_very_quiet_nothing)
{
    struct story s;
    struct report_config once = piped, twice = piped;
    once.quiet = 1;
    twice.quiet = 2;
    story_silent_drop(&s);

    struct told told = story_tell_one(once, &s), silent = story_tell_one(twice, &s);

    cr_assert_str_eq(told.text,
                     "FAIL 1 FAILURE   10.20.40.17 gets no answer from EMS on port 8013\n");
    cr_assert_eq(silent.size, 0);
    cr_assert_eq(silent.code, 1);
    free(told.text);
    free(silent.text);
}

Test(text, colour_changes_the_paint_and_not_the_words)
{
    struct story s;
    struct report_config painted = piped;
    painted.colour = true;
    story_silent_drop(&s);

    struct told plain = story_tell_one(piped, &s), colour = story_tell_one(painted, &s);

    char *out = colour.text;
    for (const char *p = colour.text; *p; p++) {
        if (*p == '\033')
            p = strchr(p, 'm');
        else
            *out++ = *p;
    }
    *out = '\0';
    cr_assert_str_eq(colour.text, plain.text);
    free(plain.text);
    free(colour.text);
}

Test(text, a_pipe_never_sees_more_than_ascii)
{
    struct story s;
    struct report_config config = piped;
    config.verbose = 2;
    story_silent_drop(&s);

    struct told told = story_tell_one(config, &s);

    for (size_t i = 0; i < told.size; i++)
        cr_assert((unsigned char)told.text[i] < 0x80);
    cr_assert(
        says(&told, "   412  13:02:11.508    0.000  |-- SYN -------------------- ?       |\n"));
    cr_assert(
        says(&told, "        13:17:11.508  900.000  | no answer until the capture ends   |\n"));
    free(told.text);
}

Test(text, attempts_of_one_endpoint_form_one_group)
{
    struct story one, two;
    story_silent_drop(&one);
    story_silent_drop(&two);
    two.flow.port[CLIENT] = 51545;
    const struct verdict *verdicts[] = { &one.verdict, &two.verdict };

    struct told told = story_tell(piped, &one.scene, verdicts, 2, NULL, 0);

    cr_assert(says(&told, "FAIL 1 FAILURE"));
    cr_assert(says(&told, "  10.20.40.17 -> 10.0.0.10:8013     2 attempts, both failed\n"));
    cr_assert(says(&told, "second attempt: #412 #431 #478 #566"));
    free(told.text);
}

Test(text, many_failing_endpoints_are_counted_on_line_one)
{
    struct story one, two, three;
    story_silent_drop(&one);
    story_silent_drop(&two);
    story_healthy(&three);
    address_parse("10.20.40.18", &two.flow.address[CLIENT]);
    address_parse("10.20.41.2", &three.flow.address[CLIENT]);
    const struct verdict *verdicts[] = { &one.verdict, &two.verdict, &three.verdict };

    struct told told = story_tell(piped, &one.scene, verdicts, 3, NULL, 0);

    cr_assert_str_eq(line_of(&told, 1), "FAIL 2 of 3 endpoints cannot work with EMS     1 healthy");
    cr_assert(says(&told, "2 endpoints in 10.20.40.0/24 -> 10.0.0.10:8013"));
    free(told.text);
}

Test(text, a_server_that_is_no_ems_is_not_called_one)
{
    struct story s;
    story_silent_drop(&s);
    s.scene.scope = SCOPE_ALL;
    s.flow.port[SERVER] = 4711;

    struct told told = story_tell_one(piped, &s);

    cr_assert_str_eq(line_of(&told, 1),
                     "FAIL 1 FAILURE   10.20.40.17 gets no answer from the server on port 4711");
    free(told.text);
}

Test(text, an_example_is_pinned)
{
    struct story s;
    story_silent_drop(&s);

    struct told told = story_tell_one(piped, &s);

    cr_assert(s.flow.flags & FLOW_PINNED);
    free(told.text);
}

Test(text, what_tls_13_hides_is_named_and_nothing_that_it_does_not_hide)
{
    static const uint64_t frames[] = { 6, 8, 12 };
    struct tls tls = { .server_hello = { .present = true, .version = 0x0304 } };
    struct session session = { .protocol = "tls", .server_name = "", .tls = &tls };
    struct story s;
    story_begin(&s);
    s.flow.session = &session;
    story_raise(&s, F_TLS_HRR_LOOP_OR_FAIL, frames, 3);
    s.verdict.failed_stage = STAGE_TLS;

    struct told told = story_tell_one(piped, &s);
    cr_assert(says(&told, "Not seen"));
    free(told.text);

    tls.retry = tls.server_hello; /* a retry is in clear, and so is what answers it */
    tls.server_hello.present = false;
    told = story_tell_one(piped, &s);
    cr_assert_not(says(&told, "Not seen"));
    free(told.text);
}
