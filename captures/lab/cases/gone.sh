# shellcheck shell=bash disable=SC2034,SC2086
# A client that has an answer, leaves, and is back: turned away, or at its timer.

# comes GAP...: an exchange, then another one after each of these seconds, from ports 50001 on
comes() {
    up; serve 8013 bin/tlsd.py 8013 --reply 60; record client
    local n=1 gap; port 5000$n; c bin/tlsc.py $EMS:8013 --send 'X-FCCK-REGISTER\n'
    for gap; do n=$((n + 1)); pause $gap; port 5000$n; c bin/tlsc.py $EMS:8013 --send 'X-FCCK-REGISTER\n'; done
    stop
    primary $ME:50001 $EMS:8013 ok.tls.established_closed_clean none certain -
    primary $ME:5000$n $EMS:8013 ok.tls.established_closed_clean none certain -
}
case_reply_then_client_gone() {
    TITLE='A client is answered in 60 octets, leaves, and asks again after 1, 2, 4 and 7 seconds.'
    BROKEN='the client takes the answer for a refusal: it waits a little longer each time and asks again'
    TRUTH='Five exchanges of one request and one short answer, each ended by the client, within 20 s, and at no regular interval.'
    comes 1 2 4 7
    must 5 'tcp.dstport==8013 && tcp.flags.syn==1'
    finding app.reply_then_client_gone; IDS+=(app.reply_then_client_gone); exits 0
    frames app.reply_then_client_gone 'tcp.dstport==8013 && tcp.flags.syn==1' 1
    absent app.retry_storm tcp
}
case_ok_short_checkins() {
    TITLE='The same short exchanges as a check-in: every three seconds.'
    TRUTH='Five exchanges of one request and one short answer, each ended by the client, three seconds apart.'
    comes 3 3 3 3
    must 5 'tcp.dstport==8013 && tcp.flags.syn==1'
    healthy; absent app
}
