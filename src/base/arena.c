#include "base/arena.h"

#include "base/pages.h"

#include <assert.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

enum { SMALLEST_SHIFT = 7, CLASSES = 11, SLAB_BYTES = 1 << 18, BUMP_SHIFT = 9 };
enum { SLAB_HEADER = 64, SLABS_SMALL = 4 * SLAB_BYTES, SLAB_LARGE = (1 << 21) - SLAB_HEADER };

struct pool_block {
    struct pool_block *next;
    struct pool_block *prev;
    uint32_t used;      /* bytes handed out of this block, this header included */
    uint8_t size_shift; /* the block is 1 << size_shift bytes, header included */
    uint8_t own;        /* holds one allocation that may be given back */
};

struct slab {
    struct slab *next;
    size_t bytes;
};

struct pool {
    struct pool_block *free_blocks[CLASSES];
    struct slab *slabs;
    uint8_t *fresh; /* rest of the newest slab */
    size_t fresh_left;
    size_t ceiling, held, used;
    uint64_t refusals;
};

enum { HEADER = (sizeof(struct pool_block) + 15) / 16 * 16 };

static size_t block_bytes(uint8_t shift) { return (size_t)1 << shift; }

struct pool *pool_open(size_t ceiling_bytes)
{
    struct pool *pool = calloc(1, sizeof *pool);
    if (pool)
        pool->ceiling = ceiling_bytes;
    return pool;
}

void pool_close(struct pool *pool)
{
    if (!pool)
        return;
    while (pool->slabs) {
        struct slab *next = pool->slabs->next;
        free(pool->slabs);
        pool->slabs = next;
    }
    free(pool);
}

size_t pool_used(const struct pool *pool) { return pool->used; }
size_t pool_held(const struct pool *pool) { return pool->held; }
uint64_t pool_refusals(const struct pool *pool) { return pool->refusals; }
void pool_lower(struct pool *pool, size_t ceiling_bytes) { pool->ceiling = ceiling_bytes; }

/* The next slab: a small one first, a large page once the pool has grown, one of its own for what
 * would leave much of a slab unused. */
static struct slab *slab_make(const struct pool *pool, size_t n)
{
    bool large = pool->held >= SLABS_SMALL && pool->held + SLAB_LARGE <= pool->ceiling;
    size_t bytes = n > SLAB_BYTES / 4 ? n : large ? SLAB_LARGE : SLAB_BYTES;
    if (pool->held + bytes > pool->ceiling)
        return NULL;
    struct slab *slab =
        bytes == SLAB_LARGE
            ? pages_large(PAGES_LARGE)
            : aligned_alloc(SLAB_HEADER, (bytes + 2 * SLAB_HEADER - 1) / SLAB_HEADER * SLAB_HEADER);
    if (slab)
        slab->bytes = bytes;
    return slab;
}

static void *slab_take(struct pool *pool, size_t n)
{
    if (n > pool->fresh_left) {
        struct slab *slab = slab_make(pool, n);
        if (!slab)
            return NULL;
        slab->next = pool->slabs;
        pool->slabs = slab;
        pool->held += slab->bytes;
        if (n > SLAB_BYTES / 4)
            return (uint8_t *)slab + SLAB_HEADER;
        pool->fresh = (uint8_t *)slab + SLAB_HEADER;
        pool->fresh_left = slab->bytes;
    }
    void *p = pool->fresh;
    pool->fresh += n;
    pool->fresh_left -= n;
    return p;
}

static struct pool_block *block_take(struct pool *pool, uint8_t shift)
{
    struct pool_block **list = &pool->free_blocks[shift - SMALLEST_SHIFT];
    struct pool_block *block = *list;
    if (block)
        *list = block->next;
    else
        block = slab_take(pool, block_bytes(shift));
    if (!block) {
        pool->refusals++;
        return NULL;
    }
    *block = (struct pool_block){ .used = HEADER, .size_shift = shift };
    pool->used += block_bytes(shift);
    return block;
}

static void block_put(struct pool *pool, struct pool_block *block)
{
    struct pool_block **list = &pool->free_blocks[block->size_shift - SMALLEST_SHIFT];
    pool->used -= block_bytes(block->size_shift);
    block->next = *list;
    *list = block;
}

static void link_block(struct arena *arena, struct pool_block *block, bool behind_first)
{
    struct pool_block **at = behind_first && arena->blocks ? &arena->blocks->next : &arena->blocks;
    block->prev = at == &arena->blocks ? NULL : arena->blocks;
    block->next = *at;
    if (block->next)
        block->next->prev = block;
    *at = block;
}

static uint8_t shift_for(size_t bytes)
{
    if (bytes <= block_bytes(SMALLEST_SHIFT))
        return SMALLEST_SHIFT;
    return (uint8_t)(64 - __builtin_clzll((unsigned long long)bytes - 1));
}

void *arena_zalloc_block(struct arena *arena, struct pool *pool, size_t n)
{
    if (n > ARENA_LARGEST - HEADER)
        return NULL;
    struct pool_block *block = block_take(pool, shift_for(n + HEADER));
    if (!block)
        return NULL;
    block->own = 1;
    block->used = (uint32_t)block_bytes(block->size_shift);
    link_block(arena, block, true);
    return memset((uint8_t *)block + HEADER, 0, n);
}

void arena_give_back(struct arena *arena, struct pool *pool, void *p)
{
    if (!p)
        return;
    struct pool_block *block = (struct pool_block *)(void *)((uint8_t *)p - HEADER);
    assert(block->own);
    if (block->prev)
        block->prev->next = block->next;
    else
        arena->blocks = block->next;
    if (block->next)
        block->next->prev = block->prev;
    block_put(pool, block);
}

void *arena_zalloc(struct arena *arena, struct pool *pool, size_t n)
{
    size_t want = (n + 15) / 16 * 16;
    struct pool_block *block = arena->blocks;
    if (want > ARENA_LARGEST - HEADER)
        return NULL;
    if (!block || block_bytes(block->size_shift) - block->used < want) {
        /* The first block of a flow is small: most flows never ask twice. */
        uint8_t shift = shift_for(want + HEADER);
        if (block && shift < BUMP_SHIFT)
            shift = BUMP_SHIFT;
        block = block_take(pool, shift);
        if (!block)
            return NULL;
        link_block(arena, block, false);
    }
    void *p = (uint8_t *)block + block->used;
    block->used += (uint32_t)want;
    return memset(p, 0, want);
}

void arena_release(struct arena *arena, struct pool *pool)
{
    while (arena->blocks) {
        struct pool_block *next = arena->blocks->next;
        block_put(pool, arena->blocks);
        arena->blocks = next;
    }
}
