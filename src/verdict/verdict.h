/* verdict.h - what one connection, one lookup or the capture amounts to.
 *
 * What it is: verdict_of reads a flow with its session, and the scene around it, and answers one
 * primary finding with its evidence, what else was noticed, the state of each stage, and which
 * other explanations were checked and excluded.  Tables of rows hold the rules (stall.c, checks.c).
 * What it refuses: guessing.  An absence counts only when absence.c agrees; blame only when blame.c
 * has a reason that it can name by frame.
 * Units: frames 1-based; times in ns.  Ownership: by value; subjects are borrowed. */
#pragma once

#include "flow/flow.h"
#include "flow/host.h"
#include "session/session.h"
#include "verdict/catalogue.h"
#include "x509/trust.h"

#include <stdbool.h>
#include <stdint.h>

enum stage_token {                  /* the words of the field; FAIL only when no reason word fits */
                   TOKEN_NOT_TRIED, /* -- */
                   TOKEN_NOT_REACHED, /* .  */
                   TOKEN_UNSEEN,      /* ?  */
                   TOKEN_OK,
                   TOKEN_DERIVED, /* ok* */
                   TOKEN_WARN,
                   TOKEN_MIXED,
                   TOKEN_FAIL,
                   TOKEN_DROP,
                   TOKEN_RST,
                   TOKEN_UNREACH,
                   TOKEN_NXDOM,
                   TOKEN_TIMEOUT,
                   TOKEN_ALERT,
                   TOKEN_REJECT,
                   TOKEN_EXPIRED,
                   TOKEN_PROXY,
                   TOKEN_CLOSED,
                   STAGE_TOKENS,
};

enum { TOKENS = TOKEN_CLOSED + 1 };
enum { VERDICT_FRAMES = 16, VERDICT_ALSO = 8, VERDICT_CHECKS = 8, VERDICT_NOTE = 160 };

struct raised {
    enum finding_id id;          /* F_NONE = nothing */
    enum severity severity;      /* after rule R20 */
    enum confidence fact, cause; /* cause NO_CONFIDENCE = none claimed */
    enum owner owner;
    uint8_t n_frames;
    uint64_t frames[VERDICT_FRAMES]; /* ascending */
    char owner_reason[VERDICT_NOTE]; /* why the owner differs from the table; may be empty */
};

/* A check that ran, and what it found. */
enum check_kind {
    CHECK_SERVER_ANSWERS,      /* the server answers this client, or others, on another port */
    CHECK_PORT_ANSWERS_OTHERS, /* the same port answers other clients */
    CHECK_NAME_RESOLVED,       /* DNS gave the address that was dialled */
    CHECK_BOTH_DIRECTIONS,     /* the capture sees packets to the client */
    CHECK_NO_CAPTURE_LOSS,
    CHECK_RST_TTL_EQUAL, /* as the other packets of its sender */
    CHECK_RST_TTL_DIFFERS,
    CHECK_CLOSED_PORT_RESETS, /* this server resets SYNs to closed ports, so silence is no closed
                                 port */
    CHECK_NETWORK_WORKS,      /* both directions work up to this point */
    CHECK_OTHERS_ACCEPT,      /* other clients complete the same service */
};

struct check {
    enum check_kind kind;
    uint64_t frame; /* the frame that shows it; 0 = the whole capture */
    uint16_t port;  /* where one is meant */
    uint32_t count;
    enum side side; /* whose packets, for a reset */
};

/* What was inferred without keys, beside what keys show: keyless.h. */
enum agreement { AGREEMENT_NONE, AGREEMENT_RIGHT, AGREEMENT_UNDECIDED, AGREEMENT_WRONG };

struct verdict {
    const struct flow *flow; /* one of these two, or neither for a capture finding */
    const struct lookup *lookup;
    struct raised primary;
    uint8_t n_also;
    struct raised also[VERDICT_ALSO]; /* notes and warnings, in order of time */
    uint8_t stage[ATTEMPT_STAGES];    /* enum stage_token */
    uint8_t failed_stage;             /* enum stage; ATTEMPT_STAGES = none */
    uint8_t n_checks;
    struct check checks[VERDICT_CHECKS];
    uint16_t signs_found, signs_unusable; /* of a reset, by enum sign (blame.h); with signs_asked */
    uint16_t signs_asked;
    uint8_t defects;                          /* of the visible server certificate, enum defect */
    const struct trust_reading *trust[SIDES]; /* of the chain shown; NULL = not judged */
    const struct tls_alert *alert;            /* the one that decided; NULL = none */
    const struct remark *remark;              /* what was said that decided; NULL = nothing */
    const struct lookup
        *name_lookup;             /* the DNS answer this connection followed; NULL = none seen */
    struct sealed_reading sealed; /* row SEALED_NONE when it does not apply */
    struct address resolver;      /* unspecified when not known */
    bool in_scope;                /* judged under the scope in force */
    uint8_t agreement;            /* enum agreement; NONE = keys opened nothing */
    uint8_t keyless_fact;         /* enum confidence of keyless */
    enum finding_id keyless;      /* what it would be without keys */
};

