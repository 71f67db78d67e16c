/* device.c - one interface, through libpcap.
 *
 * Frames are copied out of the kernel's ring, whose slots may be reused as soon as libpcap is asked
 * again.  The handle does not block: pcap_dispatch on a silent link with TPACKET_V3 sleeps whatever
 * its time-out says, so the waiting is done by poll.
 *
 * Once it is open, nothing here opens a file or a socket: the program may have given up the right
 * to. libpcap would open the counters of the interface each time it is asked, and count nonsense
 * when that fails, so they are read here.
 *
 * An interface that was removed is another one when it comes back, with another number: the socket
 * stays, with its ring and its filter, and is bound anew. */
#include "frame/device.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { RING_BYTES = 16 * 1024 * 1024, LOOK_EVERY_MS = 100 };

/* What the interface itself had no room for. */
static const char *const counters[DEVICE_COUNTERS] = { "rx_missed_errors", "rx_fifo_errors" };

static int64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    return clock_gettime(clock, &now) == 0 ? (int64_t)now.tv_sec * 1000000000 + now.tv_nsec : 0;
}

static int64_t steady_ns(void) { return clock_ns(CLOCK_MONOTONIC); }

/* ---- frames ---- */

struct gathering {
    struct device *device;
    size_t used;
};

static void gather(u_char *user, const struct pcap_pkthdr *header, const u_char *bytes)
{
    struct gathering *g = (struct gathering *)user;
    struct device *d = g->device;
    size_t n = header->caplen < d->slot ? header->caplen : d->slot;
    uint8_t *copy = d->copies + g->used;

    if (d->n == FRAME_BATCH)
        return;
    memcpy(copy, bytes, n);
    g->used += n;
    d->waiting[d->n++] = (struct frame){
        .time_ns = (int64_t)header->ts.tv_sec * 1000000000 + header->ts.tv_usec * d->tick_ns,
        .data = bytes_of(copy, n, header->len),
        .link = d->link,
        .interface = d->interface,
    };
}

bool device_gather(struct device *d)
{
    struct gathering g = { .device = d };
    int64_t now_ns = clock_ns(CLOCK_REALTIME); /* before, so that what comes meanwhile is newer */

    if (d->first < d->n)
        return true;
    d->first = d->n = 0;
    int n = pcap_dispatch(d->pcap, FRAME_BATCH, gather, (u_char *)&g);
    d->asked_ns = d->n ? 0 : now_ns;
    if (n >= 0 || n == PCAP_ERROR_BREAK || d->n)
        return true;
    device_lost(d, pcap_geterr(d->pcap));
    return false;
}

/* ---- is it there? ---- */

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

bool capture_device_is_up(const char *name)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool up = strcmp(name, "any") == 0 || (fd >= 0 && interface_is_up(fd, name));

    if (fd >= 0)
        close(fd);
    return up;
}

bool device_is_there(const struct device *d) { return interface_index(d->fd, d->name) != 0; }

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

void device_lost(struct device *d, const char *words)
{
    text_printable(words, strlen(words), d->words, sizeof d->words);
    d->absent = true;
    d->absences++;
    d->absent_since_s = steady_ns() / 1000000000;
}

bool device_returned(struct device *d)
{
    int64_t now_ns = steady_ns();
    int index;

    if (!d->wait || now_ns < d->next_look_ns)
        return false;
    d->next_look_ns = now_ns + (int64_t)LOOK_EVERY_MS * 1000000;
    if (!interface_is_up(d->fd, d->name) || !(index = interface_index(d->fd, d->name)) ||
        !bind_again(d, index))
        return false;
    d->absent_s += now_ns / 1000000000 - d->absent_since_s;
    d->absent = false;
    return true;
}

/* ---- what is lost ---- */

static uint64_t counter_read(int fd)
{
    char digits[24];
    ssize_t n = fd < 0 ? -1 : pread(fd, digits, sizeof digits - 1, 0);

    digits[n > 0 ? n : 0] = '\0';
    return strtoull(digits, NULL, 10);
}

