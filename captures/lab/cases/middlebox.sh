# shellcheck shell=bash disable=SC2034,SC2086
# Devices on the way that rewrite, cut or confuse, and servers that remember an older connection.

client='ip.src==10.20.40.17 && tcp.srcport==50001'
server='ip.src==10.0.0.10 && tcp.srcport==8013'
hello() { port 50001; c bin/tlsc.py $EMS:8013 "$@"; }
broken() { primary $ME:50001 $EMS:8013 "$@"; exits 1; }
sclient() { port 50001; HOLD=1 say '' openssl s_client -connect $EMS:8013 -servername $NAME -CAfile made/certs/ca.pem -quiet "$@"; }
sserver() { serve 8013 openssl s_server -accept 8013 -cert made/certs/good.pem -key made/certs/good.key -quiet "$@"; }

case_synack_bad_ack() {
    TITLE='A device changes the acknowledgement number of the SYN-ACK.'
    BROKEN='the wire adds 1000 to it'
    TRUTH='The SYN-ACK acknowledges a number the client never sent; the client answers each with a reset.'
    up wire; bg wire bin/wire.py w0 w1 --bad-ack 8013; serve 8013 bin/tlsd.py 8013
    record client
    port 50001; LIMIT=5 c bin/tcpc.py $EMS:8013 probe
    stop 3.2
    must 1+ "$server && tcp.flags.syn==1 && tcp.ack==1001"; must 1+ "$client && tcp.flags.reset==1"
    broken tcp.synack.bad_ack middlebox certain probable
    frames tcp.synack.bad_ack "$server && tcp.flags.syn==1 && tcp.ack==1001" 1
    absent tcp.syn ok
}
case_synack_challenge_ack() {
    TITLE='The server still believes an older connection of the same port is open; it works at the second try.'
    BROKEN='the client lost its state: its reset of the older connection was dropped'
    TRUTH='A bare ACK answers the SYN, the client resets the old connection, and the repeated SYN is accepted.'
    up; serve 8013 bin/tlsd.py 8013
    hello --idle 2 --end rst &
    pause 1
    on client iptables -A OUTPUT -p tcp --dport 8013 -j DROP
    wait $!
    on client iptables -F OUTPUT
    record client
    hello
    stop
    must 2 "$client && tcp.flags.syn==1"; must 1+ "$server && tcp.flags.ack==1 && tcp.flags.syn==0 && tcp.len==0"
    finding tcp.synack.challenge_ack; exits 0; absent tcp.syn tcp.reset tcp.accept
}
case_hello_split_dropped() {
    TITLE='A device lets the first segment of a ClientHello pass and drops the second, in two connections.'
    BROKEN='an nftables rule that drops payload to 8013 which does not begin like a TLS handshake record'
    TRUTH='The first segment is acknowledged, the second repeats and never is.'
    up; serve 8013 bin/tlsd.py 8013
    on router nft 'add table ip f; add chain ip f c { type filter hook forward priority 0; }; add rule ip f c tcp dport 8013 meta length > 100 @th,256,8 != 0x16 drop'
    record client
    LIMIT=6 hello --alpn "$(bin/protocols)"
    port 50002; LIMIT=6 c bin/tlsc.py $EMS:8013 --alpn "$(bin/protocols)"
    stop 3.2
    must 4+ "$client && tcp.len==608"; must 1+ "$server && tcp.ack==1449"
    broken tcp.clienthello.split_dropped middlebox probable -
    primary $ME:50002 $EMS:8013 tcp.clienthello.split_dropped middlebox probable -
    frames tcp.clienthello.split_dropped "$client && tcp.len==608" 2
    absent tcp.mtu_blackhole tls.server ok
}
case_reset_idle_timeout() {
    TITLE='A working connection is reset after exactly sixty seconds of silence.'
    BROKEN='a server that aborts idle connections after 60 s'
    TRUTH='The reset has the TTL of the server and follows a gap of 60 s; a timer of the server or of a device with the same distance look alike, so its sender owns it.'
    up; serve 8013 bin/tlsd.py 8013 --idle 60 --end rst
    record client; also_record server
    LIMIT=66 hello --idle 63
    stop 1
    must 1 "$server && tcp.flags.reset==1 && ip.ttl==63 && tcp.time_delta>=59.5"
    broken tcp.reset.idle_timeout server - possible
    frames tcp.reset.idle_timeout "$server && tcp.flags.reset==1"
    absent tcp.reset.injected tcp.reset.by_server
    at_other 'The reset leaves the server with TTL 64 and follows a gap of 60 s.'
    must 1 "$server && tcp.flags.reset==1 && ip.ttl==64 && tcp.time_delta>=59.5"
    broken tcp.reset.idle_timeout server - possible
    frames tcp.reset.idle_timeout "$server && tcp.flags.reset==1"
    absent tcp.reset.injected tcp.reset.by_server
}
case_tls_server_chose_unacceptable() {
    TITLE='The server answers with TLS 1.1 to a client that offers only TLS 1.2.'
    BROKEN='the wire writes TLS 1.1 into the ClientHello behind the recorder'
    TRUTH='The offer of the client, as it left, holds 1.2 only; the ServerHello says 1.1 and the client answers alert 70.'
    up wire; bg wire bin/wire.py w0 w1 --hello-version 0302
    sserver -cipher ALL:@SECLEVEL=0
    record client
    sclient -tls1_2 -cipher ALL:@SECLEVEL=0
    stop 1
    must 1 "$server && tls.handshake.type==2 && tls.handshake.version==0x0302"; must 1 "$client && tls.alert_message.desc==70"
    broken tls.version.server_chose_unacceptable middlebox certain probable
    frames tls.version.server_chose_unacceptable "$server && tls.handshake.type==2"
    absent tls.version.none_common tls.cert tcp
}
case_tls_downgrade_detected() {
    TITLE='A device takes TLS 1.3 out of the ClientHello; the client notices.'
    BROKEN='the wire replaces TLS 1.3 in the list of versions behind the recorder'
    TRUTH='The offer of the client, as it left, holds 1.3; the ServerHello says 1.2 and carries the downgrade mark; the client answers alert 47.'
    FORMAT=pcapng
    up wire; bg wire bin/wire.py w0 w1 --replace 002b0009080304:002b0009080303
    sserver
    record client
    sclient
    stop 1
    must 1 "$server && tls.handshake.type==2 && tcp contains 44:4f:57:4e:47:52:44:01"; must 1 "$client && tls.alert_message.desc==47"
    broken tls.version.downgrade_detected middlebox certain certain
    frames tls.version.downgrade_detected "$server && tls.handshake.type==2"
    absent tls.cert tcp
}
case_tls_fallback_rejected() {
    TITLE='A client marks its TLS 1.2 offer as a fallback; the server, which speaks TLS 1.3, refuses.'
    BROKEN='-fallback_scsv with -tls1_2'
    TRUTH='Alert 86 answers a ClientHello with the fallback mark.'
    up; sserver
    record client
    sclient -tls1_2 -fallback_scsv
    stop 1
    must 1 "$server && tls.alert_message.desc==86"
    broken tls.version.fallback_rejected client certain probable
    frames tls.version.fallback_rejected "$server && tls.alert_message.desc==86"
    absent tls.version.none_common tcp
}
case_ok_legacy_tls11() {
    TITLE='Client and server agree on TLS 1.1, the best the client has.'
    TRUTH='Outdated, but the exchange works: a warning at most.'
    up; sserver -cipher ALL:@SECLEVEL=0 -rev
    record client
    port 50001; HOLD=1 say 'hello\n' openssl s_client -connect $EMS:8013 -servername $NAME -CAfile made/certs/ca.pem -tls1_1 -cipher ALL:@SECLEVEL=0 -quiet -no_ign_eof
    stop 1
    must 1+ "$server && tls.handshake.type==2 && tls.handshake.version==0x0302"; must 1+ "$server && tls.record.content_type==23"
    finding tls.version.legacy_only; healthy; absent tcp
}
case_syn_refused_by_host_ttl50() {
    TITLE='A refused port beside a healthy one, through a router that lowers the TTL of everything.'
    BROKEN='no service on port 8013; the router sets the TTL to 50'
    TRUTH='All packets of the server arrive with the same TTL, the refusal as well: it is the host that refuses.'
    COMPANION='a healthy exchange with the same server on 443'
    up; serve443
    on router nft 'add table ip f; add chain ip f c { type filter hook postrouting priority 0; }; add rule ip f c oifname r0 ip saddr 10.0.0.10 ip ttl set 50'
    record client
    companion; port 50001; c bin/tcpc.py $EMS:8013 probe
    stop 1
    must 1 'tcp.srcport==8013 && tcp.flags.reset==1 && ip.ttl==50'
    broken tcp.syn.refused_by_host server - probable
    ok443; absent tcp.syn.refused_by_middlebox
}
case_path_died() {
    TITLE='A working connection with a request every 0.3 seconds; suddenly nothing gets through in either direction.'
    BROKEN='a DROP rule for everything of this connection on the router, two seconds after its beginning'
    COMPANION='a healthy exchange with the same server on 443 after the break'
    TRUTH='Data flowed both ways; then one segment of the client repeats for twelve seconds and is never acknowledged.'
    up; serve443; serve 8013 bin/tlsd.py 8013
    record client; also_record server
    port 50001; bg client bin/tlsc.py $EMS:8013 --times 100 --every 0.3
    pause 2
    on router iptables -I FORWARD -p tcp --dport 8013 -j DROP
    on router iptables -I FORWARD -p tcp --sport 8013 -j DROP
    pause 8; companion; pause 6
    stop
    must 4+ "$client && tcp.analysis.retransmission"
    broken tcp.path.died network certain possible
    frames tcp.path.died "$client && tcp.analysis.retransmission" 3
    ok443; absent tcp.idle tcp.reset
    at_other 'The last request was answered, and nothing follows: at the server the connection is only quiet, while 443 of the same client works.'
    must 0 'tcp.srcport==50001 && tcp.analysis.retransmission'
    primary $ME:50001 $EMS:8013 ok.tls.established none certain -
    unseen $ME:50001 $EMS:8013 tcp.path.died
    ok443; exits 0; no_blame; absent tcp.path tcp.idle
}

