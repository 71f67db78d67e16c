/* keylog.h - one line of a key log.
 *
 * What it is: private to keys/.  "LABEL SP 64 hex digits SP hex digits", as SSLKEYLOGFILE gets it.
 * What it refuses: guessing.  A line with a known label that does not fit to its end is damaged.
 * Source: draft-ietf-tls-keylogfile section 2. */
#pragma once

#include "keys/keys.h"

enum key_line_kind {
    KEY_LINE_EMPTY, /* nothing, or a comment */
    KEY_LINE_SECRET,
    KEY_LINE_OTHER, /* another label, or something else altogether */
    KEY_LINE_DAMAGED,
};

struct key_line {
    enum key_label label;
    uint8_t octets; /* of the secret */
    uint8_t random[KEYS_RANDOM];
    uint8_t secret[KEYS_SECRET_MOST];
};

/* A line without its line feed; a carriage return and blanks at its end do not matter. */
enum key_line_kind keylog_line(struct bytes line, struct key_line *out);
