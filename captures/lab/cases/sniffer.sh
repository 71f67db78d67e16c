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
