# shellcheck shell=bash disable=SC2034,SC2086
# A router or the server says why by ICMP.

attempt() { port 50001; LIMIT=8 c bin/tcpc.py "$1" probe; }
told() { # told ID OWNER FACT CAUSE SERVER FILTER
    primary $ME:50001 "$5" "$1" "$2" "$3" "$4"
    frames "$1" "$6" 1
    exits 1
    absent tcp.syn
}

case_icmp_admin_prohibited() {
    TITLE='The router rejects 8013 with ICMP administratively prohibited; 443 works.'
    COMPANION='a healthy exchange with the same server on 443'
    BROKEN='an nftables reject rule on the router'
    TRUTH='ICMP 3/13 from the router quotes the SYN.'
    FORMAT=pcapng
    up; serve443
    on router nft 'add table ip f; add chain ip f c { type filter hook forward priority 0; }; add rule ip f c tcp dport 8013 reject with icmp type admin-prohibited'
    record client
    companion; attempt $EMS:8013
    stop 1
    must 1+ 'icmp.type==3 && icmp.code==13 && ip.src==10.20.40.1'
    told icmp.admin_prohibited middlebox certain certain $EMS:8013 'icmp'; ok443
}
case_icmp_admin_prohibited_by_host() {
    TITLE='The host firewall of the server rejects 8013 with ICMP administratively prohibited; 443 works.'
    COMPANION='a healthy exchange with the same server on 443'
    BROKEN='an iptables REJECT rule on the server'
    TRUTH='ICMP 3/13 comes from the address the SYN was sent to: the firewall of the server itself.'
    up; serve443
    on server iptables -A INPUT -p tcp --dport 8013 -j REJECT --reject-with icmp-admin-prohibited
    record client
    companion; attempt $EMS:8013
    stop 1
    must 1+ 'icmp.type==3 && icmp.code==13 && ip.src==10.0.0.10'
    told icmp.admin_prohibited server certain certain $EMS:8013 'icmp'; ok443
}
case_icmp_port_unreachable() {
    TITLE='The router rejects 8013 with ICMP port unreachable; 443 works.'
    COMPANION='a healthy exchange with the same server on 443'
    BROKEN='an iptables REJECT rule on the router'
    TRUTH='ICMP 3/3 from the router quotes the SYN.'
    up; serve443
    on router iptables -A FORWARD -p tcp --dport 8013 -j REJECT
    record client
    companion; attempt $EMS:8013
    stop 1
    must 1+ 'icmp.type==3 && icmp.code==3 && ip.src==10.20.40.1'
    told icmp.port_unreachable middlebox certain probable $EMS:8013 'icmp'; ok443
}
case_icmp_port_unreachable_by_host() {
    TITLE='The host firewall of the server rejects 8013 with ICMP port unreachable; 443 works.'
    COMPANION='a healthy exchange with the same server on 443'
    BROKEN='an iptables REJECT rule on the server'
    TRUTH='ICMP 3/3 comes from the address the SYN was sent to.'
    up; serve443
    on server iptables -A INPUT -p tcp --dport 8013 -j REJECT
    record client
    companion; attempt $EMS:8013
    stop 1
    must 1+ 'icmp.type==3 && icmp.code==3 && ip.src==10.0.0.10'
    told icmp.port_unreachable server certain probable $EMS:8013 'icmp'; ok443
}
case_icmp_host_unreachable() {
    TITLE='The EMS host is off: the last router gets no ARP answer and says so.'
    COMPANION='DNS lookup, answered by another host of the same network'
    BROKEN='the name points to an address nobody has'
    TRUTH='ICMP 3/1 of the router, after three unanswered ARP requests of its own, quotes the SYN.'
    up; names ems.corp.example=10.0.0.99
    record client
    lookup; attempt 10.0.0.99:8013
    stop 1
    must 1+ 'icmp.type==3 && icmp.code==1 && ip.src==10.20.40.1'
    told icmp.host_unreachable network certain probable 10.0.0.99:8013 'icmp'
}
case_icmp_net_unreachable() {
    TITLE='The router has no route to the network of EMS.'
    COMPANION='DNS lookup, answered by another network'
    BROKEN='no route on the router'
    TRUTH='ICMP 3/0 of the router quotes the SYN.'
    up; names ems.corp.example=10.9.0.10
    record client
    lookup; attempt 10.9.0.10:8013
    stop 1
    must 1+ 'icmp.type==3 && icmp.code==0 && ip.src==10.20.40.1'
    told icmp.net_unreachable network certain probable 10.9.0.10:8013 'icmp'
}
case_icmp_ttl_exceeded() {
    TITLE='Two routers send the packets for EMS to each other until the TTL is used up.'
    COMPANION='DNS lookup, answered by another network'
    BROKEN='a routing loop between the router and the next hop'
    TRUTH='ICMP 11/0 quotes the SYN.'
    up; names ems.corp.example=10.9.0.10
    on router ip route add 10.9.0.0/24 via $EMS
    on server sysctl -qw net.ipv4.ip_forward=1
    record client
    lookup; attempt 10.9.0.10:8013
    stop 1
    must 1+ 'icmp.type==11 && icmp.code==0'
    told icmp.ttl_exceeded network certain probable 10.9.0.10:8013 'icmp.type==11'
}
case_icmp_frag_needed_obeyed() {
    TITLE='A link with a smaller MTU: the router asks for smaller packets and the client obeys.'
    COMPANION='DNS lookup of the EMS name'
    BROKEN='nothing: path MTU discovery works (MTU 1300 behind the router, a ClientHello of more than one segment)'
    TRUTH='ICMP 3/4, then the same bytes in smaller segments, then a healthy exchange.'
    up; names; serve 8013 bin/tlsd.py 8013
    on router ip link set r1 mtu 1300
    on server ip link set s0 mtu 1300
    on server ip route change default via 10.0.0.1 advmss 1460
    record client
    lookup
    port 50001; c bin/tlsc.py $EMS:8013 --alpn "$(bin/protocols)"
    stop
    must 1+ 'icmp.type==3 && icmp.code==4'
    finding icmp.frag_needed
    primary $ME:50001 $EMS:8013 ok.tls.established_closed_clean none certain -
    healthy; absent icmp.frag_needed_ignored
}
case_icmp_frag_needed_ignored() {
    TITLE='A link with a smaller MTU: the router asks for smaller packets, the client never hears of it.'
    COMPANION='a healthy exchange with the same server on 8013 that fits the MTU'
    BROKEN='MTU 1300 behind the router; the client drops ICMP behind the point where it is recorded'
    TRUTH='ICMP 3/4 names 1300, the segment of 1500 bytes comes again and again and is never acknowledged.'
    up; serve 8013 bin/tlsd.py 8013
    on router ip link set r1 mtu 1300
    on server ip link set s0 mtu 1300
    on client iptables -A INPUT -p icmp -j DROP
    on server ip route change default via 10.0.0.1 advmss 1460
    record client
    port 50002; c bin/tlsc.py $EMS:8013
    port 50001; LIMIT=9 c bin/tlsc.py $EMS:8013 --alpn "$(bin/protocols)"
    stop 3.2
    must 2+ 'icmp.type==3 && icmp.code==4'
    must 3+ 'ip.src==10.20.40.17 && tcp.srcport==50001 && ip.len==1500'
    primary $ME:50001 $EMS:8013 icmp.frag_needed_ignored network certain probable
    primary $ME:50002 $EMS:8013 ok.tls.established_closed_clean none certain -
    frames icmp.frag_needed_ignored 'icmp.type==3 && icmp.code==4' 3
    exits 1
}
