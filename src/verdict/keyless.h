/* keyless.h - what the same connection would be judged as without keys.
 *
 * What it is: where keys opened records, the connection is judged a second time from what anybody
 * can see, and both are held against each other.  This says how good the inference is.
 * What it refuses: changing the verdict.  Ownership: works on copies on the stack. */
#pragma once

#include "verdict/verdict.h"

/* The flow as a bystander sees it; borrows from the original and from `out`. */
struct keyless {
    struct flow flow;
    struct session session;
    struct tls tls;
    struct tls_alert alerts[TLS_ALERTS_MAX];
    struct tls_message messages[TLS_MESSAGES_MAX];
};

/* False when keys opened nothing: there is nothing to compare. */
bool keyless_of(const struct flow *flow, struct keyless *out);

/* Does what was inferred agree with what was read?  An inference may be less specific. */
enum agreement keyless_agrees(const struct raised *inferred, const struct raised *read);
