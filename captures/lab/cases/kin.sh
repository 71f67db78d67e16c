# shellcheck shell=bash disable=SC2034,SC2086
# A device that holds the state of an older connection, or has lost that of a running one.

client='ip.src==10.20.40.17 && tcp.srcport==50001'
server='ip.src==10.0.0.10 && tcp.srcport==8013'
broken() { primary $ME:50001 $EMS:8013 "$@"; exits 1; }

# One connection, and the next from the same port: the client keeps no memory of ports that were in use.
twice() {
    on client sysctl -qw net.ipv4.tcp_tw_reuse=1
    on client sysctl -qw net.ipv4.tcp_max_tw_buckets=0
    port 50001; c bin/tlsc.py $EMS:8013; LIMIT=10 c bin/tlsc.py $EMS:8013
}

# A filter that remembers who closed and lets only SYNs of theirs pass for 20 s.
remembering() {
    on router nft 'add table ip f; add set ip f closed { type inet_service; flags dynamic,timeout; timeout 20s; }; add chain ip f c { type filter hook forward priority 0; }'
    on router nft 'add rule ip f c ip saddr 10.20.40.17 tcp flags & fin == fin add @closed { tcp sport }; add rule ip f c ip saddr 10.20.40.17 tcp sport @closed tcp flags & psh == psh drop'
}

case_tcp_port_reuse_conflict() {
    TITLE='The client takes the same port again at once; the firewall still holds the ended connection.'
    BROKEN='an nftables rule that drops data of a port whose FIN it saw less than 20 s ago'
    TRUTH='The second SYN and its answer pass, the ClientHello behind it repeats and is never acknowledged; the first connection from the same port ended less than a second before.'
    up; serve 8013 bin/tlsd.py 8013; remembering
    record client
    twice
    stop 3.2
    must 2 "$client && tcp.flags.syn==1"; must 3+ "$client && tcp.len>0 && tcp.analysis.retransmission"
    line "primary $ME:50001 $EMS:8013 ok.tls.established_closed_clean none certain -"
    broken tcp.port_reuse_conflict middlebox probable possible
    frames tcp.port_reuse_conflict "$client && tcp.flags.syn==1 && tcp.stream==1"
    absent tcp.clienthello tcp.syn tcp.handshake
}
case_ok_port_reuse_at_once() {
    TITLE='The client takes the same port again at once; nothing on the way minds.'
    TRUTH='Two complete exchanges, less than a second between them.'
    up; serve 8013 bin/tlsd.py 8013
    record client
    twice
    stop
    must 2 "$client && tcp.flags.syn==1"; must 2 "$server && tcp.flags.fin==1"
    primary $ME:50001 $EMS:8013 ok.tls.established_closed_clean none certain -
    healthy; absent tcp
}

# A NAT on the router that picks a port of its own and forgets a silent connection after two seconds.
translating() {
    on router nft 'add table ip n; add chain ip n p { type nat hook postrouting priority srcnat; }; add rule ip n p oifname r1 meta l4proto tcp masquerade to :61000-64000 random'
    on router sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_established=2
}
rebind() {
    up; serve 8013 bin/tlsd.py 8013; translating
    record $1
    port 50001; LIMIT=12 c bin/tlsc.py $EMS:8013 --times 3 --every 4
    stop
}
case_tcp_nat_rebind() {
    TITLE='A NAT forgets a silent connection; its next request comes from another port and is reset.'
    BROKEN='masquerading on the router with random ports, and a timer of 2 s for established connections'
    TRUTH='The segment from the new port has no SYN before it and continues the numbers of the connection from the old one; the server answers with a reset.'
    rebind server
    must 1 'tcp.flags.syn==1 && tcp.flags.ack==0'; must 1+ "$server && tcp.flags.reset==1"
    local old new; old=$(portof 'tcp.flags.syn==1 && tcp.flags.ack==0' srcport); new=$(portof "$server && tcp.flags.reset==1" dstport)
    [ "$old" != "$new" ] || die 'the same port again'
    line "primary 10.0.0.1:$old $EMS:8013 ok.tls.established none certain -"
    primary 10.0.0.1:$new $EMS:8013 tcp.nat_rebind network possible possible
    frames tcp.nat_rebind "$server && tcp.flags.reset==1"
    exits 1; absent tcp.reset cannot_tell
}
portof() { tshark -n -r "$CAP" -Y "$1" -T fields -e "tcp.$2" 2>/dev/null | head -1; }
case_nat_rebind_at_client() {
    TITLE='A NAT forgets a silent connection, recorded at the client: its port stays, and it is reset.'
    BROKEN='masquerading on the router with random ports, and a timer of 2 s for established connections'
    TRUTH='Before the NAT nothing shows that the port changed; the reset has the TTL of the server, which sent it in answer to a packet of a connection that it does not know. Who is to blame cannot be seen here.'
    rebind client
    must 1+ "$server && tcp.flags.reset==1 && ip.ttl==63"
    broken tcp.reset.by_server unknown probable possible
    frames tcp.reset.by_server "$server && tcp.flags.reset==1"
    absent tcp.nat_rebind tcp.reset.injected tcp.reset.both
}
case_ok_nat() {
    TITLE='A client behind a NAT that keeps its connection, recorded behind it.'
    TRUTH='One complete exchange from the address of the NAT.'
    up; serve 8013 bin/tlsd.py 8013; translating
    record server
    port 50001; c bin/tlsc.py $EMS:8013 --times 3 --every 0.5
    stop
    primary 10.0.0.1:$(portof 'tcp.flags.syn==1 && tcp.flags.ack==0' srcport) $EMS:8013 ok.tls.established_closed_clean none certain -
    healthy; absent tcp
}
# A second host behind the same router, whose stack counts down from 128.
another() {
    ns_add other
    link other o0 02:00:00:00:41:18 router r2 02:00:00:00:41:01
    in_ns other ip addr add 10.20.41.18/24 dev o0
    in_ns other ip route add default via 10.20.41.1
    in_ns router ip addr add 10.20.41.1/24 dev r2
    on other sysctl -qw net.ipv4.ip_default_ttl=128
}
case_ok_nat_two_hosts() {
    TITLE='Two hosts of different kinds behind one NAT, by turns, recorded behind it.'
    TRUTH='Four connections of each host, in turn, from the one address of the NAT. SYNs of the one arrive with a TTL of 63, those of the other with 127.'
    up; another; serve 8013 bin/tlsd.py 8013; translating
    record server
    local i
    for i in 1 2 3 4; do
        c bin/tlsc.py $EMS:8013
        on other timeout 30 bin/tlsc.py $EMS:8013 >>"$OUT/client.log"
    done
    stop
    must 4 'tcp.flags.syn==1 && tcp.flags.ack==0 && ip.src==10.0.0.1 && ip.ttl==63'
    must 4 'tcp.flags.syn==1 && tcp.flags.ack==0 && ip.src==10.0.0.1 && ip.ttl==127'
    local p
    for p in $(tshark -n -r "$CAP" -Y 'tcp.flags.syn==1 && tcp.flags.ack==0' -T fields -e tcp.srcport 2>/dev/null); do
        primary 10.0.0.1:$p $EMS:8013 ok.tls.established_closed_clean none certain -
    done
    healthy; absent tcp checkin
}
