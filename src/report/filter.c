#include "report/filter.h"

#include "base/text.h"
#include "report/stamp.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const int64_t second_ns = 1000000000;

static void say(struct filter *f, const char *option, const char *text)
{
    struct text t = { f->said, sizeof f->said, strlen(f->said), false };

    f->on = true;
    text_format(&t, "%s--%s ", t.n ? " " : "", option);
    text_foreign(&t, text, strlen(text));
}

static bool refuse(struct failure *failure, const char *option, const char *text, const char *what)
{
    char shown[60];

    *failure = (struct failure){ 0 };
    snprintf(failure->what, sizeof failure->what, "--%s", option);
    text_printable(text, strlen(text), shown, sizeof shown);
    snprintf(failure->why, sizeof failure->why, "\"%s\" is not %s", shown, what);
    return false;
}

/* ---- endpoints ---- */

bool filter_add_endpoint(struct filter *f, const char *text, struct failure *failure)
{
    if (f->n_networks == FILTER_NETWORKS)
        return refuse(failure, "endpoint", text, "looked at: there are too many of them");
    if (!network_parse(text, &f->network[f->n_networks]))
        return refuse(failure, "endpoint", text,
                      "an address or a network such as 10.20.40.0/24 (no bits behind its length)");
    f->n_networks++;
    say(f, "endpoint", text);
    return true;
}

/* ---- findings ---- */

static bool is_of(const char *id, const char *prefix)
{
    size_t n = strlen(prefix);

    return n && strncmp(id, prefix, n) == 0 && (id[n] == '.' || id[n] == '\0');
}

static const char *nearest_id(const char *text)
{
    const char *ids[FINDINGS];
    size_t n = 0;

    for (int i = F_NONE + 1; i < FINDINGS; i++)
        ids[n++] = finding_of((enum finding_id)i)->id;
    return text_nearest(text, ids, n);
}

bool filter_add_finding(struct filter *f, const char *text, struct failure *failure)
{
    bool any = false;

    for (int i = F_NONE + 1; i < FINDINGS; i++)
        if (is_of(finding_of((enum finding_id)i)->id, text))
            any = f->finding[i] = true;
    if (any) {
        f->by_finding = true;
        say(f, "finding", text);
        return true;
    }
    const char *nearest = nearest_id(text);
    *failure = (struct failure){ .why = "no such finding" };
    text_printable(text, strlen(text), failure->what, sizeof failure->what);
    snprintf(failure->remedy, sizeof failure->remedy,
             nearest ? "did you mean %s?   shakeout explain lists all"
                     : "shakeout explain lists all%s",
             nearest ? nearest : "");
    return false;
}

bool filter_finds(const struct filter *f, const struct verdict *v)
{
    bool found = f->finding[v->primary.id];

    for (size_t i = 0; i < v->n_also; i++)
        found |= f->finding[v->also[i].id];
    return found;
}

/* ---- times ---- */

/* A number of that many digits, and not above `most`; -1 when it is none. */
static int digits(const char **at, int n, int most)
{
    int v = 0;

    for (int i = 0; i < n; i++) {
        char c = **at;
        if (c < '0' || c > '9')
            return -1;
        v = v * 10 + (c - '0');
        ++*at;
    }
    return v <= most ? v : -1;
}

static bool accept(const char **at, char c)
{
    bool is = **at == c;

    *at += is;
    return is;
}

/* No 30 February. */
static bool is_day(const struct filter_time *t)
{
    struct tm day = { .tm_year = t->year - 1900, .tm_mon = t->month - 1, .tm_mday = t->day };

    return t->month > 0 && t->day > 0 && timegm(&day) != -1 && day.tm_mday == t->day;
}

static bool read_date(const char **at, struct filter_time *t)
{
    t->dated = true;
    t->year = digits(at, 4, 9999);
    if (!accept(at, '-'))
        return false;
    t->month = digits(at, 2, 12);
    if (!accept(at, '-'))
        return false;
    t->day = digits(at, 2, 31);
    return t->year >= 1970 && is_day(t) && (accept(at, 'T') || accept(at, ' '));
}

static bool read_fraction(const char **at, struct filter_time *t)
{
    int64_t unit = second_ns;

    while (**at >= '0' && **at <= '9' && unit > 1) {
        unit /= 10;
        t->fraction_ns += unit * (**at - '0');
        ++*at;
    }
    return unit < second_ns;
}

static bool read_clock(const char **at, struct filter_time *t)
{
    t->hour = digits(at, 2, 23);
    if (t->hour < 0 || !accept(at, ':'))
        return false;
    t->minute = digits(at, 2, 59);
    if (t->minute < 0 || !accept(at, ':'))
        return t->minute >= 0;
    t->second = digits(at, 2, 59);
    return t->second >= 0 && (!accept(at, '.') || read_fraction(at, t));
}

static bool read_zone(const char **at, struct filter_time *t)
{
    int sign = **at == '-' ? -1 : 1;

    t->zoned = **at != '\0';
    if (accept(at, 'Z') || !t->zoned)
        return true;
    if (!accept(at, '+') && !accept(at, '-'))
        return false;
    int hours = digits(at, 2, 14);
    if (hours < 0 || !accept(at, ':'))
        return false;
    int minutes = digits(at, 2, 59);
    t->zone_s = sign * (hours * 3600 + minutes * 60);
    return minutes >= 0;
}

static bool read_time(const char *text, struct filter_time *out)
{
    const char *at = text;
    struct filter_time t = { .set = true };
    bool dated = strlen(text) > 10 && text[4] == '-';

    if ((dated && !read_date(&at, &t)) || !read_clock(&at, &t) || !read_zone(&at, &t) || *at)
        return false;
    *out = t;
    return true;
}

static bool set_time(struct filter *f, struct filter_time *time, const char *option,
                     const char *text, struct failure *failure)
{
    if (time->set)
        return refuse(failure, option, text, "the only one");
    if (!read_time(text, time))
        return refuse(failure, option, text,
                      "a time such as 14:02, 14:02:11 or 2026-11-19T14:02:11Z");
    say(f, option, text);
    return true;
}

bool filter_set_since(struct filter *f, const char *text, struct failure *failure)
{
    return set_time(f, &f->since, "since", text, failure);
}

bool filter_set_until(struct filter *f, const char *text, struct failure *failure)
{
    return set_time(f, &f->until, "until", text, failure);
}

static void set_day(struct tm *day, const struct filter_time *t, int64_t first_ns, bool utc)
{
    time_t first = (time_t)(stamp_seconds(first_ns) + t->zone_s);

    if (t->dated) {
        day->tm_year = t->year - 1900;
        day->tm_mon = t->month - 1;
        day->tm_mday = t->day;
    } else if (utc) {
        gmtime_r(&first, day);
    } else {
        localtime_r(&first, day);
    }
}

int64_t filter_ns(const struct filter_time *t, int64_t first_ns, bool utc)
{
    struct tm day = { 0 };
    bool universal = utc || t->zoned;

    set_day(&day, t, first_ns, universal);
    day.tm_hour = t->hour;
    day.tm_min = t->minute;
    day.tm_sec = t->second;
    day.tm_isdst = -1;
    int64_t seconds = (universal ? timegm(&day) : mktime(&day)) - t->zone_s;
    return seconds * second_ns + t->fraction_ns;
}
