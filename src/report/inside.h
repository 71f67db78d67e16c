/* inside.h - struct report, as the writers of this folder share it. */
#pragma once

#include "correlate/summary.h"
#include "report/fill.h"
#include "report/page.h"
#include "report/pen.h"
#include "report/prints.h"
#include "report/report.h"
#include "report/rows.h"
#include "report/writer.h"

enum {
    CLOCK_TEXT = 20,
    CLOCKS = 64,
    WORDS_MESSAGES = 32,
    STATED = 16,
    STATED_TEXT = 192,
    CAUSED = 16,
    CAUSED_TEXT = 480,
    SERVERS_KNOWN = 16,
    MAC_TEXT = 18 /* with a dash behind it */
};

/* "ip":"10.0.0.10","port":8013 in whole blocks of a pen */
enum { END_TEXT = (6 + ADDRESS_TEXT + 9 + 5) / PEN_BLOCK * PEN_BLOCK + PEN_BLOCK };

struct report {
    struct report_config config;
    struct writer writer;
    struct summary summary; /* of what is shown */
    struct summary *whole;  /* of all that was judged; the same without a filter */
    struct view {
        bool begun;
        int64_t since_ns, until_ns; /* from .. before */
        bool any_ok;                /* something worked, whatever its findings */
    } view;                         /* of config.filter */
    struct telling_of *told;        /* what one endpoint's stories are, once somebody asked */
    struct table shown;             /* struct shown_key -> struct shown */
    size_t n_certs, certs_left_out; /* that were written as files */
    struct clock {                  /* the newest second of each remainder, as text */
        int64_t s;
        char text[CLOCK_TEXT];
        bool known;
    } clock[CLOCKS];
    struct words { /* of ours, with their lengths, once they were needed */
        struct pen_word finding[FINDINGS];
        struct pen_word message[WORDS_MESSAGES]; /* by type */
        struct pen_word stage[ATTEMPT_STAGES];   /* "tcp":" */
        struct pen_word token[STAGE_TOKENS];     /* ok", */
        struct pen_word suite;
        uint16_t suite_number; /* of `suite`, when that is known */
        struct known_server {  /* as text, the newest of each remainder; n = 0: none yet */
            struct address address;
            uint16_t port;
            uint8_t n;
            char text[END_TEXT];
        } server[SERVERS_KNOWN];
        struct last_mac {
            uint8_t mac[6];
            char text[MAC_TEXT];
        } mac[SIDES];
        struct stated { /* the primary finding as members, of the newest of each remainder */
            enum finding_id id;
            enum severity severity;
            enum owner owner;
            enum confidence fact;
            size_t n;
            char text[STATED_TEXT];
        } stated[STATED];
        struct caused { /* and its cause, where that has no blanks to fill */
            enum finding_id id;
            enum confidence cause;
            size_t n;
            char text[CAUSED_TEXT];
        } caused[CAUSED];
    } words;
    struct prints_maker *prints; /* NULL until a fingerprint is shown */
    bool clock_relative;
    bool cut;                              /* a string of the line being written was cut */
    uint32_t attempt;                      /* of the connection being reported, at its service */
    bool begun;                            /* the capture line was written */
    const struct raised *capture_findings; /* only while closing */
    size_t n_capture_findings;
    int exit_code;
    char headline[512]; /* line one without its mark and word */
    enum page_mark mark;
    char word[64]; /* "HEALTHY", "2 FAILURES", "NO VERDICT", "PARTIAL", or empty */
};

/* view.c: is it in what the report shows? */
bool view_takes(struct report *r, const struct scene *scene, const struct verdict *v);
/* "only --endpoint 10.20.40.17: 12 of 43 connections, 1 of 200 endpoints"; false without a filter
 */
bool view_text(const struct report *r, struct text *out);
void view_json(struct report *r);

/* decide.c: line one and the exit code, for both formats. */
void report_decide(struct report *r, const struct scene *scene);

