#include "verdict/ruled.h"

#include "verdict/blame.h"

static void add(struct verdict *out, enum check_kind kind, uint64_t frame, uint16_t port,
                uint32_t count)
{
    if (out->n_checks < VERDICT_CHECKS)
        out->checks[out->n_checks++] =
            (struct check){ .kind = kind, .frame = frame, .port = port, .count = count };
}

static void add_reset(struct verdict *out, enum check_kind kind, uint64_t frame, enum side side)
{
    if (out->n_checks < VERDICT_CHECKS)
        out->checks[out->n_checks++] = (struct check){ .kind = kind, .frame = frame, .side = side };
}

static bool answers_since(const struct matter *m, const struct host_port *p, int64_t before_ns)
{
    return p && p->answered && p->answered_ns > m->more->half[CLIENT].first_syn.time_ns - before_ns;
}

static const struct host_port *own_port(const struct matter *m)
{
    return m->server ? host_port(m->server, m->flow->port[SERVER]) : NULL;
}

/* The server answers this client on another port, or anybody.  Where this port answered before,
 * the host may have gone in between: then only an answer since the attempt began counts. */
static void check_server(const struct matter *m, struct verdict *out)
{
    const struct host_port *best = NULL, *own = own_port(m);
    int64_t before_ns = own && own->answered ? 0 : SECONDS(10);

    for (unsigned i = 0; m->server && i < m->server->n_ports; i++) {
        const struct host_port *p = &m->server->port[i];
        if (p != own && answers_since(m, p, before_ns) && (!best || p->answered > best->answered))
            best = p;
    }
    if (best)
        add(out, CHECK_SERVER_ANSWERS, best->answered_frame, best->port, best->answered);
}

/* What answered before this attempt may have been stopped since; the answer to this very SYN
 * excludes nothing. */
static void check_port(const struct matter *m, struct verdict *out)
{
    const struct host_port *p = own_port(m);

    if (answers_since(m, p, 0) && !(m->flow->half[SERVER].flags & HALF_SYN))
        add(out, CHECK_PORT_ANSWERS_OTHERS, p->answered_frame, p->port, p->answered);
    /* Only silence is explained by a closed port that does not answer. */
    for (unsigned i = 0; m->stop == STOP_SYN && m->server && i < m->server->n_ports; i++)
        if (m->server->port[i].refused) {
            add(out, CHECK_CLOSED_PORT_RESETS, m->server->port[i].refused_frame,
                m->server->port[i].port, m->server->port[i].refused);
            return;
        }
}

static void check_capture(const struct matter *m, struct verdict *out)
{
    if (m->server && m->server->sent_frame)
        add(out, CHECK_BOTH_DIRECTIONS, m->server->sent_frame, 0, 0);
    const struct half_more *half = m->more->half;
    bool lost = half[CLIENT].unseen_bytes || half[SERVER].unseen_bytes || m->scene->unseen_bytes ||
                m->scene->drops;
    /* What is missing on both sides was lost on the way, but reads as if it were here. */
    lost |= half[CLIENT].sack_hole.frame || half[SERVER].sack_hole.frame;
    if (!lost)
        add(out, CHECK_NO_CAPTURE_LOSS, 0, 0, 0);
}

/* About a certificate it excludes nothing: who shows one of his own in the place of the server
 * sends every packet of the connection himself. */
static void check_reset(const struct matter *m, struct verdict *out)
{
    uint64_t frame = 0;
    enum side side = SERVER;
    enum origin origin = ORIGIN_UNKNOWN;

    if (m->stop == STOP_REFUSED) {
        origin = blame_refusal(m, &frame);
        if (origin != ORIGIN_OTHER) { /* the reason of the owner names the sign that speaks */
            out->signs_asked = 1U << SIGN_TTL | 1U << SIGN_MAC | 1U << SIGN_TIME;
            out->signs_unusable = blame_refusal_unusable(m);
        }
    } else if ((m->how == ENDED_RST_CLIENT || m->how == ENDED_RST_SERVER) &&
               matter_close(m, &side)) {
        struct forgery f = blame_reset(m, side);
        origin = f.ttl;
        frame = f.frame;
        out->signs_asked = (1U << SIGNS) - 1;
        out->signs_found = f.found;
        out->signs_unusable = f.unusable;
    }
    if (origin == ORIGIN_SAME)
        add_reset(out, CHECK_RST_TTL_EQUAL, frame, side);
    else if (origin == ORIGIN_OTHER && frame)
        add_reset(out, CHECK_RST_TTL_DIFFERS, frame, side);
}

void ruled_add(const struct matter *m, struct verdict *out)
{
    enum severity severity = out->primary.severity;

    if (severity != SEVERITY_ERROR && severity != SEVERITY_WARNING)
        return;
    if (!out->remark && finding_of(out->primary.id)->stage != STAGE_CERT)
        check_reset(m, out);
    if (!m->opened) {
        check_server(m, out);
        check_port(m, out);
    } else if (m->stop >= STOP_CERTIFIED) {
        add(out, CHECK_NETWORK_WORKS,
            m->sealed.server_flight.frame ? m->sealed.server_flight.frame : m->flow->last_frame, 0,
            0);
    }
    if (m->seen && m->stop >= STOP_HELLO) {
        unsigned others = served_others(&m->seen->worked, &m->flow->address[CLIENT]);
        if (others)
            add(out, CHECK_OTHERS_ACCEPT, m->seen->worked.client[0].frame, m->flow->port[SERVER],
                others);
    }
    if (m->name_lookup)
        add(out, CHECK_NAME_RESOLVED, m->name_lookup->reply_frame, 0, 0);
    check_capture(m, out);
}
