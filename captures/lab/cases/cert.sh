# shellcheck shell=bash disable=SC2034,SC2086
# The client rejects the certificate of the server. One line a case: certificate, version, client.
# openssl: s_client, gnutls: gnutls-cli, go: crypto/tls, node: Node.js, nss: tstclnt, curl, python

declare -A WHAT=(
    [private]='a certificate of an authority the client does not know'
    [selfsigned]='a self-signed certificate'
    [expired]='a certificate that expired on 2024-01-01'
    [wrongname]='a certificate for intranet.corp.example'
    [future]='a certificate that begins on 2039-01-01'
    [revoked]='a revoked certificate'
    [usage]='a certificate that is for clients only'
    [weak]='a certificate with an RSA key of 1024 bits'
    [chained]='a certificate without the intermediate one that issued it')

more=() more_server=() # further options
# reject STACK CERT VERSION: run it; the client must end it
reject() {
    local stack=$1 cert=$2 v=$3
    TITLE="${TITLE:-A client refuses ${WHAT[$cert]} (TLS $v, $stack).}"
    BROKEN="${BROKEN:-the server shows ${WHAT[$cert]}}"
    COMPANION=${COMPANION:-DNS lookup of the EMS name}
    up; names
    serve 8013 openssl s_server -accept 8013 -cert "made/certs/$cert.pem" -key "made/certs/$cert.key" -quiet "${more_server[@]}"
    record client
    port 50001
    case $stack in
    openssl) HOLD=1 say '' openssl s_client -connect $NAME:8013 -servername $NAME -verify_hostname $NAME -CAfile made/certs/ca.pem -verify_return_error "-tls${v/./_}" "${more[@]}" ;;
    gnutls) HOLD=1 say '' gnutls-cli -p 8013 --x509cafile made/certs/ca.pem --priority "NORMAL:-VERS-ALL:+VERS-TLS$v" $NAME ;;
    go) lookup; port 50001; c made/gotls client $EMS:8013 -ca made/certs/ca.pem -tls "$v" ;;
    node) c node bin/client.js $NAME 8013 made/certs/ca.pem "TLSv$v" ;;
    nss) lookup; port 50001; HOLD=1 LIMIT=3 say 'hello\n' tstclnt -h $EMS -p 8013 -a $NAME -d made/certs/nssca -V "tls$v:tls$v" ;;
    curl) c curl -s --max-time 3 --cacert made/certs/ca.pem "--tlsv$v" --tls-max "$v" https://$NAME:8013/ ;;
    esac
    stop 1
    exits 1
}
client='ip.src==10.20.40.17 && tcp.dstport==8013'
plain() { # plain ALERT ID OWNER FACT CAUSE: the client's alert is readable
    must 1 "$client && tls.alert_message.desc==$1"
    primary $ME:50001 $EMS:8013 "${@:2}"
    frames "$2" "$client && tls.alert_message.desc==$1"
    absent tcp.reset tls.clientcert tls.server
}
hidden() { # the client's first protected record is of alert size
    must 1 "$client && tls.record.opaque_type==23"
    must 1 "$client && tls.record.opaque_type==23 && tls.record.length==19"
    primary $ME:50001 $EMS:8013 tls.cert.rejected_by_client.encrypted unknown probable -
    frames tls.cert.rejected_by_client.encrypted "$client && tls.record.opaque_type==23"
    absent ok tcp.reset tls.clientcert tls.server
}
ca_unknown=tls.cert.rejected_by_client.unknown_ca
said='The alert of the client is readable and names the reason'
said42='GnuTLS and Go say 42 for every reason'
under13='The certificate is hidden under TLS 1.3; the only protected record of the client has the size of an alert and stands where its final flight belongs. The program reported that it did not trust the certificate.'

