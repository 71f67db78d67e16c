#include "report/gather.h"

#include "base/text.h"

#include <string.h>

void gather_put(struct gathering *g, const char *s)
{
    struct text t = { .at = g->open, .size = sizeof g->open, .n = strlen(g->open) };

    text_add(&t, s);
}

static struct gathered *item_new(struct gathering *g)
{
    if (g->n == GATHER_ITEMS) {
        g->lost++;
        return NULL;
    }
    struct gathered *item = &g->item[g->n++];
    memset(item, 0, sizeof *item);
    return item;
}

/* Without the spaces that put it into its column. */
static const char *trimmed(char *s)
{
    size_t n = strlen(s);

    while (n && s[n - 1] == ' ')
        s[--n] = '\0';
    return s + strspn(s, " ");
}

void gather_label(struct gathering *g, const char *label)
{
    text_copy(g->label, sizeof g->label, label);
    g->open[0] = '\0';
}

void gather_field(struct gathering *g, const char *text, const char *tail)
{
    struct gathered *item = item_new(g);

    if (item) {
        text_copy(item->label, sizeof item->label, g->label);
        text_copy(item->lead, sizeof item->lead, trimmed(g->open));
        text_copy(item->text, sizeof item->text, text);
        text_copy(item->tail, sizeof item->tail, tail ? tail : "");
    }
    g->label[0] = g->open[0] = '\0';
}

void gather_end(struct gathering *g)
{
    struct gathered *item = g->open[0] ? item_new(g) : NULL;

    if (item) {
        item->line = true;
        text_copy(item->text, sizeof item->text, g->open);
    }
    g->open[0] = '\0';
}
