/* telemetry_9443.c - telemetry and logging on 9443, TLS from the first octet.  Vendor port tables
 * do not list this port; sites use it. */
#include "session/dissector.h"

static enum step telemetry_feed(struct session *s, void *state, enum side from, struct bytes *in)
{
    (void)state;
    return session_expect_tls(s, from, in);
}

const struct dissector telemetry_9443_dissector = {
    .name = "telemetry",
    .ports = (const uint16_t[]){ 9443, 0 },
    .feed = telemetry_feed,
};
