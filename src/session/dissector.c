/* dissector.c - the registry, made from the list in dissectors/meson.build. */
#include "session/dissector.h"

#include "dissector_list.h"

#include <string.h>

#define DECLARE(name) extern const struct dissector name##_dissector;
DISSECTOR_LIST(DECLARE)
#undef DECLARE

#define ENTRY(name) { #name, &name##_dissector },
static const struct {
    const char *key; /* of its file, and in a profile */
    const struct dissector *dissector;
} registry[] = { DISSECTOR_LIST(ENTRY){ NULL, NULL } };
#undef ENTRY

const struct dissector *dissector_at(size_t i)
{
    return i < sizeof registry / sizeof *registry ? registry[i].dissector : NULL;
}

const char *dissector_key(size_t i)
{
    return i < sizeof registry / sizeof *registry ? registry[i].key : NULL;
}

const struct dissector *dissector_named(const char *name)
{
    for (size_t i = 0; registry[i].dissector; i++)
        if (strcmp(registry[i].dissector->name, name) == 0)
            return registry[i].dissector;
    return NULL;
}

static const struct dissector *with_key(const char *key)
{
    for (size_t i = 0; registry[i].dissector; i++)
        if (strcmp(registry[i].key, key) == 0)
            return registry[i].dissector;
    return NULL;
}

const struct dissector *dissector_for_port(const struct profile *profile, uint16_t port)
{
    const struct service *service = profile ? profile_service(profile, port) : NULL;

    if (service && service->dissector[0])
        return with_key(service->dissector);
    for (size_t i = 0; registry[i].dissector; i++)
        for (const uint16_t *p = registry[i].dissector->ports; *p; p++)
            if (*p == port)
                return registry[i].dissector;
    return NULL;
}

bool dissectors_known(const struct profile *profile, uint16_t *port)
{
    for (size_t i = 0; i < profile->n_services; i++) {
        const struct service *service = &profile->service[i];
        *port = service->port;
        if (service->dissector[0] && !with_key(service->dissector))
            return false;
    }
    return true;
}

/* TLS is recognised by the session on every port before a dissector is asked, so what arrives here
 * is too short to tell, or something else; the opening keeps what it said. */
enum step session_expect_tls(struct session *s, enum side from, struct bytes *in)
{
    int tls = from == CLIENT ? tls_looks_like_client(in) : tls_looks_like_server(in);

    return tls < 0 && !s->opening[from].line[0] ? STEP_MORE : STEP_ALIEN;
}
