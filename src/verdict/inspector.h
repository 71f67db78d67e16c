/* inspector.h - who put a certificate of his own in the place of the server's.
 *
 * What it is: by the name of the issuer, or by comparison: this client was always shown one
 * certificate and could not use it, while others were shown another one, of another issuer, for the
 * same name, at the same time, and worked.
 * What it refuses: a client that was shown both (several servers behind one address), and one after
 * the other (a renewal). */
#pragma once

#include "verdict/raise.h"

/* The finding with its words, its owner, and the frames of both certificates; id F_NONE = nobody.
 */
struct raised inspector_of(const struct matter *m);
