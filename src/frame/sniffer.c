/* sniffer.c - packet text saved from a terminal: FortiGate `diagnose sniffer packet`, tcpdump -X.
 *
 * Every head line is a frame and takes a number.  Its rows give the octets; without rows the frame
 * holds what the head line says (sniffer_bare.c).  Around the packets stands what a terminal log
 * has: prompts, commands, escape codes.  Damage costs the octets behind it in its packet, no more:
 * reading goes on at the next head line, and the damaged packets are counted.
 * Hardware addresses are handed out only from a sniffer on one named interface; those of `any` and
 * of tunnels are made up by the sniffer. */
#include "frame/sniffer.h"

#include "base/text.h"
#include "frame/reader.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    LINE_LARGEST = 1024,
    LINE_WINDOW = 64 * 1024,
    OCTETS_LARGEST = 65536 + 18,
    ROOM = 512 * 1024, /* for the octets of a batch */
    WRAPPED_LEAST = 60,
    LINES_NAMED = 4,
};

enum { ETHERNET = 1, ETHERNET_HEADER = 14, IPV4 = 0x0800, IPV6 = 0x86dd, ARP = 0x0806 };

struct pending {
    struct head head;
    uint64_t line;
    bool damaged, closed; /* closed: rows that come now belong to nobody */
    size_t n;
    char text[LINE_LARGEST]; /* its head line, to which a wrapped rest may be added */
    uint8_t octets[OCTETS_LARGEST];
};

struct sniffer_state {
    struct pending now;
    bool active; /* `now` is being read */
    bool whole;  /* `now` is complete */
    bool any;    /* the sniffer ran on all interfaces */
    bool local;  /* its command asked for local time */
    bool from_ip, from_link, bare_seen, named, relative, absolute;
    bool dirty; /* the facts are behind */
    struct head next;
    bool has_next;
    uint64_t next_line;
    char next_text[LINE_LARGEST];
    char listening[32]; /* "listening on port1" of tcpdump */
    uint64_t line;
    uint64_t n_damaged, damaged_line[LINES_NAMED], n_bare;
    uint64_t dropped;
    bool dropped_known;
    int64_t base_ns, newest_ns; /* relative times of a second run go on where the first ended */
    struct bare bare;
    uint8_t room[ROOM];
    size_t used;
};

static bool sniffer_open(struct capture *c, struct failure *failure)
{
    c->state = calloc(1, sizeof(struct sniffer_state));
    if (!c->state)
        failure_set(failure, c->name, "no memory left", "");
    return c->state != NULL;
}

static void sniffer_close(struct capture *c)
{
    free(c->state);
    c->state = NULL;
}

/* ---- lines */

/* The next line, cleaned; false at the end. */
static bool line_next(struct capture *c, char *out)
{
    struct sniffer_state *s = c->state;
    struct input *in = &c->input;
    size_t have = input_have(in), n = 0;
    const uint8_t *end = NULL;

    while (!end && n < LINE_WINDOW) {
        if (n == have && (have = input_need(in, n + 1)) == n)
            break;
        size_t most = have < LINE_WINDOW ? have : LINE_WINDOW;
        end = n < most ? memchr(in->at + n, '\n', most - n) : NULL;
        n = most;
    }
    if (end)
        n = (size_t)(end - in->at) + 1;
    if (n == 0)
        return false;
    sniffer_clean(in->at, n, out, LINE_LARGEST);
    in->at += n;
    s->line++;
    return true;
}

static void damage_note(struct sniffer_state *s, uint64_t line)
{
    if (s->now.damaged && s->active)
        return;
    s->now.damaged = s->active;
    if (s->n_damaged < LINES_NAMED)
        s->damaged_line[s->n_damaged] = line;
    s->n_damaged++;
    s->dirty = true;
}

static void packet_begin(struct sniffer_state *s, const struct head *head, const char *text,
                         uint64_t line)
{
    s->now.head = *head;
    s->now.line = line;
    s->now.damaged = s->now.closed = false;
    s->now.n = 0;
    text_copy(s->now.text, sizeof s->now.text, text);
    s->active = true;
    s->whole = false;
    if (head->garbled)
        damage_note(s, line);
}

static void take_head(struct sniffer_state *s, const struct head *head, const char *text)
{
    if (!s->active) {
        packet_begin(s, head, text, s->line);
        return;
    }
    s->whole = true;
    s->next = *head;
    s->has_next = true;
    s->next_line = s->line;
    text_copy(s->next_text, sizeof s->next_text, text);
}

