/* profile.h - which ports belong to the product, who opens them and what is expected: data.
 *
 * What it is: the default profile (src/config/profiles/ems.ini, compiled in and read by the same
 * strict reader as any other), and what configuration and command line add: EMS names and addresses
 * with their roles, ports, how often endpoints check in.
 * The port number is always printed first, the label second.
 * Ownership: profile_open .. profile_close; strings belong to the profile. */
#pragma once

#include "base/address.h"
#include "base/failure.h"
#include "config/ini.h"
#include "config/site.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum service_tls { SERVICE_TLS_DIRECT, SERVICE_TLS_UPGRADE, SERVICE_TLS_NONE };
enum service_expect { EXPECT_SOMETIMES, EXPECT_ALWAYS, EXPECT_NEVER };

struct service {
    uint16_t port;
    char label[64];
    char dissector[32]; /* name of the record in dissectors/, may be empty */
    enum service_tls tls;
    enum service_expect expect;
    bool checkin;    /* an endpoint's check-in port: names an EMS (8013, 9443) */
    bool documented; /* false: no vendor guide lists it */
    bool udp, tcp;
    bool by_ems;   /* EMS is the client: mail, directory */
    bool only_ems; /* ... and nobody else is */
};

enum { SERVICES_MAX = 64, EMS_MAX = 16, PATTERNS_MAX = 8 };
enum { EXPIRES_SOON_S = 30 * 86400, CHECKINS_MISSED = 2 };

/* What an EMS server is to its endpoints, as configured. */
enum ems_role { EMS_UNKNOWN, EMS_PRIMARY, EMS_BACKUP };

struct ems_section {
    char name[49]; /* "second" of [ems second] */
    enum ems_role role;
};

struct profile {
    char name[32], title[64];
    size_t n_services;
    struct service service[SERVICES_MAX];
    size_t n_patterns;
    char pattern[PATTERNS_MAX][64]; /* of names, lower case: "*ems*" */
    /* configured EMS servers */
    size_t n_ems_names, n_ems_addresses;
    char ems_name[EMS_MAX][256];
    struct address ems_address[EMS_MAX];
    uint8_t name_section[EMS_MAX], address_section[EMS_MAX]; /* number + 1; 0 = --ems */
    size_t n_sections;
    struct ems_section section[EMS_MAX];
    uint32_t interval_s; /* of check-ins, as configured; 0 = learned */
    uint32_t missed;     /* so many in a row are a finding */
    uint32_t expires_soon_s;
    struct site site;
    uint16_t ports[SERVICES_MAX + 1]; /* TCP server ports, ends with 0 */
};

/* The built-in default.  False with a failure only when the compiled-in text is broken. */
bool profile_open_default(struct profile *out, struct failure *failure);

/* "ems" is the built-in one; anything else is a file. */
bool profile_open(struct profile *out, const char *name, const struct ini_source *source,
                  struct failure *failure);

/* What a configuration says of [port N], [ems NAME], [checkin], of certificates in [tls], and of
 * the site (site.h). */
bool profile_configure(struct profile *profile, const struct ini_entry *entry,
                       struct failure *failure);
bool profile_configure_ems(struct profile *profile, const struct ini_entry *entry,
                           struct failure *failure);

/* "auto", or a time such as 5m. */
bool profile_set_interval(struct profile *profile, const char *text);

/* --ems NAME|ADDRESS, --ports LIST.  False with a failure. */
bool profile_add_ems(struct profile *profile, const char *text, struct failure *failure);
bool profile_set_ports(struct profile *profile, const char *list, struct failure *failure);

const struct service *profile_service(const struct profile *profile, uint16_t port); /* or NULL */

/* Is this name one of a FortiClient EMS: configured, or matching the profile's patterns
 * (*ems*, *forticlient*)?  Case-insensitive. */
bool profile_names_ems(const struct profile *profile, const char *name);
bool profile_is_ems_name(const struct profile *profile, const char *name); /* configured alone */
bool profile_is_ems_address(const struct profile *profile, const struct address *address);

/* Of the server behind an address or a name; either may be NULL. */
enum ems_role profile_role(const struct profile *profile, const struct address *address,
                           const char *name);
