/* exports_inside.h - one connection and one file, as the writers of exports share them. */
#pragma once

#include "base/newfile.h"
#include "flow/ledger.h"
#include "report/json_parts.h"
#include "report/prints.h"

/* One connection on its way to the exports. */
struct exported {
    const struct scene *scene;
    const struct verdict *verdict;
    const struct flow *flow;
    const struct session *session; /* NULL without payload */
    const struct tls *tls;         /* NULL without TLS */
    struct ledger ledger;
    bool has_ledger;
    struct prints prints;
    struct mark mark; /* the same in every run */
    char community[COMMUNITY_TEXT + 1];
    const char *server_name; /* as the report names the server, printable; may be empty */
};

/* One file. */
struct export_file {
    struct newfile file;
    struct writer writer;
    bool begun;
    int64_t last_ns; /* of the newest connection in it */
};

/* zeek.c: the lines of one connection; a log that was never begun gets its head at the end. */
enum { ZEEK_CONN, ZEEK_SSL, ZEEK_X509, ZEEK_LOGS };
extern const char *const zeek_file[ZEEK_LOGS]; /* names in the directory */
void zeek_connection(struct export_file *logs[ZEEK_LOGS], struct table *certificates,
                     const struct exported *c);
void zeek_end(struct export_file *log, int kind);
void eve_connection(struct export_file *file, const struct exported *c);
void ecs_connection(struct export_file *file, const struct exported *c);

size_t zeek_certificate_key(void); /* octets of a key of `certificates` */
