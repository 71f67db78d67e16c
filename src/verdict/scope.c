#include "verdict/candidate.h"
#include "verdict/spoken.h"
#include "verdict/verdict.h"

bool verdict_is_ems(const struct scene *scene, const struct address *address)
{
    if (profile_is_ems_address(scene->profile, address) || candidate_is(scene->candidates, address))
        return true;
    const char *name = scene->names ? names_of(scene->names, address) : NULL;
    return name && profile_names_ems(scene->profile, name);
}

bool verdict_is_endpoint(const struct scene *scene, const struct address *client)
{
    return !scene->profile || site_has_endpoint(&scene->profile->site, client) ||
           verdict_is_ems(scene, client);
}

/* A proxy that is configured and does not open: nobody will ever read for whom it was. */
static bool is_dead_proxy(const struct profile *profile, const struct flow *flow)
{
    return profile && flow->half[CLIENT].flags & HALF_SYN &&
           !(flow->half[SERVER].flags & HALF_SYN) &&
           site_is_proxy(&profile->site, &flow->address[SERVER], flow->port[SERVER]);
}

bool verdict_in_scope(const struct scene *scene, const struct flow *flow)
{
    if (!flow_is_tcp(flow) || !verdict_is_endpoint(scene, &flow->address[CLIENT]))
        return false;
    if (is_dead_proxy(scene->profile, flow) || scene->scope == SCOPE_ALL)
        return true;
    const struct session *s = flow->session;
    if (s && s->server_name[0] && profile_names_ems(scene->profile, s->server_name))
        return true;
    if (s && spoken_of_ems(scene, s->talk))
        return true;
    const struct service *service = profile_service(scene->profile, flow->port[SERVER]);
    if (!service || !service->tcp)
        return false;
    return (!service->only_ems && verdict_is_ems(scene, &flow->address[SERVER])) ||
           (service->by_ems && verdict_is_ems(scene, &flow->address[CLIENT]));
}

bool verdict_never_in_scope(const struct scene *scene, const struct flow *flow)
{
    const struct session *s = flow->session;

    return scene->scope == SCOPE_EMS && !profile_service(scene->profile, flow->port[SERVER]) &&
           !is_dead_proxy(scene->profile, flow) &&
           !(s && s->server_name[0] && profile_names_ems(scene->profile, s->server_name)) &&
           !(s && s->talk && (s->talk->target[0] || talk_find(s->talk, SAID_PAC_FAILED)));
}

bool verdict_is_settled(const struct verdict *verdict)
{
    switch (verdict->primary.id) {
    case F_OK_TLS_ESTABLISHED:
    case F_OK_TLS_ESTABLISHED_CLOSED_CLEAN:
    case F_OK_TLS_RESUMED:
    case F_OK_TCP_NO_TLS:
    case F_OK_CLOSED_AFTER_DATA_RST:
        return true;
    default:
        return false;
    }
}
