#include "packet/tcp.h"

#include "packet/field.h"

enum { TCP_HEADER = 20, TCP_TO_FLAGS = 14, UDP_HEADER = 8 };

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
static void scale_read(struct bytes *body, struct tcp_options *out)
{
    uint8_t shift = bytes_u8(body);
    if (bytes_ok(body))
        out->window_scale = (uint8_t)((shift > 14 ? 14 : shift) + 1);
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

void tcp_options_read(struct bytes options, struct tcp_options *out)
{
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

/* Every segment of most connections carries only this (RFC 7323 appendix A). */
static bool is_only_timestamps(const struct bytes *options)
{
    static const uint8_t usual[] = { OPTION_NOTHING, OPTION_NOTHING, OPTION_TIMESTAMPS, 10 };
    return options->left == 12 && memcmp(options->at, usual, sizeof usual) == 0;
}

static void options_decode(struct bytes *b, size_t n, struct packet *p)
{
    struct bytes options = field_up_to(b, n);
    if (options.left < n)
        p->header_cut = true;
    if (!is_only_timestamps(&options)) {
        tcp_options_read(options, &p->options);
        return;
    }
    bytes_skip(&options, 4);
    timestamps_read(&options, &p->options);
}

/* What was captured of a fixed header of n octets, into out, which is zero; the octets there. */
static size_t header_copy(struct bytes *b, uint8_t *out, size_t n, struct packet *p)
{
    size_t have = b->left < n ? b->left : n;
    p->header_cut = have < n;
    return bytes_copy(b, out, have) ? have : 0;
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

void tcp_decode(struct bytes *b, size_t missing, struct packet *p)
{
    size_t promised = bytes_on_wire(b) + missing;
    uint8_t head[TCP_HEADER] = { 0 };
    size_t have = header_copy(b, head, sizeof head, p);
    size_t length = (size_t)(head[12] >> 4) * 4;
    if (promised < sizeof head || (have >= TCP_TO_FLAGS && length < sizeof head)) {
        p->malformed = true;
        return;
    }
    tcp_fields(head, p);
    if (have < TCP_TO_FLAGS)
        return;
    if (length > promised) {
        p->malformed = true;
        return;
    }
    p->kind = PACKET_TCP;
    if (length > have)
        options_decode(b, length - have, p);
    p->payload = *b;
}

/* RFC 2675 section 4: 0 is for a datagram too long for the field. */
static size_t udp_length(uint16_t field, size_t promised)
{
    return field == 0 && promised > UINT16_MAX ? promised : field;
}

void udp_decode(struct bytes *b, size_t missing, struct packet *p)
{
    enum { TO_PORTS = 4, TO_LENGTH = 6 };
    size_t promised = bytes_on_wire(b) + missing;
    uint8_t head[UDP_HEADER] = { 0 };
    size_t have = header_copy(b, head, sizeof head, p);
    p->source_port = field_16(head);
    p->destination_port = field_16(head + 2);
    p->checksum = field_16(head + 6);
    size_t length = have < TO_LENGTH ? promised : udp_length(field_16(head + 4), promised);
    p->malformed = length < sizeof head || length > promised;
    if (p->malformed || have < TO_PORTS)
        return;
    p->kind = PACKET_UDP;
    (void)field_up_to(b, sizeof head - have);
    p->payload = field_up_to(b, length - sizeof head);
}
