#include "packet/tcp.h"

#include "packet/field.h"

#include <string.h>

enum { TCP_HEADER = 20, TCP_TO_FLAGS = 14, UDP_HEADER = 8, UDP_TO_PORTS = 4, UDP_TO_LENGTH = 6 };

enum { /* IANA TCP option kinds */
       OPTION_END = 0,
       OPTION_NOTHING = 1,
       OPTION_MSS = 2,
       OPTION_SCALE = 3,
       OPTION_SACK_PERMITTED = 4,
       OPTION_SACK = 5,
       OPTION_TIMESTAMPS = 8,
};

/* Kinds that are not read may have any length. */
static bool option_fits(uint8_t kind, size_t length)
{
    switch (kind) {
    case OPTION_MSS:
        return length == 4;
    case OPTION_SCALE:
        return length == 3;
    case OPTION_SACK_PERMITTED:
        return length == 2;
    case OPTION_SACK:
        return length > 2 && length % 8 == 2;
    case OPTION_TIMESTAMPS:
        return length == 10;
    default:
        return length >= 2;
    }
}

static void timestamps_read(struct bytes *body, struct tcp_options *out)
{
    out->timestamps = body->left == 8;
    out->ts_value = bytes_u32(body);
    out->ts_echo = bytes_u32(body);
}

static void sack_read(struct bytes *body, struct tcp_options *out)
{
    while (body->left >= 8 && out->n_sack < 4) {
        out->sack_left[out->n_sack] = bytes_u32(body);
        out->sack_right[out->n_sack] = bytes_u32(body);
        out->n_sack++;
    }
}

/* RFC 7323 section 2.3: a shift above 14 is used as 14. */
static uint8_t scale_of(uint8_t shift) { return (uint8_t)((shift > 14 ? 14 : shift) + 1); }

static void scale_read(struct bytes *body, struct tcp_options *out)
{
    uint8_t shift = bytes_u8(body);
    if (bytes_ok(body))
        out->window_scale = scale_of(shift);
}

static void option_read(uint8_t kind, struct bytes *body, struct tcp_options *out)
{
    switch (kind) {
    case OPTION_MSS:
        out->mss = bytes_u16(body);
        break;
    case OPTION_SCALE:
        scale_read(body, out);
        break;
    case OPTION_SACK_PERMITTED:
        out->sack_permitted = true;
        break;
    case OPTION_SACK:
        sack_read(body, out);
        break;
    case OPTION_TIMESTAMPS:
        timestamps_read(body, out);
        break;
    default:
        break;
    }
}

/* What Linux, and whoever does as it does, puts into a SYN: MSS, SACK permitted, timestamps,
 * nothing, window scale.  The order is theirs; the lengths are part of what is compared. */
static bool options_of_linux(const struct bytes *options, struct tcp_options *out)
{
    enum { OCTETS = 20, MSS = 0x0204, SACK_AND_TIMESTAMPS = 0x0402080a, NOTHING_SCALE = 0x010303 };
    const uint8_t *at = options->at;
    if (options->left != OCTETS || options->clipped || field_16(at) != MSS ||
        field_32(at + 4) != SACK_AND_TIMESTAMPS || field_32(at + 16) >> 8 != NOTHING_SCALE)
        return false;
    out->mss = field_16(at + 2);
    out->sack_permitted = out->timestamps = true;
    out->ts_value = field_32(at + 8);
    out->ts_echo = field_32(at + 12);
    out->window_scale = scale_of(at[19]);
    return true;
}

void tcp_options_read(struct bytes options, struct tcp_options *out)
{
    if (options_of_linux(&options, out))
        return;
    while (options.left) {
        uint8_t kind = bytes_u8(&options);
        if (kind == OPTION_END)
            return;
        if (kind == OPTION_NOTHING)
            continue;
        uint8_t length = bytes_u8(&options);
        struct bytes body = bytes_take(&options, length < 2 ? 0 : length - 2u);
        if (options.fault == BYTES_CLIPPED)
            return;
        bool fits = bytes_ok(&options) && option_fits(kind, length);
        out->malformed |= !fits;
        if (length < 2 || !bytes_ok(&options))
            return;
        if (fits)
            option_read(kind, &body, out);
    }
}

