/* zeek.h - what Zeek's three logs share. */
#pragma once

#include "base/table.h"
#include "report/exports_inside.h"
#include "report/zeek_log.h"

#define ZEEK_ENDS                                                              \
    { "id.orig_h", "addr" }, { "id.orig_p", "port" }, { "id.resp_h", "addr" }, \
    {                                                                          \
        "id.resp_p", "port"                                                    \
    }
#define ZEEK_COLUMNS(c) (c), sizeof(c) / sizeof *(c)

struct zeek_kind {
    const char *path;
    const struct zeek_column *columns;
    size_t n;
};
extern const struct zeek_kind zeek_conn, zeek_ssl, zeek_x509;

/* The head of a log that has none yet. */
void zeek_begin(struct export_file *log, const struct zeek_kind *kind, int64_t ns);

/* Time, uid and both ends: what lines of a connection begin with. */
void zeek_put_ends(struct writer *w, const struct exported *c, int64_t ns);

void zeek_ssl_line(struct export_file *log, const struct exported *c);

/* Each certificate shown, once for each part that it plays; begins the log. */
void zeek_x509_lines(struct export_file *log, struct table *certificates, const struct exported *c);

/* SHA-256 of a certificate in lower case, as Zeek has it. */
void zeek_fingerprint(const struct cert *cert, char out[65]);
