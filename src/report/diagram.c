#include "report/diagram.h"

#include <inttypes.h>
#include <stdlib.h>

enum { LEFT, RIGHT, KINDS_MOST = 1 << 16 };

/* What makes a node; the record behind it is a struct place. */
struct node_key {
    struct address address;
    uint16_t port;    /* of a service; of endpoints the finding that is worst */
    uint16_t lookup;  /* a resolver */
    uint32_t several; /* the address is that of a network */
};

struct place {
    uint64_t members, attempts, failed;
    size_t node; /* + 1 */
    uint16_t via_port;
    bool proxy, via_many;
};

static struct address network_of(const struct address *address)
{
    struct address network = *address;
    size_t keep = address_is_ipv4(address) ? 15 : 8;

    memset(network.octet + keep, 0, sizeof network.octet - keep);
    return network;
}

static uint16_t worst_of(const struct diagram *d, const struct address *client)
{
    const struct summary *s = &d->report->summary;
    const struct endpoint *e = table_get(&s->endpoints, client);
    const struct group *g = e && e->worst_group ? table_at(&s->groups, e->worst_group - 1) : NULL;

    return g ? (uint16_t)g->id : (uint16_t)F_NONE;
}

static struct node_key left_key(const struct diagram *d, const struct address *client)
{
    if (!d->grouped)
        return (struct node_key){ .address = *client };
    return (struct node_key){ .address = network_of(client),
                              .port = worst_of(d, client),
                              .several = 1 };
}

static struct node_key right_key(const struct service_key *key)
{
    return (struct node_key){ .address = key->server, .port = key->port, .lookup = key->is_lookup };
}

/* ---- which nodes ---- */

static void count(struct table *side, const struct node_key *key, const struct service_count *c)
{
    struct place *place = c->attempts ? table_put(side, key) : NULL;

    if (!place)
        return; /* it goes with the rest, or is a name that was answered: no line of its own */
    place->attempts += c->attempts;
    place->failed += c->failed;
    if (!c->via_port)
        return;
    place->via_many |= c->via_many || (place->via_port && place->via_port != c->via_port);
    place->via_port = c->via_port;
    place->proxy = true;
}

static void count_members(struct diagram *d)
{
    const struct table *endpoints = &d->report->summary.endpoints;

    for (size_t i = 0; i < endpoints->n; i++) {
        struct address client;
        memcpy(&client, table_key(endpoints, i), sizeof client);
        struct node_key key = left_key(d, &client);
        struct place *place = table_get(&d->sides[LEFT], &key);
        if (place)
            place->members++;
    }
}

static void count_all(struct diagram *d)
{
    const struct table *services = &d->report->summary.services;

    for (size_t i = 0; i < services->n; i++) {
        const struct service_key *key = table_key(services, i);
        struct node_key left = left_key(d, &key->client), right = right_key(key);
        count(&d->sides[LEFT], &left, table_at(services, i));
        count(&d->sides[RIGHT], &right, table_at(services, i));
    }
    count_members(d);
}

struct choice {
    const struct node_key *key;
    struct place *place;
};

/* What fails comes first, then what is used most; then by address, so that pictures agree. */
static int by_need(const void *a, const void *b)
{
    const struct choice *x = a, *y = b;

    if (x->place->failed != y->place->failed)
        return x->place->failed < y->place->failed ? 1 : -1;
    if (x->place->attempts != y->place->attempts)
        return x->place->attempts < y->place->attempts ? 1 : -1;
    return memcmp(x->key, y->key, sizeof *x->key);
}

static void become(struct diagram_node *node, const struct choice *c)
{
    *node = (struct diagram_node){ .address = c->key->address,
                                   .port = c->key->port,
                                   .lookup = c->key->lookup,
                                   .proxy = c->place->proxy,
                                   .via_port = c->place->via_many ? 0 : c->place->via_port };
}

static size_t choose(struct table *side, struct diagram_node *node, size_t most)
{
    struct choice *all = calloc(side->n + 1, sizeof *all);
    size_t n = all ? side->n : 0;

    for (size_t i = 0; i < n; i++)
        all[i] = (struct choice){ table_key(side, i), table_at(side, i) };
    if (n)
        qsort(all, n, sizeof *all, by_need);
    for (size_t i = 0; i < n; i++) {
        struct diagram_node *at = &node[i < most ? i : most];
        all[i].place->node = (size_t)(at - node) + 1;
        if (i < most)
            become(at, &all[i]);
        at->rest = i >= most;
        at->members += all[i].place->members;
        at->failed += all[i].place->failed;
    }
    free(all);
    return n > most ? most + 1 : n;
}

/* ---- edges ---- */

static size_t node_at(const struct table *side, const struct node_key *key, size_t rest)
{
    const struct place *place = table_get(side, key);
    return place && place->node ? place->node - 1 : rest;
}

