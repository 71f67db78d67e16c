/* unsealer.h - the sealed records of one connection, opened when its secrets are known.
 *
 * What it is: takes the records that tls_feed hands on; opens them at once when keys.h knows the
 * connection, else holds them until it does.  What was inside goes to tls_unsealed; application
 * data are dropped unread. What it refuses: holding more than UNSEALER_OCTETS a connection; going
 * on after so many records in a row that did not open (UNSEALER_PATIENCE a side). Ownership: in the
 * flow's arena; what was opened is overwritten at the next call. Sources: RFC 8446 sections 5, 7;
 * RFC 5246 section 6. */
#pragma once

#include "base/arena.h"
#include "keys/keys.h"
#include "tls/tls.h"

enum { UNSEALER_OCTETS = 96 * 1024, UNSEALER_RECORDS = 96, UNSEALER_PATIENCE = 4 };

/* Why records stay closed. */
enum unsealer_state {
    UNSEALER_WAITS,   /* no secret of this connection is known */
    UNSEALER_OPENS,   /* records are opened */
    UNSEALER_CANNOT,  /* the suite or the version is one that cannot be read, or compression */
    UNSEALER_FOREIGN, /* a secret is known, and fits no record */
};

struct unsealer; /* opaque */

/* NULL when the arena is full. */
struct unsealer *unsealer_open(struct arena *arena, struct pool *pool, struct keys *keys);

/* The record just handed on. */
void unsealer_take(struct unsealer *u, const struct tls_record *record);

/* Opens the next record, in the order they were taken; false when there is none, or no secret.
 * After true tls_has_fresh may have certificates; call again. */
bool unsealer_next(struct unsealer *u, struct tls *t);

/* Nothing more will come: what is held is given back. */
void unsealer_end(struct unsealer *u);

enum unsealer_state unsealer_state(const struct unsealer *u);
enum keys_origin unsealer_origin(const struct unsealer *u); /* KEYS_NONE while it waits */
