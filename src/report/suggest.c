/* suggest.c - what a capture shows of a site, as the beginning of a configuration. */
#include "report/inside.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A name from the wire goes into the file only as far as a host name has such characters. */
static bool is_host_name(const char *name)
{
    struct address address;
    size_t n = strlen(name);

    return n && n < 150 && !address_parse(name, &address) &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") == n;
}

static const char *name_of(const struct scene *scene, const struct address *address,
                           const struct server *s)
{
    const char *name = scene->names ? names_of(scene->names, address) : NULL;

    if (!name && s->from_tls)
        name = s->name;
    return name && is_host_name(name) ? name : NULL;
}

static void put_line(struct report *r, const char *line)
{
    writer_put(&r->writer, line);
    writer_end_line(&r->writer);
}

static void write_server(struct report *r, const struct scene *scene, size_t i, size_t number)
{
    const struct address *address = table_key(&r->summary.servers, i);
    const struct server *s = table_at(&r->summary.servers, i);
    const char *name = name_of(scene, address, s);
    char text[ADDRESS_TEXT], line[300];
    struct text t = text_of(line, sizeof line);

    put_line(r, "");
    text_add(&t, "# ");
    if (s->answers_checkin)
        text_format(&t, "answered on %u", s->checkin_port);
    else
        text_add(&t, s->configured ? "told by --ems" : "recognised by its name");
    put_line(r, line);
    snprintf(line, sizeof line, "[ems server%zu]", number);
    put_line(r, line);
    snprintf(line, sizeof line, "name = %s", name ? name : "");
    if (name)
        put_line(r, line);
    snprintf(line, sizeof line, "addresses = %s", address_text(address, text));
    put_line(r, line);
    put_line(r, "# primary or backup: the capture does not tell");
    put_line(r, "role = primary");
}

static int by_length(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* The median of what the endpoints keep; 0 = none is known. */
static int64_t usual_interval_s(const struct summary *s)
{
    enum { ENOUGH = 1024 };
    static const int64_t second_ns = 1000000000;
    int64_t interval[ENOUGH];
    size_t n = 0;

    for (size_t i = 0; i < s->endpoints.n && n < ENOUGH; i++) {
        const struct endpoint *e = table_at(&s->endpoints, i);
        if (e->checkins.interval_ns)
            interval[n++] = e->checkins.interval_ns;
    }
    qsort(interval, n, sizeof *interval, by_length);
    return n ? (interval[n / 2] + second_ns / 2) / second_ns : 0;
}

/* A FortiGate answers on 8013 as well (ok.tls.fortigate_posture), and is no EMS. */
static bool is_fortigate(const struct summary *s, const struct address *server)
{
    for (size_t i = 0; i < s->services.n; i++) {
        const struct service_key *key = table_key(&s->services, i);
        const struct service_count *count = table_at(&s->services, i);
        if (count->posture && address_equal(&key->server, server))
            return true;
    }
    return false;
}

/* Addresses that packets show to be several hosts; the first ones, for a line has its limit. */
static void write_nat(struct report *r, const struct scene *scene)
{
    enum { SUGGESTED = 8 };
    char line[190];
    struct text t = text_of(line, sizeof line);
    size_t n = 0;

    for (size_t i = 0; i < r->summary.endpoints.n && n < SUGGESTED; i++) {
        const struct address *client = table_key(&r->summary.endpoints, i);
        char address[ADDRESS_TEXT];
        if (address_is_ipv4(client) && summary_is_shared(&r->summary, scene, client))
            text_format(&t, "%s%s", n++ ? ", " : "nat = ", address_text(client, address));
    }
    if (!n)
        return;
    put_line(r, "");
    put_line(r, "[endpoints]");
    put_line(r, "# several hosts use them");
    put_line(r, line);
}

void suggest_report(struct report *r, const struct scene *scene)
{
    int64_t interval = usual_interval_s(&r->summary);
    size_t n = 0;
    char line[64];

    put_line(r, "# Made from a capture: read it over.");
    put_line(r, "[shakeout]");
    put_line(r, "schema = 1");
    for (size_t i = 0; i < r->summary.servers.n && n < EMS_MAX; i++)
        if (!is_fortigate(&r->summary, table_key(&r->summary.servers, i)))
            write_server(r, scene, i, ++n);
    if (!n) {
        put_line(r, "");
        put_line(r, "# No EMS server was recognised.");
    }
    write_nat(r, scene);
    put_line(r, "");
    put_line(r, "[checkin]");
    snprintf(line, sizeof line, "# about %" PRId64 " s were seen", interval);
    if (interval)
        put_line(r, line);
    put_line(r, "interval = auto");
}
