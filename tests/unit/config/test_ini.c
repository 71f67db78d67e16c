#include "config/ini.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static char seen[512];

static bool note(void *into, const struct ini_entry *e, struct failure *failure)
{
    (void)into;
    size_t used = strlen(seen);
    if (strcmp(e->key, "bad") == 0) {
        snprintf(failure->why, sizeof failure->why, "unknown key");
        return false;
    }
    snprintf(seen + used, sizeof seen - used, "[%s]%s=%s;", e->section, e->key, e->value);
    return true;
}

Test(ini, sections_keys_and_comments_are_told_apart)
{
    struct failure failure;
    seen[0] = '\0';

    cr_assert(ini_read("; a comment\n[one]\na = 1\n# another\n\n[two words]\nb = x y\n", "t.ini",
                       note, NULL, &failure));
    cr_assert_str_eq(seen, "[one]a=1;[two words]b=x y;");
}

Test(ini, a_refused_key_is_named_by_its_line)
{
    struct failure failure;
    seen[0] = '\0';

    cr_assert_not(ini_read("[one]\na = 1\nbad = 2\nc = 3\n", "t.ini", note, NULL, &failure));
    cr_assert_str_eq(failure.what, "t.ini:3");
    cr_assert_str_eq(failure.why, "unknown key");
    cr_assert_str_eq(seen, "[one]a=1;");
}

Test(ini, a_line_that_is_neither_section_nor_key_is_refused)
{
    struct failure failure;

    cr_assert_not(ini_read("[one]\nnonsense\n", "t.ini", note, NULL, &failure));
    cr_assert_str_eq(failure.what, "t.ini:2");
}

Test(ini, a_line_too_long_for_the_reader_is_refused_and_not_cut)
{
    struct failure failure;
    char text[300];
    memset(text, 'x', sizeof text);
    memcpy(text, "a = ", 4);
    text[299] = '\0';

    cr_assert_not(ini_read(text, "t.ini", note, NULL, &failure));
    cr_assert_str_eq(failure.what, "t.ini:1");
}

Test(ini, an_empty_text_is_fine)
{
    struct failure failure;

    cr_assert(ini_read("", "t.ini", note, NULL, &failure));
}

Test(ini, what_stands_there_twice_or_only_in_half_is_refused)
{
    static const struct {
        const char *text, *what, *why;
    } cases[] = {
        { "[one]\na = 1\n[two]\na = 1\n[one]\nb = 1\n", "t.ini:5",
          "the section [one] was there before" },
        { "[one]\na = 1\na = 2\n", "t.ini:3", "the key a was there before" },
        { "[one]\na = 1 ; remark\n", "t.ini:2",
          "a semicolon in a value; a comment has a line of its own" },
        { "[one]\na = 1\n  continued\n", "t.ini:3", "the key a was there before" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct failure failure;
        seen[0] = '\0';
        cr_expect_not(ini_read(cases[i].text, "t.ini", note, NULL, &failure));
        cr_expect_str_eq(failure.what, cases[i].what);
        cr_expect_str_eq(failure.why, cases[i].why);
    }
}

Test(ini, a_key_may_be_in_several_sections)
{
    struct failure failure;
    seen[0] = '\0';

    cr_assert(ini_read("[one]\na = 1\n[two]\na = 2\n", "t.ini", note, NULL, &failure));
    cr_assert_str_eq(seen, "[one]a=1;[two]a=2;");
}
