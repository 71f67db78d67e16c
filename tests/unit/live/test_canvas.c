#include "live/canvas.h"

#include <criterion/criterion.h>
#include <locale.h>

static struct canvas canvas_of(unsigned rows, unsigned columns)
{
    struct canvas c = { 0 };

    setlocale(LC_CTYPE, "C.UTF-8");
    cr_assert(canvas_resize(&c, rows, columns));
    return c;
}

#define LINE(canvas, row, want)                                                \
    do {                                                                       \
        char line_[600];                                                       \
        cr_expect_str_eq(canvas_line(canvas, row, line_, sizeof line_), want); \
    } while (0)

Test(canvas, text_is_cut_at_the_edge_and_below_the_last_line)
{
    struct canvas c = canvas_of(2, 5);

    cr_expect_eq(canvas_put(&c, 0, 2, INK_PLAIN, "abcdef"), 5);
    canvas_put(&c, 2, 0, INK_PLAIN, "nowhere");
    LINE(&c, 0, "  abc");
    LINE(&c, 1, "");
    canvas_close(&c);
}

Test(canvas, a_wide_character_takes_two_cells_or_none)
{
    struct canvas c = canvas_of(1, 4);

    cr_expect_eq(canvas_put(&c, 0, 0, INK_PLAIN, "a\xe4\xb8\xad"), 3);
    LINE(&c, 0, "a\xe4\xb8\xad");
    cr_expect_eq(canvas_put(&c, 0, 3, INK_PLAIN, "\xe4\xb8\xad"), 3, "half of it is nothing");
    canvas_put(&c, 0, 2, INK_PLAIN, "b");
    LINE(&c, 0, "a b");
    canvas_close(&c);
}

Test(canvas, what_moves_no_cursor_or_another_one_becomes_a_question_mark)
{
    struct canvas c = canvas_of(1, 20);

    canvas_put(&c, 0, 0, INK_PLAIN,
               "a\x1b[2Jb\xcc\x81"
               "c\xe2\x80\x8b"
               "d\xff");
    LINE(&c, 0, "a?[2Jb?c?d?");
    canvas_close(&c);
}

Test(canvas, ascii_has_nothing_else)
{
    struct canvas c = canvas_of(2, 8);

    c.ascii = true;
    canvas_rule(&c, 0);
    canvas_put(&c, 1, 0, INK_PLAIN, "\xe2\x9c\x93 ok");
    LINE(&c, 0, "--------");
    LINE(&c, 1, "? ok");
    canvas_close(&c);
}

Test(canvas, what_stands_at_the_right_makes_room_for_what_is_there)
{
    struct canvas c = canvas_of(1, 10);

    canvas_right(&c, 0, 0, INK_PLAIN, "right");
    LINE(&c, 0, "     right");
    canvas_clear(&c);
    canvas_right(&c, 0, 6, INK_PLAIN, "right");
    LINE(&c, 0, "");
    canvas_close(&c);
}
