#include "verdict/absence.h"

#include "verdict/dns.h"

#include <string.h>

/* The pair's other direction is proven by this connection, or by any packet of that host. */
static bool direction_proven(const struct matter *m, enum side side)
{
    if (m->flow->half[side].flags & HALF_SEEN)
        return true;
    if (!m->scene->hosts)
        return false;
    const struct host *host = host_find(m->scene->hosts, &m->flow->address[side]);
    return host && host->sent_frame;
}

/* The other side asked DNS as well, and no reply is seen, nor anything else that comes back to it.
 */
static bool nobody_answers(const struct matter *m, enum side side)
{
    const struct address *address = &m->flow->address[side];
    const struct host *host = m->scene->hosts ? host_find(m->scene->hosts, address) : NULL;
    struct dns_traffic dns = dns_traffic_of(m->scene->names, address, m->flow->first_ns);

    return !(host && host->received_frame) && dns.asked && !dns.answered;
}

static bool passed_elsewhere(const struct matter *m)
{
    return scene_missed(m->scene, m->flow->first_frame, m->flow->last_ns);
}

/* An answer to its newest packet, or to one of those shortly before, may be among what was lost. */
static bool lost_meanwhile(const struct matter *m)
{
    enum { SHORTLY_S = 60, ANSWERED_WITHIN_S = 10 };
    static const int64_t second_ns = 1000000000;
    int64_t from = m->flow->last_ns - SHORTLY_S * second_ns;
    int64_t to = m->flow->last_ns + ANSWERED_WITHIN_S * second_ns;

    return scene_lost(m->scene, from > m->flow->first_ns ? from : m->flow->first_ns,
                      to < m->now_ns ? to : m->now_ns);
}

/* When packets were lost is known where a watch looks at its counters. */
static bool lost_sometime(const struct matter *m)
{
    return !m->scene->live && m->scene->drops_known && m->scene->drops;
}

static bool lost_here(const struct matter *m, enum side side)
{
    return m->more->half[side].unseen_bytes || m->flow->flags & FLOW_NO_MEMORY ||
           lost_sometime(m) || lost_meanwhile(m) || (m->session && m->session->gave_up[side]) ||
           passed_elsewhere(m);
}

/* Words of a capture filter that select by direction, flags or size: answers may be filtered out
 * while questions are not. */
static bool filter_hides(const char *filter)
{
    static const char *const words[] = {
        "src ",    "dst ",  "tcp[",    "tcpflags", "ip[",  "ip6[",
        "greater", "less ", "inbound", "outbound", "len ",
    };

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strstr(filter, words[i]))
            return true;
    return false;
}

unsigned absence_unmet(const struct matter *m, enum side side)
{
    unsigned unmet = 0;

    if (!direction_proven(m, side))
        unmet |=
            nobody_answers(m, side_other(side)) ? UNMET_DIRECTION | UNMET_NOBODY : UNMET_DIRECTION;
    if (lost_here(m, side))
        unmet |= UNMET_LOSS;
    if (filter_hides(m->scene->filter))
        unmet |= UNMET_FILTER;
    if (m->more->half[side].cut_packets && matter_blind(m) == BLIND_CUT)
        unmet |= UNMET_CUT;
    return unmet;
}

enum confidence absence_weigh(const struct matter *m, enum side side, enum confidence word)
{
    unsigned unmet = absence_unmet(m, side);

    if (unmet & UNMET_NOBODY || passed_elsewhere(m) || lost_meanwhile(m))
        return NO_CONFIDENCE;
    for (; unmet && word > NO_CONFIDENCE; unmet &= unmet - 1)
        word--;
    return word;
}

bool absence_one_sided(const struct matter *m)
{
    const struct half *half = m->flow->half;

    if (flow_both_seen(m->flow))
        return false;
    enum side unseen = half[CLIENT].flags & HALF_SEEN ? SERVER : CLIENT;
    if (unseen == CLIENT || half[SERVER].flags & HALF_ACKED || m->more->half[SERVER].unseen_bytes)
        return true;
    /* Octets or a reset of the client behind its SYN: something must have answered it. */
    if (half[CLIENT].flags & (HALF_DATA | HALF_FIN) || !(half[CLIENT].flags & HALF_SYN))
        return true;
    return m->scene->one_sided && m->scene->one_sided == m->scene->connections &&
           (m->scene->data_bytes || m->scene->unseen_bytes);
}
