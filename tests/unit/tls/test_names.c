#include "tls/names.h"

#include <criterion/criterion.h>

Test(names, suites_are_named_as_registered)
{
    cr_assert_str_eq(tls_suite_name(0x0000), "TLS_NULL_WITH_NULL_NULL");
    cr_assert_str_eq(tls_suite_name(0x1302), "TLS_AES_256_GCM_SHA384");
    cr_assert_str_eq(tls_suite_name(0xc02f), "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
    cr_assert_str_eq(tls_suite_name(0xcca9), "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256");
    cr_assert_str_eq(tls_suite_name(0xd005), "TLS_ECDHE_PSK_WITH_AES_128_CCM_SHA256");
    cr_assert_str_eq(tls_suite_name(0x5600), "TLS_FALLBACK_SCSV");
}

Test(names, what_the_registry_does_not_list_has_no_name)
{
    cr_assert_null(tls_suite_name(0x0a0a));
    cr_assert_null(tls_suite_name(0xffff));
    cr_assert_null(tls_group_name(0));
    cr_assert_null(tls_alert_name(255));
    cr_assert_null(tls_alert_name(1));
    cr_assert_null(tls_version_name(0x0305));
    cr_assert_null(tls_extension_name(0x1a1a));
}

Test(names, alerts_of_the_catalogue_are_named)
{
    cr_assert_str_eq(tls_alert_name(0), "close_notify");
    cr_assert_str_eq(tls_alert_name(40), "handshake_failure");
    cr_assert_str_eq(tls_alert_name(48), "unknown_ca");
    cr_assert_str_eq(tls_alert_name(70), "protocol_version");
    cr_assert_str_eq(tls_alert_name(116), "certificate_required");
    cr_assert_str_eq(tls_alert_name(120), "no_application_protocol");
}

Test(names, versions_groups_schemes_messages_and_extensions_are_named)
{
    cr_assert_str_eq(tls_version_name(0x0300), "SSL 3.0");
    cr_assert_str_eq(tls_version_name(0x0304), "TLS 1.3");
    cr_assert_str_eq(tls_version_name(0x7f10), "TLS 1.3 (draft 16)");
    cr_assert_str_eq(tls_group_name(29), "x25519");
    cr_assert_str_eq(tls_group_name(0x11ec), "X25519MLKEM768");
    cr_assert_str_eq(tls_scheme_name(0x0403), "ecdsa_secp256r1_sha256");
    cr_assert_str_eq(tls_scheme_name(0x0804), "rsa_pss_rsae_sha256");
    cr_assert_str_eq(tls_message_name(1), "client_hello");
    cr_assert_str_eq(tls_message_name(1000), "hello_retry_request");
    cr_assert_str_eq(tls_extension_name(0), "server_name");
    cr_assert_str_eq(tls_extension_name(0xff01), "renegotiation_info");
}

/* Searching by halving needs ascending rows: every listed number must be found again. */
Test(names, every_registered_suite_is_found)
{
    unsigned n = 0;

    for (unsigned suite = 0; suite <= 0xffff; suite++)
        n += tls_suite_name((uint16_t)suite) != NULL;

    cr_assert_geq(n, 350);
}
