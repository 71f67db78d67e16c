/* notify.h - what systemd wants to hear of a service: that it is ready, and that it still works.
 *
 * What it is: the socket that NOTIFY_SOCKET names, opened before the right to open one is given up.
 * What it refuses: nothing; without a socket nobody is told.
 * Source: sd_notify(3). */
#pragma once

#include <stdint.h>

struct notify {
    int fd;           /* -1 = nobody listens */
    int64_t every_ns; /* half of the watchdog's patience; 0 = there is none */
    int64_t next_ns;  /* steady clock */
};

void notify_open(struct notify *n);
void notify_close(struct notify *n);

void notify_say(const struct notify *n, const char *words); /* "READY=1" */

/* Often; says that all is well when it is time. */
void notify_alive(struct notify *n, int64_t steady_ns);
