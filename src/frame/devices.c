/* devices.c - live capture: the frames of one interface, or of several in the order of time.
 *
 * Each interface has a ring of its own, whose blocks become visible when they are full or retire.
 * A frame is handed on when no other interface can bring an older one any more: each of them has a
 * younger one waiting, or had nothing when it was asked at least HELD_MS after the frame was seen.
 * What waits meanwhile waits in the rings.
 *
 * The frames' times are the time of day, which may be set: a frame from the future is one from
 * before that, and goes first.
 *
 * After capture_stop the rings are emptied once more, for the newest packets become visible only
 * when their block retires. */
#include "base/text.h"
#include "frame/device.h"

#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>

enum {
    WAIT_MS = 100,           /* of a silent interface, and of a block that is not full */
    RETIRE_MS = 20,          /* of a block, where several are watched */
    HELD_MS = 3 * RETIRE_MS, /* a frame, at most, for what others may have */
    DRAIN_FRAMES = 1 << 20,  /* at most so many after capture_stop */
};

static const int64_t ms_ns = 1000000;

struct devices {
    struct device device[CAPTURE_DEVICES];
    size_t n;
    uint64_t drained;
    bool waited; /* once after capture_stop */
};

/* ---- those that are gone ---- */

static void facts_of_absence(struct capture *c, const struct devices *all)
{
    c->facts.n_absent = 0;
    for (size_t i = 0; i < all->n; i++) {
        c->facts.interface[i].absent = all->device[i].absent;
        c->facts.n_absent += all->device[i].absent;
    }
}

/* Of one interface when it is there again, of several as soon as one is gone. */
static void remark_absences(struct capture *c, const struct devices *all)
{
    struct text t = text_of(c->facts.remark, sizeof c->facts.remark);

    for (size_t i = 0; i < all->n; i++) {
        const struct device *d = &all->device[i];
        if (!d->absences)
            continue;
        text_add(&t, t.n ? "; " : "");
        text_add(&t, all->n == 1 ? "the interface" : c->facts.interface[i].name);
        if (d->absent)
            text_add(&t, " is gone");
        else
            text_format(&t, " was gone %" PRIu32 " time%s, for %" PRId64 " s in all", d->absences,
                        d->absences == 1 ? "" : "s", d->absent_s);
        text_add(&t, all->n == 1 ? ", in which nothing was watched"
                                 : ": nothing is known of that time there");
    }
}

/* One that nobody waits for ends the capture when it was the last. */
static void note_lost(struct capture *c, const struct devices *all, const struct device *d)
{
    bool left = false;

    for (size_t i = 0; i < all->n; i++)
        left |= !all->device[i].absent || all->device[i].wait;
    facts_of_absence(c, all);
    if (left && all->n > 1)
        remark_absences(c, all);
    if (left && !c->stopped)
        return;
    capture_damaged(c, 0, "the interface is gone: %s", d->words);
    c->ended = true;
}

static void note_returned(struct capture *c, const struct devices *all)
{
    facts_of_absence(c, all);
    remark_absences(c, all);
}

/* ---- waiting ---- */

/* For a packet of who has none, so many milliseconds at most. */
static void devices_wait(struct capture *c, struct devices *all, int ms)
{
    struct pollfd waiting[CAPTURE_DEVICES];
    struct device *of[CAPTURE_DEVICES];
    nfds_t n = 0;

    for (size_t i = 0; i < all->n; i++) {
        struct device *d = &all->device[i];
        if (d->absent || d->first < d->n)
            continue;
        of[n] = d;
        waiting[n++] = (struct pollfd){ .fd = d->fd, .events = POLLIN };
    }
    if (poll(waiting, n, ms) <= 0)
        return;
    for (nfds_t i = 0; i < n; i++) {
        if (!(waiting[i].revents & (POLLERR | POLLHUP | POLLNVAL)))
            continue;
        if (device_is_there(of[i])) {
            (void)poll(NULL, 0, ms); /* down, perhaps up again soon */
            continue;
        }
        device_lost(of[i], "no such interface any more");
        note_lost(c, all, of[i]);
    }
}

/* ---- the order of time ---- */

static int64_t time_of_day_ns(void)
{
    struct timespec now;
    return clock_gettime(CLOCK_REALTIME, &now) == 0 ? (int64_t)now.tv_sec * 1000000000 + now.tv_nsec
                                                    : 0;
}

static int64_t place_in_time(const struct frame *frame, int64_t now_ns)
{
    return frame->time_ns > now_ns + HELD_MS * ms_ns ? INT64_MIN : frame->time_ns;
}

/* Whoever has the oldest frame, and its time; NULL = nobody has any. */
static struct device *oldest(struct devices *all, int64_t now_ns, int64_t *time_ns)
{
    struct device *found = NULL;

    for (size_t i = 0; i < all->n; i++) {
        struct device *d = &all->device[i];
        if (d->first == d->n)
            continue;
        int64_t its_ns = place_in_time(&d->waiting[d->first], now_ns);
        if (found && its_ns >= *time_ns)
            continue;
        found = d;
        *time_ns = its_ns;
    }
    return found;
}

/* Can nobody have an older one any more? */
static bool is_due(const struct devices *all, int64_t time_ns, bool stopped)
{
    for (size_t i = 0; i < all->n; i++) {
        const struct device *d = &all->device[i];
        bool silent = d->asked_ns && (stopped || time_ns <= d->asked_ns - HELD_MS * ms_ns);
        if (!d->absent && d->first == d->n && !silent)
            return false;
    }
    return true;
}

