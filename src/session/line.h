/* line.h - lines of text from the octets of one side, the same however they were cut into segments.
 *
 * What it is: line_next takes one line from the window.  Of a line longer than LINE_OCTETS the
 * first LINE_OCTETS are the line, and the rest is passed over. Faults: where the capture cut the
 * packet, LINE_CUT gives the captured part of the line, and takes everything: what comes next
 * begins with the next segment. */
#pragma once

#include "base/bytes.h"

enum { LINE_OCTETS = 512 };

enum line_step {
    LINE_MORE,  /* its end has not come */
    LINE_WHOLE, /* without CR and LF */
    LINE_CUT,
};

struct line_reader { /* of one side; begins zeroed */
    bool skipping;
};

enum line_step line_next(struct line_reader *reader, struct bytes *in, struct bytes *line);

/* Three digits and then a space, a hyphen or the end: a reply code (RFC 5321 section 4.2, RFC 959
 * section 4.2); 0 when it is none. */
uint16_t line_code(const struct bytes *line);

/* Does the line begin with this word, in any case, and end there or go on with a space? */
bool line_is(const struct bytes *line, const char *word);

/* Does it begin with these characters, in any case? */
bool line_begins(const struct bytes *line, const char *start);

/* Passes over spaces and tabs. */
void line_trim(struct bytes *line);

/* Decimal digits at the start; false without one, or beyond 2^53. */
bool line_number(struct bytes *line, uint64_t *out);
