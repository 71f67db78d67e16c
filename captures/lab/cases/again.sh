# shellcheck shell=bash disable=SC2034,SC2086
# Apache asks for a client certificate only when it knows what is wanted: a second handshake under TLS 1.2.

per_path() { # per_path CURL-OPTIONS...
    up; serve 8013 bin/apached 'Listen 8013\nSSLEngine on\nSSLProtocol TLSv1.2\n<Location /secure>\nSSLVerifyClient require\n</Location>'
    record client
    port 50001; c curl -sS --cacert made/certs/ca.pem --resolve $NAME:8013:$EMS "$@" https://$NAME:8013/secure/
    stop 1
}
case_clientcert_second_handshake() {
    TITLE='Apache wants a client certificate for one path only; the client, which has none, asks for it.'
    BROKEN='no client certificate'
    TRUTH='curl has no answer. After its request the server sends an encrypted handshake record, which begins another handshake; it ends with an encrypted alert and FIN of the server.'
    per_path
    must 1+ 'tcp.srcport==8013 && tls.record.content_type==21'; must 0 'tcp.srcport==8013 && tls.record.content_type==23'
    primary $ME:50001 $EMS:8013 tls.clientcert.renegotiation_fail unknown possible possible
    exits 1; absent tcp app ok
}
case_second_handshake_declined() {
    TITLE='The client begins a second handshake of TLS 1.2, and the server declines.'
    BROKEN='the R of s_client: it negotiates again'
    TRUTH='The server answers the first line. Behind all data the client sends an encrypted handshake record, and the server an encrypted alert (no_renegotiation); s_client says "no renegotiation" and closes.'
    up; serve 8013 bin/tlsd.py 8013 --cert made/certs/good
    record client
    port 50001; c bash -c "{ sleep 1; echo hello; sleep 1; echo R; sleep 2; } | openssl s_client -connect $EMS:8013 -servername $NAME -CAfile made/certs/ca.pem -tls1_2 -no_ign_eof"
    stop 1
    must 1+ 'tcp.srcport==8013 && tls.record.content_type==23'; must 1+ 'tcp.srcport==8013 && tls.record.content_type==21'
    grep -q 'no renegotiation' "$OUT/client.log" || die 'the server does not decline'
    primary $ME:50001 $EMS:8013 tls.clientcert.renegotiation_fail unknown possible possible
    exits 1; absent tcp app ok
}
case_ok_second_handshake() {
    TITLE='Apache wants a client certificate for one path only; the client shows one in a second handshake and gets the page.'
    TRUTH='curl prints the page; data of the server follow the second handshake.'
    per_path --cert made/certs/fct.pem --key made/certs/fct.key
    must 1+ 'tcp.srcport==8013 && tls.record.content_type==23'
    grep -q hello "$OUT/client.log" || die 'the client has no page'
    local id=ok.tls.established_closed_clean; [ -z "$(frames_of 'tcp.flags.reset==1')" ] || id=ok.closed_after_data_rst
    primary $ME:50001 $EMS:8013 $id none certain -
    healthy; absent app
}

balanced() { # balanced NGINX-LISTEN HAPROXY-OPTION: haproxy in the client's place, with a PROXY header ahead of TLS
    up; serve 8013 bin/nginxd "server { listen 8013 $1; ssl_protocols TLSv1.2 TLSv1.3; ssl_certificate $PWD/made/certs/good.pem; ssl_certificate_key $PWD/made/certs/good.key; location / { return 200 hello; } }"
    bg client bin/haproxyd "listen ems\\n mode tcp\\n bind 127.0.0.1:8013\\n server ems $EMS:8013 $2"
    pause 1; record client
    port 50001; c curl -sS --max-time 4 --cacert made/certs/ca.pem --resolve $NAME:8013:127.0.0.1 https://$NAME:8013/
    stop 1
}
case_ok_proxy_header() {
    TITLE='A load balancer puts a PROXY header (version 1) ahead of TLS, and the server expects it.'
    TRUTH='curl has the page.'
    WHERE='the interface of the load balancer, c0'
    balanced 'ssl proxy_protocol' send-proxy
    must 1 'tcp.payload[0:6]=="PROXY "'; grep -q hello "$OUT/client.log" || die 'the client has no page'
    primary $ME:50001 $EMS:8013 ok.tls.established_closed_clean none certain -
    healthy; absent app tls
}
case_ok_proxy_header_v2() {
    TITLE='A load balancer puts a PROXY header (version 2) ahead of TLS, and the server expects it.'
    TRUTH='curl has the page.'
    WHERE='the interface of the load balancer, c0'
    balanced 'ssl proxy_protocol' send-proxy-v2
    must 1 'tcp.payload[0:6]==0d:0a:0d:0a:00:0d'; grep -q hello "$OUT/client.log" || die 'the client has no page'
    primary $ME:50001 $EMS:8013 ok.tls.established_closed_clean none certain -
    healthy; absent app tls
}
case_proxy_header_refused() {
    TITLE='A load balancer puts a PROXY header ahead of TLS, and the server does not expect it.'
    BROKEN='send-proxy in haproxy without proxy_protocol in nginx'
    TRUTH='The first octets from the load balancer are PROXY and not TLS; nginx answers HTTP 400 in clear. It is the sender that must not send the header.'
    WHERE='the interface of the load balancer, c0'
    balanced ssl send-proxy
    must 1 'tcp.payload[0:6]=="PROXY "'; must 1+ 'tcp.srcport==8013 && tcp.payload[0:12]=="HTTP/1.1 400"'
    primary $ME:50001 $EMS:8013 tls.not_tls.client_plaintext client certain probable
    exits 1; absent tls.not_tls.http_400 ok tcp
}
