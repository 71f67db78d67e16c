# shellcheck shell=bash disable=SC2034,SC2086
# The connection never opens.

drop() { on router iptables -A FORWARD "$@" -j DROP; }

case_syn_silent_drop() {
    TITLE='The SYN to 8013 is dropped without a word; 443 of the same server works.'
    COMPANION='DNS lookup, then a healthy exchange with the same server on 443'
    BROKEN='a DROP rule for port 8013 on the router'
    TRUTH='Five SYN of one sequence number stay unanswered while 443 proves that answers of this server are captured. A filter and a stopped service behind a silent host firewall look alike, so the cause stays possible.'
    FORMAT=pcapng
    up; names; serve443
    drop -p tcp --dport 8013
    record client
    lookup; companion
    port 50001; LIMIT=8 c bin/tcpc.py $EMS:8013 probe
    stop 3.2
    must 5+ 'tcp.dstport==8013 && tcp.flags.syn==1'
    must 0 'tcp.srcport==8013'
    primary $ME:50001 $EMS:8013 tcp.syn.silent_drop unknown certain possible
    frames tcp.syn.silent_drop 'tcp.dstport==8013 && tcp.flags.syn==1'
    ok443; exits 1
    absent tcp.syn.single_unanswered tcp.syn.refused tcp.synack
    finding set.port.only_tcp_blocked
    absent set.undocumented_port_only
}

case_syn_silent_drop_alone() {
    TITLE='The SYN to 8013 is dropped without a word; nothing else of the server is in the capture.'
    COMPANION='DNS lookup, answered by another address'
    BROKEN='a DROP rule for port 8013 on the router'
    TRUTH='As syn_silent_drop. No packet of the server proves the return direction, so the label does not insist on the confidence.'
    up; names
    drop -p tcp --dport 8013
    record client
    lookup
    port 50001; LIMIT=8 c bin/tcpc.py $EMS:8013 probe
    stop 3.2
    must 5+ 'tcp.dstport==8013 && tcp.flags.syn==1'
    primary $ME:50001 $EMS:8013 tcp.syn.silent_drop unknown - possible
    frames tcp.syn.silent_drop 'tcp.dstport==8013 && tcp.flags.syn==1'
    exits 1; absent tcp.syn.refused tcp.synack
}

case_syn_silent_drop_9443() {
    TITLE='The SYN to 9443 is dropped; 8013 of the same server works.'
    COMPANION='a healthy exchange with the same server on 8013'
    BROKEN='a DROP rule for port 9443 on the router'
    TRUTH='The SYN repeats unanswered. Ports that vendor guides do not list keep their finding.'
    up; serve 8013 bin/tlsd.py 8013
    drop -p tcp --dport 9443
    record client
    port 50002; c bin/tlsc.py $EMS:8013
    port 50001; LIMIT=8 c bin/tcpc.py $EMS:9443 probe
    stop 3.2
    must 5+ 'tcp.dstport==9443 && tcp.flags.syn==1'
    primary $ME:50001 $EMS:9443 tcp.syn.silent_drop unknown certain possible
    primary $ME:50002 $EMS:8013 ok.tls.established_closed_clean none certain -
    exits 1
    finding set.undocumented_port_only
}

case_syn_single_unanswered() {
    TITLE='One SYN to 8013 and nothing more: the client gives up after half a second.'
    COMPANION='a healthy exchange with the same server on 443'
    BROKEN='a DROP rule for port 8013 on the router'
    TRUTH='Exactly one SYN without an answer, and more than three seconds of capture after it.'
    up; serve443
    drop -p tcp --dport 8013
    record client
    port 50001; LIMIT=0.5 c bin/tcpc.py $EMS:8013 probe
    pause 3; companion
    stop 1
    must 1 'tcp.dstport==8013 && tcp.flags.syn==1'
    primary $ME:50001 $EMS:8013 tcp.syn.single_unanswered unknown certain possible
    frames tcp.syn.single_unanswered 'tcp.dstport==8013 && tcp.flags.syn==1'
    ok443; exits 1; absent tcp.syn.silent_drop tcp.syn.refused
}

case_syn_refused_by_host() {
    TITLE='Nothing listens on 8013: the server itself refuses; 443 works.'
    COMPANION='DNS lookup, then a healthy exchange with the same server on 443'
    BROKEN='no service on port 8013'
    TRUTH='The reset comes with TTL 63 like every packet of the server on 443; no rule was set on the router.'
    up; names; serve443
    record client
    lookup; companion
    port 50001; c bin/tcpc.py $EMS:8013 probe
    stop 1
    must 1 'tcp.srcport==8013 && tcp.flags.reset==1 && ip.ttl==63'
    primary $ME:50001 $EMS:8013 tcp.syn.refused_by_host server - probable
    frames tcp.syn.refused_by_host 'tcp.port==8013'
    ok443; exits 1; absent tcp.syn.silent_drop tcp.syn.refused_by_middlebox
    absent set.port
}

