/* dns_answer.h - what an answer is worth: an address that leads elsewhere, or an answer that never
 * came whole.  The rules of dns.c ask these after their own. */
#pragma once

#include "verdict/dns.h"

/* Of an answered question for an address; id F_NONE when nothing is wrong with it. */
struct raised dns_judge_address(const struct scene *scene, const struct lookup *lookup);

/* The answer is truncated and the same question over TCP gets no connection (RFC 7766). */
struct raised dns_judge_truncated(const struct scene *scene, const struct lookup *lookup);

/* A question for the name of an EMS address, answered without one. */
struct raised dns_judge_pointer(const struct lookup *lookup);

/* Is this a question for the name of an address that is taken for an EMS? */
bool dns_asks_for_pointer(const struct scene *scene, const struct lookup *lookup);

/* The lookup whose answer this connection does not follow, although it asks for that name. */
const struct lookup *dns_disregarded(const struct matter *m);
