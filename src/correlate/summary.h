/* summary.h - what the connections of one capture amount to: groups, endpoints, services, servers.
 *
 * What it is: each verdict is counted once: in its group (same id, server and port), for its
 * endpoint, for its service (endpoint, server and port).  Everything is bounded; what finds no room
 * is counted in the totals and said.
 * What it refuses: output.
 * Ownership: verdicts kept as examples are copies; their flows are pinned. */
#pragma once

#include "base/table.h"
#include "correlate/common.h"
#include "correlate/gone.h"
#include "correlate/history.h"
#include "correlate/sharing.h"
#include "correlate/storm.h"
#include "correlate/trait.h"
#include "tls/shape.h"
#include "verdict/verdict.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    SUMMARY_ENDPOINTS = 100 * 1000,
    SUMMARY_SERVICES = 200 * 1000,
    SUMMARY_MEMBERS = 200 * 1000,
    SUMMARY_GROUPS = 2048,
    SUMMARY_OF_CAPTURE = 32, /* of these groups are kept for findings about the capture */
    SUMMARY_SERVERS = 1024,
    SUMMARY_PORTS = 1024,
    SUMMARY_STORMS = 1 << 16, /* services that failed twice in a row */
    SUMMARY_SHARINGS = 4096,  /* services of addresses that may hide several hosts */
    SUMMARY_EXAMPLES = 64,
    SUMMARY_EXAMPLES_OF_GROUPS = 48, /* the rest are kept for further failing connections */
    GROUP_FRAMES = 64,
    GROUP_SETS = 6,
    GROUP_ATTEMPTS = 4,
    GROUP_ATTEMPT_FRAMES = 8,
};

/* The first attempts of a group, for its rows. */
struct group_attempt {
    int64_t first_ns;
    uint16_t client_port;
    uint8_t n_frames;
    uint64_t frames[GROUP_ATTEMPT_FRAMES];
};

struct group {
    uint32_t number; /* in order of appearance, from 1 */
    enum finding_id id;
    enum severity severity; /* the highest of its members */
    enum confidence fact, cause;
    enum owner owner;
    bool lookup;      /* its members are DNS questions */
    bool of_capture;  /* a finding about the capture: no members */
    bool of_set;      /* what several groups or connections say together (sets.h) */
    bool heads;       /* of such: the groups it is about have different ids */
    bool alone;       /* of such: no connection shows it, so that it counts as a failure itself */
    bool primary;     /* some member has it as its primary finding */
    bool one_network; /* all clients are in the /24 or /64 of the first */
    uint16_t port;
    struct address server, client; /* client: the first */
    uint32_t n_members;            /* connections or questions */
    uint32_t n_endpoints;          /* clients; a floor when the tables are full */
    uint32_t n_headed;             /* endpoints that count under this group; set by summary_count */
    uint32_t first_member;         /* number + 1 in summary.members; 0 = none */
    uint32_t last_member;
    uint64_t n_syn;
    int64_t first_ns, last_ns;
    uint32_t n_frames;             /* evidence frames seen, kept or not */
    uint64_t frames[GROUP_FRAMES]; /* ascending after summary_count */
    uint8_t n_attempts;
    struct group_attempt attempt[GROUP_ATTEMPTS];
    const struct verdict *example; /* NULL when there was no room for one */
    char owner_reason[VERDICT_NOTE];
    struct common common;     /* set by summary_count */
    uint8_t n_sets;           /* sets that this group supports */
    uint16_t set[GROUP_SETS]; /* numbers of their groups */
    char words[VERDICT_NOTE]; /* of a set: what holds together, one sentence without its end */
    uint32_t n_round;       /* endpoints that went another way, each time, which works (story.h) */
    uint32_t round_service; /* number + 1 of that, for one of them */
    uint8_t way;            /* enum story_way of it */
    bool one_way;           /* of all of them */
    const struct group *whole; /* of a part of what was judged: the same of all of it; else NULL */
};

struct member {
    uint32_t n, next;       /* next of this group + 1 */
    struct traits traits;   /* of its first connection or question */
    uint32_t round_service; /* number + 1 of what worked in its place; 0 = nothing */
    uint8_t way;            /* enum story_way of it */
    bool stays;             /* at some time nothing did */
};

