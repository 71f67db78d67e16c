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
