/* json_parts.h - what the lines of different types have in common. */
#pragma once

#include "report/inside.h"
#include "report/json_line.h"

enum { LINE_CONNECTION = 'k', LINE_LOOKUP = 'd' }; /* what an event.id begins with */

enum { COMMUNITY_TEXT = 30 }; /* "1:" and base64 of a SHA-1 */

/* A fingerprint that is the same in every run: FNV's multiplication over words, unkeyed on purpose.
 */
struct mark {
    uint64_t v;
};

struct mark mark_begin(void);
void mark_bytes(struct mark *m, const void *p, size_t n);
void mark_number(struct mark *m, uint64_t v);
struct mark mark_flow(const struct flow *flow);
struct mark mark_lookup(const struct lookup *lookup);
void mark_text(struct mark m, char out[16]);

const char *json_outcome_name(enum outcome outcome);

/* What the lines of one connection share, as text. */
struct json_flow {
    char id[16];
    struct json_end {
        uint8_t n;
        char text[END_TEXT];
    } end[SIDES];
    char community[COMMUNITY_TEXT];
};

static inline char *json_pen_end(char *p, const struct json_flow *f, enum side side)
{
    return pen_blocks(p, f->end[side].text, f->end[side].n);
}

/* RFC 3339 in UTC, with nanoseconds where the time has them, in quotes. */
enum { TIME_TEXT = 32 };
size_t json_time_text(struct report *r, int64_t ns, char out[TIME_TEXT]);
void json_put_time(struct report *r, const char *key, int64_t ns);

/* A line is begun with its time; json_end_shakeout ends it. */
void json_begin_line(struct report *r, int64_t time_ns);
void json_end_shakeout(struct report *r);
void json_begin_shakeout(struct report *r);
void json_begin_event(struct report *r, const char *dataset, const char *kind, char id,
                      struct mark m); /* leaves the object open */
void json_put_category(struct writer *w, const char *type, const char *further); /* or NULL */

/* One end of a connection, port 0 for none; `open` leaves the object open for more. */
void json_put_end(struct report *r, const char *key, const struct address *a, uint16_t port,
                  bool open);

/* Community ID, version 1, seed 0. */
void json_community(const struct flow *flow, char out[COMMUNITY_TEXT + 1]);
void json_put_community(struct report *r, const struct address *a, uint16_t a_port,
                        const struct address *b, uint16_t b_port, uint8_t protocol);

void json_put_frames(struct writer *w, const uint64_t *frames, size_t n); /* nothing for none */
void json_put_finding_ids(struct report *r, const struct verdict *v);
void json_put_cause(struct report *r, const char *text, enum confidence confidence);
void json_put_primary(struct report *r, const struct scene *scene, const struct verdict *v);
void json_put_input_facts(struct report *r, const struct scene *scene);

/* The same pieces for a pen, which has JSON_PEN_ROOM. */
char *json_pen_shakeout(const struct report *r, char *p);
char *json_pen_stage(const struct report *r, char *p, enum stage stage, uint8_t token);
char *json_pen_frames(char *p, const uint64_t *frames, size_t n);
char *json_pen_finding_ids(struct report *r, char *p, const struct verdict *v);
char *json_pen_primary(struct report *r, char *p, const struct scene *scene,
                       const struct verdict *v);
void json_word_set(struct pen_word *word, const char *text);

/* A refusal on either side is no success, whatever the records before it looked like. */
enum established { ESTABLISHED_NO, ESTABLISHED_YES, ESTABLISHED_UNKNOWN };
enum established json_established(const struct verdict *v, const struct tls *t);

void json_tls(struct report *r, const struct json_flow *flow, const struct verdict *v);

/* Of what shown_note remembered. */
void json_certificates(struct report *r);

/* Of one certificate, inside tls.client or tls.server: hash, names, x509. */
void json_put_certificate(struct writer *w, const struct cert_facts *c, bool *cut);
unsigned json_severity(enum severity severity); /* event.severity */

/* event.type beside "connection"; NULL = none. */
const char *json_connection_type(const struct verdict *v, enum outcome outcome);
void json_put_tls_version(struct writer *w, uint16_t version);
void json_put_common(struct report *r, const struct group *g);
void json_finding(struct report *r, const struct scene *scene, const struct group *g);
