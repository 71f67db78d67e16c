/* reply.h - replies of three digits and text, as mail and file servers give them.
 *
 * What it is: reply_next takes one line of a reply from the window and says where in it that line
 * stands.  RFC 5321 section 4.2.1, RFC 959 section 4.2: "220-text" begins a reply of several lines,
 * which ends with a line that has the same digits and a space.
 * Faults: where the capture cut the packet, REPLY_CUT gives what is there of the line, with the
 * code when it could be read; what comes next begins with the next segment.  Whether a reply of
 * several lines ended in the octets that were cut nobody knows: the caller drops `inside` when it
 * must have. */
#pragma once

#include "session/line.h"

struct reply_reader { /* begins zeroed */
    struct line_reader lines;
    uint16_t inside; /* code of the reply whose end has not come; 0 = none */
};

enum reply_step {
    REPLY_MORE, /* the end of the line has not come */
    REPLY_LINE,
    REPLY_CUT,
    REPLY_NONE, /* a line that begins no reply */
};

struct reply {
    struct bytes line; /* with its digits */
    uint16_t code;     /* 0 = not readable */
    bool first, last;  /* of the lines of this reply */
};

enum reply_step reply_next(struct reply_reader *reader, struct bytes *in, struct reply *out);
