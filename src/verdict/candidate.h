/* candidate.h - addresses that are taken for an EMS, or one of its kind, by what clients do there.
 *
 * What it is: a bounded set.  An address enters when a client tries or uses a check-in port of the
 * profile (8013, 9443) there, or asks for a TLS name that the profile recognises.  Configured
 * addresses need no entry.
 * What it refuses: a proof.  Port 8013 is also a FortiGate's; what answers there is judged by name
 * and certificate, not here. */
#pragma once

#include "config/profile.h"
#include "flow/flow.h"

#include <stdbool.h>

struct candidates; /* opaque */

struct candidates *candidates_open(void); /* NULL without memory */
void candidates_close(struct candidates *candidates);

/* Tells of a new connection, and again when its session has learned a TLS name. */
void candidate_note(struct candidates *candidates, const struct profile *profile,
                    const struct flow *flow);

bool candidate_is(const struct candidates *candidates, const struct address *address);
