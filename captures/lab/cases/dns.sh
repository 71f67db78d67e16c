# shellcheck shell=bash disable=SC2034,SC2086
# The name of EMS does not lead to an address.

asked() { # asked ZONE...: the client asks for both address families, nothing else happens
    up; names "$@"
    record client
    port 40053; c bin/ask $NAME
    stop "${END:-3.2}"
    exits 1
    absent ok tcp
}
answer() { # answer RCODE ID FACT CAUSE
    must 1+ "dns.flags.rcode==$1 && dns.flags.response==1"
    primary $ME:40053 $DNS:53 "$2" dns "$3" "$4"
    frames "$2" "dns.flags.rcode==$1 && dns.flags.response==1 && dns.qry.type==1" 1
}

case_dns_nxdomain() { TITLE='The EMS name does not exist.'; BROKEN='the zone lacks the name'; TRUTH='The question is answered with code 3 and no connection follows.'; asked ems.corp.example=nxdomain; answer 3 dns.nxdomain certain possible; }
case_dns_servfail() { TITLE='The resolver fails for the EMS name.'; BROKEN='a resolver that answers SERVFAIL'; TRUTH='All questions are answered with code 2 and no connection follows.'; FORMAT=pcapng; END=11 asked ems.corp.example=servfail; answer 2 dns.servfail certain possible; }
case_dns_refused() { TITLE='The resolver refuses to answer.'; BROKEN='a resolver that answers REFUSED'; TRUTH='All questions are answered with code 5 and no connection follows.'; END=11 asked ems.corp.example=refused; answer 5 dns.refused certain probable; }
case_dns_no_address() { TITLE='The EMS name exists but has no address.'; BROKEN='a zone without A and AAAA for the name'; TRUTH='The answers have code 0 and no record.'; asked ems.corp.example=empty; answer 0 dns.no_address certain probable; }
case_dns_blocked_answer() { TITLE='The DNS filter of a FortiGate answers with its block address.'; BROKEN='208.91.112.55 as answer'; TRUTH='This address is the block portal.'; asked ems.corp.example=208.91.112.55; answer 0 dns.blocked_answer certain certain; }
case_dns_timeout() {
    TITLE='The resolver does not answer for the EMS name, but it answers for another.'
    COMPANION='an answered question for time.corp.example'
    BROKEN='a resolver that drops the question'
    TRUTH='The question is repeated and never answered, and the other answer proves that the return direction is captured.'
    up; names ems.corp.example=silent
    record client
    port 40054; c getent ahosts time.corp.example
    lookup
    stop 11
    must 2+ 'dns.qry.name=="ems.corp.example" && dns.qry.type==1'; must 0 'dns.qry.name=="ems.corp.example" && dns.flags.response==1'
    primary $ME:40053 $DNS:53 dns.timeout dns certain possible
    frames dns.timeout 'dns.qry.name=="ems.corp.example" && dns.qry.type==1'
    exits 1; absent ok tcp
}
case_dns_icmp_unreachable() {
    TITLE='No DNS service runs on the resolver; its host says so by ICMP.'
    BROKEN='nothing listens on port 53'
    TRUTH='ICMP 3/3 of the resolver quotes the question.'
    up; names; sleep 0.2
    local p; for p in $(ip netns pids "$NS-server"); do kill "$p"; done; sleep 0.3
    note 'the DNS server is stopped'
    record client
    lookup
    stop 3.2
    must 1+ 'icmp.type==3 && icmp.code==3 && ip.src==10.0.0.2'
    primary $ME:40053 $DNS:53 dns.icmp_unreachable dns certain probable
    frames dns.icmp_unreachable 'icmp' 1
    exits 1; absent ok tcp icmp
}
case_ok_dns_aaaa_empty() {
    TITLE='The AAAA question has an empty answer, A is answered, the connection works.'
    TRUTH='A name without IPv6 address is usual.'
    COMPANION='the lookup itself'
    up; names; serve 8013 bin/tlsd.py 8013
    record client
    port 40053; c bin/ask $NAME
    port 50001; c bin/tlsc.py $EMS:8013
    stop
    must 1+ 'dns.qry.type==28 && dns.flags.response==1 && dns.count.answers==0'
    primary $ME:50001 $EMS:8013 ok.tls.established_closed_clean none certain -
    healthy; absent dns
}
case_ok_dns_aaaa_nxdomain() {
    TITLE='The AAAA question is wrongly answered with NXDOMAIN, A is answered, the connection works.'
    TRUTH='The client uses the A answer.'
    COMPANION='the lookup itself'
    up; names ems.corp.example=10.0.0.10+aaaa-nxdomain; serve 8013 bin/tlsd.py 8013
    record client
    port 40053; c bin/ask $NAME
    port 50001; c bin/tlsc.py $EMS:8013
    stop
    must 1+ 'dns.qry.type==28 && dns.flags.rcode==3'; must 1+ 'dns.qry.type==1 && dns.a==10.0.0.10'
    primary $ME:50001 $EMS:8013 ok.tls.established_closed_clean none certain -
    healthy; absent dns.nxdomain dns.no_address
}
case_ok_dns_search_suffix() {
    TITLE='A wrong search suffix is tried first and does not exist, then the full name is answered.'
    TRUTH='Only the name with the suffix fails; the name of EMS itself resolves.'
    COMPANION='the lookup itself'
    up; names; echo 'search branch.corp.example' >>"/etc/netns/$NS-client/resolv.conf"; sed -i 's/attempts:2/attempts:2 ndots:5/' "/etc/netns/$NS-client/resolv.conf"
    note 'client# resolv.conf has search branch.corp.example and ndots:5'
    serve 8013 bin/tlsd.py 8013
    record client
    lookup
    port 50001; c bin/tlsc.py $EMS:8013
    stop
    must 1+ 'dns.flags.rcode==3'; must 1+ 'dns.a==10.0.0.10'
    primary $ME:50001 $EMS:8013 ok.tls.established_closed_clean none certain -
    healthy; absent dns.nxdomain
}
case_ok_dns_aaaa_servfail() {
    TITLE='The AAAA question ends in SERVFAIL, A is answered, the connection works.'
    BROKEN='a resolver that fails for AAAA'
    TRUTH='The client uses the A answer; the other is a warning.'
    COMPANION='the lookup itself'
    up; names ems.corp.example=10.0.0.10+aaaa-servfail; serve 8013 bin/tlsd.py 8013
    record client
    port 40053; c bin/ask $NAME
    port 50001; c bin/tlsc.py $EMS:8013
    stop
    must 1+ 'dns.qry.type==28 && dns.flags.rcode==2'; must 1+ 'dns.a==10.0.0.10'
    primary $ME:50001 $EMS:8013 ok.tls.established_closed_clean none certain -
    finding dns.aaaa_broken
    healthy; absent dns.servfail dns.timeout
}
case_ok_dns_slow() {
    TITLE='The resolver takes a second and a half; then all is well.'
    BROKEN='a slow resolver'
    TRUTH='The answer comes, late: a warning.'
    COMPANION='the lookup itself'
    up; names ems.corp.example=10.0.0.10+slow; serve 8013 bin/tlsd.py 8013
    record client
    lookup
    port 50001; c bin/tlsc.py $EMS:8013
    stop
    must 1+ 'dns.time > 1.2'
    primary $ME:50001 $EMS:8013 ok.tls.established_closed_clean none certain -
    finding dns.slow
    healthy; absent dns.timeout
}

