/* common.h - what the endpoints of a group have in common, and since when they fail.
 *
 * What it is: a trait is common only if it covers at least 90 % of the failing and at most 10 % of
 * the healthy endpoints; all that do are named, the best first.  Where none does, disjoint parts of
 * the group may have one of their own: a trait whose endpoints fail in nine of ten cases.  The
 * change point is the stretch of time in which the group's attempts fail, when nine of ten in it do
 * and nine of ten outside succeed.
 * What it refuses: fewer than three failing endpoints (a coincidence), and a capture in which
 * nobody is healthy (nothing to compare with).
 * Units: times in ns on the capture's clock; counts of endpoints unless named otherwise. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { COMMON_PARTS = 8, COMMON_LEAST = 3, CHANGE_LEAST = 3 };

/* The stretch of time in which attempts fail. */
struct change {
    bool found;
    bool from_start, to_end;              /* no success before it; none after it */
    uint32_t n_failed, n_before, n_after; /* attempts: failed in it, succeeded before and after */
    int64_t worked_ns;                    /* last success before it; meaningless with from_start */
    int64_t failed_ns;                    /* first failure of it */
    int64_t again_ns;                     /* first success after it; meaningless with to_end */
};

struct part {
    uint32_t value; /* a trait's number + 1 */
    uint32_t failing, healthy;
    struct change change;
};

enum common_how {
    COMMON_UNASKED, /* too few failing endpoints, or no healthy one */
    COMMON_NONE,    /* nothing obvious */
    COMMON_WHOLE,   /* of the group: part[0], and the others cannot be told from it */
    COMMON_EACH,    /* of disjoint parts */
};

struct common {
    uint8_t how; /* enum common_how */
    uint8_t n;
    uint32_t n_healthy; /* that it was compared with */
    uint32_t n_outside; /* failing endpoints that have none of it */
    struct part part[COMMON_PARTS];
    struct change change; /* of those with part[0], or of all */
};

struct summary;
struct group;

/* Fills the common of every group; once, when all was counted. */
void common_find(struct summary *s);

/* Does this member (number + 1 in summary.members) have what was found to be common? */
bool common_covers(const struct summary *s, const struct group *g, uint32_t member);

/* change.c: of these members of the group. */
struct change change_of(const struct summary *s, const struct group *g, const uint32_t *members,
                        size_t n);
