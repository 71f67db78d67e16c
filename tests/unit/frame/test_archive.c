#include "image.h"

#include <archive.h>
#include <archive_entry.h>
#include <criterion/criterion.h>

static uint8_t packed[2 * IMAGE_LARGEST];
static size_t n_packed;

static void entry_add(struct archive *a, const char *name, const void *bytes, size_t n)
{
    struct archive_entry *entry = archive_entry_new();
    archive_entry_set_pathname(entry, name);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_size(entry, (la_int64_t)n);
    cr_assert_eq(archive_write_header(a, entry), ARCHIVE_OK);
    cr_assert_eq(archive_write_data(a, bytes, n), (la_ssize_t)n);
    archive_entry_free(entry);
}

/* The image, packed by one filter. */
static void pack(int (*filter)(struct archive *))
{
    struct archive *a = archive_write_new();
    cr_assert_eq(filter(a), ARCHIVE_OK);
    archive_write_set_format_raw(a);
    archive_write_set_bytes_in_last_block(a, 1);
    cr_assert_eq(archive_write_open_memory(a, packed, sizeof packed, &n_packed), ARCHIVE_OK);
    entry_add(a, "data", image.bytes, image.n);
    cr_assert_eq(archive_write_free(a), ARCHIVE_OK);
}

static void image_make(size_t n)
{
    put_pcap_header(0xa1b2c3d4, 1);
    for (uint32_t i = 0; i < n; i++)
        put_record(i, 0, 200, 200);
}

/* Puts what was packed where image_read looks. */
static bool packed_read(size_t n)
{
    memcpy(image.bytes, packed, n);
    return image_read(n, NULL);
}

static const struct packer {
    const char *name;
    int (*filter)(struct archive *);
} packers[] = {
    { "gzip", archive_write_add_filter_gzip },
    { "xz", archive_write_add_filter_xz },
    { "zstd", archive_write_add_filter_zstd },
    { "lz4", archive_write_add_filter_lz4 },
};

Test(archive, a_packed_capture_reads_like_the_plain_one)
{
    for (size_t i = 0; i < sizeof packers / sizeof *packers; i++) {
        image.n = 0;
        image_make(1000);
        pack(packers[i].filter);

        cr_assert(packed_read(n_packed), "%s", packers[i].name);

        cr_assert_eq(n_frames, 1000);
        cr_assert_str_eq(facts.compression, packers[i].name);
        cr_assert_str_eq(facts.format, "pcap");
        cr_assert_eq(facts.bytes_total, n_packed);
        cr_assert_eq(facts.bytes_read, n_packed);
        cr_assert_not(facts.damaged);
    }
}

Test(archive, packed_data_that_breaks_off_is_damage_and_not_a_clean_end)
{
    image_make(4000);
    uint32_t noise = 1;
    for (size_t i = 24; i < image.n; i += 216) /* hard to pack: only headers keep their form */
        for (size_t j = 16; j < 216; j++) {
            noise = noise * 1664525 + 1013904223;
            image.bytes[i + j] = (uint8_t)(noise >> 24);
        }
    pack(archive_write_add_filter_gzip);

    cr_assert(packed_read(n_packed / 2));

    cr_assert_gt(n_frames, 1000);
    cr_assert_lt(n_frames, 2100);
    cr_assert(facts.damaged);
    cr_assert_str_eq(facts.damage, "gzip data breaks off: truncated gzip input");
}

Test(archive, of_a_zip_the_first_entry_that_is_a_capture_is_read)
{
    image_make(10);
    struct archive *a = archive_write_new();
    archive_write_set_format_zip(a);
    archive_write_open_memory(a, packed, sizeof packed, &n_packed);
    entry_add(a, "README.txt", "hello, hello\n", 13);
    entry_add(a, "capture", image.bytes, image.n);
    cr_assert_eq(archive_write_free(a), ARCHIVE_OK);

    cr_assert(packed_read(n_packed));

    cr_assert_eq(n_frames, 10);
    cr_assert_str_eq(facts.compression, "zip");
}

Test(archive, a_zip_without_a_capture_is_refused)
{
    struct archive *a = archive_write_new();
    archive_write_set_format_zip(a);
    archive_write_open_memory(a, packed, sizeof packed, &n_packed);
    entry_add(a, "README.txt", "hello, hello\n", 13);
    cr_assert_eq(archive_write_free(a), ARCHIVE_OK);

    cr_assert_not(packed_read(n_packed));

    cr_assert_str_eq(failure.what, "memory");
    cr_assert_str_eq(failure.why, "a zip without a packet capture (1 entries)");
}

Test(archive, what_is_inside_is_refused_by_what_it_is)
{
    put("Dear all,\n", 10);
    pack(archive_write_add_filter_gzip);

    cr_assert_not(packed_read(n_packed));

    cr_assert_str_eq(failure.why, "not a packet capture (it starts with \"Dear all,\")");
}

Test(archive, expansion_beyond_all_reason_is_stopped)
{
    static const uint8_t zeros[1 << 20];
    struct frame batch[FRAME_BATCH];
    struct archive *a = archive_write_new();
    struct archive_entry *entry = archive_entry_new();
    put_pcap_header(0xa1b2c3d4, 1);
    archive_write_add_filter_zstd(a);
    archive_write_set_format_raw(a);
    archive_write_open_memory(a, packed, sizeof packed, &n_packed);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_write_header(a, entry);
    archive_write_data(a, image.bytes, image.n);
    for (int i = 0; i < 1100; i++)
        archive_write_data(a, zeros, sizeof zeros);
    archive_entry_free(entry);
    cr_assert_eq(archive_write_free(a), ARCHIVE_OK);

    const struct capture_config plain = { 0 };
    struct capture *c = capture_open_memory(packed, n_packed, &plain, &failure);
    while (capture_next(c, batch) > 0)
        ;

    cr_assert(capture_facts(c)->damaged);
    cr_assert(strstr(capture_facts(c)->damage, "reading stopped there"));
    capture_close(c);
}
