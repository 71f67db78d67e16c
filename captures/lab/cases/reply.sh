# shellcheck shell=bash disable=SC2034,SC2086
# A request over TLS, and whether anything answers it.

unanswered() { # unanswered VERSION ID CONFIDENCE: the client of tlsc.py sends a request that the server reads and drops
    up wire; bg wire bin/wire.py w0 w1 --delay 0.01; serve 8013 bin/tlsd.py 8013 --tls $1 --mute --think 0.6
    record client
    port 50001; c bin/tlsc.py $EMS:8013 --tls $1
    stop 1
    grep -q '^0 bytes' "$OUT/client.log" || die 'the client has an answer'
    primary $ME:50001 $EMS:8013 $2 $3 $4 -
}
case_closed_without_reply_tls12() {
    TITLE='Under TLS 1.2 the server reads the request of the client and closes without an answer.'
    BROKEN='a server that drops every request'
    TRUTH='The client says that it got 0 bytes. Records of type 23 come from the client only; the server says close_notify and FIN.'
    unanswered 1.2 app.closed_without_reply server certain
    exits 1; absent tcp tls ok
}
case_request_or_tickets() {
    TITLE='Under TLS 1.3 the server reads the request and closes without an answer; its two tickets come behind the request.'
    BROKEN='a server that drops every request'
    TRUTH='The client says that it got 0 bytes. It did not wait for the tickets, so they are where an answer would be; without keys nobody can tell them from one (answer_like_tickets).'
    unanswered 1.3 cannot_tell.encrypted_reason unknown certain
    exits 3; absent ok tcp tls app
}
case_answer_like_tickets() {
    TITLE='A server without tickets answers in two records that are as long as two tickets, and closes.'
    TRUTH='The client prints the answer; the two records behind its request hold it, in the place and of a length that tickets of TLS 1.3 have. Without keys it looks like request_or_tickets.'
    up; serve 8013 bin/tlsd.py 8013 --tls 1.3 --tickets 0 --reply 220 --twice --idle 0.5
    record client
    port 50001; HOLD=2 say 'hello\n' openssl s_client -connect $EMS:8013 -servername $NAME -CAfile made/certs/ca.pem -quiet -no_ign_eof
    stop 1
    must 1+ 'tcp.srcport==8013 && tls.record.length==237'
    [ "$(tr -cd x <"$OUT/client.log" | wc -c)" -ge 440 ] || die 'the client has no answer'
    primary $ME:50001 $EMS:8013 cannot_tell.encrypted_reason unknown certain -
    exits 3; no_blame; absent app ok
}
case_ok_answer_then_close() {
    TITLE='A server without tickets gives a short answer to a client that did not wait; the client closes at once.'
    TRUTH='The client prints the answer and leaves by itself, content.'
    up wire; bg wire bin/wire.py w0 w1 --delay 0.01; serve 8013 bin/tlsd.py 8013 --tls 1.3 --tickets 0 --reply 220
    record client
    port 50001; c bin/tlsc.py $EMS:8013
    stop 1
    must 1 'tcp.srcport==8013 && tls.record.length==237'
    primary $ME:50001 $EMS:8013 ok.tls.established_closed_clean none certain -
    healthy; absent app
}
dead_backend() { # dead_backend VERSION CONFIDENCE: haproxy ends TLS and finds nobody behind it
    up; serve 8013 bin/haproxyd 'listen ems\n mode tcp\n bind :8013 ssl crt @CRT@\n server ems 127.0.0.1:1'
    record client
    port 50001; c curl -sS --cacert made/certs/ca.pem --tlsv1.2 --tls-max $1 --resolve $NAME:8013:$EMS https://$NAME:8013/
    stop 1
    grep -q 'Empty reply\|SSL_read' "$OUT/client.log" || die 'the client has an answer'
    primary $ME:50001 $EMS:8013 app.closed_without_reply server $2 possible
    exits 1; absent tcp tls ok
}
case_haproxy_dead_backend_tls12() {
    TITLE='haproxy takes the TLS 1.2 connection and the request, and says goodbye: the EMS behind it does not run.'
    BROKEN='no server behind haproxy'
    TRUTH='curl says "Empty reply from server". The goodbye (an encrypted alert) is of haproxy.'
    dead_backend 1.2 certain
}
case_haproxy_dead_backend_tls13() {
    TITLE='haproxy takes the TLS 1.3 connection and the request, and says goodbye: the EMS behind it does not run.'
    BROKEN='no server behind haproxy'
    TRUTH='curl says "Empty reply from server". The last record of haproxy has the size of an alert and is the first of its kind.'
    dead_backend 1.3 -
}

too_late() { # too_late VERSION: the client waits three seconds, the server thinks for five
    up; serve 8013 bin/tlsd.py 8013 --tls $1 --web --think 5
    record client
    port 50001; c curl -sS --max-time 3 --cacert made/certs/ca.pem --resolve $NAME:8013:$EMS https://$NAME:8013/
    stop 4
    grep -q 'timed out' "$OUT/client.log" || die 'the client had an answer'
    must 1+ 'tcp.srcport==50001 && tcp.flags.reset==1'
    primary $ME:50001 $EMS:8013 cannot_tell.encrypted_reason unknown certain -
    exits 3; absent ok tcp tls
}
case_answered_too_late_tls12() {
    TITLE='Under TLS 1.2 the answer comes two seconds after the client has given up.'
    BROKEN='a server that takes five seconds'
    TRUTH='curl says that it timed out after three seconds with 0 bytes received. It closes, and refuses by a reset what the server sends later.'
    too_late 1.2
}

case_no_reply_still_open() {
    TITLE='A client has asked, and waits for an answer for longer than half a minute, until the capture ends.'
    BROKEN='the server reads the request and sleeps'
    TRUTH='The request is acknowledged; for more than 30 seconds nothing comes, and nobody closes.'
    COMPANION='a healthy exchange with the same server on 443, at the end'
    up; serve443; serve 8013 bin/tlsd.py 8013 --think 200 --tls 1.2; record client
    port 50001; in_ns client timeout 160 bin/tlsc.py $EMS:8013 --tls 1.2 >/dev/null 2>&1 &
    note "client\$ bin/tlsc.py $EMS:8013 --tls 1.2 &"
    pause 50; companion; stop; ok443
    must 0 'tcp.port==8013 && (tcp.flags.fin==1 || tcp.flags.reset==1)'; must 0 'tcp.srcport==8013 && tls.record.content_type==23'
    primary $ME:50001 $EMS:8013 app.no_reply_timeout server probable possible; exits 1; absent tcp tls info
    frames app.no_reply_timeout 'tcp.dstport==8013 && tls.record.content_type==23' 1
}
