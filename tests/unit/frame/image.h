/* image.h - capture files made by hand in memory, for the tests of the frame layer.
 *
 * Every integer is written byte by byte from the drafts, so that nothing here shares code with what
 * it tests.  An image that does not fit ends the test. */
#pragma once

#include "frame/reader.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { IMAGE_LARGEST = 1 << 20 };

struct image {
    uint8_t bytes[IMAGE_LARGEST];
    size_t n;
    bool big; /* endian */
    size_t block;
};

/* Static: a test runs in a process of its own. */
static struct image image;

static inline void put(const void *bytes, size_t n)
{
    cr_assert_leq(image.n + n, IMAGE_LARGEST);
    memcpy(image.bytes + image.n, bytes, n);
    image.n += n;
}

static inline void put_uint(uint64_t v, size_t width)
{
    uint8_t octets[8];
    for (size_t i = 0; i < width; i++)
        octets[i] = (uint8_t)(v >> 8 * (image.big ? width - 1 - i : i));
    put(octets, width);
}

static inline void put16(uint32_t v) { put_uint(v, 2); }
static inline void put32(uint64_t v) { put_uint(v, 4); }

static inline void put_filler(size_t n)
{
    for (size_t i = 0; i < n; i++)
        put_uint(0xe0 + i % 16, 1);
}

/* Classic pcap. */
static inline void put_pcap_header(uint32_t magic, uint32_t link)
{
    put32(magic);
    put16(2);
    put16(4);
    put32(0);
    put32(0);
    put32(65535);
    put32(link);
}

static inline void put_record(uint32_t seconds, uint32_t ticks, uint32_t captured, uint32_t on_wire)
{
    put32(seconds);
    put32(ticks);
    put32(captured);
    put32(on_wire);
    put_filler(captured);
}

/* pcapng: block_begin, body, block_end; the lengths are written at the end. */
static inline void block_begin(uint32_t type)
{
    image.block = image.n;
    put32(type);
    put32(0);
}

static inline void block_end(void)
{
    size_t length, end;
    while ((image.n - image.block) % 4)
        put("", 1);
    length = image.n + 4 - image.block;
    put32(length);
    end = image.n;
    image.n = image.block + 4;
    put32(length);
    image.n = end;
}

static inline void put_section(void)
{
    block_begin(0x0a0d0d0a);
    put32(0x1a2b3c4d);
    put16(1);
    put16(0);
    put_uint(UINT64_MAX, 8);
    block_end();
}

static inline void put_option(uint16_t code, const void *value, uint16_t n)
{
    put16(code);
    put16(n);
    put(value, n);
    while ((image.n - image.block) % 4)
        put("", 1);
}

static inline void interface_begin(uint16_t link, uint32_t snap_length)
{
    block_begin(1);
    put16(link);
    put16(0);
    put32(snap_length);
}

static inline void put_interface(uint16_t link, uint32_t snap_length)
{
    interface_begin(link, snap_length);
    block_end();
}

static inline void put_enhanced(uint32_t interface, uint64_t ticks, uint32_t captured,
                                uint32_t on_wire)
{
    block_begin(6);
    put32(interface);
    put32(ticks >> 32);
    put32(ticks & UINT32_MAX);
    put32(captured);
    put32(on_wire);
    put_filler(captured);
    block_end();
}

static inline void put_statistics(uint32_t interface, uint16_t code, uint64_t count)
{
    block_begin(5);
    put32(interface);
    put_uint(0, 8);
    put16(code);
    put16(8);
    put_uint(count, 8);
    block_end();
}

/* Reading it back. */
static struct failure failure;
static struct frame frames[4096];
static size_t n_frames;
static struct capture_facts facts;

/* Opens the first n bytes of the image and reads all; false when opening failed.  Frame data is
 * gone afterwards. */
static inline bool image_read(size_t n, const struct capture_config *config)
{
    static const struct capture_config plain;
    struct frame batch[FRAME_BATCH];
    uint8_t *copy = malloc(n ? n : 1); /* an overread meets the sanitizer */
    size_t got;

    n_frames = 0;
    memcpy(copy, image.bytes, n);
    struct capture *c = capture_open_memory(copy, n, config ? config : &plain, &failure);
    while (c && (got = capture_next(c, batch)) > 0)
        for (size_t i = 0; i < got; i++) {
            cr_assert_lt(n_frames, sizeof frames / sizeof *frames);
            frames[n_frames++] = batch[i];
        }
    if (c) {
        cr_assert(capture_ended(c));
        facts = *capture_facts(c);
    }
    capture_close(c);
    free(copy);
    return c != NULL;
}

static inline bool image_read_whole(void) { return image_read(image.n, NULL); }
