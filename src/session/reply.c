#include "session/reply.h"

enum reply_step reply_next(struct reply_reader *reader, struct bytes *in, struct reply *out)
{
    *out = (struct reply){ .code = reader->inside, .first = !reader->inside };
    enum line_step step = line_next(&reader->lines, in, &out->line);
    if (step == LINE_MORE)
        return REPLY_MORE;
    uint16_t code = line_code(&out->line);
    bool goes_on = bytes_peek(&out->line, 3) == '-';
    if (out->first)
        out->code = code;
    if (step == LINE_CUT) {
        bool ends = code == out->code && !goes_on;
        reader->inside = ends ? 0 : out->code;
        return REPLY_CUT;
    }
    if (out->first && !code)
        return REPLY_NONE;
    out->last = code == out->code && !goes_on;
    reader->inside = out->last ? 0 : out->code;
    return REPLY_LINE;
}
