/* revocation.h - did the client fail to reach the revocation server of a certificate shown to it?
 *
 * What it is: the hosts that the certificates of the chain name for CRL and OCSP (http alone),
 * against what the same client asked and dialled in the half minute after it was shown them.
 * What it refuses: a certificate that nobody saw; an attempt that is not in the capture; hosts of
 * which an address answered.
 * Sources: RFC 5280 sections 4.2.1.13 and 4.2.2.1, RFC 6960. */
#pragma once

#include "verdict/raise.h"

/* The finding with its frames and owner; id F_NONE = no. */
struct raised revocation_of(const struct matter *m);