static void counters_open(struct device *d)
{
    char path[128];

    for (size_t i = 0; i < DEVICE_COUNTERS; i++) {
        say(path, sizeof path, "/sys/class/net/%s/statistics/%s", d->name, counters[i]);
        d->counter[i].fd = open(path, O_RDONLY | O_CLOEXEC);
        d->counter[i].before = d->counter[i].newest = counter_read(d->counter[i].fd);
    }
}

static void counters_close(const struct device *d)
{
    for (size_t i = 0; i < DEVICE_COUNTERS; i++)
        if (d->counter[i].fd >= 0)
            close(d->counter[i].fd);
}

/* Those of an interface that was removed stay what they were. */
static uint64_t counters_sum(struct device *d)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < DEVICE_COUNTERS; i++) {
        struct counter *counter = &d->counter[i];
        uint64_t now = counter_read(counter->fd);
        counter->newest = now > counter->newest ? now : counter->newest;
        sum += counter->newest - counter->before;
    }
    return sum;
}

void device_losses(struct device *d, struct capture_interface *out)
{
    struct pcap_stat stat;

    out->absent = d->absent;
    if (pcap_stats(d->pcap, &stat) != 0)
        return; /* the newest numbers stay */
    out->dropped_by_kernel = stat.ps_drop;
    out->dropped = stat.ps_drop + counters_sum(d);
    out->dropped_known = true;
}

/* ---- opening ---- */

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

static bool device_filter(const struct device *d, const char *expression, struct failure *failure)
{
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

size_t device_ring_bytes(const struct capture_config *config)
{
    size_t ring = config->ring_bytes;

    return ring && ring <= 1U << 30 ? ring : RING_BYTES;
}

static void set_up(const struct device *d, const struct capture_config *config, int retire_ms)
{
    uint32_t snap = config->snap_length;

    pcap_set_snaplen(d->pcap, (int)(snap && snap < FRAME_LARGEST ? snap : FRAME_LARGEST));
    pcap_set_promisc(d->pcap, config->promiscuous);
    pcap_set_timeout(d->pcap, retire_ms);
    pcap_set_buffer_size(d->pcap, (int)device_ring_bytes(config));
    pcap_set_tstamp_precision(d->pcap, PCAP_TSTAMP_PRECISION_NANO); /* else microseconds */
}

static bool device_start(struct device *d, const struct capture_config *config, int retire_ms,
                         const char *shown, struct failure *failure)
{
    char words[PCAP_ERRBUF_SIZE] = "", why[200];

    counters_open(d);
    d->pcap = pcap_create(d->name, words);
    if (!d->pcap) {
        failure_set(failure, shown, text_printable(words, strlen(words), why, sizeof why), "");
        return false;
    }
    set_up(d, config, retire_ms);
    int status = pcap_activate(d->pcap);
    if (status < 0) {
        refuse_device(shown, status, d->pcap, failure);
        return false;
    }
    d->fd = pcap_get_selectable_fd(d->pcap);
    if (pcap_setnonblock(d->pcap, 1, words) == 0 && d->fd >= 0)
        return device_filter(d, config->filter, failure);
    failure_set(failure, shown, "cannot be waited for", "");
    return false;
}

bool device_open(struct device *d, const char *name, const struct capture_config *config,
                 int retire_ms, struct failure *failure)
{
    char shown[300];

    d->wait = config->wait;
    d->promiscuous = config->promiscuous;
    text_copy(d->name, sizeof d->name, name);
    text_printable(name, strlen(name), shown, sizeof shown);
    if (!device_start(d, config, retire_ms, shown, failure))
        return false;
    d->link = link_of_dlt(pcap_datalink(d->pcap));
    d->tick_ns = pcap_get_tstamp_precision(d->pcap) == PCAP_TSTAMP_PRECISION_NANO ? 1 : 1000;
    d->slot = (size_t)pcap_snapshot(d->pcap);
    d->copies = malloc(FRAME_BATCH * d->slot); /* only what frames fill is ever touched */
    if (!d->copies)
        failure_set(failure, shown, "no memory left", "");
    return d->copies != NULL;
}

void device_close(struct device *d)
{
    if (d->pcap)
        pcap_close(d->pcap);
    counters_close(d);
    free(d->copies);
}
