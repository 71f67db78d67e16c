/* dissector.c - the registry, made from the list in dissectors/meson.build. */
#include "session/dissector.h"

#include "dissector_list.h"

#include <string.h>

#define DECLARE(name) extern const struct dissector name##_dissector;
DISSECTOR_LIST(DECLARE)
#undef DECLARE

#define ENTRY(name) &name##_dissector,
static const struct dissector *const registry[] = { DISSECTOR_LIST(ENTRY) NULL };
#undef ENTRY

const struct dissector *dissector_at(size_t i)
{
    return i < sizeof registry / sizeof *registry ? registry[i] : NULL;
}

const struct dissector *dissector_named(const char *name)
{
    for (size_t i = 0; registry[i]; i++)
        if (strcmp(registry[i]->name, name) == 0)
            return registry[i];
    return NULL;
}

const struct dissector *dissector_for_port(uint16_t port)
{
    for (size_t i = 0; registry[i]; i++)
        for (const uint16_t *p = registry[i]->ports; *p; p++)
            if (*p == port)
                return registry[i];
    return NULL;
}

/* TLS is recognised by the session on every port before a dissector is asked, so what arrives here
 * is too short to tell, or something else; the opening keeps what it said. */
enum step session_expect_tls(struct session *s, enum side from, struct bytes *in)
{
    int tls = from == CLIENT ? tls_looks_like_client(in) : tls_looks_like_server(in);

    return tls < 0 && !s->opening[from].line[0] ? STEP_MORE : STEP_ALIEN;
}
