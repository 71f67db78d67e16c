/* The lines of type dns. */
#include "report/json_parts.h"

static const char *dns_type_name(uint16_t type)
{
    static const struct dns_word {
        uint16_t type;
        const char *name;
    } words[] = { { DNS_A, "A" },       { DNS_CNAME, "CNAME" }, { DNS_PTR, "PTR" },
                  { DNS_AAAA, "AAAA" }, { DNS_SVCB, "SVCB" },   { DNS_HTTPS, "HTTPS" } };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (words[i].type == type)
            return words[i].name;
    return NULL;
}

static void put_rcode(struct writer *w, uint16_t rcode)
{
    static const char *const names[] = { "NOERROR",  "FORMERR", "SERVFAIL",
                                         "NXDOMAIN", "NOTIMP",  "REFUSED" };
    char number[8];
    snprintf(number, sizeof number, "%u", rcode);
    json_word(w, "response_code", rcode < sizeof names / sizeof *names ? names[rcode] : number);
}

static void put_dns(struct report *r, const struct lookup *l)
{
    struct writer *w = &r->writer;
    const char *type = dns_type_name(l->type);
    char number[12];

    json_object(w, "dns");
    snprintf(number, sizeof number, "%u", l->id);
    json_word(w, "id", number);
    json_word(w, "type", l->answered ? "answer" : "query");
    if (l->answered)
        put_rcode(w, l->rcode);
    json_object(w, "question");
    json_string(w, "name", l->name, &r->cut);
    snprintf(number, sizeof number, "TYPE%u", l->type);
    json_word(w, "type", type ? type : number);
    json_word(w, "class", "IN");
    json_end_object(w);
    if (l->n_answers) {
        json_array(w, "resolved_ip");
        for (unsigned i = 0; i < l->n_answers && i < LOOKUP_ANSWERS; i++)
            json_address(w, NULL, &l->answer[i]);
        json_end_array(w);
    }
    json_end_object(w);
}

static size_t lookup_frames(const struct lookup *l, uint64_t out[LOOKUP_FRAMES + 2])
{
    size_t n = 0;
    for (unsigned i = 0; i < l->tries && i < LOOKUP_FRAMES; i++)
        out[n++] = l->frames[i];
    if (l->icmp_frame)
        out[n++] = l->icmp_frame;
    if (l->reply_frame)
        out[n++] = l->reply_frame;
    return n;
}

static const char *lookup_outcome(const struct verdict *v)
{
    const struct lookup *l = v->lookup;
    if (v->primary.id && v->primary.severity == SEVERITY_ERROR)
        return "failure";
    return !l->answered ? "unknown" : l->rcode == DNS_NOERROR ? "success" : "failure";
}

struct mark mark_lookup(const struct lookup *l)
{
    struct mark m = mark_begin();

    mark_bytes(&m, l->client.octet, 16);
    mark_bytes(&m, l->server.octet, 16);
    mark_bytes(&m, l->name, strlen(l->name));
    mark_number(&m, (uint64_t)l->client_port << 32 | (uint64_t)l->type << 16 | l->id);
    mark_number(&m, (uint64_t)l->first_ns);
    return m;
}

void json_lookup(struct report *r, const struct scene *scene, const struct verdict *v)
{
    struct writer *w = &r->writer;
    const struct lookup *l = v->lookup;
    uint64_t frames[LOOKUP_FRAMES + 2];

    json_begin_line(r, l->first_ns);
    json_begin_event(r, "shakeout.dns", "event", LINE_LOOKUP, mark_lookup(l));
    json_put_category(w, "protocol", "info");
    json_word(w, "outcome", lookup_outcome(v));
    if (l->answered && l->reply_ns >= l->first_ns)
        json_number(w, "duration", (uint64_t)(l->reply_ns - l->first_ns));
    json_end_object(w);
    json_put_end(r, "client", &l->client, l->client_port, false);
    json_put_end(r, "server", &l->server, l->server_port, false);
    json_object(w, "network");
    json_word(w, "transport", l->tcp ? "tcp" : "udp");
    json_word(w, "protocol", "dns");
    json_put_community(r, &l->client, l->client_port, &l->server, l->server_port, l->tcp ? 6 : 17);
    json_end_object(w);
    put_dns(r, l);
    json_begin_shakeout(r);
    json_number(w, "tries", l->tries);
    json_put_frames(w, frames, lookup_frames(l, frames));
    json_put_primary(r, scene, v);
    if (v->primary.id)
        json_put_finding_ids(r, v);
    json_end_shakeout(r);
}
