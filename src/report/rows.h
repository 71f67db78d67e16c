/* rows.h - what happened on one connection, in order, as short lines.
 *
 * What it is: the events of TCP merged with TLS messages, alerts and sealed records; what one frame
 * of one side brought is one row, or several when it is much.  Both the finding blocks and the
 * ladder are drawn from it. Bounds: ROWS_MAX rows; what is beyond is counted. */
#pragma once

#include "verdict/verdict.h"

#include <stdbool.h>
#include <stdint.h>

enum { ROWS_MAX = 160, ROW_TEXT = 96, ROW_NOTE = 400 };

struct row {
    uint64_t frame;
    int64_t time_ns;
    enum side from;
    bool icmp;       /* from somebody on the way; `from` is whose packet it quotes */
    bool unanswered; /* nobody knows whether it arrived */
    char text[ROW_TEXT];
    char note[ROW_NOTE]; /* printable; may be empty */
};

struct rows {
    size_t n, lost;
    int64_t zero_ns; /* offsets count from here */
    struct row row[ROWS_MAX];
};

void rows_of(const struct verdict *verdict, struct rows *out);