struct member_key {
    uint32_t group;
    struct address client;
};

struct service_key {
    struct address client, server;
    uint16_t port, is_lookup;
};

struct service_count {
    uint32_t attempts, ok, failed;
    uint32_t number;            /* its own, + 1 */
    uint32_t next;              /* of this endpoint, + 1 */
    uint32_t card;              /* mark of its first client certificate; 0 = none */
    uint16_t by_stack, by_card; /* number + 1 in summary.sharings: once another mark came */
    uint32_t storm;             /* number + 1 in summary.storms: once it failed twice in a row */
    struct storm_start start;   /* of its newest attempt, until then */
    uint64_t ok_frame, failed_frame; /* of the first that did; 0 = none */
    uint64_t via_name;               /* it is a proxy: of its target, a hash */
    uint16_t via_port;               /* of its target; 0 = no proxy */
    bool via_many, via_ems;          /* for several targets; for a configured EMS */
    bool posture;                    /* a FortiGate takes its reports, as designed */
    bool linked;                     /* it is in the list of its endpoint */
    uint8_t stack;                   /* mark of its first attempt (sharing.h); 0 = none */
    uint8_t failed_stage;            /* of the failure shown */
    uint8_t stage[ATTEMPT_STAGES];   /* the worst of each, enum stage_token */
};

_Static_assert(sizeof(struct service_count) == 96, "a flood makes 200,000 of them");
_Static_assert(SUMMARY_SHARINGS <= UINT16_MAX, "their numbers are kept in 16 bits");

struct endpoint {
    uint32_t attempts, ok, failed;
    uint32_t first_service; /* + 1 */
    uint32_t worst_group;   /* + 1; 0 = nothing to complain of, or no room */
    uint8_t worst;          /* enum severity of what was worst */
    int64_t last_ok_ns;
    bool has_mac;
    bool shared_by_stack, shared_by_card; /* several hosts use it (sharing.h) */
    bool goes_round; /* each failure ended in another way that works; set by summary_count */
    uint8_t mac[6];
    struct traits traits[2];   /* the two latest of each kind */
    int64_t first_ns, last_ns; /* of its packets, as far as connections tell; 0 = nothing yet */
    uint32_t other_service;    /* + 1: when it did what is not judged */
    int64_t other_ns;          /* the newest of that */
    struct {
        int64_t from_ns, to_ns;
    } longest; /* connection that worked */
    struct checkins {
        uint32_t count, missed;
        int64_t interval_ns, last_ns; /* 0 = not known */
        bool irregular, configured;   /* configured: the interval is told, not learned */
    } checkins;                       /* set by summary_count */
};

struct server {
    uint64_t connections, ok;
    uint32_t number;                                      /* its own, + 1 */
    bool configured, answers_checkin, from_dns, from_tls; /* how it was recognised */
    uint16_t checkin_port;
    char name[256];
};

struct totals {
    uint64_t connections, ok, failed, undecided, lookups, failed_lookups;
    uint64_t findings[SEVERITY_ERROR + 1]; /* groups by severity */
    uint64_t endpoints, healthy, failing, unclear;
    uint64_t going_round; /* of the healthy: endpoints that fail, and go another way that works */
};

/* Connections that completed TLS and ended without data: so does a probe, and so does a client that
 * looks at the certificate late. */
struct doubtful {
    uint64_t n;
    uint64_t frame;   /* of the first: its certificate; 0 = it was not seen */
    unsigned defects; /* enum defect: in plain sight */
    struct address server;
    uint16_t port;
};

