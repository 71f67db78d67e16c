#include "base/network.h"

#include <criterion/criterion.h>

static bool holds(const char *network, const char *address)
{
    struct network n;
    struct address a;
    cr_assert(network_parse(network, &n), "%s", network);
    cr_assert(address_parse(address, &a));
    return network_holds(&n, &a);
}

static bool is_refused(const char *text)
{
    struct network n;
    return !network_parse(text, &n);
}

Test(network, a_block_holds_its_addresses_and_no_others)
{
    cr_assert(holds("10.20.40.0/24", "10.20.40.17"));
    cr_assert_not(holds("10.20.40.0/24", "10.20.41.17"));
    cr_assert(holds("10.20.40.16/28", "10.20.40.31"));
    cr_assert_not(holds("10.20.40.16/28", "10.20.40.32"));
    cr_assert(holds("2001:db8:40::/48", "2001:db8:40:1::17"));
    cr_assert_not(holds("2001:db8:40::/48", "2001:db8:41::17"));
}

Test(network, an_address_is_a_block_of_one)
{
    cr_assert(holds("10.20.40.17", "10.20.40.17"));
    cr_assert_not(holds("10.20.40.17", "10.20.40.16"));
}

Test(network, all_of_ipv4_holds_nothing_of_ipv6)
{
    cr_assert(holds("0.0.0.0/0", "10.20.40.17"));
    cr_assert_not(holds("0.0.0.0/0", "2001:db8::1"));
}

Test(network, what_is_no_block_is_refused)
{
    cr_assert(is_refused("10.20.40.17/24"), "bits behind the length");
    cr_assert(is_refused("10.20.40.0/33"));
    cr_assert(is_refused("10.20.40.0/"));
    cr_assert(is_refused("10.20.40.0/08"));
    cr_assert(is_refused("10.20.40.0/-1"));
    cr_assert(is_refused("10.20.40"));
    cr_assert(is_refused("ems.corp.example"));
    cr_assert(is_refused(""));
    cr_assert(is_refused("2001:db8::/129"));
}