case_cert_unknown_ca_openssl_tls12() { TRUTH="$said: 48."; reject openssl private 1.2; plain 48 $ca_unknown unknown certain -; }
case_cert_unknown_ca_openssl_tls13() { FORMAT=pcapng; TRUTH="$said: 48; OpenSSL sends it in clear under TLS 1.3 as well."; reject openssl private 1.3; plain 48 $ca_unknown unknown certain -; }
case_cert_unknown_ca_curl_tls13() { TRUTH="$said: 48; the reset is the echo of this refusal."; reject curl private 1.3; must 1+ "$client && tcp.flags.reset==1"; plain 48 $ca_unknown unknown certain -; }
case_cert_self_signed_openssl_tls12() { TRUTH="$said: 48."; reject openssl selfsigned 1.2; plain 48 $ca_unknown unknown certain -; }
case_cert_self_signed_openssl_tls13() { TRUTH="$said: 48."; reject openssl selfsigned 1.3; plain 48 $ca_unknown unknown certain -; }
case_cert_expired_openssl_tls12() { FORMAT=pcapng; TRUTH="$said: 45; the visible certificate ended before the capture."; reject openssl expired 1.2; plain 45 tls.cert.rejected_by_client.expired server certain -; }
case_cert_expired_openssl_tls13() { TRUTH="$said: 45."; reject openssl expired 1.3; plain 45 tls.cert.rejected_by_client.expired server certain -; }
case_cert_unsupported_openssl_tls12() { TRUTH="$said: 43; the visible certificate is for clients only."; reject openssl usage 1.2; plain 43 tls.cert.rejected_by_client.unsupported - certain -; }
case_cert_unsupported_openssl_tls13() { TRUTH="$said: 43."; reject openssl usage 1.3; plain 43 tls.cert.rejected_by_client.unsupported - certain -; }
case_cert_unsupported_go_tls12() { TRUTH="The client says 42. $said42; the visible certificate is for clients only."; reject go usage 1.2; plain 42 tls.cert.rejected_by_client.unsupported - probable -; }
case_cert_wrong_name_openssl_tls12() { TRUTH='The visible certificate is for another name than the one asked for, and the client says 42.'; reject openssl wrongname 1.2; plain 42 tls.cert.rejected_by_client.name_mismatch server - -; }
case_cert_wrong_name_openssl_tls13() { TRUTH='The client says 42; the names are hidden under TLS 1.3, so only the rejection is certain.'; reject openssl wrongname 1.3; plain 42 tls.cert.rejected_by_client.bad_certificate unknown certain possible; }
case_cert_incomplete_chain_openssl_tls12() { TRUTH='The leaf is alone, not self-signed, names where its issuer can be fetched, and the client says 48.'; reject openssl chained 1.2; plain 48 tls.cert.rejected_by_client.incomplete_chain server - -; }
case_cert_unknown_ca_gnutls_tls12() { TRUTH="The client says 42. $said42, so only the rejection is certain."; reject gnutls private 1.2; plain 42 tls.cert.rejected_by_client.bad_certificate unknown certain possible; }
case_cert_expired_gnutls_tls12() { TRUTH="The client says 42; the visible certificate ended before the capture, which explains it."; reject gnutls expired 1.2; plain 42 tls.cert.rejected_by_client.expired server probable -; }
case_cert_unknown_ca_gnutls_tls13() { FORMAT=pcapng; TRUTH=$under13; reject gnutls private 1.3; hidden; }
case_cert_expired_gnutls_tls13() { TRUTH=$under13; reject gnutls expired 1.3; hidden; }
case_cert_wrong_name_gnutls_tls13() { TRUTH=$under13; reject gnutls wrongname 1.3; hidden; }
case_cert_self_signed_gnutls_tls13() { TRUTH=$under13; reject gnutls selfsigned 1.3; hidden; }
case_cert_unknown_ca_go_tls12() { TRUTH="The client says 42. $said42, so only the rejection is certain."; reject go private 1.2; plain 42 tls.cert.rejected_by_client.bad_certificate unknown certain possible; }
case_cert_wrong_name_go_tls12() { TRUTH="The client says 42; the visible certificate is for another name."; reject go wrongname 1.2; plain 42 tls.cert.rejected_by_client.name_mismatch server - -; }
case_cert_unknown_ca_go_tls13() { TRUTH=$under13; reject go private 1.3; hidden; }
case_cert_expired_go_tls13() { TRUTH=$under13; reject go expired 1.3; hidden; }
case_cert_unknown_ca_nss_tls13() { TRUTH="$under13 NSS sends no ChangeCipherSpec before it."; reject nss private 1.3; hidden; must 0 "$client && tls.record.content_type==20"; }
case_cert_unknown_ca_nss_tls12() {
    TRUTH='NSS finishes its part of the handshake and looks at the certificate then: its alert is encrypted, but comes where it should wait for the Finished of the server. The program reported an unknown issuer.'
    reject nss private 1.2
    must 1 "$client && tls.record.content_type==21 && tls.record.length==26"
    must 0 'tls.alert_message.level==2'
    primary $ME:50001 $EMS:8013 tls.cert.rejected_by_client.encrypted unknown probable -
    frames tls.cert.rejected_by_client.encrypted "$client && tls.record.content_type==21"
    absent ok tcp.reset tls.client tls.server
}
case_cert_unknown_ca_node_tls13() {
    TRUTH='The client closes right after the whole server flight, without a Finished and without an alert. It did refuse the certificate, but the wire leaves other reasons.'
    reject node private 1.3
    must 1 "$client && tcp.flags.fin==1"; must 0 "$client && tls.record.opaque_type==23"
    primary $ME:50001 $EMS:8013 tls.cert.rejected_by_client.silent_close unknown possible -
    frames tls.cert.rejected_by_client.silent_close "$client && tcp.flags.fin==1"
    absent ok tls.client tcp.reset
}
case_cert_unknown_ca_node_tls12() {
    TRUTH='Node.js completes the handshake, checks the certificate and leaves. On the wire this is a finished TLS session without data, like a probe; one alone proves no rejection.'
    reject node private 1.2
    must 0 'tls.alert_message.level==2'
    sed -i '/^exit/d' "$OUT/expect.txt"
    primary $ME:50001 $EMS:8013 ok.tls.no_data none certain -
    unseen $ME:50001 $EMS:8013 tls.cert.rejected_by_client.unknown_ca
    healthy
}

