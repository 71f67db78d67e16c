#include "session/talk.h"

#include "base/text.h"
#include "session/dissector.h"

#include <string.h>

const struct remark *talk_find(const struct talk *talk, enum said said)
{
    for (unsigned i = 0; talk && i < talk->n; i++)
        if (talk->remark[i].said == said)
            return &talk->remark[i];
    return NULL;
}

uint32_t talk_count(const struct talk *talk, enum said said)
{
    uint32_t n = 0;

    for (unsigned i = 0; talk && i < talk->n; i++)
        n += talk->remark[i].said == said ? talk->remark[i].count : 0;
    return n;
}

struct tls_stamp talk_last(const struct talk *talk, enum said said)
{
    struct tls_stamp last = { 0, 0 };

    for (unsigned i = 0; talk && i < talk->n; i++)
        if (talk->remark[i].said == said && talk->remark[i].last.frame > last.frame)
            last = talk->remark[i].last;
    return last;
}

static struct talk *open(struct session *s)
{
    if (s->talk)
        return s->talk;
    s->talk = arena_zalloc(&s->flow->arena, s->world->pool, sizeof *s->talk);
    if (s->talk)
        s->talk->target = "";
    else
        s->flow->flags |= FLOW_NO_MEMORY;
    return s->talk;
}

static const char *keep(struct session *s, struct bytes line, size_t room)
{
    char text[256];

    text_printable(line.at, line.left, text, room < sizeof text ? room : sizeof text);
    size_t n = strlen(text);
    char *copy = n ? arena_zalloc(&s->flow->arena, s->world->pool, n + 1) : NULL;
    return copy ? memcpy(copy, text, n + 1) : "";
}

void session_say(struct session *s, enum said said, uint16_t code, struct bytes line)
{
    struct talk *talk = open(s);

    if (!talk)
        return;
    if (s->dissector && (!s->protocol[0] || s->protocol_guessed)) {
        s->protocol = s->dissector->name;
        s->protocol_guessed = false;
    }
    for (unsigned i = 0; i < talk->n; i++) {
        struct remark *r = &talk->remark[i];
        if (r->said != said || r->code != code)
            continue;
        r->last = s->now;
        r->count++;
        return;
    }
    if (talk->n == TALK_REMARKS) {
        talk->full = true;
        return;
    }
    talk->remark[talk->n++] = (struct remark){
        .said = (uint8_t)said,
        .code = code,
        .count = 1,
        .first = s->now,
        .last = s->now,
        .text = keep(s, line, TALK_TEXT),
    };
}

void session_rendezvous(struct session *s, const struct address *address, uint16_t port)
{
    struct talk *talk = open(s);

    if (talk)
        talk->rendezvous = (struct rendezvous){ .at = s->now, .address = *address, .port = port };
}

void session_target(struct session *s, struct bytes host, uint16_t port)
{
    struct talk *talk = open(s);

    if (!talk || talk->target[0])
        return;
    talk->target = keep(s, host, 256);
    talk->target_port = port;
}
