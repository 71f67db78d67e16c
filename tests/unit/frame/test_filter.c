#include "image.h"

#include <criterion/criterion.h>

/* An Ethernet frame with an IPv4 header, or with something else. */
static void put_ethernet(bool ip)
{
    static const uint8_t addresses[12];
    uint8_t type[2] = { 0x08, ip ? 0x00 : 0x06 };
    put32(1);
    put32(0);
    put32(34);
    put32(34);
    put(addresses, 12);
    put(type, 2);
    put_uint(0x45, 1);
    put_filler(19);
}

Test(filter, frames_passed_over_keep_their_numbers)
{
    const struct capture_config config = { .filter = "ip" };
    put_pcap_header(0xa1b2c3d4, 1);
    for (int i = 0; i < 200; i++)
        put_ethernet(i % 100 == 50);

    cr_assert(image_read(image.n, &config));

    cr_assert_eq(n_frames, 2);
    cr_assert_eq(frames[0].number, 51);
    cr_assert_eq(frames[1].number, 151);
    cr_assert_eq(facts.frames, 200);
    cr_assert_eq(facts.interface[0].frames, 2);
}

Test(filter, the_limit_counts_what_passed)
{
    const struct capture_config config = { .filter = "ip", .max_frames = 3 };
    put_pcap_header(0xa1b2c3d4, 1);
    for (int i = 0; i < 200; i++)
        put_ethernet(i % 10 == 9);

    cr_assert(image_read(image.n, &config));

    cr_assert_eq(n_frames, 3);
    cr_assert_eq(frames[2].number, 30);
    cr_assert_eq(facts.frames, 30);
}

Test(filter, each_link_type_is_filtered_in_its_own_way)
{
    const struct capture_config config = { .filter = "ip" };
    static const uint8_t ethernet_ip[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0x45 };
    static const uint8_t raw_ip[] = { 0x45, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
    put_section();
    put_interface(1, 0);
    put_interface(101, 0);
    for (uint32_t i = 0; i < 4; i++) { /* both kinds of bytes on both links */
        block_begin(6);
        put32(i % 2);
        put_uint(0, 8);
        put32(15);
        put32(15);
        put(i < 2 ? ethernet_ip : raw_ip, 15);
        block_end();
    }

    cr_assert(image_read(image.n, &config));

    cr_assert_eq(n_frames, 2);
    cr_assert_eq(frames[0].number, 1);
    cr_assert_eq(frames[1].number, 4);
}

Test(filter, an_expression_that_makes_no_sense_is_quoted)
{
    const struct capture_config config = { .filter = "tcp prot 8013" };
    put_pcap_header(0xa1b2c3d4, 1);

    cr_assert_not(image_read(image.n, &config));

    cr_assert_str_eq(failure.what, "-f");
    cr_assert_str_eq(failure.why, "filter not understood: \"tcp prot 8013\"");
}