case_dns_truncated_tcp_fail() {
    TITLE='The DNS answer is truncated, and the resolver refuses TCP.'
    BROKEN='nothing listens on port 53 over TCP'
    TRUTH='The reply has the TC bit and no record; the connection to port 53 over TCP is reset; no address is ever learned.'
    up; names ems.corp.example=10.0.0.10+truncated
    record client
    port 40053; c bin/ask $NAME
    stop 3.2
    must 1+ 'dns.flags.truncated==1'; must 1+ 'tcp.dstport==53 && tcp.flags.syn==1'; must 1+ 'tcp.srcport==53 && tcp.flags.reset==1'
    primary $ME:40053 $DNS:53 dns.truncated_tcp_fail network certain probable
    frames dns.truncated_tcp_fail 'dns.flags.truncated==1 && dns.qry.type==1' 1
    exits 1; absent ok dns.no_address
}
case_ok_dns_truncated() {
    TITLE='The DNS answer is truncated; over TCP it comes whole, and the connection works.'
    TRUTH='The client asks again over TCP, as RFC 7766 wants, and dials the address.'
    COMPANION='the lookup itself'
    up; names tcp ems.corp.example=10.0.0.10+truncated; serve 8013 bin/tlsd.py 8013
    record client
    port 40053 40059; c bin/ask $NAME
    port 50001; c bin/tlsc.py $EMS:8013 --name $NAME
    stop
    must 1+ 'dns.flags.truncated==1'; must 1+ 'tcp.srcport==53 && dns.a==10.0.0.10'
    primary $ME:50001 $EMS:8013 ok.tls.established_closed_clean none certain -
    healthy; absent dns
}
case_dns_mismatch_connect() {
    TITLE='DNS gives the new address of EMS; the client dials the old one, where another server of the same name still answers.'
    BROKEN='an address written down at the client'
    TRUTH='The only answer for the name is 10.0.0.10, and the ClientHello with that name goes to 10.0.0.11.'
    COMPANION='the lookup, whose answer is not used'
    up; names; on server ip addr add 10.0.0.11/24 dev s0; serve 8013 bin/tlsd.py 8013
    record client
    lookup
    port 50001; c bin/tlsc.py 10.0.0.11:8013 --name $NAME
    stop
    must 1+ 'dns.a==10.0.0.10'; must 0 'dns.a==10.0.0.11'; must 1 'ip.dst==10.0.0.11 && tls.handshake.extensions_server_name=="ems.corp.example"'
    primary $ME:50001 10.0.0.11:8013 ok.tls.established_closed_clean none certain -
    finding dns.mismatch_connect
    frames dns.mismatch_connect 'ip.dst==10.0.0.11 && tls.handshake.extensions_server_name'
    exits 0
}
case_ok_dns_two_addresses() {
    TITLE='The name has two addresses and the client uses the second.'
    TRUTH='The address dialled is in the answer.'
    COMPANION='the lookup itself'
    up; names ems.corp.example=10.0.0.10+10.0.0.11; on server ip addr add 10.0.0.11/24 dev s0; serve 8013 bin/tlsd.py 8013
    record client
    lookup
    port 50001; c bin/tlsc.py 10.0.0.11:8013 --name $NAME
    stop
    must 1+ 'dns.a==10.0.0.11'
    primary $ME:50001 10.0.0.11:8013 ok.tls.established_closed_clean none certain -
    healthy; absent dns
}
case_dns_unexpected_address() {
    TITLE='DNS answers the EMS name with an address that is not the configured one, and nothing is there.'
    BROKEN='a zone that was not changed when EMS moved'
    TRUTH='EMS is configured as 10.0.0.10; the answer is 10.0.0.99; the attempts there stay unanswered.'
    COMPANION='a healthy exchange with 10.0.0.10 on 443'
    up; names ems.corp.example=10.0.0.99; serve443; drop -d 10.0.0.99
    record client
    lookup; companion
    port 50001; LIMIT=8 c bin/tcpc.py 10.0.0.99:8013 probe
    stop 3.2
    must 1+ 'dns.a==10.0.0.99'; must 3+ 'ip.dst==10.0.0.99 && tcp.flags.syn==1'; must 0 'ip.src==10.0.0.99'
    args --ems $NAME --ems $EMS
    primary $ME:40053 $DNS:53 dns.unexpected_address dns certain possible
    frames dns.unexpected_address 'dns.a==10.0.0.99' 1
    ok443
    exits 1
}
case_ok_dns_expected_address() {
    TITLE='DNS answers the EMS name with the configured address.'
    TRUTH='The answer is the address that was configured.'
    COMPANION='the lookup itself'
    up; names; serve 8013 bin/tlsd.py 8013
    record client
    lookup
    port 50001; c bin/tlsc.py $EMS:8013 --name $NAME
    stop
    must 1+ 'dns.a==10.0.0.10'
    args --ems $NAME --ems $EMS
    primary $ME:50001 $EMS:8013 ok.tls.established_closed_clean none certain -
    healthy; absent dns
}
case_dns_private_for_public() {
    TITLE='A client with a public address gets the inside address of EMS from DNS, and its attempts there fail.'
    BROKEN='split DNS seen from the wrong side: no route for 172.16.0.10 outside'
    TRUTH='The answer is an RFC 1918 address, the client has none, and the router says that it has no route there.'
    up; names ems.corp.example=172.16.0.10
    on client ip addr add 198.51.100.17/24 dev c0; on router ip addr add 198.51.100.1/24 dev r0
    on client ip route replace default via 198.51.100.1 src 198.51.100.17
    record client
    lookup
    port 50001; LIMIT=8 c bin/tcpc.py 172.16.0.10:8013 probe
    stop 3.2
    must 1+ 'dns.a==172.16.0.10'; must 1+ 'ip.dst==172.16.0.10 && tcp.flags.syn==1 && !icmp'; must 1+ 'icmp.code==0'; must 0 'ip.src==172.16.0.10 && !icmp'
    primary 198.51.100.17:50001 172.16.0.10:8013 icmp.net_unreachable network certain probable
    primary 198.51.100.17:40053 $DNS:53 dns.private_for_public dns possible possible
    exits 1
}
case_ok_dns_private_for_public() {
    TITLE='The same answer for the same client, but a tunnel makes the address valid: the connection works.'
    TRUTH='The attempt is answered.'
    COMPANION='the lookup itself'
    up; names ems.corp.example=172.16.0.10; on server ip addr add 172.16.0.10/32 dev s0; on router ip route add 172.16.0.10 via $EMS
    on client ip addr add 198.51.100.17/24 dev c0; on router ip addr add 198.51.100.1/24 dev r0
    on client ip route replace default via 198.51.100.1 src 198.51.100.17
    serve 8013 bin/tlsd.py 8013
    record client
    lookup
    port 50001; c bin/tlsc.py 172.16.0.10:8013 --name $NAME
    stop
    must 1+ 'dns.a==172.16.0.10'
    primary 198.51.100.17:50001 172.16.0.10:8013 ok.tls.established_closed_clean none certain -
    healthy; absent dns
}
case_dns_ptr_missing() {
    TITLE='The client asks for the name of the EMS address and there is none; the connection works.'
    BROKEN='a reverse zone without the record'
    TRUTH='The PTR question is answered with NXDOMAIN; nothing depends on it.'
    COMPANION='the forward lookup'
    up; names; serve 8013 bin/tlsd.py 8013
    record client
    lookup
    port 40054; c getent hosts $EMS
    port 50001; c bin/tlsc.py $EMS:8013 --name $NAME
    stop
    must 1+ 'dns.qry.type==12 && dns.flags.rcode==3'
    primary $ME:50001 $EMS:8013 ok.tls.established_closed_clean none certain -
    primary $ME:40054 $DNS:53 dns.ptr_missing dns certain -
    healthy
}
case_dns_timeout_asking_on() {
    TITLE='The resolver never answers; the client is still asking when the capture ends.'
    BROKEN='a resolver that drops every question'
    TRUTH='Four questions in six seconds, none answered; the newest is not two seconds old when the capture ends.'
    up; names ems.corp.example=silent
    record client
    lookup; LIMIT=3.2 lookup
    stop
    must 4 'dns.flags.response==0'; must 0 'dns.flags.response==1'
    primary $ME:40053 $DNS:53 dns.timeout dns probable possible
    exits 1; absent ok tcp
}
case_ok_dns_refused_then_answered() {
    TITLE='The first resolver refuses both questions for the EMS name, the second answers them; IPv6 has no address.'
    BROKEN='a first resolver that does not serve this client'
    TRUTH='Both questions are answered with code 0 by the second resolver within milliseconds, and the exchange is completed.'
    up; on server ip addr add 10.0.0.3/24 dev s0; names
    bg server bin/dnsd.py 10.0.0.3 ems.corp.example=refused
    printf 'nameserver 10.0.0.3\nnameserver %s\n' $DNS >"/etc/netns/$NS-client/resolv.conf"
    serve 8013 bin/tlsd.py 8013; pause 0.5
    record client
    port 40050 40080; c python3 -c "import socket; print(socket.getaddrinfo('$NAME', 8013))"
    port 50001; c bin/tlsc.py $EMS:8013
    stop 1
    must 2+ 'dns.flags.rcode==5'; must 2+ 'ip.src==10.0.0.2 && dns.flags.rcode==0 && dns.flags.response==1'
    primary $ME:50001 $EMS:8013 ok.tls.established_closed_clean none certain -
    healthy; absent dns
}
case_ok_dns_alias_chain() {
    TITLE='The EMS name is an alias of an alias; the last name has the address that the client connects to.'
    TRUTH='One reply holds two CNAME records and the A record; the exchange works.'
    COMPANION='the lookup itself'
    up; names ems.corp.example=alias:lb.corp.example lb.corp.example=alias:node1.corp.example node1.corp.example=10.0.0.10; serve 8013 bin/tlsd.py 8013
    record client
    lookup; port 50001; c bin/tlsc.py $EMS:8013; stop
    must 1+ 'dns.flags.response==1 && dns.count.answers==3 && dns.cname && dns.a==10.0.0.10'
    good $clean; healthy; absent dns tcp tls
}
case_dns_alias_leads_nowhere() {
    TITLE='The EMS name is an alias of a name that does not exist.'
    BROKEN='the zone lacks the name that the alias leads to'
    TRUTH='The reply has code 3 and a CNAME record, and no connection follows.'
    asked ems.corp.example=alias:lb.corp.example
    must 1+ 'dns.flags.rcode==3 && dns.cname'
    answer 3 dns.nxdomain certain possible
}
two_resolvers() { # two_resolvers FIRST SECOND: zones of 10.0.0.2 and 10.0.0.4
    names $1
    in_ns server ip addr add 10.0.0.4/24 dev s0
    bg server bin/dnsd.py 10.0.0.4 $2; sleep 0.4
    printf 'nameserver %s\nnameserver 10.0.0.4\noptions timeout:2 attempts:2\n' $DNS >"/etc/netns/$NS-client/resolv.conf"
    note 'client: nameserver 10.0.0.2, then 10.0.0.4, two seconds each'
}
case_ok_dns_second_resolver() {
    TITLE='The first resolver is silent; the second answers after two seconds, and the connection works.'
    BROKEN='a first resolver that drops every question'
    TRUTH='The questions to 10.0.0.2 stay unanswered; 10.0.0.4 gives the address that is dialled, and data flow.'
    up; two_resolvers ems.corp.example=silent ems.corp.example=10.0.0.10; serve 8013 bin/tlsd.py 8013
    record client
    port 40053 40060; c getent ahosts $NAME
    port 50001; c bin/tlsc.py $EMS:8013; stop
    must 1+ 'ip.dst==10.0.0.2 && dns.flags.response==0'; must 0 'ip.src==10.0.0.2 && dns.flags.response==1'; must 1+ 'ip.src==10.0.0.4 && dns.a==10.0.0.10'
    good $clean; absent tcp tls
}
case_dns_split_horizon() {
    TITLE='Two resolvers give two addresses for the EMS name; the one of the second is dialled and works.'
    BROKEN='two zones that disagree'
    TRUTH='10.0.0.2 answers 10.0.0.20 to a test, 10.0.0.4 answers 10.0.0.10 to the client, which connects there.'
    COMPANION='the question to the other resolver'
    up; two_resolvers ems.corp.example=10.0.0.20 ems.corp.example=10.0.0.10; serve 8013 bin/tlsd.py 8013
    record client
    lookup
    printf 'nameserver 10.0.0.4\n' >"/etc/netns/$NS-client/resolv.conf"; note 'client: nameserver 10.0.0.4 alone'
    port 40054; c getent ahosts $NAME
    port 50001; c bin/tlsc.py $EMS:8013; stop
    must 1+ 'ip.src==10.0.0.2 && dns.a==10.0.0.20'; must 1+ 'ip.src==10.0.0.4 && dns.a==10.0.0.10'
    good $clean; primary $ME:40054 10.0.0.4:53 dns.unexpected_address dns certain possible
    exits 0; absent tcp tls
}
