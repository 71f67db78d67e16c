/* names.h - IANA numbers of TLS to their registered names.
 *
 * Every function answers a constant string; for a number that the registry of the day of writing
 * does not list, NULL.  The callers print the number then.
 * Sources: IANA TLS Parameters, TLS ExtensionType Values (tables generated once, then committed).
 */
#pragma once

#include <stdint.h>

const char *tls_suite_name(uint16_t suite);         /* "TLS_AES_256_GCM_SHA384" */
const char *tls_group_name(uint16_t group);         /* "x25519" */
const char *tls_scheme_name(uint16_t scheme);       /* "ecdsa_secp256r1_sha256" */
const char *tls_alert_name(uint8_t code);           /* "unknown_ca" */
const char *tls_version_name(uint16_t version);     /* "TLS 1.3"; "TLS 1.3 (draft 16)" for 0x7f10 */
const char *tls_message_name(uint16_t type);        /* "client_hello", "hello_retry_request" */
const char *tls_extension_name(uint16_t extension); /* "server_name" */