static void take_row(struct sniffer_state *s, const struct row_read *row)
{
    struct pending *p = &s->now;
    if (!s->active || p->closed) {
        if (!s->active && row->offset) /* its packet was not found */
            damage_note(s, s->line);
        return;
    }
    bool fits = row->offset == p->n && p->n + row->n <= OCTETS_LARGEST;
    if (fits) {
        memcpy(p->octets + p->n, row->octet, row->n);
        p->n += row->n;
    }
    p->closed = !fits || row->broken || row->n < ROW_OCTETS;
    if (!fits || row->broken)
        damage_note(s, s->line);
}

/* ---- what stands around the packets */

static void run_begins(struct sniffer_state *s)
{
    s->base_ns = s->newest_ns;
    s->any = false;
}

static void take_trailer(struct sniffer_state *s, const char *line)
{
    char *end;
    unsigned long long n = strtoull(line, &end, 10);
    if (end == line || strcmp(end, " packets dropped by kernel") != 0)
        return;
    s->dropped += n;
    s->dropped_known = true;
    s->dirty = true;
}

/* The rest of a head line that the terminal broke at its edge. */
static bool take_wrapped(struct sniffer_state *s, const char *line)
{
    char joined[LINE_LARGEST];
    struct head head;
    struct text t = text_of(joined, sizeof joined);
    if (!s->active || s->now.n || s->now.closed || strlen(s->now.text) < WRAPPED_LEAST || !line[0])
        return false;
    text_add(&t, s->now.text);
    text_add(&t, line);
    if (!sniffer_head(joined, &head) || head.kind < s->now.head.kind)
        return false;
    s->now.head = head;
    s->now.closed = false;
    text_copy(s->now.text, sizeof s->now.text, joined);
    return true;
}

/* `diagnose sniffer packet any '...' 6 0 l` */
static bool asks_local_time(const char *line)
{
    const char *at = strstr(line, "sniffer") ? strstr(line, "sniffer") : strstr(line, "snif");
    size_t n = strlen(line);
    while (n && line[n - 1] == ' ')
        n--;
    return at && n > 2 && line[n - 1] == 'l' && line[n - 2] == ' ';
}

static void take_other(struct sniffer_state *s, const char *line)
{
    const char *on = strstr(line, "listening on ");
    if (take_wrapped(s, line))
        return;
    if (line[0] && s->active)
        s->now.closed = true;
    if (strncmp(line, "interfaces=[", 12) == 0) {
        run_begins(s);
        s->any = strncmp(line + 12, "any]", 4) == 0;
    } else if (on) {
        size_t n = strcspn(on + 13, ", ");
        run_begins(s);
        text_printable(on + 13, n, s->listening, sizeof s->listening);
    } else if (asks_local_time(line)) {
        s->local = true;
    } else {
        take_trailer(s, line);
    }
}

static void take_line(struct sniffer_state *s, const char *line)
{
    struct head head;
    struct row_read row;
    if (sniffer_row(line, &row))
        take_row(s, &row);
    else if (sniffer_head(line, &head))
        take_head(s, &head, line);
    else
        take_other(s, line);
}

/* ---- frames */

static uint32_t interface_find(struct capture *c, const struct head *h)
{
    static const char *const ways[] = { "", " in", " out", "" };
    const struct sniffer_state *s = c->state;
    char name[64];
    struct text t = text_of(name, sizeof name);
    text_add(&t, h->tcpdump ? s->listening : h->interface);
    text_add(&t, h->interface[0] ? ways[h->way] : "");
    for (uint32_t i = 0; i < c->facts.n_interfaces; i++)
        if (strcmp(c->facts.interface[i].name, name) == 0)
            return i;
    struct capture_interface *made = capture_describe(c, COOKED, 0);
    if (!made)
        return CAPTURE_INTERFACES;
    text_copy(made->name, sizeof made->name, name);
    return (uint32_t)(c->facts.n_interfaces - 1);
}

static int64_t time_of(struct sniffer_state *s, const struct head *h)
{
    int64_t ns = h->time_ns + (h->relative ? s->base_ns : 0);
    s->relative |= h->relative;
    s->absolute |= !h->relative;
    if (h->relative && ns > s->newest_ns)
        s->newest_ns = ns;
    return ns;
}

