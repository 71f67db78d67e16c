#include "live/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int connect_to(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    size_t n = strlen(path);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || n >= sizeof address.sun_path || (path[0] != '/' && path[0] != '@')) {
        if (fd >= 0)
            close(fd);
        return -1;
    }
    memcpy(address.sun_path, path, n);
    if (path[0] == '@')
        address.sun_path[0] = '\0'; /* the abstract namespace */
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    if (connect(fd, (const struct sockaddr *)&address, size) == 0)
        return fd;
    close(fd);
    return -1;
}

/* WATCHDOG_PID, where it is set, says whom the patience is for. */
static int64_t patience_ns(void)
{
    const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");

    if (!usec || (pid && strtol(pid, NULL, 10) != (long)getpid()))
        return 0;
    long long v = strtoll(usec, NULL, 10);
    return v > 0 && v < INT64_MAX / 1000 ? v * 1000 : 0;
}

void notify_open(struct notify *n)
{
    const char *path = getenv("NOTIFY_SOCKET");

    *n = (struct notify){ .fd = path && *path ? connect_to(path) : -1,
                          .every_ns = patience_ns() / 2 };
}

void notify_close(struct notify *n)
{
    if (n->fd >= 0)
        close(n->fd);
    n->fd = -1;
}

/* A socket that is written to needs no right to send. */
void notify_say(const struct notify *n, const char *words)
{
    ssize_t sent = n->fd < 0 ? 0 : write(n->fd, words, strlen(words));
    (void)sent; /* who does not listen is told again */
}

void notify_alive(struct notify *n, int64_t steady_ns)
{
    if (!n->every_ns || steady_ns < n->next_ns)
        return;
    n->next_ns = steady_ns + n->every_ns;
    notify_say(n, "WATCHDOG=1");
}
