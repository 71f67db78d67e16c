/* ems.c - which servers are EMS: as told by --ems and [ems NAME], or by the profile's patterns. */
#include "base/text.h"
#include "config/profile.h"
#include "config/value.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#define N(array) (sizeof(array) / sizeof *(array))

/* A host name as the wire would show it, or nothing. */
static bool name_is_plausible(const char *text)
{
    size_t n = strlen(text);
    return n > 0 && n < 254 &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz"
                        "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                        "0123456789-._") == n;
}

/* Lower case, without the dot at the end; false when it does not fit. */
static bool normalise(const char *name, char *out, size_t size)
{
    size_t n = strlen(name);

    n -= n > 1 && name[n - 1] == '.';
    if (n == 0 || n >= size)
        return false;
    for (size_t i = 0; i < n; i++)
        out[i] = (char)tolower((unsigned char)name[i]);
    out[n] = '\0';
    return true;
}

static bool add_server(struct profile *p, const char *text, uint8_t section,
                       struct failure *failure)
{
    struct address address;

    if (p->n_ems_names == EMS_MAX || p->n_ems_addresses == EMS_MAX)
        return value_refuse(failure, "more than %d servers", EMS_MAX);
    if (address_parse(text, &address)) {
        p->address_section[p->n_ems_addresses] = section;
        p->ems_address[p->n_ems_addresses++] = address;
        return true;
    }
    if (!name_is_plausible(text) ||
        !normalise(text, p->ems_name[p->n_ems_names], sizeof p->ems_name[0]))
        return value_refuse(failure, "\"%.60s\" is neither a host name nor an address", text);
    p->name_section[p->n_ems_names++] = section;
    return true;
}

bool profile_add_ems(struct profile *profile, const char *text, struct failure *failure)
{
    *failure = (struct failure){ .what = "--ems" };
    return add_server(profile, text, 0, failure);
}

static struct ems_section *section_of(struct profile *p, const char *name)
{
    for (size_t i = 0; i < p->n_sections; i++)
        if (strcmp(p->section[i].name, name) == 0)
            return &p->section[i];
    if (p->n_sections == EMS_MAX)
        return NULL;
    struct ems_section *s = &p->section[p->n_sections++];
    *s = (struct ems_section){ .role = EMS_UNKNOWN };
    snprintf(s->name, sizeof s->name, "%s", name);
    return s;
}

/* A list of which every item is an address, or every item a name. */
static bool accept_servers(struct profile *p, const struct ini_entry *e, uint8_t section,
                           bool addresses, struct failure *failure)
{
    const char *list = e->value, *item;
    char one[256];
    struct address address;

    for (size_t n; (n = value_next(&list, &item));) {
        snprintf(one, sizeof one, "%.*s", (int)(n < sizeof one ? n : sizeof one - 1), item);
        if (address_parse(one, &address) != addresses)
            return value_refuse(failure, "\"%.60s\" is no %s", one,
                                addresses ? "address" : "host name");
        if (!add_server(p, one, section, failure))
            return false;
    }
    return true;
}

bool profile_configure_ems(struct profile *p, const struct ini_entry *e, struct failure *failure)
{
    static const char *const keys[] = { "name", "addresses", "role" };
    static const char *const roles[] = { "primary", "backup" };
    struct ems_section *s = section_of(p, e->section + strlen("ems "));
    int role;

    if (!s)
        return value_refuse(failure, "more than %d sections [ems NAME]", EMS_MAX);
    uint8_t number = (uint8_t)(s - p->section + 1);
    if (strcmp(e->key, "name") == 0)
        return accept_servers(p, e, number, false, failure);
    if (strcmp(e->key, "addresses") == 0)
        return accept_servers(p, e, number, true, failure);
    if (strcmp(e->key, "role"))
        return value_unknown_key(e, keys, N(keys), failure);
    bool ok = value_word(&role, e, roles, N(roles), failure);
    s->role = ok ? (role ? EMS_BACKUP : EMS_PRIMARY) : s->role;
    return ok;
}

bool profile_is_ems_name(const struct profile *profile, const char *name)
{
    char lower[256];

    for (size_t i = 0; normalise(name, lower, sizeof lower) && i < profile->n_ems_names; i++)
        if (strcmp(profile->ems_name[i], lower) == 0)
            return true;
    return false;
}

bool profile_names_ems(const struct profile *profile, const char *name)
{
    char lower[256];

    if (!normalise(name, lower, sizeof lower))
        return false;
    if (profile_is_ems_name(profile, lower))
        return true;
    for (size_t i = 0; i < profile->n_patterns; i++)
        if (fnmatch(profile->pattern[i], lower, 0) == 0)
            return true;
    return false;
}

bool profile_is_ems_address(const struct profile *profile, const struct address *address)
{
    for (size_t i = 0; i < profile->n_ems_addresses; i++)
        if (address_equal(&profile->ems_address[i], address))
            return true;
    return false;
}

static enum ems_role role_in(const struct profile *p, uint8_t section)
{
    return section ? p->section[section - 1].role : EMS_UNKNOWN;
}

enum ems_role profile_role(const struct profile *p, const struct address *address, const char *name)
{
    char lower[256];

    for (size_t i = 0; address && i < p->n_ems_addresses; i++)
        if (address_equal(&p->ems_address[i], address))
            return role_in(p, p->address_section[i]);
    for (size_t i = 0; name && normalise(name, lower, sizeof lower) && i < p->n_ems_names; i++)
        if (strcmp(p->ems_name[i], lower) == 0)
            return role_in(p, p->name_section[i]);
    return EMS_UNKNOWN;
}
