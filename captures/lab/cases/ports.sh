# shellcheck shell=bash disable=SC2034,SC2086
# The other ports of EMS: the same exchange, and one way to fail on each.

on_port() { # on_port PORT: TLS there, recorded at the client
    up; serve $1 bin/tlsd.py $1
    record client
    port 50001; c bin/tlsc.py $EMS:$1 --name $NAME
    stop
    must 1 "tcp.dstport==$1 && tcp.flags.syn==1"
    primary $ME:50001 $EMS:$1 ok.tls.established_closed_clean none certain -
    healthy; absent tcp tls app
}
closed_beside_443() { # closed_beside_443 PORT: tried once, 443 of the same server works
    COMPANION='a healthy exchange with the same server on 443'
    record client
    companion
    port 50001; LIMIT=8 c bin/tcpc.py $EMS:$1 probe
}

case_ok_port_8443() { TITLE='A healthy exchange on 8443.'; TRUTH='Both sides exchange data over TLS and say goodbye.'; on_port 8443; }
case_ok_port_10443() { TITLE='A healthy exchange on 10443.'; TRUTH='Both sides exchange data over TLS and say goodbye.'; on_port 10443; }
case_ok_port_8015() { TITLE='A healthy exchange on 8015.'; TRUTH='Both sides exchange data over TLS and say goodbye.'; on_port 8015; }
case_port_8443_unknown_ca() {
    TITLE='On 8443 the server shows a certificate of an authority that the client does not know.'
    BROKEN='the client trusts another authority'; TRUTH='The client ends the handshake at the certificate with alert 48.'
    up; serve 8443 bin/tlsd.py 8443 --tls 1.2
    record client
    port 50001; c openssl s_client -connect $EMS:8443 -servername $NAME -CAfile made/certs/other.pem -verify_return_error -tls1_2
    stop
    must 1 'tls.alert_message.desc==48'
    primary $ME:50001 $EMS:8443 tls.cert.rejected_by_client.unknown_ca - certain -
    exits 1; absent ok tcp
}
case_port_10443_dropped() {
    TITLE='The SYN to 10443 is dropped without a word; 443 of the same server works.'
    BROKEN='a DROP rule for port 10443 on the router'
    TRUTH='The SYN stay unanswered while 443 proves that answers of this server are captured.'
    up; serve443; drop -p tcp --dport 10443
    closed_beside_443 10443; stop 3.2
    must 4+ 'tcp.dstport==10443 && tcp.flags.syn==1'; must 0 'tcp.srcport==10443'
    primary $ME:50001 $EMS:10443 tcp.syn.silent_drop unknown certain possible
    frames tcp.syn.silent_drop 'tcp.dstport==10443 && tcp.flags.syn==1'
    finding set.port.only_tcp_blocked
    ok443; exits 1; absent tcp.syn.refused tls app
}
case_port_8015_refused() {
    TITLE='Nothing listens on 8015; 443 of the same server works.'
    BROKEN='no service on port 8015'; TRUTH='The reset has the TTL of every packet of the server.'
    up; serve443
    closed_beside_443 8015; stop
    must 1 'tcp.srcport==8015 && tcp.flags.reset==1 && ip.ttl==63'
    primary $ME:50001 $EMS:8015 tcp.syn.refused_by_host server - -
    ok443; exits 1; absent tcp.syn.refused_by_middlebox tcp.syn.silent_drop tls app
}
