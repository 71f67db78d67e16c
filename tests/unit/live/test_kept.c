#include "live/kept.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static const int64_t second_ns = 1000000000;
static const int64_t begin_s = 1700000000;

static void note(struct board *b, const char *client, enum outcome outcome, int64_t at_s,
                 uint64_t frame)
{
    struct board_deed d = { .port = 8013,
                            .outcome = outcome,
                            .id = outcome == OUTCOME_FAILED ? F_TCP_SYN_SILENT_DROP
                                                            : F_OK_TLS_ESTABLISHED,
                            .token = TOKEN_DROP,
                            .checkin = outcome == OUTCOME_OK,
                            .frame = frame,
                            .first_ns = (begin_s + at_s) * second_ns,
                            .last_ns = (begin_s + at_s) * second_ns };

    address_parse(client, &d.client);
    address_parse("10.0.0.10", &d.server);
    board_note(b, &d);
}

/* One that checked in every minute and fails since; one that is healthy. */
static struct board *a_board(void)
{
    struct board *b = board_open();

    for (int i = 0; i < 6; i++) {
        note(b, "10.20.40.17", OUTCOME_OK, i * 60, (uint64_t)i + 1);
        note(b, "2001:db8::17", OUTCOME_OK, i * 60, (uint64_t)i + 100);
    }
    note(b, "10.20.40.17", OUTCOME_FAILED, 360, 200);
    return b;
}

static char *written(const struct board *b, int64_t at_s)
{
    static struct writer w;
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);

    writer_open(&w, out);
    kept_write(&w, b, NULL, (begin_s + at_s) * second_ns);
    writer_flush(&w);
    fclose(out);
    return text;
}

static bool reads(const char *text, struct board *b, int64_t at_s, struct failure *failure)
{
    FILE *in = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
    bool fine = kept_read(in, "state.json", (begin_s + at_s) * second_ns, b, NULL, failure);

    fclose(in);
    return fine;
}

static bool is_damaged(const char *text, const char *why)
{
    struct failure failure;
    struct board *b = board_open();
    bool fine = !reads(text, b, 400, &failure) && strstr(failure.why, why);

    board_close(b);
    return fine;
}

