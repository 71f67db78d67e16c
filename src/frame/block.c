/* block.c - draft-ietf-opsawg-pcapng, "General Block Structure". */
#include "frame/block.h"

#include <inttypes.h>

enum {
    SEARCH_LARGEST = 512 * 1024,     /* a block to resume at is no longer than this */
    SEARCH_BYTES = 64 * 1024 * 1024, /* after so many without one the file is given up */
};

static bool type_known(uint32_t type)
{
    static const uint32_t types[] = {
        BLOCK_SECTION, BLOCK_INTERFACE,  BLOCK_PACKET,   BLOCK_SIMPLE,
        BLOCK_NAMES,   BLOCK_STATISTICS, BLOCK_ENHANCED, BLOCK_SECRETS,
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (type == types[i])
            return true;
    return false;
}

/* Can reading resume at in->at? */
static bool block_resumes(struct input *in, bool little)
{
    struct block b = block_at(in->at, little);
    if (!type_known(b.type) || !length_possible(b.length) || b.length > SEARCH_LARGEST)
        return false;
    return input_need(in, b.length) >= b.length && block_whole(in, little, &b);
}

/* Steps over a damaged block; false when the input holds no other. */
static bool block_search(struct input *in, bool little)
{
    for (size_t passed = 0; passed < SEARCH_BYTES; passed++) {
        if (input_need(in, BLOCK_LEAST + 1) <= BLOCK_LEAST)
            return false;
        in->at++;
        if (block_resumes(in, little))
            return true;
    }
    return false;
}

static void block_damaged(struct capture *c, bool little, uint64_t at, const char *said)
{
    if (block_search(&c->input, little)) {
        capture_damaged(c, at, "%s; reading resumed at byte %" PRIu64, said,
                        input_offset(&c->input));
        return;
    }
    capture_damaged(c, at, "%s", said);
    c->ended = true;
}

static void block_cut(struct capture *c, uint64_t at, const char *verb, size_t needs, size_t have)
{
    capture_damaged(c, at, "block at byte %" PRIu64 " %s %zu bytes, the %s has %zu left", at, verb,
                    needs, c->noun, have);
    c->ended = true;
}

void block_fetch(struct capture *c, bool little)
{
    struct input *in = &c->input;
    size_t have = input_need(in, BLOCK_LEAST);
    uint64_t at = input_offset(in);
    char said[120];

    if (have < BLOCK_LEAST) {
        c->ended = true;
        if (have || in->error[0])
            block_cut(c, at, "needs", BLOCK_LEAST, have);
        return;
    }
    struct block b = block_at(in->at, little);
    if (!length_possible(b.length)) {
        say(said, sizeof said, "block at byte %" PRIu64 " claims an impossible %" PRIu32 " bytes",
            at, b.length);
        block_damaged(c, little, at, said);
        return;
    }
    have = input_need(in, b.length);
    b.at = in->at;
    if (have < b.length && type_known(b.type)) {
        block_cut(c, at, "claims", b.length, have);
    } else if (have < b.length || !lengths_agree(&b)) {
        say(said, sizeof said,
            "block at byte %" PRIu64 " claims %" PRIu32 " bytes but does not end there", at,
            b.length);
        block_damaged(c, little, at, said);
    }
}
