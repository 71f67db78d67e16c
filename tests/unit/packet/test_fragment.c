#include "forge/forge.h"
#include "one.h"

#include <criterion/criterion.h>

enum { PIECES = 4, SECOND_NS = 1000000000 };

static struct decoder *decoder;
static struct forged whole, piece[PIECES];
static uint8_t text[4000];
static uint64_t number;

static void fragment_setup(void)
{
    decoder = decoder_open(one_seed);
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (uint8_t)(i * 31 + i / 256);
}

static void fragment_teardown(void) { decoder_close(decoder); }

TestSuite(fragment, .init = fragment_setup, .fini = fragment_teardown);

/* A datagram of 1480 octets (8 of them UDP's) in three fragments, and one octet fewer in `piece[2]`
 * than a multiple of eight. */
static void cut_up(const char *source, const char *destination, uint32_t id)
{
    forge_udp(&whole, &(struct forge_udp){ .ip = { .source = source, .destination = destination },
                                           .source_port = 5000,
                                           .destination_port = 53,
                                           .payload = { text, 1471 } });
    forge_fragment(&piece[0], &whole, 0, 480, id);
    forge_fragment(&piece[1], &whole, 480, 960, id);
    forge_fragment(&piece[2], &whole, 960, 2000, id);
}

static void cut_up4(uint32_t id) { cut_up("10.0.0.1", "10.0.0.2", id); }

static struct packet accept_at(const struct forged *f, int64_t time_ns)
{
    struct frame frame = forge_frame(f, ++number, time_ns);
    struct packet p;
    packet_decode(decoder, &frame, 1, &p);
    return p;
}

static struct packet accept(const struct forged *f) { return accept_at(f, 0); }

static void expect_part(const struct packet *p)
{
    cr_assert(p->fragment);
    cr_assert_not(p->reassembled);
    cr_assert_eq(p->kind, PACKET_OTHER);
    cr_assert_eq(p->ip_protocol, 17);
    cr_assert_eq(p->source_port, 0);
    cr_assert_eq(p->flow_hash, 0);
    cr_assert_eq(bytes_on_wire(&p->payload), 0);
}

static void expect_whole(const struct packet *p)
{
    cr_assert_not(p->fragment);
    cr_assert(p->reassembled);
    cr_assert_eq(p->kind, PACKET_UDP);
    cr_assert_eq(p->source_port, 5000);
    cr_assert_eq(p->destination_port, 53);
    cr_assert_eq(p->payload.left, 1471);
    cr_assert_eq(p->payload.clipped, 0);
    cr_assert_arr_eq(p->payload.at, text, 1471);
}

Test(fragment, the_last_to_come_delivers_the_datagram)
{
    cut_up4(77);

    struct packet a = accept(&piece[0]), b = accept(&piece[1]);
    expect_part(&a);
    expect_part(&b);
    struct packet c = accept(&piece[2]);

    expect_whole(&c);
    cr_assert_eq(c.ip_length, 20 + 1479);
    cr_assert_eq(c.frame, number);
    cr_assert_eq(decoder_counts(decoder)->fragments, 3);
    cr_assert_eq(decoder_counts(decoder)->datagrams_reassembled, 1);
}

Test(fragment, order_does_not_matter)
{
    cut_up4(78);

    struct packet a = accept(&piece[2]), b = accept(&piece[0]);
    expect_part(&a);
    expect_part(&b);
    struct packet c = accept(&piece[1]);

    expect_whole(&c);
}

Test(fragment, version_6_is_put_together_too)
{
    cut_up("2001:db8::1", "2001:db8::2", 0xdeadbeef);

    struct packet a = accept(&piece[1]), b = accept(&piece[2]);
    expect_part(&a);
    expect_part(&b);
    struct packet c = accept(&piece[0]);

    expect_whole(&c);
    cr_assert_eq(c.ip_length, 40 + 1479);
}

Test(fragment, of_an_atomic_datagram_is_just_a_packet)
{
    cut_up("2001:db8::1", "2001:db8::2", 1);
    forge_fragment(&piece[0], &whole, 0, 2000, 5);

    struct packet p = accept(&piece[0]);

    cr_assert_not(p.fragment);
    cr_assert_not(p.reassembled);
    cr_assert_eq(p.kind, PACKET_UDP);
    cr_assert_eq(bytes_on_wire(&p.payload), 1471);
    cr_assert_eq(decoder_counts(decoder)->fragments, 0);
}

