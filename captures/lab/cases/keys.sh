# shellcheck shell=bash disable=SC2034,SC2086
# What sizes only suggest, read with the secrets of the client: a key log beside the capture, or a secrets block in it.

# keyed: the programs of the client write their secrets; label with `opened`
keyed() {
    export SSLKEYLOGFILE=$OUT/keys.txt # OpenSSL's s_client wants an option, GnuTLS reads this
    note 'client$ export SSLKEYLOGFILE=keys.txt'
    KEYLOG=1
}
# given: the capture stays as it is, the key log lies beside it
given() {
    grep -q '_TRAFFIC_SECRET\|^CLIENT_RANDOM' "$OUT/keys.txt" || die 'no secrets were written'
    TLSPORTS+=(-o "tls.keylog_file:$OUT/keys.txt")
    args --keylog ./keys.txt
}
# injected: the secrets go into the capture
injected() {
    note 'editcap --inject-secrets tls,keys.txt capture.pcapng capture.pcapng'
    editcap --inject-secrets "tls,$OUT/keys.txt" "$CAP" "$OUT/with.pcapng" && mv "$OUT/with.pcapng" "$CAP"
    KEYLOG=
}
# opened SIDE ALERT ID OWNER FACT CAUSE: with the secrets tshark reads this alert
opened() {
    local from=$client
    [ "$1" = client ] || from=$server
    must 1+ "$from && tls.alert_message.desc==$2"
    primary $ME:50001 $EMS:8013 "${@:3}"
    frames "$3" "$from && tls.alert_message.desc==$2" 1
    absent ok tcp.reset cannot_tell tls.cert.rejected_by_client.encrypted tls.clientcert.rejected.encrypted
}
read13='Under TLS 1.3 the alert is encrypted; tshark reads it with the secrets that the client wrote'

case_keys_cert_unknown_ca_gnutls_tls13() {
    keyed; TRUTH="$read13: 42. GnuTLS says 42 for every reason, and the certificate is signed by an authority the client does not know."
    reject gnutls private 1.3; given; opened client 42 tls.cert.rejected_by_client.bad_certificate unknown certain possible
}
case_keys_cert_expired_gnutls_tls13() {
    keyed; TRUTH="$read13: 42; the certificate, read with them too, ended before the capture, which explains it."
    reject gnutls expired 1.3; given; opened client 42 tls.cert.rejected_by_client.expired server probable -
}
case_keys_cert_wrong_name_gnutls_tls13() {
    keyed; TRUTH="$read13: 42; the certificate, read with them too, is for another name."
    reject gnutls wrongname 1.3; given; opened client 42 tls.cert.rejected_by_client.name_mismatch server - -
}
case_keys_clientcert_none_openssl_tls13() {
    FORMAT=pcapng; keyed; more=(-keylogfile "$OUT/keys.txt")
    TRUTH="$read13: 116. The secrets are in the capture itself."
    refuse openssl none 1.3; injected; none_sent; opened server 116 tls.clientcert.required client certain -
}
case_keys_clientcert_unknown_ca_openssl_tls13() {
    keyed; more=(-keylogfile "$OUT/keys.txt"); TRUTH="$read13: 48."
    refuse openssl fctother 1.3; given; opened server 48 tls.clientcert.rejected.unknown_ca client certain probable
}
case_keys_clientcert_expired_openssl_tls13() {
    keyed; more=(-keylogfile "$OUT/keys.txt"); TRUTH="$read13: 45."
    refuse openssl fctexpired 1.3; given; opened server 45 tls.clientcert.rejected.expired client certain -
}
case_keys_clientcert_none_gnutls_tls13() {
    keyed; more=(-keylogfile "$OUT/keys.txt"); TRUTH="$read13: 116."
    refuse gnutls none 1.3; given; none_sent; opened server 116 tls.clientcert.required client certain -
}
case_keys_ok_gnutls_tls13() {
    keyed; TITLE='A GnuTLS client and server exchange data over TLS 1.3; the secrets are known.'
    TRUTH='tshark reads both Finished with the secrets, and data flows both ways.'
    gnutls_ok 1.3; given
    must 1+ 'ip.src==10.0.0.10 && tls.handshake.type==20'; must 1+ 'ip.src==10.20.40.17 && tls.handshake.type==20'
}
case_keys_ok_gnutls_tls12() {
    keyed; TITLE='A GnuTLS client and server exchange data over TLS 1.2; the secrets are known.'
    TRUTH='tshark reads both Finished with the secrets, and data flows both ways.'
    gnutls_ok 1.2; given
    must 1+ 'ip.src==10.0.0.10 && tls.handshake.type==20'; must 1+ 'ip.src==10.20.40.17 && tls.handshake.type==20'
}
