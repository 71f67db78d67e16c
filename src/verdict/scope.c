#include "verdict/candidate.h"
#include "verdict/verdict.h"

static bool is_ems_address(const struct scene *scene, const struct address *address)
{
    if (profile_is_ems_address(scene->profile, address) || candidate_is(scene->candidates, address))
        return true;
    const char *name = scene->names ? names_of(scene->names, address) : NULL;
    return name && profile_names_ems(scene->profile, name);
}

bool verdict_in_scope(const struct scene *scene, const struct flow *flow)
{
    if (!flow_is_tcp(flow))
        return false;
    if (scene->scope == SCOPE_ALL)
        return true;
    const struct session *s = flow->session;
    if (s && s->server_name[0] && profile_names_ems(scene->profile, s->server_name))
        return true;
    const struct service *service = profile_service(scene->profile, flow->port[SERVER]);
    return service && service->tcp && is_ems_address(scene, &flow->address[SERVER]);
}
