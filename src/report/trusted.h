/* trusted.h - what the bundle of the user says of a chain, for people and for machines. */
#pragma once

#include "base/text.h"
#include "report/fill.h"
#include "report/json_line.h"

/* Of the chain that the finding is about; false when there is nothing to say. */
bool trusted_text(const struct facts *facts, struct text *out);

/* Whose certificate a finding speaks of. */
enum side trusted_side(enum finding_id id);

/* "trust":{...} of the finding's line. */
void trusted_json(struct writer *w, const struct trust_reading *trust, bool *cut);
