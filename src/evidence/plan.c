#include "evidence/plan.h"

#include "base/table.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST = 7, BETWEEN = 6, LAST = PLAN_SAMPLES - FIRST - BETWEEN };

/* first | between: every stride-th | last: a ring */
struct sample {
    uint64_t seen;
    uint64_t stride;
    size_t n_between;
    struct kept *first[FIRST], *between[BETWEEN], *last[LAST];
};

struct group_key {
    struct address server;
    uint16_t port, id;
    uint32_t zero;
};

struct service_key {
    struct address server;
    uint16_t port, zero[3];
};

struct plan {
    struct table groups;   /* struct group_key -> struct sample */
    struct table services; /* struct service_key -> struct kept * */
    struct table names;    /* struct address -> char * */
    struct kept *capture;
    uint64_t left_out;
};

struct plan *plan_open(void)
{
    struct plan *plan = calloc(1, sizeof *plan);

    if (plan &&
        table_open(&plan->groups, sizeof(struct group_key), sizeof(struct sample), PLAN_GROUPS) &&
        table_open(&plan->services, sizeof(struct service_key), sizeof(struct kept *),
                   PLAN_SERVICES) &&
        table_open(&plan->names, sizeof(struct address), sizeof(char *), PLAN_NAMES))
        return plan;
    plan_close(plan);
    return NULL;
}

void kept_clear(struct kept *kept)
{
    for (size_t i = 0; i < kept->n_notes; i++)
        free(kept->note[i].text);
    *kept = (struct kept){ 0 };
}

static void kept_free(struct kept *kept)
{
    if (kept)
        kept_clear(kept);
    free(kept);
}

static void sample_free(struct sample *sample)
{
    for (size_t i = 0; i < FIRST; i++)
        kept_free(sample->first[i]);
    for (size_t i = 0; i < sample->n_between; i++)
        kept_free(sample->between[i]);
    for (size_t i = 0; i < LAST; i++)
        kept_free(sample->last[i]);
}

void plan_close(struct plan *plan)
{
    if (!plan)
        return;
    for (size_t i = 0; i < plan->groups.n; i++)
        sample_free(table_at(&plan->groups, i));
    for (size_t i = 0; i < plan->services.n; i++)
        kept_free(*(struct kept **)table_at(&plan->services, i));
    for (size_t i = 0; i < plan->names.n; i++)
        free(*(char **)table_at(&plan->names, i));
    kept_free(plan->capture);
    table_close(&plan->groups);
    table_close(&plan->services);
    table_close(&plan->names);
    free(plan);
}

/* An empty place; what lay there goes. */
static struct kept *place(struct kept **at)
{
    if (*at)
        kept_clear(*at);
    else
        *at = calloc(1, sizeof **at);
    return *at;
}

/* Every stride-th of those that are neither first nor, in the end, last: when the places are full,
 * every other one goes and the stride doubles, so that they stay spread over all that was seen.
 * Answers how many went. */
static size_t keep_between(struct sample *s, struct kept **leaving)
{
    size_t gone = s->n_between == BETWEEN ? BETWEEN / 2 : 0;

    if ((s->seen - FIRST - LAST) % s->stride)
        return 0;
    if (s->n_between == BETWEEN) {
        for (size_t i = 0; i < BETWEEN; i++) {
            if (i % 2)
                kept_free(s->between[i]);
            else
                s->between[i / 2] = s->between[i];
        }
        s->n_between = BETWEEN / 2;
        s->stride *= 2;
    }
    s->between[s->n_between++] = *leaving;
    *leaving = NULL;
    return gone;
}

struct kept *plan_failing(struct plan *plan, const struct plan_group *group)
{
    struct group_key key = { group->server, group->port, group->id, 0 };
    struct sample *s = table_put(&plan->groups, &key);

    if (!s) {
        plan->left_out++;
        return NULL;
    }
    if (s->seen < FIRST)
        return place(&s->first[s->seen++]);
    if (!s->stride)
        s->stride = 1;
    struct kept **oldest = &s->last[(s->seen - FIRST) % LAST];
    if (*oldest)
        plan->left_out += keep_between(s, oldest);
    if (*oldest)
        plan->left_out++;
    s->seen++;
    return place(oldest);
}

struct kept *plan_working(struct plan *plan, const struct address *server, uint16_t port,
                          uint32_t packets)
{
    struct service_key key = { *server, port, { 0 } };
    struct kept **kept = table_put(&plan->services, &key);

    if (!kept || (*kept && (*kept)->packets <= packets))
        return NULL;
    return place(kept);
}

struct kept *plan_capture(struct plan *plan)
{
    if (!plan->capture)
        plan->capture = calloc(1, sizeof *plan->capture);
    return plan->capture;
}

void kept_note(struct kept *kept, uint64_t frame, const char *text, bool whole)
{
    if (!frame || kept->n_notes == PLAN_NOTES)
        return;
    kept->note[kept->n_notes++] = (struct plan_note){ .frame = frame,
                                                      .text = text && text[0] ? strdup(text) : NULL,
                                                      .whole = whole };
}

void kept_note_name(struct kept *kept, uint64_t frame, const char *lead, const char *name,
                    bool whole)
{
    char words[PLAN_NOTE_TEXT];
    struct text t = text_of(words, sizeof words);
    uint8_t before = kept->n_notes;

    text_add(&t, lead);
    uint16_t name_at = (uint16_t)t.n;
    text_add(&t, name);
    kept_note(kept, frame, words, whole);
    if (kept->n_notes != before)
        kept->note[before].name_at = name_at;
}

void plan_name(struct plan *plan, const struct address *address, const char *name)
{
    char **known = name && name[0] ? table_put(&plan->names, address) : NULL;

    if (known && !*known)
        *known = strdup(name);
}

static size_t add(const struct kept *const *kept, size_t n, const struct kept **out, size_t most)
{
    size_t m = 0;

    for (size_t i = 0; i < n && m < most; i++)
        if (kept[i])
            out[m++] = kept[i];
    return m;
}

size_t plan_most(const struct plan *plan)
{
    return plan->groups.n * PLAN_SAMPLES + plan->services.n + 1;
}

size_t plan_all(const struct plan *plan, const struct kept **out, size_t most)
{
    size_t n = 0;

    for (size_t i = 0; i < plan->groups.n; i++) {
        const struct sample *s = table_at(&plan->groups, i);
        n += add((const struct kept *const *)s->first, FIRST, out + n, most - n);
        n += add((const struct kept *const *)s->between, s->n_between, out + n, most - n);
        n += add((const struct kept *const *)s->last, LAST, out + n, most - n);
    }
    for (size_t i = 0; i < plan->services.n; i++)
        n += add(table_at(&plan->services, i), 1, out + n, most - n);
    return n + add((const struct kept *const *)&plan->capture, 1, out + n, most - n);
}

size_t plan_names(const struct plan *plan) { return plan->names.n; }

const char *plan_name_at(const struct plan *plan, size_t i, struct address *address)
{
    const char *const *name = table_at(&plan->names, i);

    memcpy(address, table_key(&plan->names, i), sizeof *address);
    return *name ? *name : "";
}

uint64_t plan_left_out(const struct plan *plan) { return plan->left_out; }
