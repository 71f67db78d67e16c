#include "flow/host.h"

#include "base/table.h"

#include <stdlib.h>
#include <string.h>

enum { MIB = 1 << 20 };

struct hosts {
    struct table table;
    struct pool *pool; /* ports: most hosts only ask, and have none */
    struct arena arena;
    size_t max;
};

struct hosts *hosts_open(size_t max_hosts)
{
    struct hosts *hosts = calloc(1, sizeof *hosts);
    if (!hosts)
        return NULL;
    hosts->max = max_hosts;
    hosts->pool = pool_open(MIB + max_hosts * 2 * HOST_PORTS * sizeof(struct host_port));
    if (hosts->pool &&
        table_open(&hosts->table, sizeof(struct address), sizeof(struct host), max_hosts))
        return hosts;
    hosts_close(hosts);
    return NULL;
}

void hosts_close(struct hosts *hosts)
{
    if (!hosts)
        return;
    table_close(&hosts->table);
    if (hosts->pool)
        arena_release(&hosts->arena, hosts->pool);
    pool_close(hosts->pool);
    free(hosts);
}

const struct host *host_find(const struct hosts *hosts, const struct address *address)
{
    return table_get(&hosts->table, address);
}

const struct host_port *host_port(const struct host *host, uint16_t port)
{
    for (unsigned i = 0; host && i < host->n_ports; i++)
        if (host->port[i].port == port)
            return &host->port[i];
    return NULL;
}

/* When all places are taken a port that answered displaces one that only refused. */
static struct host_port *port_place(struct hosts *hosts, struct host *host, uint16_t port,
                                    bool answered)
{
    struct host_port *known = (struct host_port *)host_port(host, port);
    if (known)
        return known;
    struct host_port *place = NULL;
    if (!host->port)
        host->port = arena_zalloc(&hosts->arena, hosts->pool, HOST_PORTS * sizeof *host->port);
    if (!host->port)
        return NULL;
    if (host->n_ports < HOST_PORTS)
        place = &host->port[host->n_ports++];
    for (unsigned i = 0; !place && answered && i < HOST_PORTS; i++)
        if (!host->port[i].answered)
            place = &host->port[i];
    if (place)
        *place = (struct host_port){ .port = port };
    return place;
}

static bool is_syn(const struct packet *p) { return (p->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN; }

/* Who sends only SYNs may not exist. */
static struct host *host_of_sender(struct hosts *hosts, const struct packet *p)
{
    return p->kind == PACKET_TCP && is_syn(p) ? table_get(&hosts->table, &p->source)
                                              : table_put(&hosts->table, &p->source);
}

/* Who is answered exists, mostly: a flood under false names to an open port is answered too, so
 * that such names get at most half of the room. */
static struct host *host_of_receiver(struct hosts *hosts, const struct flow *flow,
                                     const struct packet *p)
{
    bool answer = flow_both_seen(flow) && !is_syn(p);
    return answer && hosts->table.n < hosts->max / 2 ? table_put(&hosts->table, &p->destination)
                                                     : table_get(&hosts->table, &p->destination);
}

/* What a reset claims about its sender is what blame wants to compare, so resets teach nothing. */
static void ttl_note(struct host *host, const struct packet *p)
{
    if (p->kind == PACKET_TCP && p->flags & TCP_RST)
        return;
    if (host->ttl && host->ttl != p->ttl)
        host->ttl_varies = true;
    if (!host->ttl) {
        host->ttl = p->ttl;
        host->ttl_frame = p->frame;
    }
    if (!host->has_mac && p->has_mac) {
        host->has_mac = true;
        memcpy(host->mac, p->mac_source, sizeof host->mac);
    }
}

/* How long its answers take, from here and back; the first to a host often waits for more. */
static void answer_time_note(struct host *host, const struct flow *flow, const struct packet *p)
{
    if (!flow->more || flow->n_syn != 1 || flow->more->half[SERVER].first_syn.frame != p->frame)
        return;
    int64_t took_ns = p->time_ns - flow->more->half[CLIENT].first_syn.time_ns;
    if (took_ns >= 0 && (!host->n_answers || took_ns < host->answer_ns))
        host->answer_ns = took_ns;
    host->n_answers++;
}

static void answered_note(struct hosts *hosts, struct host *host, const struct flow *flow,
                          const struct packet *p)
{
    struct host_port *port = port_place(hosts, host, flow->port[SERVER], true);
    if (!port)
        return;
    if (!flow->more || flow->more->half[SERVER].first_syn.frame == p->frame)
        port->answered++;
    answer_time_note(host, flow, p);
    port->answered_frame = p->frame;
    port->answered_ttl = p->ttl;
    port->answered_ns = p->time_ns;
}

static void refused_note(struct hosts *hosts, struct host *host, const struct flow *flow,
                         const struct packet *p)
{
    struct host_port *port = port_place(hosts, host, flow->port[SERVER], false);
    if (!port)
        return;
    if (!flow->more || flow->more->half[SERVER].rst.frame == p->frame)
        port->refused++;
    port->refused_frame = p->frame;
    port->refused_ttl = p->ttl;
}

static void server_note(struct hosts *hosts, struct host *host, const struct flow *flow,
                        const struct packet *p)
{
    bool good = !flow->more || flow->more->synack_bad.frame != p->frame;
    if (p->flags & TCP_RST && flow->state == TCP_REFUSED)
        refused_note(hosts, host, flow, p);
    else if ((p->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == (TCP_SYN | TCP_ACK) && good)
        answered_note(hosts, host, flow, p);
}

/* Looked up once a connection and side; records stay where they are. */
static struct host **place_of(const struct flow *flow, enum side side)
{
    return flow->more ? &flow->more->half[side].host : NULL;
}

static struct host *sender_of(struct hosts *hosts, const struct flow *flow, const struct packet *p,
                              enum side from)
{
    struct host **place = place_of(flow, from);
    if (place && *place)
        return *place;
    struct host *host = host_of_sender(hosts, p);
    if (place)
        *place = host;
    return host;
}

static struct host *receiver_of(struct hosts *hosts, const struct flow *flow,
                                const struct packet *p, enum side from)
{
    struct host **place = place_of(flow, side_other(from));
    if (place && *place)
        return *place;
    struct host *host = host_of_receiver(hosts, flow, p);
    if (place)
        *place = host;
    return host;
}

void host_note(struct hosts *hosts, const struct flow *flow, const struct packet *packet,
               enum side from)
{
    struct host *sender = sender_of(hosts, flow, packet, from);
    if (sender) {
        sender->sent_frame = packet->frame;
        sender->hears_unseen |= packet->kind == PACKET_TCP && packet->flags & TCP_ACK &&
                                !(packet->flags & TCP_RST) && !flow_both_seen(flow);
        ttl_note(sender, packet);
        if (packet->kind == PACKET_TCP && from == SERVER)
            server_note(hosts, sender, flow, packet);
    }
    struct host *receiver = receiver_of(hosts, flow, packet, from);
    if (receiver && flow_both_seen(flow))
        receiver->received_frame = packet->frame;
}