# who must act, when several clients are seen
three() { # three CA18 CA19: 10.20.40.17 does not know the authority, .18 and .19 have the given one
    BROKEN='one authority file that lacks the authority of the server'
    up
    on client ip addr add 10.20.40.18/24 dev c0
    on client ip addr add 10.20.40.19/24 dev c0
    serve 8013 bin/tlsd.py 8013 --tls 1.2 --cert made/certs/private
    WHERE='the interface of the router towards the clients, r0'
    record router
    port 50018; c bin/tlsc.py $EMS:8013 --tls 1.2 --source 10.20.40.18 --ca "made/certs/$1.pem"
    port 50001; c bin/tlsc.py $EMS:8013 --tls 1.2 --ca made/certs/ca.pem --source $ME
    port 50019; c bin/tlsc.py $EMS:8013 --tls 1.2 --source 10.20.40.19 --ca "made/certs/$2.pem"
    stop
    exits 1
}
case_cert_unknown_ca_one_of_three() {
    TITLE='One of three clients does not trust the certificate of the server.'
    COMPANION='two other clients that trust it and exchange data'
    TRUTH='The certificate is good enough for the others, so the client that says 48 must act.'
    three other other
    must 1 'tls.alert_message.desc==48'
    primary 10.20.40.17:50001 $EMS:8013 $ca_unknown client certain -
    primary 10.20.40.18:50018 $EMS:8013 ok.tls.established_closed_clean none certain -
    primary 10.20.40.19:50019 $EMS:8013 ok.tls.established_closed_clean none certain -
}
case_cert_unknown_ca_all_of_three() {
    TITLE='All three clients refuse the certificate of the server.'
    COMPANION='none besides the three clients'
    TRUTH='Every client says 48, so the server must act.'
    three ca ca
    must 3 'tls.alert_message.desc==48'
    local n
    for n in 17:50001 18:50018 19:50019; do primary 10.20.40.$n $EMS:8013 $ca_unknown server certain -; done
}
case_cert_expired_client_clock() {
    TITLE='The clock of the client is in the year 2041: it takes a good certificate for expired (TLS 1.2).'
    BROKEN='a client that verifies at a time after the end of the certificate'
    TRUTH='The client says 45, but the visible certificate is valid at the time of the capture.'
    up
    serve 8013 openssl s_server -accept 8013 -cert made/certs/good.pem -key made/certs/good.key -quiet
    record client
    port 50001; HOLD=1 say '' openssl s_client -connect $EMS:8013 -servername $NAME -CAfile made/certs/ca.pem -verify_return_error -tls1_2 -attime 2250000000
    stop 1
    plain 45 tls.cert.rejected_by_client.expired client certain -
    exits 1
}
case_cert_not_yet_valid_openssl_tls12() {
    TRUTH='The client says 42; the visible certificate begins after the capture, which explains it.'
    reject openssl future 1.2
    plain 42 tls.cert.rejected_by_client.not_yet_valid unknown probable -
}
case_cert_revoked_openssl_tls13() {
    more=(-crl_check -CRL made/certs/crl.pem)
    TRUTH="$said: 44."
    reject openssl revoked 1.3
    plain 44 tls.cert.rejected_by_client.revoked server certain certain
}
case_cert_weak_openssl_tls12() {
    more=(-cipher DEFAULT@SECLEVEL=2) more_server=(-cipher DEFAULT@SECLEVEL=0)
    TRUTH='The visible certificate has a key of 1024 bits and the client refuses it.'
    reject openssl weak 1.2
    must 1 "$client && tls.alert_message.level==2"
    primary $ME:50001 $EMS:8013 tls.cert.rejected_by_client.weak server probable -
    frames tls.cert.rejected_by_client.weak "$client && tls.alert_message.level==2"
    absent tcp.reset tls.clientcert tls.server
}
case_cert_late_close_node_tls12() {
    TITLE='A Node.js client completes TLS 1.2 three times and leaves each time without data; another client works.'
    BROKEN='the server shows a certificate of an authority the first client does not know'
    COMPANION='another client that trusts the authority and exchanges data'
    TRUTH='Three closes at irregular distances by a client that never exchanges data are a hint and no proof: a warning, not a failure.'
    up
    on client ip addr add 10.20.40.18/24 dev c0
    serve 8013 bin/tlsd.py 8013 --tls 1.2 --cert made/certs/private
    WHERE='the interface of the router towards the clients, r0'
    record router
    port 50001; c node bin/client.js $EMS 8013 made/certs/ca.pem TLSv1.2
    port 50018; c bin/tlsc.py $EMS:8013 --tls 1.2 --source 10.20.40.18 --ca made/certs/other.pem
    pause 1; port 50002; c node bin/client.js $EMS 8013 made/certs/ca.pem TLSv1.2
    pause 4.5; port 50003; c node bin/client.js $EMS 8013 made/certs/ca.pem TLSv1.2
    stop 1
    must 0 'tls.alert_message.level==2'
    primary 10.20.40.18:50018 $EMS:8013 ok.tls.established_closed_clean none certain -
    finding tls.cert.rejected_by_client.late_close
    exits 0; absent tcp
}
case_cert_wrong_name_once_curl_tls12() {
    TITLE='curl asks for another name than the certificate has (TLS 1.2); it checks after the handshake and leaves without a word.'
    BROKEN='the server shows a certificate for another name'
    TRUTH='curl says that no alternative name matches. The wire shows a whole handshake and a close, as of a probe: no failure can be claimed of one such connection, but the certificate is in plain sight.'
    up; serve 8013 bin/tlsd.py 8013 --tls 1.2 --cert made/certs/wrongname
    record client
    port 50001; c curl -sS --tls-max 1.2 --cacert made/certs/ca.pem --resolve $NAME:8013:$EMS https://$NAME:8013/
    stop 1
    must 1 'tls.handshake.type==11'; must 0 'tls.alert_message.level==2 && tcp.srcport==50001'
    must 0 'tls.record.content_type==23'
    primary 10.20.40.17:50001 $EMS:8013 ok.tls.no_data none certain possible
    unseen 10.20.40.17:50001 $EMS:8013 tls.cert.rejected_by_client.name_mismatch
    exits 0; absent tcp tls.cert
}
case_ok_cert_expired_accepted() {
    TITLE='The certificate of the server has expired, the client does not mind (TLS 1.2).'
    BROKEN='an expired certificate; a client that does not verify'
    TRUTH='Data flows both ways after the certificate: a warning, not a failure.'
    up; serve 8013 bin/tlsd.py 8013 --tls 1.2 --cert made/certs/expired
    record client
    port 50001; HOLD=1 say 'hello\n' openssl s_client -connect $EMS:8013 -servername $NAME -tls1_2 -quiet -no_ign_eof
    stop 1
    must 1 'tls.handshake.type==11'; must 1+ 'tcp.srcport==8013 && tls.record.content_type==23'
    finding tls.cert.no_rejection_observed
    exits 0; absent tcp tls.cert.rejected_by_client
}
# bundle CERT...: what the user of shakeout trusts, beside the capture
bundle() {
    local i
    for i; do cat "made/certs/$i.pem"; done >"$OUT/bundle.pem"
    BUNDLE=1
    args --ca-bundle ./bundle.pem
}
case_cert_bundle_incomplete_openssl_tls12() {
    TRUTH='The leaf is alone and does not say where its issuer is; the bundle given has the intermediate, and a client that has only the root says 48.'
    WHAT[bare]=${WHAT[chained]}
    reject openssl bare 1.2; bundle ca inter
    plain 48 tls.cert.rejected_by_client.incomplete_chain server - -
}
case_cert_bundle_good_openssl_tls12() {
    TRUTH='The chain leads to the authority of the bundle given, so what the client lacks is that authority.'
    reject openssl private 1.2; bundle other
    plain 48 $ca_unknown client certain -
}
case_cert_bundle_unknown_ca_gnutls_tls12() {
    TRUTH="The client says 42. $said42; by the bundle given the authority is unknown."
    reject gnutls private 1.2; bundle ca
    plain 42 tls.cert.rejected_by_client.bad_certificate unknown certain possible
}
# unverified CERT: a client that does not verify exchanges data (TLS 1.2)
unverified() {
    up; serve 8013 bin/tlsd.py 8013 --tls 1.2 --cert "made/certs/$1"
    record client
    port 50001; c bin/tlsc.py $EMS:8013 --tls 1.2 --blind
    stop 1
    must 1 'tls.handshake.type==11'; must 1+ 'tcp.srcport==8013 && tls.record.content_type==23'
    exits 0; absent tcp tls.cert.rejected_by_client
}
case_ok_cert_untrusted_accepted() {
    TITLE='The certificate is from an authority outside of the bundle given, the client does not mind (TLS 1.2).'
    BROKEN='a certificate of another authority; a client that does not verify'
    TRUTH='Data flows both ways; no authority of the bundle stands behind the certificate.'
    unverified private; bundle ca
    finding tls.cert.no_rejection_observed
}
case_ok_cert_trusted() {
    TITLE='The certificate is from the authority of the bundle given (TLS 1.2).'
    BROKEN='nothing'
    TRUTH='The chain leads to the authority of the bundle, dates and name fit: nothing is wrong with it.'
    unverified good; bundle ca
    primary $ME:50001 $EMS:8013 ok.tls.established_closed_clean none certain -
    absent tls.cert
}

