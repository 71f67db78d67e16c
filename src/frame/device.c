/* device.c - live capture through libpcap.
 *
 * Frames are copied out of the kernel's ring, whose slots may be reused as soon as libpcap is asked
 * again.  The handle does not block: pcap_dispatch on a silent link with TPACKET_V3 sleeps whatever
 * its time-out says, so the waiting is done by poll.  After capture_stop the ring is emptied once
 * more, for the newest packets become visible only when their block retires.
 *
 * Once it is open, nothing here opens a file or a socket: the program may have given up the right
 * to. libpcap would open the counters of the interface each time it is asked, and count nonsense
 * when that fails, so they are read here.
 *
 * An interface that was removed is another one when it comes back, with another number: the socket
 * stays, with its ring and its filter, and is bound anew. */
#include "base/text.h"
#include "frame/reader.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    WAIT_MS = 100,
    RING_BYTES = 16 * 1024 * 1024,
    DRAIN_FRAMES = 1 << 20, /* at most so many after capture_stop */
    COUNTERS = 2,
};

/* What the interface itself had no room for. */
static const char *const counters[COUNTERS] = { "rx_missed_errors", "rx_fifo_errors" };

struct device {
    pcap_t *pcap; /* owned */
    int fd;       /* pcap's; to poll */
    int64_t tick_ns;
    uint32_t link;
    size_t slot;     /* bytes a frame may need */
    uint8_t *copies; /* owned; FRAME_BATCH slots, used densely from the front */
    uint64_t drained;
    bool waited; /* once after capture_stop */
    struct counter {
        int fd; /* -1 = the system does not count it */
        uint64_t before, newest;
    } counter[COUNTERS];
    bool wait, promiscuous; /* as configured */
    uint32_t absences;
    int64_t absent_since_s, absent_s;
};

struct gathering {
    struct capture *capture;
    struct frame *out;
    size_t n, used;
};

static void gather(u_char *user, const struct pcap_pkthdr *header, const u_char *bytes)
{
    struct gathering *g = (struct gathering *)user;
    const struct device *d = g->capture->state;
    size_t n = header->caplen < d->slot ? header->caplen : d->slot;
    uint8_t *copy = d->copies + g->used;

    if (g->n == FRAME_BATCH)
        return;
    memcpy(copy, bytes, n);
    g->used += n;
    g->out[g->n++] = (struct frame){
        .number = ++g->capture->number,
        .time_ns = (int64_t)header->ts.tv_sec * 1000000000 + header->ts.tv_usec * d->tick_ns,
        .data = bytes_of(copy, n, header->len),
        .link = d->link,
    };
}

/* Its number; 0 = it is not there. */
static int interface_index(int fd, const char *name)
{
    struct ifreq request = { 0 };

    text_copy(request.ifr_name, sizeof request.ifr_name, name);
    return ioctl(fd, SIOCGIFINDEX, &request) == 0 ? request.ifr_ifindex : 0;
}

static bool interface_is_up(int fd, const char *name)
{
    struct ifreq request = { 0 };

    text_copy(request.ifr_name, sizeof request.ifr_name, name);
    return ioctl(fd, SIOCGIFFLAGS, &request) == 0 && request.ifr_flags & IFF_UP;
}

/* Waits for a packet; false when the interface is gone. */
static bool device_wait(const struct device *d, const char *name)
{
    struct pollfd waiting = { .fd = d->fd, .events = POLLIN };
    int n = poll(&waiting, 1, WAIT_MS);
    if (n <= 0 || !(waiting.revents & (POLLERR | POLLHUP | POLLNVAL)))
        return true;
    if (!interface_index(d->fd, name))
        return false;
    (void)poll(NULL, 0, WAIT_MS); /* down, perhaps up again soon */
    return true;
}

static int64_t steady_s(void)
{
    struct timespec now;
    return clock_gettime(CLOCK_MONOTONIC, &now) == 0 ? now.tv_sec : 0;
}

