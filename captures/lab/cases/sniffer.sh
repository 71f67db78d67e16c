# shellcheck shell=bash disable=SC2034
# What a FortiGate sniffer shows on a terminal.  The packets are recorded in the lab; bin/sniffertext.py prints them in
# the layout of the sniffer's own printers.  A FortiGate is not part of the lab.

made_text='The packets are those of a recording in the lab, which tshark checked; the text was made of them by a script that follows the printed layout.'

sniffed_drop() {
    BROKEN='a DROP rule for port 8013 on the router'
    COMPANION='DNS lookup, then a healthy exchange with the same server on 443'
    FORMAT=txt
    up; names; serve443
    drop -p tcp --dport 8013
    record client
    lookup; companion
    port 50001; LIMIT=8 c bin/tcpc.py $EMS:8013 probe
    stop 3.2
    must 5+ 'tcp.dstport==8013 && tcp.flags.syn==1'
    must 0 'tcp.srcport==8013'
    primary $ME:50001 $EMS:8013 tcp.syn.silent_drop unknown certain possible
    frames tcp.syn.silent_drop 'tcp.dstport==8013'
    exits 1
}

case_sniffer_1_drop() {
    TITLE='Sniffer text of verbosity 1, without octets: SYNs to 8013 stay unanswered; 443 works as far as flags tell.'
    TRUTH="The flags and numbers show it. $made_text"
    SNIFFER='1 --relative --terminal'
    sniffed_drop
    primary $ME:50443 $EMS:443 cannot_tell.truncated capture certain -
    absent capture.lossy capture.cut_short capture.clock_jump
}

case_sniffer_4_drop() {
    TITLE='The same at verbosity 4, with interfaces and absolute times.'
    TRUTH="The flags and numbers show it. $made_text"
    SNIFFER='4 --inside 10.20.40.17'
    sniffed_drop
    primary $ME:50443 $EMS:443 cannot_tell.truncated capture certain -
    absent capture.lossy capture.cut_short capture.clock_jump
}

case_sniffer_6_drop() {
    TITLE='The same at verbosity 6 on any, with octets, from a terminal with prompts and CR LF.'
    TRUTH="Numbers and octets show it. $made_text"
    SNIFFER='6 --inside 10.20.40.17 --terminal'
    sniffed_drop
    ok443
    absent capture.lossy capture.cut_short
}

case_sniffer_3_cert() {
    TRUTH="The client's alert 48 stands in clear in the octets. The times have no date, so no date of the certificate is judged. $made_text"
    FORMAT=txt SNIFFER='3 --interface port1 --relative'
    reject openssl private 1.2
    plain 48 tls.cert.rejected_by_client.unknown_ca unknown certain -
    TITLE='Sniffer text of verbosity 3 on one named interface: the client refuses the certificate under TLS 1.2, seen in octets.'
    absent tls.cert.rejected_by_client.expired tls.cert.rejected_by_client.not_yet_valid tls.cert.expires_soon capture.cut_short
}

# What the network processor of a FortiGate leaves to its sniffer: the handshake.
handshakes_only() {
    local x=$OUT/few.pcap
    note "tshark -r capture.pcap -Y 'tcp.len==0 && tcp.seq<=1 && tcp.ack<=1 && !tcp.flags.fin' -w few.pcap"
    tshark -n -r "$OUT/raw.pcap" -F pcap -Y 'tcp.len==0 && tcp.seq<=1 && tcp.ack<=1 && tcp.flags.fin==0' -w "$x" 2>/dev/null || die 'no handshakes'
    mv "$x" "$OUT/raw.pcap"
    note "bin/sniffertext.py few.pcap $SNIFFER >capture.txt"
    # shellcheck disable=SC2086
    bin/sniffertext.py "$OUT/raw.pcap" $SNIFFER >"$OUT/capture.txt" || die 'no text'
    SHIP=$OUT/capture.txt CAP=$OUT/raw.pcap
}
case_sniffer_6_offloaded() {
    TITLE='Sniffer text of two healthy connections of which hardware hides all but the handshakes.'
    TRUTH="Both connections worked; what follows the handshake was taken out of the recording, as a network processor keeps it from the sniffer. Made by hand after the symptom described by the vendor (capture shows only the handshake), not by such a processor. $made_text"
    BROKEN='everything after the handshakes taken out of the recording'
    SNIFFER='6 --inside 10.20.40.17'
    up; serve 8013 bin/tlsd.py 8013
    record router
    port 50001; c bin/tlsc.py $EMS:8013
    port 50002; c bin/tlsc.py $EMS:8013
    pause 4; port 50003; c bin/tlsc.py $EMS:8013
    stop; handshakes_only
    must 0 'tcp.len>0'; must 3 'tcp.flags.syn==1 && tcp.flags.ack==0'
    primary $ME:50001 $EMS:8013 cannot_tell.offloaded capture probable -
    primary $ME:50002 $EMS:8013 cannot_tell.offloaded capture probable -
    primary $ME:50003 $EMS:8013 info.incomplete.in_progress capture certain -
    exits 3; absent tls tcp ok
}
case_sniffer_6_client_silent() {
    TITLE='The same text of a client that connects and says nothing, beside one that works.'
    TRUTH="The sniffer shows the data of the other connection, so it would show that of this one. $made_text"
    BROKEN='a client that never starts TLS'
    SNIFFER='6 --inside 10.20.40.17' FORMAT=txt
    up; serve 8013 bin/tlsd.py 8013
    record router
    port 50002; c bin/tlsc.py $EMS:8013
    port 50001; LIMIT=9 c bin/tcpc.py $EMS:8013 hold 6
    stop
    primary $ME:50001 $EMS:8013 tls.none.client_silent client certain -
    primary $ME:50002 $EMS:8013 ok.tls.established_closed_clean none certain -
    exits 0; absent cannot_tell
}
