# shellcheck shell=bash disable=SC2034,SC2086
# The link itself: who asks for a hardware address (ARP, neighbour discovery), and who answers.

NEAR=10.20.40.50 # EMS in the client's own network
near() { # near [HOST]: a link of several stations; the switch is one, 10.20.40.5; the router has EMS's address, unless it is down
    up switch
    on switch ip addr add 10.20.40.5/24 dev br0
    [ "${1:-}" = down ] || on router ip addr add $NEAR/24 dev r0
    printf '[ems near]\naddresses = %s\n' $NEAR >"$OUT/shakeout.ini"; CONFIG=1; args --config ./shakeout.ini
}
greet() { c ping -c 1 -W 1 "$1"; }
forget() { on client ip neigh flush dev c0; }
near443() { bg router openssl s_server -accept 443 -cert made/certs/good.pem -key made/certs/good.key -www -quiet; pause 0.5; }

case_l2_arp_unresolved() {
    TITLE='EMS is in the network of the endpoint, and its host is down: nobody answers for its address.'
    BROKEN='no host has the address 10.20.40.50'
    TRUTH='The client asks for 10.20.40.50 three times, a second apart; no answer comes and no SYN leaves. It captures at itself: all unicast frames are from it or for it, those of two other stations.'
    near down; record client; greet 10.20.40.5; greet 10.20.40.1; port 50001
    c curl -sS --max-time 10 https://$NEAR:8013/; pause 1.5; greet 10.20.40.5; stop
    must 3+ "arp.opcode==1 && arp.dst.proto_ipv4==$NEAR"; must 0 "arp.src.proto_ipv4==$NEAR"; must 0 tcp
    exits 1; finding l2.arp_unresolved; IDS+=(l2.arp_unresolved); absent tcp capture.nothing_relevant
    frames l2.arp_unresolved "arp.opcode==1 && arp.dst.proto_ipv4==$NEAR" 3
}
case_l2_gateway_gone() {
    TITLE='The gateway, which worked, does not answer any more: the endpoint reaches nothing outside.'
    BROKEN='the address of the gateway is taken from the router after the first exchange'
    TRUTH='After a healthy exchange the client asks for 10.20.40.1 three times without an answer; the next attempts send no SYN. The client captures itself, on all of its interfaces: its requests are marked as sent.'
    up; serve443; IF=any record client; companion
    on router ip addr del 10.20.40.1/24 dev r0; forget
    port 50001; c curl -sS --max-time 10 https://$EMS:8013/; c curl -sS --max-time 10 https://$EMS:8013/; stop 1
    must 3+ 'arp.opcode==1 && arp.dst.proto_ipv4==10.20.40.1'; must 0 'tcp.port==50001 && !icmp'
    ok443; exits 1; finding l2.arp_unresolved; IDS+=(l2.arp_unresolved); absent tcp
}
case_l2_neighbour_unresolved() {
    TITLE='The same over IPv6: nobody answers the neighbour solicitations for EMS.'
    BROKEN='no host has the address 2001:db8:40::50'
    TRUTH='The client solicits 2001:db8:40::50 three times; no advertisement comes and no SYN leaves. It captures itself, on all of its interfaces: its requests are marked as sent.'
    up; up6; printf '[ems near]\naddresses = 2001:db8:40::50\n' >"$OUT/shakeout.ini"; CONFIG=1; args --config ./shakeout.ini
    IF=any record client; c ping -c 1 -W 1 2001:db8:40::1
    c curl -sS --max-time 10 'https://[2001:db8:40::50]:8013/'; pause 1.5; c ping -c 1 -W 1 2001:db8:40::1; stop
    must 3+ 'icmpv6.nd.ns.target_address==2001:db8:40::50'; must 0 'tcp && !icmpv6'
    exits 1; finding l2.arp_unresolved; IDS+=(l2.arp_unresolved); absent tcp capture.nothing_relevant
    frames l2.arp_unresolved 'icmpv6.nd.ns.target_address==2001:db8:40::50' 3
}
case_l2_duplicate_address() {
    TITLE='Two devices have the address of EMS.'
    BROKEN='the router and the switch are both configured with 10.20.40.50'
    TRUTH='One request for 10.20.40.50 is answered twice, with two hardware addresses.'
    near; on switch ip addr add $NEAR/24 dev br0; serve443; record client; companion
    greet 10.20.40.5; greet $NEAR; stop
    must 2 "arp.opcode==2 && arp.src.proto_ipv4==$NEAR"
    ok443; exits 0; finding l2.duplicate_address; IDS+=(l2.duplicate_address); absent l2.arp_unresolved tcp
    frames l2.duplicate_address "arp.opcode==2 && arp.src.proto_ipv4==$NEAR"
}
case_ok_l2_answered() {
    TITLE='An address is asked for again and again, and answered each time.'
    TRUTH='Four requests for 10.20.40.50 have one answer each, and the exchange with EMS works.'
    near; near443; record client
    local i; for i in 1 2 3; do greet $NEAR; forget; pause 0.4; done
    port 50443; c bin/tlsc.py $NEAR:443 --name $NAME; stop
    must 4+ "arp.opcode==2 && arp.src.proto_ipv4==$NEAR"
    primary $ME:50443 $NEAR:443 ok.tls.established_closed_clean none certain -; healthy; absent l2
}
case_ok_l2_seen_from_elsewhere() {
    TITLE='Requests for EMS seen from a port of somebody else: the answers go to the asker alone.'
    TRUTH='Each request is answered, as the recording of the client beside it would show, and EMS is reached; a port of the same switch shows the requests alone.'
    near; near443
    on switch ip link set span master br0; WHERE='a third port of the switch, where only what goes to all is seen'
    pause 1; record switch
    local i; for i in 1 2 3 4; do greet $NEAR; forget; pause 1; done
    c curl -sS -k --max-time 10 -o /dev/null -w 'status %{http_code}' https://$NEAR/; stop 1.5
    grep -q 'status 200' $OUT/client.log || die 'EMS was not reached'
    must 3+ "arp.opcode==1 && arp.dst.proto_ipv4==$NEAR"; must 0 "arp.src.proto_ipv4==$NEAR"
    exits 3; absent l2 tcp tls
}
case_ok_l2_two_cards() {
    TITLE='A host with two cards in one network answers with both.'
    TRUTH='The router has two cards in the network of the client and two addresses; each request for either is answered by both cards. Linux does so unless it is told not to.'
    near; link switch p9 02:00:00:00:05:09 router r9 02:00:00:00:40:09; on switch ip link set p9 master br0
    on router ip addr add 10.20.40.51/24 dev r9; near443
    record client; greet $NEAR; greet 10.20.40.51; pause 0.5
    port 50443; c bin/tlsc.py $NEAR:443 --name $NAME; stop
    must 2+ "arp.opcode==2 && arp.src.proto_ipv4==$NEAR"; must 2+ 'arp.opcode==2 && arp.src.proto_ipv4==10.20.40.51'
    primary $ME:50443 $NEAR:443 ok.tls.established_closed_clean none certain -; healthy; absent l2
}
