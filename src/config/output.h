/* output.h - how a watch writes for others, beside where to.
 *
 * What it is: the keys of [output NAME] that are no paths.
 * Units: octets, seconds.  Ownership: plain values. */
#pragma once

#include "base/failure.h"
#include "config/ini.h"

#include <stdbool.h>
#include <stdint.h>

enum output_connections { OUTPUT_NO_CONNECTIONS, OUTPUT_FAILING, OUTPUT_ALL_CONNECTIONS };

enum { OUTPUT_KEEP_MOST = 99 };

/* [output jsonl] */
struct output_jsonl {
    enum output_connections connections;
    uint64_t rotate_bytes; /* 0 = never for its size */
    uint32_t rotate_s;     /* 0 = never for its age */
    uint32_t keep;         /* so many old ones beside it */
};

enum output_form { OUTPUT_RFC5424, OUTPUT_CEF };

enum { OUTPUT_ADDRESS = 128 };

/* [output syslog] */
struct output_syslog {
    char address[OUTPUT_ADDRESS]; /* target.h; "" = nowhere */
    enum output_form form;
    unsigned facility; /* RFC 5424, table 1 */
};

/* [output metrics] */
struct output_metrics {
    char listen[OUTPUT_ADDRESS]; /* target.h, loopback or local; "" = nowhere */
};

struct outputs {
    struct output_metrics metrics;
    struct output_syslog syslog;
    struct output_jsonl jsonl;
};

struct outputs outputs_default(void);

/* Is it a section of which outputs_configure knows keys? */
bool outputs_have(const struct ini_entry *entry);
bool outputs_configure(struct outputs *outputs, const struct ini_entry *entry,
                       struct failure *failure);