struct summary {
    struct table groups, members, endpoints, services, servers, traits;
    struct hash_seed seed;  /* of services: they are always asked for with a hash (service_find) */
    struct table storms;    /* uint32_t number of a service -> struct storm */
    struct table sharings;  /* uint32_t number of a service, twice, + 1 by card -> struct sharing */
    struct traits usual[2]; /* the two latest of each kind, of all endpoints */
    uint32_t last_server;   /* number + 1 */
    struct shapes *shapes;  /* of hellos; NULL without memory: then all is worked out each time */
    const struct shape *shape; /* of the hello of the connection added last; NULL = none known */
    struct history history;
    struct goners *goners; /* NULL = none yet */
    struct totals totals;
    struct doubtful silent, before_defect; /* all, and those before a defect */
    uint64_t n_with_data;                  /* connections that exchanged data */
    bool any_ok, any_error, any_warning;   /* of judged connections and lookups */
    bool any_of_ems;                       /* a connection that EMS did not open itself */
    bool any_by_ems;                       /* one that it did */
    uint8_t n_examples;
    struct verdict *example; /* SUMMARY_EXAMPLES of them, made at need */
    const struct verdict *first_success;
    bool keep_all;              /* pin further failing connections as well: -vv */
    const bool *wanted;         /* borrowed: by finding, which count; NULL = all */
    const struct network *only; /* borrowed: of a part, its endpoints */
    size_t n_only;              /* 0 = all */
    int64_t before_ns;          /* of a part that ends there; 0 = at the end */
    struct table other_ports;   /* uint32_t port -> uint64_t flows that are not judged */
    uint64_t others;
};

bool summary_open(struct summary *s, bool keep_all); /* false without memory */
void summary_close(struct summary *s);               /* accepts a zeroed one */

void summary_prefetch(const struct summary *s, const struct flow *flow, bool records);

/* Answers which attempt of its service this is, from 1; 0 when there was no room to count. */
uint32_t summary_add(struct summary *s, const struct scene *scene, const struct verdict *verdict);
void summary_add_lookup(struct summary *s, const struct scene *scene,
                        const struct verdict *verdict);
void summary_add_capture(struct summary *s, const struct raised *raised);
void summary_other(struct summary *s, const struct flow *flow);

/* Counts what can only be counted at the end: endpoints by their most severe finding, and what the
 * members of groups have in common. */
void summary_count(struct summary *s, const struct scene *scene);

/* The same of a part of what was judged, when all of it has been counted: what holds of all its
 * groups holds of the part's, and nothing is concluded from the part alone.  Of sets, those remain
 * that an endpoint of the part is a member of. */
void summary_count_part(struct summary *part, const struct summary *whole,
                        const struct scene *scene);

/* The group of a set at this server and port (0 = all), new or as it is; NULL without room.  And
 * one more endpoint of it, with a frame that shows it (0 = none). */
struct group *summary_set(struct summary *s, enum finding_id id, const struct address *server,
                          uint16_t port);
void summary_set_member(struct summary *s, struct group *set, const struct address *client,
                        uint64_t frame);
void summary_set_severity(struct summary *s, struct group *set, enum severity severity);
/* This group is one of those that the set is about. */
void summary_set_about(struct group *set, struct group *group);

/* Of a part: is this within it?  All is within the whole. */
bool summary_looks_at(const struct summary *s, enum finding_id id, const struct address *client,
                      int64_t first_ns);

/* No failure, and something that worked. */
bool endpoint_is_healthy(const struct endpoint *e);

/* More than one host uses this address: the configuration says so, or packets do. */
bool summary_is_shared(const struct summary *s, const struct scene *scene,
                       const struct address *client);

/* As a report counts it, after summary_count: who goes another way that works is not cut off. */
enum outcome endpoint_state(const struct endpoint *e);

/* What a member (number + 1) of a group has, its endpoint's latest where it showed nothing. */
void member_traits(const struct summary *s, uint32_t member, struct traits *out);

/* NULL when there was no room for it. */
const struct service_count *service_find(const struct summary *s, const struct address *client,
                                         const struct address *server, uint16_t port, bool lookup);

/* Groups in the order in which a report shows them; fills at most n pointers. */
size_t summary_order(const struct summary *s, const struct group **out, size_t n);

enum outcome outcome_of(const struct raised *primary);

/* Did it work, with data of the application, as a check-in does? */
bool outcome_has_data(const struct verdict *verdict);
uint32_t service_attempts(const struct summary *s, const struct address *client,
                          const struct address *server, uint16_t port);
bool same_network(const struct address *a, const struct address *b); /* /24 or /64 */
bool finding_in_family(enum finding_id id, const char *family);      /* "ok", "cannot_tell" */
