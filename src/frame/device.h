/* device.h - one interface that is watched; only devices.c and tests include it.
 *
 * What it is: frames of one ring, up to FRAME_BATCH at a time, copied out and waiting to be handed
 * on; what was lost; whether the interface is there.
 * Units: `asked_ns` on the clock of the frames (time of day), seconds steady.
 * Ownership: device_open .. device_close; frames borrow the device's copies until it gathers
 * again. */
#pragma once

#include "frame/reader.h"

#include <pcap/pcap.h>

enum { DEVICE_COUNTERS = 2 };

struct device {
    pcap_t *pcap; /* owned */
    int fd;       /* pcap's; to poll */
    int64_t tick_ns;
    uint32_t link;
    size_t slot;     /* bytes a frame may need */
    uint8_t *copies; /* owned; FRAME_BATCH slots, used densely from the front */
    struct frame waiting[FRAME_BATCH];
    size_t first, n;  /* waiting[first .. n) is not handed on yet */
    int64_t asked_ns; /* nothing was there when it was asked then; 0 = frames are */
    struct counter {
        int fd; /* -1 = the system does not count it */
        uint64_t before, newest;
    } counter[DEVICE_COUNTERS];
    char name[64];          /* as given */
    uint32_t interface;     /* its place among those of the capture */
    bool wait, promiscuous; /* as configured */
    bool absent;            /* it is gone */
    char words[100];        /* why, printable */
    int64_t next_look_ns;   /* steady: whether it is there again */
    uint32_t absences;      /* so far */
    int64_t absent_since_s, absent_s;
};

/* retire_ms: how long a frame may lie in a block that is not full.  False with a failure; what is
 * half done is for device_close. */
bool device_open(struct device *d, const char *name, const struct capture_config *config,
                 int retire_ms, struct failure *failure);
void device_close(struct device *d);

size_t device_ring_bytes(const struct capture_config *config); /* of the kernel's, for each */

/* Asks for frames when none waits.  False when the interface is gone. */
bool device_gather(struct device *d);

/* After poll said that something is wrong: is it still there? */
bool device_is_there(const struct device *d);

/* It is gone since now. */
void device_lost(struct device *d, const char *words);

/* It was gone: looks whether it is there again, not too often, and takes it. */
bool device_returned(struct device *d);

/* Packets that the kernel, and the interface itself, had no room for. */
void device_losses(struct device *d, struct capture_interface *out);
