#include "forge/forge.h"
#include "one.h"
#include "packet/usual.h"

#include <criterion/criterion.h>
#include <string.h>

/* Both ways over one frame; the short one must decide alike, or decline. */
static bool short_way_is_taken(const struct frame *frame)
{
    enum { BEGIN = offsetof(struct packet, flow_hash), END = offsetof(struct packet, quote) };
    struct packet usual, layers;
    struct decoder *decoder = decoder_open(one_seed);

    memset(&usual, 0, sizeof usual);
    memset(&layers, 0, sizeof layers);
    usual.frame = layers.frame = frame->number;
    layers.cut = frame->data.clipped != 0;
    usual.payload = layers.payload = frame->data;
    bool taken = usual_decode(frame, one_seed, &usual);
    if (taken) {
        layers_decode(decoder, frame, &layers);
        cr_assert_eq(usual.payload.at, layers.payload.at);
        cr_assert_eq(usual.payload.left, layers.payload.left);
        cr_assert_eq(usual.payload.clipped, layers.payload.clipped);
        cr_assert_eq(usual.payload.fault, layers.payload.fault);
        cr_assert_eq(usual.cut, layers.cut);
        cr_assert_arr_eq((uint8_t *)&usual + BEGIN, (uint8_t *)&layers + BEGIN, END - BEGIN);
    }
    decoder_close(decoder);
    return taken;
}

static const uint8_t timestamps[] = { 1, 1, 8, 10, 0, 0, 0, 7, 0, 0, 0, 9 };

static void forge_usual(struct forged *f, const void *options, size_t n_options, size_t n_payload)
{
    static const uint8_t payload[1448] = { 0x17, 3, 3, 1 };
    forge_tcp(f, &(struct forge_tcp){ .ip = { .source = "10.1.2.3",
                                              .destination = "10.0.0.2",
                                              .ttl = 61,
                                              .dscp = 10,
                                              .id = 4711,
                                              .dont_fragment = true },
                                      .source_port = 40000,
                                      .destination_port = 443,
                                      .seq = 0xfffffff0,
                                      .ack = 12345,
                                      .window = 501,
                                      .flags = TCP_ACK | TCP_PSH,
                                      .options = { options, n_options },
                                      .payload = { payload, n_payload } });
}

Test(usual, the_frame_that_most_frames_are_takes_the_short_way)
{
    static struct forged f;

    for (size_t n = 0; n < 20; n++) {
        forge_usual(&f, NULL, 0, n);
        struct frame plain = forge_frame(&f, 5, 77);
        cr_assert(short_way_is_taken(&plain));
        forge_usual(&f, timestamps, sizeof timestamps, n * 70);
        struct frame stamped = forge_frame(&f, 6, 78);
        cr_assert(short_way_is_taken(&stamped));
    }
}

Test(usual, padding_of_the_link_is_no_payload)
{
    static struct forged f;
    forge_usual(&f, NULL, 0, 0);
    f.n += 6; /* to the 60 octets of the shortest frame */
    struct frame frame = forge_frame(&f, 1, 0);

    cr_assert(short_way_is_taken(&frame));
    cr_assert_eq(one_decoded(frame).payload.left, 0);
}

Test(usual, what_is_cut_or_of_another_link_takes_the_long_way)
{
    static struct forged f;

    forge_usual(&f, timestamps, sizeof timestamps, 10);
    struct frame frame = forge_frame_cut(&f, 1, 0, f.n - 1);
    cr_assert_not(short_way_is_taken(&frame));
    frame = forge_frame(&f, 1, 0);
    frame.link = 101;
    cr_assert_not(short_way_is_taken(&frame));
}

static const uint8_t of_linux[] = { 2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 7, 0, 0, 0, 9, 1, 3, 3, 7 };
static const uint8_t of_windows[] = { 2, 4, 5, 180, 1, 3, 3, 8, 1, 1, 4, 2 };
static const uint8_t sack[] = { 1, 1, 5, 18, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 5, 0, 0, 0, 8 };

static const struct octets {
    const uint8_t *at;
    size_t n;
} all_options[] = {
    { NULL, 0 },
    { timestamps, sizeof timestamps },
    { of_linux, sizeof of_linux },
    { of_windows, sizeof of_windows },
    { sack, sizeof sack },
};

Test(usual, the_options_of_a_linux_syn_are_read)
{
    static struct forged f;
    forge_usual(&f, of_linux, sizeof of_linux, 0);
    struct frame frame = forge_frame(&f, 1, 0);
    struct packet p = one_decoded(frame);

    cr_assert(short_way_is_taken(&frame));
    cr_assert_eq(p.options.mss, 1460);
    cr_assert_eq(p.options.window_scale, 8);
    cr_assert(p.options.sack_permitted && p.options.timestamps && !p.options.malformed);
    cr_assert_eq(p.options.ts_value, 7);
    cr_assert_eq(p.options.ts_echo, 9);
}

/* Every octet of the headers takes every value: both ways agree, or the short one declines. */
Test(usual, both_ways_agree_whatever_an_octet_says)
{
    static struct forged f;
    unsigned taken = 0;

    for (size_t i = 0; i < sizeof all_options / sizeof *all_options; i++) {
        forge_usual(&f, all_options[i].at, all_options[i].n, 30);
        for (size_t at = 0; at < f.payload; at++) {
            uint8_t before = f.octets[at];
            for (unsigned v = 0; v < 256; v++) {
                f.octets[at] = (uint8_t)v;
                struct frame frame = forge_frame(&f, 1, 0);
                taken += short_way_is_taken(&frame);
            }
            f.octets[at] = before;
        }
    }
    cr_assert_gt(taken, 10000);
}

Test(usual, both_ways_agree_wherever_the_frame_ends)
{
    static struct forged f;

    forge_usual(&f, timestamps, sizeof timestamps, 30);
    for (size_t n = 0; n <= f.n; n++) {
        struct frame frame = { .number = 1, .data = bytes_whole(f.octets, n), .link = 1 };
        cr_assert_eq(short_way_is_taken(&frame), n == f.n);
    }
}
