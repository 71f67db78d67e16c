/* issuer.h - is this certificate one that was made up by who inspects the connection?
 *
 * What it is: the names of Fortinet's certificates, in a fixed order: an EMS's own, a FortiGate's
 * own, Fortinet's public authority, and only then the authorities that a FortiGate signs with when
 * it replaces a certificate; then the names under which other products sign.
 * What it refuses: concluding from the organization "Fortinet", which all of its own carry.
 * Sources: vendor guides (names of Fortinet_CA_SSL and Fortinet_CA_Untrusted); forms that were not
 * found in writing make the answer probable, names of other products possible. */
#pragma once

#include "verdict/catalogue.h"
#include "x509/cert.h"

struct inspection {
    enum finding_id id; /* F_NONE = none */
    enum confidence fact;
    bool on_endpoint; /* by a program of the endpoint itself */
};

struct inspection issuer_inspects(const struct cert_facts *leaf);

/* The serial number of a FortiGate, such as FGT60F0000000000. */
bool issuer_is_fortigate(const char *name);
bool issuer_is_ems(const char *name); /* FCTEMS and ten digits */
