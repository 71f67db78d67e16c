/* What strangers send, read by libmicrohttpd, in a process that has nothing else. */
#include "live/listener.h"

#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { IDLE_S = 5, PEER_MEMORY = 16 * 1024, TICK_MS = 1000 };

struct page {
    char *text; /* owned */
    size_t n;
    int64_t heard_s; /* steady clock: of the watch */
};

static int64_t steady_s(void)
{
    struct timespec now;
    return clock_gettime(CLOCK_MONOTONIC, &now) == 0 ? now.tv_sec : 0;
}

static enum MHD_Result answer(struct MHD_Connection *peer, unsigned code, const char *text,
                              size_t n, const char *type)
{
    struct MHD_Response *r =
        MHD_create_response_from_buffer(n, (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY);
    enum MHD_Result result = MHD_NO;

    if (!r)
        return MHD_NO;
    if (MHD_add_response_header(r, "Content-Type", type) == MHD_YES &&
        (code != MHD_HTTP_METHOD_NOT_ALLOWED ||
         MHD_add_response_header(r, "Allow", "GET, HEAD") == MHD_YES))
        result = MHD_queue_response(peer, code, r);
    MHD_destroy_response(r);
    return result;
}

static enum MHD_Result say(struct MHD_Connection *peer, unsigned code, const char *text)
{
    return answer(peer, code, text, strlen(text), "text/plain; charset=utf-8");
}

static enum MHD_Result asked(void *of, struct MHD_Connection *peer, const char *path,
                             const char *method, const char *version, const char *upload,
                             size_t *n_upload, void **state)
{
    const struct page *page = of;
    bool lives = steady_s() - page->heard_s < LISTENER_PATIENCE_S;

    (void)version, (void)upload, (void)n_upload, (void)state;
    if (strcmp(method, "GET") && strcmp(method, "HEAD"))
        return say(peer, MHD_HTTP_METHOD_NOT_ALLOWED, "GET or HEAD\n");
    if (strcmp(path, "/metrics") == 0 && page->n)
        return answer(peer, MHD_HTTP_OK, page->text, page->n, "text/plain; version=0.0.4");
    if (strcmp(path, "/healthz") == 0)
        return lives ? say(peer, MHD_HTTP_OK, "the watch goes on\n")
                     : say(peer, MHD_HTTP_SERVICE_UNAVAILABLE, "the watch is not heard of\n");
    return say(peer, page->n ? MHD_HTTP_NOT_FOUND : MHD_HTTP_SERVICE_UNAVAILABLE,
               "/metrics and /healthz\n");
}

/* What the watch says: a NUL, or metrics.  False at its end. */
static bool hear(struct page *page, int from, char *room)
{
    ssize_t n = read(from, room, LISTENER_TEXT);

    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    if (n == 0)
        return false;
    page->heard_s = steady_s();
    if (n == 1)
        return true;
    memcpy(page->text, room, (size_t)n);
    page->n = (size_t)n;
    return true;
}

static void serve(struct MHD_Daemon *daemon, struct page *page, int from, char *room)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
    struct pollfd waiting[] = { { .fd = from, .events = POLLIN },
                                { .fd = info->epoll_fd, .events = POLLIN } };
    MHD_UNSIGNED_LONG_LONG least;

    for (;;) {
        int wait_ms = TICK_MS;
        if (MHD_get_timeout(daemon, &least) == MHD_YES && least < TICK_MS)
            wait_ms = (int)least;
        if (poll(waiting, 2, wait_ms) < 0 && errno != EINTR)
            return;
        if (waiting[0].revents && !hear(page, from, room))
            return;
        MHD_run(daemon);
    }
}

void listener_serve(int socket, int from)
{
    struct page page = { .text = malloc(LISTENER_TEXT), .heard_s = steady_s() };
    char *room = malloc(LISTENER_TEXT);
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_EPOLL, 0, NULL, NULL, asked, &page, MHD_OPTION_LISTEN_SOCKET, socket,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)LISTENER_PEERS, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)PEER_MEMORY, MHD_OPTION_END);

    if (daemon && page.text && room)
        serve(daemon, &page, from, room);
    _exit(0);
}

const char *listener_library(void)
{
    static char name[40];

    snprintf(name, sizeof name, "libmicrohttpd %s", MHD_get_version());
    return name;
}
