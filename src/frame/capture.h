/* capture.h - frames from a file, a pipe or a device, in batches.
 *
 * What it is: capture_next over readers that are chosen by content, never by file name: classic
 * pcap (both byte orders, microseconds, nanoseconds, the modified variant), pcapng (several
 * sections and interfaces; EPB, SPB, PB; unknown blocks skipped), packet text of a FortiGate
 * sniffer or of tcpdump -X (sniffer.h), each also inside what libarchive opens; libpcap for devices
 * and for compiling filters. What it refuses: anything else, in one clear sentence (struct
 * failure).  Damage after the first header is not a failure: capture_next ends, everything before
 * it has been handed out, and capture_facts says where and why. Sources: draft-ietf-opsawg-pcap,
 * draft-ietf-opsawg-pcapng. Ownership: opaque, close with capture_close (accepts NULL).  Facts live
 * as long as the capture. */
#pragma once

#include "base/failure.h"
#include "frame/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct capture; /* opaque */

struct capture_config {
    const char *filter;   /* libpcap filter expression, or NULL */
    uint64_t max_frames;  /* stop after so many frames (after the filter); 0 = no limit */
    uint32_t snap_length; /* live only; 0 = full length */
    bool promiscuous;     /* live only */
    size_t ring_bytes;    /* live only; kernel ring of each interface, 0 = 16 MiB */
    bool wait;            /* live only: for an interface that is not there, or goes */
};

enum { CAPTURE_INTERFACES = 64, CAPTURE_LINKS = 16, CAPTURE_DEVICES = 8 };

struct capture_interface {
    char name[64];        /* printable; empty when the file does not say */
    char filter[256];     /* printable; the capture filter the file names, or empty */
    uint32_t link;        /* LINKTYPE_ */
    uint32_t snap_length; /* 0 = none stated */
    uint64_t frames;      /* frames of this interface handed out */
    uint64_t dropped;     /* lost by kernel and interface, by the newest statistics */
    bool dropped_known;
    int64_t newest_ns;          /* of its newest frame; 0 = none came */
    uint64_t dropped_by_kernel; /* live: a part of what was dropped */
    bool absent;                /* live: it is gone */
};

struct capture_facts {
    char format[24];       /* "pcap", "pcapng", "sniffer text", "live" */
    char compression[16];  /* "gzip", ...; empty when none */
    uint64_t bytes_total;  /* of the input; 0 when unknown (pipe, device) */
    uint64_t bytes_read;   /* of the (compressed) input so far */
    uint64_t frames;       /* handed out or passed over by the filter */
    uint64_t last_number;  /* of the newest record that takes a number; Wireshark counts more than
                              frames */
    bool nanoseconds;      /* some interface has a resolution finer than a microsecond */
    bool has_secrets;      /* a Decryption Secrets Block is in the file */
    uint64_t secrets_lost; /* octets of key log text beyond what is held */
    bool damaged;          /* the bytes contradict themselves: capture.damaged */
    uint64_t damage_at;    /* offset, in the uncompressed input, of the record or block */
    uint64_t damage_frame; /* number of the last frame before it, 0 for none */
    char damage[160];      /* "block at byte 12582904 claims 1612 bytes, the file has 8 left" */
    bool resumed;          /* reading went on behind the damage */
    bool clock_relative;   /* times count from a moment that the input does not name */
    uint64_t bare_frames;  /* of packet text: without octets, made of what their line says */
    char remark[300];      /* what a reader should know of this input; may be empty */
    size_t n_interfaces;   /* at most CAPTURE_INTERFACES are described */
    struct capture_interface interface[CAPTURE_INTERFACES];
    uint64_t kernel_dropped, interface_dropped; /* live */
    size_t n_absent;   /* live: interfaces that are gone, of those described */
    size_t ring_bytes; /* live: of the kernel's rings, which are memory of this process as well */
};

/* An input that is open, and of which no octet was looked at: whoever gives up the right to open
 * files opens all of them first. */
struct capture_source {
    int fd;                 /* owned; -1 = it could not be opened */
    struct failure failure; /* then, why */
};

/* "-" is standard input. */
void capture_source_open(const char *path, struct capture_source *out);
void capture_source_close(struct capture_source *source);

/* NULL and a failure when it cannot be read or is no capture; takes the descriptor over. */
struct capture *capture_open_source(struct capture_source *source, const char *path,
                                    const struct capture_config *config, struct failure *failure);

/* Both at once. */
struct capture *capture_open_file(const char *path, const struct capture_config *config,
                                  struct failure *failure);
struct capture *capture_open_device(const char *name, const struct capture_config *config,
                                    struct failure *failure);

/* One to CAPTURE_DEVICES of them, in the order of time; `interface` of a frame is the place of its
 * name. */
struct capture *capture_open_devices(const char *const *names, size_t n,
                                     const struct capture_config *config, struct failure *failure);

/* The packet sockets; answers how many there are, 0 = it is no device. */
size_t capture_device_fds(const struct capture *capture, int out[CAPTURE_DEVICES]);

/* Is there such an interface, and is it up? */
bool capture_device_is_up(const char *name);

/* Fills out[0..n-1], n <= FRAME_BATCH.  0 when the input ended or, live, nothing came for a while
 * (at most 100 ms); capture_ended tells which. */
size_t capture_next(struct capture *capture, struct frame out[FRAME_BATCH]);
bool capture_ended(const struct capture *capture);
bool capture_is_live(const struct capture *capture);

/* Stop waiting for more; what the kernel's ring still holds is handed out.  Safe in a signal
 * handler, which should be installed without SA_RESTART, or a silent pipe goes on being waited for.
 */
void capture_stop(struct capture *capture);

const struct capture_facts *capture_facts(struct capture *capture);

/* TLS key log text that the input carries (Decryption Secrets Blocks, comments of sections) and
 * that was met since the last call; empty mostly.  Borrowed until the next call of anything here.
 */
struct bytes capture_secrets(struct capture *capture);
void capture_close(struct capture *capture);

/* The name tcpdump.org gives to a LINKTYPE_ ("EN10MB"), or "" */
const char *capture_link_name(uint32_t link);

/* One line per interface into out, for -D; false with a failure. */
bool capture_list_devices(char *out, size_t size, struct failure *failure);

/* The libpcap version string, for --version. */
const char *capture_library(void);
