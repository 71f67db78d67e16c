# shellcheck shell=bash disable=SC2034,SC2086
# Connections that work, of every stack.

fine() { # fine ID [SERVER]: the only connection is healthy
    primary $ME:50001 "${2:-$EMS:8013}" "${1:-ok.tls.established_closed_clean}" none certain -
    healthy
}

case_ok_openssl_tls12() {
    TITLE='A healthy TLS 1.2 exchange between OpenSSL programs.'
    TRUTH='Both Finished and data both ways are in the capture, then both sides send close_notify and FIN.'
    COMPANION='DNS lookup of the EMS name'
    up; names
    serve 8013 bin/tlsd.py 8013 --tls 1.2
    record client
    lookup; port 50001; c bin/tlsc.py $EMS:8013 --tls 1.2
    stop
    must 1 'tls.handshake.type==11'
    must 0 'tcp.flags.reset==1'
    fine
}

case_ok_openssl_tls13() {
    FORMAT=pcapng
    TITLE='A healthy TLS 1.3 exchange between OpenSSL s_client and s_server.'
    TRUTH='Tickets and data of the server follow the final flight of the client; the server ends in good order.'
    COMPANION='DNS lookup of the EMS name'
    up; names
    serve 8013 openssl s_server -accept 8013 -cert made/certs/good.pem -key made/certs/good.key -www -quiet
    record client
    port 50001
    HOLD=1 say 'GET / HTTP/1.0\r\n\r\n' openssl s_client -connect $NAME:8013 -servername $NAME -CAfile made/certs/ca.pem -verify_return_error -tls1_3 -quiet -no_ign_eof
    stop
    must 1+ 'tls.handshake.extensions.supported_version==0x0304 && tls.handshake.type==2'
    must 0 'tls.alert_message'
    if [ -n "$(frames_of 'tcp.flags.reset==1')" ]; then fine ok.closed_after_data_rst; else fine; fi
}

gnutls_ok() { # gnutls_ok VERSION
    up; names
    serve 8013 gnutls-serv -p 8013 --x509certfile made/certs/good.pem --x509keyfile made/certs/good.key --echo -a -q
    record client
    port 50001
    HOLD=1 say 'hello\n' gnutls-cli -p 8013 --x509cafile made/certs/ca.pem --priority "NORMAL:-VERS-ALL:+VERS-TLS$1" $NAME
    stop
    if [ -n "$(frames_of 'tcp.flags.reset==1')" ]; then fine ok.closed_after_data_rst; else fine; fi
}
case_ok_gnutls_tls12() {
    TITLE='A healthy TLS 1.2 exchange between GnuTLS programs.'
    TRUTH='A line was echoed after both Finished; the client then ended with close_notify and FIN.'
    COMPANION='DNS lookup of the EMS name'
    gnutls_ok 1.2
}
case_ok_gnutls_tls13() {
    TITLE='A healthy TLS 1.3 exchange between GnuTLS programs.'
    TRUTH='A line was echoed after both final flights; the client then ended with close_notify and FIN.'
    COMPANION='DNS lookup of the EMS name'
    FORMAT=pcapng gnutls_ok 1.3
}

go_ok() {
    up
    serve 8013 made/gotls server :8013 -cert made/certs/good
    record client
    port 50001; c made/gotls client $EMS:8013 -ca made/certs/ca.pem "$@"
    stop 1
}
case_ok_go_tls12() {
    TITLE='A healthy TLS 1.2 exchange between Go programs; the client leaves while the server still writes.'
    TRUTH='The client has its answer and says close_notify and FIN; the reset answers data that came after its close.'
    go_ok -tls 1.2
    must 1+ 'tcp.flags.reset==1 && ip.src==10.20.40.17'
    fine ok.closed_after_data_rst
}
case_ok_go_half_close_tls13() {
    TITLE='A client that closes its sending side after the request and reads the answer to the end (TLS 1.3, Go).'
    TRUTH='The FIN of the client is half a close: the server goes on for a second, then ends as well.'
    go_ok -half
    must 0 'tcp.flags.reset==1'
    must 3+ 'tcp.srcport==8013 && tls.record.opaque_type==23'
    fine
}

case_ok_node_tls13() {
    TITLE='A healthy TLS 1.3 exchange of Node.js with an OpenSSL server.'
    TRUTH='Request and reply after both final flights, then an orderly end.'
    COMPANION='DNS lookup of the EMS name'
    FORMAT=pcapng
    up; names
    serve 8013 bin/tlsd.py 8013
    record client
    port 50001; c node bin/client.js $NAME 8013 made/certs/ca.pem TLSv1.3
    stop
    if [ -n "$(frames_of 'tcp.flags.reset==1')" ]; then fine ok.closed_after_data_rst; else fine; fi
}

case_ok_nss_no_close_notify() {
    TITLE='NSS tstclnt ends a healthy TLS 1.3 session without close_notify.'
    TRUTH='Data flowed both ways and the server ended politely; the client, stopped by a signal, leaves with FIN alone, which is usual for NSS and no rejection.'
    up
    serve 8013 bin/tlsd.py 8013 --idle 1
    record client
    port 50001
    HOLD=2 LIMIT=4 say 'hello\n' tstclnt -h $EMS -p 8013 -a $NAME -d made/certs/nssca -V tls1.3:tls1.3
    stop
    must 1+ 'tcp.srcport==8013 && tcp.len==28'
    if [ -n "$(frames_of 'tcp.flags.reset==1')" ]; then fine ok.closed_after_data_rst; else fine; fi
}

