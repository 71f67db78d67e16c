#include "base/text.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static const char *shown(const char *bytes, size_t n)
{
    static char out[256];
    return text_printable(bytes, n, out, sizeof out);
}

Test(text, no_single_byte_reaches_the_terminal_as_a_control)
{
    for (int c = 0; c < 256; c++) {
        char byte = (char)c;
        const char *s = shown(&byte, 1);

        for (const char *p = s; *p; p++)
            cr_assert(*p >= 0x20 && *p < 0x7f, "byte %02x shows as %s", (unsigned)c, s);
    }
}

Test(text, escape_codes_are_spelled_out)
{
    cr_assert_str_eq(shown("a\033[2J", 5), "a\\u001b[2J");
    cr_assert_str_eq(shown("a\nb", 3), "a\\u000ab");
}

Test(text, bidirectional_and_zero_width_marks_are_spelled_out)
{
    cr_assert_str_eq(shown("\u202egpj", 6), "\\u202egpj");
    cr_assert_str_eq(shown("a\u200bb", 5), "a\\u200bb");
    cr_assert_str_eq(shown("\ufeff", 3), "\\ufeff");
    cr_assert_str_eq(shown("\xc2\x85", 2), "\\u0085");
}

Test(text, ordinary_utf8_passes)
{
    cr_assert_str_eq(shown("M\u00fcnchen \u65e5\u672c", 15), "M\u00fcnchen \u65e5\u672c");
}

Test(text, broken_utf8_is_shown_byte_by_byte)
{
    cr_assert_str_eq(shown("\xc3(", 2), "\\xc3(");
    cr_assert_str_eq(shown("\xc0\xaf", 2), "\\xc0\\xaf");          /* overlong */
    cr_assert_str_eq(shown("\xed\xa0\x80", 3), "\\xed\\xa0\\x80"); /* surrogate */
    cr_assert_str_eq(shown("\xf4\x90\x80\x80", 4), "\\xf4\\x90\\x80\\x80");
}

Test(text, a_full_buffer_is_cut_and_says_so)
{
    char buffer[8];
    struct text t = text_of(buffer, sizeof buffer);

    text_format(&t, "%s", "0123456789");

    cr_assert_str_eq(buffer, "0123456");
    cr_assert(t.cut);
    text_add(&t, "x");
    cr_assert_eq(t.n, 7);
}

Test(text, half_a_character_is_never_written)
{
    char out[4];

    text_printable("ab\u20ac", 5, out, sizeof out);

    cr_assert_str_eq(out, "ab");
}

Test(text, decimals_are_as_printf_has_them)
{
    const uint64_t values[] = { 0, 9, 10, 18446744073709551615u };
    for (int i = 0; i < 4; i++) {
        char ours[24] = { 0 }, theirs[24];
        text_decimal(ours, values[i]);
        (void)snprintf(theirs, sizeof theirs, "%llu", (unsigned long long)values[i]);
        cr_assert_str_eq(ours, theirs);
    }
}

Test(text, near_words_are_near)
{
    cr_assert_eq(text_distance("explain", "explian"), 1);
    cr_assert_eq(text_distance("silent_drop", "silentdrop"), 1);
    cr_assert_eq(text_distance("", "abc"), 3);
    cr_assert_gt(text_distance("dns", "tls.cert"), 4);
}

Test(text, an_output_of_ascii_alone_gets_no_octet_that_is_a_control_code_elsewhere)
{
    char out[64];
    struct text t = text_of(out, sizeof out);

    text_add_ascii(&t, "m\u00fcller \u06db \U0001f468 \x9b!"); /* U+06DB ends in CSI, 0x9b */

    cr_assert_str_eq(out, "m\\u00fcller \\u06db \\U0001f468 \\x9b!");
}

Test(text, an_ascii_form_that_does_not_fit_is_cut_and_said)
{
    char out[4];
    struct text t = text_of(out, sizeof out);

    text_add_ascii(&t, "\u00fc");

    cr_assert(t.cut);
    cr_assert_lt(strlen(out), sizeof out);
}