# short_lived DAYS: a certificate of the known authority that was made a moment ago
short_lived() {
    up
    on server openssl req -x509 -CA made/certs/ca.pem -CAkey made/certs/ca.key -newkey rsa:2048 -nodes -days "$1" -subj "/O=Corp Example/CN=$NAME" \
        -addext "subjectAltName=DNS:$NAME" -addext basicConstraints=critical,CA:FALSE -addext extendedKeyUsage=serverAuth \
        -keyout "$OUT/short.key" -out "$OUT/short.pem" 2>/dev/null
    serve 8013 bin/tlsd.py 8013 --tls 1.2 --cert "$OUT/short"
    record client
    port 50001; c bin/tlsc.py $EMS:8013 --tls 1.2
    stop 1
    sed -i "s|$OUT|.|g" "$OUT/commands"
    must 1 'tls.handshake.type==11'
    primary $ME:50001 $EMS:8013 ok.tls.established_closed_clean none certain -
    exits 0; absent tcp tls.cert.rejected_by_client tls.cert.no_rejection_observed
}
case_cert_expires_soon() {
    TITLE='The certificate of EMS expires in ten days; everything works (TLS 1.2).'
    BROKEN='nothing yet: a certificate for ten days'
    TRUTH='The visible certificate ends ten days after the capture. A warning, not a failure.'
    short_lived 10
    finding tls.cert.expires_soon; frames tls.cert.expires_soon 'tls.handshake.type==11'
}
case_ok_cert_ten_days_are_enough() {
    TITLE='The certificate of EMS expires in ten days, and the site renews in the last week (TLS 1.2).'
    TRUTH='The configuration beside the capture wants a warning seven days before.'
    printf '[tls]\nexpires_soon = 7d\n' >"$OUT/shakeout.ini"; CONFIG=1; args --config ./shakeout.ini
    short_lived 10
    absent tls.cert
}

