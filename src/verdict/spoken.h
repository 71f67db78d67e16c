/* spoken.h - what a service or a proxy said in clear, as findings.
 *
 * What it is: rows (what was said, with which code) to a finding, for session/talk.h.  The first
 * thing said that nothing later made good is the finding (rule R10); a login that is asked for and
 * then given, here or on the next connection, is none.
 * What it refuses: silence; that is for stall.c, which asks spoken_unanswered. */
#pragma once

#include "verdict/raise.h"

struct raised spoken_judge(const struct matter *m);

/* What decided in spoken_judge; NULL when nothing did. */
const struct remark *spoken_remark(const struct matter *m);

/* Was the proxy asked for a tunnel, last, without an answer? */
bool spoken_unanswered(const struct matter *m);

/* Was the last login sent without an answer? */
bool spoken_login_unanswered(const struct matter *m);

/* Did a side go on in clear behind TLS, as the protocol before it allows? */
bool spoken_left_tls(const struct matter *m);

/* Proxies and refusals beside the primary finding. */
void spoken_notes(const struct matter *m, struct verdict *out);

/* Does it concern an EMS: a tunnel to one, or the fetch of a proxy configuration that failed? */
bool spoken_of_ems(const struct scene *scene, const struct talk *talk);
