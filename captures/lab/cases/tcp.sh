# shellcheck shell=bash disable=SC2034,SC2086
# The connection opens and breaks before or around TLS.

broken() { # broken ID OWNER FACT CAUSE
    primary $ME:50001 $EMS:8013 "$@"
    exits 1
}
block() { on router iptables -I FORWARD "$@"; }
hello() { port 50001; c bin/tlsc.py $EMS:8013 "$@"; }
from_server='ip.src==10.0.0.10 && tcp.srcport==8013'
from_client='ip.src==10.20.40.17 && tcp.dstport==8013'

case_accept_then_reset() {
    TITLE='The server accepts the connection and resets it at once.'
    BROKEN='a server that accepts and aborts'
    TRUTH='The reset follows the handshake, has the TTL of the SYN-ACK, and no data was sent by either side.'
    up; serve 8013 bin/tcpd.py 8013 reset
    record client
    port 50001; c bin/tcpc.py $EMS:8013 eof
    stop 1
    must 1 "$from_server && tcp.flags.reset==1 && ip.ttl==63"; must 0 'tcp.len>0'
    broken tcp.accept_then_reset server certain probable
    frames tcp.accept_then_reset 'tcp.flags.reset==1'
    absent ok.tcp.port_probe tcp.reset
}
case_accept_then_fin() {
    TITLE='The server accepts the connection and closes it at once.'
    BROKEN='a server that accepts and closes'
    TRUTH='The FIN of the server follows the handshake and no data was sent by either side.'
    COMPANION='a healthy exchange with the same server on 443'
    up; serve443; serve 8013 bin/tcpd.py 8013 fin
    record client
    companion; port 50001; c bin/tcpc.py $EMS:8013 eof
    stop 1
    must 1 "$from_server && tcp.flags.fin==1"; must 0 'tcp.port==8013 && tcp.len>0'
    broken tcp.accept_then_fin server certain probable
    frames tcp.accept_then_fin "$from_server && tcp.flags.fin==1"
    ok443; absent ok.tcp.port_probe
}
case_hello_dropped() {
    TITLE='The ClientHello is dropped because of the name in it.'
    BROKEN='an iptables string match on the EMS name that drops, on the router'
    TRUTH='The ACK of the handshake arrives (the SYN-ACK never repeats), the ClientHello repeats and is never acknowledged.'
    COMPANION='an exchange with the same server on 443 under another name'
    up; serve443; serve 8013 bin/tlsd.py 8013
    block -p tcp --dport 8013 -m string --algo bm --string $NAME -j DROP
    record client
    companion; LIMIT=8 hello
    stop 3.2
    must 4+ "$from_client && tcp.len>0 && !tcp.flags.fin==1"; must 1 "$from_server"
    broken tcp.clienthello.unanswered network certain probable
    frames tcp.clienthello.unanswered "$from_client && tcp.len>0" 2
    ok443; absent tcp.handshake tcp.syn
}
case_hello_acked_no_reply() {
    TITLE='The server takes the ClientHello and never answers.'
    BROKEN='a server that reads and says nothing'
    TRUTH='The ClientHello is acknowledged, then both sides are silent for seven seconds; 443 works meanwhile.'
    COMPANION='a healthy exchange with the same server on 443, after the silence'
    FORMAT=pcapng
    up; serve443; serve 8013 bin/tcpd.py 8013 mute
    record client
    LIMIT=7 hello
    companion
    stop 3.2
    must 0 "$from_server && tcp.len>0"
    broken tcp.clienthello.acked_no_reply unknown certain possible
    frames tcp.clienthello.acked_no_reply "$from_client && tcp.len>0"
    ok443; absent tls.server
}
case_mtu_blackhole_server_flight() {
    TITLE='The large packets of the server vanish, the small ones arrive.'
    BROKEN='packets above 1400 bytes to the client dropped on the router, without ICMP'
    TRUTH='The ClientHello is acknowledged, the small end of the server flight arrives and is acknowledged selectively, the full segments before it never do.'
    COMPANION='a short SSH greeting of the same server on 22, which fits'
    up; serve 22 bin/tcpd.py 22 banner 'SSH-2.0-OpenSSH_9.2\r\n'
    serve 8013 bin/tlsd.py 8013 --chain made/certs/long.pem
    on router nft 'add table ip f; add chain ip f c { type filter hook forward priority 0; }; add rule ip f c iifname r1 meta length > 1400 drop'
    record client
    port 50022; c bin/tcpc.py $EMS:22 eof
    LIMIT=8 hello
    stop 3.2
    must 1+ "$from_client && tcp.options.sack_le"; must 0 "ip.src==10.0.0.10 && ip.len>1400"
    broken tcp.mtu_blackhole.server_flight network probable -
    primary $ME:50022 $EMS:22 ok.tcp.no_tls none certain -
    frames tcp.mtu_blackhole.server_flight "$from_client && tcp.options.sack_le" 1
    absent tcp.clienthello tls.server
    absent set.size_dependent
}
case_mtu_blackhole_at_server() {
    TITLE='The large packets of the server vanish, recorded at the server.'
    BROKEN='packets above 1400 bytes to the client dropped on the router, without ICMP'
    TRUTH='Segments of full size with DF repeat, a small one is acknowledged selectively by the client.'
    up; serve 8013 bin/tlsd.py 8013 --chain made/certs/long.pem
    on router nft 'add table ip f; add chain ip f c { type filter hook forward priority 0; }; add rule ip f c iifname r1 meta length > 1400 drop'
    record server
    LIMIT=8 hello
    stop 3.2
    must 3+ "$from_server && ip.len==1500 && tcp.analysis.retransmission"
    broken tcp.mtu_blackhole.server_flight network probable -
    absent tcp.clienthello tls.server
}
case_mtu_blackhole_hello() {
    TITLE='A ClientHello of more than one segment vanishes; a small one to the same port works.'
    BROKEN='packets above 1400 bytes to the server dropped on the router, without ICMP'
    TRUTH='The full first segment repeats and is never acknowledged, the small second one is acknowledged selectively; the small ClientHello before was answered.'
    COMPANION='a healthy exchange with a small ClientHello on 8013'
    FORMAT=pcapng
    up; serve 8013 bin/tlsd.py 8013
    on router nft 'add table ip f; add chain ip f c { type filter hook forward priority 0; }; add rule ip f c iifname r0 meta length > 1400 drop'
    record client
    port 50002; c bin/tlsc.py $EMS:8013
    LIMIT=8 hello --alpn "$(bin/protocols)"
    stop 3.2
    must 3+ "ip.src==10.20.40.17 && tcp.srcport==50001 && ip.len==1500"
    broken tcp.mtu_blackhole.clienthello network probable -
    frames tcp.mtu_blackhole.clienthello "ip.src==10.20.40.17 && tcp.srcport==50001 && ip.len==1500" 2
    primary $ME:50002 $EMS:8013 ok.tls.established_closed_clean none certain -
    absent tls.server
}
case_reset_after_hello_by_router() {
    TITLE='A device answers the ClientHello with a reset because of the name in it.'
    BROKEN='an iptables string match on the EMS name with REJECT and TCP reset, on the router'
    TRUTH='The reset has TTL 64, the SYN-ACK of the same connection 63.'
    COMPANION='DNS lookup of the EMS name'
    FORMAT=pcapng
    up; names; serve 8013 bin/tlsd.py 8013
    block -p tcp --dport 8013 -m string --algo bm --string $NAME -j REJECT --reject-with tcp-reset
    record client; also_record server
    lookup; hello
    stop 1
    must 1 "$from_server && tcp.flags.reset==1 && ip.ttl==64"; must 1 "$from_server && tcp.flags.syn==1 && ip.ttl==63"
    broken tcp.reset.injected middlebox probable -
    frames tcp.reset.injected 'tcp.flags.reset==1'
    absent tcp.reset.by_server tcp.accept
    at_other 'The connection opens and no ClientHello arrives; the reset went to the client alone.'
    must 0 'tcp.flags.reset==1'; must 0 'tcp.dstport==8013 && tcp.len>0'
    primary $ME:50001 $EMS:8013 info.incomplete.in_progress - certain -
    unseen $ME:50001 $EMS:8013 tcp.reset.injected
    absent tcp.reset tcp.accept tls.server tls.cert
}
case_reset_after_hello_by_server() {
    TITLE='The server itself resets the connection when it has read the ClientHello.'
    BROKEN='a server that reads and aborts'
    TRUTH='The reset has the TTL of the SYN-ACK and comes before any byte of the server.'
    up; serve 8013 bin/tcpd.py 8013 read-reset
    record client; also_record server
    hello
    stop 1
    must 1 "$from_server && tcp.flags.reset==1 && ip.ttl==63"; must 0 "$from_server && tcp.len>0"
    broken tcp.reset.after_clienthello server certain possible
    frames tcp.reset.after_clienthello 'tcp.flags.reset==1'
    absent tcp.reset.injected tcp.accept
    at_other 'The reset leaves the server with the TTL of its SYN-ACK, 64, and comes before any byte of it.'
    must 1 "$from_server && tcp.flags.reset==1 && ip.ttl==64"; must 0 "$from_server && tcp.len>0"
    broken tcp.reset.after_clienthello server certain possible
    frames tcp.reset.after_clienthello 'tcp.flags.reset==1'
    absent tcp.reset.injected tcp.accept
}
case_reset_both_ends() {
    TITLE='A device on the way cuts both ends at once when it sees the ClientHello.'
    BROKEN='a small inspection program on the router that sends a reset to each side'
    TRUTH='Two resets, one in each direction, within a millisecond, while the way to the server takes 8 ms; the resets of the client without ACK answer what the server still had on the way.'
    WHERE='the router, both interfaces (Linux cooked)'
    up wire; serve 8013 bin/tlsd.py 8013
    bg wire bin/wire.py w0 w1 --delay 0.008
    bg router bin/ips.py r0 r1 $NAME; sleep 0.7
    IF=any record router
    hello
    stop 1
    must 1 'tcp.flags.reset==1 && ip.src==10.0.0.10'; must 1 'tcp.flags.reset==1 && tcp.flags.ack==1 && ip.dst==10.0.0.10'
    broken tcp.reset.both_ends middlebox probable -
    frames tcp.reset.both_ends 'tcp.flags.reset==1 && tcp.flags.ack==1'
    absent tcp.reset.by_server tcp.reset.by_client
}
case_reset_by_client_waiting() {
    TITLE='The client resets a second after its ClientHello; the server has not answered yet.'
    BROKEN='a client that gives up with a reset'
    TRUTH='The reset comes from the client, no alert and no FIN came before it.'
    up; serve 8013 bin/tcpd.py 8013 mute
    record client; also_record server
    port 50001; c bin/tcpc.py $EMS:8013 hello-reset 1.2
    stop 1
    must 1 "$from_client && tcp.flags.reset==1"
    broken tcp.reset.by_client client certain possible
    frames tcp.reset.by_client 'tcp.flags.reset==1'
    at_other 'The reset arrives from the client, with the TTL of all its packets behind one router.'
    must 1 "$from_client && tcp.flags.reset==1 && ip.ttl==63"
    broken tcp.reset.by_client client certain possible
    frames tcp.reset.by_client 'tcp.flags.reset==1'
}
case_reset_by_server_midway() {
    TITLE='The server resets after its ServerHello.'
    BROKEN='a server that sends one record of its flight and aborts'
    TRUTH='The reset has the TTL of the other packets of the server and comes in the middle of its flight.'
    up; serve 8013 bin/tlsd.py 8013 --flight 1 --then rst
    record client; also_record server
    hello
    stop 1
    must 1 'tls.handshake.type==2'; must 1 "$from_server && tcp.flags.reset==1 && ip.ttl==63"
    broken tcp.reset.by_server server certain possible
    frames tcp.reset.by_server 'tcp.flags.reset==1'
    absent tcp.reset.injected
    at_other 'The reset leaves the server with TTL 64, in the middle of its flight.'
    must 1 'tls.handshake.type==2'; must 1 "$from_server && tcp.flags.reset==1 && ip.ttl==64"
    broken tcp.reset.by_server server certain possible
    frames tcp.reset.by_server 'tcp.flags.reset==1'
    absent tcp.reset.injected
}
case_reset_by_server_established() {
    TITLE='The server resets a working TLS 1.3 connection instead of closing it.'
    BROKEN='a server that aborts after three requests and a second of silence'
    TRUTH='Data flowed both ways; the reset comes from the server, with its TTL, without close_notify before it.'
    up; serve 8013 bin/tlsd.py 8013 --idle 1.5 --end rst
    record client; also_record server
    hello --times 3 --every 0.5 --idle 3
    stop 1
    must 1 "$from_server && tcp.flags.reset==1 && ip.ttl==63"
    broken tcp.reset.by_server server certain possible
    frames tcp.reset.by_server 'tcp.flags.reset==1'
    absent tcp.reset.idle_timeout tcp.reset.injected
    at_other 'Data flowed both ways; the reset leaves the server with the TTL of all its packets, 64.'
    must 1 "$from_server && tcp.flags.reset==1 && ip.ttl==64"
    broken tcp.reset.by_server server certain possible
    frames tcp.reset.by_server 'tcp.flags.reset==1'
    absent tcp.reset.idle_timeout tcp.reset.injected
}
case_reset_by_client_established() {
    TITLE='The client resets a working TLS 1.2 connection in the middle of the work.'
    BROKEN='a client that aborts after its second request'
    TRUTH='Data flowed both ways; the reset comes from the client, without close_notify or FIN before it.'
    up; serve 8013 bin/tlsd.py 8013 --tls 1.2
    record client; also_record server
    hello --tls 1.2 --times 2 --every 0.5 --end rst
    stop 1
    must 1 "$from_client && tcp.flags.reset==1"; must 0 "tls.alert_message"
    broken tcp.reset.by_client client certain possible
    frames tcp.reset.by_client 'tcp.flags.reset==1'
    at_other 'The reset arrives from the client, with the TTL of all its packets behind one router, without close_notify or FIN before it.'
    must 1 "$from_client && tcp.flags.reset==1 && ip.ttl==63"; must 0 "tls.alert_message"
    broken tcp.reset.by_client client certain possible
    frames tcp.reset.by_client 'tcp.flags.reset==1'
}
case_reset_by_client_download() {
    TITLE='The client resets a working TLS 1.3 connection in the middle of an answer.'
    BROKEN='a client that stops reading and closes'
    TRUTH='The reset comes from the client while data of the server is on the way, without close_notify or FIN before it.'
    up; serve 8013 bin/tlsd.py 8013 --reply 40000
    record client; also_record server
    hello --end fin
    stop 1
    must 1+ "$from_client && tcp.flags.reset==1"; must 0 "$from_client && tcp.flags.fin==1"
    broken tcp.reset.by_client client certain possible
    frames tcp.reset.by_client 'tcp.flags.reset==1' 1
    at_other 'The reset arrives from the client while data of the server is on the way.'
    must 1+ "$from_client && tcp.flags.reset==1 && ip.ttl==63"; must 0 "$from_client && tcp.flags.fin==1"
    broken tcp.reset.by_client client certain possible
    frames tcp.reset.by_client 'tcp.flags.reset==1' 1
}

