#include "correlate/trait.h"

#include "tls/names.h"
#include "verdict/served.h"

#include <string.h>

static const struct trait_words {
    const char *name, *before, *after;
} words[TRAITS] = {
    [TRAIT_SUBNET] = { "subnet", "subnet ", "" },
    [TRAIT_VLAN] = { "vlan", "VLAN ", "" },
    [TRAIT_RESOLVER] = { "resolver", "DNS server ", "" },
    [TRAIT_PROXY] = { "proxy", "proxy ", "" },
    [TRAIT_SERVER] = { "server", "server address ", "" },
    [TRAIT_VERSION] = { "tls_version", "", " as the highest version offered" },
    [TRAIT_STACK] = { "tls_stack", "TLS greeting ", "" },
    [TRAIT_SIZE] = { "mss", "segments of at most ", " bytes" },
    [TRAIT_HOPS] = { "hops", "", " routers away from the capture" },
};

bool traits_open(struct table *values)
{
    return table_open(values, sizeof(struct trait_key), sizeof(struct trait), TRAIT_VALUES);
}

static bool is_value(const struct table *values, uint32_t value, const struct trait_key *key)
{
    return value && memcmp(table_key(values, value - 1), key, sizeof *key) == 0;
}

/* Where the traits of one connection are looked for, and where they go. */
struct noting {
    struct table *values;
    const struct trait_hints *hints;
    struct traits *out;
};

/* Most connections show what their endpoint has shown before, or what others show. */
static void note(const struct noting *n, const struct trait_key *key)
{
    const struct traits *known = n->hints->known, *usual = n->hints->usual;
    const struct traits *const near[] = { &known[0], &usual[0], &known[1], &usual[1] };
    uint32_t *number = &n->out->value[key->kind];

    for (size_t i = 0; i < sizeof near / sizeof *near; i++) {
        *number = near[i]->value[key->kind];
        if (is_value(n->values, *number, key))
            return;
    }
    struct trait *trait = table_put(n->values, key);
    if (trait && !trait->number)
        trait->number = (uint32_t)n->values->n;
    *number = trait ? trait->number : 0;
}

static void note_octets(const struct noting *n, enum trait_kind kind, const void *octets,
                        size_t length)
{
    struct trait_key key = { .kind = (uint8_t)kind };
    memcpy(key.octet, octets, length);
    note(n, &key);
}

static void note_number(const struct noting *n, enum trait_kind kind, uint64_t v)
{
    note_octets(n, kind, &v, sizeof v);
}

static void note_address(const struct noting *n, enum trait_kind kind, const struct address *a)
{
    note_octets(n, kind, a->octet, sizeof a->octet);
}

static void note_proxy(const struct noting *n, const struct flow *flow)
{
    uint8_t octets[TRAIT_OCTETS];
    memcpy(octets, flow->address[SERVER].octet, 16);
    memcpy(octets + 16, &flow->port[SERVER], 2);
    note_octets(n, TRAIT_PROXY, octets, sizeof octets);
}

static void note_hello(const struct noting *n, const struct flow *flow)
{
    const struct tls *tls = flow->session ? flow->session->tls : NULL;
    const struct tls_client_hello *hello = tls ? tls->hello : NULL;

    if (!hello || hello->cut || hello->malformed)
        return;
    const struct shape *shape = n->hints->shape;
    note_number(n, TRAIT_VERSION, shape ? shape->offered_highest : tls_offered_highest(hello));
    note_number(n, TRAIT_STACK, shape ? shape->mark : tls_hello_mark(hello));
}

static unsigned hops_of(uint8_t ttl)
{
    return ttl <= 64 ? 64u - ttl : ttl <= 128 ? 128u - ttl : 255u - ttl;
}

