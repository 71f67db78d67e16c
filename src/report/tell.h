/* tell.h - stories (correlate/story.h) in words and as JSON. */
#pragma once

#include "correlate/story.h"
#include "report/inside.h"

/* What the endpoints of a group went on with, as a clause without its end: "it goes on to
 * 10.0.0.11:8013, which works"; false when none of them did. */
bool tell_round(const struct report *r, const struct group *group, struct text *out);

/* Beneath what was seen: the story that this failure is part of, or how many went on. */
void tell_write(struct page *p, const struct report *r, const struct scene *scene,
                const struct group *group);

/* Of one endpoint, the latest; report_open makes it. */
struct telling_of {
    const struct endpoint *endpoint; /* NULL = nobody asked yet */
    struct stories stories;
};

/* The member "stories" of an endpoint; nothing for one that never failed. */
void tell_json(struct report *r, const struct scene *scene, const struct endpoint *e);
