/* story.h - hand-made connections for tests of the report: one endpoint, one EMS. */
#pragma once

#include "report/report.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* 2026-11-19 13:02:11.508 UTC */
static const int64_t story_ns = 1795093331508000000;

struct story {
    struct flow flow;
    struct flow_more more;
    struct event events[8];
    struct verdict verdict;
    struct scene scene;
    struct profile profile;
};

static inline void story_begin(struct story *s)
{
    struct failure failure;
    memset(s, 0, sizeof *s);
    profile_open_default(&s->profile, &failure);
    s->scene.profile = &s->profile;
    strcpy(s->scene.file, "client-side.pcapng");
    strcpy(s->scene.format, "pcapng");
    s->scene.packets = 18402;
    s->scene.last_frame = 18402;
    s->scene.first_ns = story_ns;
    s->scene.last_ns = story_ns + 900000000000;
    s->scene.anything_relevant = true;
    address_parse("10.20.40.17", &s->flow.address[CLIENT]);
    address_parse("10.0.0.10", &s->flow.address[SERVER]);
    s->flow.port[CLIENT] = 51544;
    s->flow.port[SERVER] = 8013;
    s->flow.protocol = 6;
    s->flow.first_ns = s->flow.last_ns = story_ns;
    s->flow.first_frame = 412;
    s->flow.half[CLIENT].flags = HALF_SYN | HALF_SEEN;
    s->flow.half[CLIENT].ttl = 128;
    s->flow.half[CLIENT].packets = 1;
    s->flow.n_syn = 1;
    s->verdict.flow = &s->flow;
    s->verdict.in_scope = true;
    s->verdict.failed_stage = ATTEMPT_STAGES;
}

static inline void story_raise(struct story *s, enum finding_id id, const uint64_t *frames,
                               size_t n)
{
    const struct finding *f = finding_of(id);
    s->verdict.primary = (struct raised){ .id = id,
                                          .severity = f->severity,
                                          .fact = f->best,
                                          .cause = f->prose.cause,
                                          .owner = f->owner,
                                          .n_frames = (uint8_t)n };
    for (size_t i = 0; i < n; i++)
        s->verdict.primary.frames[i] = frames[i];
}

/* Four SYNs, nothing back. */
static inline void story_silent_drop(struct story *s)
{
    static const uint64_t frames[] = { 412, 431, 478, 566 };
    static const int64_t offsets[] = { 0, 1012000000, 3028000000, 7044000000 };
    story_begin(s);
    s->flow.more = &s->more;
    s->more.log.event = s->events;
    for (size_t i = 0; i < 4; i++)
        s->events[s->more.log.n++] = (struct event){ .frame = frames[i],
                                                     .time_ns = story_ns + offsets[i],
                                                     .kind = i ? EVENT_SYN_AGAIN : EVENT_SYN };
    s->flow.n_syn = 4;
    s->flow.last_ns = story_ns + offsets[3];
    s->flow.half[CLIENT].packets = 4;
    story_raise(s, F_TCP_SYN_SILENT_DROP, frames, 4);
    s->verdict.stage[STAGE_TCP] = TOKEN_DROP;
    s->verdict.failed_stage = STAGE_TCP;
}

static inline void story_healthy(struct story *s)
{
    static const uint64_t frames[] = { 10, 20 };
    story_begin(s);
    story_raise(s, F_OK_TLS_ESTABLISHED, frames, 2);
    s->verdict.stage[STAGE_TCP] = s->verdict.stage[STAGE_TLS] = TOKEN_OK;
}

/* What a report says about some verdicts; free it. */
struct told {
    char *text;
    size_t size;
    int code;
};

static inline struct told story_tell(struct report_config config, const struct scene *scene,
                                     const struct verdict *const *verdicts, size_t n,
                                     const struct raised *capture, size_t n_capture)
{
    struct told told = { 0 };
    struct failure failure = { 0 };
    config.out = open_memstream(&told.text, &told.size);
    struct report *report = report_open(&config, &failure);
    report_capture(report, scene);
    for (size_t i = 0; i < n; i++)
        report_add(report, scene, verdicts[i]);
    told.code = report_close(report, scene, capture, n_capture, &failure);
    report_free(report);
    fclose(config.out);
    return told;
}

static inline struct told story_tell_one(struct report_config config, const struct story *s)
{
    const struct verdict *verdicts[] = { &s->verdict };
    return story_tell(config, &s->scene, verdicts, 1, NULL, 0);
}