Test(fragment, extension_headers_behind_it_belong_to_the_datagram)
{
    const uint8_t options[] = { 17, 0, 1, 4, 0, 0, 0, 0 };
    forge_udp(&whole, &(struct forge_udp){ .ip = { .source = "2001:db8::1",
                                                   .destination = "2001:db8::2",
                                                   .options = { options, 8 },
                                                   .first_extension = 60 },
                                           .source_port = 5000,
                                           .destination_port = 53,
                                           .payload = { text, 1471 } });
    whole.transport = whole.ip + 40;
    forge_fragment(&piece[0], &whole, 0, 800, 9);
    forge_fragment(&piece[1], &whole, 800, 2000, 9);

    (void)accept(&piece[0]);
    struct packet p = accept(&piece[1]);

    expect_whole(&p);
    cr_assert_eq(p.ip_protocol, 17);
}

Test(fragment, within_a_datagram_made_of_fragments_is_refused)
{
    cut_up("2001:db8::1", "2001:db8::2", 1);
    uint8_t *inner = whole.octets + whole.transport;
    memcpy(inner, (const uint8_t[]){ 17, 0, 0, 1, 0, 0, 0, 1 }, 8);
    whole.octets[whole.ip + 6] = 44;
    forge_fragment(&piece[0], &whole, 0, 800, 9);
    forge_fragment(&piece[1], &whole, 800, 2000, 9);

    (void)accept(&piece[0]);
    struct packet p = accept(&piece[1]);

    cr_assert(p.malformed);
    cr_assert_eq(p.kind, PACKET_OTHER);
    cr_assert_eq(p.source_port, 0);
}

Test(fragment, of_another_datagram_is_kept_apart)
{
    cut_up4(1);
    (void)accept(&piece[0]);
    (void)accept(&piece[1]);
    struct forged *last = &piece[3];
    *last = piece[2];

    cut_up4(2);
    struct packet other_id = accept(&piece[2]);
    cut_up("10.0.0.1", "10.0.0.3", 1);
    struct packet other_address = accept(&piece[2]);
    struct packet p = accept(last);

    expect_part(&other_id);
    expect_part(&other_address);
    expect_whole(&p);
}

Test(fragment, the_first_to_arrive_wins_where_fragments_overlap)
{
    cut_up4(3);
    forge_fragment(&piece[3], &whole, 0, 960, 3);
    memset(piece[3].octets + piece[3].transport, 0xff, 480);

    (void)accept(&piece[0]);
    (void)accept(&piece[3]);
    struct packet p = accept(&piece[2]);

    expect_whole(&p);
}

Test(fragment, copies_of_all_of_them_deliver_one_datagram)
{
    cut_up4(4);
    struct frame frames[6];
    struct packet packets[6];
    for (size_t i = 0; i < 6; i++)
        frames[i] = forge_frame(&piece[i / 2], i + 1, 1000);

    packet_decode(decoder, frames, 6, packets);

    expect_whole(&packets[4]);
    expect_part(&packets[5]);
    cr_assert_eq(decoder_counts(decoder)->datagrams_reassembled, 1);
}

Test(fragment, datagrams_of_one_batch_do_not_share_memory)
{
    struct frame frames[4];
    struct packet packets[4];
    cut_up4(5);
    frames[0] = forge_frame(&piece[0], 1, 0);
    forge_fragment(&piece[1], &whole, 480, 2000, 5);
    frames[1] = forge_frame(&piece[1], 2, 0);
    memset(text, 'x', sizeof text);
    forge_udp(&whole,
              &(struct forge_udp){ .ip = { .source = "10.0.0.1", .destination = "10.0.0.2" },
                                   .payload = { text, 1471 } });
    forge_fragment(&piece[2], &whole, 0, 480, 6);
    forge_fragment(&piece[3], &whole, 480, 2000, 6);
    frames[2] = forge_frame(&piece[2], 3, 0);
    frames[3] = forge_frame(&piece[3], 4, 0);

    packet_decode(decoder, frames, 4, packets);

    cr_assert(packets[1].reassembled && packets[3].reassembled);
    cr_assert_eq(packets[1].payload.at[1], 31);
    cr_assert_eq(packets[3].payload.at[1], 'x');
}

