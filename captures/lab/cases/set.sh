# shellcheck shell=bash disable=SC2034,SC2086
# Several clients at one wire: what their connections say together.

# clients ADDRESS...: more clients behind c0; a /24 of their own is routed there as well
clients() {
    local a
    for a; do
        in_ns client ip addr add "$a/24" dev c0
        [ "${a%.*}" = "${ME%.*}" ] || in_ns router ip addr add "${a%.*}.1/24" dev r0 2>/dev/null
    done
}
# from ADDRESS PORT [SERVER:PORT] [options]: one exchange
from() { local a=$1 p=$2; shift 2; port $p; c bin/tlsc.py "${@:-$EMS:8013}" --source $a; }
deny() { on router iptables -A FORWARD -p tcp --syn "$@" -j REJECT --reject-with tcp-reset; }
works() { primary "$1:$2" "${3:-$EMS:8013}" ok.tls.established_closed_clean none certain -; }
fails() { primary "$1:$2" "${4:-$EMS:8013}" "$3" - - -; }

case_set_client_only_one() {
    TITLE='One client of three in a subnet gets no answer from 8013.'
    BROKEN='a DROP rule for 10.20.40.17 to 8013 on the router'
    TRUTH='Two neighbours in the same subnet work on the same port while this one is silent.'
    up; clients 10.20.40.18 10.20.40.19; serve 8013 bin/tlsd.py 8013
    on router iptables -A FORWARD -s $ME -p tcp --dport 8013 -j DROP
    record client
    from 10.20.40.18 50002
    LIMIT=4 from $ME 50001
    from 10.20.40.19 50003
    stop 3.2
    must 3+ "ip.src==$ME && tcp.flags.syn==1"; must 0 "ip.dst==$ME && tcp"
    fails $ME 50001 tcp.syn.silent_drop
    works 10.20.40.18 50002; works 10.20.40.19 50003
    finding set.client.only_one; exits 1
    absent set.server set.time_dependent set.port
}

case_set_client_other_subnet() {
    TITLE='The only client of its subnet gets no answer from 8013, two of another subnet do.'
    BROKEN='a DROP rule for 10.20.40.0/24 to 8013 on the router'
    TRUTH='The rule is for the subnet: the path is to blame as much as the client, and no other client shows which.'
    up; clients 10.20.41.18 10.20.41.19; serve 8013 bin/tlsd.py 8013
    on router iptables -A FORWARD -s 10.20.40.0/24 -p tcp --dport 8013 -j DROP
    record client
    from 10.20.41.18 50002
    LIMIT=4 from $ME 50001
    from 10.20.41.19 50003
    stop 3.2
    must 3+ "ip.src==$ME && tcp.flags.syn==1"; must 0 "ip.dst==$ME && tcp"
    fails $ME 50001 tcp.syn.silent_drop
    works 10.20.41.18 50002; works 10.20.41.19 50003
    exits 1; absent set
}

case_set_server_down() {
    TITLE='Nothing listens on EMS: two clients of two subnets are refused on all ports; another server works.'
    COMPANION='a healthy exchange with 10.0.0.2 on 8013'
    BROKEN='no service on 10.0.0.10'
    TRUTH='The host answers 8013 and 443 with a reset; an exchange with another server of the same network works.'
    up; clients 10.20.41.18; serve 8013 bin/tlsd.py 8013 --address $DNS
    record client
    from 10.20.41.18 50002 $DNS:8013
    from $ME 50001; from $ME 50443 $EMS:443
    from 10.20.41.18 50001; from 10.20.41.18 50444 $EMS:443
    stop
    must 4 "ip.src==$EMS && tcp.flags.reset==1"
    fails $ME 50001 tcp.syn.refused; fails 10.20.41.18 50444 tcp.syn.refused $EMS:443
    works 10.20.41.18 50002 $DNS:8013
    finding set.server.down; exits 1
    absent set.client set.server.intermittent set.port
}

case_set_server_one_port() {
    TITLE='Two clients of two subnets are refused on 8013; 443 of the same server works.'
    COMPANION='healthy exchanges with the same server on 443'
    BROKEN='no service on 8013'
    TRUTH='The server is up: it serves 443. Nothing listens on one of its ports, and the host itself says so.'
    up; clients 10.20.41.18; serve443
    record client
    from $ME 50443 $EMS:443; from $ME 50001
    from 10.20.41.18 50444 $EMS:443; from 10.20.41.18 50002
    stop
    must 2 "ip.src==$EMS && tcp.srcport==8013 && tcp.flags.reset==1"
    fails $ME 50001 tcp.syn.refused_by_host; fails 10.20.41.18 50002 tcp.syn.refused_by_host
    exits 1; absent set
}

