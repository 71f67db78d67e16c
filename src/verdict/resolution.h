/* resolution.h - addresses whose hardware is not found, or found twice: the ids l2.*.
 *
 * What it is: one judgement for each address that somebody wants (flow/neighbour.h).  Of silence it
 * speaks only where the answer would have been captured, and where nothing else shows that the
 * address was there, or that the asker only looks who is.
 * What it refuses: which of them matter; the caller knows the services.
 * Sources: RFC 826, RFC 4861 section 7.2, RFC 5227, RFC 5798 (virtual routers). */
#pragma once

#include "flow/neighbour.h"
#include "verdict/verdict.h"

struct resolution_case {
    const struct address *asker, *wanted;
    const struct neighbour *neighbour;
    struct raised raised; /* id F_NONE = nothing to say */
};

size_t resolution_count(const struct scene *scene);
struct resolution_case resolution_judge(const struct scene *scene, size_t i);

/* Is anything in it about an EMS? */
bool resolution_is_relevant(const struct scene *scene);
