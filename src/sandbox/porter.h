/* porter.h - a second process that opens for the first what both agreed on before the confinement.
 *
 * What it is: a helper (helper.h).  It is asked with the number of an
 * item, and answers with a descriptor: a file for reading, or a socket that is connected, and does
 * not wait.  It has no capability but those that reading files of others needs, and no system call
 * but those of its task; it ends with the process that asked. What it refuses: any other path or
 * address; waiting longer than PORTER_WAIT_S for a connection. Ownership: porter_open ..
 * porter_close; a descriptor that was handed over is the caller's. Sources: unix(7), SCM_RIGHTS;
 * prctl(2), PR_SET_PDEATHSIG. */
#pragma once

#include "sandbox/helper.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

enum { PORTER_ITEMS = 16, PORTER_WAIT_S = 5 };

struct porter_item {
    const char *path; /* a file, borrowed; NULL = a socket: */
    int type;         /* SOCK_DGRAM, SOCK_STREAM */
    socklen_t size;
    struct sockaddr_storage address;
};

struct porter {
    struct helper helper;
    size_t n;
    struct porter_item item[PORTER_ITEMS];
};

/* Starts the child; item[0..n) are told.  False when there can be none. */
bool porter_open(struct porter *porter);
void porter_close(struct porter *porter); /* accepts one whose helper.fd is -1 */

/* Asks; the answer comes later.  False when nobody is there. */
bool porter_ask(const struct porter *porter, size_t i);

/* An answer: which item, and its descriptor, or -1 and errno in *error.  False when none came
 * within so many milliseconds. */
bool porter_answer(const struct porter *porter, int wait_ms, size_t *i, int *fd, int *error);
