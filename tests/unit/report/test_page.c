#include "report/page.h"
#include "report/writer.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct writer writer;

static const char *field(unsigned width, const char *text, const char *tail)
{
    struct page p = { .writer = &writer, .ascii = true, .width = width };
    writer_open(&writer, stdout);
    page_field(&p, "Seen", PAGE_FIELD, text, tail);
    writer.at[writer.n] = '\0';
    return writer.at;
}

Test(page, text_wraps_at_the_width_and_hangs_under_itself)
{
    cr_assert_str_eq(field(30, "one two three four five six", NULL),
                     "  Seen      one two three four\n            five six\n");
}

Test(page, a_word_longer_than_the_line_is_never_broken)
{
    cr_assert_str_eq(field(20, "a 2001:db8:1234:5678::1 b", NULL),
                     "  Seen      a\n            2001:db8:1234:5678::1\n            b\n");
}

Test(page, several_spaces_stay)
{
    cr_assert_str_eq(field(60, "file.pcap   09:02   18402 packets", NULL),
                     "  Seen      file.pcap   09:02   18402 packets\n");
}

Test(page, the_tail_ends_at_the_right_edge_or_on_a_line_of_its_own)
{
    cr_assert_str_eq(field(40, "a filter", "possible"),
                     "  Seen      a filter            possible\n");
    cr_assert_str_eq(field(30, "a filter on it", "possible"),
                     "  Seen      a filter on it\n                      possible\n");
}

Test(page, further_lines_are_commands_and_go_on_after_a_backslash)
{
    cr_assert_str_eq(field(40, "look:\nnetstat -ano | findstr :8013", NULL),
                     "  Seen      look:\n"
                     "              netstat -ano | findstr \\\n"
                     "                :8013\n");
}

Test(writer, a_line_that_does_not_fit_is_dropped_and_counted)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    writer_open(&writer, out);

    writer_put(&writer, "first");
    writer_end_line(&writer);
    for (int i = 0; i < 7000; i++)
        writer_put(&writer, "0123456789");
    writer_end_line(&writer);
    writer_put(&writer, "last");
    writer_end_line(&writer);
    writer_flush(&writer);
    fclose(out);

    cr_assert_str_eq(text, "first\nlast\n");
    cr_assert_eq(writer.dropped, 1);
    free(text);
}

Test(writer, an_unfinished_line_stays_behind)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    writer_open(&writer, out);

    writer_put(&writer, "whole\nhalf");
    writer.line = 6;
    writer_flush(&writer);
    fclose(out);

    cr_assert_str_eq(text, "whole\n");
    cr_assert_eq(writer.n, 4);
    free(text);
}
