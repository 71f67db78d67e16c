#include "keys/keylog.h"

static const struct label {
    const char *word;
    enum key_label label;
} labels[] = {
    { "CLIENT_RANDOM ", KEY_MASTER },
    { "CLIENT_HANDSHAKE_TRAFFIC_SECRET ", KEY_CLIENT_HANDSHAKE },
    { "SERVER_HANDSHAKE_TRAFFIC_SECRET ", KEY_SERVER_HANDSHAKE },
    { "CLIENT_TRAFFIC_SECRET_0 ", KEY_CLIENT_TRAFFIC },
    { "SERVER_TRAFFIC_SECRET_0 ", KEY_SERVER_TRAFFIC },
};

static bool is_blank(uint8_t c) { return c == ' ' || c == '\t' || c == '\r'; }

static void trim(struct bytes *line)
{
    while (line->left && is_blank(line->at[line->left - 1]))
        line->left--;
    while (line->left && is_blank(*line->at))
        bytes_skip(line, 1);
}

static int digit(int c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* As many whole octets as there are digits for, at most `most`. */
static uint8_t take_hex(struct bytes *line, uint8_t *out, uint8_t most)
{
    uint8_t n = 0;

    while (n < most) {
        int high = digit(bytes_peek(line, 0)), low = digit(bytes_peek(line, 1));
        if (high < 0 || low < 0)
            break;
        out[n++] = (uint8_t)(high << 4 | low);
        bytes_skip(line, 2);
    }
    return n;
}

/* Up to TLS 1.2 the master secret has 48 octets, whatever the suite (RFC 5246 section 8.1). */
static bool length_fits(enum key_label label, uint8_t octets)
{
    if (label == KEY_MASTER)
        return octets == KEYS_SECRET_MOST;
    return octets == KEYS_SECRET_LEAST || octets == KEYS_SECRET_MOST;
}

static enum key_line_kind read_values(struct bytes line, struct key_line *out)
{
    if (take_hex(&line, out->random, KEYS_RANDOM) != KEYS_RANDOM || bytes_peek(&line, 0) != ' ')
        return KEY_LINE_DAMAGED;
    bytes_skip(&line, 1);
    out->octets = take_hex(&line, out->secret, KEYS_SECRET_MOST);
    if (line.left || !length_fits(out->label, out->octets))
        return KEY_LINE_DAMAGED;
    return KEY_LINE_SECRET;
}

enum key_line_kind keylog_line(struct bytes line, struct key_line *out)
{
    trim(&line);
    if (!line.left || *line.at == '#')
        return KEY_LINE_EMPTY;
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
        if (!bytes_begin_with(&line, labels[i].word))
            continue;
        out->label = labels[i].label;
        bytes_skip(&line, strlen(labels[i].word));
        return read_values(line, out);
    }
    return KEY_LINE_OTHER;
}
