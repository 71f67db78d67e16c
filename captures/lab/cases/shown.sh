# shellcheck shell=bash disable=SC2034,SC2086
# What a server shows to some networks and not to others; helpers for several clients are in set.sh.

inspected() { # inspected NETWORK CERT: the router answers that network on 8013 itself, with a certificate of its own
    on router nft "add table ip g; add chain ip g c { type nat hook prerouting priority -100; }; add rule ip g c ip saddr $1 tcp dport 8013 redirect to :8013"
    bg router bin/tlsd.py 8013 --tls 1.2 --cert "$2"
    pause 1
}
by_turns() { # by_turns [options]: two clients of each network, one after the other, twice
    local p=50000 a
    for a in $ME 10.20.41.18 10.20.40.18 10.20.41.19 $ME 10.20.41.18 10.20.40.18 10.20.41.19; do
        p=$((p + 1)); from $a $p $EMS:8013 --tls 1.2 "$@"
    done
}

case_set_intercept_selective() {
    TITLE='A box in the path replaces the certificate of EMS for one network, and not for another (TLS 1.2).'
    BROKEN='the router takes the connections of 10.20.40.0/24 to 8013 itself and shows a certificate of an authority of its own'
    TRUTH='Both clients of one network are shown another issuer than both clients of the other, for the same name and in the same seconds, and refuse it.'
    COMPANION='two clients of 10.20.41.0/24 that work with the certificate of EMS'
    WHERE='the interface of the router towards the clients, r0'
    up; clients 10.20.40.18 10.20.41.18 10.20.41.19; serve 8013 bin/tlsd.py 8013 --tls 1.2
    inspected 10.20.40.0/24 made/certs/private
    record router
    by_turns
    stop 1
    must 4 'tls.alert_message.desc==48'
    local p
    for p in 50001 50005; do primary $ME:$p $EMS:8013 tls.intercept.other middlebox probable -; done
    for p in 50003 50007; do primary 10.20.40.18:$p $EMS:8013 tls.intercept.other middlebox probable -; done
    for p in 50002 50006; do works 10.20.41.18 $p; done
    for p in 50004 50008; do works 10.20.41.19 $p; done
    finding set.intercept.selective; exits 1
    frames set.intercept.selective 'tls.handshake.type==11' 2
    absent tcp.reset tls.clientcert tls.server tls.cert set.client set.server
}

case_ok_two_nodes_by_network() {
    TITLE='Each of two networks is sent to a node of its own, with a certificate of another authority that its clients trust (TLS 1.2).'
    BROKEN='nothing: the router sends one network to another node'
    TRUTH='All clients accept what they are shown and exchange data; two issuers alone are no inspection.'
    WHERE='the interface of the router towards the clients, r0'
    up; clients 10.20.40.18 10.20.41.18 10.20.41.19; serve 8013 bin/tlsd.py 8013 --tls 1.2
    inspected 10.20.40.0/24 made/certs/private
    record router
    by_turns --ca made/certs/long.pem
    stop 1
    must 0 'tls.alert_message.desc==48'; must 8 'tls.handshake.type==11'
    local p
    for p in 50001 50005; do works $ME $p; done
    for p in 50004 50008; do works 10.20.41.19 $p; done
    exits 0; absent set tls.intercept tls.cert tcp
}