static bool bind_again(const struct device *d, int index)
{
    struct sockaddr_ll to = { .sll_family = AF_PACKET,
                              .sll_protocol = htons(ETH_P_ALL),
                              .sll_ifindex = index };
    struct packet_mreq all = { .mr_ifindex = index, .mr_type = PACKET_MR_PROMISC };

    if (bind(d->fd, (struct sockaddr *)&to, sizeof to) != 0)
        return false;
    return !d->promiscuous ||
           setsockopt(d->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof all) == 0;
}

/* Looks whether it is there again; false while it is not. */
static bool device_returned(struct capture *c)
{
    struct device *d = c->state;
    int index;

    (void)poll(NULL, 0, WAIT_MS);
    if (!interface_is_up(d->fd, c->name) || !(index = interface_index(d->fd, c->name)) ||
        !bind_again(d, index))
        return false;
    d->absent_s += steady_s() - d->absent_since_s;
    c->facts.absent = false;
    say(c->facts.remark, sizeof c->facts.remark,
        "the interface was gone %" PRIu32 " time%s, for %" PRId64
        " s in all, in which nothing was watched",
        d->absences, d->absences == 1 ? "" : "s", d->absent_s);
    return true;
}

static void device_lost(struct capture *c, const char *words)
{
    char said[100];
    struct device *d = c->state;

    if (d->wait && !c->stopped) {
        d->absences++;
        d->absent_since_s = steady_s();
        c->facts.absent = true;
        return;
    }
    capture_damaged(c, 0, "the interface is gone: %s",
                    text_printable(words, strlen(words), said, sizeof said));
    c->ended = true;
}

static size_t device_gather(struct capture *c, struct frame out[FRAME_BATCH])
{
    struct device *d = c->state;
    struct gathering g = { .capture = c, .out = out };
    int n = pcap_dispatch(d->pcap, FRAME_BATCH, gather, (u_char *)&g);
    if (n < 0 && n != PCAP_ERROR_BREAK && g.n == 0)
        device_lost(c, pcap_geterr(d->pcap));
    return g.n;
}

static size_t device_next(struct capture *c, struct frame out[FRAME_BATCH])
{
    struct device *d = c->state;

    if (c->facts.absent && !device_returned(c)) {
        c->ended |= c->stopped;
        return 0;
    }
    size_t n = device_gather(c, out);
    if (n == 0 && !c->facts.absent && !c->ended && !(c->stopped && d->waited)) {
        d->waited = c->stopped;
        if (device_wait(d, c->name))
            n = device_gather(c, out);
        else
            device_lost(c, "no such interface any more");
    }
    if (c->stopped) {
        d->drained += n;
        if ((n == 0 && d->waited) || d->drained > DRAIN_FRAMES)
            c->ended = true;
    }
    return n;
}

static uint64_t counter_read(int fd)
{
    char digits[24];
    ssize_t n = fd < 0 ? -1 : pread(fd, digits, sizeof digits - 1, 0);

    digits[n > 0 ? n : 0] = '\0';
    return strtoull(digits, NULL, 10);
}

static void counters_open(struct device *d, const char *name)
{
    char path[128];

    for (size_t i = 0; i < COUNTERS; i++) {
        say(path, sizeof path, "/sys/class/net/%s/statistics/%s", name, counters[i]);
        d->counter[i].fd = open(path, O_RDONLY | O_CLOEXEC);
        d->counter[i].before = d->counter[i].newest = counter_read(d->counter[i].fd);
    }
}

static void counters_close(const struct device *d)
{
    for (size_t i = 0; i < COUNTERS; i++)
        if (d->counter[i].fd >= 0)
            close(d->counter[i].fd);
}

/* Those of an interface that was removed stay what they were. */
static uint64_t counters_sum(struct device *d)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < COUNTERS; i++) {
        struct counter *counter = &d->counter[i];
        uint64_t now = counter_read(counter->fd);
        counter->newest = now > counter->newest ? now : counter->newest;
        sum += counter->newest - counter->before;
    }
    return sum;
}

static void device_count(struct capture *c)
{
    struct device *d = c->state;
    struct pcap_stat stat;
    if (pcap_stats(d->pcap, &stat) != 0)
        return; /* the newest numbers stay */
    c->facts.kernel_dropped = stat.ps_drop;
    c->facts.interface_dropped = counters_sum(d);
    c->facts.interface[0].dropped = c->facts.kernel_dropped + c->facts.interface_dropped;
    c->facts.interface[0].dropped_known = true;
}

