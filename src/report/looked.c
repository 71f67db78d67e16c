/* Where shakeout looked for FortiClient and EMS when it found neither. */
#include "report/inside.h"

#include <inttypes.h>

static void write_other_ports(struct page *p, const struct report *r)
{
    char line[400];
    struct text t = text_of(line, sizeof line);
    const struct table *ports = &r->summary.other_ports;
    for (size_t i = 0; i < ports->n && i < 8; i++)
        text_format(&t, "%sport %" PRIu32 ": %" PRIu64, i ? "   " : "",
                    *(const uint32_t *)table_key(ports, i), *(const uint64_t *)table_at(ports, i));
    if (ports->n > 8)
        text_format(&t, "   and %zu more ports", ports->n - 8);
    if (t.n)
        page_field(p, "There is", PAGE_FIELD, line, NULL);
}

static uint64_t connections_to(const struct summary *s, uint32_t port)
{
    const uint64_t *others = table_get(&s->other_ports, &port);
    uint64_t n = others ? *others : 0;
    for (size_t i = 0; i < s->services.n; i++) {
        const struct service_key *key = table_key(&s->services, i);
        const struct service_count *c = table_at(&s->services, i);
        n += key->port == port && !key->is_lookup ? c->attempts : 0;
    }
    return n;
}

/* What was looked for, and what is there instead. */
void looked_at_write(struct page *p, const struct report *r, const struct scene *scene)
{
    char line[200];
    struct text t = text_of(line, sizeof line);
    uint64_t questions = 0, connections = 0;

    text_add(&t, "ports");
    for (size_t i = 0; i < scene->profile->n_services; i++)
        if (scene->profile->service[i].checkin) {
            text_format(&t, " %u", scene->profile->service[i].port);
            connections += connections_to(&r->summary, scene->profile->service[i].port);
        }
    text_format(&t, ": %" PRIu64 " connections", connections);
    page_field(p, "Looked at", PAGE_FIELD, line, NULL);
    if (!scene->profile->n_ems_names && !scene->profile->n_ems_addresses)
        page_field(p, "", PAGE_FIELD, "port 443 to a known EMS: no EMS address or name known",
                   NULL);
    for (size_t i = 0; scene->names && i < names_lookups(scene->names); i++) {
        struct lookup *l = names_lookup((struct names *)(uintptr_t)scene->names, i);
        questions += profile_names_ems(scene->profile, l->name);
    }
    snprintf(line, sizeof line, "DNS questions for names of an EMS: %" PRIu64, questions);
    page_field(p, "", PAGE_FIELD, line, NULL);
    write_other_ports(p, r);
    if (scene->filter[0]) {
        snprintf(line, sizeof line, "\"%.150s\"", scene->filter);
        page_field(p, "Filter", PAGE_FIELD, line, NULL);
    }
}
