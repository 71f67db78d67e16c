# shellcheck shell=bash disable=SC2034,SC2086
# Java pads its TLS 1.3 records by 16 bytes and has alert numbers of its own.

client='ip.src==10.20.40.17 && tcp.srcport==50001'
server='ip.src==10.0.0.10 && tcp.srcport==8013'
jclient() { port 50001; LIMIT=8 c java -Djava.net.preferIPv4Stack=true -cp made Tls client $EMS 8013 - "made/certs/$1.p12" "TLSv$2"; }
jrefuses() { # jrefuses VERSION
    TITLE="A Java client refuses a certificate of an authority it does not know (TLS $1)."
    BROKEN='the server shows a certificate of another authority'
    up
    serve 8013 openssl s_server -accept 8013 -cert made/certs/private.pem -key made/certs/private.key -quiet
    record client
    jclient ca "$1"
    stop 1
    exits 1; absent tcp.reset tls.clientcert tls.server
}
case_cert_unknown_ca_java_tls12() {
    TRUTH='The client says 46, which names no reason.'
    jrefuses 1.2
    must 1 "$client && tls.alert_message.desc==46"
    primary $ME:50001 $EMS:8013 tls.cert.rejected_by_client.unknown unknown certain possible
    frames tls.cert.rejected_by_client.unknown "$client && tls.alert_message.desc==46"
}
case_cert_unknown_ca_java_tls13() {
    TRUTH='The first protected record of the client has 35 bytes, the size of a padded alert, in the place of the final flight.'
    jrefuses 1.3
    must 1 "$client && tls.record.opaque_type==23 && tls.record.length==35"; must 1 "$client && tls.record.opaque_type==23"
    primary $ME:50001 $EMS:8013 tls.cert.rejected_by_client.encrypted unknown probable -
    frames tls.cert.rejected_by_client.encrypted "$client && tls.record.opaque_type==23"
    absent ok
}
jasks() { # jasks CERT VERSION: a Java server insists on a client certificate
    local have=()
    [ "$1" = none ] || have=(-cert "made/certs/$1.pem" -key "made/certs/$1.key")
    TITLE="A Java server insists on a client certificate and gets ${3} (TLS $2)."
    BROKEN="the client presents $3"
    up
    serve 8013 java -Djava.net.preferIPv4Stack=true -cp made Tls server - 8013 made/certs/good.p12 made/certs/ca.p12 "TLSv$2" ask
    record client
    port 50001; HOLD=2 say '' openssl s_client -connect $EMS:8013 -servername $NAME -CAfile made/certs/ca.pem -verify_return_error "-tls${2/./_}" "${have[@]}" -quiet
    stop 1
    exits 1; absent tcp.reset tls.cert ok
}
case_clientcert_none_java_tls12() {
    TRUTH='Alert 40 of the server follows the empty certificate directly.'
    jasks none 1.2 'no certificate'
    must 1 "$server && tls.alert_message.desc==40"
    finding tls.clientcert.none_sent
    primary $ME:50001 $EMS:8013 tls.clientcert.required client probable -
    frames tls.clientcert.required "$server && tls.alert_message.desc==40"
}
case_clientcert_unknown_ca_java_tls12() {
    TRUTH='Alert 46 of the server follows a client certificate it asked for.'
    jasks fctother 1.2 'a certificate of another authority'
    must 1 "$server && tls.alert_message.desc==46"
    primary $ME:50001 $EMS:8013 tls.clientcert.rejected.unknown client certain possible
    frames tls.clientcert.rejected.unknown "$server && tls.alert_message.desc==46"
}
case_clientcert_none_java_tls13() {
    TRUTH='The first record of the server after the final flight has 35 bytes, the size of a padded alert.'
    jasks none 1.3 'no certificate'
    must 1 "$server && tls.record.opaque_type==23 && tls.record.length==35"
    finding tls.clientcert.none_sent
    primary $ME:50001 $EMS:8013 tls.clientcert.rejected.encrypted client probable -
    frames tls.clientcert.rejected.encrypted "$server && tls.record.length==35"
}
jok() {
    TITLE="A healthy TLS $1 exchange between Java programs."
    up
    serve 8013 java -Djava.net.preferIPv4Stack=true -cp made Tls server - 8013 made/certs/good.p12 made/certs/ca.p12 "TLSv$1"
    record client
    jclient ca "$1"
    stop 1
    if [ -n "$(frames_of 'tcp.flags.reset==1')" ]; then IDJ=ok.closed_after_data_rst; else IDJ=ok.tls.established_closed_clean; fi
    primary $ME:50001 $EMS:8013 $IDJ none certain -
    healthy; absent tcp
}
case_ok_java_tls12() { TRUTH='A line went each way; then both sides closed.'; jok 1.2; }
case_ok_java_tls13() {
    TRUTH='A line went each way; the two records of 35 bytes at the end are user_canceled and close_notify.'
    jok 1.3
    must 1+ "$client && tls.record.opaque_type==23 && tls.record.length==35"
}
