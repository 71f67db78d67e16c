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

# Two exchanges; of what was recorded, what is left is what the CPU of a FortiGate sees of sessions that its network
# processor carries: the opening, and the close ("Capture shows only the handshake, yet the application works").
carried_in_hardware() {
    BROKEN='nothing; packets between the opening and the close are taken out of the recording, as a network processor hides them'
    COMPANION='none'
    up; [ -z "${FORTINET:-}" ] || on router ip link set r0 address 00:09:0f:09:00:02
    serve 8013 bin/tlsd.py 8013; record client; port 50001; c bin/tlsc.py $EMS:8013; port 50002; c bin/tlsc.py $EMS:8013
    local form=${FORMAT:-pcap}; FORMAT=pcap; stop
    must 2+ 'tls.handshake.type==1'
    note "tshark -r capture.pcap -Y 'tcp.flags.syn==1 || tcp.flags.fin==1 || (tcp.seq==1 && tcp.ack==1 && tcp.len==0)' -w opening-and-close.pcap"
    tshark -n -r "$CAP" -F pcap -w "$OUT/left.pcap" -Y 'tcp.flags.syn==1 || tcp.flags.fin==1 || (tcp.seq==1 && tcp.ack==1 && tcp.len==0)' 2>/dev/null
    cp "$OUT/left.pcap" "$CAP"
    must 0 'tcp.len>0'; must 4 'tcp.flags.fin==1'; must 4 'tcp.flags.syn==1'
    [ "$form" = pcap ] || { note "bin/sniffertext.py opening-and-close.pcap $SNIFFER >capture.txt"; bin/sniffertext.py "$CAP" $SNIFFER >"$OUT/capture.txt"; SHIP=$OUT/capture.txt; }
    exits 3; absent ok tcp tls app
}
made_offload='A FortiGate is not part of the lab: the packets are recorded from live endpoints, and those that its hardware hides are left out.'
case_offloaded_sniffer() {
    TITLE='Sniffer text of a FortiGate in which two connections have an opening and a close and nothing between.'
    TRUTH="The numbers of FIN count octets that are in no packet. $made_offload $made_text"
    FORMAT=txt SNIFFER='6 --inside 10.20.40.17'
    carried_in_hardware
    primary $ME:50001 $EMS:8013 cannot_tell.offloaded capture probable -
    primary $ME:50002 $EMS:8013 cannot_tell.offloaded capture probable -
}
case_offloaded_file() {
    TITLE='A capture file beside a FortiGate in which two connections have an opening and a close and nothing between.'
    TRUTH="The numbers of FIN count octets that are in no packet; the next hop has a hardware address of Fortinet. $made_offload"
    FORTINET=1; carried_in_hardware
    primary $ME:50001 $EMS:8013 cannot_tell.offloaded capture possible -
    primary $ME:50002 $EMS:8013 cannot_tell.offloaded capture possible -
}
case_opening_and_close_only() {
    TITLE='The same openings and closes in a file that no FortiGate is near: whoever recorded it left the rest out.'
    TRUTH='The numbers of FIN count octets that are in no packet; nothing says why.'
    carried_in_hardware
    primary $ME:50001 $EMS:8013 cannot_tell.capture_loss capture certain -
    absent cannot_tell.offloaded
}
