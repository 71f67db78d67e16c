#include "verdict/verdict.h"

#include <string.h>

void verdict_of_lookup(const struct scene *scene, const struct lookup *lookup, struct verdict *out)
{
    (void)scene;
    memset(out, 0, sizeof *out);
    out->lookup = lookup;
    out->failed_stage = ATTEMPT_STAGES;
    out->resolver = lookup->server;
}
