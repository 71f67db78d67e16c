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
case_tls_group_none_common() {
    TITLE='The client has one key exchange group, the server takes another; a third program shows which (TLS 1.3).'
    BROKEN='-groups at both sides'
    TRUTH='Alert 40 answers the ClientHello; the group the server chose in the other connection is not in the offer.'
    COMPANION='an exchange with the same server on 8013 with the group it takes'
    up; sserver -tls1_3 -groups P-256 -rev
    record client
    P=50002 sclient -tls1_3 -no_ign_eof; sclient -tls1_3 -groups X448
    stop 1
    must 1+ 'tcp.srcport==8013 && tcp.dstport==50002 && tls.handshake.extensions_key_share_selected_group==23'
    failed tls.group.none_common unknown probable -; alert 40 tls.group.none_common
    primary $ME:50002 $EMS:8013 ok.tls.no_data none certain -
    absent tls.clientcert tls.cipher tcp
}
# asked_again: the server wants another key share; one HelloRetryRequest and no other ServerHello
retry='tls.handshake.type==2 && tls.handshake.random==cf:21:ad:74:e5:9a:61:11:be:1d:8c:02:1e:65:b8:91:c2:a2:11:16:7a:bb:8c:5e:07:9e:09:e2:c8:a8:33:9c'
case_tls_hrr_given_up() {
    TITLE='The server asks for another key share and gives up when it comes.'
    BROKEN='a server that knows one group only and aborts after its HelloRetryRequest'
    TRUTH='HelloRetryRequest (RFC 8446 section 4.1.3, by its random), the second ClientHello, a reset with the TTL of the server; no other ServerHello and no alert.'
    up; serve 8013 bin/tlsd.py 8013 --group prime256v1 --flight 2 --then rst
    record client
    hello
    stop 1
    must 1 "$server && $retry"; must 1 "$server && tls.handshake.type==2"; must 1 "$server && tcp.flags.reset==1 && ip.ttl==63"; must 0 'tls.alert_message'
    failed tls.hrr_loop_or_fail unknown certain -
    frames tls.hrr_loop_or_fail "$server && $retry"
    absent tls.server tls.cert tcp
}
case_tls_hrr_other_group() {
    TITLE='A device changes the group in the HelloRetryRequest; the client offers no such group.'
    BROKEN='the wire replaces secp256r1 by the undefined group 0x0117 between server and recorder'
    TRUTH='HelloRetryRequest, then alert 47 of the client; no other ServerHello.'
    up wire; bg wire bin/wire.py w0 w1 --replace 003300020017:003300020117
    sserver -groups P-256
    record client
    sclient
    stop 1
    must 1 "$server && $retry"; must 1 "$server && tls.handshake.type==2"; must 1 "$client && tls.alert_message.desc==47"
    failed tls.hrr_loop_or_fail unknown certain -
    frames tls.hrr_loop_or_fail "$client && tls.alert_message.desc==47"
    absent tls.extension tls.cert tcp
}
case_ok_hrr() {
    TITLE='The server asks for another key share, and gets it.'
    TRUTH='HelloRetryRequest, ServerHello, and data flow both ways.'
    up; serve 8013 bin/tlsd.py 8013 --group prime256v1
    record client
    hello
    stop 1
    must 1 "$server && $retry"; must 2 "$server && tls.handshake.type==2"
    primary $ME:50001 $EMS:8013 ok.tls.established_closed_clean none certain -
    healthy; absent tls
}
case_tls_internal_error() {
    TITLE='The server has lost its configuration and says so (Go).'
    BROKEN='a server that cannot read what it needs for the handshake'
    TRUTH='Alert 80 answers the ClientHello.'
    up; serve 8013 made/gotls server :8013 -cert made/certs/good -lost
    record client
    hello
    stop 1
    failed tls.server.internal_error server certain -; alert 80 tls.server.internal_error
    absent tls.sni tls.clientcert tcp
}
case_tls_access_denied() {
    TITLE='The server denies the client by a rule of its own, at its ClientHello.'
    BROKEN='a server that answers every ClientHello with access_denied'
    TRUTH='Alert 49 answers the ClientHello; no certificate was asked for.'
    up; serve 8013 bin/tlsd.py 8013 --deny
    record client
    hello
    stop 1
    must 0 'tls.handshake.type==13'
    failed tls.server.access_denied - certain possible; alert 49 tls.server.access_denied
    absent tls.clientcert tcp
}
# by_name: nginx serves one name and rejects the handshake of whoever asks for another, or for none
by_name() {
    local pair='ssl_certificate made/certs/good.pem; ssl_certificate_key made/certs/good.key;'
    pair=${pair//made/$PWD/made}
    serve 8013 bin/nginxd "ssl_protocols TLSv1.2 TLSv1.3; server { listen 8013 ssl default_server; ssl_reject_handshake on; } server { listen 8013 ssl; server_name $NAME; $pair location / { return 200 yes; } }"
}
case_tls_sni_missing() {
    TITLE='The client asks for no name; the server serves by name only (nginx).'
    BROKEN='-noservername at the client, ssl_reject_handshake at the server'
    COMPANION='an exchange with the same server on 8013 that asks by name'
    TRUTH='The ClientHello holds no server name; alert 112 answers it. With the name the same server answers.'
    up; by_name
    record client
    port 50002; c bin/tlsc.py $EMS:8013 --send "GET / HTTP/1.1\\r\\nHost: $NAME\\r\\n\\r\\n"
    port 50001; HOLD=1 say '' openssl s_client -connect $EMS:8013 -noservername -quiet
    stop 1
    must 0 "$client && tls.handshake.extensions_server_name"; must 1 "$client && tls.handshake.type==1"
    failed tls.sni.missing client certain -; alert 112 tls.sni.missing
    primary $ME:50002 $EMS:8013 ok.tls.established_closed_clean none certain -
    absent tls.sni.unrecognized tcp
}
case_ok_without_name() {
    TITLE='The client asks for no name, and the server has one certificate for everybody.'
    TRUTH='The ClientHello holds no server name; data flow both ways.'
    up; serve 8013 bin/tlsd.py 8013
    record client
    port 50001; HOLD=1 say 'hello\n' openssl s_client -connect $EMS:8013 -noservername -CAfile made/certs/ca.pem -quiet -no_ign_eof
    stop 1
    must 0 "$client && tls.handshake.extensions_server_name"; must 1 "$client && tls.handshake.type==1"
    primary $ME:50001 $EMS:8013 ok.tls.established_closed_clean none certain -
    healthy; absent tls
}
# spoiled PORT:FRAME:PLACE: one bit of what crosses the wire is changed; behind the recorder for what the client sends
spoiled() {
    up wire; bg wire bin/wire.py w0 w1 --spoil "$1"
}
case_tls_decode_error() {
    TITLE='A device changes a length in the ClientHello; the server cannot read it.'
    BROKEN='one bit of the length of the session id, behind the recorder'
    TRUTH='The ClientHello is whole as it left; alert 50 of the server answers it.'
    spoiled 50001:1:43; sserver
    record client
    sclient
    stop 1
    failed tls.decode_error middlebox certain -; alert 50 tls.decode_error
    absent tls.clientcert tcp
}
case_tls_extension_unsupported() {
    TITLE='A device changes the type of an extension in the ServerHello; the client did not ask for such a one (TLS 1.2).'
    BROKEN='the second extension of the ServerHello is made one of ALPN, before the recorder'
    TRUTH='The ServerHello holds ALPN, the ClientHello does not; alert 110 of the client answers it.'
    spoiled 8013:1:55:1b; sserver -tls1_2
    record client
    sclient -tls1_2
    stop 1
    must 0 "$client && tls.handshake.extension.type==16"; must 1 "$server && tls.handshake.type==2 && tls.handshake.extension.type==16"
    must 1 "$client && tls.alert_message.desc==110"
    failed tls.extension.problem middlebox certain possible
    frames tls.extension.problem "$client && tls.alert_message.desc==110"
    absent tls.cert tcp
}
case_tls_extension_missing() {
    TITLE='A device changes the type of an extension in the ClientHello; the server misses it (TLS 1.3).'
    BROKEN='the type of supported_groups is replaced by an unassigned one, behind the recorder'
    TRUTH='The ClientHello holds the extension as it left; alert 109 of the server answers it.'
    up wire; bg wire bin/wire.py w0 w1 --replace 000a00160014:5a5900160014
    sserver
    record client
    sclient
    stop 1
    must 1 "$client && tls.handshake.extension.type==10"
    failed tls.extension.problem middlebox certain possible; alert 109 tls.extension.problem
    absent tls.clientcert tcp
}
case_tls_signature_invalid() {
    TITLE='A device changes the signature of the server; the client notices (TLS 1.2).'
    BROKEN='one bit at the end of the ServerKeyExchange, before the recorder'
    TRUTH='Alert 51 of the client answers the ServerKeyExchange.'
    spoiled 8013:1:-10; sserver -tls1_2
    record client
    sclient -tls1_2
    stop 1
    must 1 "$server && tls.handshake.type==12"; must 1 "$client && tls.alert_message.desc==51"
    failed tls.signature_invalid unknown certain -
    frames tls.signature_invalid "$client && tls.alert_message.desc==51"
    absent tls.cert tcp
}
case_tls_record_corrupt_tls12() {
    TITLE='A device changes one bit of an encrypted record of the client (TLS 1.2).'
    BROKEN='the last octet of the Finished of the client, behind the recorder'
    TRUTH='Alert 20 of the server, in clear, answers the first encrypted record.'
    spoiled 50001:2:-1; sserver -tls1_2
    record client
    sclient -tls1_2
    stop 1
    failed tls.record.corrupt middlebox certain -; alert 20 tls.record.corrupt
    absent tls.clientcert tcp
}
case_tls_record_corrupt_tls13() {
    TITLE='A device changes one bit of an encrypted record of the server (TLS 1.3).'
    BROKEN='the last octet of the flight of the server, before the recorder'
    TRUTH='Alert 20 of the client; OpenSSL sends it in clear under TLS 1.3 as well.'
    spoiled 8013:2:-1; sserver
    record client
    sclient
    stop 1
    must 1 "$client && tls.alert_message.desc==20"
    failed tls.record.corrupt middlebox certain -
    frames tls.record.corrupt "$client && tls.alert_message.desc==20"
    absent tls.cert tcp
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
    finding tls.sni.mismatch_config
    frames tls.sni.mismatch_config 'tls.handshake.extensions_server_name=="ems-old.corp.example"'
    exits 0; absent tcp tls.cert
}
