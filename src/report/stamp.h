/* stamp.h - times and durations as text.
 *
 * Units: nanoseconds since 1970 UTC in; the capture's clock is a claim and is shown as it claims.
 * UTC is computed here; local time comes from the C library's zone. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { STAMP_TEXT = 48 };

struct stamp_style {
    bool utc;
    bool absolute; /* date, time and offset in every stamp */
    bool relative; /* "12.345 s": the capture counts from a moment it does not name */
};

/* "2026-11-19T13:02:11" of whole seconds, UTC; 19 characters and a NUL. */
void stamp_date_time(int64_t seconds, char out[20]);

static inline int64_t stamp_seconds(int64_t ns) { return ns / 1000000000 - (ns % 1000000000 < 0); }
static inline uint32_t stamp_fraction(int64_t ns)
{
    return (uint32_t)(ns - stamp_seconds(ns) * 1000000000);
}

/* "14:02:11.508", or "2026-11-19T14:02:11.508+01:00". */
char *stamp_time(int64_t ns, struct stamp_style style, char out[STAMP_TEXT]);
char *stamp_whole(int64_t ns, struct stamp_style style, char out[STAMP_TEXT]); /* no fraction */

/* "+01:00", "UTC" */
char *stamp_offset(int64_t ns, struct stamp_style style, char out[STAMP_TEXT]);

/* "0.042 s", "15 min 29 s", "2 h 05 min", "3 days 4 h" */
char *stamp_duration(int64_t ns, char out[STAMP_TEXT]);

/* "2026-11-18 23:59:59 UTC" of seconds. */
char *stamp_utc_day(int64_t seconds, char out[STAMP_TEXT]);
