/* proof.h - which packets prove a verdict, and the words beside them.
 *
 * What it is: fills a place of a plan (evidence/plan.h), or one that no plan owns, with the
 * conversation, its key packets, its name lookup, and what ruled other explanations out.
 * Ownership: the texts are the kept one's; kept_clear ends it. */
#pragma once

#include "evidence/plan.h"
#include "verdict/verdict.h"

#include <stdbool.h>

void proof_of_connection(const struct verdict *verdict, struct kept *kept);
void proof_of_lookup(const struct scene *scene, const struct verdict *verdict, struct kept *kept);

/* A connection that worked, seen from its beginning: one to hold others against. */
bool proof_is_worth(const struct verdict *verdict);
void proof_of_working(const struct flow *flow, struct kept *kept);
