#include "config/site.h"

#include "config/value.h"

#include <stdio.h>
#include <string.h>

#define N(array) (sizeof(array) / sizeof *(array))

static struct site_list *list_of(struct site *s, const char *section, const char *key)
{
    if (strcmp(section, "dns") == 0 && strcmp(key, "servers") == 0)
        return &s->resolvers;
    if (strcmp(section, "endpoints") != 0)
        return NULL;
    if (strcmp(key, "networks") == 0)
        return &s->networks;
    if (strcmp(key, "exclude") == 0)
        return &s->exclude;
    return strcmp(key, "nat") == 0 ? &s->nat : NULL;
}

static bool accept_list(struct site_list *list, const struct ini_entry *e, struct failure *failure)
{
    const char *rest = e->value, *item;
    bool hosts = strcmp(e->section, "dns") == 0;
    struct site_list read = { 0 };

    for (size_t n; (n = value_next(&rest, &item));) {
        if (read.n == SITE_NETWORKS)
            return value_refuse(failure, "more than %d of %s", SITE_NETWORKS, e->key);
        struct network *network = &read.network[read.n++];
        if (!network_parse_n(item, n, network) || (hosts && network->bits != 128))
            return value_refuse(failure, "\"%.*s\" is no %s", (int)(n < 60 ? n : 60), item,
                                hosts ? "address"
                                      : "address and no network such as 10.20.0.0/16 (without "
                                        "bits behind its length)");
    }
    *list = read;
    return true;
}

/* "10.30.2.8:3128", "[2001:db8::8]:3128" */
static bool read_proxy(const char *item, size_t n, struct site_proxy *out)
{
    char copy[ADDRESS_TEXT + 10], *colon, *host = copy;
    unsigned port = 0;

    if (n >= sizeof copy)
        return false;
    snprintf(copy, sizeof copy, "%.*s", (int)n, item);
    colon = strrchr(copy, ':');
    if (!colon || !colon[1] || strspn(colon + 1, "0123456789") != strlen(colon + 1) ||
        strlen(colon + 1) > 5)
        return false;
    for (const char *digit = colon + 1; *digit; digit++)
        port = port * 10 + (unsigned)(*digit - '0');
    *colon = '\0';
    size_t length = strlen(copy);
    if (copy[0] == '[' && length > 2 && copy[length - 1] == ']') {
        copy[length - 1] = '\0';
        host = copy + 1;
    } else if (strchr(copy, ':')) {
        return false; /* which colon is it? */
    }
    out->port = (uint16_t)port;
    return port && port <= UINT16_MAX && address_parse(host, &out->address);
}

static bool accept_proxies(struct site *s, const struct ini_entry *e, struct failure *failure)
{
    const char *rest = e->value, *item;
    size_t read = 0;

    for (size_t n; (n = value_next(&rest, &item));) {
        if (read == SITE_SERVERS)
            return value_refuse(failure, "more than %d of %s", SITE_SERVERS, e->key);
        if (!read_proxy(item, n, &s->proxy[read++]))
            return value_refuse(failure, "\"%.*s\" is no address with a port, such as %s",
                                (int)(n < 60 ? n : 60), item, "10.30.2.8:3128");
    }
    s->n_proxies = read;
    return true;
}

static bool accept_way(struct site *s, const struct ini_entry *e, struct failure *failure)
{
    static const char *const words[] = { "any", "direct" };
    int word = 0;

    if (!value_word(&word, e, words, N(words), failure))
        return false;
    s->ems_direct = word == 1;
    return true;
}

bool site_configure(struct site *s, const struct ini_entry *e, struct failure *failure)
{
    struct site_list *list = list_of(s, e->section, e->key);

    if (list)
        return accept_list(list, e, failure);
    if (strcmp(e->section, "proxy") == 0 && strcmp(e->key, "ems") == 0)
        return accept_way(s, e, failure);
    if (strcmp(e->section, "proxy") == 0)
        return accept_proxies(s, e, failure);
    return value_text(s->issuer, sizeof s->issuer, e, failure);
}

/* ---- written again ---- */

static void add_network(const struct network *network, struct text *out)
{
    unsigned whole = address_is_ipv4(&network->address) ? 32 : 128;
    char text[ADDRESS_TEXT];

    text_add(out, address_text(&network->address, text));
    if (network->bits != 128)
        text_format(out, "/%u", network->bits - (128 - whole));
}

static void add_proxy(const struct site_proxy *proxy, struct text *out)
{
    char text[ADDRESS_TEXT];

    text_format(out, address_is_ipv4(&proxy->address) ? "%s:%u" : "[%s]:%u",
                address_text(&proxy->address, text), proxy->port);
}

bool site_text(const struct site *s, const char *section, const char *key, struct text *out)
{
    const struct site_list *list = list_of((struct site *)(uintptr_t)s, section, key);
    bool way = strcmp(section, "proxy") == 0 && strcmp(key, "ems") == 0;
    bool proxies = strcmp(section, "proxy") == 0 && !way;

    if (way)
        text_add(out, s->ems_direct ? "direct" : "any");
    for (size_t i = 0; list && i < list->n; i++) {
        text_add(out, i ? ", " : "");
        add_network(&list->network[i], out);
    }
    for (size_t i = 0; proxies && i < s->n_proxies; i++) {
        text_add(out, i ? ", " : "");
        add_proxy(&s->proxy[i], out);
    }
    if (strcmp(key, "expect_issuer") != 0)
        return list || proxies || way;
    text_add(out, s->issuer);
    return true;
}

/* ---- asked ---- */

static bool holds(const struct site_list *list, const struct address *address)
{
    return networks_hold(list->network, list->n, address);
}

bool site_has_endpoint(const struct site *s, const struct address *address)
{
    return (!s->networks.n || holds(&s->networks, address)) && !holds(&s->exclude, address);
}

bool site_is_nat(const struct site *s, const struct address *address)
{
    return holds(&s->nat, address);
}

bool site_is_other_resolver(const struct site *s, const struct address *address)
{
    return s->resolvers.n && !holds(&s->resolvers, address);
}

bool site_is_proxy(const struct site *s, const struct address *address, uint16_t port)
{
    for (size_t i = 0; i < s->n_proxies; i++)
        if (s->proxy[i].port == port && address_equal(&s->proxy[i].address, address))
            return true;
    return false;
}
