# shellcheck shell=bash disable=SC2034,SC2086
# TLS does not begin, or stops on the way.

failed() { # failed ID OWNER FACT CAUSE
    primary $ME:50001 $EMS:8013 "$@"
    exits 1
}
server='ip.src==10.0.0.10 && tcp.srcport==8013'
client='ip.src==10.20.40.17 && tcp.srcport==50001'
sclient() { port "${P:-50001}"; HOLD=1 say '' openssl s_client -connect $EMS:8013 -servername $NAME -CAfile made/certs/ca.pem -quiet "$@"; }
sserver() { serve 8013 openssl s_server -accept 8013 -cert made/certs/good.pem -key made/certs/good.key -quiet "$@"; }
hello() { port 50001; c bin/tlsc.py $EMS:8013 "$@"; }
alert() { must 1 "$server && tls.alert_message.desc==$1"; frames "$2" "$server && tls.alert_message.desc==$1"; }

case_tls_no_common_version() {
    TITLE='The client speaks at most TLS 1.2, the server at least TLS 1.3.'
    BROKEN='-tls1_3 at the server, -tls1_2 at the client'
    TRUTH='Alert 70 answers the ClientHello.'
    FORMAT=pcapng
    up; sserver -tls1_3
    record client
    sclient -tls1_2
    stop 1
    failed tls.version.none_common unknown certain certain; alert 70 tls.version.none_common
}
case_tls_no_common_version_gnutls() {
    TITLE='The client speaks only TLS 1.3, the GnuTLS server only TLS 1.2.'
    BROKEN='priority strings of the server, -tls1_3 at the client'
    TRUTH='GnuTLS takes the legacy version of the ClientHello for TLS 1.2, finds no cipher suite for it and says 40, not 70. The wire names no reason, so the label does not either.'
    up; serve 8013 gnutls-serv -p 8013 --x509certfile made/certs/good.pem --x509keyfile made/certs/good.key --priority NORMAL:-VERS-ALL:+VERS-TLS1.2 --echo -a -q
    record client
    sclient -tls1_3
    stop 1
    failed tls.handshake_failure unknown certain possible; alert 40 tls.handshake_failure
    absent tls.clientcert tcp
}
case_tls_no_common_cipher() {
    TITLE='The client offers one cipher suite, the server accepts another; a third program shows which.'
    BROKEN='-cipher at both sides (TLS 1.2)'
    TRUTH='Alert 40 answers the ClientHello; the suite the server chose in the other connection is not in the offer.'
    COMPANION='a healthy exchange with the same server on 8013 with the suite it takes'
    up; sserver -tls1_2 -cipher ECDHE-RSA-AES128-GCM-SHA256 -rev
    record client
    P=50002 sclient -tls1_2 -no_ign_eof; sclient -tls1_2 -cipher ECDHE-RSA-AES256-GCM-SHA384
    stop 1
    failed tls.cipher.none_common unknown certain probable; alert 40 tls.cipher.none_common
    primary $ME:50002 $EMS:8013 ok.tls.no_data none certain -
}
case_tls_handshake_failure() {
    TITLE='The client offers one cipher suite, the server accepts another; nothing shows which.'
    BROKEN='-cipher at both sides (TLS 1.2)'
    TRUTH='Alert 40 answers the ClientHello; what the server would take is not in the capture, so the reason stays open.'
    up; sserver -tls1_2 -cipher ECDHE-RSA-AES128-GCM-SHA256
    record client
    sclient -tls1_2 -cipher ECDHE-RSA-AES256-GCM-SHA384
    stop 1
    failed tls.handshake_failure unknown certain possible; alert 40 tls.handshake_failure
    absent tls.cipher tls.clientcert
}
case_tls_no_common_group() {
    TITLE='Client and server have no key exchange group in common (TLS 1.3).'
    BROKEN='-groups at both sides'
    TRUTH='Alert 40 answers the ClientHello. The groups of the server are not in the capture.'
    up; sserver -tls1_3 -groups P-256
    record client
    sclient -tls1_3 -groups X448
    stop 1
    must 1 "$server && tls.alert_message.desc==40"
    exits 1; absent tls.clientcert ok tcp
}
case_tls_alpn() {
    TITLE='Client and server have no application protocol in common.'
    BROKEN='a server that insists on its protocol list'
    TRUTH='Alert 120 answers the ClientHello.'
    up; serve 8013 gnutls-serv -p 8013 --x509certfile made/certs/good.pem --x509keyfile made/certs/good.key --alpn fcct --alpn-fatal --echo -a -q
    record client
    sclient -alpn http/1.1
    stop 1
    failed tls.alpn.none_common middlebox certain probable; alert 120 tls.alpn.none_common
}
case_tls_sni_unrecognized() {
    TITLE='The server does not know the name the client asks for.'
    BROKEN='a server for another name that insists'
    TRUTH='A fatal alert 112 answers the ClientHello.'
    up; serve 8013 gnutls-serv -p 8013 --x509certfile made/certs/good.pem --x509keyfile made/certs/good.key --sni-hostname site2.ems.corp.example --sni-hostname-fatal --echo -a -q
    record client
    sclient
    stop 1
    failed tls.sni.unrecognized server certain probable; alert 112 tls.sni.unrecognized
}
case_tls_server_silent() {
    TITLE='The server reads the ClientHello and closes without a word; 443 works.'
    BROKEN='a server that reads and closes'
    TRUTH='The ClientHello is acknowledged, then the FIN of the server follows without any byte.'
    COMPANION='a healthy exchange with the same server on 443'
    up; serve443; serve 8013 bin/tcpd.py 8013 read-fin
    record client
    companion; hello
    stop 1
    must 1 "$server && tcp.flags.fin==1"; must 0 "$server && tcp.len>0"
    failed tls.server.silent server certain probable
    frames tls.server.silent "$server && tcp.flags.fin==1"
    ok443; absent tcp
}
case_tls_server_stalled() {
    TITLE='The server sends its ServerHello and then nothing for seven seconds; 443 works.'
    BROKEN='a server that stops after the first record of its flight'
    TRUTH='The ServerHello is complete, no byte of the server is missing, and the client waits.'
    COMPANION='a healthy exchange with the same server on 443, after the silence'
    up; serve443; serve 8013 bin/tlsd.py 8013 --flight 1
    record client
    LIMIT=7 hello; companion
    stop 3.2
    must 1 "$server && tls.handshake.type==2"; must 1 "$server && tcp.len>0"
    failed tls.server.stalled server certain possible
    frames tls.server.stalled "$server && tls.handshake.type==2"
    ok443; absent tcp
}
case_tls_server_closed_midway() {
    TITLE='The server closes after the first records of its flight.'
    BROKEN='a server that sends three records of its flight and closes'
    TRUTH='ServerHello, then FIN of the server before the flight is complete, and no alert.'
    FORMAT=pcapng
    up; serve 8013 bin/tlsd.py 8013 --flight 3 --then fin
    record client
    hello
    stop 1
    must 1 "$server && tls.handshake.type==2"; must 1 "$server && tcp.flags.fin==1"
    failed tls.server.closed_midway server certain possible
    frames tls.server.closed_midway "$server && tcp.flags.fin==1"
    absent tcp tls.cert
}
case_tls_server_closed_midway_tls12() {
    TITLE='The server closes after its ServerHello (TLS 1.2).'
    BROKEN='a server that sends one record of its flight and closes'
    TRUTH='ServerHello, then FIN of the server, and no alert.'
    up; serve 8013 bin/tlsd.py 8013 --tls 1.2 --flight 1 --then fin
    record client
    hello --tls 1.2
    stop 1
    must 1 "$server && tls.handshake.type==2"; must 0 "$server && tls.handshake.type==11"
    failed tls.server.closed_midway server certain possible
    frames tls.server.closed_midway "$server && tcp.flags.fin==1"
    absent tcp tls.cert
}
case_tls_client_closed_midway() {
    TITLE='The client gives up 1.2 seconds after its ClientHello; the server has not answered yet.'
    BROKEN='an impatient client and a slow server'
    TRUTH='The FIN of the client follows its ClientHello before any byte of the server.'
    up; serve 8013 bin/tcpd.py 8013 mute
    record client
    port 50001; c bin/tcpc.py $EMS:8013 hello-fin 1.2
    stop 1
    must 1 "$client && tcp.flags.fin==1"; must 0 "$server && tcp.len>0"
    failed tls.client.closed_midway client certain possible
    frames tls.client.closed_midway "$client && tcp.flags.fin==1"
    absent tls.server tcp
}
case_not_tls_http_400() {
    TITLE='A plain HTTP server listens on 8013 and answers the ClientHello with 400.'
    BROKEN='Node.js http on 8013'
    TRUTH='The first bytes of the server are HTTP/1.1 400.'
    up; serve 8013 node bin/httpd.js 8013
    record client
    hello
    stop 1
    must 1 "$server && tcp contains \"HTTP/1.1 400\""
    failed tls.not_tls.http_400 server certain probable
    frames tls.not_tls.http_400 "$server && tcp contains \"HTTP/1.1 400\""
    absent tls.not_tls.server_plaintext tls.not_tls.client_plaintext tcp
}
case_not_tls_server_plaintext() {
    TITLE='An SSH server listens on 8013.'
    BROKEN='another service on the port'
    TRUTH='The first bytes of the server are an SSH greeting, the client speaks TLS.'
    up; serve 8013 bin/tcpd.py 8013 banner 'SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n|Protocol mismatch.\r\n'
    record client
    hello
    stop 1
    must 1+ "$server && tcp contains \"SSH-2.0\""; must 1+ "$client && tls.handshake.type==1"
    failed tls.not_tls.server_plaintext middlebox certain probable
    frames tls.not_tls.server_plaintext "$server && tcp contains \"SSH-2.0\""
    absent tcp
}
case_not_tls_client_plaintext() {
    TITLE='A client speaks plain HTTP to 8013; the TLS server closes.'
    BROKEN='the client'
    TRUTH='The first bytes of the client are GET, the server never answers in TLS.'
    up; sserver
    record client
    port 50001; c curl -s --max-time 3 http://$EMS:8013/
    stop 1
    must 1 "$client && tcp contains \"GET / HTTP\""
    failed tls.not_tls.client_plaintext client certain probable
    frames tls.not_tls.client_plaintext "$client && tcp contains \"GET / HTTP\""
    absent tls.server tcp
}
case_not_tls_client_plaintext_answered() {
    TITLE='A client speaks plain HTTP to 8013 and gets a plain HTTP 400 (Go server).'
    BROKEN='the client'
    TRUTH='The client began without TLS; the plain answer of the server is no fault of its own.'
    up; serve 8013 made/gotls server :8013 -cert made/certs/good -http
    record client
    port 50001; c curl -s --max-time 3 http://$EMS:8013/
    stop 1
    must 1 "$server && tcp contains \"HTTP/1.0 400\""
    failed tls.not_tls.client_plaintext client certain probable
    absent tls.not_tls.http_400 tls.not_tls.server_plaintext tcp
}
case_client_silent() {
    TITLE='A client connects to 8013, says nothing for seven seconds and leaves; 443 works.'
    BROKEN='the client'
    TRUTH='The handshake of TCP is complete, no side sends a byte, and the client ends it.'
    COMPANION='a healthy exchange with the same server on 443'
    up; serve443; serve 8013 bin/tcpd.py 8013 mute
    record client
    companion; port 50001; c bin/tcpc.py $EMS:8013 hold 7
    stop 1
    must 0 'tcp.port==8013 && tcp.len>0'
    primary $ME:50001 $EMS:8013 tls.none.client_silent client certain probable
    ok443; exits 0; absent tcp tls.server
}
case_tls_encrypted_reason() {
    TITLE='A TLS 1.3 server closes right after the final flight of the client, without a record.'
    BROKEN='a server without tickets that closes after 20 ms without close_notify'
    TRUTH='The FIN follows the final flight; what the server thought is not on the wire.'
    up; serve 8013 bin/tlsd.py 8013 --tickets 0 --idle 0.02 --end fin
    record client
    hello --send '' --idle 1 --end fin
    stop 1
    must 1 "$server && tcp.flags.fin==1"; must 0 "$server && tcp.len>0 && tcp.ack>300"
    primary $ME:50001 $EMS:8013 cannot_tell.encrypted_reason unknown certain -
    exits 3; absent tcp tls.server tls.clientcert ok
}
case_tls_sni_mismatch_config() {
    TITLE='A client asks the EMS for the name of an older one; a second connection asks for the right one.'
    BROKEN='the profile of the client: it names ems-old.corp.example'
    TRUTH='The greeting on port 50001 names another server than the one given with --ems, the one on 50002 the same.'
    up; serve 8013 bin/tlsd.py 8013
    record client
    port 50001; c bin/tlsc.py $EMS:8013 --name ems-old.corp.example --blind
    port 50002; c bin/tlsc.py $EMS:8013
    stop 1
    must 1 'tls.handshake.extensions_server_name=="ems-old.corp.example"'
    args --ems $NAME
    primary $ME:50001 $EMS:8013 ok.tls.established_closed_clean none certain -
    primary $ME:50002 $EMS:8013 ok.tls.established_closed_clean none certain -
    frames tls.sni.mismatch_config 'tls.handshake.extensions_server_name=="ems-old.corp.example"'
    exits 0; absent tcp tls.cert
}
