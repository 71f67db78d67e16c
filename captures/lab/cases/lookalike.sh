# shellcheck shell=bash disable=SC2034,SC2086
# Healthy traffic that looks like a failure and must not be accused.

good() { # good ID [CLIENT SERVER]
    primary "${2:-$ME:50001}" "${3:-$EMS:8013}" "$1" none certain -
}
clean=ok.tls.established_closed_clean
hello() { port 50001; c bin/tlsc.py $EMS:8013 "$@"; }
server='ip.src==10.0.0.10 && tcp.srcport==8013'
client='ip.src==10.20.40.17 && tcp.srcport==50001'

case_ok_keepalive() {
    TITLE='An idle TLS connection kept alive by TCP probes of one second.'
    TRUTH='Every probe is answered, and a request is answered after the silence.'
    up; serve 8013 bin/tlsd.py 8013
    record client
    hello --keepalive --times 2 --every 5
    stop
    must 3+ 'tcp.analysis.keep_alive'; must 3+ 'tcp.analysis.keep_alive_ack'
    good $clean; healthy; absent tcp
}
case_ok_long_lived() {
    TITLE='A connection with a small exchange every two seconds, still open when the capture ends.'
    TRUTH='Four exchanges at a regular distance; nothing ends it.'
    up; serve 8013 bin/tlsd.py 8013
    record client
    port 50001; bg client bin/tlsc.py $EMS:8013 --times 30 --every 2
    pause 8; stop
    must 4+ "$client && tls.record.opaque_type==23 && tcp.len==40"
    good ok.tls.long_lived; healthy; absent tcp info
}
case_ok_rst_after_fin() {
    TITLE='The client reads its answer and closes with FIN; the server still has something to say and is reset.'
    TRUTH='The client had its answer and closed; its resets answer data that came after its FIN.'
    up; serve 8013 made/gotls server :8013 -cert made/certs/good
    record client
    hello --send 'hello\n' --end fin
    stop 1.5
    must 1 "$client && tcp.flags.fin==1"; must 1+ "$client && tcp.flags.reset==1"; must 0 "$client && tcp.flags.reset==1 && tcp.flags.ack==1"
    good ok.closed_after_data_rst; healthy; absent tcp
}
case_ok_retransmission_server() {
    TITLE='One segment of the server flight is lost and sent again.'
    BROKEN='the first segment with data of the server is lost once, before the recorder'
    TRUTH='The retransmission fills the hole and the exchange is completed.'
    up wire; bg wire bin/wire.py w0 w1 --delay 0.002 --lose 8013:1; serve 8013 bin/tlsd.py 8013
    record client
    hello
    stop
    must 1+ 'tcp.analysis.retransmission || tcp.analysis.out_of_order || tcp.analysis.fast_retransmission'
    good $clean; healthy; absent tcp
}
case_ok_retransmission_client() {
    TITLE='The ClientHello is lost once and sent again.'
    BROKEN='the first segment with data of the client is lost once, behind the recorder'
    TRUTH='The second ClientHello is answered and the exchange is completed.'
    FORMAT=pcapng
    up wire; bg wire bin/wire.py w0 w1 --delay 0.002 --lose 50001:1; serve 8013 bin/tlsd.py 8013
    record client
    hello
    stop
    must 2 "$client && tcp.len==250"
    good $clean; healthy; absent tcp
}
case_ok_reordering() {
    TITLE='Two segments of the server flight change places.'
    BROKEN='the wire lets the second segment with data of the server overtake the first'
    TRUTH='All bytes arrive, the exchange is completed.'
    up wire; bg wire bin/wire.py w0 w1 --delay 0.002 --swap 8013:1; serve 8013 bin/tlsd.py 8013 --chain made/certs/long.pem
    record client
    hello
    stop
    must 1+ 'tcp.analysis.out_of_order || tcp.analysis.retransmission || tcp.analysis.lost_segment'
    good $clean; healthy; absent tcp
}
case_ok_syn_lost_once() {
    TITLE='The first SYN is lost, the second is answered.'
    BROKEN='one SYN dropped on the router'
    TRUTH='Two SYN of one sequence number are one attempt, and it succeeds.'
    up; serve 8013 bin/tlsd.py 8013
    on router iptables -A FORWARD -p tcp --dport 8013 --syn -m limit --limit 1/hour --limit-burst 1 -j DROP
    record client
    hello
    stop
    must 2 "$client && tcp.flags.syn==1"
    good $clean; healthy; absent tcp
}
case_ok_synack_lost_once() {
    TITLE='The first SYN-ACK is lost, the second arrives.'
    BROKEN='one SYN-ACK dropped on the router'
    TRUTH='The SYN is repeated and answered; recorded at the server.'
    up; serve 8013 bin/tlsd.py 8013
    on router iptables -A FORWARD -p tcp --sport 8013 --tcp-flags SYN,ACK SYN,ACK -m limit --limit 1/hour --limit-burst 1 -j DROP
    record server
    hello
    stop
    must 2+ "$server && tcp.flags.syn==1"
    good $clean; healthy; absent tcp
}
case_ok_probe_fin() {
    TITLE='A port test: connect and close.'
    TRUTH='The client ends a connection without data from either side.'
    COMPANION='a healthy exchange with the same server on 443'
    up; serve443; serve 8013 bin/tcpd.py 8013 mute
    record client
    port 50001; c bin/tcpc.py $EMS:8013 probe; companion
    stop 1
    must 0 'tcp.port==8013 && tcp.len>0'
    good ok.tcp.port_probe; ok443; healthy; absent tcp tls
}
case_ok_probe_rst() {
    TITLE='A port test: connect and reset.'
    TRUTH='The client ends a connection without data from either side.'
    up; serve 8013 bin/tcpd.py 8013 mute
    record client
    port 50001; c bin/tcpc.py $EMS:8013 probe-reset
    stop 1
    must 1 "$client && tcp.flags.reset==1"
    good ok.tcp.port_probe; healthy; absent tcp tls
}
case_ok_probe_alert() {
    TITLE='A port test that an OpenSSL server answers with alert 50.'
    TRUTH='The client connects and closes; s_server reads the end where a ClientHello should be and says decode_error. Nothing was wrong with a message, there was none.'
    COMPANION='a healthy exchange with the same server on 443'
    up; serve443; serve 8013 openssl s_server -accept 8013 -cert made/certs/good.pem -key made/certs/good.key -quiet
    record client
    port 50001; c bin/tcpc.py $EMS:8013 probe; companion
    stop 1
    must 1 "$server && tls.alert_message.desc==50"
    good ok.tcp.port_probe; ok443; healthy; absent tcp tls
}
case_ok_scan_half_open() {
    TITLE='A half-open scan: SYN, SYN-ACK, reset.'
    TRUTH='The scanner never wanted a connection; the port is open.'
    COMPANION='a healthy exchange with the same server on 443'
    up; serve443; serve 8013 bin/tlsd.py 8013
    record client
    c bin/synscan.py $EMS:8013 50001; companion
    stop 1
    must 1 "$server && tcp.flags.syn==1"; must 1 "$client && tcp.flags.reset==1"
    good ok.tcp.port_probe; ok443; healthy; absent tcp tls
}
case_ok_slow_server() {
    TITLE='The server takes 2.5 seconds for its ServerHello and 1.5 for its answer.'
    TRUTH='It is slow, and it works.'
    up; serve 8013 bin/tlsd.py 8013 --before 2.5 --think 1.5
    record client
    hello
    stop
    good $clean; healthy; absent tcp tls
}
case_ok_hello_retry() {
    TITLE='The server asks for another key share (HelloRetryRequest) and gets it.'
    TRUTH='A second ClientHello is answered by a ServerHello, data follows.'
    FORMAT=pcapng
    up; serve 8013 openssl s_server -accept 8013 -cert made/certs/good.pem -key made/certs/good.key -groups P-384 -www -quiet
    record client
    port 50001; HOLD=1 say 'GET / HTTP/1.0\r\n\r\n' openssl s_client -connect $EMS:8013 -servername $NAME -CAfile made/certs/ca.pem -verify_return_error -groups X25519:P-384 -quiet
    stop
    must 2 "$client && tls.handshake.type==1"; must 2 "$server && tls.handshake.type==2"
    good $clean; healthy; absent tcp tls
}
case_ok_no_tickets_idle_close() {
    TITLE='A TLS 1.3 server without tickets closes a connection after two seconds without a request.'
    TRUTH='The first record of the server after the handshake is close_notify. It has the size of an alert but comes two seconds late.'
    up; serve 8013 bin/tlsd.py 8013 --tickets 0 --idle 2
    record client
    hello --send '' --idle 2.5
    stop 1
    must 1 "$server && tcp.len==24"
    good ok.tls.no_data; healthy; absent tcp app
}
case_ok_no_tickets() {
    TITLE='A TLS 1.3 exchange with a server without tickets and with client certificate.'
    TRUTH='The first record of the server after the final flight is data.'
    up; serve 8013 bin/tlsd.py 8013 --tickets 0 --client-ca made/certs/ca.pem
    record client
    hello --cert made/certs/fct.both
    stop 1
    good $clean; healthy; absent tcp app
}
case_ok_preopened_tls() {
    TITLE='A connection opened in advance: TLS completed, never used, closed by the client.'
    TRUTH='Both final flights and the tickets are there; the client closes politely after three seconds.'
    COMPANION='a second connection at the same time that is used'
    up; serve 8013 bin/tlsd.py 8013
    record client
    port 50001; bg client bin/tlsc.py $EMS:8013 --send '' --idle 3
    pause 0.5; port 50002; c bin/tlsc.py $EMS:8013
    pause 3.5; stop
    good ok.tls.no_data; good $clean $ME:50002; healthy; absent tcp
}
case_ok_preopened_tcp() {
    TITLE='A connection opened in advance and never used: no TLS begins, the client closes after two seconds.'
    TRUTH='The other connection of the same client carries the work.'
    COMPANION='a second connection at the same time that is used'
    up; serve 8013 bin/tlsd.py 8013
    record client
    port 50001; bg client bin/tcpc.py $EMS:8013 hold 2
    pause 0.3; port 50002; c bin/tlsc.py $EMS:8013
    pause 2.5; stop
    good ok.tcp.port_probe; good $clean $ME:50002; healthy; absent tcp tls
}
case_ok_defer_accept() {
    TITLE='A server with TCP_DEFER_ACCEPT repeats its SYN-ACK before the client, four seconds later, sends data.'
    TRUTH='The client was slow, nothing was lost.'
    up; serve 8013 bin/tlsd.py 8013 --defer 3
    record client
    hello --before 4
    stop
    must 2+ "$server && tcp.flags.syn==1"
    good $clean; healthy; absent tcp
}
case_ok_short_zero_window() {
    TITLE='A large download to a client that pauses for 0.8 seconds: its window closes and opens again.'
    TRUTH='The pause is shorter than a second and the download is completed.'
    up; serve 8013 bin/tlsd.py 8013 --reply 100000
    record client
    hello --rcvbuf 20000 --pause 0.8 --send x --read-all 100000
    stop
    must 1+ 'tcp.analysis.zero_window || tcp.analysis.window_full'
    good $clean; healthy; absent tcp
}
case_zero_window() {
    TITLE='A large download to a client that does not read for three seconds.'
    BROKEN='the client'
    TRUTH='The window of the client stays closed for three seconds; the download is completed afterwards. Slow, not failed.'
    up; serve 8013 bin/tlsd.py 8013 --reply 100000
    record client
    hello --rcvbuf 20000 --pause 3 --send x --read-all 100000
    stop
    must 1+ 'tcp.analysis.zero_window'
    finding tcp.zero_window; exits 0; absent tls tcp.reset app
}
case_ok_happy_eyeballs_v6_slow() {
    TITLE='IPv6 is slow, IPv4 wins: the SYN-ACK of IPv6 comes when nobody wants it any more.'
    TRUTH='The exchange works over IPv4; the reset of the IPv6 attempt is that of the loser.'
    COMPANION='the lookup and the winner'
    up wire; up6; names ems.corp.example=10.0.0.10+2001:db8::10
    bg wire bin/wire.py w0 w1 --delay6 0.15
    bg server bin/tlsd.py 8013 --address 2001:db8::10; serve 8013 bin/tlsd.py 8013 --address 10.0.0.10
    record client
    port 50001; c curl -s --http0.9 --max-time 2 --cacert made/certs/ca.pem --happy-eyeballs-timeout-ms 200 https://$NAME:8013/
    stop 1
    must 1 'ipv6 && tcp.flags.syn==1 && tcp.flags.ack==0'; must 1+ 'ipv6 && tcp.flags.syn==1 && tcp.flags.ack==1'; must 1+ 'ipv6 && tcp.flags.reset==1'
    good ok.closed_after_data_rst; primary "[2001:db8:40::17]:50001" "[2001:db8::10]:8013" ok.tcp.port_probe none certain -
    healthy; absent dns
}
case_ok_happy_eyeballs_v6_dropped() {
    TITLE='IPv6 is dropped, IPv4 wins after 200 ms.'
    BROKEN='IPv6 dropped on the router'
    TRUTH='The client reaches EMS over IPv4; the broken IPv6 path is a warning, not a failure.'
    COMPANION='the lookup and the winner'
    up; up6; names ems.corp.example=10.0.0.10+2001:db8::10
    on router ip6tables -A FORWARD -p tcp --dport 8013 -j DROP
    serve 8013 bin/tlsd.py 8013 --address 10.0.0.10
    record client
    port 50001; c curl -s --http0.9 --max-time 2 --cacert made/certs/ca.pem --happy-eyeballs-timeout-ms 200 https://$NAME:8013/
    stop 3.2
    must 1+ 'ipv6 && tcp.flags.syn==1'; must 0 'ipv6 && tcp.flags.ack==1'
    good ok.closed_after_data_rst
    healthy
    absent set.ipv6_broken
}
case_ok_hello_two_segments() {
    TITLE='A ClientHello of two segments, as large as one with a post-quantum key share.'
    TRUTH='Both segments arrive and the exchange is completed.'
    up; serve 8013 bin/tlsd.py 8013
    record client
    hello --alpn "$(bin/protocols 55)"
    stop
    must 1 "$client && tcp.len==1448"
    good $clean; healthy; absent tcp
}
case_ok_port_reuse() {
    TITLE='The same client port again with a new sequence number, right after a clean end.'
    TRUTH='Two complete exchanges.'
    up; serve 8013 bin/tlsd.py 8013
    on client sysctl -qw net.ipv4.tcp_tw_reuse=1
    on client sysctl -qw net.ipv4.tcp_max_tw_buckets=0
    record client
    hello; pause 1.5; hello
    stop
    must 2 "$client && tcp.flags.syn==1"
    good $clean; healthy; absent tcp
}
case_ok_no_tls_banners() {
    TITLE='SSH, SMTP and FTP greet in plain text, an LDAP client binds: no TLS, as expected on these ports.'
    TRUTH='The protocols work as they should on 22, 25, 21 and 389.'
    COMPANION='a healthy exchange with the same server on 8013'
    up; serve 8013 bin/tlsd.py 8013
    serve 22 bin/tcpd.py 22 banner-keep 'SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n'
    serve 25 bin/tcpd.py 25 banner '220 mail.corp.example ESMTP\r\n|250 mail.corp.example\r\n|221 Bye\r\n'
    serve 21 bin/tcpd.py 21 banner '220 ready\r\n|221 Goodbye.\r\n'
    serve 389 bin/tcpd.py 389 answer '0\x0c\x02\x01\x01a\x07\n\x01\x00\x04\x00\x04\x00'
    record client
    port 50022; LIMIT=1 c bin/tcpc.py $EMS:22 listen-first 'SSH-2.0-PuTTY_0.78\r\n'
    port 50025; c bin/tcpc.py $EMS:25 listen-first 'EHLO pc17\r\n|QUIT\r\n'
    port 50021; c bin/tcpc.py $EMS:21 listen-first 'QUIT\r\n'
    port 50389; c bin/tcpc.py $EMS:389 say '0\x0c\x02\x01\x01`\x07\x02\x01\x03\x04\x00\x80\x00'
    hello
    stop 1
    args --scope all
    local p; for p in 22 25 21 389; do good ok.tcp.no_tls "$ME:$((50000 + p))" $EMS:$p; done
    good $clean; healthy; absent tcp tls app
}
case_ok_close_notify_only() {
    TITLE='The client says close_notify, the server answers it; no other word at the end.'
    TRUTH='An alert-size record from each side after data is the polite end (TLS 1.3).'
    up; serve 8013 bin/tlsd.py 8013
    record client
    hello --times 3 --every 0.3
    stop 1
    must 1 "$client && tcp.len==24"; must 1 "$server && tcp.len==24"
    good $clean; healthy; absent tcp tls
}
case_ok_half_close_plain() {
    TITLE='A client on 21 closes its sending side and reads on for a second and a half.'
    TRUTH='The FIN of the client is half a close; the server goes on and ends.'
    COMPANION='a healthy exchange with the same server on 8013'
    up; serve 21 bin/tcpd.py 21 bulk; serve 8013 bin/tlsd.py 8013
    record client
    port 50021; c bin/tcpc.py $EMS:21 half 'LIST\r\n'; hello
    stop 1
    must 0 'tcp.flags.reset==1'
    good ok.tcp.no_tls $ME:50021 $EMS:21; good $clean; healthy; absent tcp tls app
}
case_ok_established_open() {
    TITLE='One exchange over TLS 1.2; the connection is still open four seconds later, when the capture ends.'
    TRUTH='Both Finished and data both ways; nothing ended it.'
    up; serve 8013 bin/tlsd.py 8013 --tls 1.2
    record client
    port 50001; bg client bin/tlsc.py $EMS:8013 --tls 1.2 --idle 60
    pause 4.5; stop
    must 2 'tls.record.content_type==23'; must 0 'tcp.flags.fin==1'
    good ok.tls.established; healthy; absent tcp info app
}
probes() { # probes CMD...: four times, three seconds apart, from ports of their own
    local i
    for i in 1 2 3 4; do port $((50000 + i)); c "$@"; pause 3; done
}
tls_probes() { # tls_probes VERSION: a health check with TLS beside a client that works
    up; serve 8013 bin/tlsd.py 8013
    record client
    port 50011; c bin/tlsc.py $EMS:8013
    probes openssl s_client -connect $EMS:8013 -servername $NAME -CAfile made/certs/ca.pem "-tls$1"
    stop
    must 4 "tcp.dstport==8013 && tcp.srcport<50010 && tcp.flags.syn==1"
    good $clean $ME:50011
    local i; for i in 1 2 3 4; do good ok.tls.no_data $ME:5000$i; done
    healthy; absent tls app
}
case_ok_probes_tls12() {
    TITLE='A health check with TLS 1.2 every three seconds: handshake, goodbye, nothing else.'
    TRUTH='Four handshakes with one name come at an even pace and end with close_notify of the client; another client exchanges data.'
    COMPANION='a client of the same service that exchanges data'
    tls_probes 1_2
}
case_ok_probes_tls13() {
    TITLE='A health check with TLS 1.3 every three seconds: handshake, goodbye, nothing else.'
    TRUTH='Four handshakes with one name come at an even pace and end with close_notify of the client; another client exchanges data.'
    COMPANION='a client of the same service that exchanges data'
    tls_probes 1_3
}
case_ok_probes_tcp() {
    TITLE='A health check without TLS every three seconds: connect and close.'
    TRUTH='Four connections without data come at an even pace; another client exchanges data.'
    COMPANION='a client of the same service that exchanges data'
    up; serve 8013 bin/tlsd.py 8013
    record client
    port 50011; c bin/tlsc.py $EMS:8013
    probes bin/tcpc.py $EMS:8013 probe
    stop
    good $clean $ME:50011
    local i; for i in 1 2 3 4; do good ok.tcp.port_probe $ME:5000$i; done
    healthy; absent tls app
}
nameless_probes() { # nameless_probes MODE ID: a check that wants no more than the certificate, beside a client that works
    up; serve 8013 bin/tlsd.py 8013 --tls 1.2
    record client
    port 50011; c bin/tlsc.py $EMS:8013 --tls 1.2
    probes bin/tcpc.py $EMS:8013 "$1"
    stop
    must 4 'tls.handshake.type==14 && tcp.dstport<50010'
    must 0 'tls.handshake.extensions_server_name && tcp.srcport<50010'
    must 0 'tls.handshake.type==16 && tcp.srcport<50010'
    good $clean $ME:50011
    local i; for i in 1 2 3 4; do primary $ME:5000$i $EMS:8013 "$2" unknown certain possible; done
    exits 0; absent tls.cert tls.server app
}
nameless='It names no server and leaves with the whole flight: a health check does so, and so may a client that was given an address and refuses in silence. The packets say that it left, not why; nobody is accused.'
case_tls_probe_without_name() {
    TITLE='Every three seconds somebody reads the certificate over TLS 1.2, naming no server, and closes.'
    TRUTH=$nameless; COMPANION='a client of the same service that exchanges data'
    nameless_probes flight-fin tls.client.closed_midway
}
case_tls_probe_without_name_reset() {
    TITLE='Every three seconds somebody reads the certificate over TLS 1.2, naming no server, and resets.'
    TRUTH=$nameless; COMPANION='a client of the same service that exchanges data'
    nameless_probes flight-reset tcp.reset.by_client
}
