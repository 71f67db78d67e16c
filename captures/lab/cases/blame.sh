# shellcheck shell=bash disable=SC2034,SC2086
# Who cut it: devices that write a reset as the server would, ends that forgot, one event at two capture points.

client='ip.src==10.20.40.17 && tcp.srcport==50001'
server='ip.src==10.0.0.10 && tcp.srcport==8013'
broken() { primary $ME:50001 $EMS:8013 "$@"; exits 1; }
talk() { port 50001; LIMIT=8 c bin/tlsc.py $EMS:8013 "$@"; }
bridge() { up wire; bg wire bin/wire.py w0 w1 "$@"; sleep 0.3; serve 8013 bin/tlsd.py 8013; }

case_reset_bridge_same_ttl() {
    TITLE='A bridge beside the server resets the client at the ClientHello, with the TTL of the server.'
    BROKEN='a program on the wire that answers the name in the ClientHello with a reset and drops it'
    TRUTH='The TTL is that of the server; the reset lacks the timestamps of all other packets, and its window is 0. That is too little to say who sent it, and too much to blame the server.'
    bridge --cut $NAME
    record client
    talk
    stop
    must 1 "$server && tcp.flags.reset==1 && ip.ttl==63 && ip.id==0 && tcp.window_size_value==0"
    broken tcp.reset.after_clienthello unknown certain possible
    frames tcp.reset.after_clienthello "$server && tcp.flags.reset==1"
    absent tcp.reset.by_server
}
case_reset_bridge_passing_at_client() {
    TITLE='A bridge beside the server resets the client and lets the ClientHello pass; recorded at the client.'
    BROKEN='a program on the wire that sends a reset when the name passes'
    TRUTH='The answer of the server comes behind the reset: the server never closed.'
    bridge --delay 0.01 --cut $NAME --cut-pass
    record client
    talk
    stop
    must 1 "$server && tcp.flags.reset==1"; must 1+ "$server && tcp.len>0"
    broken tcp.reset.injected middlebox probable -
    frames tcp.reset.injected "$server && tcp.flags.reset==1"
    absent tcp.reset.by tcp.reset.both
}
case_reset_bridge_passing_at_server() {
    TITLE='The same event, recorded at the server: the client answers the flight of the server with a bare reset.'
    BROKEN='a program on the wire that sends a reset to the client when the name passes'
    TRUTH='The reset comes from the client, which was told by somebody else that the connection is over; at the server nothing shows that. The client is not to be blamed.'
    bridge --delay 0.01 --cut $NAME --cut-pass
    record server
    talk
    stop
    must 1+ "$client && tcp.flags.reset==1 && tcp.flags.ack==0"; must 0 "$server && tcp.flags.reset==1"
    broken tcp.reset.by_client unknown probable possible
    frames tcp.reset.by_client "$client && tcp.flags.reset==1" 1
    absent tcp.reset.injected
}
case_reset_inside_router() {
    TITLE='A router resets at the ClientHello, recorded on the router itself.'
    BROKEN='an iptables string match on the EMS name with REJECT and TCP reset, on the router'
    WHERE='the router, both interfaces (Linux cooked)'
    TRUTH='All packets pass the router and are recorded twice; the reset is recorded once, on its way out.'
    up; serve 8013 bin/tlsd.py 8013; on router iptables -I FORWARD -p tcp --dport 8013 -m string --algo bm --string $NAME -j REJECT --reject-with tcp-reset
    IF=any record router
    port 50002; c bin/tlsc.py $EMS:8013 --name other.corp.example --blind
    talk
    stop
    must 1 "tcp.dstport==50001 && tcp.flags.reset==1"; must 2 'tcp.dstport==50001 && tcp.flags.syn==1'
    broken tcp.reset.injected middlebox probable -
    absent tcp.reset.by_server tcp.reset.after
}
case_reset_inside_router_by_server() {
    TITLE='The server resets when it has read the ClientHello, recorded on the router.'
    BROKEN='a server that reads and aborts'
    WHERE='the router, both interfaces (Linux cooked)'
    TRUTH='The reset passes the router as all other packets do and is recorded twice.'
    up; serve443; serve 8013 bin/tcpd.py 8013 read-reset
    IF=any record router
    companion; talk
    stop
    must 2 "tcp.dstport==50001 && tcp.flags.reset==1"
    broken tcp.reset.after_clienthello server certain possible
    ok443; absent tcp.reset.injected tcp.reset.both
}
case_reset_server_forgot() {
    TITLE='The server process is killed and its FIN is lost; the next request is answered by a bare reset.'
    BROKEN='kill -9, and a rule on the server that drops what has FIN'
    TRUTH='The kernel of the server answers a packet of a connection that it does not know any more. A device that takes over a connection without its state sends the same.'
    up; serve 8013 bin/tlsd.py 8013
    record client; also_record server
    talk --times 2 --every 2 &
    sleep 1
    on server iptables -A OUTPUT -p tcp --sport 8013 --tcp-flags FIN FIN -j DROP
    kill -9 "$(in_ns server ss -Hltnp 'sport = :8013' | grep -oP 'pid=\K\d+' | head -1)"
    wait $!
    stop
    must 1+ "$server && tcp.flags.reset==1 && tcp.flags.ack==0"; must 0 "$server && tcp.flags.fin==1"
    broken tcp.reset.by_server unknown probable possible
    frames tcp.reset.by_server "$server && tcp.flags.reset==1" 1
    absent tcp.reset.injected
    at_other 'The kernel of the server answers with a bare reset; its FIN was dropped before it left.'
    must 1+ "$server && tcp.flags.reset==1 && tcp.flags.ack==0"; must 0 "$server && tcp.flags.fin==1"
    broken tcp.reset.by_server unknown probable possible
    frames tcp.reset.by_server "$server && tcp.flags.reset==1" 1
    absent tcp.reset.injected
}
