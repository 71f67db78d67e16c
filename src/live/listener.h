/* listener.h - /metrics and /healthz for who asks: at loopback, or at a local socket.
 *
 * What it is: a second process that serves what the watch last handed to it.  It alone reads what
 * strangers send, by libmicrohttpd, and has no file, no capability, no way to open anything; the
 * watch listens nowhere, and waits for nobody.  /healthz answers 200 while the watch goes on, 503
 * when it was not heard of for LISTENER_PATIENCE_S.
 * What it refuses: any other address than loopback; anything but GET and HEAD; more than
 * LISTENER_PEERS connections, and one that is idle for long.
 * Faults: without libmicrohttpd in the build, listener_open says so.
 * Ownership: listener_open .. listener_close; before the confinement. */
#pragma once

#include "base/failure.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { LISTENER_PEERS = 16, LISTENER_PATIENCE_S = 15, LISTENER_TEXT = 128 * 1024 };

struct listener; /* opaque */

/* Where: config/target.h.  NULL with a failure. */
struct listener *listener_open(const char *where, struct failure *failure);
void listener_close(struct listener *listener); /* accepts NULL */

/* Metrics as of now; n at most LISTENER_TEXT. */
void listener_publish(struct listener *listener, const char *text, size_t n);

/* Often: the watch goes on. */
void listener_alive(struct listener *listener);

/* "libmicrohttpd 0.9.75"; NULL = none in this build. */
const char *listener_library(void);

/* ---- inside: listener_http.c, or listener_absent.c ---- */

/* Serves until nobody is at the other end of `from`; does not come back.  socket: it listens. */
void listener_serve(int socket, int from);