static size_t merge(struct capture *c, struct devices *all, struct frame out[FRAME_BATCH])
{
    int64_t now_ns = all->n > 1 ? time_of_day_ns() : 0, time_ns = 0;
    size_t n = 0;

    for (; n < FRAME_BATCH; n++) {
        struct device *d = oldest(all, now_ns, &time_ns);
        if (!d || !is_due(all, time_ns, all->waited))
            break;
        out[n] = d->waiting[d->first++];
        out[n].number = ++c->number;
    }
    return n;
}

/* With one interface there is nothing to put in order. */
static size_t hand_on(struct capture *c, struct device *d, struct frame out[FRAME_BATCH])
{
    size_t n = d->n - d->first;

    for (size_t i = 0; i < n; i++) {
        out[i] = d->waiting[d->first + i];
        out[i].number = ++c->number;
    }
    d->first = d->n;
    return n;
}

/* ---- the reader ---- */

static size_t devices_gather(struct capture *c, struct frame out[FRAME_BATCH])
{
    struct devices *all = c->state;

    for (size_t i = 0; i < all->n; i++) {
        struct device *d = &all->device[i];
        if (d->absent && !c->stopped && device_returned(d))
            note_returned(c, all);
        if (!d->absent && !device_gather(d))
            note_lost(c, all, d);
    }
    return all->n == 1 ? hand_on(c, all->device, out) : merge(c, all, out);
}

static bool anything_waits(const struct devices *all)
{
    for (size_t i = 0; i < all->n; i++)
        if (all->device[i].first < all->device[i].n)
            return true;
    return false;
}

static size_t devices_next(struct capture *c, struct frame out[FRAME_BATCH])
{
    struct devices *all = c->state;
    size_t n = devices_gather(c, out);

    if (n == 0 && !c->ended && !(c->stopped && all->waited)) {
        bool waited = c->stopped != 0;
        if (waited && all->n > 1)
            (void)poll(NULL, 0, WAIT_MS); /* until the newest block of each has retired */
        else
            devices_wait(c, all, anything_waits(all) ? RETIRE_MS / 2 : WAIT_MS);
        all->waited = waited;
        n = c->ended ? 0 : devices_gather(c, out);
    }
    if (c->stopped) {
        all->drained += n;
        if ((n == 0 && all->waited) || all->drained > DRAIN_FRAMES)
            c->ended = true;
    }
    return n;
}

static void devices_count(struct capture *c)
{
    struct devices *all = c->state;

    c->facts.kernel_dropped = c->facts.interface_dropped = 0;
    for (size_t i = 0; i < all->n; i++) {
        struct capture_interface *port = &c->facts.interface[i];
        device_losses(&all->device[i], port);
        c->facts.kernel_dropped += port->dropped_by_kernel;
        c->facts.interface_dropped += port->dropped - port->dropped_by_kernel;
    }
}

static void devices_close(struct capture *c)
{
    struct devices *all = c->state;

    for (size_t i = 0; all && i < all->n; i++)
        device_close(&all->device[i]);
    free(all);
    c->state = NULL;
}

static const struct reader devices_reader = {
    .format = "live",
    .next = devices_next,
    .count = devices_count,
    .close = devices_close,
};

/* ---- opening ---- */

static void describe(struct capture *c, struct device *d, const struct capture_config *config)
{
    d->interface = (uint32_t)c->facts.n_interfaces;
    struct capture_interface *described = capture_describe(c, d->link, (uint32_t)d->slot);
    text_printable(d->name, strlen(d->name), described->name, sizeof described->name);
    if (config->filter)
        text_printable(config->filter, strlen(config->filter), described->filter,
                       sizeof described->filter);
    c->facts.nanoseconds |= d->tick_ns == 1;
    c->facts.ring_bytes += device_ring_bytes(config);
}

static bool devices_open(struct capture *c, const char *const *names, size_t n,
                         const struct capture_config *config, struct failure *failure)
{
    struct devices *all = c->state = calloc(1, sizeof *all);

    if (!all) {
        failure_set(failure, c->name, "no memory left", "");
        return false;
    }
    for (size_t i = 0; i < n && i < CAPTURE_DEVICES; i++) {
        struct device *d = &all->device[all->n++];
        if (!device_open(d, names[i], config, n > 1 ? RETIRE_MS : WAIT_MS, failure))
            return false;
        describe(c, d, config);
    }
    say(c->facts.format, sizeof c->facts.format, "live");
    return true;
}

struct capture *capture_open_devices(const char *const *names, size_t n,
                                     const struct capture_config *config, struct failure *failure)
{
    struct capture *c = capture_make(names[0], config, failure);
    if (!c)
        return NULL;
    c->live = true;
    c->reader = &devices_reader;
    if (devices_open(c, names, n, config, failure))
        return c;
    capture_close(c);
    return NULL;
}

struct capture *capture_open_device(const char *name, const struct capture_config *config,
                                    struct failure *failure)
{
    return capture_open_devices(&name, 1, config, failure);
}

size_t capture_device_fds(const struct capture *c, int out[CAPTURE_DEVICES])
{
    const struct devices *all = c->live ? c->state : NULL;
    size_t n = 0;

    for (; all && n < all->n; n++)
        out[n] = all->device[n].fd;
    return n;
}
