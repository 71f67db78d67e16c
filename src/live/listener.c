#define _GNU_SOURCE /* SOCK_CLOEXEC */
#include "live/listener.h"

#include "base/text.h"
#include "config/target.h"
#include "sandbox/helper.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct listener {
    struct helper helper;
    char path[sizeof((struct sockaddr_un *)0)->sun_path]; /* of a local socket; "" = none */
};

static int fail(struct failure *failure, const char *where, const char *why)
{
    *failure = (struct failure){ 0 };
    struct text t = text_of(failure->what, sizeof failure->what);
    text_add(&t, "[output metrics] listen = ");
    text_foreign(&t, where, strlen(where));
    text_copy(failure->why, sizeof failure->why, why);
    return -1;
}

/* A socket that an earlier watch left, at which nobody listens any more. */
static void remove_stale(const struct target *t, const char *path)
{
    struct stat about;
    int fd;

    if (lstat(path, &about) != 0 || !S_ISSOCK(about.st_mode))
        return;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool alone = fd >= 0 && connect(fd, (const struct sockaddr *)&t->address, t->size) != 0 &&
                 errno == ECONNREFUSED;
    if (fd >= 0)
        close(fd);
    if (alone)
        unlink(path);
}

static int listen_at(struct listener *l, const char *where, struct failure *failure)
{
    struct target t;
    const int yes = 1;

    if (!target_read_local(where, &t))
        return fail(failure, where, "neither loopback with a port nor unix:PATH");
    if (t.address.ss_family == AF_UNIX) {
        text_copy(l->path, sizeof l->path, where + strlen("unix:"));
        remove_stale(&t, l->path);
    }
    int fd = socket(t.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (fd >= 0 && bind(fd, (const struct sockaddr *)&t.address, t.size) == 0 &&
        listen(fd, LISTENER_PEERS) == 0)
        return fd;
    (void)fail(failure, where, strerror(errno));
    l->path[0] = '\0'; /* it is somebody else's */
    if (fd >= 0)
        close(fd);
    return -1;
}

static void run(void *given, int to_parent)
{
    int socket = *(const int *)given;

    listener_serve(socket, to_parent);
}

struct listener *listener_open(const char *where, struct failure *failure)
{
    struct listener *l = calloc(1, sizeof *l);
    int fd = -1;

    if (!listener_library()) {
        (void)fail(failure, where, "this build has no libmicrohttpd");
    } else if (l && (fd = listen_at(l, where, failure)) >= 0) {
        bool fine = helper_open(&l->helper, HELPER_LISTENS, run, &fd, fd);
        close(fd);
        if (fine)
            return l;
        (void)fail(failure, where, strerror(errno));
    }
    free(l);
    return NULL;
}

void listener_close(struct listener *l)
{
    if (!l)
        return;
    helper_close(&l->helper);
    if (l->path[0])
        unlink(l->path); /* where the confinement lets us; the next one removes it otherwise */
    free(l);
}

/* Whoever does not take it gets the next. */
static void tell(const struct listener *l, const char *text, size_t n)
{
    ssize_t sent = l && n <= LISTENER_TEXT ? write(l->helper.fd, text, n) : 0;
    (void)sent;
}

void listener_publish(struct listener *l, const char *text, size_t n) { tell(l, text, n); }

void listener_alive(struct listener *l) { tell(l, "", 1); }
