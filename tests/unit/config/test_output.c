#include "config/output.h"
#include "config/target.h"
#include "config/value.h"

#include <criterion/criterion.h>
#include <netinet/in.h>

static struct outputs outputs;
static struct failure failure;

static bool set(const char *section, const char *key, const char *value)
{
    struct ini_entry entry = { .section = section, .key = key, .value = value, .line = 1 };

    cr_assert(outputs_have(&entry));
    return outputs_configure(&outputs, &entry, &failure);
}

Test(output, files_are_rotated_for_size_or_age)
{
    outputs = outputs_default();
    cr_expect_eq(outputs.jsonl.rotate_bytes, 100000000);
    cr_expect(set("output jsonl", "rotate", "2GB, 1d"));
    cr_expect_eq(outputs.jsonl.rotate_bytes, UINT64_C(2000000000));
    cr_expect_eq(outputs.jsonl.rotate_s, 86400);
    cr_expect(set("output jsonl", "rotate", "7d"));
    cr_expect_eq(outputs.jsonl.rotate_bytes, 0);
    cr_expect_eq(outputs.jsonl.rotate_s, 7 * 86400);
    cr_expect(set("output jsonl", "rotate", "never"));
    cr_expect_eq(outputs.jsonl.rotate_s, 0);
    static const char *const bad[] = { "100", "100MiB", "1d, 2d", "0MB", "MB", "1d or so", "-1MB" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_not(set("output jsonl", "rotate", bad[i]), "%s", bad[i]);
    cr_expect(set("output jsonl", "keep", "99"));
    cr_expect_eq(outputs.jsonl.keep, 99);
    cr_expect_not(set("output jsonl", "keep", "0"));
    cr_expect_not(set("output jsonl", "keep", "100"));
    cr_expect_not(set("output jsonl", "keep", "3x"));
    cr_expect(set("output jsonl", "connections", "all"));
    cr_expect_not(set("output jsonl", "connections", "some"));
}

Test(output, a_log_host_is_a_socket)
{
    struct target t;
    struct sockaddr_in6 v6;

    cr_expect(set("output syslog", "address", "unix:/dev/log"));
    cr_expect(set("output syslog", "form", "cef"));
    cr_expect(set("output syslog", "facility", "local7"));
    cr_expect_eq(outputs.syslog.facility, 23);
    cr_expect_not(set("output syslog", "facility", "mail"));
    cr_assert(target_read("udp:[2001:db8::5]:514", &t));
    memcpy(&v6, &t.address, sizeof v6);
    cr_expect_eq(t.type, SOCK_DGRAM);
    cr_expect_eq(v6.sin6_family, AF_INET6);
    cr_expect_eq(v6.sin6_port, htons(514));
    cr_assert(target_read("tcp:10.0.0.5:601", &t));
    cr_expect_eq(t.type, SOCK_STREAM);
    static const char *const bad[] = { "",
                                       "log.example:514",
                                       "udp:log.example:514",
                                       "udp:10.0.0.5",
                                       "udp:10.0.0.5:0",
                                       "udp:10.0.0.5:65536",
                                       "udp:10.0.0.5:514x",
                                       "udp:2001:db8::5:514",
                                       "udp:[10.0.0.5]:514",
                                       "udp:[2001:db8::5]514",
                                       "unix:dev/log",
                                       "unix:",
                                       "tls:10.0.0.5:6514" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_not(set("output syslog", "address", bad[i]), "%s", bad[i]);
}

Test(output, one_listens_at_loopback_alone)
{
    struct target t;

    cr_expect(target_read_local("127.0.0.1:9913", &t));
    cr_expect(target_read_local("[::1]:9913", &t));
    cr_expect(target_read_local("unix:/run/shakeout/metrics", &t));
    cr_expect_eq(t.type, SOCK_STREAM);
    cr_expect_not(target_read_local("0.0.0.0:9913", &t));
    cr_expect_not(target_read_local("10.0.0.5:9913", &t));
    cr_expect_not(target_read_local("[::]:9913", &t));
    cr_expect_not(target_read_local("9913", &t));
}