clamped() { # clamped RULE
    up; serve 8013 bin/tlsd.py 8013
    on router nft "add table ip f; add chain ip f c { type filter hook forward priority 0; }; add rule ip f c tcp flags & syn == syn $1"
    IF=any WHERE='the router, both interfaces (Linux cooked)'
    record router
    hello
    stop
    must 2 'tcp.flags.syn==1 && tcp.flags.ack==0'
    primary $ME:50001 $EMS:8013 ok.tls.established_closed_clean none certain -
    healthy
}
case_tcp_options_stripped() {
    TITLE='A router lowers the MSS of SYN and SYN-ACK, recorded on both of its sides.'
    BROKEN='an nftables rule that sets the MSS to 1360'
    TRUTH='The SYN comes with an MSS of 1460 and leaves with 1360.'
    clamped 'tcp option maxseg size set 1360'
    must 1 'tcp.flags.syn==1 && tcp.flags.ack==0 && tcp.options.mss_val==1360'
    finding tcp.options_stripped
    frames tcp.options_stripped 'tcp.flags.syn==1 && tcp.flags.ack==0 && tcp.options.mss_val==1360'
}
case_ok_router_both_sides() {
    TITLE='A router that changes nothing, recorded on both of its sides.'
    TRUTH='The SYN leaves as it came.'
    clamped 'accept'
    must 2 'tcp.flags.syn==1 && tcp.flags.ack==0 && tcp.options.mss_val==1460'
    absent tcp
}

