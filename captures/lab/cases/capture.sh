# shellcheck shell=bash disable=SC2034,SC2086
# The capture itself is the subject: one direction, the middle, too short, doubled, cut, or about something else.

server='ip.src==10.0.0.10 && tcp.srcport==8013'
client='ip.src==10.20.40.17 && tcp.srcport==50001'
untold() { # untold ID: nothing can be told about the connection
    primary "${2:-$ME:50001}" $EMS:8013 "$1" capture certain -
}

one_sided() { # one_sided FILTER...
    TRUTH='The connections were healthy, but the capture shows one side only: no verdict.'
    up; serve 8013 bin/tlsd.py 8013
    record client "$@"
    local p
    for p in 50001 50002 50003; do port $p; c bin/tlsc.py $EMS:8013 --times 2 --every 0.2; done
    stop 3.2
    for p in 50001 50002 50003; do untold cannot_tell.one_sided $ME:$p; done
    finding capture.one_way
    exits 3; absent tcp tls
}
case_one_sided_client() {
    TITLE='Three healthy connections of which only the packets of the client were recorded.'
    BROKEN='the capture filter src host of the client'
    one_sided src host $ME
    must 0 'ip.src==10.0.0.10'
}
case_one_sided_server() {
    TITLE='Three healthy connections of which only the packets of the server were recorded.'
    BROKEN='the capture filter src host of the server'
    one_sided src host $EMS
    must 0 'ip.src==10.20.40.17'
}
case_one_sided_refusal() {
    TITLE='A rejected certificate of which only the packets of the client were recorded (TLS 1.2).'
    BROKEN='the capture filter src host of the client'
    TRUTH='The alert of the client is there, the certificate it answers is not; its acknowledgements prove that the server spoke.'
    up; serve 8013 bin/tlsd.py 8013 --tls 1.2 --cert made/certs/private
    record client src host $ME
    port 50001; c bin/tlsc.py $EMS:8013 --tls 1.2
    stop 3.2
    must 1 "$client && tls.alert_message.desc==48"
    exits 1; finding tls.cert.rejected_by_client.unknown_ca
    absent tcp.syn tcp.clienthello tls.server ok
}
case_mid_stream() {
    TITLE='The capture starts when the connection is already up and working.'
    BROKEN='the late start of the capture'
    TRUTH='No SYN and no handshake are in the capture; requests and answers are.'
    FORMAT=pcapng
    up; serve 8013 bin/tlsd.py 8013
    port 50001; bg client bin/tlsc.py $EMS:8013 --times 5 --every 0.8
    pause 1.2
    record client
    pause 3.2; stop
    must 0 'tcp.flags.syn==1'; must 4+ 'tcp.len>0'
    untold cannot_tell.mid_stream
    finding capture.midstream
    exits 3; absent tcp tls
}
case_mid_stream_tls12_close() {
    TITLE='The capture shows only the last request and the polite end of a TLS 1.2 connection.'
    BROKEN='the late start of the capture'
    TRUTH='No SYN and no handshake are in the capture.'
    up; serve 8013 bin/tlsd.py 8013 --tls 1.2
    port 50001; bg client bin/tlsc.py $EMS:8013 --tls 1.2 --times 2 --every 2
    pause 1.2
    record client
    pause 1.5; stop
    must 0 'tcp.flags.syn==1'; must 2 'tcp.flags.fin==1'
    untold cannot_tell.mid_stream
    exits 3; absent tcp tls
}
case_end_too_early_syn() {
    TITLE='The capture ends a second after the first SYN.'
    BROKEN='a DROP rule for port 8013, and the early end of the capture'
    TRUTH='The SYN is unanswered, but too little time passed to call it a failure.'
    up
    on router iptables -A FORWARD -p tcp --dport 8013 -j DROP
    record client
    port 50001; LIMIT=1.2 c bin/tcpc.py $EMS:8013 probe
    stop 0.1
    must 1+ "$client && tcp.flags.syn==1"; must 0 "$server"
    untold info.incomplete.in_progress
    exits 3; absent tcp tls
}
case_end_too_early_hello() {
    TITLE='The capture ends a second after the ClientHello was acknowledged.'
    BROKEN='a slow server, and the early end of the capture'
    TRUTH='The handshake is on its way; the server answers after the end of the capture.'
    FORMAT=pcapng
    up; serve 8013 bin/tlsd.py 8013 --before 3
    record client
    port 50001; bg client bin/tlsc.py $EMS:8013
    pause 1.2; stop 0.1
    must 1 "$client && tls.handshake.type==1"; must 0 "$server && tcp.len>0"
    untold info.incomplete.in_progress
    exits 3; absent tcp tls
}
case_end_too_early_flight() {
    TITLE='The capture ends a second after the ServerHello.'
    BROKEN='a server that stops in its flight, and the early end of the capture'
    TRUTH='The handshake made progress a second before the end.'
    up; serve 8013 bin/tlsd.py 8013 --flight 1
    record client
    port 50001; bg client bin/tlsc.py $EMS:8013
    pause 1; stop 0.1
    must 1 "$server && tls.handshake.type==2"
    untold info.incomplete.in_progress
    exits 3; absent tcp tls
}
span() { # mirror both ports of the switch, in and out, to its mirror port
    local p
    for p in p1 p2; do
        on switch tc qdisc add dev $p clsact
        on switch tc filter add dev $p ingress u32 match u32 0 0 action mirred egress mirror dev span
        on switch tc filter add dev $p egress u32 match u32 0 0 action mirred egress mirror dev span
    done
}
case_duplicated_ok() {
    TITLE='A healthy TLS 1.3 exchange on a mirror of both ports of a switch: every packet twice.'
    BROKEN='the mirror: both ports, both directions'
    TRUTH='The connection is healthy; the copies are those of the mirror.'
    WHERE='the mirror port of a switch between client and router'
    up switch; span; serve 8013 bin/tlsd.py 8013
    record switch
    port 50001; c bin/tlsc.py $EMS:8013
    stop 1
    must 2 "$client && tcp.flags.syn==1"
    primary $ME:50001 $EMS:8013 ok.tls.established_closed_clean none certain -
    finding capture.duplicated; exits 0; absent tcp tls
}
case_duplicated_cert() {
    TITLE='A rejected certificate (TLS 1.2) on a mirror of both ports of a switch: every packet twice.'
    BROKEN='a server certificate of an unknown authority; the mirror: both ports, both directions'
    TRUTH='Alert 48 of the client, once, seen twice.'
    WHERE='the mirror port of a switch between client and router'
    FORMAT=pcapng
    up switch; span; serve 8013 bin/tlsd.py 8013 --tls 1.2 --cert made/certs/private
    record switch
    port 50001; c bin/tlsc.py $EMS:8013 --tls 1.2
    stop 1
    must 2 "$client && tcp.len==7"
    primary $ME:50001 $EMS:8013 tls.cert.rejected_by_client.unknown_ca unknown certain -
    finding capture.duplicated; exits 1; absent tcp
}
case_duplicated_silent_drop() {
    TITLE='A dropped SYN on a mirror of both ports of a switch; a healthy exchange on 443 beside it.'
    COMPANION='a healthy exchange with the same server on 443, doubled as well'
    BROKEN='a DROP rule for port 8013 on the router; the mirror: both ports, both directions'
    TRUTH='The SYN repeats at its own pace; the copy of each comes within a millisecond and is no repetition.'
    WHERE='the mirror port of a switch between client and router'
    up switch; span; serve443
    on router iptables -A FORWARD -p tcp --dport 8013 -j DROP
    record switch
    companion
    port 50001; LIMIT=8 c bin/tcpc.py $EMS:8013 probe
    stop 3.2
    must 10+ "$client && tcp.flags.syn==1"
    primary $ME:50001 $EMS:8013 tcp.syn.silent_drop unknown certain possible
    ok443; finding capture.duplicated; exits 1; absent tcp.syn.refused
}
case_duplicated_router_any() {
    TITLE='A healthy TLS 1.2 exchange recorded on all interfaces of the router: every packet on its way in and out.'
    BROKEN='the recording on the pseudo-interface any'
    TRUTH='The copy of each packet has a TTL one lower; the connection is healthy.'
    WHERE='the router, all interfaces (Linux cooked)'
    up; serve 8013 bin/tlsd.py 8013 --tls 1.2
    IF=any record router
    port 50001; c bin/tlsc.py $EMS:8013 --tls 1.2
    stop 1
    must 2 "$client && tcp.flags.syn==1"
    primary $ME:50001 $EMS:8013 ok.tls.established_closed_clean none certain -
    finding capture.duplicated; exits 0; absent tcp tls
}
case_cut_short_tls13() {
    TITLE='A healthy TLS 1.3 exchange recorded with 96 bytes of each packet.'
    BROKEN='the snap length'
    TRUTH='ServerHello and flight are cut after a few bytes: version, cipher and what follows cannot be read.'
    up; serve 8013 bin/tlsd.py 8013
    record client -s 96
    port 50001; c bin/tlsc.py $EMS:8013
    stop 3.2
    must 1+ 'frame.cap_len < frame.len'
    finding capture.cut_short
    absent tcp.syn tcp.accept tcp.reset tls.cert tls.clientcert tls.server tls.handshake_failure tls.decode_error
}
case_cut_short_refused() {
    TITLE='A refused connection recorded with 96 bytes of each packet; 443 works.'
    COMPANION='a healthy exchange with the same server on 443, cut as well'
    BROKEN='no service on port 8013; the snap length'
    TRUTH='SYN and reset fit into 96 bytes, and so does the TTL of the other packets.'
    up; serve443
    record client -s 96
    companion; port 50001; c bin/tcpc.py $EMS:8013 probe
    stop 1
    must 1 'tcp.srcport==8013 && tcp.flags.reset==1'
    primary $ME:50001 $EMS:8013 tcp.syn.refused_by_host server - -
    finding capture.cut_short; exits 1; absent tcp.syn.refused_by_middlebox
}
case_cut_short_alert_tls12() {
    TITLE='A rejected certificate (TLS 1.2) recorded with 96 bytes of each packet.'
    BROKEN='a server certificate of an unknown authority; the snap length'
    TRUTH='The certificate is cut, but the alert of the client, 7 bytes, is whole.'
    up; serve 8013 bin/tlsd.py 8013 --tls 1.2 --cert made/certs/private
    record client -s 96
    port 50001; c bin/tlsc.py $EMS:8013 --tls 1.2
    stop 1
    must 1 "$client && tcp.len==7 && frame.len<96"
    primary $ME:50001 $EMS:8013 tls.cert.rejected_by_client.unknown_ca unknown certain -
    finding capture.cut_short; exits 1; absent tcp
}
case_capture_too_short() {
    TITLE='A capture of some seconds between two check-ins: the endpoint is not heard in it.'
    BROKEN='nothing: the recorder ends before the next check-in'
    TRUTH='The file lasts less than the check-in interval; the client reached its EMS before and after it.'
    up; serve 80 node bin/httpd.js 80; serve 8013 bin/tlsd.py 8013
    port 50001; c bin/tlsc.py $EMS:8013
    pause 1; record client
    port 50002; c curl -s --max-time 3 http://$DNS/
    stop
    port 50003; c bin/tlsc.py $EMS:8013
    must 0 'tcp.port==8013'
    finding capture.too_short; finding capture.nothing_relevant; exits 3; absent tcp tls dns
}
case_ok_capture_long_enough() {
    TITLE='A capture of twelve seconds of an endpoint that checks in every five.'
    TRUTH='The configuration beside the capture says five seconds; the capture holds three check-ins.'
    up; serve 8013 bin/tlsd.py 8013
    printf '[checkin]\ninterval = 5s\n' >"$OUT/shakeout.ini"; CONFIG=1; args --config ./shakeout.ini
    record client
    local p
    for p in 50001 50002 50003; do port $p; c bin/tlsc.py $EMS:8013; pause 4.5; done
    stop
    primary $ME:50001 $EMS:8013 ok.tls.established_closed_clean none certain -
    healthy; absent capture checkin
}
# breaking_off: two rejected certificates and a healthy exchange, then the recorder dies
breaking_off() {
    up; serve 8013 bin/tlsd.py 8013 --tls 1.2 --cert made/certs/private
    record client
    local p
    for p in 50001 50002 50003; do port $p; c bin/tlsc.py $EMS:8013 --tls 1.2; done
    killed 1
    must 1+ "$client && tls.alert_message.desc==48"
    primary $ME:50001 $EMS:8013 tls.cert.rejected_by_client.unknown_ca unknown certain -
    exits 1; absent tcp
}
case_capture_damaged() {
    TITLE='The recorder was killed: its file ends in the middle of a packet.'
    BROKEN='a recorder that writes whole blocks of 4096 octets, and SIGKILL'
    TRUTH='The file is a multiple of 4096 octets long and its last packet is not whole; what stands before is as it was.'
    WRITES=; breaking_off
    [ $(($(stat -c %s "$CAP") % 4096)) = 0 ] || die 'the file does not end at a block'
    LC_ALL=C capinfos -c "$CAP" 2>&1 | grep -q 'cut short in the middle of a packet' || die 'the last packet is whole'
    finding capture.damaged
}
case_capture_killed_between_packets() {
    TITLE='The recorder was killed, and had written every packet it had seen.'
    BROKEN='SIGKILL'
    TRUTH='The file ends behind a packet: nothing shows that more was to come.'
    breaking_off
    ! LC_ALL=C capinfos -c "$CAP" 2>&1 | grep -q 'cut short' || die 'the last packet is not whole'
    absent capture.damaged
}
case_capture_clock_jump() {
    TITLE='The clock of the recording computer is set back by an hour between two check-ins.'
    BROKEN='the times of the packets after the first check-in, moved by editcap as a clock that is set back moves them'
    TRUTH='The packets are in the order in which they were recorded; the times of the second half lie before those of the first.'
    up; serve 8013 bin/tlsd.py 8013
    record client
    port 50001; c bin/tlsc.py $EMS:8013
    pause 1; port 50002; c bin/tlsc.py $EMS:8013
    stop
    local n; n=$(frames_of 'tcp.srcport==50002 && tcp.flags.syn==1')
    note "editcap -r capture.pcap before.pcap 1-$((n - 1))" "; editcap -r -t -3600 capture.pcap after.pcap $n-9999" '; mergecap -a -F pcap -w capture.pcap before.pcap after.pcap'
    editcap -F pcap -r "$CAP" "$OUT/before.pcap" "1-$((n - 1))"
    editcap -F pcap -r -t -3600 "$CAP" "$OUT/after.pcap" "$n-9999"
    mergecap -a -F pcap -w "$CAP" "$OUT/before.pcap" "$OUT/after.pcap"
    must 1 'frame.time_delta < -3500'
    primary $ME:50001 $EMS:8013 ok.tls.established_closed_clean none certain -
    primary $ME:50002 $EMS:8013 ok.tls.established_closed_clean none certain -
    finding capture.clock_jump; frames capture.clock_jump 'frame.time_delta < -3500'
    exits 0; absent tcp tls
}
# must_be_seen: the configuration says that 8013 of EMS is always to be seen
must_be_seen() {
    printf '[ems primary]\naddresses = %s\n\n[port 8013]\nexpect = always\n' $EMS >"$OUT/shakeout.ini"
    CONFIG=1; args --config ./shakeout.ini
}
case_no_traffic() {
    TITLE='A client reaches the web page of its EMS; nobody tries 8013, where it should check in.'
    BROKEN='nothing: the client program does not run'
    TRUTH='The configuration beside the capture expects traffic on 8013 of 10.0.0.10; not one packet of it is in the file.'
    up; serve443; must_be_seen
    record client
    companion
    stop
    must 0 'tcp.port==8013'
    ok443; finding cannot_tell.no_traffic; exits 0; absent tcp tls
}
case_ok_expected_traffic() {
    TITLE='A client reaches the web page of its EMS and checks in on 8013.'
    TRUTH='The configuration beside the capture expects traffic on 8013 of 10.0.0.10, and there it is.'
    up; serve443; serve 8013 bin/tlsd.py 8013; must_be_seen
    record client
    companion; port 50001; c bin/tlsc.py $EMS:8013
    stop
    ok443; primary $ME:50001 $EMS:8013 ok.tls.established_closed_clean none certain -
    healthy; absent cannot_tell
}
case_not_parsed() {
    TITLE='A refused connection, recorded through the log of the packet filter in place of an interface.'
    BROKEN='the recorder: its file has the link type of the log, which shakeout does not read'
    TRUTH='The link type is NFLOG (239); whatever is in the file, nothing of it can be told.'
    WHERE='the packet filter of the router (nflog)'
    up; on router iptables -A FORWARD -j NFLOG --nflog-group 5
    IF=nflog:5 record router
    port 50001; c bin/tcpc.py $EMS:8013 probe
    stop 2 # the log comes in batches
    must 2+ 'nflog && tcp.port==8013'
    finding cannot_tell.not_parsed; exits 3; absent tcp tls capture.nothing_relevant
}
case_nothing_relevant() {
    TITLE='A lookup and a web page of another server: nothing of FortiClient or EMS.'
    BROKEN='nothing'
    TRUTH='No port, no name and no address of an EMS server is in the capture.'
    up; names www.corp.example=10.0.0.2; serve 80 node bin/httpd.js 80
    record client
    port 50001; c curl -s --max-time 3 http://www.corp.example/
    stop 1
    must 1+ 'tcp.dstport==80'
    finding capture.nothing_relevant; exits 3; absent tcp tls dns
}
case_scope_all() {
    TITLE='A refusal of a server that is no EMS server, judged on request.'
    BROKEN='no service on port 8443 of 10.0.0.2'
    TRUTH='With --scope all every connection is judged; the reset has the TTL of the answers on port 80.'
    COMPANION='a web page of the same server on 80'
    up; serve 80 node bin/httpd.js 80
    record client
    port 50080; c curl -s --max-time 3 http://10.0.0.2/
    port 50001; c bin/tcpc.py 10.0.0.2:8443 probe
    stop 1
    must 1 'tcp.srcport==8443 && tcp.flags.reset==1'
    args --scope all
    primary $ME:50001 10.0.0.2:8443 tcp.syn.refused_by_host server - probable
    exits 1
}
case_cut_short_68() {
    TITLE='A TLS 1.3 exchange recorded with 68 bytes of each packet: two bytes of payload.'
    BROKEN='the snap length'
    TRUTH='The connection opens, carries data both ways and closes; of TLS not one whole header is there.'
    up; serve 8013 bin/tlsd.py 8013
    record client -s 68
    port 50001; c bin/tlsc.py $EMS:8013
    stop 3.2
    must 4+ 'frame.cap_len == 68'
    untold cannot_tell.truncated
    finding capture.cut_short
    exits 3; absent tcp tls
}
case_capture_loss() {
    TITLE='The recorder lost the large packets of the server; the client acknowledges what the capture does not hold.'
    BROKEN='a capture filter that leaves out packets above 300 bytes from port 8013, as a recorder does that loses them'
    TRUTH='ServerHello and flight were acknowledged and are not in the file. What the small record of the client meant cannot be told without them.'
    up; serve 8013 openssl s_server -accept 8013 -cert made/certs/private.pem -key made/certs/private.key -quiet
    record client 'not (src port 8013 and greater 300)'
    port 50001; HOLD=1 say '' gnutls-cli -p 8013 --x509cafile made/certs/ca.pem --sni-hostname $NAME --verify-hostname $NAME --priority NORMAL:-VERS-ALL:+VERS-TLS1.3 $EMS
    stop 3.2
    must 0 'tls.handshake.type==2'; must 1+ "$client && tcp.ack>1000"
    untold cannot_tell.capture_loss
    finding capture.lossy
    exits 3; absent tcp tls.server tls.clientcert
}