Test(fragment, a_full_store_does_not_take_back_what_this_batch_has_lent)
{
    struct frame frames[2];
    struct packet packets[2];
    cut_up4(5);
    for (uint32_t id = 1000; id < 1128; id++) {
        forge_fragment(&piece[0], &whole, 0, 480, id);
        (void)accept(&piece[0]);
    }
    forge_fragment(&piece[1], &whole, 480, 2000, 1100);
    memset(whole.octets + whole.transport, 'x', 480);
    forge_fragment(&piece[2], &whole, 0, 480, 2000);
    frames[0] = forge_frame(&piece[1], 1, 0);
    frames[1] = forge_frame(&piece[2], 2, 0);

    packet_decode(decoder, frames, 2, packets);

    expect_whole(&packets[0]);
    expect_part(&packets[1]);
}

Test(fragment, one_that_comes_too_late_begins_a_new_datagram)
{
    cut_up4(7);

    (void)accept_at(&piece[0], 0);
    (void)accept_at(&piece[1], 0);
    struct packet late = accept_at(&piece[2], 31LL * SECOND_NS);
    (void)accept_at(&piece[0], 32LL * SECOND_NS);
    struct packet p = accept_at(&piece[1], 33LL * SECOND_NS);

    expect_part(&late);
    expect_whole(&p);
}

Test(fragment, the_oldest_datagram_gives_way_when_the_store_is_full)
{
    cut_up4(1);
    struct forged *middle = &piece[3];
    *middle = piece[1];
    (void)accept(&piece[0]);
    (void)accept(&piece[2]);

    for (uint32_t id = 1000; id < 1200; id++) {
        forge_fragment(&piece[1], &whole, 480, 960, id);
        (void)accept(&piece[1]);
    }
    struct packet evicted = accept(middle);

    expect_part(&evicted);
}

Test(fragment, the_youngest_hundred_stay)
{
    cut_up4(1);
    for (uint32_t id = 1; id <= 200; id++) {
        forge_fragment(&piece[1], &whole, 0, 960, id);
        (void)accept(&piece[1]);
    }

    forge_fragment(&piece[2], &whole, 960, 2000, 101);
    struct packet p = accept(&piece[2]);

    expect_whole(&p);
}

Test(fragment, with_a_length_off_eight_that_is_not_the_last_is_refused)
{
    cut_up4(8);
    forge_fragment(&piece[0], &whole, 0, 481, 8);

    struct packet p = accept(&piece[0]);

    cr_assert(p.malformed);
    cr_assert(p.fragment);
}

Test(fragment, beyond_64_kib_is_refused)
{
    cut_up4(9);
    piece[2].octets[piece[2].ip + 6] = 0x1f;
    piece[2].octets[piece[2].ip + 7] = 0xff;

    struct packet p = accept(&piece[2]);

    cr_assert(p.malformed);
    cr_assert_eq(decoder_counts(decoder)->malformed, 1);
}

Test(fragment, beyond_the_end_of_its_datagram_is_refused)
{
    cut_up4(10);
    forge_fragment(&piece[3], &whole, 480, 1440, 10);
    piece[3].octets[piece[3].ip + 7] = 180; /* offset 1440: ends at 2400 */

    (void)accept(&piece[2]);
    struct packet beyond = accept(&piece[3]);
    (void)accept(&piece[0]);
    struct packet p = accept(&piece[1]);

    cr_assert(beyond.malformed);
    expect_whole(&p);
}

Test(fragment, cut_by_the_snap_length_makes_the_rest_unreadable_and_not_absent)
{
    cut_up4(11);
    struct frame cut = forge_frame_cut(&piece[1], 1, 0, piece[1].transport + 100);
    struct packet p;

    (void)accept(&piece[0]);
    packet_decode(decoder, &cut, 1, &p);
    expect_part(&p);
    p = accept(&piece[2]);

    cr_assert(p.reassembled);
    cr_assert_eq(p.kind, PACKET_UDP);
    cr_assert_eq(p.payload.left, 480 - 8 + 100);
    cr_assert_eq(bytes_on_wire(&p.payload), 1471);
    cr_assert_arr_eq(p.payload.at, text, 480 - 8 + 100);
}

Test(fragment, both_directions_of_a_reassembled_flow_hash_alike)
{
    cut_up4(12);
    (void)accept(&piece[0]);
    (void)accept(&piece[1]);
    struct packet there = accept(&piece[2]);
    forge_udp(&whole,
              &(struct forge_udp){ .ip = { .source = "10.0.0.2", .destination = "10.0.0.1" },
                                   .source_port = 53,
                                   .destination_port = 5000 });

    struct packet back = accept(&whole);

    cr_assert_eq(there.flow_hash, back.flow_hash);
    cr_assert_neq(there.swapped, back.swapped);
}
