#include "base/bytes.h"

#include <criterion/criterion.h>

Test(bytes, integers_are_read_big_endian)
{
    const uint8_t wire[] = { 0x01, 0x02, 0x03, 0x04, 0x05, 0x06 };
    struct bytes b = bytes_whole(wire, sizeof wire);

    cr_assert_eq(bytes_u8(&b), 0x01);
    cr_assert_eq(bytes_u16(&b), 0x0203);
    cr_assert_eq(bytes_u24(&b), 0x040506);
    cr_assert(bytes_done(&b));
}

Test(bytes, a_read_past_what_was_sent_is_short_and_sticks)
{
    const uint8_t wire[] = { 0x01 };
    struct bytes b = bytes_whole(wire, sizeof wire);

    cr_assert_eq(bytes_u16(&b), 0);
    cr_assert_eq(bytes_u8(&b), 0);

    cr_assert_eq(b.fault, BYTES_SHORT);
}

Test(bytes, a_vector_cut_by_the_snap_length_reads_up_to_the_cut)
{
    const uint8_t wire[] = { 0x00, 0x05, 'a', 'b' };
    struct bytes b = bytes_of(wire, sizeof wire, 7); /* captured 4 of 7 */

    struct bytes v = bytes_vector(&b, 2);

    cr_assert_eq(bytes_u16(&v), 0x6162);
    cr_assert_eq(bytes_u8(&v), 0);
    cr_assert_eq(v.fault, BYTES_CLIPPED);
}

Test(bytes, a_vector_longer_than_its_parent_is_a_lie_even_when_the_capture_is_cut)
{
    const uint8_t wire[] = { 0x00, 0x09, 'a', 'b' };
    struct bytes b = bytes_of(wire, sizeof wire, 7);

    struct bytes v = bytes_vector(&b, 2);

    cr_assert_eq(b.fault, BYTES_SHORT);
    cr_assert_eq(v.left, 0);
}

Test(bytes, a_child_window_cannot_reach_beyond_its_length)
{
    const uint8_t wire[] = { 0x01, 0xaa, 0xbb };
    struct bytes b = bytes_whole(wire, sizeof wire);

    struct bytes v = bytes_vector(&b, 1);

    cr_assert_eq(bytes_u8(&v), 0xaa);
    cr_assert_eq(bytes_u8(&v), 0);
    cr_assert_eq(bytes_u8(&b), 0xbb);
}

Test(bytes, a_copy_that_is_not_whole_leaves_the_target_alone)
{
    const uint8_t wire[] = { 1, 2 };
    struct bytes b = bytes_whole(wire, sizeof wire);
    uint8_t out[3] = { 9, 9, 9 };

    cr_assert_not(bytes_copy(&b, out, sizeof out));

    cr_assert_eq(out[0], 9);
}

Test(bytes, little_endian_is_read_when_asked_for)
{
    const uint8_t wire[] = { 0x04, 0x03, 0x02, 0x01 };
    struct bytes b = bytes_whole(wire, sizeof wire);

    cr_assert_eq(bytes_u32_le(&b), 0x01020304);
}

Test(bytes, an_empty_window_never_points_nowhere)
{
    struct bytes b = bytes_whole(NULL, 0);

    cr_assert_not_null(b.at);
    cr_assert(bytes_done(&b));
}