# inspected CERT CLIENT...: a box in the path takes the connection itself and shows a certificate of its own authority
inspected() {
    local cert=$1; shift
    up; serve 8013 bin/tlsd.py 8013 --tls 1.2
    on router nft 'add table ip g; add chain ip g c { type nat hook prerouting priority -100; }; add rule ip g c iifname r0 tcp dport 8013 redirect to :8013'
    bg router bin/tlsd.py 8013 --tls 1.2 --cert "made/certs/$cert"
    pause 1
    record client
    port 50001; c bin/tlsc.py $EMS:8013 --tls 1.2 "$@"
    stop 1
    must 1 'tls.handshake.type==11'
}
case_tls_intercept_fortigate() {
    TITLE='A box in the path replaces the certificate of EMS; the client does not know its authority (TLS 1.2).'
    BROKEN='the router takes connections to 8013 itself and shows a certificate of "FortiGate CA"'
    TRUTH='The issuer has the name of the authority of deep inspection, and the client says 48.'
    inspected resigned
    primary $ME:50001 $EMS:8013 tls.intercept.fortigate middlebox certain -
    frames tls.intercept.fortigate "$client && tls.alert_message.desc==48"
    exits 1; absent tcp.reset tls.clientcert tls.server
}
case_tls_intercept_fortigate_untrusted() {
    TITLE='A box in the path replaces the certificate of EMS and signs with the authority for what it does not trust (TLS 1.2).'
    BROKEN='the router takes connections to 8013 itself and shows a certificate of "Fortinet_CA_Untrusted"'
    TRUTH='The issuer has the name of the authority for servers that the box does not trust, and the client says 48.'
    inspected resigneduntrusted
    primary $ME:50001 $EMS:8013 tls.intercept.fortigate_untrusted middlebox certain -
    exits 1; absent tcp.reset tls.clientcert tls.server
}
case_ok_intercept_accepted() {
    TITLE='A box in the path replaces the certificate of EMS; the client trusts its authority (TLS 1.2).'
    BROKEN='the router takes connections to 8013 itself and shows a certificate of "FortiGate CA"'
    TRUTH='Data flows both ways with a certificate of the inspecting box: a warning, not a failure.'
    inspected resigned --ca made/certs/gate.pem
    primary $ME:50001 $EMS:8013 ok.tls.established_closed_clean none certain -
    finding tls.intercept.fortigate
    exits 0; absent tcp tls.cert
}
case_ok_ems_own_certificate() {
    TITLE='EMS shows the certificate that Fortinet issued to it (TLS 1.2).'
    BROKEN='nothing'
    TRUTH='Subject FCTEMS and a serial number, issued by a sub-authority of Fortinet: no inspection.'
    up; serve 8013 bin/tlsd.py 8013 --tls 1.2 --cert made/certs/emsown
    record client
    port 50001; c bin/tlsc.py $EMS:8013 --tls 1.2 --ca made/certs/fortinet.pem
    stop 1
    must 1 'tls.handshake.type==11'
    primary $ME:50001 $EMS:8013 ok.tls.established_closed_clean none certain -
    exits 0; absent tls.intercept tls.cert
}

