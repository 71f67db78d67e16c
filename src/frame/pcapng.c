/* pcapng.c - pcapng files.  draft-ietf-opsawg-pcapng; limits as in Wireshark.
 *
 * Every block carries its length twice, so a damaged one can be stepped over: reading resumes at
 * the next block of a known type whose two lengths agree.  What was lost between has no frame
 * numbers.  Times past what 64 bits of nanoseconds hold saturate; a simple packet block has no time
 * and takes that of the packet before it. */
#include "base/text.h"
#include "frame/block.h"
#include "frame/ticks.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    INTERFACES = 4096,        /* of one section */
    SECRETS_TLS = 0x544c534b, /* secrets type: a TLS key log */
    TAIL_BLOCKS = 64,         /* looked at from the end of the file */
};

struct port {
    struct ticks ticks;
    uint32_t link, snap_length;
    struct capture_interface *described; /* in the facts; NULL beyond CAPTURE_INTERFACES */
    bool statistics_seen;
};

struct pcapng_state {
    bool little;
    uint32_t first; /* number of the section's first interface over the whole input */
    uint32_t n_ports;
    int64_t newest_ns;
    uint64_t tail; /* from this offset on secrets were read when the file was opened; 0 = none */
    struct port port[INTERFACES];
};

/* Integers of a window in the section's order. */
static uint16_t take_u16(struct bytes *b, bool little)
{
    uint16_t v = bytes_u16(b);
    return little ? (uint16_t)(v >> 8 | v << 8) : v;
}

static uint32_t take_u32(struct bytes *b, bool little)
{
    return little ? bytes_u32_le(b) : bytes_u32(b);
}

static uint64_t take_u64(struct bytes *b, bool little)
{
    uint64_t first = take_u32(b, little), second = take_u32(b, little);
    return little ? second << 32 | first : first << 32 | second;
}

static struct bytes body_of(const struct block *b)
{
    return bytes_whole(b->at + 8, b->length - BLOCK_LEAST);
}

/* The next option; false at the end of the list or where it stops making sense. */
static bool option_next(struct bytes *options, bool little, uint16_t *code, struct bytes *value)
{
    *code = take_u16(options, little);
    uint16_t length = take_u16(options, little);
    *value = bytes_take(options, length);
    if (*code == 0 || !bytes_ok(options))
        return false;
    size_t padding = -(size_t)length & 3;
    bytes_skip(options, padding < options->left ? padding : options->left);
    return true;
}

static bool pcapng_recognise(const uint8_t *p, size_t n)
{
    return n >= 4 && load_u32(p, false) == BLOCK_SECTION;
}

static uint64_t block_offset(const struct capture *c, const struct block *b)
{
    return c->input.base + (uint64_t)(b->at - c->input.buffer);
}

static void lost(struct capture *c, const struct block *b, const char *why)
{
    uint64_t at = block_offset(c, b);
    capture_damaged(c, at, "block at byte %" PRIu64 " %s; the block is passed over", at, why);
}

/* Before there were secrets blocks, people kept key logs in the section's comment. */
static void section_comments(struct capture *c, const struct block *b)
{
    const struct pcapng_state *s = c->state;
    struct bytes options = body_of(b), value;
    uint16_t code;

    bytes_skip(&options, 16); /* byte order, version, section length */
    while (option_next(&options, s->little, &code, &value))
        if (code == 1)
            secrets_add(&c->secrets, value, &c->facts.secrets_lost);
}

static void secrets_take(struct capture *c, struct bytes body, bool little)
{
    uint32_t type = take_u32(&body, little);
    struct bytes text = bytes_take(&body, take_u32(&body, little));

    c->facts.has_secrets = true;
    if (bytes_ok(&body) && type == SECRETS_TLS)
        secrets_add(&c->secrets, text, &c->facts.secrets_lost);
}

static void section_take(struct capture *c, const struct block *b)
{
    struct pcapng_state *s = c->state;
    if (b->length < SECTION_LEAST || !block_order(b->at, &s->little)) {
        lost(c, b, "begins a section but is too short");
        return;
    }
    s->first += s->n_ports;
    s->n_ports = 0;
    if (load_u16(b->at + 12, s->little) != 1)
        lost(c, b, "begins a section of an unknown version");
    else
        section_comments(c, b);
}

