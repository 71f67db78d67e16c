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

/* False when there is nothing left of it. */
static bool write_failure(const struct details *d, const struct board_row *row, FILE *out,
                          unsigned width)
{
    struct flow *flow = row->port ? find_flow(d->flows, row) : NULL, kept;
    const struct lookup *lookup = row->port ? NULL : find_lookup(d->names, row);
    struct verdict verdict;

    if (lookup) {
        verdict_of_lookup(d->scene, lookup, &verdict);
        report_details(d->report, d->scene, &verdict, out, width);
    }
    if (!flow)
        return lookup;
    bool unfolded = flow_unfold(d->flows, flow, &kept);
    session_unseal(flow);
    verdict_of(d->scene, flow, &verdict);
    report_details(d->report, d->scene, &verdict, out, width);
    if (unfolded)
        flow_fold(d->flows, flow, &kept);
    return true;
}

static void write_details(const struct details *d, const struct board_row *row, FILE *out,
                          unsigned width)
{
    if (row->id == F_NONE) {
        fputs("No attempt of this endpoint failed since the watch began.\n", out);
        return;
    }
    if (row->state != BOARD_FAILING)
        fputs("It works now.  Its latest failure:\n\n", out);
    if (!write_failure(d, row, out, width))
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
