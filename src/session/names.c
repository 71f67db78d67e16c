#include "session/names.h"

#include "base/table.h"

#include <stdlib.h>
#include <string.h>

static const int64_t same_question_ns = 30LL * 1000000000;

/* The newest lookup of one question; older ones are reached by their number only. */
struct question {
    struct address client, server;
    uint16_t type;
    char name[DNS_NAME_TEXT];
};

/* The newest lookup of a client that answered with an address. */
struct route {
    struct address client, address;
};

struct label {
    char name[DNS_NAME_TEXT];
    bool from_dns;
};

struct names {
    struct table questions; /* struct question -> uint32_t lookup number */
    struct table routes;    /* struct route -> uint32_t lookup number */
    struct table labels;    /* struct address -> struct label */
    struct lookup **chunks; /* of LOOKUP_CHUNK */
    size_t n, n_chunks;
    uint64_t refused;
};

enum { LOOKUP_CHUNK = 64 };

struct names *names_open(void)
{
    struct names *names = calloc(1, sizeof *names);
    if (!names)
        return NULL;
    if (table_open(&names->questions, sizeof(struct question), sizeof(uint32_t), NAMES_LOOKUPS) &&
        table_open(&names->routes, sizeof(struct route), sizeof(uint32_t), NAMES_LOOKUPS) &&
        table_open(&names->labels, sizeof(struct address), sizeof(struct label), NAMES_LABELS))
        return names;
    names_close(names);
    return NULL;
}

void names_close(struct names *names)
{
    if (!names)
        return;
    for (size_t i = 0; i < names->n_chunks; i++)
        free(names->chunks[i]);
    free(names->chunks);
    table_close(&names->questions);
    table_close(&names->routes);
    table_close(&names->labels);
    free(names);
}

size_t names_lookups(const struct names *names) { return names->n; }
uint64_t names_refused(const struct names *names) { return names->refused; }

struct lookup *names_lookup(const struct names *names, size_t i)
{
    return &names->chunks[i / LOOKUP_CHUNK][i % LOOKUP_CHUNK];
}

static struct lookup *lookup_new(struct names *names)
{
    if (names->n >= NAMES_LOOKUPS)
        return NULL;
    if (names->n == names->n_chunks * LOOKUP_CHUNK) {
        struct lookup **chunks = realloc(names->chunks, (names->n_chunks + 1) * sizeof *chunks);
        if (!chunks)
            return NULL;
        names->chunks = chunks;
        chunks[names->n_chunks] = calloc(LOOKUP_CHUNK, sizeof(struct lookup));
        if (!chunks[names->n_chunks])
            return NULL;
        names->n_chunks++;
    }
    return names_lookup(names, names->n++);
}

static void question_key(const struct dns_message *m, struct question *out)
{
    memset(out, 0, sizeof *out);
    out->client = m->client;
    out->server = m->server;
    out->type = m->type;
    memcpy(out->name, m->name, strnlen(m->name, sizeof out->name - 1));
}

static struct lookup *lookup_newest(struct names *names, const struct question *key)
{
    const uint32_t *at = table_get(&names->questions, key);
    return at && *at ? names_lookup(names, *at - 1) : NULL;
}

static void query_seen(struct names *names, const struct dns_message *m)
{
    struct question key;
    question_key(m, &key);
    struct lookup *l = lookup_newest(names, &key);
    bool same = l && m->time_ns - l->last_try_ns < same_question_ns &&
                (!l->answered || (l->truncated && m->tcp && !l->tcp));
    if (!same) {
        uint32_t *at = table_put(&names->questions, &key);
        l = at ? lookup_new(names) : NULL;
        if (!l) {
            names->refused++;
            return;
        }
        *at = (uint32_t)names->n;
        *l = (struct lookup){ .client = m->client,
                              .server = m->server,
                              .server_port = m->server_port,
                              .type = m->type,
                              .first_ns = m->time_ns };
        memcpy(l->name, key.name, sizeof l->name);
    }
    if (l->tries < LOOKUP_FRAMES)
        l->frames[l->tries] = m->frame;
    l->tries++;
    l->repeats += same && !l->truncated;
    l->client_port = m->client_port;
    l->id = m->id;
    l->tcp = m->tcp;
    l->last_try_ns = m->time_ns;
    if (same && l->truncated && m->tcp)
        l->answered = l->truncated = false; /* asked again over TCP, as RFC 7766 wants */
}