static void device_close(struct capture *c)
{
    struct device *d = c->state;
    if (!d)
        return;
    if (d->pcap)
        pcap_close(d->pcap);
    counters_close(d);
    free(d->copies);
    free(d);
    c->state = NULL;
}

static const struct reader device_reader = {
    .format = "live",
    .next = device_next,
    .count = device_count,
    .close = device_close,
};

static void refuse_unknown_device(const char *name, struct failure *failure)
{
    struct if_nameindex *all = if_nameindex();
    failure_set(failure, name, "", "");
    struct text why = text_of(failure->why, sizeof failure->why);
    text_add(&why, "no such interface");
    for (struct if_nameindex *i = all; i && i->if_index && i->if_name; i++) {
        text_add(&why, i == all ? "; there are: " : " ");
        text_foreign(&why, i->if_name, strlen(i->if_name));
    }
    if_freenameindex(all);
}

static void refuse_permission(const char *name, struct failure *failure)
{
    char self[256];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    self[n > 0 ? n : 0] = '\0';
    failure_set(failure, name, "no permission to capture", "");
    struct text remedy = text_of(failure->remedy, sizeof failure->remedy);
    text_add(&remedy, "either  sudo setcap cap_net_raw=ep ");
    text_foreign(&remedy, n > 0 ? self : "/usr/bin/shakeout", n > 0 ? (size_t)n : 17);
    text_format(&remedy,
                "\nor      sudo tcpdump -i %s -w - 'tcp or udp port 53 or icmp' | shakeout -",
                name);
}

static void refuse_device(const char *name, int status, pcap_t *pcap, struct failure *failure)
{
    char why[200];
    const char *words = pcap_geterr(pcap);
    if (status == PCAP_ERROR_NO_SUCH_DEVICE) {
        refuse_unknown_device(name, failure);
    } else if (status == PCAP_ERROR_PERM_DENIED || status == PCAP_ERROR_PROMISC_PERM_DENIED) {
        refuse_permission(name, failure);
    } else if (status == PCAP_ERROR_IFACE_NOT_UP) {
        failure_set(failure, name, "the interface is down", "bring it up:  sudo ip link set IF up");
    } else {
        if (!words[0])
            words = pcap_statustostr(status);
        failure_set(failure, name, text_printable(words, strlen(words), why, sizeof why), "");
    }
}

static bool device_filter(struct capture *c, const char *expression, struct failure *failure)
{
    const struct device *d = c->state;
    struct bpf_program program;
    if (!expression)
        return true;
    if (pcap_compile(d->pcap, &program, expression, 1, PCAP_NETMASK_UNKNOWN) != 0) {
        filter_not_understood(expression, pcap_geterr(d->pcap), failure);
        return false;
    }
    bool ok = pcap_setfilter(d->pcap, &program) == 0;
    if (!ok)
        filter_not_understood(expression, pcap_geterr(d->pcap), failure);
    pcap_freecode(&program);
    return ok;
}

static void device_describe(struct capture *c, const struct capture_config *config)
{
    struct device *d = c->state;
    d->link = link_of_dlt(pcap_datalink(d->pcap));
    d->tick_ns = pcap_get_tstamp_precision(d->pcap) == PCAP_TSTAMP_PRECISION_NANO ? 1 : 1000;
    d->slot = (size_t)pcap_snapshot(d->pcap);
    struct capture_interface *described = capture_describe(c, d->link, (uint32_t)d->slot);
    text_printable(c->name, strlen(c->name), described->name, sizeof described->name);
    if (config->filter)
        text_printable(config->filter, strlen(config->filter), described->filter,
                       sizeof described->filter);
    say(c->facts.format, sizeof c->facts.format, "live");
    c->facts.nanoseconds = d->tick_ns == 1;
}

static bool device_start(struct capture *c, const char *name, const struct capture_config *config,
                         struct failure *failure)
{
    char words[PCAP_ERRBUF_SIZE] = "", why[200];
    struct device *d = c->state;
    uint32_t snap = config->snap_length;

