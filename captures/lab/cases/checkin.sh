# shellcheck shell=bash disable=SC2034,SC2086
# One endpoint over time.

# check_in PORT... : one exchange from each port, four seconds apart
check_in() { local p; for p; do from ${WHO:-$ME} $p; pause 4; done; }

# two servers of one site, and what it configured
SECOND=10.0.0.11
two_servers() {
    up; on server ip addr add $SECOND/24 dev s0
    serve 8013 bin/tlsd.py 8013
}
configure() { printf '%s\n' "$@" >"$OUT/shakeout.ini"; CONFIG=1; args --config ./shakeout.ini; }
roles() {
    configure '[ems primary]' "addresses = $EMS" 'role = primary' '' '[ems second]' "addresses = $SECOND" 'role = backup'
}
visit() { port "$2"; c bin/tlsc.py "$1:8013" --source $ME; pause 2; }

case_checkin_on_backup_server() {
    TITLE='A client checks in; then its attempts get no answer, and it goes to the second server.'
    BROKEN='a DROP rule for port 8013 of the first server on the router, after two check-ins'
    TRUTH='The configuration beside the capture says that 10.0.0.10 is the primary and 10.0.0.11 the backup. Exchanges with the backup begin after a failure at the primary.'
    two_servers; roles
    record client
    visit $EMS 50001; visit $EMS 50002
    on router iptables -A FORWARD -d $EMS -p tcp --dport 8013 -j DROP
    LIMIT=8 visit $EMS 50003
    visit $SECOND 50004; visit $SECOND 50005
    stop 1
    works $ME 50002; fails $ME 50003 tcp.syn.silent_drop
    primary $ME:50004 $SECOND:8013 ok.tls.established_closed_clean none certain -
    finding checkin.on_backup_server; exits 1
    absent checkin.unexpected_server
}

case_checkin_backup_planned() {
    TITLE='A client checks in with the first server, and later with the second.'
    TRUTH='Nothing failed at the primary: somebody moved the client, or it balances load.'
    two_servers; roles
    record client
    visit $EMS 50001; visit $EMS 50002; visit $SECOND 50003; visit $SECOND 50004
    stop 1
    works $ME 50002
    primary $ME:50003 $SECOND:8013 ok.tls.established_closed_clean none certain -
    healthy; absent checkin
}

case_checkin_unexpected_server() {
    TITLE='A client checks in with a server of which the configuration says nothing.'
    BROKEN='the profile of the client: a script that asks 10.0.0.11'
    TRUTH='The configuration beside the capture names 10.0.0.10 only; the exchanges with 10.0.0.11 work and carry data.'
    two_servers; configure '[ems primary]' "addresses = $EMS"
    record client
    visit $EMS 50001; visit $SECOND 50002
    stop 1
    works $ME 50001
    primary $ME:50002 $SECOND:8013 ok.tls.established_closed_clean none certain -
    finding checkin.unexpected_server; exits 0
    absent checkin.on_backup_server
}

case_checkin_missed() {
    TITLE='A client checks in every four seconds; then its attempts get no answer until the capture ends.'
    BROKEN='a DROP rule for port 8013 on the router, after six check-ins'
    TRUTH='Six exchanges at one distance, then only SYNs without an answer for more than three of these distances.'
    up; serve 8013 bin/tlsd.py 8013
    record client
    check_in 50001 50002 50003 50004 50005 50006
    on router iptables -A FORWARD -p tcp --dport 8013 -j DROP
    for p in 50007 50008 50009; do LIMIT=4 from $ME $p; pause 1; done
    stop 3.2
    must 9+ 'tcp.dstport==8013 && tcp.flags.syn==1'
    works $ME 50006; fails $ME 50008 tcp.syn.silent_drop
    finding checkin.missed; exits 1
    absent checkin.irregular checkin.address_changed
}

case_checkin_asleep() {
    TITLE='A client checks in every four seconds, is silent for a while, and goes on.'
    TRUTH='Nothing of the client is seen in the pause: it may have slept. An absence alone is no missed check-in.'
    up; serve 8013 bin/tlsd.py 8013
    record client
    check_in 50001 50002 50003 50004 50005 50006
    pause 16
    check_in 50007 50008 50009
    stop
    works $ME 50006; works $ME 50007
    healthy; absent checkin
}

case_checkin_irregular() {
    TITLE='A client checks in at distances between four and twenty-two seconds, in no order.'
    BROKEN='the timer of the client: a script with pauses of its own'
    TRUTH='Ten exchanges; four of their nine distances are more than three times the median, with no timer behind them.'
    up; serve 8013 bin/tlsd.py 8013
    record client
    local p=50001 i
    for i in 4 20 5 17 4 22 6 19 4 0; do from $ME $p; pause $i; p=$((p + 1)); done
    stop
    works $ME 50001; works $ME 50010
    finding checkin.irregular; exits 0
    absent checkin.missed
}

case_checkin_address_changed() {
    TITLE='A client checks in, gets another address, and goes on.'
    BROKEN='nothing; the address of the interface is replaced'
    TRUTH='The same network card, next to the capture, sends from one address and afterwards from another.'
    up; serve 8013 bin/tlsd.py 8013
    record client
    check_in 50001 50002
    on client ip addr add 10.20.40.99/24 dev c0
    WHO=10.20.40.99 check_in 50003 50004
    stop
    works $ME 50002; works 10.20.40.99 50003
    finding checkin.address_changed; exits 0
    absent checkin.missed checkin.irregular
}