/* The text with one part of it replaced by another. */
static char *with(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    size_t size = strlen(text) + strlen(to) + 1;
    char *out = malloc(size);

    cr_assert_not_null(at);
    snprintf(out, size, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    return out;
}

Test(kept, a_restart_forgets_nobody)
{
    struct failure failure;
    struct board *before = a_board(), *after = board_open();
    struct board_sums sums;
    struct board_row row;
    char *text = written(before, 365);

    cr_assert(reads(text, after, 375, &failure), "%s", failure.why);
    board_sum(after, (begin_s + 376) * second_ns, &sums);
    cr_expect_eq(sums.endpoints, 2);
    cr_expect_eq(sums.failing, 1);
    cr_expect_eq(sums.healthy, 1);
    board_row(after, 0, (begin_s + 376) * second_ns, &row);
    cr_expect_eq(row.interval_ns, 60 * second_ns);
    cr_expect_eq(row.checkin_ns, (begin_s + 300) * second_ns);
    cr_expect_eq(row.id, F_TCP_SYN_SILENT_DROP);
    char *again = written(after, 365);
    cr_expect_str_eq(again, text);
    free(again);
    free(text);
    board_close(before);
    board_close(after);
}

Test(kept, a_restart_repeats_nothing_and_still_tells_the_end)
{
    struct failure failure;
    struct board *before = a_board(), *after = board_open();
    char *text = written(before, 365);
    struct board_deed d = { .port = 8013,
                            .outcome = OUTCOME_FAILED,
                            .id = F_TCP_SYN_SILENT_DROP,
                            .frame = 1,
                            .first_ns = (begin_s + 400) * second_ns };

    address_parse("10.20.40.17", &d.client);
    address_parse("10.0.0.10", &d.server);
    cr_assert(reads(text, after, 375, &failure));
    cr_expect_eq(board_note(after, &d).change, BOARD_SAME);
    d.outcome = OUTCOME_OK;
    d.frame = 2;
    struct board_news news = board_note(after, &d);
    cr_expect_eq(news.change, BOARD_RECOVERED);
    cr_expect_eq(news.since_ns, (begin_s + 360) * second_ns);
    free(text);
    board_close(before);
    board_close(after);
}

Test(kept, time_that_nobody_watched_misses_no_checkin)
{
    struct failure failure;
    struct board *before = a_board(), *after = board_open();
    struct board_sums sums;
    struct board_row row;
    char *text = written(before, 365);

    cr_assert(reads(text, after, 5000, &failure));
    board_sum(after, (begin_s + 5060) * second_ns, &sums);
    cr_expect_eq(sums.stale, 0);
    cr_expect_eq(sums.gone, 0);
    board_row(after, 1, (begin_s + 5060) * second_ns, &row);
    cr_expect_eq(row.silent_ns, (begin_s + 5000) * second_ns);
    board_sum(after, (begin_s + 5200) * second_ns, &sums);
    cr_expect_eq(sums.stale, 1, "two were missed since then");
    free(text);
    board_close(before);
    board_close(after);
}

Test(kept, who_was_gone_stays_gone)
{
    struct failure failure;
    struct board *before = a_board(), *after = board_open();
    struct board_sums sums;
    char *text = written(before, 20000);

    cr_assert(reads(text, after, 20001, &failure));
    board_sum(after, (begin_s + 20002) * second_ns, &sums);
    cr_expect_eq(sums.gone, 2);
    free(text);
    board_close(before);
    board_close(after);
}

Test(kept, attempts_of_a_flood_are_not_kept)
{
    struct board *b = board_open();

    note(b, "192.0.2.1", OUTCOME_FAILED, 1, 1);
    char *text = written(b, 2);
    cr_expect_null(strstr(text, "192.0.2.1"));
    free(text);
    board_close(b);
}

Test(kept, a_clock_that_was_set_back_forgets_the_future)
{
    struct failure failure;
    struct board *before = a_board(), *after = board_open();
    struct board_row row;
    char *text = written(before, 365);

    cr_assert(reads(text, after, 100, &failure));
    board_row(after, 1, (begin_s + 101) * second_ns, &row);
    cr_expect_eq(row.checkin_ns, (begin_s + 60) * second_ns);
    free(text);
    board_close(before);
    board_close(after);
}

Test(kept, what_was_not_written_so_is_damaged)
{
    struct board *b = a_board();
    char *text = written(b, 365);
    const struct {
        const char *from, *to, *why;
    } damages[] = {
        { "\"version\":1", "\"version\":2", "line 1 was written by another version" },
        { "\"shakeout\":\"state\"", "\"shakeout\":\"x\"", "line 1 is no state" },
        { "{\"end\":2}\n", "", "is the last one, and not the end" },
        { "{\"end\":2}\n", "{\"end\":2}", "is cut off" },
        { "{\"end\":2}\n", "{\"end\":3}\n", "counts other lines" },
        { "{\"end\":2}\n", "{\"end\":2}\n{}\n", "comes behind the end" },
        { "\"port\":8013", "\"port\":80130", "line 2 holds a value" },
        { "\"port\":8013", "\"port\":8013,\"port\":1", "line 2 is no JSON" },
        { "\"port\":8013", "\"porter\":8013", "line 2 holds a value" },
        { "\"missed\":false", "\"missed\":0", "line 2 is no line of such" },
        { "10.20.40.17", "10.20.40.017", "line 2 holds a value" },
        { "2001:db8::17", "10.20.40.17", "names an endpoint that was there" },
        { "\"of\":5", "\"of\":9", "line 2 holds a value" },
        { "\"token\":\"DROP\"", "\"token\":\"DROPPED\"", "line 2 holds a value" },
        { "\"checkins_ns\":[", "\"checkins_ns\":[1800000000000000000,", "line 2 holds a value" },
        { "\"checkins_ns\":[", "\"checkins_ns\":[9000000000000000000,", "line 2 holds a value" },
    };

    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        char *bad = with(text, damages[i].from, damages[i].to);
        cr_expect(is_damaged(bad, damages[i].why), "%s: %s", damages[i].to, damages[i].why);
        free(bad);
    }
    cr_expect(is_damaged("", "is not there"));
    cr_expect(is_damaged("\n", "is no JSON"));
    free(text);
    board_close(b);
}

Test(kept, a_finding_of_another_version_is_forgotten)
{
    struct failure failure;
    struct board *before = a_board(), *after = board_open();
    struct board_sums sums;
    char *text = written(before, 365);
    char *other = with(text, "\"id\":\"tcp.syn.silent_drop\"", "\"id\":\"tcp.syn.of_yore\"");

    cr_assert(reads(other, after, 375, &failure), "%s", failure.why);
    board_sum(after, (begin_s + 376) * second_ns, &sums);
    cr_expect_eq(sums.failing, 0);
    cr_expect_eq(sums.n_causes, 0);
    free(other);
    free(text);
    board_close(before);
    board_close(after);
}
