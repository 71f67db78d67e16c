/* sandbox.h - gives up every right that reading packets does not need; there is no way back.
 *
 * What it is: called once, when everything is open and before the first octet of a capture is
 * looked at.  Afterwards the process has no capability, gains none by executing (no_new_privs),
 * opens no file but those planned (Landlock), and makes no system call but those of a program that
 * computes (seccomp): no socket, no exec, no process, no executable memory.  A call that is not
 * allowed fails with EPERM; nothing is killed.
 * What it refuses: sending.  The packet socket is read, never written.
 * Faults: a kernel may lack a part; the others are in force all the same.  In builds with
 * sanitizers, which trace and write by themselves, only sockets and exec are refused.
 * Sources: landlock(7), seccomp(2), capabilities(7), Linux Documentation/userspace-api/landlock. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum {
    SANDBOX_INPUTS = 72,
    SANDBOX_FOLDERS = 16,
    SANDBOX_DEVICES = 8,
};

struct sandbox_plan {
    const char *input[SANDBOX_INPUTS]; /* files that are opened again, for reading; borrowed */
    size_t n_inputs;
    const char *folder[SANDBOX_FOLDERS]; /* where files are made, replaced, removed; borrowed */
    size_t n_folders;
    bool terminal;               /* that is drawn on: its modes may be set */
    int device[SANDBOX_DEVICES]; /* packet sockets, which are never written to */
    size_t n_devices;
    bool rebind; /* they may be bound to another interface: the one that comes back */
};

/* Parts, as bits. */
enum {
    SANDBOX_RIGHTS = 1, /* capabilities and no_new_privs */
    SANDBOX_FILES = 2,  /* Landlock */
    SANDBOX_CALLS = 4,  /* seccomp */
    SANDBOX_WHOLE = 7,
};

/* Answers the parts that are in force. */
unsigned sandbox_enter(const struct sandbox_plan *plan);

/* What a hostile capture gains by the parts that are missing, as a clause; NULL = nothing. */
const char *sandbox_lack(const struct sandbox_plan *plan, unsigned parts);

/* The parts that this kernel has; nothing is given up. */
unsigned sandbox_offered(void);
