/* endpoint_control_8013.c - FortiClient telemetry and endpoint control: a line-based text protocol
 * inside TLS, opened by the endpoint.  Without keys only the TLS around it can be seen; plain text
 * on this port is never the protocol itself. */
#include "session/dissector.h"

static enum step endpoint_control_feed(struct session *s, void *state, enum side from,
                                       struct bytes *in)
{
    (void)state;
    return session_expect_tls(s, from, in);
}

const struct dissector endpoint_control_8013_dissector = {
    .name = "endpoint_control",
    .ports = (const uint16_t[]){ 8013, 0 },
    .feed = endpoint_control_feed,
};
