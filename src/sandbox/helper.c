#define _GNU_SOURCE /* SOCK_CLOEXEC */
#include "sandbox/helper.h"

#include "sandbox/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the parent has open, a packet socket among it, is no business of the child. */
static void forget_descriptors(int one, int other)
{
    enum { MOST = 1024 };

    for (int fd = STDERR_FILENO + 1; fd < MOST; fd++)
        if (fd != one && fd != other)
            close(fd);
}

/* The ring of a packet socket is memory: it goes on in a child, and the socket with it.  False when
 * nobody can say what there is. */
static bool forget_rings(void)
{
    enum { RINGS = 64 };
    struct {
        uintptr_t from, to;
    } ring[RINGS];
    char line[400], *end;
    size_t n = 0;
    FILE *maps = fopen("/proc/self/maps", "re");

    if (!maps)
        return false;
    while (n < RINGS && fgets(line, sizeof line, maps)) {
        if (!strstr(line, " socket:["))
            continue;
        ring[n].from = (uintptr_t)strtoull(line, &end, 16);
        ring[n++].to = *end == '-' ? (uintptr_t)strtoull(end + 1, NULL, 16) : 0;
    }
    bool fine = n < RINGS && !ferror(maps);
    fclose(maps);
    for (size_t i = 0; i < n && fine; i++)
        fine = ring[i].from < ring[i].to &&
               munmap((void *)ring[i].from, ring[i].to - ring[i].from) == 0;
    return fine;
}

static void ignore_signals(void)
{
    static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGPIPE, SIGTSTP };

    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
        signal(ignored[i], SIG_IGN);
}

static void child_run(enum helper_task task, void (*run)(void *given, int fd), void *given, int fd,
                      int kept)
{
    static const struct sandbox_plan nothing = { .n_devices = 0 };

    ignore_signals();
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    forget_descriptors(fd, kept);
    if (!forget_rings())
        _exit(1);
    (void)rights_drop(task == HELPER_OPENS);
    if (task == HELPER_LISTENS)
        (void)files_confine(&nothing);
    (void)calls_confine_helper(task == HELPER_LISTENS);
    run(given, fd);
    _exit(0);
}

bool helper_open(struct helper *h, enum helper_task task, void (*run)(void *given, int fd),
                 void *given, int kept)
{
    int pair[2];

    h->fd = -1;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return false;
    h->child = fork();
    if (h->child == 0)
        child_run(task, run, given, pair[1], kept);
    int error = errno;
    close(pair[1]);
    if (h->child > 0 && fcntl(pair[0], F_SETFL, O_NONBLOCK) == 0) {
        h->fd = pair[0];
        return true;
    }
    close(pair[0]);
    errno = error;
    return false;
}

/* The child sees that nobody is there any more, and goes; who may not wait leaves it to init. */
void helper_close(struct helper *h)
{
    if (h->fd < 0)
        return;
    close(h->fd);
    h->fd = -1;
    (void)waitpid(h->child, NULL, WNOHANG);
}
