/* proof.c - what of a verdict belongs into a capture of its evidence, and the words beside it. */
#include "report/proof.h"

#include "base/text.h"
#include "report/inside.h"
#include "verdict/catalogue.h"

#include <stdio.h>
#include <stdlib.h>

enum { LOOKUPS_SEARCHED = 4096 };

static void key_of(const struct flow *flow, struct kept *kept)
{
    for (int side = 0; side < SIDES; side++) {
        kept->key.address[side] = flow->address[side];
        kept->key.port[side] = flow->port[side];
    }
    kept->key.ip_protocol = flow->protocol;
    kept->first = flow->first_frame;
    kept->last = flow->last_frame;
    kept->packets = flow->half[CLIENT].packets + flow->half[SERVER].packets;
}

/* What happened in this frame, in the words of the report; false when it is of no row: it belongs
 * to another conversation. */
static bool row_words(const struct rows *rows, uint64_t frame, struct text *t)
{
    for (size_t i = 0; rows && i < rows->n; i++) {
        const struct row *row = &rows->row[i];
        if (row->frame != frame)
            continue;
        text_format(t, " %s: %s%s",
                    row->icmp             ? "on the way"
                    : row->from == CLIENT ? "client"
                                          : "server",
                    row->text, row->unanswered ? ", no answer seen" : "");
        return true;
    }
    return false;
}

/* The bounds of a capture that is merely short say nothing in themselves, but they stay. */
static bool is_worth_words(const struct raised *raised)
{
    return raised->id != F_CAPTURE_TOO_SHORT;
}

static void note_frames(struct kept *kept, const struct raised *raised, const struct rows *rows)
{
    char words[PLAN_NOTE_TEXT];

    for (uint8_t i = 0; i < raised->n_frames; i++) {
        struct text t = text_of(words, sizeof words);
        text_format(&t, "[%s] %u/%u", finding_of(raised->id)->id, i + 1U, raised->n_frames);
        bool own = row_words(rows, raised->frames[i], &t);
        kept_note(kept, raised->frames[i], is_worth_words(raised) ? words : NULL, !own);
    }
}

static void note_lookup(struct kept *kept, const struct lookup *lookup)
{
    for (size_t i = 0; i < LOOKUP_FRAMES; i++)
        kept_note_name(kept, lookup->frames[i], "[DNS] ", lookup->name, lookup->tcp);
    kept_note_name(kept, lookup->reply_frame, "[DNS] ", lookup->name, false);
    kept_note_name(kept, lookup->icmp_frame, "[DNS] ", lookup->name, false);
}

static void note_checks(struct kept *kept, const struct verdict *v)
{
    char words[PLAN_NOTE_TEXT];
    struct text t = text_of(words, sizeof words);

    text_format(&t, "[%s] seen here, and so another explanation is ruled out",
                finding_of(v->primary.id)->id);
    for (uint8_t i = 0; i < v->n_checks; i++)
        kept_note(kept, v->checks[i].frame, words, true);
}

static bool is_fine(const struct raised *primary)
{
    return outcome_of(primary) == OUTCOME_OK && primary->severity < SEVERITY_WARNING;
}

void proof_of_connection(const struct verdict *v, struct kept *kept)
{
    struct rows *rows = malloc(sizeof *rows);

    if (rows)
        rows_of(v, rows);
    key_of(v->flow, kept);
    note_frames(kept, &v->primary, rows);
    if (v->name_lookup)
        note_lookup(kept, v->name_lookup);
    note_checks(kept, v);
    free(rows);
}

static void keep_failing(struct report *r, const struct verdict *v)
{
    struct plan_group group = { .server = v->flow->address[SERVER],
                                .port = v->flow->port[SERVER],
                                .id = (uint16_t)v->primary.id };
    struct kept *kept = plan_failing(r->config.plan, &group);

    if (kept)
        proof_of_connection(v, kept);
}

bool proof_is_worth(const struct verdict *v)
{
    return is_fine(&v->primary) && !flow_is_midstream(v->flow) && v->flow->state >= TCP_OPEN;
}

void proof_of_working(const struct flow *flow, struct kept *kept)
{
    char words[PLAN_NOTE_TEXT];

    key_of(flow, kept);
    snprintf(words, sizeof words, "[GOOD] this connection to port %u worked", flow->port[SERVER]);
    kept_note(kept, flow->first_frame, words, false);
}

static void keep_working(struct report *r, const struct flow *flow)
{
    struct kept *kept;

    if (flow_is_midstream(flow) || flow->state < TCP_OPEN)
        return;
    kept = plan_working(r->config.plan, &flow->address[SERVER], flow->port[SERVER],
                        flow->half[CLIENT].packets + flow->half[SERVER].packets);
    if (kept)
        proof_of_working(flow, kept);
}

void proof_connection(struct report *r, const struct scene *scene, const struct verdict *v)
{
    const struct address *server = &v->flow->address[SERVER];

    if (is_fine(&v->primary))
        keep_working(r, v->flow);
    else
        keep_failing(r, v);
    if (!r->config.names_hidden)
        plan_name(r->config.plan, server, names_of(scene->names, server));
}

/* That the resolver answers at all is what a silence is held against. */
static void note_answered(struct kept *kept, const struct scene *scene, const struct lookup *failed)
{
    size_t n = names_lookups(scene->names);

    for (size_t i = 0; i < n && i < LOOKUPS_SEARCHED; i++) {
        const struct lookup *l = names_lookup(scene->names, i);
        if (!l->answered || l == failed || !address_equal(&l->server, &failed->server) ||
            !address_equal(&l->client, &failed->client))
            continue;
        kept_note(kept, l->frames[0], "[GOOD] the resolver answers this question", false);
        kept_note(kept, l->reply_frame, "[GOOD] the answer", false);
        return;
    }
}

void proof_of_lookup(const struct scene *scene, const struct verdict *v, struct kept *kept)
{
    note_frames(kept, &v->primary, NULL);
    note_lookup(kept, v->lookup);
    note_answered(kept, scene, v->lookup);
}

void proof_lookup(struct report *r, const struct scene *scene, const struct verdict *v)
{
    struct plan_group group = { .server = v->lookup->server,
                                .port = v->lookup->server_port,
                                .id = (uint16_t)v->primary.id };
    struct kept *kept = NULL;

    if (v->primary.id != F_NONE && !is_fine(&v->primary))
        kept = plan_failing(r->config.plan, &group);
    if (kept)
        proof_of_lookup(scene, v, kept);
}

void proof_capture(struct report *r)
{
    struct kept *kept = plan_capture(r->config.plan);

    for (size_t i = 0; kept && i < r->n_capture_findings; i++)
        note_frames(kept, &r->capture_findings[i], NULL);
}
