#include "doctor/seen.h"

static struct seen_server *server_of(struct seen *s, const struct address *address)
{
    for (uint32_t i = 0; i < s->n_servers; i++)
        if (address_equal(&s->server[i].address, address))
            return &s->server[i];
    if (s->n_servers == SEEN_SERVERS)
        return NULL;
    s->server[s->n_servers] = (struct seen_server){ .address = *address };
    return &s->server[s->n_servers++];
}

static void note_port(struct seen_server *server, uint16_t port, bool answered)
{
    for (uint8_t i = 0; i < server->n_ports; i++) {
        if (server->port[i] != port)
            continue;
        server->answered[i] |= answered;
        return;
    }
    if (server->n_ports == SEEN_PORTS)
        return;
    server->port[server->n_ports] = port;
    server->answered[server->n_ports++] = answered;
}

/* Which side is the server: the SYN says it, else the profile's port. */
static bool from_server(const struct profile *profile, const struct packet *p)
{
    if (p->flags & TCP_SYN)
        return p->flags & TCP_ACK;
    return profile_service(profile, p->source_port) &&
           !profile_service(profile, p->destination_port);
}

static void take_tcp(struct seen *s, const struct profile *profile, const struct packet *p)
{
    bool from = from_server(profile, p);
    const struct address *address = from ? &p->source : &p->destination;
    uint16_t port = from ? p->source_port : p->destination_port;
    const struct service *service = profile_service(profile, port);

    if (!service || !service->tcp)
        return;
    struct seen_server *server = server_of(s, address);
    if (!server)
        return;
    server->ems |= service->checkin || profile_is_ems_address(profile, address);
    server->from += from;
    server->to += !from;
    server->acknowledged += !from && p->flags & TCP_ACK && !(p->flags & TCP_RST);
    note_port(server, port, from && !(p->flags & TCP_RST));
}

void seen_take(struct seen *s, const struct profile *profile, const struct packet *p)
{
    enum { DNS = 53 };

    s->packets++;
    s->cut += p->cut;
    if (p->kind == PACKET_TCP && !p->header_cut)
        take_tcp(s, profile, p);
    if (p->kind != PACKET_UDP)
        return;
    s->dns_asked += p->destination_port == DNS;
    s->dns_answered += p->source_port == DNS;
}

const struct seen_server *seen_best(const struct seen *s)
{
    const struct seen_server *best = NULL;

    for (uint32_t i = 0; i < s->n_servers; i++) {
        const struct seen_server *server = &s->server[i];
        if (!best || server->ems > best->ems ||
            (server->ems == best->ems && server->to + server->from > best->to + best->from))
            best = server;
    }
    return best;
}

bool seen_enough(const struct seen *s)
{
    enum { PACKETS = 200 }; /* of so many some would be cut, if any are */
    const struct seen_server *best = seen_best(s);

    return s->packets >= PACKETS && best && best->ems && best->to && best->from && s->dns_asked &&
           s->dns_answered;
}
