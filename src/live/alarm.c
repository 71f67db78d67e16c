#include "live/alarm.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Digits and at most a sign and a point: what strtod knows beyond them is no number here. */
static bool read_end(const char *text, size_t n, double *out)
{
    char digits[32], *end;

    if (!n || n >= sizeof digits || strspn(text, "0123456789.-") < n)
        return false;
    memcpy(digits, text, n);
    digits[n] = '\0';
    *out = strtod(digits, &end);
    return !*end;
}

bool alarm_read(const char *text, struct alarm_range *out)
{
    struct alarm_range r = { .set = true, .inside = text[0] == '@', .from = 0, .to = HUGE_VAL };
    const char *colon;

    text += r.inside;
    colon = strchr(text, ':');
    if (!colon) {
        *out = r;
        return read_end(text, strlen(text), &out->to) && out->to >= 0;
    }
    if (text[0] == '~' && colon == text + 1)
        r.from = -HUGE_VAL;
    else if (!read_end(text, (size_t)(colon - text), &r.from))
        return false;
    if (colon[1] && !read_end(colon + 1, strlen(colon + 1), &r.to))
        return false;
    *out = r;
    return r.from <= r.to;
}

bool alarm_holds(const struct alarm_range *r, double value)
{
    bool within = value >= r->from && value <= r->to;
    return r->set && within == r->inside;
}
