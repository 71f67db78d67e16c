#include "report/stamp.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void two_digits(char *out, unsigned v)
{
    out[0] = (char)('0' + v / 10 % 10);
    out[1] = (char)('0' + v % 10);
}

/* The proleptic Gregorian calendar, counted in years that begin on the first of March. */
static void civil_of_days(int64_t days, unsigned *year, unsigned *month, unsigned *day)
{
    int64_t shifted = days + 719468; /* days since 0000-03-01 */
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    unsigned in_era = (unsigned)(shifted - era * 146097);
    unsigned year_of_era = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    unsigned in_year = in_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned from_march = (5 * in_year + 2) / 153;

    *day = in_year - (153 * from_march + 2) / 5 + 1;
    *month = from_march < 10 ? from_march + 3 : from_march - 9;
    *year = (unsigned)(year_of_era + era * 400) + (*month <= 2);
}

void stamp_date_time(int64_t seconds, char out[20])
{
    int64_t days = seconds / 86400 - (seconds % 86400 < 0);
    unsigned second = (unsigned)(seconds - days * 86400), year, month, day;

    civil_of_days(days, &year, &month, &day);
    two_digits(out, year / 100);
    two_digits(out + 2, year % 100);
    two_digits(out + 5, month);
    two_digits(out + 8, day);
    two_digits(out + 11, second / 3600);
    two_digits(out + 14, second / 60 % 60);
    two_digits(out + 17, second % 60);
    out[4] = out[7] = '-';
    out[10] = 'T';
    out[13] = out[16] = ':';
    out[19] = '\0';
}

/* Seconds east of Greenwich at that moment. */
static long offset_at(int64_t seconds, bool utc)
{
    time_t moment = (time_t)seconds;
    struct tm local;
    return utc || !localtime_r(&moment, &local) ? 0 : local.tm_gmtoff;
}

char *stamp_offset(int64_t ns, struct stamp_style style, char out[STAMP_TEXT])
{
    long offset = offset_at(stamp_seconds(ns), style.utc);
    long minutes = labs(offset) / 60;
    if (style.utc)
        snprintf(out, STAMP_TEXT, "UTC");
    else
        snprintf(out, STAMP_TEXT, "%c%02ld:%02ld", offset < 0 ? '-' : '+', minutes / 60,
                 minutes % 60);
    return out;
}

static char *stamp(int64_t ns, struct stamp_style style, bool fraction, char out[STAMP_TEXT])
{
    int64_t seconds = stamp_seconds(ns);
    char local[20], offset[STAMP_TEXT], milli[8] = "";

    if (style.relative) {
        snprintf(out, STAMP_TEXT, fraction ? "%" PRId64 ".%03u s" : "%" PRId64 " s", seconds,
                 stamp_fraction(ns) / 1000000 % 1000);
        return out;
    }
    stamp_date_time(seconds + offset_at(seconds, style.utc), local);
    if (fraction)
        snprintf(milli, sizeof milli, ".%03u", stamp_fraction(ns) / 1000000 % 1000);
    if (!style.absolute)
        snprintf(out, STAMP_TEXT, "%s%s", local + 11, milli);
    else
        snprintf(out, STAMP_TEXT, "%s%s%.6s", local, milli,
                 style.utc ? "Z" : stamp_offset(ns, style, offset));
    return out;
}

char *stamp_time(int64_t ns, struct stamp_style style, char out[STAMP_TEXT])
{
    return stamp(ns, style, true, out);
}

char *stamp_whole(int64_t ns, struct stamp_style style, char out[STAMP_TEXT])
{
    return stamp(ns, style, false, out);
}

char *stamp_duration(int64_t ns, char out[STAMP_TEXT])
{
    uint64_t ms = ns > 0 ? ((uint64_t)ns + 500000) / 1000000 : 0, s = ms / 1000;
    if (s < 10)
        snprintf(out, STAMP_TEXT, "%" PRIu64 ".%03u s", s, (unsigned)(ms % 1000));
    else if (s < 60)
        snprintf(out, STAMP_TEXT, "%" PRIu64 ".%u s", s, (unsigned)(ms % 1000 / 100));
    else if (s < 3600)
        snprintf(out, STAMP_TEXT, "%" PRIu64 " min %u s", s / 60, (unsigned)(s % 60));
    else if (s < 86400)
        snprintf(out, STAMP_TEXT, "%" PRIu64 " h %02u min", s / 3600, (unsigned)(s / 60 % 60));
    else
        snprintf(out, STAMP_TEXT, "%" PRIu64 " days %u h", s / 86400, (unsigned)(s / 3600 % 24));
    return out;
}

char *stamp_utc_day(int64_t seconds, char out[STAMP_TEXT])
{
    int64_t bound = (int64_t)253402300799; /* the end of the year 9999 */
    int64_t shown = seconds > bound ? bound : seconds < -62135596800 ? -62135596800 : seconds;
    char text[20];
    stamp_date_time(shown, text);
    text[10] = ' ';
    snprintf(out, STAMP_TEXT, "%s UTC", text);
    return out;
}
