# shellcheck shell=bash disable=SC2034,SC2086
# EMS installs FortiClient: it opens SMB on 445 and RPC on 135 of the endpoint. The client of the lab plays the EMS,
# the server at 10.0.0.10 the endpoint.

rpc_endpoint() { serve 135 bin/tcpd.py 135 banner '|\x05\x00\x0c\x03\x10\x00\x00\x00'; } # answers a bind as an endpoint mapper begins
rpc_asks() { port 50135; c bin/tcpc.py $EMS:135 say '\x05\x00\x0b\x03\x10\x00\x00\x00'; }
smb_tries() { port 50445; LIMIT=8 c bin/tcpc.py $EMS:445 probe; }
rpc_works() { primary $ME:50135 $EMS:135 ok.tcp.no_tls none certain -; }

case_deploy_smb_dropped() {
    TITLE='The deployment of EMS gets no answer on 445 of an endpoint; 135 of it works.'
    COMPANION='an exchange with the same endpoint on 135'
    BROKEN='a DROP rule for port 445 on the router'; TRUTH='Five SYN of one sequence number stay unanswered, while 135 proves that the endpoint is there and its answers are captured.'
    up; rpc_endpoint; drop -p tcp --dport 445; record client
    rpc_asks; smb_tries; stop 3.2
    must 5+ 'tcp.dstport==445 && tcp.flags.syn==1'; must 0 'tcp.srcport==445'; args --ems $ME
    primary $ME:50445 $EMS:445 tcp.syn.silent_drop unknown certain possible; rpc_works; exits 1
    frames tcp.syn.silent_drop 'tcp.dstport==445 && tcp.flags.syn==1'; absent tcp.syn.refused tls app
}
case_deploy_smb_refused() {
    TITLE='The endpoint refuses the deployment of EMS on 445; 135 of it works.'
    COMPANION='an exchange with the same endpoint on 135'
    BROKEN='nobody listens on 445: file sharing is off'; TRUTH='The SYN is answered by RST with the TTL of the packets of 135.'
    up; rpc_endpoint; record client
    rpc_asks; smb_tries; stop
    must 1 'tcp.srcport==445 && tcp.flags.reset==1'; args --ems $ME
    primary $ME:50445 $EMS:445 tcp.syn.refused_by_host server - -; rpc_works; exits 1; absent tcp.syn.silent_drop tls app
}
case_ok_deploy_smb() {
    TITLE='EMS reaches the share of an endpoint on 445 and logs in.'; TRUTH='SMB negotiation, login and a listing are answered with status 0.'
    up; serve 445 bin/smbdd; record client
    port 50445; c smbclient -s /dev/null -U nobody%secret -c ls //$EMS/admin; stop
    must 1+ 'smb2.cmd==14 && smb2.flags.response==1 && smb2.nt_status==0'; args --ems $ME
    primary $ME:50445 $EMS:445 ok.tcp.no_tls none certain -; healthy; absent tcp tls app
}
case_ok_endpoint_asks_ems_for_smb() {
    TITLE='An endpoint tries 445 of the EMS, which is dropped; 8013 works.'
    COMPANION='a healthy exchange with the EMS on 8013'
    BROKEN='a DROP rule for port 445 on the router'; TRUTH='Only EMS opens 445, and to endpoints; Windows tries it with every server it knows. It is no matter of FortiClient.'
    up; serve 8013 bin/tlsd.py 8013; drop -p tcp --dport 445; record client
    hello; smb_tries; stop 3.2
    must 5+ 'tcp.dstport==445 && tcp.flags.syn==1'
    good $clean; healthy; absent tcp tls set
}
case_deploy_rpc_refused() {
    TITLE='The endpoint refuses RPC of EMS on 135; 445 of it answers.'
    COMPANION='a connection to the same endpoint on 445'
    BROKEN='nobody listens on 135'; TRUTH='The SYN is answered by RST with the TTL of the packets of 445.'
    up; serve 445 bin/tcpd.py 445 banner '|\x00'; record client
    smb_tries; port 50135; c bin/tcpc.py $EMS:135 probe; stop
    must 1 'tcp.srcport==135 && tcp.flags.reset==1'; args --ems $ME
    primary $ME:50135 $EMS:135 tcp.syn.refused_by_host server - -; exits 1; absent tcp.syn.silent_drop tls
}
case_deploy_rpc_dropped() {
    TITLE='RPC of EMS gets no answer on 135 of an endpoint; 445 of it answers.'
    COMPANION='a connection to the same endpoint on 445'
    BROKEN='a DROP rule for port 135 on the router'; TRUTH='Every SYN to 135 stays unanswered, while 445 proves that the endpoint is there and its answers are captured.'
    up; serve 445 bin/tcpd.py 445 banner '|\x00'; drop -p tcp --dport 135; record client
    smb_tries; port 50135; LIMIT=8 c bin/tcpc.py $EMS:135 probe; stop 3.2
    must 4+ 'tcp.dstport==135 && tcp.flags.syn==1'; must 0 'tcp.srcport==135'; args --ems $ME
    primary $ME:50135 $EMS:135 tcp.syn.silent_drop unknown certain possible; exits 1
    frames tcp.syn.silent_drop 'tcp.dstport==135 && tcp.flags.syn==1'; absent tcp.syn.refused tls
}
