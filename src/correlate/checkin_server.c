/* checkin_server.c - with which server an endpoint checks in, against what the site configured. */
#include "correlate/checkin.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const int64_t never_ns = INT64_MAX;

/* What one endpoint did at servers of one role. */
struct visits {
    int64_t first_failed_ns, first_ok_ns, last_ok_ns;
    const struct service_key *ok, *failed; /* of the first of each */
    uint64_t ok_frame, failed_frame;
};

static const char *name_of(const struct summary *s, const struct scene *scene,
                           const struct address *address)
{
    const struct server *server = table_get(&s->servers, address);
    const char *name = scene->names ? names_of(scene->names, address) : NULL;

    return !name && server && server->from_tls ? server->name : name;
}

static bool is_checkin(const struct scene *scene, const struct service_key *key)
{
    const struct service *service =
        key->is_lookup ? NULL : profile_service(scene->profile, key->port);
    return service && service->checkin;
}

static void visit(struct visits *v, const struct summary *s, uint32_t k)
{
    const struct service_key *key = table_key(&s->services, k - 1);
    const struct service_count *c = table_at(&s->services, k - 1);
    const struct deed *deed;

    for (size_t i = 0; (deed = history_of(&s->history, k, i)); i++) {
        if (deed->outcome == OUTCOME_FAILED && deed->time_ns < v->first_failed_ns) {
            v->first_failed_ns = deed->time_ns;
            v->failed = key;
            v->failed_frame = c->failed_frame;
        }
        if (deed->outcome != OUTCOME_OK || !deed->data)
            continue;
        if (deed->time_ns < v->first_ok_ns) {
            v->first_ok_ns = deed->time_ns;
            v->ok = key;
            v->ok_frame = c->ok_frame;
        }
        v->last_ok_ns = deed->time_ns > v->last_ok_ns ? deed->time_ns : v->last_ok_ns;
    }
}

static void raise_backup(struct summary *s, const struct visits *primary,
                         const struct visits *backup)
{
    struct group *set =
        summary_set(s, F_CHECKIN_ON_BACKUP_SERVER, &backup->ok->server, backup->ok->port);
    char from[ADDRESS_TEXT], to[ADDRESS_TEXT];

    if (!set)
        return;
    summary_set_severity(s, set, SEVERITY_WARNING);
    summary_set_member(s, set, &backup->ok->client, backup->ok_frame);
    summary_set_member(s, set, &backup->ok->client, primary->failed_frame);
    if (!set->first_ns || backup->first_ok_ns < set->first_ns)
        set->first_ns = backup->first_ok_ns;
    bool back = primary->last_ok_ns > backup->last_ok_ns;
    snprintf(set->words, sizeof set->words, "%s is used since failures at the primary %s%s",
             address_text(&backup->ok->server, to), address_text(&primary->failed->server, from),
             set->n_endpoints > 1 ? ""
             : back               ? ", then the primary again"
                                  : ", until the end of the capture");
    set_about_client(s, set, &primary->failed->server, primary->failed->port,
                     &primary->failed->client);
}

static bool is_expected(const struct summary *s, const struct scene *scene,
                        const struct service_key *key)
{
    const struct profile *p = scene->profile;
    const char *name = name_of(s, scene, &key->server);

    if (profile_is_ems_address(p, &key->server) || (name && profile_is_ems_name(p, name)))
        return true;
    /* Only names are configured and this server has none: it may be one of them. */
    return !p->n_ems_addresses && !name;
}

static void raise_unexpected(struct summary *s, const struct scene *scene,
                             const struct service_key *key, uint64_t frame, int64_t first_ns)
{
    struct group *set = summary_set(s, F_CHECKIN_UNEXPECTED_SERVER, &key->server, key->port);
    const struct service *service = profile_service(scene->profile, key->port);

    if (!set)
        return;
    set->heads = true;
    summary_set_severity(s, set, SEVERITY_WARNING);
    summary_set_member(s, set, &key->client, frame);
    if (!set->first_ns || first_ns < set->first_ns)
        set->first_ns = first_ns;
    if (service && service->expect == EXPECT_NEVER)
        snprintf(set->words, sizeof set->words, "port %u is configured as never used", key->port);
    else
        snprintf(set->words, sizeof set->words, "the configuration names other servers");
}

/* Exchanges that worked where the site expects none. */
static void find_unexpected(struct summary *s, const struct scene *scene, uint32_t k)
{
    const struct profile *p = scene->profile;
    const struct service_key *key = table_key(&s->services, k - 1);
    const struct service *service = key->is_lookup ? NULL : profile_service(p, key->port);
    struct visits v = { .first_failed_ns = never_ns, .first_ok_ns = never_ns };
    bool never = service && service->expect == EXPECT_NEVER;
    bool configured = p->n_ems_names || p->n_ems_addresses;

    if (((const struct service_count *)table_at(&s->services, k - 1))->posture && !never)
        return;
    if (!never && (!configured || !service || !service->checkin || is_expected(s, scene, key)))
        return;
    visit(&v, s, k);
    if (v.ok)
        raise_unexpected(s, scene, key, v.ok_frame, v.first_ok_ns);
}

static void find_backup(struct summary *s, const struct scene *scene, const struct endpoint *e)
{
    const struct visits none = { .first_failed_ns = never_ns, .first_ok_ns = never_ns };
    struct visits of[] = { [EMS_UNKNOWN] = none, [EMS_PRIMARY] = none, [EMS_BACKUP] = none };
    const struct visits *primary = &of[EMS_PRIMARY], *backup = &of[EMS_BACKUP];

    for (uint32_t k = e->first_service; k;) {
        const struct service_key *key = table_key(&s->services, k - 1);
        if (is_checkin(scene, key))
            visit(&of[profile_role(scene->profile, &key->server, name_of(s, scene, &key->server))],
                  s, k);
        k = ((const struct service_count *)table_at(&s->services, k - 1))->next;
    }
    if (primary->failed && backup->ok && backup->last_ok_ns > primary->first_failed_ns)
        raise_backup(s, primary, backup);
}

void checkin_servers_find(struct summary *s, const struct scene *scene)
{
    if (!s->history.order || !scene->profile)
        return;
    for (uint32_t i = 0; i < s->endpoints.n; i++) {
        const struct endpoint *e = table_at(&s->endpoints, i);
        if (scene->profile->n_sections)
            find_backup(s, scene, e);
        for (uint32_t k = e->first_service; k;) {
            find_unexpected(s, scene, k);
            k = ((const struct service_count *)table_at(&s->services, k - 1))->next;
        }
    }
}