# shown_by CERT PORT...: EMS shows this certificate to clients on these ports, and is stopped again
shown_by() {
    local cert=$1 n; shift
    serve 8013 bin/tlsd.py 8013 --tls 1.2 --cert "made/certs/$cert"
    for n; do
        port "$n"; c bin/tlsc.py $EMS:8013 --tls 1.2 --source "10.20.40.1${n: -1}"
    done
    note "server# kill what listens on 8013"
    kill "$(in_ns server ss -Hltnp 'sport = :8013' | grep -oP 'pid=\K\d+' | head -1)"
    pause 0.3
}
two_clients() { up; on client ip addr add 10.20.40.18/24 dev c0; record client; }
case_cert_changed_in_capture() {
    TITLE='The certificate of EMS is renewed while the capture runs (TLS 1.2).'
    BROKEN='nothing: the service is started again with a new certificate'
    TRUTH='Two clients are shown one certificate three times, then only the other one, which is younger.'
    two_clients
    shown_by good 50007 50018 50027
    shown_by renewed 50037 50048 50057
    stop 1
    must 6 'tls.handshake.type==11'
    finding tls.cert.changed_in_capture
    frames tls.cert.changed_in_capture 'tls.handshake.type==11 && (tcp.port==50027 || tcp.port==50037)'
    exits 0; absent tcp tls.intercept
}
case_ok_cert_of_two_nodes() {
    TITLE='Two servers behind one address show certificates of their own in turn (TLS 1.2).'
    BROKEN='nothing: the service is started again each time with the certificate of the other'
    TRUTH='The older certificate comes again after the younger one, so nothing was renewed.'
    two_clients
    shown_by good 50007; shown_by renewed 50018; shown_by good 50027; shown_by renewed 50037
    stop 1
    must 4 'tls.handshake.type==11'
    exits 0; absent tls.cert tls.intercept tcp
}

