# shellcheck shell=bash disable=SC2034,SC2086
# Forward proxies: what they answer to CONNECT, and TLS inside the tunnel.  The proxy is 10.0.0.3, next to the servers.

PROXY=10.0.0.3
proxied() { # up with a second server address for the proxy, and a resolver for it
    up "$@"
    in_ns server ip addr add $PROXY/24 dev s0
    in_ns server ip route add 203.0.113.0/24 via 10.0.0.1
    mkdir -p "/etc/netns/$NS-server"
    printf 'nameserver %s\n' $DNS >"/etc/netns/$NS-server/resolv.conf"
    bg server bin/dnsd.py $DNS
    pause 0.3
}
# ask PORT [curl options]: FortiClient's place is taken by curl, from client port PORT, through the proxy to EMS:8013
ask() { local p=$1; shift; port $p ${SPAN:-$p}; c curl -sS --max-time 20 --cacert made/certs/ca.pem -x http://$PROXY:3128 "$@" https://$NAME:8013/; }
bare_ok='http_access allow all'
tunnel() { finding proxy.in_path; }
refusal() { # refusal ID STATUS
    must 1+ 'http.request.method==CONNECT'; must 1+ "http.response.code==$2 || tcp contains \"HTTP/1.1 $2\""
    primary $ME:50001 $PROXY:3128 $1 proxy "${4:-certain}" "${3:-certain}"; exits 1
    frames $1 'tcp.dstport==3128 && tcp.len>0' 1; frames $1 'tcp.srcport==3128 && tcp.len>0' 1
    tunnel; absent app tls tcp
}

case_proxy_connect_403() {
    TITLE='The proxy forbids CONNECT to port 8013: it is not among its allowed ports.'
    BROKEN='the ports that Squid lets CONNECT go to are those of its default configuration, 443 alone'
    TRUTH='Squid answers CONNECT ems.corp.example:8013 with 403.'
    proxied; serve 3128 bin/squidd 3128 'acl SSL_ports port 443' 'acl CONNECT method CONNECT' 'http_access deny CONNECT !SSL_ports' 'http_access allow all'
    record client; ask 50001; stop
    refusal proxy.connect.403 403
}
case_proxy_connect_403_tinyproxy() {
    TITLE='Another proxy forbids CONNECT to port 8013.'
    BROKEN='tinyproxy lets CONNECT go to port 443 alone'
    TRUTH='tinyproxy answers CONNECT ems.corp.example:8013 with 403.'
    proxied; printf 'Port 3128\nListen 10.0.0.3\nTimeout 20\nAllow 0.0.0.0/0\nConnectPort 443\nMaxClients 9\nUser nobody\n' >$OUT/tiny.conf
    serve 3128 tinyproxy -d -c $OUT/tiny.conf
    record client; ask 50001; stop
    refusal proxy.connect.403 403
}
login='auth_param basic program /bin/sh -c "while read line; do echo OK; done"
auth_param basic realm corp
acl known proxy_auth REQUIRED
http_access allow known
http_access deny all'
case_proxy_connect_407() {
    TITLE='The proxy asks for a login and the client has none.'
    BROKEN='Squid demands proxy authentication; the client is given no account'
    TRUTH='Squid answers 407 and the client gives up.'
    proxied; serve 3128 bin/squidd 3128 "$login"
    record client; ask 50001; stop
    refusal proxy.connect.407 407
}
case_proxy_connect_500_dns() {
    TITLE='The proxy cannot resolve the name of EMS.'
    BROKEN='the DNS server of the proxy does not know the name'
    TRUTH='Squid asks its DNS server and answers 500.'
    NAME=ems.gone.example
    proxied; serve 3128 bin/squidd 3128 "$bare_ok"
    record client; ask 50001; stop
    refusal proxy.connect.502_503_504 500 probable probable
}
case_proxy_connect_500_tinyproxy() {
    TITLE='The proxy is refused by EMS and says so with 500.'
    BROKEN='nothing listens on 8013 of the server'
    TRUTH='tinyproxy gets a refusal from EMS and answers "500 Unable to connect".'
    proxied; printf 'Port 3128\nListen 10.0.0.3\nTimeout 20\nAllow 0.0.0.0/0\nMaxClients 9\nUser nobody\n' >$OUT/tiny.conf
    serve 3128 tinyproxy -d -c $OUT/tiny.conf
    record client; ask 50001; stop
    refusal proxy.connect.502_503_504 500 probable probable
}
case_proxy_connect_503() {
    TITLE='The proxy is refused by EMS.'
    BROKEN='nothing listens on 8013 of the server'
    TRUTH='Squid gets a refusal from EMS and answers 503.'
    proxied; serve 3128 bin/squidd 3128 "$bare_ok"
    record client; ask 50001; stop
    refusal proxy.connect.502_503_504 503 probable
}
case_proxy_connect_502() {
    TITLE='The proxy answers 502.'
    BROKEN='a small server in place of the proxy; its octets follow RFC 9112 section 4 and RFC 9110 section 15.6.3'
    TRUTH='CONNECT is answered with 502.'
    proxied; serve 3128 bin/tcpd.py 3128 answer 'HTTP/1.1 502 Bad Gateway\r\nVia: 1.1 proxy.corp.example\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'
    record client; ask 50001; stop
    refusal proxy.connect.502_503_504 502 probable
}
case_proxy_connect_504() {
    TITLE='The proxy gets no answer from EMS in time.'
    BROKEN='the server discards SYN to 8013; Squid waits three seconds for a connection'
    TRUTH='Squid tries to connect, then answers 503 or 504 after its time-out.'
    proxied; on server iptables -A INPUT -p tcp --dport 8013 -j DROP
    serve 3128 bin/squidd 3128 'connect_timeout 3 seconds' 'forward_timeout 3 seconds' 'connect_retries 0' "$bare_ok"
    record client; ask 50001; stop
    refusal proxy.connect.502_503_504 "$(tshark -n -r "$CAP" -Y http.response -T fields -e http.response.code | head -1)" probable
}
case_proxy_connect_405() {
    TITLE='The configured proxy is a web server, which does not know CONNECT.'
    BROKEN='nginx in place of a forward proxy'
    TRUTH='nginx answers CONNECT with 400 or 405.'
    proxied; serve 3128 bin/nginxd "server { listen 3128; location / { return 200 ok; } }"
    record client; ask 50001; stop
    refusal proxy.connect.400_405 "$(tshark -n -r "$CAP" -Y http.response -T fields -e http.response.code | head -1)" possible
}
case_proxy_connect_400() {
    TITLE='The port of the proxy expects TLS; the client asks it in plain text.'
    BROKEN='nginx with TLS on the port that is configured as proxy'
    TRUTH='nginx answers CONNECT with 400: a plain request was sent to an HTTPS port.'
    proxied; serve 3128 bin/nginxd "server { listen 3128 ssl; ssl_certificate $PWD/made/certs/good.pem; ssl_certificate_key $PWD/made/certs/good.key; }"
    record client; ask 50001; stop
    refusal proxy.connect.400_405 400 possible
}
case_proxy_connect_501() {
    TITLE='The configured proxy is a web server, which does not implement CONNECT.'
    BROKEN="Python's http.server in place of a forward proxy"
    TRUTH='It answers CONNECT with 501.'
    proxied; serve 3128 python3 -m http.server 3128 --directory made/certs
    record client; ask 50001; stop
    refusal proxy.connect.400_405 501 possible
}
case_proxy_connect_no_reply() {
    TITLE='The proxy takes the CONNECT request and says nothing.'
    BROKEN='a server that reads and never answers'
    TRUTH='The request is acknowledged; nothing comes for 15 seconds; the client gives up.'
    proxied; serve 3128 bin/tcpd.py 3128 mute
    record client; LIMIT=25; ask 50001 --max-time 15; stop
    must 1 'http.request.method==CONNECT'; must 0 'tcp.srcport==3128 && tcp.len>0'
    primary $ME:50001 $PROXY:3128 proxy.connect.no_reply proxy certain probable; exits 1; tunnel; absent app tls tcp
    frames proxy.connect.no_reply 'http.request.method==CONNECT'
}
case_proxy_connect_closed() {
    TITLE='The proxy closes after the CONNECT request.'
    BROKEN='a server that reads and closes'
    TRUTH='FIN of the proxy without an answer.'
    proxied; serve 3128 bin/tcpd.py 3128 read-fin
    record client; ask 50001; stop
    must 0 'tcp.srcport==3128 && tcp.len>0'; must 1 'tcp.srcport==3128 && tcp.flags.fin==1'
    primary $ME:50001 $PROXY:3128 proxy.connect.closed proxy certain possible; exits 1; tunnel; absent app tls tcp
    frames proxy.connect.closed 'http.request.method==CONNECT || (tcp.srcport==3128 && tcp.flags.fin==1)'
}
case_proxy_connect_reset() {
    TITLE='The proxy resets after the CONNECT request.'
    BROKEN='a server that reads and resets'
    TRUTH='RST of the proxy, with the TTL of its SYN-ACK.'
    proxied; serve 3128 bin/tcpd.py 3128 read-reset
    record client; ask 50001; stop
    must 0 'tcp.srcport==3128 && tcp.len>0'; must 1 'tcp.srcport==3128 && tcp.flags.reset==1'
    primary $ME:50001 $PROXY:3128 proxy.connect.reset proxy certain probable; exits 1; tunnel; absent app tls tcp
    frames proxy.connect.reset 'http.request.method==CONNECT || (tcp.srcport==3128 && tcp.flags.reset==1)'
}
inner() { # inner ID OWNER FACT: TLS in the tunnel fails
    must 1 'http.response.code==200'
    primary $ME:50001 $PROXY:3128 $1 $2 $3 -; exits 1; tunnel; finding proxy.tls_inside_failed; absent proxy.connect app tcp
}
case_proxy_tls_unknown_ca() {
    TITLE='The tunnel opens; inside it the client does not know the authority of the certificate.'
    BROKEN='the server has a certificate of an authority that the client does not trust'
    TRUTH='Squid answers 200, the client sends alert 48.'
    proxied; serve 3128 bin/squidd 3128 "$bare_ok"
    serve 8013 openssl s_server -accept 8013 -cert made/certs/private.pem -key made/certs/private.key -www -quiet -no_tls1_3
    record client; ask 50001; stop
    must 1+ 'tls.alert_message.desc==48'
    inner tls.cert.rejected_by_client.unknown_ca - certain
}
case_proxy_tls_wrong_name() {
    TITLE='The tunnel opens; inside it the certificate is for another name.'
    BROKEN='the certificate names intranet.corp.example'
    TRUTH='Squid answers 200; the certificate does not hold the name that CONNECT and the ClientHello ask for.'
    proxied; serve 3128 bin/squidd 3128 "$bare_ok"
    serve 8013 openssl s_server -accept 8013 -cert made/certs/wrongname.pem -key made/certs/wrongname.key -www -quiet -no_tls1_3
    record client; port 50001
    LIMIT=5 c openssl s_client -proxy $PROXY:3128 -connect $NAME:8013 -servername $NAME -verify_hostname $NAME -verify_return_error -CAfile made/certs/ca.pem; stop
    inner tls.cert.rejected_by_client.name_mismatch server -
}
case_proxy_tls_reset() {
    TITLE='The tunnel opens; after the ClientHello the connection is reset.'
    BROKEN='a server that reads the ClientHello and resets'
    TRUTH='Squid answers 200, and passes the end of the other side on.'
    proxied; serve 3128 bin/squidd 3128 "$bare_ok"; serve 8013 bin/tcpd.py 8013 read-reset
    record client; ask 50001; stop
    must 1 'http.response.code==200'; must 1+ 'tls.handshake.type==1'
    primary $ME:50001 $PROXY:3128 - - - -; exits 1; tunnel; finding proxy.in_path; absent proxy.connect app
}
case_ok_proxy_connect() {
    TITLE='Telemetry through a proxy that lets it pass.'
    TRUTH='CONNECT is answered with 200, TLS is completed and a page is delivered.'
    proxied; serve 3128 bin/squidd 3128 "$bare_ok"
    serve 8013 openssl s_server -accept 8013 -cert made/certs/good.pem -key made/certs/good.key -www -quiet
    record client; ask 50001; stop
    must 1 'http.response.code==200'
    primary $ME:50001 $PROXY:3128 ok.tls.established_closed_clean none certain -; healthy; tunnel; absent proxy.connect app
}
case_ok_proxy_407_login() {
    TITLE='The proxy asks for a login, the client gives one, on the same connection or the next.'
    TRUTH='407, then CONNECT with credentials and 200; TLS is completed and a page is delivered.'
    proxied; serve 3128 bin/squidd 3128 "$login"
    serve 8013 openssl s_server -accept 8013 -cert made/certs/good.pem -key made/certs/good.key -www -quiet
    record client; SPAN=50003; ask 50001 --proxy-anyauth --proxy-user user:secret; stop
    must 1 'http.response.code==407'; must 1 'http.response.code==200'
    healthy; tunnel; absent proxy.connect app
}
case_ok_proxy_other_site() {
    TITLE='A browser is refused by the proxy for a site that is no EMS, while telemetry passes.'
    TRUTH='What concerns EMS works; the refused page is out of scope.'
    proxied; serve 3128 bin/squidd 3128 'acl shop dstdomain shop.example' 'http_access deny shop' "$bare_ok"
    serve 8013 openssl s_server -accept 8013 -cert made/certs/good.pem -key made/certs/good.key -www -quiet
    record client; ask 50001; port 50011; c curl -sS -x http://$PROXY:3128 https://shop.example/; stop
    must 1 'http.response.code==403'
    primary $ME:50001 $PROXY:3128 ok.tls.established_closed_clean none certain -; healthy; tunnel; absent proxy.connect app
}
case_proxy_pac_failed() {
    TITLE='The configuration file of the proxy is not there; the client then goes direct.'
    BROKEN='the web server has no wpad.dat'
    TRUTH='GET /wpad.dat is answered with 404; the client then connects to EMS and works.'
    COMPANION='a healthy exchange with EMS on 8013 afterwards'
    up; serve 80 bin/nginxd 'server { listen 80; location / { return 404; } }'; serve 8013 bin/tlsd.py 8013
    record client; port 50080; c curl -sS http://$DNS/wpad.dat; port 50001; c bin/tlsc.py $EMS:8013; stop
    must 1 'http.request.uri=="/wpad.dat"'; must 1 'http.response.code==404'
    primary $ME:50080 $DNS:80 proxy.pac.failed proxy certain possible
    primary $ME:50001 $EMS:8013 ok.tls.established_closed_clean none certain -; exits 0
    frames proxy.pac.failed 'tcp.srcport==80 && tcp.len>0' 1
}
case_ok_proxy_pac() {
    TITLE='The configuration file of the proxy is fetched.'
    TRUTH='GET /proxy.pac is answered with 200.'
    up; serve 80 bin/nginxd 'server { listen 80; location / { return 200 "function FindProxyForURL(u,h){return \"DIRECT\";}"; } }'; serve 8013 bin/tlsd.py 8013
    record client; port 50080; c curl -sS http://$DNS/proxy.pac; port 50001; c bin/tlsc.py $EMS:8013; stop
    must 1 'http.response.code==200'
    primary $ME:50001 $EMS:8013 ok.tls.established_closed_clean none certain -; healthy; absent proxy app
}
case_proxy_bypass_expected() {
    TITLE='Telemetry goes through a proxy, and the configuration says that EMS is reached directly.'
    BROKEN='the client has a proxy that it should not use for EMS'
    TRUTH='CONNECT to EMS is answered with 200, TLS is completed and a page is delivered; shakeout.ini says ems = direct.'
    printf '[proxy]\nems = direct\n' >"$OUT/shakeout.ini"; CONFIG=1; args --config ./shakeout.ini
    proxied; serve 3128 bin/squidd 3128 "$bare_ok"
    serve 8013 openssl s_server -accept 8013 -cert made/certs/good.pem -key made/certs/good.key -www -quiet
    record client; ask 50001; stop
    must 1 'http.request.method==CONNECT'; must 1 'http.response.code==200'
    primary $ME:50001 $PROXY:3128 ok.tls.established_closed_clean none certain -; exits 0; tunnel
    finding proxy.bypass_expected; IDS+=(proxy.bypass_expected); frames proxy.bypass_expected 'http.request.method==CONNECT'
    absent proxy.connect app
}
# taken NAT-OPTIONS...: the router takes what goes to EMS on 443 and asks EMS itself, 20 ms away
taken() {
    up wire; bg wire bin/wire.py w0 w1 --delay 0.02; pause 0.3
    serve 443 bin/tlsd.py 443; serve 8013 bin/tlsd.py 8013
    [ $# = 0 ] || { bg router bin/splice.py 4443 $EMS:443; pause 0.5; on router iptables -t nat -A PREROUTING -i r0 -p tcp --dport 443 "$@"; }
    record client; port 50002; c bin/tlsc.py $EMS:8013; port 50001; c bin/tlsc.py $EMS:443; stop
    primary $ME:50001 $EMS:443 ok.tls.established_closed_clean none certain -
    primary $ME:50002 $EMS:8013 ok.tls.established_closed_clean none certain -
    healthy; absent tcp tls.intercept
}
case_proxy_transparent() {
    TITLE='A transparent proxy in the router takes the connections to port 443 and passes them on.'
    BROKEN='nothing: it works; the router redirects port 443 to a program of its own, EMS is 20 ms further away'
    TRUTH='The SYN-ACK of 443 has the TTL of the router (64) and comes at once, the ServerHello 40 ms later and more; 8013 of the same address answers with TTL 63 after 40 ms.'
    COMPANION='a healthy exchange with the same server on 8013, which is not redirected'
    taken -j REDIRECT --to-ports 4443
    must 1 'tcp.srcport==443 && tcp.flags.syn==1 && ip.ttl==64'; must 1 'tcp.srcport==8013 && tcp.flags.syn==1 && ip.ttl==63'
    finding proxy.transparent_suspected; IDS+=(proxy.transparent_suspected)
    frames proxy.transparent_suspected 'tcp.flags.syn==1 && tcp.flags.ack==1 && tcp.srcport==443'
}
case_ok_no_transparent_proxy() {
    TITLE='The same two ports of a server 20 ms away, without anything between.'
    TRUTH='Both answer after 40 ms with the TTL of the server.'
    COMPANION='a healthy exchange with the same server on 8013'
    taken
    must 2 'tcp.flags.syn==1 && tcp.flags.ack==1 && ip.ttl==63'; absent proxy
}
