#include "base/address.h"

#include <criterion/criterion.h>

static const char *round_trip(const char *text)
{
    static char out[ADDRESS_TEXT];
    struct address a;
    return address_parse(text, &a) ? address_text(&a, out) : "not an address";
}

Test(address, both_families_come_back_in_their_canonical_form)
{
    cr_assert_str_eq(round_trip("10.0.0.10"), "10.0.0.10");
    cr_assert_str_eq(round_trip("2001:DB8:0:0:0:0:0:10"), "2001:db8::10"); /* RFC 5952 section 4 */
    cr_assert_str_eq(round_trip("::"), "::");
    cr_assert_str_eq(round_trip("10.0.0.256"), "not an address");
}

Test(address, special_addresses_are_known)
{
    struct address a;

    cr_assert(address_parse("224.0.0.251", &a) && address_is_multicast_or_broadcast(&a));
    cr_assert(address_parse("255.255.255.255", &a) && address_is_multicast_or_broadcast(&a));
    cr_assert(address_parse("ff02::fb", &a) && address_is_multicast_or_broadcast(&a));
    cr_assert(address_parse("10.0.0.1", &a) && !address_is_multicast_or_broadcast(&a));
    cr_assert(address_parse("127.0.0.53", &a) && address_is_loopback(&a));
    cr_assert(address_parse("::1", &a) && address_is_loopback(&a));
    cr_assert(address_parse("0.0.0.0", &a) && address_is_unspecified(&a));
    cr_assert(address_parse("::", &a) && address_is_unspecified(&a));
}
