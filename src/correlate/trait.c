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

/* Most connections show what their endpoint has shown before. */
static void note(struct table *values, const struct trait_key *key, const struct traits known[2],
                 struct traits *out)
{
    uint32_t *number = &out->value[key->kind];

    for (int i = 0; i < 2; i++) {
        *number = known[i].value[key->kind];
        if (is_value(values, *number, key))
            return;
    }
    struct trait *trait = table_put(values, key);
    if (trait && !trait->number)
        trait->number = (uint32_t)values->n;
    *number = trait ? trait->number : 0;
}

static void note_octets(struct table *values, enum trait_kind kind, const void *octets, size_t n,
                        const struct traits known[2], struct traits *out)
{
    struct trait_key key = { .kind = (uint8_t)kind };
    memcpy(key.octet, octets, n);
    note(values, &key, known, out);
}

static void note_number(struct table *values, enum trait_kind kind, uint64_t v,
                        const struct traits known[2], struct traits *out)
{
    note_octets(values, kind, &v, sizeof v, known, out);
}

static void note_address(struct table *values, enum trait_kind kind, const struct address *a,
                         const struct traits known[2], struct traits *out)
{
    note_octets(values, kind, a->octet, sizeof a->octet, known, out);
}

static void note_proxy(struct table *values, const struct flow *flow, const struct traits known[2],
                       struct traits *out)
{
    uint8_t octets[TRAIT_OCTETS];
    memcpy(octets, flow->address[SERVER].octet, 16);
    memcpy(octets + 16, &flow->port[SERVER], 2);
    note_octets(values, TRAIT_PROXY, octets, sizeof octets, known, out);
}

static void note_hello(struct table *values, const struct flow *flow, const struct traits known[2],
                       struct traits *out)
{
    const struct tls *tls = flow->session ? flow->session->tls : NULL;
    const struct tls_client_hello *hello = tls ? tls->hello : NULL;

    if (!hello || hello->cut || hello->malformed)
        return;
    note_number(values, TRAIT_VERSION, tls_offered_highest(hello), known, out);
    note_number(values, TRAIT_STACK, tls_hello_mark(hello), known, out);
}

static unsigned hops_of(uint8_t ttl)
{
    return ttl <= 64 ? 64u - ttl : ttl <= 128 ? 128u - ttl : 255u - ttl;
}

static void note_flow(struct table *values, const struct verdict *v, const struct traits known[2],
                      struct traits *out)
{
    const struct flow *flow = v->flow;
    const struct session *session = flow->session;

    if (flow->vlan)
        note_number(values, TRAIT_VLAN, flow->vlan - 1u, known, out);
    if (!address_is_unspecified(&v->resolver))
        note_address(values, TRAIT_RESOLVER, &v->resolver, known, out);
    if (session && session->talk && session->talk->target[0])
        note_proxy(values, flow, known, out);
    else
        note_address(values, TRAIT_SERVER, &flow->address[SERVER], known, out);
    note_hello(values, flow, known, out);
    if (flow->more && flow->more->half[CLIENT].syn_options.mss)
        note_number(values, TRAIT_SIZE, flow->more->half[CLIENT].syn_options.mss, known, out);
    if (flow->half[CLIENT].flags & HALF_SEEN && flow->half[CLIENT].ttl)
        note_number(values, TRAIT_HOPS, hops_of(flow->half[CLIENT].ttl), known, out);
}

void traits_of(struct table *values, const struct verdict *v, const struct traits known[2],
               struct traits *out)
{
    const struct address *client = v->flow ? &v->flow->address[CLIENT] : &v->lookup->client;
    struct address subnet = served_subnet(client);

    *out = (struct traits){ { 0 } };
    note_address(values, TRAIT_SUBNET, &subnet, known, out);
    if (v->flow)
        note_flow(values, v, known, out);
    else
        note_address(values, TRAIT_RESOLVER, &v->lookup->server, known, out);
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
