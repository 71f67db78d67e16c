/* stages.h - the state of each stage of one attempt, in the words of the field (enum stage_token).
 *
 * What it refuses: mixing up "not tried", "not reached", "cannot be seen" and "failed". */
#pragma once

#include "verdict/matter.h"

/* Fills out->stage and out->failed_stage from out->primary, out->also and how far it came. */
void stages_fill(const struct matter *m, struct verdict *out);
