/* Names of Fortinet's certificates, in the order in which they are told apart. */
#include "verdict/issuer.h"

#include <criterion/criterion.h>
#include <string.h>

static struct inspection is;

static const char *organization = "Fortinet";

static enum finding_id asked(const char *subject, const char *issuer)
{
    static struct cert_facts leaf;

    memset(&leaf, 0, sizeof leaf);
    leaf.parsed = true;
    strcpy(leaf.subject_cn, subject);
    strcpy(leaf.issuer_cn, issuer);
    strcpy(leaf.issuer_o, organization);
    is = issuer_inspects(&leaf);
    return is.id;
}

Test(issuer, the_authority_of_deep_inspection_is_known_by_name)
{
    cr_assert_eq(asked("ems.corp.example", "FortiGate CA"), F_TLS_INTERCEPT_FORTIGATE);
    cr_assert_eq(is.fact, CERTAIN);
    cr_assert_eq(asked("ems.corp.example", "FG100FTK20000001"), F_TLS_INTERCEPT_FORTIGATE);
    cr_assert_eq(is.fact, PROBABLE);
    cr_assert_eq(asked("ems.corp.example", "Fortinet_CA_Untrusted"),
                 F_TLS_INTERCEPT_FORTIGATE_UNTRUSTED);
    cr_assert_eq(is.fact, CERTAIN);
    cr_assert_eq(asked("ems.corp.example", "Fortinet Untrusted CA"),
                 F_TLS_INTERCEPT_FORTIGATE_UNTRUSTED);
    cr_assert_eq(is.fact, PROBABLE);
}

Test(issuer, what_belongs_to_an_ems_a_fortigate_or_fortinet_is_no_inspection)
{
    cr_assert_eq(asked("FCTEMS0000127184", "FortiGate CA"), F_NONE);
    cr_assert_eq(asked("FGT60F0000000001", "FortiGate CA"), F_NONE);
    cr_assert_eq(asked("FortiGate", "FGT60F0000000001"), F_NONE);
    cr_assert_eq(asked("ems.corp.example", "fortinet-ca2"), F_NONE);
    cr_assert_eq(asked("ems.corp.example", "fortinet-subca2001"), F_NONE);
    cr_assert_eq(asked("ems.corp.example", "support"), F_NONE);
    cr_assert_eq(asked("ems.corp.example", "Corp Example Root CA"), F_NONE);
    cr_assert_eq(asked("ems.corp.example", "FORTRESS"), F_NONE);
}

Test(issuer, serial_numbers_are_whole_words)
{
    cr_assert(issuer_is_fortigate("FGVM02TM20000001"));
    cr_assert(issuer_is_fortigate("FWF61E0000000001"));
    cr_assert_not(issuer_is_fortigate("FGT60F"));
    cr_assert_not(issuer_is_fortigate("FGT60F0000000001 CA"));
    cr_assert_not(issuer_is_fortigate("FCTEMS0000127184"));
    cr_assert(issuer_is_ems("FCTEMS8823006072"));
    cr_assert_not(issuer_is_ems("FCTEMS12"));
}

Test(issuer, a_serial_number_counts_in_the_organization_of_fortinet_alone)
{
    organization = "Corp Example";

    cr_assert_eq(asked("ems.corp.example", "FGHOLDINGS2024ROOT"), F_NONE);
}

Test(issuer, other_products_are_known_by_the_name_they_sign_with)
{
    cr_assert_eq(asked("ems.corp.example", "Zscaler Intermediate Root CA (zscalerthree.net) (t) "),
                 F_TLS_INTERCEPT_OTHER);
    cr_assert_eq(is.fact, POSSIBLE);
    cr_assert_not(is.on_endpoint);
    cr_assert_eq(asked("ems.corp.example", "Sophos SSL CA_C320ABPCBJ8BQ6B"), F_TLS_INTERCEPT_OTHER);
    cr_assert_eq(asked("ems.corp.example", "Cisco Umbrella Secondary SubCA ash-SG"),
                 F_TLS_INTERCEPT_OTHER);
    cr_assert_eq(asked("ems.corp.example", "ESET SSL Filter CA"), F_TLS_INTERCEPT_OTHER);
    cr_assert(is.on_endpoint);
    cr_assert_eq(asked("ems.corp.example", "Sophos SSL CAx"), F_NONE);
}