# dtls: a gateway that carries packets in DTLS on 10443, and six packets through it
gateway() {
    bg server openssl s_server -dtls1_2 -accept 10443 -cert made/certs/good.pem -key made/certs/good.key -quiet
    pause 0.5
}
through() { port 50443; c bash -c "for i in 1 2 3 4 5 6; do echo a packet of somebody \$i; sleep 0.2; done | timeout -s KILL 3 openssl s_client -dtls1_2 -connect $EMS:10443 -quiet"; }
case_vpn_dtls() {
    TITLE='The endpoint is behind a VPN in DTLS, and the capture is taken outside of it.'
    BROKEN='nothing: a DTLS tunnel to a gateway on 10443'
    TRUTH='There is nothing but the records of the tunnel; whether EMS is reached inside, nobody can see.'
    up; gateway
    record client
    through
    stop 1
    must 6+ 'dtls.record.content_type==23 && udp.dstport==10443'; must 0 'tcp'
    finding cannot_tell.encapsulated_encrypted; exits 3; absent tcp tls dns
}
case_ok_vpn_dtls_beside() {
    TITLE='A VPN in DTLS carries something else; EMS is reached beside it.'
    BROKEN='nothing'
    TRUTH='Records of the tunnel and a healthy exchange on 8013 are in the same capture.'
    up; gateway; serve 8013 bin/tlsd.py 8013
    record client
    through
    port 50001; c bin/tlsc.py $EMS:8013 --name $NAME
    stop 1
    must 6+ 'dtls.record.content_type==23 && udp.dstport==10443'; must 6+ 'tcp.port==8013'
    primary $ME:50001 $EMS:8013 ok.tls.established_closed_clean none certain -
    healthy; absent cannot_tell.encapsulated_encrypted
}

