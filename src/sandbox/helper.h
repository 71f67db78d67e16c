/* helper.h - a child for one task, which never sees an octet of a capture.
 *
 * What it is: forked before the confinement, joined to its parent by a pair of sockets (SEQPACKET:
 * messages, whole or not at all), without the parent's other descriptors and the rings of its
 * packet sockets, and confined to its task.  It ends with its parent, and takes no signal of a
 * terminal or a service manager.
 * Ownership: helper_open .. helper_close. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct helper {
    int fd; /* -1 = there is none; does not wait */
    pid_t child;
};

enum helper_task {
    HELPER_OPENS,   /* files for reading, sockets to connect */
    HELPER_LISTENS, /* takes connections of a socket that listens */
};

/* run gets what was given and the child's end, and need not come back.  kept: a descriptor that the
 * child keeps; -1 = none.  False with errno. */
bool helper_open(struct helper *helper, enum helper_task task, void (*run)(void *given, int fd),
                 void *given, int kept);
void helper_close(struct helper *helper);