case_set_server_intermittent() {
    TITLE='Every second connection to 8013 is refused.'
    BROKEN='a rule on the router that rejects every second SYN to 8013 with a reset'
    TRUTH='Eight attempts of one client succeed and fail in turn, as with one dead member behind a load balancer.'
    up; serve 8013 bin/tlsd.py 8013
    deny --dport 8013 -m statistic --mode nth --every 2 --packet 1
    record client
    local i
    for i in 1 2 3 4 5 6 7 8; do from $ME 5000$i; done
    stop
    must 4 'tcp.srcport==8013 && tcp.flags.reset==1 && tcp.seq==1 && tcp.len==0 && !tcp.window_size_scalefactor>0'
    works $ME 50001; fails $ME 50002 tcp.syn.refused_by_middlebox
    finding set.server.intermittent; exits 1
    absent set.time_dependent set.client
}

case_set_time_dependent() {
    TITLE='Two clients work with 8013 three times each, then a rule refuses both.'
    BROKEN='a rule on the router that rejects SYNs to 8013 with a reset, from one moment on'
    TRUTH='All attempts before the rule succeed and all after it fail.'
    up; clients 10.20.41.18; serve 8013 bin/tlsd.py 8013
    record client
    local i
    for i in 1 2 3; do from $ME 5000$i; from 10.20.41.18 5000$i; done
    deny --dport 8013
    for i in 4 5 6; do from $ME 5000$i; from 10.20.41.18 5000$i; done
    stop
    works $ME 50003; works 10.20.41.18 50003
    fails $ME 50004 tcp.syn.refused_by_middlebox; fails 10.20.41.18 50006 tcp.syn.refused_by_middlebox
    finding set.time_dependent; exits 1
    absent set.server set.client
    absent checkin.address_changed
}

case_set_port_other_port_works() {
    TITLE='One client dials 8013, where nothing listens; two others work with the same server on 9443.'
    BROKEN='no service on 8013'
    TRUTH='The service was moved to another port, and one client has the old one.'
    up; clients 10.20.40.18 10.20.40.19; serve 9443 bin/tlsd.py 9443
    record client
    from 10.20.40.18 50002 $EMS:9443
    from $ME 50001
    from 10.20.40.19 50003 $EMS:9443
    stop
    fails $ME 50001 tcp.syn.refused_by_host
    works 10.20.40.18 50002 $EMS:9443; works 10.20.40.19 50003 $EMS:9443
    finding set.port.other_port_works; exits 1
    absent set.port.only_tcp_blocked set.server set.client
}

# a device that cuts every ClientHello that offers TLS 1.3 (supported_versions with 0x0304 alone)
cut13() { on router iptables -A FORWARD -p tcp --dport 8013 -m string --algo bm --hex-string '|002b0003020304|' -j REJECT --reject-with tcp-reset; }

case_set_tls_mixed_versions() {
    TITLE='The same client fails with TLS 1.3 and works with TLS 1.2.'
    BROKEN='a rule on the router that answers a ClientHello offering TLS 1.3 with a reset'
    TRUTH='Both attempts with TLS 1.3 are reset after the ClientHello, both with TLS 1.2 succeed, from one client.'
    up; serve 8013 bin/tlsd.py 8013; cut13
    record client
    from $ME 50001 $EMS:8013 --tls 1.3; from $ME 50002 $EMS:8013 --tls 1.2
    from $ME 50003 $EMS:8013 --tls 1.3; from $ME 50004 $EMS:8013 --tls 1.2
    stop
    fails $ME 50001 tcp.reset.injected; works $ME 50002; fails $ME 50003 tcp.reset.injected; works $ME 50004
    finding set.tls.mixed_versions; exits 1
    absent set.client set.time_dependent
}

case_set_tls_two_builds() {
    TITLE='One client fails with TLS 1.3, another works with TLS 1.2.'
    BROKEN='a rule on the router that answers a ClientHello offering TLS 1.3 with a reset'
    TRUTH='The clients differ in more than the version, so the captured outcomes do not prove that the version decides.'
    up; clients 10.20.40.18; serve 8013 bin/tlsd.py 8013; cut13
    record client
    from $ME 50001 $EMS:8013 --tls 1.3; from 10.20.40.18 50002 $EMS:8013 --tls 1.2
    from $ME 50003 $EMS:8013 --tls 1.3; from 10.20.40.18 50004 $EMS:8013 --tls 1.2
    stop
    fails $ME 50001 tcp.reset.injected; works 10.20.40.18 50002
    exits 1; absent set.tls
}

