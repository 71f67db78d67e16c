#include "details.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The attempt of that row; NULL when it is not kept any more. */
static struct flow *find_flow(struct flows *flows, const struct board_row *row)
{
    uint32_t cursor = 0;
    struct flow *flow;

    while ((flow = flows_next(flows, &cursor)) != NULL)
        if (flow->first_frame == row->frame && flow->port[SERVER] == row->port &&
            flow_is_tcp(flow) && address_equal(&flow->address[CLIENT], &row->client) &&
            address_equal(&flow->address[SERVER], &row->server))
            return flow;
    return NULL;
}

static const struct lookup *find_lookup(struct names *names, const struct board_row *row)
{
    for (size_t i = names_lookups(names); i-- > 0;) {
        const struct lookup *l = names_lookup(names, i);
        if (l->frames[0] == row->frame && address_equal(&l->client, &row->client))
            return l;
    }
    return NULL;
}

typedef void use_verdict(const struct details *d, const struct verdict *verdict, void *into);

/* Judges the latest failure again; false when there is nothing left of it. */
static bool judge_failure(const struct details *d, const struct board_row *row, use_verdict *use,
                          void *into)
{
    struct flow *flow = row->port ? find_flow(d->flows, row) : NULL, kept;
    const struct lookup *lookup = row->port ? NULL : find_lookup(d->names, row);
    struct verdict verdict;

    if (lookup) {
        verdict_of_lookup(d->scene, lookup, &verdict);
        use(d, &verdict, into);
    }
    if (!flow)
        return lookup;
    bool unfolded = flow_unfold(d->flows, flow, &kept);
    session_unseal(flow);
    verdict_of(d->scene, flow, &verdict);
    use(d, &verdict, into);
    if (unfolded)
        flow_fold(d->flows, flow, &kept);
    return true;
}

struct page_of {
    FILE *out;
    unsigned width;
};

static void write_verdict(const struct details *d, const struct verdict *verdict, void *into)
{
    const struct page_of *page = into;
    report_details(d->report, d->scene, verdict, page->out, page->width);
}

static void write_details(const struct details *d, const struct board_row *row, FILE *out,
                          unsigned width)
{
    struct page_of page = { out, width };

    if (row->id == F_NONE) {
        fputs("No attempt of this endpoint failed since the watch began.\n", out);
        return;
    }
    if (row->state != BOARD_FAILING)
        fputs("It works now.  Its latest failure:\n\n", out);
    if (!judge_failure(d, row, write_verdict, &page))
        fprintf(out,
                "%s  [%s]\n\nThe packets of that connection are not kept any more; x explains the "
                "finding.\n",
                finding_of(row->id)->title, finding_of(row->id)->id);
}

void details_show(const struct details *d, struct screen *screen)
{
    const struct board_row *row = screen_selected(screen);
    char title[160], client[ADDRESS_TEXT], server[ADDRESS_TEXT], *text = NULL;
    size_t n = 0;
    FILE *out = row ? open_memstream(&text, &n) : NULL;

    if (!out)
        return;
    write_details(d, row, out, screen_columns(screen));
    if (row->id == F_NONE)
        snprintf(title, sizeof title, "%s", address_text(&row->client, client));
    else
        snprintf(title, sizeof title, "%s -> %s", address_text(&row->client, client),
                 address_text(&row->server, server));
    if (fclose(out) == 0)
        screen_show(screen, title, text);
    free(text);
}

struct kept_at {
    bool kept;
    char path[512];
};

static void keep_verdict(const struct details *d, const struct verdict *verdict, void *into)
{
    struct kept_at *at = into;
    at->kept = recorder_write(d->recorder, d->scene, verdict, at->path, sizeof at->path);
}

void details_keep(const struct details *d, struct screen *screen)
{
    const struct board_row *row = screen_selected(screen);
    struct kept_at at = { .kept = false };
    char text[700];

    if (!row)
        return;
    if (row->id != F_NONE && d->recorder)
        judge_failure(d, row, keep_verdict, &at);
    if (at.kept)
        snprintf(text, sizeof text, "The packets of this failure are written to\n\n%s\n", at.path);
    else if (row->id == F_NONE)
        snprintf(text, sizeof text, "No attempt of this endpoint failed since the watch began.\n");
    else if (!d->recorder)
        snprintf(text, sizeof text, "This watch keeps no packets: it runs without --evidence.\n");
    else
        snprintf(text, sizeof text, "The packets of this failure are not in memory any more.\n");
    screen_show(screen, "evidence", text);
}
