/* arena.h - memory for one flow, taken from one pool with a ceiling.
 *
 * What it is: a pool hands out blocks in powers of two, carved from slabs that malloc gives at most
 * `ceiling` bytes of; an arena is the list of blocks that one flow holds.  Releasing an arena hands
 * the blocks back without a walk over what is in them.
 * What it refuses: growing past the ceiling.  arena_zalloc then answers NULL; the flow stops
 * buffering and its verdict says so.
 * Ownership: what arena_zalloc returns belongs to the arena.  Single-threaded by design. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pool;       /* opaque */
struct pool_block; /* opaque */

struct arena {
    struct pool_block *blocks; /* newest first; NULL when nothing was asked for yet */
};

enum { ARENA_LARGEST = 128 * 1024 }; /* the largest single request, in bytes */

struct pool *pool_open(size_t ceiling_bytes); /* NULL when the machine has no memory */
void pool_close(struct pool *pool);           /* accepts NULL */
size_t pool_used(const struct pool *pool);    /* bytes in blocks that are handed out */
size_t pool_held(const struct pool *pool);    /* bytes taken from the machine */
uint64_t pool_refusals(const struct pool *pool);
void pool_lower(struct pool *pool, size_t ceiling_bytes); /* a new ceiling; nothing is taken back */

/* Zeroed, aligned for anything; NULL past the ceiling or beyond ARENA_LARGEST. */
void *arena_zalloc(struct arena *arena, struct pool *pool, size_t n);

/* A block of its own, which arena_give_back can return early (buffers that grow and go). */
void *arena_zalloc_block(struct arena *arena, struct pool *pool, size_t n);
void arena_give_back(struct arena *arena, struct pool *pool, void *block);

void arena_release(struct arena *arena, struct pool *pool); /* accepts an empty arena */
