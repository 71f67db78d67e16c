#include "verdict/verdict.h"

#include <string.h>

const char *token_name(enum stage_token token)
{
    static const char *const names[] = { "--",      ".",     "?",       "ok",    "ok*",
                                         "warn",    "mixed", "FAIL",    "DROP",  "RST",
                                         "UNREACH", "NXDOM", "TIMEOUT", "ALERT", "REJECT",
                                         "EXPIRED", "PROXY", "CLOSED" };
    return names[token];
}

void verdict_of(const struct scene *scene, const struct flow *flow, struct verdict *out)
{
    memset(out, 0, sizeof *out);
    out->flow = flow;
    out->in_scope = verdict_in_scope(scene, flow);
    out->failed_stage = ATTEMPT_STAGES;
    out->primary = (struct raised){ .id = F_INFO_INCOMPLETE_IN_PROGRESS,
                                    .severity = SEVERITY_INFO,
                                    .fact = CERTAIN,
                                    .owner = OWNER_CAPTURE,
                                    .n_frames = 1,
                                    .frames = { flow->first_frame } };
}

bool verdict_is_settled(const struct scene *scene, const struct flow *flow)
{
    (void)scene;
    (void)flow;
    return false;
}
