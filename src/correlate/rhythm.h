/* rhythm.h - a row of moments as a timer made them: its interval, what is missing, what is not
 * regular.
 *
 * What it is: pure arithmetic over sorted times.  The interval at a place is the median of the
 * distances around it, so that a timer that was set otherwise is followed.
 * What it refuses: fewer than RHYTHM_LEAST distances.
 * Units: ns. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    RHYTHM_LEAST = 4,
    RHYTHM_IRREGULAR_LEAST = 6,
    RHYTHM_AROUND = 8,
    RHYTHM_LATEST = 16,
    RHYTHM_ALL = 128
};

/* The latest interval; 0 when there are too few moments. */
int64_t rhythm_interval(const int64_t *times, size_t n);

/* The interval around the distance from times[i] to times[i + 1], without it; i may be n - 1, for
 * what comes after the last. */
int64_t rhythm_around(const int64_t *times, size_t n, size_t i);

/* Do distances differ from the median by more than a factor of three, with no timer that explains
 * them?  Pauses of many intervals are not counted: the timer stood still. */
bool rhythm_is_irregular(const int64_t *times, size_t n);

/* Removes moments that belong to the one before them (retries, a second connection). */
size_t rhythm_thin(int64_t *times, size_t n, int64_t least_ns);
