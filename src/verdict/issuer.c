#include "verdict/issuer.h"

#include <string.h>
#include <strings.h>

/* The first letter decides most of the time. */
static bool begins_with(const char *name, const char *with)
{
    return *name == *with && strncmp(name, with, strlen(with)) == 0;
}

static bool is(const char *name, const char *other)
{
    return *name == *other && strcmp(name, other) == 0;
}

static bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool issuer_is_ems(const char *name)
{
    if (!begins_with(name, "FCTEMS"))
        return false;
    return strspn(name + 6, "0123456789") >= 10;
}

/* FGT, FG and a letter or digit, FWF, FGVM, FPX: then eight or more of the like. */
bool issuer_is_fortigate(const char *name)
{
    enum { PREFIX = 3, REST = 8 };
    bool known = begins_with(name, "FWF") || begins_with(name, "FPX") ||
                 (begins_with(name, "FG") && (is_upper(name[2]) || is_digit(name[2])));
    size_t n = known ? PREFIX : 0;

    while (known && (is_upper(name[n]) || is_digit(name[n])))
        n++;
    return known && !name[n] && n >= PREFIX + REST;
}

/* A FortiGate's own certificate: its serial number, or the plain word in the one that a FortiGate
 * makes for its administration and signs with the authority that it inspects with. */
static bool is_of_fortigate(const char *subject)
{
    return issuer_is_fortigate(subject) || is(subject, "FortiGate");
}

/* What Fortinet itself issues with. */
static bool is_of_fortinet(const char *issuer)
{
    return begins_with(issuer, "fortinet-ca") || begins_with(issuer, "fortinet-subca") ||
           is(issuer, "support");
}

/* All of these begin with a letter, whose case is one bit. */
static bool begins(const char *name, const char *with)
{
    return (*name | 0x20) == (*with | 0x20) && strncasecmp(name, with, strlen(with)) == 0;
}

/* Names under which products sign what they inspect, each seen in public reports of users. */
static struct inspection of_product(const char *cn)
{
    static const char *const on_the_way[] = {
        "Zscaler Intermediate Root CA",
        "Zscaler Root CA",
        "SonicWALL Firewall DPI-SSL",
        "Sophos SSL CA_",
        "Forcepoint Cloud CA",
        "Fireware HTTPS Proxy",
        "Cisco Umbrella Primary SubCA",
        "mitmproxy",
        "Cisco Umbrella Secondary SubCA",
    };
    static const char *const on_the_endpoint[] = {
        "Kaspersky Anti-Virus Personal Root",
        "ESET SSL Filter CA",
        "Avast Web/Mail Shield Root",
        "AVG Web/Mail Shield Root",
        "Bitdefender Personal CA",
        "Norton Web/Mail Shield Root",
        "Adguard Personal CA",
        "DO_NOT_TRUST_FiddlerRoot",
    };

    for (size_t i = 0; i < sizeof on_the_way / sizeof *on_the_way; i++)
        if (begins(cn, on_the_way[i]))
            return (struct inspection){ F_TLS_INTERCEPT_OTHER, POSSIBLE, false };
    for (size_t i = 0; i < sizeof on_the_endpoint / sizeof *on_the_endpoint; i++)
        if (begins(cn, on_the_endpoint[i]))
            return (struct inspection){ F_TLS_INTERCEPT_OTHER, POSSIBLE, true };
    return (struct inspection){ 0 };
}

struct inspection issuer_inspects(const struct cert_facts *leaf)
{
    static const struct authority {
        const char *cn;
        struct inspection is;
    } authorities[] = {
        { "FortiGate CA", { F_TLS_INTERCEPT_FORTIGATE, CERTAIN, false } },
        { "Fortinet_CA_SSL", { F_TLS_INTERCEPT_FORTIGATE, CERTAIN, false } },
        { "Fortinet_CA_Untrusted", { F_TLS_INTERCEPT_FORTIGATE_UNTRUSTED, CERTAIN, false } },
        { "Fortinet Untrusted CA", { F_TLS_INTERCEPT_FORTIGATE_UNTRUSTED, PROBABLE, false } },
    };

    if (!leaf->parsed || issuer_is_ems(leaf->subject_cn) || is_of_fortigate(leaf->subject_cn) ||
        is_of_fortinet(leaf->issuer_cn))
        return (struct inspection){ 0 };
    for (size_t i = 0; i < sizeof authorities / sizeof *authorities; i++)
        if (is(leaf->issuer_cn, authorities[i].cn))
            return authorities[i].is;
    /* Newer units sign with their serial number. */
    if (issuer_is_fortigate(leaf->issuer_cn) && strcmp(leaf->issuer_o, "Fortinet") == 0)
        return (struct inspection){ F_TLS_INTERCEPT_FORTIGATE, PROBABLE, false };
    return of_product(leaf->issuer_cn);
}