case_tls_intercept_other() {
    TITLE='A box in the path replaces the certificate of EMS by one of a known proxy product; the client refuses it (TLS 1.2).'
    BROKEN='the router takes connections to 8013 itself and shows a certificate of "Zscaler Intermediate Root CA"'
    TRUTH='The issuer has the name under which that product signs, and the client says 48.'
    inspected proxied
    primary $ME:50001 $EMS:8013 tls.intercept.other middlebox possible -
    exits 1; absent tcp.reset tls.clientcert tls.server
}
case_tls_intercept_other_compared() {
    TITLE='A box in the path replaces the certificate of EMS for one of three clients (TLS 1.2).'
    BROKEN='the router takes the connections of 10.20.40.17 to 8013 itself and shows a certificate of an authority of its own'
    TRUTH='One client is shown another issuer than the others for the same name, both times it connects, and refuses it.'
    COMPANION='two other clients that work with the certificate of EMS'
    WHERE='the interface of the router towards the clients, r0'
    up
    on client ip addr add 10.20.40.18/24 dev c0
    on client ip addr add 10.20.40.19/24 dev c0
    serve 8013 bin/tlsd.py 8013 --tls 1.2
    on router nft 'add table ip g; add chain ip g c { type nat hook prerouting priority -100; }; add rule ip g c ip saddr 10.20.40.17 tcp dport 8013 redirect to :8013'
    bg router bin/tlsd.py 8013 --tls 1.2 --cert made/certs/private
    pause 1
    record router
    local n
    for n in 50017 50018 50027 50019; do
        port $n; c bin/tlsc.py $EMS:8013 --tls 1.2 --source "10.20.40.1${n: -1}"
    done
    port 50037; c bin/tlsc.py $EMS:8013 --tls 1.2 --source $ME
    stop 1
    must 3 'tls.alert_message.desc==48'
    for n in 50017 50027 50037; do primary $ME:$n $EMS:8013 tls.intercept.other middlebox probable -; done
    for n in 8 9; do primary 10.20.40.1$n:5001$n $EMS:8013 ok.tls.established_closed_clean none certain -; done
    exits 1; absent tcp.reset tls.clientcert tls.server tls.cert
}
case_cert_unknown_ca_of_one_node() {
    TITLE='Of two servers behind one address one shows a certificate that a client does not trust (TLS 1.2).'
    BROKEN='the service is started again each time with the certificate of the other node'
    TRUTH='The client that says 48 is shown the other certificate as well and works with it: no box in its path.'
    two_clients
    shown_by private 50007; shown_by good 50018 50017; shown_by private 50027; shown_by good 50028
    stop 1
    must 2 'tls.alert_message.desc==48'
    primary $ME:50007 $EMS:8013 $ca_unknown unknown certain -
    primary $ME:50027 $EMS:8013 $ca_unknown unknown certain -
    exits 1; absent tls.intercept tls.cert.changed_in_capture tcp
}

