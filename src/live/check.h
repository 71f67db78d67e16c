/* check.h - shakeout check: the status file of a watch, as a plugin of Nagios or Icinga tells it.
 *
 * Exit codes are those of plugins: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.
 * What it refuses: capturing.  Who knows nothing says UNKNOWN: no file, an old one, a mirror of one
 * direction, an interface without packets.
 * The file may be anybody's: its strings are printed without control characters. */
#pragma once

#include "live/alarm.h"

#include <stdint.h>
#include <stdio.h>

struct check_config {
    const char *status; /* path */
    uint16_t service;   /* 0 = all */
    int64_t max_age_s;
    struct alarm_range warning, critical;     /* of failing endpoints */
    const char *warning_text, *critical_text; /* as given, for the performance data; "" = none */
};

int check_status(const struct check_config *config, FILE *out);
