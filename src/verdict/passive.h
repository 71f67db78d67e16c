/* passive.h - the data connection that a file server waits for, and that does not come about.
 *
 * What it is: of a control connection, whether the place that the server named last (227, 229) was
 * tried by the client, and how that connection ended; both must be in the capture.
 * What it refuses: a client that does not come, and one that had its file.
 * Sources: RFC 959 section 4.1.2 (PASV), RFC 2428 section 3 (EPSV). */
#pragma once

#include "verdict/raise.h"

struct raised passive_judge(const struct matter *m);