static void add_edge(struct diagram_edge *e, const struct service_count *c)
{
    if (c->failed && !e->failed) {
        e->stage = c->failed_stage;
        e->token =
            c->failed_stage < ATTEMPT_STAGES ? c->stage[c->failed_stage] : (uint8_t)TOKEN_FAIL;
    }
    e->attempts += c->attempts;
    e->ok += c->ok;
    e->failed += c->failed;
}

static void connect_all(struct diagram *d)
{
    const struct table *services = &d->report->summary.services;

    for (size_t i = 0; i < services->n; i++) {
        const struct service_key *key = table_key(services, i);
        struct node_key left = left_key(d, &key->client), right = right_key(key);
        size_t from = node_at(&d->sides[LEFT], &left, DIAGRAM_LEFT);
        size_t to = node_at(&d->sides[RIGHT], &right, DIAGRAM_RIGHT);
        add_edge(&d->edge[from][to], table_at(services, i));
    }
    for (size_t i = 0; i < d->n_left; i++)
        for (size_t k = 0; k < d->n_right; k++) {
            d->left[i].n_edges += d->edge[i][k].attempts != 0;
            d->right[k].n_edges += d->edge[i][k].attempts != 0;
        }
}

void diagram_words(const struct diagram_edge *e, struct text *out)
{
    if (!e->failed && !e->ok) {
        text_format(out, "%" PRIu64 " tried, cannot tell", e->attempts);
        return;
    }
    if (!e->failed) {
        text_format(out, "%" PRIu64 " of %" PRIu64 " work", e->ok, e->attempts);
        return;
    }
    text_format(out, "%" PRIu64 " of %" PRIu64 " fail: %s", e->failed, e->attempts,
                token_name((enum stage_token)e->token));
    if (e->stage < ATTEMPT_STAGES)
        text_format(out, " at %s", stage_name((enum stage)e->stage));
}

/* ---- what nodes say ---- */

static void name_left(const struct diagram *d, struct diagram_node *n)
{
    struct text title = text_of(n->title, sizeof n->title), text = text_of(n->text, sizeof n->text);
    char address[ADDRESS_TEXT];

    if (n->rest) {
        text_add(&title, "others");
        text_format(&text, "%" PRIu64 " endpoints", n->members);
        return;
    }
    if (d->grouped)
        fill_network(&n->address, &title);
    else
        text_add(&title, address_text(&n->address, address));
    if (d->grouped)
        text_format(&text, "%" PRIu64 " endpoint%s", n->members, n->members == 1 ? "" : "s");
    else
        text_add(&text, "endpoint");
    uint16_t worst = d->grouped ? n->port : worst_of(d, &n->address);
    if (worst != F_NONE) {
        text_add(&text, ", ");
        text_add(&text, finding_of((enum finding_id)worst)->id);
    }
}

static void name_right(const struct diagram *d, struct diagram_node *n)
{
    const struct server *server = table_get(&d->report->summary.servers, &n->address);
    struct text title = text_of(n->title, sizeof n->title), text = text_of(n->text, sizeof n->text);
    char address[ADDRESS_TEXT];

    if (n->rest) {
        text_add(&title, "other services");
        return;
    }
    bool named = server && server->name[0] && !d->report->config.names_hidden;
    if (named)
        text_foreign(&title, server->name, strlen(server->name));
    else
        text_add(&title, address_text(&n->address, address));
    if (named)
        text_format(&text, "%s ", address_text(&n->address, address));
    if (n->lookup)
        text_add(&text, "resolver of names");
    else
        text_format(&text, "port %u", n->port);
    if (n->proxy && n->via_port)
        text_format(&text, ", proxy to port %u", n->via_port);
    else if (n->proxy)
        text_add(&text, ", proxy");
}

/* ---- all of it ---- */

static void draw(struct diagram *d, struct writer *w, bool dot)
{
    count_all(d);
    d->n_left = choose(&d->sides[LEFT], d->left, DIAGRAM_LEFT);
    d->n_right = choose(&d->sides[RIGHT], d->right, DIAGRAM_RIGHT);
    connect_all(d);
    for (size_t i = 0; i < d->n_left; i++)
        name_left(d, &d->left[i]);
    for (size_t i = 0; i < d->n_right; i++)
        name_right(d, &d->right[i]);
    (dot ? diagram_dot : diagram_svg)(d, w);
}

void diagram_report(struct report *r, const struct scene *scene)
{
    struct diagram *d = calloc(1, sizeof *d);
    FILE *before = r->writer.out;

    if (!d)
        return;
    d->report = r;
    d->scene = scene;
    d->grouped = r->summary.endpoints.n > DIAGRAM_LEFT;
    writer_flush(&r->writer);
    r->writer.out = r->config.diagram;
    if (table_open(&d->sides[LEFT], sizeof(struct node_key), sizeof(struct place), KINDS_MOST) &&
        table_open(&d->sides[RIGHT], sizeof(struct node_key), sizeof(struct place), KINDS_MOST))
        draw(d, &r->writer, r->config.diagram_dot);
    writer_flush(&r->writer);
    r->writer.out = before;
    table_close(&d->sides[LEFT]);
    table_close(&d->sides[RIGHT]);
    free(d);
}
