/* machine.h - what this computer says of an interface and of its own clock.
 *
 * What it refuses: running other programs, and changing anything.
 * Sources: netdevice(7), Linux include/uapi/linux/ethtool.h, sysfs-class-net, adjtimex(2). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct machine {
    /* of the interface */
    bool there, up, carrier;
    bool speed_known;
    uint64_t speed_mbit;
    bool merges_known; /* the driver tells about the two below */
    bool merges;       /* GRO or LRO: packets are joined before they are captured */
    uint32_t mtu;      /* 0 = not known */
    /* of the clock */
    bool clock_known, clock_synchronised;
    int64_t clock_error_us; /* what the kernel takes for the most it may be wrong by */
    char zone[80];          /* printable: "Europe/Paris"; empty = not known */
};

/* interface: NULL = the clock alone. */
void machine_look(const char *interface, struct machine *out);