case_syn_refused() {
    TITLE='A refusal on 8013 with nothing to compare it with.'
    COMPANION='DNS lookup, answered by another address'
    BROKEN='no service on port 8013'
    TRUTH='SYN and reset are there; one packet of the server does not tell whether a device sent it.'
    up; names
    record client
    lookup
    port 50001; c bin/tcpc.py $EMS:8013 probe
    stop 1
    must 1 'tcp.srcport==8013'
    primary $ME:50001 $EMS:8013 tcp.syn.refused unknown certain possible
    frames tcp.syn.refused 'tcp.port==8013'
    exits 1; absent tcp.syn.refused_by_host tcp.syn.refused_by_middlebox
}

case_syn_refused_by_firewall() {
    TITLE='The router answers the SYN to 8013 with a reset in the name of the server; 443 works.'
    COMPANION='DNS lookup, then a healthy exchange with the same server on 443'
    BROKEN='a REJECT rule with TCP reset on the router'
    TRUTH='The reset arrives with TTL 64, the packets of the server on 443 with 63.'
    FORMAT=pcapng
    up; names; serve443; serve 8013 bin/tlsd.py 8013
    on router iptables -A FORWARD -p tcp --dport 8013 -j REJECT --reject-with tcp-reset
    record client
    lookup; companion
    port 50001; c bin/tcpc.py $EMS:8013 probe
    stop 1
    must 1 'tcp.srcport==8013 && tcp.flags.reset==1 && ip.ttl==64'
    must 1+ 'tcp.srcport==443 && ip.ttl==63'
    primary $ME:50001 $EMS:8013 tcp.syn.refused_by_middlebox middlebox probable -
    frames tcp.syn.refused_by_middlebox 'tcp.port==8013'
    ok443; exits 1; absent tcp.syn.refused_by_host tcp.syn.silent_drop
}

case_syn_refused_at_server() {
    TITLE='Nothing listens on 8013, recorded at the server.'
    COMPANION='a healthy exchange with the same server on 443'
    BROKEN='no service on port 8013'
    TRUTH='The reset leaves with TTL 64 like every packet of the server.'
    up; serve443
    record server
    companion
    port 50001; c bin/tcpc.py $EMS:8013 probe
    stop 1
    must 1 'tcp.srcport==8013 && tcp.flags.reset==1 && ip.ttl==64'
    primary $ME:50001 $EMS:8013 tcp.syn.refused_by_host server - -
    ok443; exits 1; absent tcp.syn.refused_by_middlebox
}

synack_lost() {
    up; serve443; serve 8013 bin/tlsd.py 8013
    drop -p tcp --sport 8013
    record "$1"
    companion
    port 50001; LIMIT=7 c bin/tcpc.py $EMS:8013 probe
    stop 3.2
}
case_synack_lost_at_client() {
    TITLE='The SYN-ACK of 8013 is lost on the way back, recorded at the client.'
    COMPANION='a healthy exchange with the same server on 443'
    BROKEN='a DROP rule for packets from port 8013 on the router'
    TRUTH='At the client this cannot be told from a dropped SYN; the label is what the wire shows there.'
    synack_lost client
    must 0 'tcp.srcport==8013'
    primary $ME:50001 $EMS:8013 tcp.syn.silent_drop unknown certain possible
    ok443; exits 1; absent tcp.synack
}
case_synack_lost_at_server() {
    TITLE='The SYN-ACK of 8013 is lost on the way back, recorded at the server.'
    COMPANION='a healthy exchange with the same server on 443'
    BROKEN='a DROP rule for packets from port 8013 on the router'
    TRUTH='The server answers every SYN, its answer repeats and no ACK comes.'
    FORMAT=pcapng
    synack_lost server
    must 3+ 'tcp.srcport==8013 && tcp.flags.syn==1 && tcp.flags.ack==1'
    must 0 'tcp.dstport==8013 && tcp.flags.syn==0'
    primary $ME:50001 $EMS:8013 tcp.synack.lost network probable -
    frames tcp.synack.lost 'tcp.srcport==8013 && !tcp.analysis.retransmission' # two equal answers within 1 ms count as one
    ok443; exits 1; absent tcp.syn
}

case_ack_lost() {
    TITLE='The SYN-ACK arrives, but nothing the client sends after its SYN gets through.'
    COMPANION='a healthy exchange with the same server on 443'
    BROKEN='a DROP rule for packets to port 8013 that are not a SYN, on the router'
    TRUTH='The SYN-ACK repeats after the ACK of the client, and the ClientHello repeats without being acknowledged.'
    up; serve443; serve 8013 bin/tlsd.py 8013
    drop -p tcp --dport 8013 ! --syn
    record client
    companion
    port 50001; LIMIT=8 c bin/tlsc.py $EMS:8013
    stop 3.2
    must 3+ 'tcp.srcport==8013 && tcp.flags.syn==1'
    must 3+ 'tcp.dstport==8013 && tcp.len>0'
    primary $ME:50001 $EMS:8013 tcp.handshake.ack_lost network probable -
    frames tcp.handshake.ack_lost 'tcp.srcport==8013 && tcp.flags.syn==1'
    ok443; exits 1; absent tcp.clienthello tcp.syn
}