# next_number: of the client's next octet, read off the recording
next_number() {
    tshark -n -r "$OUT/raw.pcap" -o tcp.relative_sequence_numbers:FALSE -Y "ip.src==$ME && tcp.len>0" -T fields -e tcp.nxtseq 2>/dev/null | tail -1
}
stuck() { # stuck RULE...: in the middle of a connection the router begins to discard some of it
    local i
    up; serve 8013 bin/tlsd.py 8013 --keepalive
    IF=any record router
    port 50001; PYTHONUNBUFFERED=1 LIMIT=120 c bin/tlsc.py $EMS:8013 --times 3 --every 40 &
    for i in $(seq 200); do grep -qs bytes "$OUT/client.log" && break; sleep 0.2; done
    sleep 2; N=$(next_number); "$@"; sleep 56; stop 0.5
    must 4+ "ip.src==$ME && tcp.len>0 && tcp.seq_raw==$N"; must 4+ "ip.src==$ME && tcp.flags.syn==0 && tcp.seq_raw<$N"
    exits 1
}
forget() { on router iptables -I FORWARD -p tcp --dport 8013 -m u32 --u32 "0>>22&0x3C@4=$N" -j DROP; }
case_seq_anomaly() {
    TITLE='A router takes one valid number for an old one: the segment comes in again and again and never goes out, acknowledgements pass.'
    BROKEN='in the middle of the connection the router begins to discard segments that begin with the number which is next'
    TRUTH='Recorded on all interfaces of the router: what passes is there twice, the third request and its repeats once; the answers of the client to keep-alives, behind it, are there twice.'
    WHERE='the router, all interfaces (Linux cooked)'
    stuck forget
    primary $ME:50001 $EMS:8013 tcp.seq_anomaly middlebox possible possible
    must 2+ "ip.src==$ME && tcp.len==0 && tcp.seq_raw>$N"
    frames tcp.seq_anomaly "ip.src==$ME && tcp.len>0 && tcp.seq_raw==$N" 1
}