/* Some writers count a NUL as part of the string. */
static void name_copy(const struct bytes *value, char *out, size_t size)
{
    text_printable(value->at, strnlen((const char *)value->at, value->left), out, size);
}

static void interface_options(struct capture *c, struct port *port, struct bytes options)
{
    struct pcapng_state *s = c->state;
    struct capture_interface *described = port->described;
    uint8_t resolution = 6;
    int64_t offset_s = 0;
    uint16_t code;
    struct bytes value;

    while (option_next(&options, s->little, &code, &value)) {
        if (code == 2 && described) /* if_name */
            name_copy(&value, described->name, sizeof described->name);
        else if (code == 9 && value.left == 1) /* if_tsresol */
            resolution = bytes_u8(&value);
        else if (code == 11 && described && bytes_u8(&value) == 0) /* if_filter, as text */
            name_copy(&value, described->filter, sizeof described->filter);
        else if (code == 14 && value.left == 8) /* if_tsoffset */
            offset_s = (int64_t)take_u64(&value, s->little);
    }
    port->ticks = ticks_of(resolution, offset_s);
    if (resolution & 0x80 ? resolution > (0x80 | 19) : resolution > 6)
        c->facts.nanoseconds = true;
}

static void interface_take(struct capture *c, const struct block *b)
{
    struct pcapng_state *s = c->state;
    struct bytes body = body_of(b);
    uint16_t link = take_u16(&body, s->little);
    bytes_skip(&body, 2);
    uint32_t snap_length = take_u32(&body, s->little);

    if (!bytes_ok(&body)) {
        lost(c, b, "describes an interface but is too short");
        return;
    }
    if (s->n_ports == INTERFACES) {
        lost(c, b, "describes one interface too many");
        return;
    }
    struct port *port = &s->port[s->n_ports];
    *port = (struct port){ .link = link_of_file(link), .snap_length = snap_length };
    if (s->first + s->n_ports == c->facts.n_interfaces)
        port->described = capture_describe(c, port->link, snap_length);
    interface_options(c, port, body);
    s->n_ports++;
}

static uint64_t sum(uint64_t a, uint64_t b) { return a + b < a ? UINT64_MAX : a + b; }

static void statistics_take(struct capture *c, const struct block *b)
{
    struct pcapng_state *s = c->state;
    struct bytes body = body_of(b);
    uint32_t id = take_u32(&body, s->little);
    uint64_t dropped = 0;
    bool known = false;
    uint16_t code;
    struct bytes value;

    bytes_skip(&body, 8); /* time */
    if (!bytes_ok(&body) || id >= s->n_ports)
        return;
    while (option_next(&body, s->little, &code, &value)) {
        if ((code == 5 || code == 7) && value.left == 8) { /* isb_ifdrop, isb_osdrop */
            dropped = sum(dropped, take_u64(&value, s->little));
            known = true;
        }
    }
    struct port *port = &s->port[id];
    if (known && port->described) {
        port->described->dropped = dropped;
        port->described->dropped_known = port->statistics_seen = true;
    }
}

/* Where the packet lies in its block. */
struct packet_place {
    uint32_t id, captured, on_wire;
    uint32_t skip; /* from the block's start to the packet */
    uint64_t ticks;
};

static inline struct packet_place enhanced_place(const uint8_t *p, bool little)
{
    return (struct packet_place){
        .id = load_u32(p + 8, little),
        .ticks = (uint64_t)load_u32(p + 12, little) << 32 | load_u32(p + 16, little),
        .captured = load_u32(p + 20, little),
        .on_wire = load_u32(p + 24, little),
        .skip = 28,
    };
}

static bool packet_fits(struct capture *c, const struct block *b, const struct packet_place *place)
{
    const struct pcapng_state *s = c->state;
    const char *why = NULL;
    if (place->id >= s->n_ports)
        why = "names an interface that is not described";
    else if (place->captured > FRAME_LARGEST || place->captured > b->length - place->skip - 4)
        why = "holds a packet longer than itself";
    if (why)
        lost(c, b, why);
    return why == NULL;
}

