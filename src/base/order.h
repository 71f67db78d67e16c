/* order.h - many things put into the order of a number, without comparing them.
 *
 * What it is: a radix sort, octet by octet; octets that are the same everywhere cost nothing.  What
 * has equal keys keeps its order, so that sorting by one key and then by another sorts by both. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct ordered {
    uint64_t key;
    uint32_t number; /* of what it stands for */
};

/* A time as a key: those before 1970 come first. */
static inline uint64_t order_of_time(int64_t ns) { return (uint64_t)ns ^ UINT64_C(1) << 63; }

/* Ascending by key.  spare: room for n. */
void order_sort(struct ordered *items, struct ordered *spare, size_t n);
