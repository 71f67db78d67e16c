#include "session/turns.h"

static const struct bytes nothing = { .at = (const uint8_t *)"" };

void turns_lose(struct session *s, struct turns *t)
{
    if (!t->lost)
        session_say(s, SAID_OUT_OF_STEP, 0, nothing);
    t->lost = true;
}

/* What a cut packet left open is settled when the client speaks again: all have their replies. */
static void settle(struct session *s, struct turns *t, enum line_step step)
{
    if (t->unsure)
        t->n = 0;
    if (t->reply_cut)
        t->replies.inside = 0;
    t->reply_cut = false;
    t->unsure = step == LINE_CUT;
    if (t->unsure)
        session_say(s, SAID_OUT_OF_STEP, 0, nothing);
}

enum turn_step turns_command(struct session *s, struct turns *t, struct bytes *in,
                             struct bytes *line)
{
    enum line_step step = line_next(&t->commands, in, line);

    if (step == LINE_MORE)
        return TURN_MORE;
    if (++t->lines > TURNS_LINES) {
        turns_lose(s, t);
        return TURN_LOST;
    }
    settle(s, t, step);
    return TURN_LINE;
}

void turns_ask(struct session *s, struct turns *t, uint8_t asked)
{
    if (t->n < TURNS_WAITING)
        t->asked[t->n++] = asked;
    else
        turns_lose(s, t);
}

uint8_t turns_next(struct turns *t)
{
    if (!t->n)
        return 0;
    uint8_t asked = t->asked[0];
    memmove(t->asked, t->asked + 1, --t->n);
    return asked;
}

bool turns_is_greeting(const struct turns *t, uint16_t code)
{
    return !t->greeted && (code == 120 || code == 220 || (!t->n && code >= 400));
}

enum turn_step turns_reply(struct session *s, struct turns *t, struct bytes *in,
                           struct reply *reply, bool *cut)
{
    struct bytes before = *in;
    enum reply_step step = reply_next(&t->replies, in, reply);
    bool begins = reply->first && reply->code;

    *cut = step == REPLY_CUT;
    if (step == REPLY_MORE)
        return TURN_MORE;
    if (step == REPLY_NONE)
        return TURN_ALIEN;
    if (begins && !t->n && !turns_is_greeting(t, reply->code) && !s->ending && !in->clipped &&
        before.left < TURNS_HELD) { /* it may have been captured ahead of its command */
        *in = before;
        t->replies = (struct reply_reader){ .inside = 0 };
        return TURN_MORE;
    }
    if (++t->lines > TURNS_LINES || !reply->code) {
        turns_lose(s, t);
        return TURN_LOST;
    }
    t->reply_cut |= *cut && t->replies.inside;
    return TURN_LINE;
}

enum step turns_await_tls(const struct session *s, enum side from, const struct bytes *in)
{
    int tls = from == CLIENT ? tls_looks_like_client(in) : tls_looks_like_server(in);

    return tls < 0 && !in->clipped && !s->ending ? STEP_MORE : STEP_DONE;
}
