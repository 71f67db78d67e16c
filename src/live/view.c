#include "live/view.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

void view_close(struct view *v)
{
    rows_close(&v->list);
    free(v->page);
    v->page = NULL;
}

/* ---- the rows ---- */

static bool is_selected(const struct view *v, size_t i)
{
    const struct rows_line *line = &v->list.line[i];
    return !line->heading && address_equal(&v->list.row[line->row].client, &v->client);
}

/* A line that is an endpoint, in this direction or else in the other one. */
static void select_near(struct view *v, size_t i, int step)
{
    size_t n = v->list.n_lines;

    if (!n)
        return;
    i = i < n ? i : n - 1;
    if (v->list.line[i].heading && step < 0 && i > 0)
        i--;
    if (v->list.line[i].heading) /* one has an endpoint beneath it */
        i++;
    v->selected = i;
    v->client = v->list.row[v->list.line[i].row].client;
}

static void find_selected(struct view *v)
{
    for (size_t i = 0; i < v->list.n_lines; i++)
        if (is_selected(v, i)) {
            v->selected = i;
            return;
        }
    select_near(v, v->selected, 1);
}

void view_reorder(struct view *v, const struct board *board)
{
    v->now_ns = v->facts.clock_ns;
    (void)rows_fill(&v->list, board, v->now_ns, &v->order);
    find_selected(v);
}

static void take_events(struct view *v, const struct board *board)
{
    const struct board_event *event;

    v->n_events = 0;
    for (size_t i = 0; (event = board_event(board, i)) != NULL; i++)
        if (!rows_is_muted(&v->order, &event->client, event->id))
            v->event[v->n_events++] = *event;
}

static void take_second(struct view *v)
{
    const struct view_facts *f = &v->facts;

    v->second[v->n_seconds++ % (VIEW_SECONDS + 1)] =
        (struct view_second){ .packets = f->packets,
                              .lost = f->kernel_dropped + f->interface_dropped };
}

void view_refresh(struct view *v, const struct board *board, const struct view_facts *facts)
{
    v->facts = *facts;
    take_second(v);
    if (v->frozen)
        return;
    board_sum(board, facts->clock_ns, &v->sums);
    take_events(v, board);
    view_reorder(v, board);
}

const struct board_row *view_selected(const struct view *v)
{
    if (v->selected >= v->list.n_lines || v->list.line[v->selected].heading)
        return NULL;
    return &v->list.row[v->list.line[v->selected].row];
}

/* ---- the capture ---- */

static const struct view_second *second_ago(const struct view *v, uint64_t n)
{
    return n < v->n_seconds ? &v->second[(v->n_seconds - 1 - n) % (VIEW_SECONDS + 1)] : NULL;
}

uint64_t view_lost(const struct view *v)
{
    uint64_t n = v->n_seconds <= VIEW_SECONDS ? v->n_seconds - 1 : VIEW_SECONDS;
    return v->n_seconds ? second_ago(v, 0)->lost - second_ago(v, n)->lost : 0;
}

uint64_t view_rate(const struct view *v)
{
    return v->n_seconds > 1 ? second_ago(v, 0)->packets - second_ago(v, 1)->packets : 0;
}

/* ---- keys ---- */

static size_t page_step(const struct view *v) { return v->shown > 1 ? v->shown - 1 : 1; }

/* Moves a position by a key; false when the key is none of those. */
static bool moves(const struct view *v, uint32_t key, size_t n, size_t *at)
{
    size_t page = page_step(v), last = n ? n - 1 : 0;

    switch (key) {
    case VIEW_UP:
    case 'k':
        *at -= *at > 0;
        return true;
    case VIEW_DOWN:
    case 'j':
        *at += *at < last;
        return true;
    case VIEW_PAGE_UP:
        *at = *at > page ? *at - page : 0;
        return true;
    case VIEW_PAGE_DOWN:
    case ' ':
        *at = *at + page < last ? *at + page : last;
        return true;
    case VIEW_FIRST:
        *at = 0;
        return true;
    case VIEW_LAST:
        *at = last;
        return true;
    default:
        return false;
    }
}

static const char help[] =
    "up down pgup pgdn home end   move; so do k, j and the space bar\n"
    "enter   the endpoint's latest failure: what was seen, what it means, what to\n"
    "        do, and the packets of that connection\n"
    "f       which endpoints: present, failing, not healthy, gone as well\n"
    "s       sort: failing, oldest check-in, address, latest failure\n"
    "g       group: by subnet, by finding, by server, not at all\n"
    "/       find a part of an address, a finding, a state; escape shows all again\n"
    "e       write the packets of that failure into a file now (--evidence)\n"
    "p       pause: the rows stand still, the capture goes on\n"
    "m       mute this failure of this endpoint, or not any more; so long as it runs\n"
    "x       what the finding of this endpoint means in general\n"
    "q       end the watch with the report; so does Ctrl-C\n"
    "\n"
    "ok DROP RST ...   of the newest decided attempt at that port\n"
    "4/5     it works now; so many of the newest attempts did\n"
    "--      no attempt yet; that is no failure\n"
    "?       an attempt of which nothing can be said, or not yet\n"
    "age     since the latest check-in that worked; never: none since this watch\n"
    "        began; a # for each third of the endpoint's own interval, and ! when\n"
    "        two check-ins are overdue\n"
    "every   that interval, learned from at least five check-ins\n"
    "\n"
    "failing    the newest decided attempt at some port failed\n"
    "stale      two of its own check-ins are overdue\n"
    "undecided  nothing can be said yet\n"
    "gone       silent for twelve of its own intervals; not counted any more\n";

