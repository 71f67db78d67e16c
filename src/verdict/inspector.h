/* inspector.h - who put a certificate of his own in the place of the server's.
 *
 * What it is: by the name of the issuer, or by comparison: this client was always shown one
 * certificate and could not use it, while others were shown another one, of another issuer, for the
 * same name, at the same time, and worked.
 * Where the configuration names the issuer (expect_issuer), any other one is such a comparison.
 * And a FortiGate that shows its own certificate where endpoints check in: in the place of EMS,
 * when the configuration or the DNS says that EMS is there; else as one that endpoints report to.
 * What it refuses: a client that was shown both (several servers behind one address), and one after
 * the other (a renewal). */
#pragma once

#include "verdict/raise.h"

/* The finding with its words, its owner, and the frames of both certificates; id F_NONE = nobody.
 */
struct raised inspector_of(const struct matter *m);

/* Does it replace certificates, and not only stand at the wrong place? */
bool inspector_replaces(const struct matter *m);

/* A FortiGate that is no EMS's address takes reports on 8013 (FortiOS 7.4.2 and later). */
bool inspector_is_reported_to(const struct matter *m);
