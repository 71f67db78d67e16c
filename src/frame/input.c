/* input.c - the window that slides over a source. */
#include "frame/reader.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

bool input_open(struct input *in, size_t size)
{
    const volatile sig_atomic_t *stopped = in->stopped;
    *in = (struct input){ .size = size, .fd = -1, .stopped = stopped };
    in->buffer = malloc(size);
    input_restart(in);
    return in->buffer != NULL;
}

void input_close(struct input *in)
{
    if (!in->buffer)
        return;
    expansion_close(in->expansion);
    if (in->fd >= 0)
        close(in->fd);
    free(in->buffer);
    *in = (struct input){ .fd = -1 };
}

void input_restart(struct input *in)
{
    in->at = in->end = in->buffer;
    in->window = in->size < INPUT_WINDOW ? in->size : INPUT_WINDOW;
    in->base = 0;
    in->pulled = 0;
    in->ended = false;
    in->error[0] = '\0';
}

static size_t fd_pull(struct input *in, uint8_t *to, size_t room)
{
    for (;;) {
        ssize_t n = read(in->fd, to, room);
        if (n >= 0)
            return (size_t)n;
        if (errno != EINTR) {
            say(in->error, sizeof in->error, "reading failed at byte %llu: %s",
                (unsigned long long)in->pulled, strerror(errno));
            return 0;
        }
        if (in->stopped && *in->stopped)
            return 0;
    }
}

static size_t memory_pull(struct input *in, uint8_t *to, size_t room)
{
    size_t n = room < in->memory_left ? room : in->memory_left;
    memcpy(to, in->memory, n);
    in->memory += n;
    in->memory_left -= n;
    return n;
}

void input_from_fd(struct input *in, int fd, bool seekable)
{
    in->fd = fd;
    in->seekable = seekable;
    in->pull = fd_pull;
}

void input_from_memory(struct input *in, const void *bytes, size_t n)
{
    in->memory = n ? bytes : "";
    in->memory_left = n;
    in->pull = memory_pull;
}

/* The bytes not yet taken go to the front, so that n of them and a window's worth fit. */
static void input_slide(struct input *in, size_t n)
{
    size_t have = input_have(in);
    in->base = input_offset(in);
    memmove(in->buffer, in->at, have);
    in->at = in->buffer;
    in->end = in->buffer + have;
    in->window = n > INPUT_WINDOW / 2 ? n + INPUT_WINDOW : INPUT_WINDOW;
    if (in->window > in->size)
        in->window = in->size;
}

size_t input_need(struct input *in, size_t n)
{
    if (input_have(in) >= n || in->ended)
        return input_have(in);
    if ((size_t)(in->at - in->buffer) + n > in->window)
        input_slide(in, n);
    while (input_have(in) < n && !in->ended) {
        size_t used = (size_t)(in->end - in->buffer);
        size_t got = in->pull(in, in->buffer + used, in->window - used);
        in->end += got;
        in->pulled += got;
        in->ended = got == 0;
    }
    return input_have(in);
}