static void label_put(struct names *names, const struct address *address, const char *name,
                      bool from_dns)
{
    struct label *label = name[0] ? table_put(&names->labels, address) : NULL;
    if (!label || (label->name[0] && label->from_dns && !from_dns))
        return;
    memcpy(label->name, name, strnlen(name, sizeof label->name - 1) + 1);
    label->name[sizeof label->name - 1] = '\0';
    label->from_dns = from_dns;
}

static void reply_seen(struct names *names, const struct dns_message *m)
{
    struct question key;
    question_key(m, &key);
    struct lookup *l = lookup_newest(names, &key);
    bool late = l && l->answered;
    if (!l || (late && l->rcode == DNS_NOERROR && l->n_answers)) {
        if (!l && m->rcode == DNS_NOERROR) /* the question was before the capture */
            for (unsigned i = 0; i < m->n_answers; i++)
                label_put(names, &m->answer[i], m->name, true);
        return;
    }
    l->answered = true;
    l->truncated = m->truncated;
    l->cut = m->cut;
    l->rcode = m->rcode;
    l->reply_frame = m->frame;
    l->reply_ns = m->time_ns;
    l->n_answers = m->n_answers;
    l->n_answers_all = m->n_answers_all;
    memcpy(l->answer, m->answer, sizeof l->answer);
    memcpy(l->canonical, m->canonical, sizeof l->canonical);
    const uint32_t *number = table_get(&names->questions, &key);
    for (unsigned i = 0; i < m->n_answers; i++) {
        struct route route = { m->client, m->answer[i] };
        uint32_t *at = table_put(&names->routes, &route);
        if (at)
            *at = *number;
        label_put(names, &m->answer[i], m->name, true);
    }
}

void names_message(struct names *names, const struct dns_message *message)
{
    if (message->reply)
        reply_seen(names, message);
    else
        query_seen(names, message);
}

void names_icmp(struct names *names, const struct address *client, uint16_t client_port,
                const struct address *server, uint16_t server_port, uint64_t frame, uint8_t type,
                uint8_t code)
{
    enum { LOOK_BACK = 64 }; /* an error follows its question closely */
    for (size_t i = names->n; i > 0 && names->n - i < LOOK_BACK; i--) {
        struct lookup *l = names_lookup(names, i - 1);
        if (l->client_port == client_port && l->server_port == server_port &&
            address_equal(&l->client, client) && address_equal(&l->server, server) &&
            !l->icmp_frame) {
            l->icmp_frame = frame;
            l->icmp_type = type;
            l->icmp_code = code;
            return;
        }
    }
}

void names_learn(struct names *names, const struct address *address, const char *name)
{
    label_put(names, address, name, false);
}

const char *names_of(const struct names *names, const struct address *address)
{
    const struct label *label = table_get(&names->labels, address);
    return label && label->name[0] ? label->name : NULL;
}

bool names_from_dns(const struct names *names, const struct address *address)
{
    const struct label *label = table_get(&names->labels, address);
    return label && label->from_dns;
}

const struct lookup *names_lookup_for(const struct names *names, const struct address *client,
                                      const struct address *address, int64_t before_ns)
{
    struct route route = { *client, *address };
    const uint32_t *at = table_get(&names->routes, &route);
    const struct lookup *l = at && *at ? names_lookup(names, *at - 1) : NULL;
    return l && l->reply_ns <= before_ns ? l : NULL;
}
