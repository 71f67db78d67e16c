#include "base/table.h"

#include "base/pages.h"

#include <stdlib.h>
#include <string.h>

static size_t span_of(size_t bytes) { return (bytes + 15) / 16 * 16; }

static uint8_t *entry(const struct table *t, size_t i)
{
    return t->chunks[i / TABLE_CHUNK] + i % TABLE_CHUNK * t->span;
}

bool table_open(struct table *t, size_t key_bytes, size_t record_bytes, size_t max_records)
{
    *t = (struct table){ .key_bytes = key_bytes,
                         .max_records = max_records,
                         .value_at = span_of(key_bytes),
                         .span = span_of(key_bytes) + span_of(record_bytes),
                         .seed = hash_seed_draw(),
                         .n_slots = 64 };
    t->slots = calloc(t->n_slots, sizeof *t->slots);
    return t->slots != NULL;
}

void table_close(struct table *t)
{
    for (size_t i = 0; i < t->n_regions; i++)
        free(t->regions[i]);
    free(t->regions);
    free(t->chunks);
    free(t->slots);
    *t = (struct table){ 0 };
}

/* Half of the hash tells both the place and, compared whole, that a record is worth a look: then
 * the index can grow without a look at any. */
static uint32_t tag_of(uint64_t hash) { return (uint32_t)(hash >> 32); }
static size_t place_of(const struct table *t, uint32_t tag) { return tag & (t->n_slots - 1); }

static struct table_slot *slot_of(const struct table *t, const void *key, uint64_t hash)
{
    uint32_t tag = tag_of(hash);

    for (size_t i = place_of(t, tag);; i = (i + 1) & (t->n_slots - 1)) {
        struct table_slot *slot = &t->slots[i];
        if (!slot->number ||
            (slot->tag == tag && memcmp(entry(t, slot->number - 1), key, t->key_bytes) == 0))
            return slot;
    }
}

static uint64_t hash_of(const struct table *t, const void *key)
{
    return hash_bytes(key, t->key_bytes, t->seed);
}

void *table_get_hashed(const struct table *t, const void *key, uint64_t hash)
{
    if (!t->n)
        return NULL;
    uint32_t number = slot_of(t, key, hash)->number;
    return number ? entry(t, number - 1) + t->value_at : NULL;
}

void *table_get(const struct table *t, const void *key)
{
    return t->n ? table_get_hashed(t, key, hash_of(t, key)) : NULL;
}

/* Large ones are visited at random: with small pages the address translation costs as much as the
 * slot. */
static struct table_slot *slots_make(size_t n)
{
    size_t bytes = n * sizeof(struct table_slot);
    struct table_slot *slots =
        bytes < PAGES_LARGE ? calloc(n, sizeof *slots) : (struct table_slot *)pages_large(bytes);

    return slots && bytes >= PAGES_LARGE ? memset(slots, 0, bytes) : slots;
}

static bool grow_slots(struct table *t)
{
    struct table_slot *old = t->slots;
    struct table_slot *bigger = slots_make(t->n_slots * 2);
    if (!bigger)
        return false;
    size_t n_old = t->n_slots;
    t->slots = bigger;
    t->n_slots *= 2;
    for (size_t i = 0; i < n_old; i++) {
        size_t place = place_of(t, old[i].tag);
        while (old[i].number && bigger[place].number)
            place = (place + 1) & (t->n_slots - 1);
        if (old[i].number)
            bigger[place] = old[i];
    }
    free(old);
    return true;
}

/* Memory for chunks: one at a time at first, as many as a large page holds later. */
static bool grow_region(struct table *t)
{
    size_t bytes = TABLE_CHUNK * t->span;
    bool large = t->n_chunks * bytes >= PAGES_LARGE / 2 && bytes <= PAGES_LARGE / 4;
    uint8_t **regions = realloc(t->regions, (t->n_regions + 1) * sizeof *regions);
    if (!regions)
        return false;
    t->regions = regions;
    t->fresh = regions[t->n_regions] = large ? pages_large(PAGES_LARGE) : malloc(bytes);
    if (!t->fresh)
        return false;
    t->n_fresh = large ? PAGES_LARGE / bytes : 1;
    t->n_regions++;
    return true;
}

static bool grow_chunks(struct table *t)
{
    if (t->n < t->n_chunks * TABLE_CHUNK)
        return true;
    uint8_t **chunks = realloc(t->chunks, (t->n_chunks + 1) * sizeof *chunks);
    if (!chunks)
        return false;
    t->chunks = chunks;
    if (!t->n_fresh && !grow_region(t))
        return false;
    chunks[t->n_chunks++] = t->fresh;
    t->fresh += TABLE_CHUNK * t->span;
    t->n_fresh--;
    return true;
}

/* Room for one more record, in the index too; *moved tells that the index is another one. */
static bool make_room(struct table *t, bool *moved)
{
    if (t->n >= t->max_records || !grow_chunks(t))
        return false;
    *moved = t->n * 2 >= t->n_slots;
    return !*moved || grow_slots(t);
}

void *table_put_hashed(struct table *t, const void *key, uint64_t hash)
{
    bool moved = false;

    if (!t->slots)
        return NULL;
    struct table_slot *slot = slot_of(t, key, hash);
    if (slot->number)
        return entry(t, slot->number - 1) + t->value_at;
    if (!make_room(t, &moved)) {
        t->refused++;
        return NULL;
    }
    if (moved)
        slot = slot_of(t, key, hash);
    uint8_t *e = entry(t, t->n++);
    *slot = (struct table_slot){ tag_of(hash), (uint32_t)t->n };
    memset(e, 0, t->span);
    memcpy(e, key, t->key_bytes);
    return e + t->value_at;
}

void *table_put(struct table *t, const void *key)
{
    return table_put_hashed(t, key, hash_of(t, key));
}

void table_prefetch_slot_hashed(const struct table *t, uint64_t hash)
{
    if (t->slots)
        __builtin_prefetch(&t->slots[place_of(t, tag_of(hash))], 1);
}

void table_prefetch_slot(const struct table *t, const void *key)
{
    table_prefetch_slot_hashed(t, hash_of(t, key));
}

void table_prefetch_record_hashed(const struct table *t, uint64_t hash)
{
    uint32_t tag = tag_of(hash);
    size_t i = place_of(t, tag);

    if (!t->n)
        return;
    while (t->slots[i].number && t->slots[i].tag != tag)
        i = (i + 1) & (t->n_slots - 1);
    if (!t->slots[i].number)
        return;
    const uint8_t *record = entry(t, t->slots[i].number - 1);
    for (size_t n = 0; n < t->span && n < 256; n += 64)
        __builtin_prefetch(record + n, 1);
}

void table_prefetch_record(const struct table *t, const void *key)
{
    table_prefetch_record_hashed(t, hash_of(t, key));
}

void *table_at(const struct table *t, size_t i) { return entry(t, i) + t->value_at; }
const void *table_key(const struct table *t, size_t i) { return entry(t, i); }