# vxlan: client and server on one segment, carried over the routed network
VME=10.77.0.17 VEMS=10.77.0.10
vxlan() {
    on client ip link add v0 address 02:00:00:00:77:17 type vxlan id 42 dstport 4789 local $ME remote $EMS
    on server ip link add v0 address 02:00:00:00:77:10 type vxlan id 42 dstport 4789 local $EMS remote $ME
    on client ip link set v0 mtu 1400 up; on server ip link set v0 mtu 1400 up
    on client ip addr add $VME/24 dev v0; on server ip addr add $VEMS/24 dev v0
}
case_vxlan_cert_unknown_ca() {
    TITLE='A certificate is rejected inside VXLAN; the capture is taken outside.'
    BROKEN='a certificate of an authority that the client does not know'
    TRUTH='Every TCP packet is in VXLAN; the client sends alert 48 after the certificate.'
    up; vxlan; serve 8013 openssl s_server -accept 8013 -cert made/certs/good.pem -key made/certs/good.key -www -quiet -tls1_2
    record client
    port 50001; c openssl s_client -connect $VEMS:8013 -tls1_2 -servername $NAME -verify_return_error
    stop 1
    must 1 'vxlan && tls.alert_message.desc==48'
    primary $VME:50001 $VEMS:8013 tls.cert.rejected_by_client.unknown_ca unknown certain -
    frames tls.cert.rejected_by_client.unknown_ca 'tls.alert_message.desc==48'
    exits 1; absent tcp cannot_tell.not_parsed
}
case_ok_vxlan() {
    TITLE='A healthy exchange inside VXLAN; the capture is taken outside.'
    BROKEN='nothing'
    TRUTH='Every TCP packet is in VXLAN; data flow both ways and the connection is closed cleanly.'
    up; vxlan; serve 8013 bin/tlsd.py 8013
    record client
    port 50001; c bin/tlsc.py $VEMS:8013 --name $NAME
    stop 1
    must 8+ 'vxlan && tcp'
    primary $VME:50001 $VEMS:8013 ok.tls.established_closed_clean none certain -
    healthy; absent cannot_tell.not_parsed
}