/* This failure of this endpoint, or not any more. */
static enum view_wish mute(struct view *v)
{
    const struct board_row *row = view_selected(v);
    struct rows_order *o = &v->order;

    if (!row || row->state != BOARD_FAILING)
        return WISH_NOTHING;
    if (!rows_is_muted(o, &row->client, row->id)) {
        if (o->n_muted < ROWS_MUTED)
            o->muted[o->n_muted++] = (struct rows_mute){ row->client, row->id };
        return WISH_AGAIN;
    }
    for (size_t i = 0; i < o->n_muted; i++)
        if (o->muted[i].id == row->id && address_equal(&o->muted[i].client, &row->client))
            o->muted[i--] = o->muted[--o->n_muted];
    return WISH_AGAIN;
}

static enum view_wish list_key(struct view *v, uint32_t key)
{
    size_t at = v->selected;

    if (moves(v, key, v->list.n_lines, &at)) {
        select_near(v, at, at < v->selected ? -1 : 1);
        return WISH_NOTHING;
    }
    switch (key) {
    case VIEW_ENTER:
        return view_selected(v) ? WISH_DETAILS : WISH_NOTHING;
    case 'x':
        return view_selected(v) ? WISH_EXPLAIN : WISH_NOTHING;
    case 'e':
        return view_selected(v) ? WISH_EVIDENCE : WISH_NOTHING;
    case 'm':
        return mute(v);
    case 'f':
        v->order.filter = (v->order.filter + 1) % FILTERS;
        return WISH_AGAIN;
    case 's':
        v->order.sort = (v->order.sort + 1) % SORTS;
        return WISH_AGAIN;
    case 'g':
        v->order.group = (v->order.group + 1) % GROUPS;
        return WISH_AGAIN;
    case VIEW_ESCAPE:
        v->order.find[0] = '\0';
        return WISH_AGAIN;
    case '/':
        text_copy(v->before, sizeof v->before, v->order.find);
        v->mode = VIEW_FIND;
        return WISH_NOTHING;
    case 'p':
        v->frozen = !v->frozen;
        return WISH_NOTHING;
    case '?':
    case 'h':
        view_show(v, "help", help);
        return WISH_NOTHING;
    case 'q':
        return WISH_QUIT;
    default:
        return WISH_NOTHING;
    }
}

static enum view_wish find_key(struct view *v, uint32_t key)
{
    size_t n = strlen(v->order.find);

    if (key == VIEW_ENTER || key == VIEW_ESCAPE) {
        if (key == VIEW_ESCAPE)
            text_copy(v->order.find, sizeof v->order.find, v->before);
        v->mode = VIEW_LIST;
    } else if (key == VIEW_RUBOUT) {
        v->order.find[n ? n - 1 : 0] = '\0';
    } else if (key > ' ' && key < 0x7f && n + 1 < sizeof v->order.find) {
        v->order.find[n] = (char)key;
        v->order.find[n + 1] = '\0';
    } else {
        return WISH_NOTHING;
    }
    return WISH_AGAIN;
}

static enum view_wish page_key(struct view *v, uint32_t key)
{
    size_t n = v->page_lines > v->shown ? v->page_lines - v->shown + 1 : 1;

    if (moves(v, key, n, &v->page_top))
        return WISH_NOTHING;
    if (key == 'x' && strcmp(v->title, "help"))
        return WISH_EXPLAIN;
    if (key == VIEW_ESCAPE || key == VIEW_ENTER || key == VIEW_RUBOUT || key == 'q')
        v->mode = VIEW_LIST;
    return WISH_NOTHING;
}

enum view_wish view_key(struct view *v, uint32_t key)
{
    switch (v->mode) {
    case VIEW_FIND:
        return find_key(v, key);
    case VIEW_PAGE:
        return page_key(v, key);
    default:
        return list_key(v, key);
    }
}

void view_show(struct view *v, const char *title, const char *text)
{
    char *page = strdup(text);

    if (!page)
        return;
    free(v->page);
    v->page = page;
    v->page_lines = v->page_top = 0;
    for (const char *c = page; *c; c++)
        v->page_lines += *c == '\n';
    text_copy(v->title, sizeof v->title, title);
    v->mode = VIEW_PAGE;
}
