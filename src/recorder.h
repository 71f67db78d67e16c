/* recorder.h - the flight recorder of a watch: packets in memory, and on the disk those of
 * failures.
 *
 * What it is: keeps the newest packets of what is judged in a ring.  When something fails, its own
 * packets are taken out of the ring, from the first one on, with its name lookup, what ICMP said of
 * it and what rules other explanations out; those of some seconds more are added, and
 * all of it becomes a pcapng file with comments.  Of each service that works one connection a day
 * is kept to hold others against.  Contents behind the handshake never leave the memory, unless
 * they are asked for (redaction "light").
 * What it refuses: judging; opening files (scribe.h does); more than RECORDER_CASES at a
 * time, each as large as an exhibit may be: what is beyond is counted.
 * Units: now_ns on the capture's clock.  Ownership: recorder_open .. recorder_close. */
#pragma once

#include "base/failure.h"
#include "base/hash.h"
#include "config/profile.h"
#include "live/filed.h"
#include "live/live.h"
#include "packet/packet.h"
#include "verdict/verdict.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORDER_DISK ((uint64_t)2 << 30)

enum {
    RECORDER_RING = 64 << 20, /* octets, unless somebody says otherwise; so is the next */
    RECORDER_AFTER_S = 10,
    RECORDER_CASES = 16,
    RECORDER_SAY_EVERY_S = 600, /* what was not kept */
};

struct recorder_config {
    const char *folder;    /* borrowed, as all here */
    const char *interface; /* printable; of several, "a,b" */
    const struct profile *profile;
    enum scope scope;
    size_t ring_bytes;
    uint64_t disk_bytes;
    uint32_t after_s; /* for so long packets of what failed are added */
    bool contents;    /* payload is kept as it was */
    bool keep_good;   /* one connection a service and day */
    bool confined;
};

struct recorder; /* opaque */

/* Reads what lies in the folder, and starts who writes there; before rights are given up. */
struct recorder *recorder_open(const struct recorder_config *config, struct failure *failure);
void recorder_close(struct recorder *r); /* writes what is open; accepts NULL */

/* A run begins: its keys are drawn with this seed, its interfaces are those of the capture, whose
 * facts live on. */
void recorder_begin(struct recorder *r, struct hash_seed seed, const struct capture_facts *capture);
/* Writes what is open, and forgets all packets; at the end of the last run it waits until that is
 * on the disk. */
void recorder_end(struct recorder *r, bool last);

/* Every packet; met: the flow it probably belongs to, or NULL. */
void recorder_take(struct recorder *r, const struct frame *frame, const struct packet *p,
                   const struct flow *met);

/* A verdict that is an error; known: something worked for this endpoint before. */
void recorder_failed(struct recorder *r, const struct scene *scene, const struct verdict *verdict,
                     bool known, int64_t now_ns);

/* The same because somebody asks for it: whatever the limits of a finding say, and at once.  False
 * when its packets are not in memory any more; else where they will be. */
bool recorder_write(struct recorder *r, const struct scene *scene, const struct verdict *verdict,
                    char *path, size_t size);

/* A verdict that is none. */
void recorder_worked(struct recorder *r, const struct scene *scene, const struct verdict *verdict);

/* Often: writes what is due, and says what went wrong, once. */
void recorder_tick(struct recorder *r, int64_t now_ns);

/* Files of failures that lie on the disk since it was asked last, one by one; false at the end. */
bool recorder_filed(struct recorder *r, struct filed *out);

void recorder_facts(const struct recorder *r, struct live_evidence *out);
size_t recorder_memory(const struct recorder *r); /* octets that it may come to use */
