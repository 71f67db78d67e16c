# shellcheck shell=bash disable=SC2034,SC2086
# The server rejects the certificate of the client, or misses it.

more=() # further options of the client
declare -A PRESENTS=([none]='no certificate' [fctother]='a certificate of another authority' [fctexpired]='a certificate that expired on 2024-01-01'
    [fctrevoked]='a revoked certificate')

# refuse SERVER CERT VERSION: a client with CERT meets a server that insists on one of its own authority
refuse() {
    local stack=$1 cert=$2 v=$3 have=()
    TITLE="The server insists on a client certificate and gets ${PRESENTS[$cert]} (TLS $v, $stack server)."
    BROKEN="the client presents ${PRESENTS[$cert]}"
    COMPANION='DNS lookup of the EMS name'
    [ "$cert" = none ] || have=(-cert "made/certs/$cert.pem" -key "made/certs/$cert.key")
    up; names
    case $stack in
    openssl) serve 8013 openssl s_server -accept 8013 -cert made/certs/good.pem -key made/certs/good.key -CAfile made/certs/ca.pem -Verify 2 -verify_return_error -quiet "${more_server[@]}" ;;
    gnutls) serve 8013 gnutls-serv -p 8013 --x509certfile made/certs/good.pem --x509keyfile made/certs/good.key --x509cafile made/certs/ca.pem --require-client-cert --verify-client-cert --echo -q ;;
    go) serve 8013 made/gotls server :8013 -cert made/certs/good -ca made/certs/ca.pem -ask ;;
    nss) serve 8013 selfserv -p 8013 -d sql:made/certs/nss -n good -V tls1.2:tls1.3 -r -r ;;
    esac
    record client
    port 50001
    HOLD=2 say '' openssl s_client -connect $NAME:8013 -servername $NAME -CAfile made/certs/ca.pem -verify_return_error "-tls${v/./_}" "${have[@]}" "${more[@]}" -quiet
    stop 1
    exits 1
}
server='ip.src==10.0.0.10 && tcp.srcport==8013'
answered() { # answered ALERT ID OWNER FACT CAUSE: the alert of the server is readable
    must 1+ "$server && tls.alert_message.desc==$1"
    must 1 'tls.handshake.type==13'
    primary $ME:50001 $EMS:8013 "${@:2}"
    frames "$2" "$server && tls.alert_message.desc==$1" 1
    absent tls.cert tcp.reset tls.handshake_failure ok
}
hushed() { # the first record of the server after the client's flight has the size of an alert
    must 0 'tls.alert_message'
    must 1+ "$server && tls.record.opaque_type==23 && tls.record.length==19"
    must 1 "$server && tcp.len>0 && tcp.ack>300" # nothing else of the server after the flight of the client
    primary $ME:50001 $EMS:8013 tls.clientcert.rejected.encrypted client probable -
    frames tls.clientcert.rejected.encrypted "$server && tls.record.length==19" 1
    absent tls.cert tcp.reset ok
}
none_sent() { finding tls.clientcert.none_sent; }
hid='Under TLS 1.3 the answer is encrypted: the only record of the server after the final flight of the client has the size of an alert, then the server closes; no ticket came.'

case_clientcert_none_openssl_tls12() { FORMAT=pcapng; TRUTH='Alert 40 of the server follows the empty certificate directly.'; refuse openssl none 1.2; none_sent; answered 40 tls.clientcert.required client probable -; }
case_clientcert_none_gnutls_tls12() { TRUTH='An alert of the server follows the empty certificate directly.'; refuse gnutls none 1.2; none_sent; answered 50 tls.clientcert.required client probable -; }
case_clientcert_none_go_tls12() { TRUTH='Alert 42 of the server follows the empty certificate directly.'; refuse go none 1.2; none_sent; answered 42 tls.clientcert.required client probable -; }
case_clientcert_unknown_ca_openssl_tls12() { TRUTH='Alert 48 of the server follows a client certificate it asked for.'; refuse openssl fctother 1.2; answered 48 tls.clientcert.rejected.unknown_ca client certain probable; }
case_clientcert_unknown_ca_go_tls12() { TRUTH='Alert 42 of the server follows a client certificate it asked for; Go says 42 for every reason.'; refuse go fctother 1.2; answered 42 tls.clientcert.rejected.bad client certain possible; }
case_clientcert_expired_openssl_tls12() { TRUTH='Alert 45 of the server follows a client certificate it asked for.'; refuse openssl fctexpired 1.2; answered 45 tls.clientcert.rejected.expired client certain -; }
case_clientcert_revoked_openssl_tls12() {
    more_server=(-CRL made/certs/crl.pem -crl_check); TRUTH='Alert 44 of the server follows a client certificate it asked for.'
    refuse openssl fctrevoked 1.2; answered 44 tls.clientcert.rejected.revoked server certain -
}
case_clientcert_revoked_openssl_tls13() {
    more_server=(-CRL made/certs/crl.pem -crl_check); TRUTH=$hid
    refuse openssl fctrevoked 1.3; hushed
}
case_clientcert_none_openssl_tls13() { FORMAT=pcapng; TRUTH=$hid; refuse openssl none 1.3; none_sent; hushed; }
case_clientcert_unknown_ca_openssl_tls13() { TRUTH=$hid; refuse openssl fctother 1.3; hushed; }
case_clientcert_expired_openssl_tls13() { TRUTH=$hid; refuse openssl fctexpired 1.3; hushed; }
case_clientcert_none_gnutls_tls13() { TRUTH=$hid; refuse gnutls none 1.3; none_sent; hushed; }
case_clientcert_none_go_tls13() { TRUTH=$hid; refuse go none 1.3; none_sent; hushed; }
case_clientcert_unknown_ca_go_tls13() { TRUTH=$hid; refuse go fctother 1.3; hushed; }
case_clientcert_late_failure_tls13() {
    TITLE='The server takes the handshake, looks at the certificate of the client then, and turns it away (TLS 1.3).'
    BROKEN='a server that serves one name only, resets the others 50 ms after the handshake, and sends no ticket'
    TRUTH='The server asked for a certificate; after the final flight and the request of the client comes its reset, with the TTL of its other packets, and no record. Why, the wire does not show.'
    up; serve 8013 bin/tlsd.py 8013 --client-ca made/certs/ca.pem --tickets 0 --only FCT8009999999999
    record client
    port 50001; c bin/tlsc.py $EMS:8013 --cert made/certs/fct.both
    stop 1
    must 1 "$server && tcp.flags.reset==1 && ip.ttl==63"; must 0 'tls.alert_message'
    primary $ME:50001 $EMS:8013 tls.clientcert.late_failure unknown probable -
    frames tls.clientcert.late_failure "$server && tcp.flags.reset==1"
    exits 1; absent tls.cert tcp ok
}
case_clientcert_unknown_ca_gnutls_tls12() {
    TRUTH='GnuTLS says 49 and then 42: the first alert after the client certificate decides.'
    refuse gnutls fctother 1.2
    answered 49 tls.clientcert.access_denied server certain probable
}
case_clientcert_unknown_ca_gnutls_tls13() {
    TRUTH=$hid
    refuse gnutls fctother 1.3
    must 1+ "$server && tls.record.opaque_type==23 && tls.record.length==19"
    primary $ME:50001 $EMS:8013 tls.clientcert.rejected.encrypted client probable -
    absent tls.cert tcp.reset ok
}
