/* pcapng_out.h - a pcapng file that is written whole or not at all.
 *
 * What it is: sections, interfaces, enhanced packets with comments, name resolution and interface
 * statistics (draft-ietf-opsawg-pcapng).  libpcap writes neither comments nor several link types.
 * What it refuses: replacing a file unless it was told to; secrets (it knows no such block).
 * Units: times in ns since 1970 UTC.  Ownership: opaque; pcapng_finish or pcapng_abandon ends it.
 * Faults: what cannot be written is remembered and told by pcapng_finish. */
#pragma once

#include "base/address.h"
#include "base/failure.h"
#include "frame/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct pcapng_out; /* opaque */

struct pcapng_interface {
    uint32_t link; /* LINKTYPE_ */
    uint32_t snap_length;
    bool nanoseconds; /* else microseconds */
    const char *name; /* empty = not said */
};

struct pcapng_out *pcapng_create(const char *path, bool replace, struct failure *failure);

void pcapng_section(struct pcapng_out *out, const char *comment, const char *application);

/* The same octets to an open stream, of the caller, who closes it after pcapng_end.  NULL without
 * memory. */
struct pcapng_out *pcapng_begin(FILE *file);
int pcapng_end(struct pcapng_out *out); /* 0, or the errno of the first fault */

/* Numbers of interfaces count from 0 in each section, in order of these calls. */
void pcapng_interface(struct pcapng_out *out, const struct pcapng_interface *interface);

/* data: captured = left, on the wire = left + clipped.  Comments are NUL-ended UTF-8. */
void pcapng_packet(struct pcapng_out *out, uint32_t interface, int64_t time_ns, bool nanoseconds,
                   const struct bytes *data, const char *const *comments, size_t n);

struct pcapng_name {
    struct address address;
    const char *name;
};

void pcapng_names(struct pcapng_out *out, const struct pcapng_name *names, size_t n);
void pcapng_statistics(struct pcapng_out *out, uint32_t interface, int64_t time_ns,
                       bool nanoseconds, uint64_t dropped);

/* Writes out what there is so far, and tells where it lies until pcapng_finish; NULL when that
 * failed. */
const char *pcapng_written(struct pcapng_out *out);

/* Adds all that was written to another, from its section on. */
void pcapng_append(struct pcapng_out *out, struct pcapng_out *other);

/* Gives the file its name; false with a failure, and nothing left behind. */
bool pcapng_finish(struct pcapng_out *out, struct failure *failure);
void pcapng_abandon(struct pcapng_out *out); /* accepts NULL */
