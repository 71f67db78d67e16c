/* block.h - pcapng blocks: finding the next whole one, or out why there is none.
 *
 * Every block carries its length twice.  Where they disagree, or make no sense, reading resumes at
 * the next block of a known type whose lengths agree; the search is bounded.
 * Ownership: a block borrows the input's window until the next block_fetch. */
#pragma once

#include "frame/reader.h"

enum {
    BLOCK_SECTION = 0x0a0d0d0a,
    BLOCK_INTERFACE = 1,
    BLOCK_PACKET = 2, /* obsolete */
    BLOCK_SIMPLE = 3,
    BLOCK_NAMES = 4,
    BLOCK_STATISTICS = 5,
    BLOCK_ENHANCED = 6,
    BLOCK_JOURNAL = 9,
    BLOCK_SECRETS = 10,
    BLOCK_SYSDIG = 0x204,
    BLOCK_SYSDIG_2 = 0x216,
    BLOCK_SYSDIG_2_LARGE = 0x221,
    BLOCK_CUSTOM = 0xbad,
    BLOCK_CUSTOM_UNCOPIED = 0x40000bad,
};

enum {
    BLOCK_LEAST = 12, /* type, length, length */
    SECTION_LEAST = 28,
};

struct block {
    uint32_t type, length; /* as rounded up to whole words */
    const uint8_t *at;
    bool little;
};

/* Does the section header at p announce a byte order, and which? */
static inline bool block_order(const uint8_t *p, bool *little)
{
    static const uint32_t magic = 0x1a2b3c4d;
    *little = load_u32(p + 8, true) == magic;
    return *little || load_u32(p + 8, false) == magic;
}

static inline bool length_possible(uint32_t length)
{
    return length >= BLOCK_LEAST && length <= INPUT_LARGEST;
}

/* Blocks end on a word; some writers forget the padding in both lengths. */
static inline uint32_t length_at(const uint8_t *p, bool little)
{
    return (load_u32(p, little) + 3) & ~UINT32_C(3);
}

/* The block at `at` as its first 12 bytes tell it. */
static inline struct block block_at(const uint8_t *at, bool little)
{
    struct block b = { .type = load_u32(at, little), .at = at, .little = little };
    if (b.type == BLOCK_SECTION && !block_order(at, &b.little))
        return b; /* length 0: not possible */
    b.length = length_at(at + 4, b.little);
    return b;
}

static inline bool lengths_agree(const struct block *b)
{
    return length_at(b->at + b->length - 4, b->little) == b->length;
}

/* Is the next block whole in the window? */
static inline bool block_whole(const struct input *in, bool little, struct block *b)
{
    size_t have = input_have(in);
    if (have < BLOCK_LEAST)
        return false;
    *b = block_at(in->at, little);
    return length_possible(b->length) && b->length <= have && lengths_agree(b);
}

/* None is: fetches one, stepping over damage, or ends the capture.  Moves the window. */
void block_fetch(struct capture *c, bool little);