/* text.c: the whole console report. */
void text_report(struct report *r, const struct scene *scene);
void text_notice(struct report *r, const struct scene *scene, const struct verdict *verdict);
void text_recovered(struct report *r, const struct scene *scene,
                    const struct report_parties *parties, int64_t for_ns);
void text_tell(struct report *r, const struct scene *scene, enum finding_id id, const char *text);
void text_filed(struct report *r, const struct scene *scene, const struct report_parties *parties,
                const char *name);
void text_missed(struct report *r, const struct scene *scene, const struct address *client,
                 unsigned missed, int64_t interval_ns, int64_t last_ns);
struct page text_page(struct report *r);

/* Line one, after the name of the file where there are several. */
void text_begin(struct page *p, const struct report *r, const struct scene *scene);

/* Where it was taken and what it is worth, for other forms of the report. */
void text_of_capture(struct page *p, const struct report *r, const struct scene *scene);
bool text_is_block(const struct report *r, const struct group *g);

/* Are names and addresses of the input not the real ones? */
bool report_has_stand_ins(const struct report *r);

/* brief.c: at most 60 lines for a ticket. */
void brief_report(struct report *r, const struct scene *scene, FILE *out, bool markdown);

/* text.c: where the capture was taken and what it is worth, alone. */
void quality_report(struct report *r, const struct scene *scene, FILE *out);

/* csv.c: lines for a spreadsheet, as they come. */
void csv_head(struct report *r);
void csv_connection(struct report *r, const struct scene *scene, const struct verdict *v);
void csv_lookup(struct report *r, const struct verdict *v);
void csv_text(struct writer *w, const char *s); /* one cell, quoted */

/* stages.c: endpoint x service x stage, on the console, for a spreadsheet, for grep and awk. */
enum stages_form { STAGES_CONSOLE, STAGES_CSV, STAGES_LINES };
void stages_report(struct report *r, const struct scene *scene, enum stages_form form);

/* dense.c: a cell an endpoint. */
void dense_report(struct report *r, const struct scene *scene);

/* suggest.c: what the capture shows of the site, as a configuration. */
void suggest_report(struct report *r, const struct scene *scene);

/* diagram.c: who talks to whom, and where the path breaks. */
void diagram_report(struct report *r, const struct scene *scene);

/* html.c: the report as one page. */
void html_report(struct report *r, const struct scene *scene);

/* block.c: one finding in full. */
void block_write(struct page *p, const struct report *r, const struct scene *scene,
                 const struct group *group);
/* One display filter that shows the evidence; empty without frames. */
void block_filter(const struct group *group, struct text *out);
struct group report_group_of(const struct verdict *verdict);
struct facts report_facts(const struct report *r, const struct scene *scene,
                          const struct group *group);

/* common.c: what its endpoints have in common, and since when; the short form is for a table. */
void common_write(struct page *p, const struct report *r, const struct group *group);
void common_short(const struct report *r, const struct group *group, struct text *out);

/* looked.c: what was looked for when nothing relevant was found. */
void looked_at_write(struct page *p, const struct report *r, const struct scene *scene);

/* ladder.c */
/* The row at which it failed; rows->n when none is. */
size_t ladder_here(const struct verdict *verdict, const struct rows *rows);
void ladder_write(struct page *p, const struct report *r, const struct scene *scene,
                  const struct verdict *verdict);

/* matrix.c: endpoint x port; the group table. */
void matrix_write(struct page *p, const struct report *r, const struct scene *scene);
void matrix_groups(struct page *p, const struct report *r, const struct group *const *groups,
                   size_t n);

/* proof.c: what goes into a capture of the evidence; only when there is a plan. */
void proof_connection(struct report *r, const struct scene *scene, const struct verdict *v);
void proof_lookup(struct report *r, const struct scene *scene, const struct verdict *v);
void proof_capture(struct report *r);

/* json.c */
void json_open(struct report *r); /* before any other */
void json_capture(struct report *r, const struct scene *scene);
void json_connection(struct report *r, const struct scene *scene, const struct verdict *verdict);
void json_lookup(struct report *r, const struct scene *scene, const struct verdict *verdict);
void json_close(struct report *r, const struct scene *scene);
