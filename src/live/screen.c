#include "live/screen.h"

#include "live/face.h"
#include "live/terminal.h"
#include "report/report.h"

#include <stdio.h>
#include <stdlib.h>

enum { KEYS_AT_ONCE = 64, PAGE_MARGINS = 2 };

static const int64_t second_ns = 1000000000;
static const int64_t between_ns = 40 * 1000000LL; /* two looks at the keyboard */

struct screen {
    struct screen_config config;
    struct view view;
    struct canvas canvas;
    int64_t opened_ns, next_ns, next_second_ns;
    bool left, dirty;
};

struct screen *screen_open(const struct screen_config *config, struct failure *failure)
{
    struct screen *s = calloc(1, sizeof *s);

    *failure = (struct failure){ .what = "memory", .why = "the machine has none left" };
    if (!s || !terminal_open(config->colour, failure)) {
        free(s);
        return NULL;
    }
    s->config = *config;
    s->canvas.ascii = config->ascii;
    s->view.interface = config->interface;
    s->view.filter = config->filter;
    s->view.profile = config->profile;
    s->view.utc = config->utc;
    return s;
}

void screen_leave(struct screen *s)
{
    if (s && !s->left)
        terminal_close();
    if (s)
        s->left = true;
}

void screen_close(struct screen *s)
{
    if (!s)
        return;
    screen_leave(s);
    view_close(&s->view);
    canvas_close(&s->canvas);
    free(s);
}

unsigned screen_columns(const struct screen *s)
{
    return s->canvas.columns > PAGE_MARGINS ? s->canvas.columns - PAGE_MARGINS : 0;
}

void screen_show(struct screen *s, const char *title, const char *text)
{
    view_show(&s->view, title, text);
    s->dirty = true;
}

const struct board_row *screen_selected(const struct screen *s) { return view_selected(&s->view); }

/* What the finding of the selected endpoint means. */
static void explain(struct screen *s)
{
    const struct board_row *row = view_selected(&s->view);
    struct failure failure;
    char *text = NULL;
    size_t n = 0;

    if (!row || row->id == F_NONE)
        return;
    FILE *out = open_memstream(&text, &n);
    if (!out)
        return;
    bool fine = report_explain(out, finding_of(row->id)->id, screen_columns(s), &failure);
    if (fclose(out) == 0 && fine)
        screen_show(s, finding_of(row->id)->id, text);
    free(text);
}

static enum view_wish take_keys(struct screen *s)
{
    uint32_t key = 0;

    for (int i = 0; i < KEYS_AT_ONCE && (key = terminal_key()) != 0; i++) {
        enum view_wish wish = view_key(&s->view, key);
        s->dirty = true;
        if (wish == WISH_AGAIN)
            view_reorder(&s->view, s->config.board);
        else if (wish == WISH_EXPLAIN)
            explain(s);
        else if (wish != WISH_NOTHING)
            return wish;
    }
    return terminal_is_gone() ? WISH_QUIT : WISH_NOTHING;
}

static void fit(struct screen *s)
{
    unsigned rows, columns;

    if (!terminal_is_stale())
        return;
    terminal_size(&rows, &columns);
    (void)canvas_resize(&s->canvas, rows, columns);
    s->dirty = true;
}

bool screen_is_due(const struct screen *s, int64_t now_ns) { return now_ns >= s->next_ns; }

enum view_wish screen_tick(struct screen *s, int64_t now_ns, const struct view_facts *facts)
{
    struct view_facts more = *facts;

    if (!s->opened_ns)
        s->opened_ns = now_ns;
    s->next_ns = now_ns + between_ns;
    more.up_ns = now_ns - s->opened_ns;
    fit(s);
    if (now_ns >= s->next_second_ns) {
        s->next_second_ns = now_ns + second_ns;
        view_refresh(&s->view, s->config.board, &more);
        s->dirty = true;
    }
    enum view_wish wish = take_keys(s);
    if (s->dirty && wish == WISH_NOTHING) {
        face_draw(&s->view, &s->canvas);
        terminal_paint(&s->canvas);
        s->dirty = false;
    }
    return wish;
}