case_ok_wget_no_close_notify() {
    TITLE='wget reads its answer and leaves without close_notify.'
    TRUTH='Reply and close of the server are in the capture; wget is known to end with FIN and reset only.'
    COMPANION='DNS lookup of the EMS name'
    up; names
    serve 8013 openssl s_server -accept 8013 -cert made/certs/good.pem -key made/certs/good.key -WWW -quiet
    record client
    port 50001; c wget -q -O - --ca-certificate=made/certs/ca.pem https://$NAME:8013/made/certs/good.pem
    stop 1
    must 1+ 'tcp.srcport==8013 && tls.record.opaque_type==23 && tls.record.length>1000'
    if [ -n "$(frames_of 'tcp.flags.reset==1')" ]; then fine ok.closed_after_data_rst; else fine; fi
}

case_ok_curl_rst_after_close_notify() {
    TITLE='curl ends a finished exchange with close_notify and a reset.'
    TRUTH='The whole reply arrived and curl said close_notify; the reset only sweeps up what came after it.'
    COMPANION='DNS lookup of the EMS name'
    up; names
    serve 8013 bin/tlsd.py 8013 --reply 400
    record client
    port 50001; c curl -s --http0.9 --max-time 2 --cacert made/certs/ca.pem https://$NAME:8013/
    stop 1
    must 1+ 'tcp.srcport==8013 && tls.record.opaque_type==23 && tls.record.length>400'
    must 1+ 'ip.src==10.20.40.17 && tls.record.opaque_type==23 && tls.record.length==19'
    must 1+ 'tcp.flags.reset==1 && ip.src==10.20.40.17'
    fine ok.closed_after_data_rst
}

resumed() { # resumed VERSION
    up
    serve 8013 openssl s_server -accept 8013 -cert made/certs/good.pem -key made/certs/good.key -rev -quiet
    port 50000
    HOLD=1 say 'hello\n' openssl s_client -connect $EMS:8013 -servername $NAME -CAfile made/certs/ca.pem "-$1" -no_ign_eof -sess_out made/session.$1
    record client
    port 50001
    HOLD=1 say 'hello\n' openssl s_client -connect $EMS:8013 -servername $NAME -CAfile made/certs/ca.pem "-$1" -sess_in made/session.$1 -quiet -no_ign_eof
    stop 0.7
    rm -f made/session.$1
    must 0 'tls.handshake.type==11'
    finding ok.tls.resumed
    if [ -n "$(frames_of 'tcp.flags.reset==1')" ]; then fine ok.closed_after_data_rst; else fine; fi
}
case_ok_resumed_tls12() {
    TITLE='A TLS 1.2 session resumed by ticket: no certificate is sent.'
    TRUTH='The first session was made before the recording; ServerHello, ChangeCipherSpec and Finished follow directly.'
    resumed tls1_2
    must 1 'tls.handshake.type==2'
}
case_ok_resumed_tls13() {
    TITLE='A TLS 1.3 session resumed by ticket.'
    TRUTH='The ServerHello takes the pre-shared key of a session made before the recording.'
    resumed tls1_3
    must 1 'tls.handshake.type==2 && tls.handshake.extension.type==41'
}
case_ok_early_data() {
    TITLE='A TLS 1.3 session resumed with early data that the server accepts.'
    TRUTH='The request of the client flies before the ServerHello; the server, which takes it, answers with its own line.'
    FORMAT=pcapng
    up
    printf 'hello early\n' >"$OUT/early"; cp "$OUT/early" made/early
    serve 8013 openssl s_server -accept 8013 -cert made/certs/good.pem -key made/certs/good.key -early_data -quiet
    port 50000
    HOLD=1 say 'hello\n' openssl s_client -connect $EMS:8013 -servername $NAME -CAfile made/certs/ca.pem -tls1_3 -no_ign_eof -sess_out made/session.early
    record client
    port 50001
    HOLD=1 say 'hello\n' openssl s_client -connect $EMS:8013 -servername $NAME -CAfile made/certs/ca.pem -tls1_3 -sess_in made/session.early -early_data made/early -quiet -no_ign_eof
    stop 0.7
    rm -f made/session.early made/early
    must 1 'tls.handshake.type==1 && tls.handshake.extension.type==42'
    finding ok.tls.resumed
    if [ -n "$(frames_of 'tcp.flags.reset==1')" ]; then fine ok.closed_after_data_rst; else fine; fi
}

clientcert_ok() {
    up
    serve 8013 bin/tlsd.py 8013 --tls "$1" --client-ca made/certs/ca.pem
    record client
    port 50001; c bin/tlsc.py $EMS:8013 --tls "$1" --cert made/certs/fct.both
    stop
    fine
}
case_ok_clientcert_tls12() {
    TITLE='The server asks for a client certificate and accepts it (TLS 1.2).'
    TRUTH='Data flows both ways after the certificate was presented.'
    clientcert_ok 1.2
    must 1 'tls.handshake.type==13'
    must 2 'tls.handshake.type==11'
}
case_ok_clientcert_tls13() {
    TITLE='The server asks for a client certificate and accepts it (TLS 1.3).'
    TRUTH='Tickets and data of the server follow the certificate, so its later record of alert size is close_notify.'
    clientcert_ok 1.3
}
case_ok_clientcert_optional_none_tls13() {
    TITLE='The server asks for a client certificate, gets none and carries on (TLS 1.3).'
    TRUTH='The server was told to insist on nothing; request and reply follow the empty certificate.'
    up
    serve 8013 bin/tlsd.py 8013 --tls 1.3 --client-ca made/certs/ca.pem --optional
    record client
    port 50001; c bin/tlsc.py $EMS:8013
    stop
    must 1+ 'ip.src==10.20.40.17 && tls.record.length==25'
    finding tls.clientcert.none_sent
    fine
}