case_set_size_dependent() {
    TITLE='Full handshakes stop, resumed ones work: the large packets of the server vanish.'
    BROKEN='packets above 1000 bytes to the client dropped on the router, without ICMP'
    TRUTH='The server flight of the two full handshakes never arrives whole, the small one of the two resumed handshakes does.'
    local open="openssl s_client -connect $EMS:8013 -servername $NAME -CAfile made/certs/ca.pem -tls1_3" i
    up
    serve 8013 openssl s_server -accept 8013 -cert made/certs/good.pem -key made/certs/good.key -cert_chain made/certs/long.pem -num_tickets 1 -rev -quiet
    port 50000; HOLD=1 say 'hello\n' $open -no_ign_eof -sess_out made/session.size
    on router nft 'add table ip f; add chain ip f c { type filter hook forward priority 0; }; add rule ip f c iifname r1 meta length > 1000 drop'
    record client
    for i in 1 2; do port 5000$i; HOLD=1 say 'hello\n' $open -sess_in made/session.size -quiet -no_ign_eof; done
    for i in 3 4; do port 5000$i; LIMIT=8 c $open; done
    stop 3.2
    rm -f made/session.size
    must 0 'ip.src==10.0.0.10 && ip.len>1000'
    fails $ME 50003 tcp.mtu_blackhole.server_flight; fails $ME 50004 tcp.mtu_blackhole.server_flight
    finding set.size_dependent; exits 1
    absent set.client set.server set.time_dependent set.tls
}

case_set_ipv6_broken() {
    TITLE='Two attempts over IPv6 get no answer, two over IPv4 to the same name work.'
    COMPANION='DNS lookup with both addresses'
    BROKEN='IPv6 to 8013 dropped on the router'
    TRUTH='The name has both addresses; the IPv6 attempts stay without any answer, the IPv4 ones succeed.'
    up; up6; names ems.corp.example=10.0.0.10+2001:db8::10; serve 8013 bin/tlsd.py 8013
    on router ip6tables -A FORWARD -p tcp --dport 8013 -j DROP
    record client
    port 40053 40060; c bin/ask $NAME
    port 50001; c bin/tlsc.py $EMS:8013
    port 50002; LIMIT=4 c bin/tlsc.py 2001:db8::10:8013
    port 50003; LIMIT=4 c bin/tlsc.py 2001:db8::10:8013
    port 50004; c bin/tlsc.py $EMS:8013
    stop 3.2
    must 6+ 'ipv6 && tcp.flags.syn==1'; must 0 'ipv6 && tcp.flags.ack==1'
    works $ME 50001; works $ME 50004
    primary 2001:db8:40::17:50002 2001:db8::10:8013 dns.ipv6_first_fail - - -
    finding set.ipv6_broken; exits 0
    absent set.time_dependent set.server
}

case_app_retry_storm() {
    TITLE='A client whose check-in is refused tries again twice a second.'
    BROKEN='nothing listens on 8013 of the server; the client is a loop without a pause'
    TRUTH='Six SYN in three seconds, each behind the RST that answers the one before it.'
    up; serve443; record client; companion
    local i; for i in 1 2 3 4 5 6; do port 5000$i; c bin/tlsc.py $EMS:8013; pause 0.4; done; stop
    must 6 'tcp.dstport==8013 && tcp.flags.syn==1'; must 6 'tcp.srcport==8013 && tcp.flags.reset==1'
    ok443; fails $ME 50001 tcp.syn.refused_by_host; finding app.retry_storm; IDS+=(app.retry_storm); exits 1
    frames app.retry_storm 'tcp.dstport==8013 && tcp.flags.syn==1' 1
}
case_ok_load_test() {
    TITLE='Eight exchanges in quick succession, all of which work.'
    TRUTH='Eight connections with a request and its answer each.'
    up; serve 8013 bin/tlsd.py 8013; record client
    local i; for i in 1 2 3 4 5 6 7 8; do port 5000$i; c bin/tlsc.py $EMS:8013; done; stop
    works $ME 50001; works $ME 50008; healthy; absent app
}
case_set_tried_side_by_side() {
    TITLE='A client opens six connections at once, and all of them are refused.'
    BROKEN='nothing listens on 8013 of the server'
    TRUTH='Six SYN leave within some milliseconds and are refused; nobody tries again.'
    up; serve443; record client; companion; port 50001 50006
    c sh -c 'for i in 1 2 3 4 5 6; do bin/tlsc.py 10.0.0.10:8013 & done; wait'; pause 0.5; stop
    must 6 'tcp.srcport==8013 && tcp.flags.reset==1'
    ok443; finding tcp.syn.refused_by_host; IDS+=(tcp.syn.refused_by_host); absent app.retry_storm; exits 1
}