static void note_flow(const struct noting *n, const struct verdict *v)
{
    const struct flow *flow = v->flow;
    const struct session *session = flow->session;

    if (flow->vlan)
        note_number(n, TRAIT_VLAN, flow->vlan - 1u);
    if (!address_is_unspecified(&v->resolver))
        note_address(n, TRAIT_RESOLVER, &v->resolver);
    if (session && session->talk && session->talk->target[0])
        note_proxy(n, flow);
    else
        note_address(n, TRAIT_SERVER, &flow->address[SERVER]);
    note_hello(n, flow);
    if (flow->more && flow->more->half[CLIENT].syn_options.mss)
        note_number(n, TRAIT_SIZE, flow->more->half[CLIENT].syn_options.mss);
    if (flow->half[CLIENT].flags & HALF_SEEN && flow->half[CLIENT].ttl)
        note_number(n, TRAIT_HOPS, hops_of(flow->half[CLIENT].ttl));
}

void traits_of(struct table *values, const struct verdict *v, const struct trait_hints *hints,
               struct traits *out)
{
    const struct address *client = v->flow ? &v->flow->address[CLIENT] : &v->lookup->client;
    struct address subnet = served_subnet(client);
    const struct noting n = { .values = values, .hints = hints, .out = out };

    *out = (struct traits){ { 0 } };
    note_address(&n, TRAIT_SUBNET, &subnet);
    if (v->flow)
        note_flow(&n, v);
    else
        note_address(&n, TRAIT_RESOLVER, &v->lookup->server);
}

void traits_keep(struct traits kept[2], const struct traits *latest)
{
    for (int i = 0; i < TRAITS; i++) {
        uint32_t value = latest->value[i];
        if (!value || value == kept[0].value[i])
            continue;
        kept[1].value[i] = kept[0].value[i];
        kept[0].value[i] = value;
    }
}

const char *trait_kind_name(enum trait_kind kind) { return words[kind].name; }

enum trait_kind trait_kind_of(const struct table *values, uint32_t value)
{
    return (enum trait_kind)((const struct trait_key *)table_key(values, value - 1))->kind;
}

uint64_t trait_number(const struct table *values, uint32_t value)
{
    const struct trait_key *key = table_key(values, value - 1);
    uint64_t number;

    memcpy(&number, key->octet, sizeof number);
    return number;
}

static void add_proxy(const struct trait_key *key, struct text *out)
{
    struct address address;
    uint16_t port;
    char text[ADDRESS_TEXT];
    memcpy(address.octet, key->octet, 16);
    memcpy(&port, key->octet + 16, 2);
    text_format(out, address_is_ipv4(&address) ? "%s:%u" : "[%s]:%u", address_text(&address, text),
                port);
}

void trait_value_text(const struct table *values, uint32_t value, struct text *out)
{
    const struct trait_key *key = table_key(values, value - 1);
    struct address address;
    uint64_t number = trait_number(values, value);
    char text[ADDRESS_TEXT];

    memcpy(address.octet, key->octet, 16);
    switch ((enum trait_kind)key->kind) {
    case TRAIT_SUBNET:
        text_format(out, "%s/%d", address_text(&address, text),
                    address_is_ipv4(&address) ? 24 : 64);
        break;
    case TRAIT_RESOLVER:
    case TRAIT_SERVER:
        text_add(out, address_text(&address, text));
        break;
    case TRAIT_PROXY:
        add_proxy(key, out);
        break;
    case TRAIT_VERSION:
        text_add(out,
                 tls_version_name((uint16_t)number) ? tls_version_name((uint16_t)number) : "?");
        break;
    case TRAIT_STACK:
        text_format(out, "%08x", (unsigned)number);
        break;
    default:
        text_format(out, "%u", (unsigned)number);
    }
}

void trait_text(const struct table *values, uint32_t value, struct text *out)
{
    const struct trait_words *w = &words[trait_kind_of(values, value)];
    text_add(out, w->before);
    trait_value_text(values, value, out);
    text_add(out, w->after);
}
