/* links.h - what askers for hardware addresses amount to: the ids l2.*, as blocks of their own.
 *
 * What it is: the judgements of verdict/resolution.h that matter: about an EMS, or about the next
 * hop to a server that this endpoint uses; with --scope all about every address that was seen in
 * use or named by DNS.  No connection shows them, for none could begin: the asker counts as failed.
 * What it refuses: judging. */
#pragma once

#include "correlate/summary.h"

void links_find(struct summary *s, const struct scene *scene);