    d->wait = config->wait;
    d->promiscuous = config->promiscuous;
    counters_open(d, name);
    d->pcap = pcap_create(name, words);
    if (!d->pcap) {
        failure_set(failure, c->name, text_printable(words, strlen(words), why, sizeof why), "");
        return false;
    }
    pcap_set_snaplen(d->pcap, (int)(snap && snap < FRAME_LARGEST ? snap : FRAME_LARGEST));
    pcap_set_promisc(d->pcap, config->promiscuous);
    pcap_set_timeout(d->pcap, WAIT_MS);
    pcap_set_buffer_size(d->pcap, config->ring_bytes && config->ring_bytes <= 1U << 30
                                      ? (int)config->ring_bytes
                                      : RING_BYTES);
    pcap_set_tstamp_precision(d->pcap, PCAP_TSTAMP_PRECISION_NANO); /* else microseconds */
    int status = pcap_activate(d->pcap);
    if (status < 0) {
        refuse_device(c->name, status, d->pcap, failure);
        return false;
    }
    d->fd = pcap_get_selectable_fd(d->pcap);
    if (pcap_setnonblock(d->pcap, 1, words) == 0 && d->fd >= 0)
        return device_filter(c, config->filter, failure);
    failure_set(failure, c->name, "cannot be waited for", "");
    return false;
}

static bool device_open(struct capture *c, const char *name, const struct capture_config *config,
                        struct failure *failure)
{
    struct device *d = c->state = calloc(1, sizeof *d);
    if (d && !device_start(c, name, config, failure))
        return false;
    if (d) {
        device_describe(c, config);
        d->copies = malloc(FRAME_BATCH * d->slot); /* only what frames fill is ever touched */
    }
    if (d && d->copies)
        return true;
    failure_set(failure, c->name, "no memory left", "");
    return false;
}

struct capture *capture_open_device(const char *name, const struct capture_config *config,
                                    struct failure *failure)
{
    struct capture *c = capture_make(name, config, failure);
    if (!c)
        return NULL;
    c->live = true;
    c->reader = &device_reader;
    if (device_open(c, name, config, failure))
        return c;
    capture_close(c);
    return NULL;
}

bool capture_device_is_up(const char *name)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool up = strcmp(name, "any") == 0 || (fd >= 0 && interface_is_up(fd, name));

    if (fd >= 0)
        close(fd);
    return up;
}

int capture_device_fd(const struct capture *c)
{
    const struct device *d = c->live ? c->state : NULL;
    return d ? d->fd : -1;
}

static void device_line(struct text *out, const pcap_if_t *device)
{
    static const struct mark {
        bpf_u_int32 flag;
        const char *word;
    } marks[] = { { PCAP_IF_UP, " up" },
                  { PCAP_IF_RUNNING, " running" },
                  { PCAP_IF_LOOPBACK, " loopback" },
                  { PCAP_IF_WIRELESS, " wireless" } };

    text_foreign(out, device->name, strlen(device->name));
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (device->flags & marks[i].flag)
            text_add(out, marks[i].word);
    if (device->description) {
        text_add(out, "  (");
        text_foreign(out, device->description, strlen(device->description));
        text_add(out, ")");
    }
    text_add(out, "\n");
}

bool capture_list_devices(char *out, size_t size, struct failure *failure)
{
    char words[PCAP_ERRBUF_SIZE] = "", why[200];
    pcap_if_t *all = NULL;
    struct text list = text_of(out, size);

    if (pcap_findalldevs(&all, words) != 0) {
        failure_set(failure, "-D", text_printable(words, strlen(words), why, sizeof why), "");
        return false;
    }
    for (const pcap_if_t *device = all; device; device = device->next)
        if (if_nametoindex(device->name) || strcmp(device->name, "any") == 0)
            device_line(&list, device); /* libpcap also lists buses and queues, not networks */
    pcap_freealldevs(all);
    if (list.n)
        return true;
    failure_set(failure, "-D", "no interface can be seen", "");
    return false;
}

const char *capture_library(void) { return pcap_lib_version(); }
