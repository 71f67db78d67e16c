/* lines.h - a file that gets the JSON lines of connections and lookups beside what the report is.
 *
 * Its owner may change the file between two connections. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct report_lines {
    FILE *file;        /* borrowed; NULL = nobody takes them now */
    bool begun;        /* it has the line of the capture; its owner resets it with each file, */
    bool any;          /* and this: it has others */
    bool failing, all; /* connections and lookups that failed, or all of them */
    unsigned room;     /* so many more until its owner makes room: a flood writes no more */
    uint64_t left_out; /* connections for which there was none */
    int error;         /* errno of the first write that failed; for its owner, who resets it */
};
