#include "forge/forge.h"
#include "one.h"

#include <criterion/criterion.h>

static struct forged forged;

static struct packet segment(const char *source, uint16_t source_port, const char *destination,
                             uint16_t destination_port)
{
    forge_tcp(&forged, &(struct forge_tcp){ .ip = { .source = source, .destination = destination },
                                            .source_port = source_port,
                                            .destination_port = destination_port });
    return one_decoded(forge_frame(&forged, 1, 0));
}

Test(decode, both_directions_share_a_hash_and_differ_in_swapped)
{
    struct packet there = segment("10.0.0.2", 40000, "10.0.0.10", 443);
    struct packet back = segment("10.0.0.10", 443, "10.0.0.2", 40000);

    cr_assert_eq(there.flow_hash, back.flow_hash);
    cr_assert_not(there.swapped);
    cr_assert(back.swapped);
}

Test(decode, ports_order_the_key_when_both_addresses_are_one)
{
    struct packet there = segment("2001:db8::1", 256, "2001:db8::1", 1);
    struct packet back = segment("2001:db8::1", 1, "2001:db8::1", 256);

    cr_assert_eq(there.flow_hash, back.flow_hash);
    cr_assert(there.swapped);
    cr_assert_not(back.swapped);
}

Test(decode, every_part_of_the_key_is_in_the_hash)
{
    uint64_t hash = segment("10.0.0.1", 1000, "10.0.0.2", 443).flow_hash;

    cr_assert_neq(hash, segment("10.0.0.3", 1000, "10.0.0.2", 443).flow_hash);
    cr_assert_neq(hash, segment("10.0.0.1", 1001, "10.0.0.2", 443).flow_hash);
    cr_assert_neq(hash, segment("10.0.0.1", 1000, "10.0.0.4", 443).flow_hash);
    cr_assert_neq(hash, segment("10.0.0.1", 1000, "10.0.0.2", 444).flow_hash);
    cr_assert_neq(hash, segment("10.0.0.1", 443, "10.0.0.2", 1000).flow_hash);
    forge_udp(&forged,
              &(struct forge_udp){ .ip = { .source = "10.0.0.1", .destination = "10.0.0.2" },
                                   .source_port = 1000,
                                   .destination_port = 443 });
    cr_assert_neq(hash, one_decoded(forge_frame(&forged, 1, 0)).flow_hash);
}

Test(decode, the_hash_depends_on_the_seed)
{
    struct packet a = segment("10.0.0.1", 1000, "10.0.0.2", 443), b;
    struct decoder *other = decoder_open((struct hash_seed){ 1, 3 });
    struct frame frame = forge_frame(&forged, 1, 0);

    packet_decode(other, &frame, 1, &b);

    cr_assert_neq(a.flow_hash, b.flow_hash);
    decoder_close(other);
}

Test(decode, the_vlan_is_no_part_of_the_key)
{
    struct packet plain = segment("10.0.0.1", 1000, "10.0.0.2", 443);
    forge_tcp(&forged, &(struct forge_tcp){
                           .ip = { .source = "10.0.0.1", .destination = "10.0.0.2", .vlan = { 6 } },
                           .source_port = 1000,
                           .destination_port = 443 });

    struct packet tagged = one_decoded(forge_frame(&forged, 1, 0));

    cr_assert_eq(plain.flow_hash, tagged.flow_hash);
}

Test(decode, a_full_batch_comes_out_in_its_order)
{
    struct frame frames[PACKET_BATCH];
    struct packet packets[PACKET_BATCH];
    struct decoder *decoder = decoder_open(one_seed);
    (void)segment("10.0.0.1", 1000, "10.0.0.2", 443);
    for (size_t i = 0; i < PACKET_BATCH; i++)
        frames[i] = forge_frame_cut(&forged, i + 1, (int64_t)i, i % 2 ? forged.n : 30);

    packet_decode(decoder, frames, PACKET_BATCH, packets);

    for (size_t i = 0; i < PACKET_BATCH; i++) {
        cr_assert_eq(packets[i].frame, i + 1);
        cr_assert_eq(packets[i].time_ns, (int64_t)i);
        cr_assert_eq(packets[i].kind, i % 2 ? PACKET_TCP : PACKET_OTHER);
    }
    cr_assert_eq(decoder_counts(decoder)->frames, PACKET_BATCH);
    cr_assert_eq(decoder_counts(decoder)->cut, PACKET_BATCH / 2);
    decoder_close(decoder);
}

Test(decode, nothing_of_an_earlier_packet_shows_in_a_later_one)
{
    struct decoder *decoder = decoder_open(one_seed);
    struct packet p;
    memset(&p, 0xff, sizeof p);
    p.quote.present = true;
    const uint8_t nothing[60] = { [12] = 0x88, [13] = 0xb5 };
    struct frame frame = { .number = 1, .data = bytes_whole(nothing, sizeof nothing), .link = 1 };

    packet_decode(decoder, &frame, 1, &p);

    cr_assert_eq(p.kind, PACKET_OTHER);
    cr_assert(address_is_unspecified(&p.source));
    cr_assert_eq(p.source_port + p.flags + p.ip_protocol + p.icmp_type, 0);
    cr_assert_eq(p.options.mss + p.options.n_sack + p.options.ts_value, 0);
    cr_assert_not(p.quote.present || p.swapped || p.fragment || p.malformed);
    cr_assert_eq(bytes_on_wire(&p.payload), 0);
    decoder_close(decoder);
}

Test(decode, closing_nothing_is_fine) { decoder_close(NULL); }

/* The same octets are missing: once because nobody kept them, once because nobody sent them. */
Test(decode, a_cut_and_a_lie_are_two_different_faults)
{
    struct decoder_counts of_cut, of_lie;
    forge_tcp(&forged,
              &(struct forge_tcp){ .ip = { .source = "10.0.0.1", .destination = "10.0.0.2" },
                                   .source_port = 40000,
                                   .destination_port = 443,
                                   .payload = { "hello", 5 } });
    struct frame whole = forge_frame(&forged, 1, 0);
    struct frame cut = forge_frame_cut(&forged, 1, 0, forged.payload + 2);

    struct packet p = one_decoded_with(&cut, &of_cut);
    forged.octets[forged.transport + 12] = 0xf0; /* a data offset of 60 octets; 25 were sent */
    struct packet q = one_decoded_with(&whole, &of_lie);

    cr_assert(p.cut && !p.malformed);
    cr_assert_eq(p.kind, PACKET_TCP);
    cr_assert_eq(p.payload.left, 2);
    cr_assert_eq(p.payload.clipped, 3);
    cr_assert(q.malformed && !q.cut);
    cr_assert_eq(q.kind, PACKET_OTHER);
    cr_assert(of_cut.cut == 1 && of_cut.malformed == 0);
    cr_assert(of_lie.cut == 0 && of_lie.malformed == 1);
}
