#include "config/target.h"

#include "base/address.h"

#include <ctype.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

/* Behind the word; NULL when it is another. */
static const char *behind(const char *text, const char *word)
{
    size_t n = strlen(word);
    return strncmp(text, word, n) == 0 ? text + n : NULL;
}

static bool read_path(const char *path, int type, struct target *out)
{
    struct sockaddr_un local = { .sun_family = AF_UNIX };
    size_t n = strlen(path);

    if (path[0] != '/' || n >= sizeof local.sun_path)
        return false;
    memcpy(local.sun_path, path, n);
    *out = (struct target){ .type = type,
                            .size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1) };
    memcpy(&out->address, &local, sizeof local);
    return true;
}

static bool read_port(const char *text, uint16_t *out)
{
    unsigned long v = 0;
    size_t n = strspn(text, "0123456789");

    if (!n || n > 5 || text[n])
        return false;
    v = strtoul(text, NULL, 10);
    *out = (uint16_t)v;
    return v > 0 && v <= UINT16_MAX;
}

static void set_address(const struct address *address, uint16_t port, int type, struct target *out)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

    *out = (struct target){ .type = type };
    if (address_is_ipv4(address)) {
        memcpy(&v4.sin_addr, address->octet + 12, 4);
        memcpy(&out->address, &v4, out->size = sizeof v4);
    } else {
        memcpy(&v6.sin6_addr, address->octet, 16);
        memcpy(&out->address, &v6, out->size = sizeof v6);
    }
}

/* "10.0.0.5:514", "[2001:db8::5]:514" */
static bool read_internet(const char *text, int type, struct target *out)
{
    char host[ADDRESS_TEXT];
    struct address address;
    uint16_t port;
    bool brackets = text[0] == '[';
    const char *end = brackets ? strchr(text, ']') : strchr(text, ':');
    size_t n = end ? (size_t)(end - text) - brackets : 0;

    if (!n || n >= sizeof host || (brackets && end[1] != ':'))
        return false;
    memcpy(host, text + brackets, n);
    host[n] = '\0';
    if (!address_parse(host, &address) || address_is_ipv4(&address) == brackets ||
        !read_port(end + 1 + brackets, &port))
        return false;
    set_address(&address, port, type, out);
    return true;
}

bool target_read(const char *text, struct target *out)
{
    const char *rest;

    if ((rest = behind(text, "unix:")) != NULL)
        return read_path(rest, SOCK_DGRAM, out);
    if ((rest = behind(text, "unix-stream:")) != NULL)
        return read_path(rest, SOCK_STREAM, out);
    if ((rest = behind(text, "udp:")) != NULL)
        return read_internet(rest, SOCK_DGRAM, out);
    if ((rest = behind(text, "tcp:")) != NULL)
        return read_internet(rest, SOCK_STREAM, out);
    return false;
}

static bool is_loopback(const struct target *t)
{
    static const struct in6_addr one = IN6ADDR_LOOPBACK_INIT;

    if (t->address.ss_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, &t->address, sizeof v4);
        return ntohl(v4.sin_addr.s_addr) >> 24 == 127;
    }
    struct sockaddr_in6 v6;
    memcpy(&v6, &t->address, sizeof v6);
    return memcmp(&v6.sin6_addr, &one, sizeof one) == 0;
}

bool target_read_local(const char *text, struct target *out)
{
    const char *path = behind(text, "unix:");

    if (path)
        return read_path(path, SOCK_STREAM, out);
    return read_internet(text, SOCK_STREAM, out) && is_loopback(out);
}
