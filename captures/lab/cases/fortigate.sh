# shellcheck shell=bash disable=SC2034,SC2086
# A FortiGate that answers on 8013 itself, or that stands between; and keys that cannot sign what a client takes.

GATE=10.0.0.30
# gate: a server named by the serial number of a FortiGate, with a certificate of its own, as FortiOS makes one
gate() {
    up; on server ip addr add $GATE/24 dev s0
    openssl req -x509 -newkey rsa:2048 -nodes -keyout "$OUT/fgt.key" -out "$OUT/fgt.pem" -days 3650 -subj '/O=Fortinet/OU=FortiGate/CN=FGT60F0000000001' 2>/dev/null
    serve 8013 openssl s_server -accept $GATE:8013 -cert "$OUT/fgt.pem" -key "$OUT/fgt.key" -tls1_2 -www -quiet
}
report() { port 50001; c curl -sS --max-time 10 -o /dev/null "$@"; }

case_ok_fortigate_posture() {
    TITLE='An endpoint reports to a FortiGate on 8013, beside EMS.'
    TRUTH='The certificate is named by a serial number of a FortiGate; the DNS gives another address for EMS. A request is answered.'
    gate; names; record client; lookup; report -k https://$GATE:8013/; stop
    primary $ME:50001 $GATE:8013 ok.tls.fortigate_posture none probable -; healthy; absent tls.wrong_endpoint checkin
    frames ok.tls.fortigate_posture 'tls.handshake.type==11'
}
case_tls_wrong_endpoint_fortigate() {
    TITLE='The DNS gives the address of a FortiGate for EMS, and the FortiGate answers on 8013 itself (TLS 1.2).'
    BROKEN='the name of EMS leads to 10.0.0.30'
    TRUTH='The certificate at that address is named by a serial number of a FortiGate, and the client refuses it with alert 48.'
    gate; names $NAME=$GATE; record client; lookup; report --cacert made/certs/ca.pem https://$NAME:8013/; stop
    must 1 'tls.alert_message.desc==48'
    primary $ME:50001 $GATE:8013 tls.wrong_endpoint.fortigate_8013 middlebox certain possible; exits 1
    frames tls.wrong_endpoint.fortigate_8013 'tls.handshake.type==11'; frames tls.wrong_endpoint.fortigate_8013 'tls.alert_message.desc==48'
    absent tls.intercept tcp
}
case_tls_wrong_endpoint_works() {
    TITLE='The same, and the client does not mind: it exchanges data with the FortiGate in the place of EMS.'
    BROKEN='the name of EMS leads to 10.0.0.30'
    TRUTH='The certificate at that address is named by a serial number of a FortiGate; a request is answered.'
    gate; names $NAME=$GATE; record client; lookup; report -k https://$NAME:8013/; stop
    primary $ME:50001 $GATE:8013 ok.tls.established_closed_clean none certain -; exits 0
    finding tls.wrong_endpoint.fortigate_8013; absent ok.tls.fortigate_posture tls.cert.rejected_by_client
}
# relayed WANT CLIENT...: a box in the path that shows a certificate of "FortiGate CA" and asks for one of the client
relayed() {
    local want=$1; shift
    up; serve 8013 openssl s_server -accept 8013 -cert made/certs/good.pem -key made/certs/good.key -quiet
    on router nft 'add table ip g; add chain ip g c { type nat hook prerouting priority -100; }; add rule ip g c iifname r0 tcp dport 8013 redirect to :8013'
    bg router openssl s_server -accept 8013 -cert made/certs/resigned.pem -key made/certs/resigned.key $want 1 -verify_return_error -CAfile made/certs/ca.pem -tls1_2 -www -quiet
    pause 1; record client; report --cacert made/certs/gate.pem --resolve $NAME:8013:$EMS https://$NAME:8013/; stop
    must 1 'tls.handshake.type==13'
}
case_clientcert_broken_by_inspection() {
    TITLE='A box in the path replaces the certificate of EMS, which the client accepts; its own certificate does not come through (TLS 1.2).'
    BROKEN='the router takes connections to 8013 itself, shows a certificate of "FortiGate CA" and insists on one of the client'
    TRUTH='The issuer has the name of the authority of deep inspection; the server asks for a certificate of the client and refuses with an alert.'
    relayed -Verify
    must 1 "tcp.srcport==8013 && tls.alert_message.desc==40"
    primary $ME:50001 $EMS:8013 tls.clientcert.broken_by_inspection middlebox probable possible; exits 1
    frames tls.clientcert.broken_by_inspection "tcp.srcport==8013 && tls.alert_message.desc==40"
    finding tls.intercept.fortigate; absent tls.clientcert.required tls.cert.rejected_by_client
}
case_ok_inspected_asks_for_certificate() {
    TITLE='A box in the path replaces the certificate of EMS and asks the client for one, without insisting: it works.'
    TRUTH='The issuer has the name of the authority of deep inspection; a certificate is asked for, none is sent, and the request is answered.'
    relayed -verify
    primary $ME:50001 $EMS:8013 ok.tls.established_closed_clean none certain -; exits 0
    finding tls.intercept.fortigate; absent tls.clientcert.broken_by_inspection tls.clientcert.required
}
case_tls_sigalg_none_common() {
    TITLE='The client takes signatures of ECDSA alone, the certificate of the server has an RSA key; another program shows which (TLS 1.2).'
    BROKEN='-sigalgs at the client'
    TRUTH='Alert 40 answers the ClientHello; the certificate that the server showed in the other connection has an RSA key.'
    COMPANION='an exchange with the same server on 8013, whose certificate can be read'
    up; serve 8013 openssl s_server -accept 8013 -cert made/certs/good.pem -key made/certs/good.key -quiet -rev
    record client
    port 50002; HOLD=1 say '' openssl s_client -connect $EMS:8013 -servername $NAME -CAfile made/certs/ca.pem -quiet -tls1_2 -no_ign_eof
    port 50001; HOLD=1 say '' openssl s_client -connect $EMS:8013 -servername $NAME -CAfile made/certs/ca.pem -quiet -sigalgs ECDSA+SHA256:ECDSA+SHA384
    stop 1
    must 1 'tcp.srcport==8013 && tcp.dstport==50001 && tls.alert_message.desc==40'
    primary $ME:50001 $EMS:8013 tls.sigalg.none_common unknown probable probable; exits 1
    frames tls.sigalg.none_common 'tcp.srcport==8013 && tls.alert_message.desc==40'; frames tls.sigalg.none_common 'tcp.dstport==50002 && tls.handshake.type==11'
    absent tls.cipher tls.group tcp
}
case_tls_sigalg_hidden() {
    TITLE='The same, and the other connection is TLS 1.3: nobody sees which key the server has.'
    BROKEN='-sigalgs at the client'
    TRUTH='Alert 40 answers the ClientHello; the certificate of the other connection is encrypted.'
    COMPANION='an exchange with the same server on 8013, whose certificate cannot be read'
    up; serve 8013 openssl s_server -accept 8013 -cert made/certs/good.pem -key made/certs/good.key -quiet -rev
    record client
    port 50002; HOLD=1 say '' openssl s_client -connect $EMS:8013 -servername $NAME -CAfile made/certs/ca.pem -quiet -tls1_3 -no_ign_eof
    port 50001; HOLD=1 say '' openssl s_client -connect $EMS:8013 -servername $NAME -CAfile made/certs/ca.pem -quiet -sigalgs ECDSA+SHA256:ECDSA+SHA384
    stop 1
    must 1 'tcp.srcport==8013 && tcp.dstport==50001 && tls.alert_message.desc==40'
    primary $ME:50001 $EMS:8013 tls.handshake_failure unknown certain -; exits 1
    absent tls.sigalg tls.cipher tls.group tcp
}
