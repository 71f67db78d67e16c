/* report.h - verdicts on their way to a person or a machine.
 *
 * What it is: one writer per format behind one struct report.  Connections, lookups and capture
 * findings come one by one through report_add*; lines of JSON go out at once, the console report is
 * gathered (groups, endpoints, totals: bounded) and written by report_close.
 * What it refuses: judging; showing any foreign octet that base/text has not made printable.
 * Ownership: a flow given to report_add may be pinned (FLOW_PINNED) by the report as the example of
 * its group; it then stays until report_close.  Units: times in ns, shown local or UTC. */
#pragma once

#include "base/failure.h"
#include "evidence/plan.h"
#include "verdict/verdict.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum report_format {
    REPORT_TEXT,
    REPORT_JSONL,
    REPORT_SUMMARY,
    REPORT_MARKDOWN,
    REPORT_CSV,
    REPORT_LINES,
    REPORT_STAGES,
    REPORT_STAGES_CSV,
    REPORT_PORTS,
    REPORT_DENSE,
    REPORT_SUGGEST
};

/* What a connection or a lookup came to, for who compares two captures of the same. */
struct outcome_line {
    uint64_t frame; /* the first of the connection or the question */
    uint16_t id;
    uint8_t owner, fact, cause, zero[3];
};

struct outcomes {
    struct outcome_line *line; /* malloc; the caller's */
    size_t n, room;
};

struct exports;      /* exports.h */
struct report_lines; /* lines.h */
struct filter;       /* filter.h */

struct report_config {
    enum report_format format;
    FILE *out;                          /* borrowed */
    FILE *summary, *markdown, *quality; /* borrowed: get these forms as well; NULL = nobody asked */
    FILE *html;            /* borrowed: gets the report as a page; NULL = nobody asked */
    FILE *diagram;         /* borrowed: gets the picture of paths; NULL = nobody asked */
    bool diagram_dot;      /* for Graphviz, else as SVG */
    const char *certs;     /* folder that gets the certificates as files; NULL = nobody asked */
    bool certs_replace;    /* they may replace others */
    const char *redaction; /* level of the input, one of redaction_name(); NULL = none */
    const char *case_name; /* of the ticket that it is made for; NULL = none */
    bool colour, ascii, utc, names_hidden; /* names_hidden: -n */
    bool terminal;  /* false: piped; timestamps absolute with date and offset */
    unsigned width; /* columns */
    bool
        journal; /* live: notices begin with a priority, as sd-daemon(3) has it, and have no time */
    unsigned verbose, quiet;
    bool silent; /* live: no notices, somebody else shows what changes */
    bool fail_on_warning, exit_zero;
    const char *command;         /* the input as the user wrote it, printable */
    bool several_inputs;         /* a heading per input, frames as 2:#412 */
    unsigned input;              /* 1-based number of this input */
    struct outcomes *outcomes;   /* borrowed: gets a line each; NULL = nobody compares */
    struct exports *exports;     /* borrowed: get connections as well; NULL = nobody asked */
    struct report_lines *lines;  /* borrowed: live, get connections as JSON; NULL = nobody asked */
    const struct filter *filter; /* borrowed: what is shown of it; NULL = all */
    struct plan *plan;           /* borrowed: takes what is evidence; NULL = nobody asked */
};

struct report; /* opaque */

/* Do connections go to other tools as well, which want a ledger of each? */
bool report_exports(const struct report *report);

struct report *report_open(const struct report_config *config, struct failure *failure);

/* The first line of JSON Lines; the scene is complete as far as known by now. */
void report_capture(struct report *report, const struct scene *scene);

/* Asks memory for what report_add will look at; twice, as table_prefetch_slot and _record. */
void report_prefetch(const struct report *report, const struct flow *flow, bool records);

/* One judged connection (TCP).  May pin the flow. */
void report_add(struct report *report, const struct scene *scene, const struct verdict *verdict);

/* One lookup, judged or merely seen in scope. */
void report_add_lookup(struct report *report, const struct scene *scene,
                       const struct verdict *verdict);

/* Traffic that is not judged, for "There is": counted by server port. */
void report_other(struct report *report, const struct flow *flow);

/* What event.id its JSON line has. */
enum { REPORT_LINE_ID = 19 };
void report_line_id(const struct verdict *verdict, char out[REPORT_LINE_ID]);

/* Live: one line about a verdict that was just reached, on stderr when the output is JSON; and that
 * n more were reached at the same time. */
void report_notice(struct report *report, const struct scene *scene, const struct verdict *verdict);
void report_notice_more(struct report *report, size_t n);

/* Live, for who gets JSON Lines beside: the line of the capture, unless the file has it. */
void report_begin_lines(struct report *report, const struct scene *scene);

/* And a connection or a lookup that is failing, as it is known now. */
void report_line(struct report *report, const struct scene *scene, const struct verdict *verdict);

/* Live: what failed since then works again. */
struct report_parties {
    const struct address *client, *server;
    uint16_t port; /* 0 = a name server */
};
void report_recovered(struct report *report, const struct scene *scene,
                      const struct report_parties *parties, int64_t for_ns);

/* Live: something about the capture itself; id F_NONE = it is well again. */
void report_tell(struct report *report, const struct scene *scene, enum finding_id id,
                 const char *text);

/* Live: the packets of a failure are kept in this file. */
void report_filed(struct report *report, const struct scene *scene,
                  const struct report_parties *parties, const char *name);

/* Live: an endpoint missed so many check-ins. */
void report_missed(struct report *report, const struct scene *scene, const struct address *client,
                   unsigned missed, int64_t interval_ns, int64_t last_ns);

/* Live: all that is known of one connection or lookup by now, in so many columns. */
void report_details(struct report *report, const struct scene *scene, const struct verdict *verdict,
                    FILE *out, unsigned width);

/* Live: the output takes nothing any more. */
bool report_broken(const struct report *report);

/* Writes what is left; answers the exit code 0, 1 or 3 (ux: 2.1), or 2 with a failure when the
 * output could not be written. */
int report_close(struct report *report, const struct scene *scene,
                 const struct raised *capture_findings, size_t n, struct failure *failure);
void report_free(struct report *report); /* accepts NULL */

/* The JSON Schema of the JSON Lines. */
void report_schema(FILE *out);

/* `shakeout explain WHAT`: an id, a prefix, alert:N, or nothing for the whole list. */
bool report_explain(FILE *out, const char *what, unsigned width, struct failure *failure);