enum scope { SCOPE_EMS, SCOPE_ALL };

struct served;     /* served.h */
struct candidates; /* candidate.h */
struct kin;        /* kin.h */
struct ledgers;    /* flow/ledger.h */
struct neighbours; /* flow/neighbour.h */

/* Packets were lost between two looks at the counters. */
struct scene_loss {
    int64_t from_ns, to_ns;
};

enum { SCENE_LOSSES = 32 };

/* The capture as a whole: copied from the stages by the engine, read by every rule. */
struct scene {
    enum scope scope;
    const struct profile *profile;
    const struct hosts *hosts;
    const struct names *names;
    const struct neighbours *neighbours; /* who asks for hardware addresses; NULL = not kept */
    struct ledgers *ledgers;             /* of connections, for exports; NULL = not kept */
    struct trust *trust;                 /* of the user's bundle; NULL = trust is not judged */
    int64_t first_ns, last_ns;           /* capture's first and last packet */
    uint64_t last_frame;
    uint64_t packets;
    bool reading; /* the input is still being read: totals are not known yet */
    bool live;
    bool damaged;          /* the file breaks off or contradicts itself */
    bool resumed;          /* and reading went on behind the damage */
    bool clock_relative;   /* times count from a moment nobody knows */
    uint64_t bare_packets; /* of packet text without octets */
    char remark[300];      /* of the reader, about this input */
    char damage[160], format[24], file[256];
    uint64_t file_bytes;
    bool drops_known;
    uint64_t drops;                  /* kernel and interface */
    const struct scene_loss *losses; /* live: when that was, as far as it is not long ago */
    size_t n_losses;
    uint64_t data_bytes, unseen_bytes;
    uint64_t copies, payload_copies, payload_packets, first_copy_frame;
    uint64_t ttl_steps; /* copies whose TTL differs: seen on both sides of a router */
    uint64_t cut_packets, malformed, unknown_link, unknown_inside, tunnelled;
    uint64_t sealed, first_sealed, last_sealed; /* packets of tunnels that nobody can open */
    uint32_t unknown_link_type;
    uint64_t evicted_flows;
    uint64_t clock_back, clock_forward, clock_frame;
    uint32_t n_breaks; /* of the recording; NULL and 0 without */
    const struct clock_break *breaks;
    int64_t unwatched_ns; /* live: since then some interface is gone; 0 = all are there */
    uint64_t connections, one_sided, midstream;
    bool icmp_seen;   /* any ICMP in the file: a filter did not remove it */
    char filter[256]; /* capture filter the file names */
    uint32_t n_servers;
    bool anything_relevant;
    const struct served *served;         /* what services accepted; NULL = not kept */
    const struct candidates *candidates; /* addresses taken for an EMS; NULL = configured ones */
    struct kin *kin; /* other connections, and how often they were searched; NULL = not kept */
};

/* Live: were packets lost in this time? */
bool scene_lost(const struct scene *scene, int64_t from_ns, int64_t to_ns);

/* Is the other direction missing altogether, as far as it was read? */
bool scene_is_one_way(const struct scene *scene);

/* How long the capture watched, seen from a subject whose last packet is this frame. */
int64_t scene_watched_until(const struct scene *scene, uint64_t frame);

/* Was an interface gone at some time between this frame and that moment, while others went on? What
 * answers what they showed may have passed there. */
bool scene_missed(const struct scene *scene, uint64_t first_frame, int64_t last_ns);

/* Is this the address of a recognised or configured EMS, or has DNS given it the name of one? */
bool verdict_is_ems(const struct scene *scene, const struct address *address);

/* Does the configuration count this client among its endpoints?  EMS itself is one, for its own
 * connections. */
bool verdict_is_endpoint(const struct scene *scene, const struct address *client);

/* Is the server of this flow a recognised or configured EMS, or one of their services (R15)? */
bool verdict_in_scope(const struct scene *scene, const struct flow *flow);

/* No matter what the capture still shows, this flow will not be judged: no service of the profile,
 * and no name that is an EMS's. */
bool verdict_never_in_scope(const struct scene *scene, const struct flow *flow);

/* Of a closed connection: can nothing that the capture still may show change this verdict? */
bool verdict_is_settled(const struct verdict *verdict);

void verdict_of(const struct scene *scene, const struct flow *flow, struct verdict *out);

/* The verdict of one lookup with what its client asked and did around it; primary.id F_NONE when
 * there is nothing to say about it (answered, or not in scope). */
void verdict_of_lookup(const struct scene *scene, const struct lookup *lookup, struct verdict *out);

/* Findings about the capture itself; returns how many were written to out (at most n). */
size_t verdict_of_capture(const struct scene *scene, struct raised *out, size_t n);

const char *token_name(enum stage_token token);

/* Of the stage in which it failed. */
enum stage_token verdict_token(const struct verdict *verdict);
const char *agreement_name(enum agreement agreement); /* "right", "undecided", "wrong"; "" */
