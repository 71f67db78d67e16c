/* refusal.h - what the code of a refused login says of its cause, as a sentence.
 *
 * What it is: rows from result codes (RFC 4511 appendix A) and from the error numbers that Windows
 * adds to invalidCredentials ([MS-ERREF] section 2.2) to words for a person.
 * What it refuses: guessing; a code that is not in the table has no sentence. */
#pragma once

#include "session/talk.h"

/* Of this remark of the talk; NULL when the code does not say. */
const char *refusal_sentence(const struct talk *talk, const struct remark *remark);
