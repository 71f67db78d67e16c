#include "verdict/offload.h"

#include <string.h>

/* IEEE registry of organisations: Fortinet. */
static bool is_fortinet(const uint8_t mac[6])
{
    static const uint8_t prefixes[][3] = {
        { 0x00, 0x09, 0x0f }, { 0x00, 0x0c, 0xe6 }, { 0x04, 0x01, 0xa1 }, { 0x04, 0xd5, 0x90 },
        { 0x08, 0x5b, 0x0e }, { 0x38, 0xc0, 0xea }, { 0x48, 0x3a, 0x02 }, { 0x70, 0x4c, 0xa5 },
        { 0x74, 0x78, 0xa6 }, { 0x78, 0x18, 0xec }, { 0x80, 0x80, 0x2c }, { 0x84, 0x39, 0x8f },
        { 0x90, 0x6c, 0xac }, { 0x94, 0xf3, 0x92 }, { 0x94, 0xff, 0x3c }, { 0xac, 0x71, 0x2e },
        { 0xd4, 0x76, 0xa0 }, { 0xe0, 0x23, 0xff }, { 0xe8, 0x1c, 0xba }, { 0xe8, 0xed, 0xd6 },
    };

    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (memcmp(mac, prefixes[i], sizeof prefixes[i]) == 0)
            return true;
    return false;
}

static bool is_of_a_sniffer(const struct scene *scene)
{
    return strcmp(scene->format, "sniffer text") == 0;
}

/* Octets that the numbers of this side, or of its peer, count and no packet shows. */
static bool hides(const struct matter *m, enum side side)
{
    const struct half_more *half = &m->more->half[side];
    uint32_t next = m->flow->half[side].next;

    return half->unseen_bytes || (half->fin.frame && seq_after(half->fin.seq, next)) ||
           (half->rst.frame && half->rst.seq && seq_after(half->rst.seq, next));
}

static unsigned answers(const struct host *host)
{
    unsigned n = 0;

    for (unsigned i = 0; host && i < host->n_ports; i++)
        n += host->port[i].answered;
    return n;
}

/* Open, and then nothing, as all the others. */
static bool goes_mute(const struct matter *m)
{
    return m->opened && flow_both_seen(m->flow) && !m->scene->reading && !m->scene->data_bytes &&
           answers(m->server) >= 2;
}

struct raised offload_judge(const struct matter *m)
{
    struct raised r = raise_of(F_NONE);
    const struct half_more *half = m->more->half;
    enum side side = CLIENT;

    if (!goes_mute(m))
        return r;
    bool hidden = hides(m, CLIENT) || hides(m, SERVER);
    bool sniffer = is_of_a_sniffer(m->scene);
    bool silent =
        !matter_close(m, &side) && matter_waited(m, m->more->established.time_ns) >= SECONDS(3);
    if (sniffer ? !hidden && !silent
                : !hidden || (!is_fortinet(half[CLIENT].mac) && !is_fortinet(half[SERVER].mac)))
        return r;
    r = raise_of(F_CANNOT_TELL_OFFLOADED);
    r.fact = sniffer && hidden ? PROBABLE : POSSIBLE;
    raise_evidence(&r, m, E_SYN | E_SYNACK | E_OPEN | E_CLOSE);
    return r;
}
