/* alarm.h - a range of the monitoring plugins: "10", "10:", "~:10", "10:20", "@10:20".
 *
 * A value outside it is an alert, or one inside where it begins with "@"; both ends belong to it.
 * Source: Monitoring Plugins Development Guidelines, threshold and range formats. */
#pragma once

#include <stdbool.h>

struct alarm_range {
    bool set, inside; /* not set: nothing is an alert */
    double from, to;
};

/* False when it is none. */
bool alarm_read(const char *text, struct alarm_range *out);

bool alarm_holds(const struct alarm_range *range, double value);