/* The EtherType of octets that begin with a network header, 0 when they do not seem to. */
static uint16_t network_type(const struct pending *p)
{
    static const uint8_t arp[] = { 0, 1, 8, 0, 6, 4 };
    const struct head *h = &p->head;
    const uint8_t *o = p->octets;
    bool told = h->kind == HEAD_TCP || h->kind == HEAD_UDP || h->kind == HEAD_IP;
    if (p->n >= sizeof arp && memcmp(o, arp, sizeof arp) == 0)
        return ARP;
    if (p->n >= 20 && o[0] >> 4 == 4 &&
        (told ? address_is_ipv4(&h->from) && memcmp(o + 12, h->from.octet + 12, 4) == 0
              : h->tcpdump && (o[0] & 15) >= 5))
        return IPV4;
    if (p->n >= 40 && o[0] >> 4 == 6 && (told ? memcmp(o + 8, h->from.octet, 16) == 0 : h->tcpdump))
        return IPV6;
    return 0;
}

/* How long the network packet says that it is; 0 when it does not. */
static size_t network_length(uint16_t type, const uint8_t *p, size_t n)
{
    if (type == IPV4 && n >= 4)
        return load_u16(p + 2, false);
    return type == IPV6 && n >= 6 ? 40 + (size_t)load_u16(p + 4, false) : 0;
}

static bool link_is_made_up(const struct sniffer_state *s, const struct pending *p)
{
    static const uint8_t none[5];
    return s->any || p->head.way == WAY_IN || p->head.way == WAY_OUT ||
           memcmp(p->octets, none, sizeof none) == 0;
}

struct shape {
    uint32_t link;
    uint16_t type;
    size_t header, skip; /* of ours before the octets; of the text's that are left out */
};

/* tcpdump -XX shows the link header, -X with -e says it in words. */
static struct shape tcpdump_shape(const struct pending *p, uint16_t network)
{
    const uint8_t *o = p->octets;
    bool shown =
        p->n >= ETHERNET_HEADER && (p->head.has_mac ? memcmp(o, p->head.mac_to, 6) == 0
                                                    : !network && load_u16(o + 12, false) >= 0x600);
    if (shown)
        return (struct shape){ ETHERNET, load_u16(o + 12, false), 0, 0 };
    if (p->head.has_mac)
        return (struct shape){ ETHERNET, p->head.type, ETHERNET_HEADER, 0 };
    return (struct shape){ COOKED, network, COOKED_HEADER, 0 };
}

static struct shape shape_of(struct sniffer_state *s, const struct pending *p)
{
    uint16_t network = network_type(p);
    if (p->head.tcpdump)
        return tcpdump_shape(p, network);
    if (network || (s->from_ip && p->head.kind == HEAD_OTHER) || p->n < ETHERNET_HEADER) {
        s->from_ip |= network != 0;
        return (struct shape){ COOKED, network, COOKED_HEADER, 0 };
    }
    uint16_t type = load_u16(p->octets + 12, false);
    s->from_link = true;
    if (link_is_made_up(s, p))
        return (struct shape){ COOKED, type, COOKED_HEADER, ETHERNET_HEADER };
    return (struct shape){ ETHERNET, type, 0, 0 };
}

static void header_put(const struct shape *shape, const struct head *h, uint8_t *out)
{
    if (shape->header == COOKED_HEADER) {
        sniffer_cooked(shape->type, out);
    } else if (shape->header == ETHERNET_HEADER) {
        memcpy(out, h->mac_to, 6);
        memcpy(out + 6, h->mac_from, 6);
        out[12] = (uint8_t)(h->type >> 8);
        out[13] = (uint8_t)h->type;
    }
}

/* The frame of `now`, whose octets the text holds. */
static void octets_frame(struct capture *c, struct frame *out)
{
    struct sniffer_state *s = c->state;
    const struct pending *p = &s->now;
    struct shape shape = shape_of(s, p);
    uint8_t *at = s->room + s->used;
    size_t n = shape.header + p->n - shape.skip;

    header_put(&shape, &p->head, at);
    memcpy(at + shape.header, p->octets + shape.skip, p->n - shape.skip);
    size_t behind = shape.header ? shape.header : ETHERNET_HEADER;
    size_t wire = n > behind ? network_length(shape.type, at + behind, n - behind) : 0;
    wire = wire ? behind + wire : n;
    *out = (struct frame){
        .number = ++c->number,
        .time_ns = time_of(s, &p->head),
        .data = bytes_of(at, n, wire > n ? wire : n),
        .link = shape.link,
        .interface = interface_find(c, &p->head),
    };
    s->used += n;
}

/* The frame of the oldest packet without octets. */
static void oldest_frame(struct capture *c, struct frame *out)
{
    struct sniffer_state *s = c->state;
    struct head head = s->bare.ring[s->bare.first];
    uint8_t *at = s->room + s->used;
    size_t wire, n = bare_frame(&s->bare, at, &wire);

    *out = (struct frame){
        .number = ++c->number,
        .time_ns = time_of(s, &head),
        .data = bytes_of(at, n, wire),
        .link = COOKED,
        .interface = interface_find(c, &head),
    };
    s->used += n;
    s->n_bare++;
}

