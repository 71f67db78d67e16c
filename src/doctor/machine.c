#include "doctor/machine.h"

#include "base/text.h"

#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/timex.h>
#include <unistd.h>

/* In Mbit/s; interfaces without hardware have none, and say -1. */
static bool speed_of(const char *interface, uint64_t *out)
{
    char path[128], digits[32];

    snprintf(path, sizeof path, "/sys/class/net/%.64s/speed", interface);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, digits, sizeof digits - 1);
    if (fd >= 0)
        close(fd);
    if (n <= 0 || digits[0] < '1' || digits[0] > '9')
        return false;
    digits[n] = '\0';
    *out = strtoull(digits, NULL, 10);
    return true;
}

static bool driver_says(int fd, const char *interface, uint32_t question, uint32_t *out)
{
    struct ethtool_value value = { .cmd = question };
    struct ifreq request = { .ifr_data = (char *)&value };

    text_copy(request.ifr_name, sizeof request.ifr_name, interface);
    if (ioctl(fd, SIOCETHTOOL, &request) != 0)
        return false;
    *out = value.data;
    return true;
}

static void look_at_driver(const char *interface, struct machine *m)
{
    uint32_t generic = 0, flags = 0;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq request = { 0 };

    if (fd < 0)
        return;
    text_copy(request.ifr_name, sizeof request.ifr_name, interface);
    m->there = ioctl(fd, SIOCGIFFLAGS, &request) == 0;
    m->up = m->there && request.ifr_flags & IFF_UP;
    m->carrier = m->there && request.ifr_flags & IFF_RUNNING;
    if (ioctl(fd, SIOCGIFMTU, &request) == 0 && request.ifr_mtu > 0)
        m->mtu = (uint32_t)request.ifr_mtu;
    m->merges_known = driver_says(fd, interface, ETHTOOL_GGRO, &generic);
    m->merges_known |= driver_says(fd, interface, ETHTOOL_GFLAGS, &flags);
    m->merges = generic || flags & ETH_FLAG_LRO;
    close(fd);
}

static void look_at_clock(struct machine *m)
{
    struct timex now = { .modes = 0 };
    int state = adjtimex(&now);

    m->clock_known = state >= 0;
    m->clock_synchronised = state >= 0 && state != TIME_ERROR && !(now.status & STA_UNSYNC);
    m->clock_error_us = now.maxerror;
}

static void look_at_zone(struct machine *m)
{
    char target[256];
    const char *zone = getenv("TZ");
    ssize_t n = readlink("/etc/localtime", target, sizeof target - 1);

    target[n > 0 ? n : 0] = '\0';
    const char *inside = strstr(target, "zoneinfo/");
    if (!zone || !*zone)
        zone = inside ? inside + strlen("zoneinfo/") : "";
    text_printable(zone, strlen(zone), m->zone, sizeof m->zone);
}

void machine_look(const char *interface, struct machine *out)
{
    *out = (struct machine){ 0 };
    look_at_clock(out);
    look_at_zone(out);
    if (!interface)
        return;
    look_at_driver(interface, out);
    out->speed_known = speed_of(interface, &out->speed_mbit);
}
