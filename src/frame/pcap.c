/* pcap.c - classic capture files.  draft-ietf-opsawg-pcap; limits and oddities as in Wireshark.
 *
 * A record header has nothing to recognise it by, so a damaged one ends the reading: what follows
 * could only be guessed. */
#include "frame/reader.h"

#include <inttypes.h>
#include <stdlib.h>

enum { FILE_HEADER = 24, RECORD_HEADER = 16, MODIFIED_HEADER = 24 };

struct pcap_state {
    bool little;
    bool lengths_swapped;   /* versions before 2.3 */
    bool lengths_uncertain; /* version 2.3: written either way */
    size_t header;          /* of a record */
    int64_t tick_ns;
    uint32_t link;
};

static const struct magic {
    uint32_t value; /* as read in the file's own order */
    size_t header;
    int64_t tick_ns;
} magics[] = {
    { 0xa1b2c3d4, RECORD_HEADER, 1000 },
    { 0xa1b23c4d, RECORD_HEADER, 1 },
    { 0xa1b2cd34, MODIFIED_HEADER, 1000 }, /* index, protocol and type follow the lengths */
};

static const struct magic *magic_of(const uint8_t *p, size_t n, bool little)
{
    for (size_t i = 0; n >= 4 && i < sizeof magics / sizeof *magics; i++)
        if (load_u32(p, little) == magics[i].value)
            return &magics[i];
    return NULL;
}

static bool pcap_recognise(const uint8_t *p, size_t n)
{
    return magic_of(p, n, true) || magic_of(p, n, false);
}

static bool pcap_open(struct capture *c, struct failure *failure)
{
    char why[120];
    size_t have = input_need(&c->input, FILE_HEADER);
    if (have < FILE_HEADER) {
        say(why, sizeof why, "a pcap file cut inside its header (%zu of %d bytes)", have,
            FILE_HEADER);
        failure_set(failure, c->name, why, "copy the file again and compare the size");
        return false;
    }
    const uint8_t *p = c->input.at;
    bool little = magic_of(p, have, true) != NULL;
    unsigned major = load_u16(p + 4, little), minor = load_u16(p + 6, little);
    if (major != 2) {
        say(why, sizeof why, "pcap version %u.%u is not known", major, minor);
        failure_set(failure, c->name, why, "I read pcap version 2");
        return false;
    }
    const struct magic *magic = magic_of(p, have, little);
    struct pcap_state *s = c->state = calloc(1, sizeof *s);
    if (!s) {
        failure_set(failure, c->name, "no memory left", "");
        return false;
    }
    *s = (struct pcap_state){ .little = little,
                              .lengths_swapped = minor < 3,
                              .lengths_uncertain = minor == 3,
                              .header = magic->header,
                              .tick_ns = magic->tick_ns,
                              .link = link_of_file(load_u32(p + 20, little)) };
    c->facts.nanoseconds = magic->tick_ns == 1;
    capture_describe(c, s->link, load_u32(p + 16, little));
    c->input.at += FILE_HEADER;
    return true;
}

struct lengths {
    uint32_t captured, on_wire;
};

static inline struct lengths lengths_of(const struct pcap_state *s, bool little, const uint8_t *p)
{
    struct lengths l = { load_u32(p + 8, little), load_u32(p + 12, little) };
    if (s->lengths_swapped || (s->lengths_uncertain && l.captured > l.on_wire))
        return (struct lengths){ l.on_wire, l.captured };
    return l;
}

/* Nothing whole is left in the window: more of it, or the end, and which. */
static bool pcap_refill(struct capture *c, const struct pcap_state *s)
{
    struct input *in = &c->input;
    size_t have = input_need(in, s->header);
    if (have >= s->header) {
        struct lengths l = lengths_of(s, s->little, in->at);
        if (l.captured > FRAME_LARGEST) {
            capture_damaged(c, input_offset(in),
                            "packet at byte %" PRIu64 " claims %" PRIu32
                            " captured bytes; no packet has so many",
                            input_offset(in), l.captured);
        } else {
            have = input_need(in, s->header + l.captured);
            if (have >= s->header + l.captured)
                return true;
            capture_damaged(c, input_offset(in),
                            "packet at byte %" PRIu64 " claims %zu bytes, the %s has %zu left",
                            input_offset(in), s->header + l.captured, c->noun, have);
        }
    } else if (have || in->error[0]) {
        capture_damaged(c, input_offset(in),
                        "packet at byte %" PRIu64
                        " needs a header of %zu bytes, the %s has %zu left",
                        input_offset(in), s->header, c->noun, have);
    }
    c->ended = true;
    return false;
}

/* Each record tells where the next begins: memory is asked for them before that is known. */
static inline void read_ahead(const uint8_t *from, size_t n)
{
    enum { AHEAD = 1024, LINE = 64 };
    for (size_t i = 0; i < n; i += LINE)
        __builtin_prefetch(from + AHEAD + i);
}

/* The whole records of the window.  `little` is given apart, for one loop of each kind. */
static inline size_t records_take(struct capture *c, const struct pcap_state *s, bool little,
                                  struct frame out[FRAME_BATCH])
{
    const uint8_t *p = c->input.at;
    uint64_t number = c->number;
    size_t n = 0, have = input_have(&c->input), header = s->header;

    for (; n < FRAME_BATCH && have >= header; n++) {
        struct lengths l = lengths_of(s, little, p);
        size_t record = header + l.captured;
        if (l.captured > FRAME_LARGEST || have < record)
            break;
        int64_t seconds = load_u32(p, little), ticks = load_u32(p + 4, little);
        struct frame *frame = &out[n];
        frame->number = ++number;
        frame->time_ns = seconds * 1000000000 + ticks * s->tick_ns;
        frame->data = bytes_of(p + header, l.captured, l.on_wire);
        frame->link = s->link;
        frame->interface = 0;
        read_ahead(p, record);
        p += record;
        have -= record;
    }
    c->input.at = p;
    c->number = number;
    return n;
}

static size_t pcap_next_batch(struct capture *c, struct frame out[FRAME_BATCH])
{
    const struct pcap_state *s = c->state;

    for (;;) {
        size_t n = s->little ? records_take(c, s, true, out) : records_take(c, s, false, out);
        if (n || !pcap_refill(c, s)) /* refilling moves the bytes that frames borrow */
            return n;
    }
}

static void pcap_close_state(struct capture *c)
{
    free(c->state);
    c->state = NULL;
}

const struct reader pcap_reader = {
    .format = "pcap",
    .recognise = pcap_recognise,
    .open = pcap_open,
    .next = pcap_next_batch,
    .close = pcap_close_state,
};
