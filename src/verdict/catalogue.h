/* catalogue.h - the closed list of findings, as records.
 *
 * What it is: one record per id of findings.tsv.  The first six fields come from that file by a
 * generator at build time (finding_ids.h, finding_rows.h); the prose comes from catalogue.c.
 * What it refuses: prose anywhere else.  Templates know the blanks listed at struct prose.
 * Ids are never reused or renamed. */
#pragma once

#include "finding_ids.h" /* generated: enum finding_id { F_NONE, F_OK_TLS_ESTABLISHED, ... FINDINGS } */

#include <stdbool.h>
#include <stddef.h>

enum confidence { NO_CONFIDENCE, POSSIBLE, PROBABLE, CERTAIN };
enum severity { SEVERITY_INFO, SEVERITY_QUALITY, SEVERITY_WARNING, SEVERITY_ERROR };

enum owner {
    OWNER_NONE,
    OWNER_CLIENT,
    OWNER_SERVER,
    OWNER_NETWORK,
    OWNER_MIDDLEBOX,
    OWNER_DNS,
    OWNER_PROXY,
    OWNER_CAPTURE,
    OWNER_UNKNOWN,
};

enum stage {
    STAGE_DNS,
    STAGE_PROXY,
    STAGE_TCP,
    STAGE_TLS,
    STAGE_CERT,
    STAGE_APP,
    ATTEMPT_STAGES, /* the stages of one attempt end here */
    STAGE_L2 = ATTEMPT_STAGES,
    STAGE_ICMP,
    STAGE_CHECKIN,
    STAGE_SET,
    STAGE_PATH,
    STAGE_CAPTURE,
};

/* Blanks in seen, means and next: {client} {client_port} {server} {port} {name} (host name of
 * the server, or its address) {subnet} (/24 or /64 of the client) {alert} (number and name)
 * {icmp_from} {mtu} {gap_s} {n} (attempts) {n_syn} {version_offered} {version_max} {line} (first
 * plain-text line) {said} (the answer that decided) {refusal} (a sentence
 * about its code) {target} (what a proxy was asked for) {dial}
 * (where OpenSSL connects to) {ask} (the question, for a shell) {list} {client_list} {server_list}
 * (of SSH: the kind of algorithm, what each end has) {resolver} {question} {answered} (the first
 * address of the answer) {rcode} {not_after} {issuer} {defects} {record} and {expected} (octets)
 * {or_down} (a dead host and no route, unless it answers). One that is not known makes its sentence
 * be left out.
 */
struct prose {
    const char *headline;  /* of line one: "{client} gets no answer from EMS on port {port}" */
    const char *seen;      /* one or two sentences; NULL = the events speak */
    const char *means;     /* the cause, one sentence; NULL = none is claimed */
    enum confidence cause; /* the strongest word the cause may carry */
    const char *others;    /* what else it could be; NULL = nothing */
    const char *next[3];   /* most likely first; NULL-filled */
    const char *deciding;  /* place, command and filter of the capture that would decide; or NULL */
    const char *looks;     /* explain: what FortiClient and EMS show; NULL = title */
    const char *causes[6]; /* explain: most frequent first */
    const char *not_this;  /* explain: what it must not be confused with */
    const char *sure;      /* explain: how sure, and when it is withheld */
    const char *source;    /* RFC section, or "measured", or the vendor page's title */
};

struct finding {
    const char *id;
    enum stage stage;
    enum severity severity;
    enum owner owner;
    enum confidence best;
    const char *title;
    bool raised; /* some rule in this program can raise it, and a case proves that it does */
    struct prose prose;
};

const struct finding *finding_of(enum finding_id id);
enum finding_id finding_find(const char *id); /* F_NONE when there is no such id */
enum finding_id finding_nearest(
    const char *id); /* for "did you mean"; F_NONE when nothing is near */

const char *confidence_name(enum confidence c);
const char *severity_name(enum severity s);
const char *owner_name(enum owner o);
const char *owner_people(enum owner o); /* "who runs the EMS server" */
const char *stage_name(enum stage s);
