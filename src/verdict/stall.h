/* stall.h - what it means that a connection stopped where it did, and how.
 *
 * What it is: rows (how far it came, how it ended, a condition) to a finding, with the evidence to
 * name and whether the finding rests on silence; the first row that holds counts.
 * What it refuses: readable alerts (checks.c); what is only noticed (notes.c). */
#pragma once

#include "verdict/raise.h"

/* Always answers something: when no row holds, that nothing can be told yet. */
struct raised stall_judge(const struct matter *m);

/* A silence that came before any close or alert: the first cause in time.  id F_NONE when none. */
struct raised stall_silence(const struct matter *m);
