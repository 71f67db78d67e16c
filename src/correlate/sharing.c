#include "correlate/sharing.h"

#include "session/session.h"

enum { LEAST = 2 };

uint32_t sharing_stack(const struct flow *flow)
{
    uint8_t ttl = flow->half[CLIENT].ttl;

    if (!(flow->half[CLIENT].flags & HALF_SYN) || flow->role != ROLE_SYN || !ttl)
        return 0;
    return ttl <= 64 ? 64 : ttl <= 128 ? 128 : 255;
}

/* The store keeps each certificate once: its place is its name. */
static uint32_t mark_of(const void *cert)
{
    uint64_t place = (uint64_t)(uintptr_t)cert * 0x9e3779b97f4a7c15;
    return (uint32_t)(place >> 32) | 1;
}

uint32_t sharing_card(const struct flow *flow)
{
    const struct session *s = flow->session;

    return s && s->n_chain[CLIENT] && s->chain[CLIENT] ? mark_of(s->chain[CLIENT][0]) : 0;
}

void sharing_note(struct sharing *s, uint32_t mark, int64_t time_ns)
{
    for (int i = 0; i < SHARING_MARKS; i++) {
        if (s->mark[i] && s->mark[i] != mark)
            continue;
        if (!s->mark[i] || time_ns < s->first_ns[i])
            s->first_ns[i] = time_ns;
        if (!s->mark[i] || time_ns > s->last_ns[i])
            s->last_ns[i] = time_ns;
        s->mark[i] = mark;
        s->n[i] += s->n[i] < UINT8_MAX;
        return;
    }
}

bool sharing_is_sure(const struct sharing *s)
{
    return s->n[0] >= LEAST && s->n[1] >= LEAST && s->first_ns[0] < s->last_ns[1] &&
           s->first_ns[1] < s->last_ns[0];
}