case_tcp_retransmit_heavy() {
    TITLE='A download works, and every twentieth segment of the server is lost on the way to the recorder.'
    BROKEN='the wire between router and server loses frames of the server'
    TRUTH='More than 20 segments come again, more than 3 of 100, and fill holes that the recorder never saw.'
    # segments of 200 octets keep the capture small
    up wire; bg wire bin/wire.py w0 w1 --delay 0.001 --lose "8013:$(seq -s, 30 16 640)"
    on server ip route change default via 10.0.0.1 advmss 200; on client ip route change default via 10.20.40.1 advmss 200
    serve 8013 bin/tlsd.py 8013 --reply 110000
    record client
    port 50001; c bin/tlsc.py $EMS:8013 --name $NAME --read-all 110000
    stop
    must 500+ 'tcp.srcport==8013 && tcp.len>0'
    primary $ME:50001 $EMS:8013 ok.tls.established_closed_clean none certain -
    finding tcp.retransmit.heavy
    healthy
}
case_tcp_half_closed_hang() {
    TITLE='The client closes its end after a request; the server answers and never closes its own.'
    BROKEN='a server that forgets its end'
    TRUTH='The FIN of the client is acknowledged; for more than 30 s the server neither sends nor closes.'
    up; serve 7000 bin/tcpd.py 7000 keep 'hello\r\n'
    record client
    COMPANION='another connection to the same port, half a minute later'
    port 50001; LIMIT=34 c bin/tcpc.py $EMS:7000 half 'hi\r\n' &
    sleep 32; port 50002; c bin/tcpc.py $EMS:7000 probe; wait $!
    stop
    args --scope all
    must 1 'tcp.srcport==50001 && tcp.flags.fin==1 && !tcp.analysis.retransmission'; must 0 'tcp.dstport==50001 && tcp.flags.fin==1'
    finding tcp.half_closed_hang
    healthy
}
case_tcp_idle_silent_drop() {
    TITLE='A working connection pauses for a minute; then a firewall no longer knows it and drops what follows.'
    BROKEN='connection tracking on the router that forgets after 30 s, and drops what begins without a SYN'
    COMPANION='a healthy exchange with the same server on 443 after the pause'
    TRUTH='Data flowed both ways; after 62 s of silence the next request of the client repeats, and no packet of the server follows.'
    up; serve443; serve 8013 bin/tlsd.py 8013
    on router sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_established=30 net.netfilter.nf_conntrack_tcp_loose=0
    on router nft 'add table ip f; add chain ip f c { type filter hook forward priority 0; policy drop; }; add rule ip f c ct state established,related accept; add rule ip f c tcp flags & (syn|ack) == syn ct state new accept'
    record client; also_record server
    port 50001; bg client bin/tlsc.py $EMS:8013 --times 2 --every 62
    pause 70; companion; pause 7
    stop
    must 4+ "$from_client && tcp.analysis.retransmission"; must 0 "$from_server && tcp.time_relative>60"
    broken tcp.idle.silent_drop middlebox certain -
    frames tcp.idle.silent_drop "$from_client && tcp.analysis.retransmission" 3
    ok443; absent tcp.path tcp.reset
    at_other 'The request after the pause never arrives: at the server the connection is only quiet, while 443 of the same client works.'
    must 0 "$from_client && tcp.time_relative>60"
    primary $ME:50001 $EMS:8013 ok.tls.established none certain -
    unseen $ME:50001 $EMS:8013 tcp.idle.silent_drop
    ok443; exits 0; no_blame; absent tcp.path tcp.idle
}
# twice: a second host with the address of EMS behind the router, which gets a copy of each SYN
twice() {
    up; ns_add wire; link router r2 02:00:00:00:00:02 wire w0 02:00:00:00:06:01
    on router ip addr add 10.1.0.1/24 dev r2
    on wire ip addr add 10.1.0.2/24 dev w0; on wire ip addr add $EMS/32 dev lo
    on wire ip route add default via 10.1.0.1
    bg wire bin/tlsd.py 8013
    serve 8013 bin/tlsd.py 8013
    on router iptables -t mangle -A PREROUTING -i r0 -p tcp --syn --dport 8013 -j TEE --gateway 10.1.0.2
    pause 1
}
case_tcp_two_hosts() {
    TITLE='Two hosts have the address of EMS; both answer the SYN, and the reply to one of them goes to the other.'
    BROKEN='a second host with the address 10.0.0.10, which answers first'
    TRUTH='Two SYN-ACKs with different sequence numbers answer one SYN; the reset has the number of the first, which the second host does not know.'
    twice; record client
    hello
    stop
    must 2 "$from_server && tcp.flags.syn==1"; must 1+ "$from_server && tcp.flags.reset==1"; must 0 'tcp.len>0'
    broken tcp.accept_then_reset network certain possible
    finding tcp.simultaneous_multi_synack
    frames tcp.simultaneous_multi_synack "$from_server && tcp.flags.syn==1" 1
    absent tcp.syn tcp.reset
}
case_ok_two_hosts() {
    TITLE='Two hosts have the address of EMS; the second answers when the connection is already up.'
    BROKEN='a second host with the address 10.0.0.10, whose first answer is lost'
    TRUTH='Two SYN-ACKs with different sequence numbers answer one SYN; the connection goes on with the first and carries data. A warning, not a failure.'
    twice; on wire iptables -A OUTPUT -p tcp --sport 8013 -m statistic --mode nth --every 100 --packet 0 -j DROP
    record client
    hello --idle 1.5
    stop
    must 2+ "$from_server && tcp.flags.syn==1"; must 1+ "$from_server && tcp.len>0"
    primary $ME:50001 $EMS:8013 ok.tls.established_closed_clean none certain -
    finding tcp.simultaneous_multi_synack; exits 0
    absent tcp.syn tcp.reset tcp.accept
}
case_tcp_syn_proxy_suspected() {
    TITLE='The router answers SYNs for the server (SYN proxy); the connection works.'
    BROKEN='nothing; nft synproxy on the router'
    TRUTH='The SYN-ACK has the TTL of the router and comes at once; the octets of the server have its own TTL and come after the delay of the wire.'
    up wire; bg wire bin/wire.py w0 w1 --delay 0.03; serve 8013 bin/tlsd.py 8013
    on router sysctl -qw net.netfilter.nf_conntrack_tcp_loose=0
    on router nft add table ip p
    on router nft add chain ip p early '{ type filter hook prerouting priority raw; }'
    on router nft add chain ip p pass '{ type filter hook forward priority 0; }'
    on router nft add rule ip p early tcp dport 8013 tcp flags syn notrack
    on router nft add rule ip p pass tcp dport 8013 ct state invalid,untracked synproxy mss 1460 wscale 7 timestamp sack-perm
    on router nft add rule ip p pass ct state invalid drop
    record client
    port 50001; c bin/tlsc.py $EMS:8013 --name $NAME
    stop
    must 1 'tcp.srcport==8013 && tcp.flags.syn==1 && ip.ttl==64'; must 2+ 'tcp.srcport==8013 && tcp.len>0 && ip.ttl==63'
    primary $ME:50001 $EMS:8013 ok.tls.established_closed_clean none certain -
    finding tcp.syn_proxy_suspected
    frames tcp.syn_proxy_suspected 'tcp.srcport==8013 && tcp.flags.syn==1'
    healthy
}