static inline size_t packet_take(struct capture *c, const struct block *b,
                                 const struct packet_place *place, struct frame *out)
{
    struct pcapng_state *s = c->state;
    if (!packet_fits(c, b, place))
        return 0;
    const struct port *port = &s->port[place->id];
    if (b->type != BLOCK_SIMPLE)
        s->newest_ns = ticks_ns(&port->ticks, place->ticks);
    *out = (struct frame){
        .number = ++c->number,
        .time_ns = s->newest_ns,
        .data = bytes_of(b->at + place->skip, place->captured, place->on_wire),
        .link = port->link,
        .interface = s->first + place->id,
    };
    return 1;
}

static size_t simple_take(struct capture *c, const struct block *b, struct frame *out)
{
    const struct pcapng_state *s = c->state;
    uint32_t on_wire = load_u32(b->at + 8, s->little);
    uint32_t snap = s->n_ports ? s->port[0].snap_length : 0;
    uint32_t room = b->length - 16;
    uint32_t captured = snap && snap < on_wire ? snap : on_wire;
    const struct packet_place place = { .captured = captured < room ? captured : room,
                                        .on_wire = on_wire,
                                        .skip = 12 };
    return packet_take(c, b, &place, out);
}

/* The obsolete packet block: 16 bits of interface, 16 bits of packets lost since the last. */
static size_t obsolete_take(struct capture *c, const struct block *b, struct frame *out)
{
    const struct pcapng_state *s = c->state;
    struct packet_place place = enhanced_place(b->at, s->little);
    uint16_t dropped = load_u16(b->at + 10, s->little);
    place.id = load_u16(b->at + 8, s->little);
    if (!packet_take(c, b, &place, out))
        return 0;
    const struct port *port = &s->port[place.id];
    if (dropped != UINT16_MAX && port->described && !port->statistics_seen) {
        port->described->dropped = sum(port->described->dropped, dropped);
        port->described->dropped_known = true;
    }
    return 1;
}

/* Answers how many frames the block gave: 0 or 1. */
static size_t other_take(struct capture *c, const struct block *b, struct frame *out)
{
    const struct pcapng_state *s = c->state;

    switch (b->type) {
    case BLOCK_SECTION:
        section_take(c, b);
        return 0;
    case BLOCK_INTERFACE:
        interface_take(c, b);
        return 0;
    case BLOCK_STATISTICS:
        statistics_take(c, b);
        return 0;
    case BLOCK_SECRETS:
        if (!s->tail || block_offset(c, b) < s->tail)
            secrets_take(c, body_of(b), s->little);
        return 0;
    case BLOCK_PACKET:
        if (b->length >= 32)
            return obsolete_take(c, b, out);
        break;
    case BLOCK_SIMPLE:
        if (b->length >= 16)
            return simple_take(c, b, out);
        break;
    case BLOCK_ENHANCED:
        break;
    case BLOCK_JOURNAL:
    case BLOCK_SYSDIG:
    case BLOCK_SYSDIG_2:
    case BLOCK_SYSDIG_2_LARGE:
    case BLOCK_CUSTOM:
    case BLOCK_CUSTOM_UNCOPIED:
        c->number++; /* Wireshark lists these among the packets, so they take a number */
        return 0;
    default: /* names, and what comes after this program */
        return 0;
    }
    lost(c, b, "is too short for a packet");
    return 0;
}

static size_t pcapng_next_batch(struct capture *c, struct frame out[FRAME_BATCH])
{
    const struct pcapng_state *s = c->state;
    struct block b;
    size_t n = 0;

    while (n < FRAME_BATCH && !c->ended) {
        if (!block_whole(&c->input, s->little, &b)) {
            if (n) /* fetching moves the bytes that frames borrow */
                break;
            block_fetch(c, s->little);
            continue;
        }
        c->input.at += b.length;
        if (b.type == BLOCK_ENHANCED && b.length >= 32) {
            const struct packet_place place = enhanced_place(b.at, s->little);
            n += packet_take(c, &b, &place, &out[n]);
        } else {
            n += other_take(c, &b, &out[n]);
        }
    }
    return n;
}

/* The header of a pcapng file is all up to its first interface: without that no packet means
 * anything.  A file that ends in good order before it is an empty capture. */
