/* map.h - who is who in a redacted capture: kept here, never sent.
 *
 * What it is: a text file of mode 0600, a line a pair: kind, original, stand-in, separated by tabs;
 * its first line holds the key, so that a second capture of the same case gets the same stand-ins.
 * map_text replaces originals by stand-ins in a text, or the other way round.
 * What it refuses: a map that others can read.
 * Ownership: opaque; map_close. */
#pragma once

#include "base/failure.h"
#include "evidence/mask.h"

#include <stdbool.h>
#include <stdio.h>

struct map; /* opaque */

/* The key of a map that is there; false when there is none.  A broken one is a failure (why set).
 */
bool map_key(const char *path, uint8_t key[MASK_KEY], struct failure *failure);

bool map_write(const char *path, const uint8_t key[MASK_KEY], const struct mask *mask,
               struct failure *failure);

struct map *map_open(const char *path, bool back, struct failure *failure);
void map_close(struct map *map);

/* Copies a text with everything replaced that the map knows. */
void map_text(const struct map *map, FILE *in, FILE *out);

/* Where maps live: $XDG_DATA_HOME/shakeout/maps/CASE.map; makes the folders.  False when the name
 * of the case is none (letters, digits, - _ .). */
bool map_path(const char *name, char *out, size_t size);
