/* site.h - what a configuration tells of the network: who are endpoints, resolvers, proxies, and
 * who issues the certificate of the EMS.
 *
 * What it is: lists of addresses, strictly read; empty ones mean that nobody said anything.
 * What it refuses: an address that is none, a network with bits behind its length, a proxy without
 * a port. */
#pragma once

#include "base/failure.h"
#include "base/network.h"
#include "base/text.h"
#include "config/ini.h"

enum { SITE_NETWORKS = 32, SITE_SERVERS = 16 };

struct site_list {
    size_t n;
    struct network network[SITE_NETWORKS];
};

struct site_proxy {
    struct address address;
    uint16_t port;
};

struct site {
    struct site_list networks, exclude, nat; /* of endpoints */
    struct site_list resolvers;
    size_t n_proxies;
    struct site_proxy proxy[SITE_SERVERS];
    bool ems_direct;  /* nobody is to reach an EMS through a proxy */
    char issuer[128]; /* common name of who issues the certificate of the EMS; empty = not told */
};

/* [endpoints], [dns], [proxy], and expect_issuer of [tls]. */
bool site_configure(struct site *site, const struct ini_entry *entry, struct failure *failure);

/* What such a key says, as it could be written there; false when it is no such key. */
bool site_text(const struct site *site, const char *section, const char *key, struct text *out);

/* Is it one of the endpoints that are looked at? */
bool site_has_endpoint(const struct site *site, const struct address *address);

/* Does it hide several hosts, as the configuration says? */
bool site_is_nat(const struct site *site, const struct address *address);

/* Another name server than those that are named, if any is. */
bool site_is_other_resolver(const struct site *site, const struct address *address);
bool site_is_proxy(const struct site *site, const struct address *address, uint16_t port);