/* Most segments of most connections carry only this (RFC 7323 appendix A). */
static bool is_only_timestamps(const uint8_t *options)
{
    static const uint8_t usual[] = { OPTION_NOTHING, OPTION_NOTHING, OPTION_TIMESTAMPS, 10 };
    return memcmp(options, usual, sizeof usual) == 0;
}

static void options_decode(size_t n, struct packet *p)
{
    struct bytes *b = &p->payload;
    if (n == 12 && b->left >= n && is_only_timestamps(b->at)) {
        const uint8_t *option = field_block(b, n);
        p->options.timestamps = true;
        p->options.ts_value = field_32(option + 4);
        p->options.ts_echo = field_32(option + 8);
        return;
    }
    struct bytes options = *b;
    (void)field_trim(&options, n);
    bytes_skip(b, bytes_on_wire(&options));
    p->header_cut |= options.left < n;
    tcp_options_read(options, &p->options);
}

static void tcp_fields(const uint8_t *head, struct packet *p)
{
    p->source_port = field_16(head);
    p->destination_port = field_16(head + 2);
    p->seq = field_32(head + 4);
    p->ack = field_32(head + 8);
    p->flags = head[13];
    p->window = field_16(head + 14);
    p->checksum = field_16(head + 16);
}

/* A header of n octets of which not all were captured: those that were, in `out`, which is zero;
 * the window stands behind it, as far as the frame goes. */
static size_t header_patch(size_t n, struct packet *p, uint8_t *out)
{
    struct bytes *b = &p->payload;
    size_t have = b->left, there = bytes_on_wire(b);
    p->header_cut = true;
    memcpy(out, b->at, have);
    bytes_skip(b, n < there ? n : there);
    return have;
}

/* The fixed header is in p: the options, and with them the payload. */
static void tcp_finish(size_t length, size_t promised, struct packet *p)
{
    p->malformed = length < TCP_HEADER || length > promised;
    if (p->malformed)
        return;
    p->kind = PACKET_TCP;
    if (length > TCP_HEADER)
        options_decode(length - TCP_HEADER, p);
}

void tcp_decode(size_t missing, struct packet *p)
{
    size_t promised = bytes_on_wire(&p->payload) + missing;
    uint8_t patched[TCP_HEADER] = { 0 };
    if (promised < TCP_HEADER) {
        p->malformed = true;
        return;
    }
    if (p->payload.left >= TCP_HEADER) {
        const uint8_t *head = field_block(&p->payload, TCP_HEADER);
        tcp_fields(head, p);
        tcp_finish((size_t)(head[12] >> 4) * 4, promised, p);
        return;
    }
    size_t have = header_patch(TCP_HEADER, p, patched);
    tcp_fields(patched, p);
    if (have >= TCP_TO_FLAGS)
        tcp_finish((size_t)(patched[12] >> 4) * 4, promised, p);
}

/* RFC 2675 section 4: 0 is for a datagram too long for the field. */
static size_t udp_length(const uint8_t *head, size_t promised)
{
    size_t length = field_16(head + 4);
    return length == 0 && promised > UINT16_MAX ? promised : length;
}

void udp_decode(size_t missing, struct packet *p)
{
    size_t promised = bytes_on_wire(&p->payload) + missing;
    uint8_t patched[UDP_HEADER] = { 0 };
    const uint8_t *head = patched;
    size_t have = UDP_HEADER;
    if (p->payload.left >= UDP_HEADER)
        head = field_block(&p->payload, UDP_HEADER);
    else
        have = header_patch(UDP_HEADER, p, patched);
    p->source_port = field_16(head);
    p->destination_port = field_16(head + 2);
    p->checksum = field_16(head + 6);
    size_t length = have < UDP_TO_LENGTH ? promised : udp_length(head, promised);
    p->malformed = length < UDP_HEADER || length > promised;
    if (p->malformed || have < UDP_TO_PORTS)
        return;
    p->kind = PACKET_UDP;
    (void)field_trim(&p->payload, length - UDP_HEADER);
}
