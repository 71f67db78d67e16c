/* keys.h - the TLS secrets a user gave: a key log, and what the capture file itself carries.
 *
 * What it is: text in the NSS key log format in, secrets by client random out.  A log is read line
 * by line; lines of labels that nobody here uses are counted, damaged ones too.
 * What it refuses: more than KEYS_CONNECTIONS connections, lines longer than KEYS_LINE; showing a
 * secret to anybody but src/keys.  Memory that held one is overwritten before it is given back.
 * Ownership: keys_find lends until keys_close.
 * Sources: draft-ietf-tls-keylogfile, the NSS key log format; draft-ietf-opsawg-pcapng section 4.7
 * (Decryption Secrets Block). */
#pragma once

#include "base/bytes.h"
#include "base/failure.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    KEYS_CONNECTIONS = 1 << 17,
    KEYS_LINE = 1024,       /* octets; the longest line with a meaning has 200 */
    KEYS_RANDOM = 32,       /* octets of a client random */
    KEYS_SECRET_LEAST = 32, /* of a secret: the hash of the suite, */
    KEYS_SECRET_MOST = 48,  /* or the master secret of up to TLS 1.2 */
};

enum key_label {
    KEY_MASTER, /* CLIENT_RANDOM */
    KEY_CLIENT_HANDSHAKE,
    KEY_SERVER_HANDSHAKE,
    KEY_CLIENT_TRAFFIC, /* CLIENT_TRAFFIC_SECRET_0 */
    KEY_SERVER_TRAFFIC,
    KEY_LABELS,
};

enum keys_origin { KEYS_NONE, KEYS_FILE, KEYS_LOG }; /* inside the capture; --keylog */

/* What is known of one connection. */
struct key_secrets {
    uint8_t octets[KEY_LABELS]; /* 0 = not known */
    uint8_t origin;             /* enum keys_origin, of the newest */
    uint8_t secret[KEY_LABELS][KEYS_SECRET_MOST];
};

struct keys_counts {
    uint64_t secrets; /* lines that told one */
    uint64_t other;   /* lines of other labels, and prose */
    uint64_t damaged; /* lines of a known label that say no secret, or too long */
    uint64_t refused; /* secrets beyond the ceiling */
};

struct keys; /* opaque */

struct keys *keys_open(void); /* NULL without memory */
void keys_close(struct keys *keys);

/* Whole text: its last line needs no line feed. */
void keys_take(struct keys *keys, struct bytes text, enum keys_origin origin);

/* Reads a key log as far as it is written; keys_poll reads on where it ended (a program that still
 * runs adds lines).  False with a failure when it cannot be read, or is no key log at all. */
bool keys_log(struct keys *keys, const char *path, struct failure *failure);
void keys_poll(struct keys *keys);

/* The two halves of keys_log: the descriptor, or -1 with a failure; and reading it, which takes it
 * over.  path is for the messages. */
int keys_log_open(const char *path, struct failure *failure);
bool keys_log_read(struct keys *keys, int fd, const char *path, struct failure *failure);

/* NULL when nothing is known of it. */
const struct key_secrets *keys_find(const struct keys *keys, const uint8_t random[KEYS_RANDOM]);

/* Is a secret known, or may one still come?  Without that nobody needs to keep anything. */
bool keys_in_play(const struct keys *keys);

/* Grows with every secret: who found nothing need not ask again before it has. */
uint64_t keys_generation(const struct keys *keys);

struct keys_counts keys_counts(const struct keys *keys);

/* Room for one opened record, for unsealer.c: overwritten with each, and at keys_close. */
enum { KEYS_SCRATCH = (1 << 14) + 2048 };
uint8_t *keys_scratch(struct keys *keys);