static bool header_take(struct capture *c)
{
    const struct pcapng_state *s = c->state;
    struct block b;

    while (!c->ended && !s->n_ports) {
        if (!block_whole(&c->input, s->little, &b)) {
            block_fetch(c, s->little);
            if (c->ended && c->facts.damaged)
                return false;
            continue;
        }
        if (b.type == BLOCK_ENHANCED || b.type == BLOCK_SIMPLE || b.type == BLOCK_PACKET)
            return true;
        c->input.at += b.length;
        other_take(c, &b, NULL);
    }
    return true;
}

/* ---- secrets behind the packets: some writers put them where they learn them ---- */

/* A secrets block that ends at `end`, or any other that is no packet: its length; 0 = neither. */
static uint32_t tail_length(const struct capture *c, uint64_t end, bool little, uint32_t *type)
{
    uint8_t head[8], foot[4];

    if (end < BLOCK_LEAST || pread(c->input.fd, foot, 4, (off_t)(end - 4)) != 4)
        return 0;
    uint32_t length = load_u32(foot, little);
    if (length < BLOCK_LEAST || length % 4 || length > end || length > INPUT_LARGEST ||
        pread(c->input.fd, head, 8, (off_t)(end - length)) != 8 ||
        load_u32(head + 4, little) != length)
        return 0;
    *type = load_u32(head, little);
    return *type == BLOCK_SECRETS || *type == BLOCK_STATISTICS || *type == BLOCK_NAMES ? length : 0;
}

static void tail_open(struct capture *c, uint64_t at, uint32_t length, bool little)
{
    uint8_t *body = malloc(length - BLOCK_LEAST + 1);

    if (!body)
        return;
    ssize_t n = pread(c->input.fd, body, length - BLOCK_LEAST, (off_t)(at + 8));
    if (n == (ssize_t)(length - BLOCK_LEAST))
        secrets_take(c, bytes_whole(body, (size_t)n), little);
    free(body);
}

/* Secrets unlock what was captured before them too: those at the very end are read first. */
static void tail_read(struct capture *c)
{
    struct pcapng_state *s = c->state;
    uint64_t end = c->facts.bytes_total;
    uint32_t length, type;
    bool little = s->little; /* the last section's order may be another than the first's */

    if (!c->input.seekable || c->input.expansion || c->input.fd < 0)
        return;
    for (int i = 0; i < TAIL_BLOCKS; i++, end -= length) {
        length = tail_length(c, end, little, &type);
        if (!length && i == 0)
            length = tail_length(c, end, little = !little, &type);
        if (!length)
            return;
        if (type != BLOCK_SECRETS)
            continue;
        s->tail = end - length;
        tail_open(c, s->tail, length, little);
    }
}

static bool section_refused(struct capture *c, struct failure *failure)
{
    struct input *in = &c->input;
    bool little;
    char why[120];

    if (input_need(in, SECTION_LEAST) < SECTION_LEAST) {
        say(why, sizeof why, "a pcapng file cut inside its header (%zu bytes)", input_have(in));
        failure_set(failure, c->name, why, "copy the file again and compare the size");
        return true;
    }
    if (!block_order(in->at, &little)) {
        refuse_content(c->name, in->at, input_have(in), failure);
        return true;
    }
    unsigned major = load_u16(in->at + 12, little), minor = load_u16(in->at + 14, little);
    if (major != 1) {
        say(why, sizeof why, "pcapng version %u.%u is not known", major, minor);
        failure_set(failure, c->name, why, "I read pcapng version 1");
        return true;
    }
    return false;
}

static void pcapng_close_state(struct capture *c)
{
    free(c->state);
    c->state = NULL;
}

static bool pcapng_open(struct capture *c, struct failure *failure)
{
    if (section_refused(c, failure))
        return false;
    c->state = calloc(1, sizeof(struct pcapng_state));
    if (!c->state) {
        failure_set(failure, c->name, "no memory left", "");
        return false;
    }
    if (header_take(c)) {
        tail_read(c);
        return true;
    }
    char why[240];
    say(why, sizeof why, "a pcapng file broken inside its header (%s)", c->facts.damage);
    failure_set(failure, c->name, why, "copy the file again and compare the size");
    pcapng_close_state(c);
    return false;
}

const struct reader pcapng_reader = {
    .format = "pcapng",
    .recognise = pcapng_recognise,
    .open = pcapng_open,
    .next = pcapng_next_batch,
    .close = pcapng_close_state,
};
