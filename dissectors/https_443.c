/* https_443.c - HTTP over TLS on 443 and on the other ports of the product that speak TLS from the
 * first octet.  RFC 9110 section 4.2.2, RFC 8446.  What is inside stays unread. */
#include "session/dissector.h"

static enum step https_feed(struct session *s, void *state, enum side from, struct bytes *in)
{
    (void)state;
    return session_expect_tls(s, from, in);
}

const struct dissector https_443_dissector = {
    .name = "https",
    .ports = (const uint16_t[]){ 443, 8443, 10443, 8014, 8015, 0 },
    .feed = https_feed,
};
