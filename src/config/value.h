/* value.h - the right-hand sides of `key = value`: texts, flags, words of a closed list, lists.
 *
 * What it is: each sets its output and answers true, or leaves it and says in `why` what is wrong.
 * Units: lengths in octets. */
#pragma once

#include "base/failure.h"
#include "config/ini.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Answers false, for `return value_refuse(...)`. */
bool value_refuse(struct failure *failure, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The key is none of these: says so, with the nearest of them. */
bool value_unknown_key(const struct ini_entry *e, const char *const *keys, size_t n,
                       struct failure *failure);

/* The next item of a list with commas, without the space around it; its length, 0 at the end. */
size_t value_next(const char **list, const char **item);

bool value_text(char *out, size_t size, const struct ini_entry *e, struct failure *failure);
bool value_flag(bool *out, const struct ini_entry *e, struct failure *failure);
bool value_word(int *out, const struct ini_entry *e, const char *const *words, size_t n,
                struct failure *failure);

/* Every item of the list is one of the words; value_index says which. */
bool value_words(const struct ini_entry *e, const char *const *words, size_t n,
                 struct failure *failure);
int value_index(const char *const *words, size_t n, const char *item, size_t length);

/* "500kB", "100MB", "2GB": a whole number of octets, in powers of 1000, below 1 PB. */
bool value_size(const char *text, uint64_t *octets);

/* "60s", "5m", "1h", "30d": a whole number of seconds, from 1 s to ten years. */
bool value_duration(const char *text, uint32_t *seconds);
