/* redact.h - a capture in which nobody is named any more, and which still shows what failed.
 *
 * What it is: redactor_learn reads every packet first, so that streams are understood however they
 * were cut; redactor_frame then rewrites one frame after the other.  The same name, address or key
 * has the same stand-in everywhere (mask.h).
 * Levels: light keeps names and addresses, and takes away contents, credentials, tickets; standard
 * also replaces names, addresses, MAC addresses and certificates; strict, for publication, keeps no
 * prefixes, no public suffixes, no vendors, no numbers of VLANs, no keys and randoms, no
 * certificates, and of HTTP the method, the status code and lengths.
 * What it refuses: more than REDACT_MEMORY octets of handshakes; then redactor_learned says no.
 * Ownership: opaque.  The key is the caller's secret: nothing of it is in what is written. */
#pragma once

#include "base/failure.h"
#include "evidence/mask.h"
#include "frame/frame.h"
#include "packet/packet.h"

#include <stdbool.h>
#include <stddef.h>

enum redaction { REDACT_NONE, REDACT_LIGHT, REDACT_STANDARD, REDACT_STRICT };

const char *redaction_name(enum redaction level);

enum { REDACT_MEMORY = 768 << 20 };

struct redactor; /* opaque */

/* kept: parts of names that stay, as in mask_open; borrowed. */
struct redactor *redactor_open(enum redaction level, const uint8_t key[MASK_KEY],
                               const char *const *kept);
void redactor_close(struct redactor *r); /* accepts NULL */

/* Before the first packet of a file: connections of another are none of it.  Stand-ins stay. */
void redactor_forget(struct redactor *r);
void redactor_learn(struct redactor *r, const struct packet *p);
bool redactor_learned(struct redactor *r, struct failure *failure);

/* After a check that failed: other stand-ins, that are nobody's name; then learn again. */
bool redactor_redraw(struct redactor *r);

/* The frame's captured octets, rewritten; borrowed until the next call.  NULL without memory. */
const uint8_t *redactor_frame(struct redactor *r, const struct frame *frame);

/* What we say ourselves: names, addresses and words that were replaced elsewhere. */
void redactor_text(struct redactor *r, char *text);
void redactor_name(struct redactor *r, char *name);
void redactor_address(struct redactor *r, struct address *address);

/* Looks for what was replaced in the packets of a file; false when something is there. */
bool redactor_check(struct redactor *r, const char *path, struct failure *failure);
const struct mask *redactor_mask(const struct redactor *r);
size_t redactor_count(const struct redactor *r); /* of names and addresses replaced */