static void now_done(struct sniffer_state *s)
{
    s->active = s->whole = false;
    if (!s->has_next)
        return;
    s->has_next = false;
    packet_begin(s, &s->next, s->next_text, s->next_line);
}

/* One frame from what is complete; false when more lines are needed. */
static bool frame_make(struct capture *c, struct frame *out, bool ended)
{
    struct sniffer_state *s = c->state;
    bool octets = s->whole && s->now.n;
    bool full = s->bare.n == LOOK_AHEAD;

    if (s->bare.n && (octets || full || (ended && !s->whole))) {
        oldest_frame(c, out);
        return true;
    }
    if (!s->whole)
        return false;
    if (octets) {
        octets_frame(c, out);
        now_done(s);
        return true;
    }
    if (s->now.head.tcpdump) { /* words that this reader does not know */
        now_done(s);
        return frame_make(c, out, ended);
    }
    s->bare_seen = true;
    s->bare.ring[(s->bare.first + s->bare.n++) % LOOK_AHEAD] = s->now.head;
    now_done(s);
    return frame_make(c, out, ended);
}

static size_t sniffer_next(struct capture *c, struct frame out[FRAME_BATCH])
{
    struct sniffer_state *s = c->state;
    char line[LINE_LARGEST];
    bool ended = false;
    size_t n = 0;

    s->used = 0;
    s->dirty = true;
    while (n < FRAME_BATCH && s->used + OCTETS_LARGEST + COOKED_HEADER <= ROOM) {
        if (frame_make(c, &out[n], ended)) {
            s->named |= out[n].interface < c->facts.n_interfaces && c->facts.interface[0].name[0];
            n++;
        } else if (ended) {
            c->ended = true;
            break;
        } else if (line_next(c, line)) {
            take_line(s, line);
        } else {
            ended = true;
            s->whole = s->active;
        }
    }
    return n;
}

/* ---- facts */

static void damage_said(struct capture *c)
{
    const struct sniffer_state *s = c->state;
    struct text t = text_of(c->facts.damage, sizeof c->facts.damage);
    c->facts.damaged = c->facts.resumed = true;
    text_format(&t, "%" PRIu64 " packet%s of the text %s damaged (line%s", s->n_damaged,
                s->n_damaged == 1 ? "" : "s", s->n_damaged == 1 ? "is" : "are",
                s->n_damaged == 1 ? "" : "s");
    for (size_t i = 0; i < s->n_damaged && i < LINES_NAMED; i++)
        text_format(&t, "%s%" PRIu64, i ? ", " : " ", s->damaged_line[i]);
    text_add(&t, s->n_damaged > LINES_NAMED ? " and others); " : "); ");
    text_add(&t, "reading went on behind each");
}

static void remark_said(struct capture *c)
{
    const struct sniffer_state *s = c->state;
    struct text t = text_of(c->facts.remark, sizeof c->facts.remark);
    unsigned verbosity = s->from_link ? 3 : s->from_ip ? 2 : 1;
    if (s->from_link || s->from_ip || s->n_bare)
        text_format(&t, "FortiGate sniffer text, verbosity %u",
                    s->named ? verbosity + 3 : verbosity);
    else
        text_add(&t, "packet text of tcpdump");
    text_add(&t, s->relative ? ", times since the sniffer began" : ", absolute times");
    text_add(&t, s->local ? " (local to the device)" : "");
    if (s->n_bare)
        text_format(&t,
                    "; %" PRIu64 " packets without octets: addresses, flags and numbers only, "
                    "so TCP is judged, and TLS and certificates cannot be seen. For those: "
                    "diagnose sniffer packet any 'host ADDRESS' 6 0 a",
                    s->n_bare);
}

static void sniffer_count(struct capture *c)
{
    struct sniffer_state *s = c->state;
    if (!s->dirty)
        return;
    s->dirty = false;
    c->facts.clock_relative = s->relative && !s->absolute;
    c->facts.bare_frames = s->n_bare;
    if (s->n_damaged)
        damage_said(c);
    if (s->dropped_known && c->facts.n_interfaces) {
        c->facts.interface[0].dropped = s->dropped;
        c->facts.interface[0].dropped_known = true;
    }
    remark_said(c);
}

const struct reader sniffer_reader = {
    .format = "sniffer text",
    .recognise = sniffer_recognise,
    .open = sniffer_open,
    .next = sniffer_next,
    .count = sniffer_count,
    .close = sniffer_close,
};
