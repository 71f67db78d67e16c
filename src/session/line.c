#include "session/line.h"

#include <strings.h>

/* Passes over the rest of a line that was too long. */
static bool skip_rest(struct line_reader *reader, struct bytes *in)
{
    const uint8_t *end = in->left ? memchr(in->at, '\n', in->left) : NULL;

    if (end) {
        bytes_skip(in, (uint64_t)(end - in->at) + 1);
        reader->skipping = false;
        return true;
    }
    reader->skipping = !in->clipped;
    bytes_skip(in, bytes_on_wire(in));
    return !reader->skipping;
}

enum line_step line_next(struct line_reader *reader, struct bytes *in, struct bytes *line)
{
    *line = bytes_whole(NULL, 0);
    if (reader->skipping && !skip_rest(reader, in))
        return LINE_MORE;
    size_t most = in->left < LINE_OCTETS ? in->left : LINE_OCTETS;
    const uint8_t *end = most ? memchr(in->at, '\n', most) : NULL;
    if (end) {
        size_t n = (size_t)(end - in->at);
        *line = bytes_take(in, n);
        bytes_skip(in, 1);
        if (n && line->at[n - 1] == '\r')
            line->left--;
        return LINE_WHOLE;
    }
    if (most == LINE_OCTETS) {
        *line = bytes_take(in, LINE_OCTETS);
        reader->skipping = true;
        return LINE_WHOLE;
    }
    if (!in->clipped)
        return LINE_MORE;
    *line = bytes_take(in, most);
    bytes_skip(in, bytes_on_wire(in));
    return LINE_CUT;
}

uint16_t line_code(const struct bytes *line)
{
    unsigned code = 0;

    for (size_t i = 0; i < 3; i++) {
        int c = bytes_peek(line, i);
        if (c < '0' || c > '9')
            return 0;
        code = code * 10 + (unsigned)(c - '0');
    }
    int after = bytes_peek(line, 3);
    return after == ' ' || after == '-' || after < 0 ? (uint16_t)code : 0;
}

bool line_begins(const struct bytes *line, const char *start)
{
    size_t n = strlen(start);
    return line->left >= n && strncasecmp((const char *)line->at, start, n) == 0;
}

bool line_is(const struct bytes *line, const char *word)
{
    int after = bytes_peek(line, strlen(word));
    return line_begins(line, word) && (after < 0 || after == ' ' || after == '\t');
}

void line_trim(struct bytes *line)
{
    while (bytes_peek(line, 0) == ' ' || bytes_peek(line, 0) == '\t')
        bytes_skip(line, 1);
}

bool line_number(struct bytes *line, uint64_t *out)
{
    const uint64_t most = (uint64_t)1 << 53;
    bool any = false;

    *out = 0;
    for (int c; (c = bytes_peek(line, 0)) >= '0' && c <= '9'; any = true) {
        *out = *out * 10 + (uint64_t)(c - '0');
        if (*out > most)
            return false;
        bytes_skip(line, 1);
    }
    return any;
}
