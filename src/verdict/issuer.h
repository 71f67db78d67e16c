/* issuer.h - is this certificate one that a FortiGate made up while inspecting?
 *
 * What it is: the names of Fortinet's certificates, in a fixed order: an EMS's own, a FortiGate's
 * own, Fortinet's public authority, and only then the authorities that a FortiGate signs with when
 * it replaces a certificate.
 * What it refuses: concluding from the organization "Fortinet", which all of them carry.
 * Sources: vendor guides (names of Fortinet_CA_SSL and Fortinet_CA_Untrusted); forms that were not
 * found in writing make the answer probable. */
#pragma once

#include "verdict/catalogue.h"
#include "x509/cert.h"

/* F_TLS_INTERCEPT_FORTIGATE, F_TLS_INTERCEPT_FORTIGATE_UNTRUSTED, or F_NONE, which leaves *fact. */
enum finding_id issuer_inspects(const struct cert_facts *leaf, enum confidence *fact);

/* The serial number of a FortiGate, such as FGT60F0000000000. */
bool issuer_is_fortigate(const char *name);
bool issuer_is_ems(const char *name); /* FCTEMS and ten digits */