# revoked_or_not: a client that fetches the list of revoked certificates before it goes on (TLS 1.2); FROM is its port
revoked_or_not() {
    serve 8013 bin/tlsd.py 8013 --tls 1.2 --cert made/certs/crled
    record client
    port 50001 50008
    LIMIT=20 c java -Djava.net.preferIPv4Stack=true -Dcom.sun.net.ssl.checkRevocation=true -Dcom.sun.security.enableCRLDP=true \
        -cp made Tls client $EMS 8013 - made/certs/ca.p12 TLSv1.2
    pause 4
    stop 1
    must 1 'tls.handshake.type==11'
    FROM=$(tshark -n -r "$CAP" -Y 'tcp.dstport==8013 && tcp.flags.syn==1' -T fields -e tcp.srcport 2>/dev/null)
}
case_cert_revocation_refused() {
    TITLE='A client insists on the list of revoked certificates, and the way to its server is blocked (TLS 1.2).'
    BROKEN='the router answers connections to port 80 with a reset'
    TRUTH='Right after the certificate the client asks for the host that it names, is refused there, and says 46.'
    up; names crl.corp.example=10.0.0.2
    on router nft 'add table ip f; add chain ip f c { type filter hook forward priority 0; }; add rule ip f c tcp dport 80 reject with tcp reset'
    revoked_or_not
    must 1 'tls.alert_message.desc==46'
    primary $ME:$FROM $EMS:8013 tls.cert.rejected_by_client.unknown unknown certain -
    finding tls.cert.revocation_unreachable
    frames tls.cert.revocation_unreachable 'tcp.flags.syn==1 && tcp.dstport==80' 1
    exits 1; absent tls.intercept tls.cert.rejected_by_client.revoked
}
case_cert_revocation_no_name() {
    TITLE='A client insists on the list of revoked certificates, and the name of its server does not exist (TLS 1.2).'
    BROKEN='the DNS server does not know crl.corp.example'
    TRUTH='Right after the certificate the client asks for the host that it names, hears that there is none, and says 46.'
    up; names
    revoked_or_not
    must 1 'tls.alert_message.desc==46'
    primary $ME:$FROM $EMS:8013 tls.cert.rejected_by_client.unknown unknown certain -
    finding tls.cert.revocation_unreachable
    frames tls.cert.revocation_unreachable 'dns.flags.rcode==3' 1
    exits 1; absent tls.intercept tls.cert.rejected_by_client.revoked
}
case_ok_cert_revocation() {
    TITLE='A client fetches the list of revoked certificates and goes on (TLS 1.2).'
    BROKEN='nothing'
    TRUTH='The host that the certificate names is resolved, reached and answers.'
    up; names crl.corp.example=10.0.0.2
    serve 80 python3 -m http.server 80 --directory made/certs/web
    revoked_or_not
    must 1+ 'http.response.code==200'
    primary $ME:$FROM $EMS:8013 ok.tls.established_closed_clean none certain -
    exits 0; absent tls.cert tls.intercept
}
