#include "config/profile.h"

#include <criterion/criterion.h>
#include <string.h>

static struct profile p;
static struct failure failure;

static bool set(const char *section, const char *key, const char *value)
{
    const struct ini_entry entry = { .section = section, .key = key, .value = value };
    failure = (struct failure){ 0 };
    return profile_configure(&p, &entry, &failure);
}

static struct address at(const char *text)
{
    struct address a;
    cr_assert(address_parse(text, &a));
    return a;
}

static bool is_endpoint(const char *text)
{
    struct address a = at(text);
    return site_has_endpoint(&p.site, &a);
}

static const char *written(const char *section, const char *key)
{
    static char line[512];
    struct text t = text_of(line, sizeof line);
    cr_assert(site_text(&p.site, section, key, &t));
    return line;
}

static void begin(void) { cr_assert(profile_open_default(&p, &failure)); }

TestSuite(site, .init = begin);

Test(site, without_a_word_everybody_is_an_endpoint)
{
    cr_assert(is_endpoint("10.20.40.17"));
    cr_assert(is_endpoint("2001:db8::17"));
}

Test(site, networks_hold_endpoints_and_exclude_takes_some_out)
{
    cr_assert(set("endpoints", "networks", "10.20.0.0/16, 2001:db8:40::/48"));
    cr_assert(set("endpoints", "exclude", "10.20.40.250"));

    cr_assert(is_endpoint("10.20.40.17"));
    cr_assert(is_endpoint("2001:db8:40::17"));
    cr_assert_not(is_endpoint("10.20.40.250"));
    cr_assert_not(is_endpoint("10.30.0.1"));
}

Test(site, other_name_servers_are_those_that_are_not_named)
{
    struct address named = at("10.0.0.2"), other = at("10.0.0.3");
    cr_assert_not(site_is_other_resolver(&p.site, &other), "nobody named any");
    cr_assert(set("dns", "servers", "10.0.0.2"));

    cr_assert_not(site_is_other_resolver(&p.site, &named));
    cr_assert(site_is_other_resolver(&p.site, &other));
}

Test(site, a_proxy_is_an_address_with_its_port)
{
    struct address v4 = at("10.30.2.8"), v6 = at("2001:db8::8");
    cr_assert(set("proxy", "addresses", "10.30.2.8:3128, [2001:db8::8]:8080"));

    cr_assert(site_is_proxy(&p.site, &v4, 3128));
    cr_assert_not(site_is_proxy(&p.site, &v4, 8080));
    cr_assert(site_is_proxy(&p.site, &v6, 8080));
    cr_assert_str_eq(written("proxy", "addresses"), "10.30.2.8:3128, [2001:db8::8]:8080");
}

Test(site, the_way_to_the_ems_is_any_until_it_is_told_to_be_direct)
{
    cr_assert_str_eq(written("proxy", "ems"), "any");
    cr_assert(set("proxy", "ems", "direct"));

    cr_assert(p.site.ems_direct);
    cr_assert_str_eq(written("proxy", "ems"), "direct");
    cr_assert_not(set("proxy", "ems", "straight"));
}

Test(site, what_is_written_again_is_what_was_read)
{
    cr_assert(set("endpoints", "networks", "10.20.0.0/16, 10.30.0.1, 2001:db8:40::/48, 0.0.0.0/0"));
    cr_assert(set("tls", "expect_issuer", "Corp Issuing CA 2"));

    cr_assert_str_eq(written("endpoints", "networks"),
                     "10.20.0.0/16, 10.30.0.1, 2001:db8:40::/48, 0.0.0.0/0");
    cr_assert_str_eq(written("tls", "expect_issuer"), "Corp Issuing CA 2");
}

Test(site, a_wrong_value_says_which_and_what_would_be_right)
{
    const struct wrong {
        const char *section, *key, *value;
    } wrong[] = {
        { "endpoints", "networks", "10.20.40.17/16" },
        { "endpoints", "exclude", "scanner.corp.example" },
        { "endpoints", "nat", "198.51.100.7/33" },
        { "dns", "servers", "10.0.0.0/24" },
        { "dns", "servers", "dns.corp.example" },
        { "proxy", "addresses", "10.30.2.8" },
        { "proxy", "addresses", "10.30.2.8:0" },
        { "proxy", "addresses", "10.30.2.8:65536" },
        { "proxy", "addresses", "2001:db8::8:3128" },
        { "proxy", "addresses", "proxy.corp.example:3128" },
    };

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        cr_assert_not(set(wrong[i].section, wrong[i].key, wrong[i].value), "%s", wrong[i].value);
        cr_assert_not_null(strstr(failure.why, wrong[i].value), "%s", failure.why);
    }
}
