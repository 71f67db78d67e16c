#include "verdict/catalogue.h"

#include "base/text.h"

#include <string.h>

/* The generated fields, the list of ids that rules raise, and the prose by family.  Each fragment
 * sets other members of the same rows. */
static const struct finding findings[FINDINGS] = {
#include "finding_rows.h"
#include "verdict/prose_app.def"
#include "verdict/prose_capture.def"
#include "verdict/prose_cert.def"
#include "verdict/prose_clientcert.def"
#include "verdict/prose_dns.def"
#include "verdict/prose_icmp.def"
#include "verdict/prose_ok.def"
#include "verdict/prose_proxy.def"
#include "verdict/prose_set.def"
#include "verdict/prose_tcp.def"
#include "verdict/prose_tls.def"
#include "verdict/raised.def"
};

const struct finding *finding_of(enum finding_id id)
{
    static const struct finding none = { .id = "", .title = "" };
    return id > F_NONE && id < FINDINGS ? &findings[id] : &none;
}

enum finding_id finding_find(const char *id)
{
    for (int i = F_NONE + 1; i < FINDINGS; i++)
        if (strcmp(findings[i].id, id) == 0)
            return (enum finding_id)i;
    return F_NONE;
}

enum finding_id finding_nearest(const char *id)
{
    enum finding_id nearest = F_NONE;
    size_t best = strlen(id) / 3 + 1; /* further away is another word, not a slip */
    for (int i = F_NONE + 1; i < FINDINGS; i++) {
        size_t distance = text_distance(id, findings[i].id);
        if (distance < best) {
            best = distance;
            nearest = (enum finding_id)i;
        }
    }
    return nearest;
}

const char *confidence_name(enum confidence c)
{
    static const char *const names[] = { "", "possible", "probable", "certain" };
    return names[c];
}

const char *severity_name(enum severity s)
{
    static const char *const names[] = { "info", "quality", "warning", "error" };
    return names[s];
}

const char *owner_name(enum owner o)
{
    static const char *const names[] = { "none", "client", "server",  "network", "middlebox",
                                         "dns",  "proxy",  "capture", "unknown" };
    return names[o];
}

const char *owner_people(enum owner o)
{
    static const char *const people[] = {
        [OWNER_CLIENT] = "who looks after the endpoint",
        [OWNER_SERVER] = "who runs the EMS server",
        [OWNER_NETWORK] = "who runs the network in between",
        [OWNER_MIDDLEBOX] = "who runs the firewall, inspection or other device in between",
        [OWNER_DNS] = "who runs the DNS server",
        [OWNER_PROXY] = "who runs the proxy",
        [OWNER_CAPTURE] = "who captures: this capture cannot show it",
        [OWNER_NONE] = "nobody",
        [OWNER_UNKNOWN] = "not to be told from these packets",
    };
    return people[o];
}

const char *stage_name(enum stage s)
{
    static const char *const names[] = { "dns", "proxy", "tcp",     "tls", "cert", "app",
                                         "l2",  "icmp",  "checkin", "set", "path", "capture" };
    return names[s];
}
