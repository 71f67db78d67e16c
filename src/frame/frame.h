/* frame.h - one captured frame, as the capture file or the device gave it.
 *
 * Units: time in nanoseconds since 1970-01-01 UTC as the capture claims it (it may jump or go
 * back); numbers are 1-based and equal Wireshark's frame.number for the same file. Ownership:
 * `data` borrows the reader's buffer and lives until the next capture_next; whoever keeps bytes
 * copies them. */
#pragma once

#include "base/bytes.h"

#include <stdint.h>

enum { FRAME_BATCH = 64 }; /* frames that travel together through the stages */

struct frame {
    uint64_t number;
    int64_t time_ns;
    struct bytes data;  /* left = captured, clipped = on the wire but cut by the snap length */
    uint32_t link;      /* LINKTYPE_ value (tcpdump.org), without FCS bits */
    uint32_t interface; /* 0-based over the whole input; 0 for classic pcap */
};
