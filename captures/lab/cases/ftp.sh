# shellcheck shell=bash disable=SC2034,SC2086
# FTP on 21, which endpoints ask in some set-ups: judged with --scope all.

files() { up; cat made/certs/wrongname.pem made/certs/wrongname.key >$OUT/both.pem; serve 21 bin/ftpd_lab.py 21 "$@"; record client; }
files_by_hand() { up; serve 21 bin/tcpd.py 21 "$@"; record client; } # a server whose octets follow the RFC
fetch() { port 50021; c curl -sS --max-time 10 "$@" ftp://$EMS/list.txt; } # fetch [curl options]
filesays() { # filesays ID CODE OWNER CAUSE
    must 1 "ftp.response.code==$2"; args --scope all
    primary $ME:50021 $EMS:21 $1 $3 certain $4; exits 1
    frames $1 "ftp.response.code==$2"; absent tcp tls
}
fileworks() { args --scope all; primary $ME:50021 $EMS:21 $1 none certain -; healthy; absent tls.not_tls; }

case_ftp_login_failed() {
    TITLE='The file server refuses the login.'
    BROKEN='the client has a wrong password'; TRUTH='PASS is answered 530.'
    files; fetch -u ems:wrong; stop
    filesays app.ftp.login_failed 530 client probable
}
case_ftp_tls_wanted() {
    TITLE='The file server takes logins inside TLS alone, and the client has none.'
    BROKEN='pyftpdlib wants TLS on the control connection'; TRUTH='USER is answered 550 with words that name TLS.'
    files cert=$OUT/both.pem tls=required; fetch -u ems:secret; stop
    filesays app.ftp.login_failed 550 client probable
}
case_ftp_auth_refused() {
    TITLE='The file server has no TLS, and the client insists on it.'
    BROKEN='the server has no certificate'; TRUTH='AUTH is answered 500 each time, and the client leaves.'
    files; fetch -u ems:secret --ssl-reqd; stop
    must 1+ 'ftp.response.code==500'; must 0 'ftp.request.command=="PASS"'; args --scope all
    primary $ME:50021 $EMS:21 app.ftp.rejected server certain possible; exits 1
    frames app.ftp.rejected 'ftp.response.code==500' 1; absent tcp tls
}
case_ftp_too_many() {
    TITLE='The file server has too many connections.'
    BROKEN='pyftpdlib takes one connection, and another client holds it'; TRUTH='The greeting is 421, then FIN.'
    files most=1; port 50020; bg client bin/tcpc.py $EMS:21 hold 5; pause 1; fetch -u ems:secret; stop 1
    filesays app.ftp.rejected 421 server possible
}
case_ftp_no_data_connection() {
    TITLE='The file server gets no data connection.'
    BROKEN='a small server whose octets follow RFC 959; it answers RETR with 425'; TRUTH='RETR is answered 425, and no file goes over.'
    files_by_hand banner '220 ready\r\n|331 password\r\n|230 come in\r\n|425 Cannot open data connection\r\n|221 bye\r\n'
    port 50021; c bin/tcpc.py $EMS:21 listen-first 'USER ems\r\n|PASS secret\r\n|RETR list.txt\r\n|QUIT\r\n'; stop
    filesays app.ftp.rejected 425 server possible
}
case_ftp_auth_unknown_ca() {
    TITLE='The file server starts TLS, and the client does not know the authority of its certificate.'
    BROKEN='the client trusts another authority'; TRUTH='AUTH TLS is answered 234; the client ends the handshake at the certificate with alert 48.'
    files cert=$OUT/both.pem; port 50021
    c openssl s_client -connect $EMS:21 -starttls ftp -CAfile made/certs/other.pem -verify_return_error -tls1_2; stop
    must 1 'ftp.response.code==234'; args --scope all
    primary $ME:50021 $EMS:21 tls.cert.rejected_by_client.unknown_ca unknown certain -; exits 1; absent app tcp tls.not_tls
}
case_ok_ftp() {
    TITLE='A file is fetched.'; TRUTH='The login is answered 230, RETR 125 and 226.'
    files; fetch -u ems:secret; stop
    must 1 'ftp.response.code==226'; fileworks ok.tcp.no_tls; absent app
}
case_ok_ftp_tls() {
    TITLE='A client logs in inside TLS.'; TRUTH='AUTH TLS is answered 234; data flow both ways inside TLS, and the server closes after QUIT.'
    files cert=$OUT/both.pem; port 50021
    say 'USER ems\r\nPASS secret\r\nQUIT\r\n' openssl s_client -connect $EMS:21 -starttls ftp -CAfile made/certs/ca.pem -quiet; stop
    must 1 'ftp.response.code==234'; fileworks ok.closed_after_data_rst; absent app
}
case_ok_ftp_tls_optional() {
    TITLE='The file server has no TLS, and the client goes on without.'; TRUTH='AUTH is answered 500, the login 230, RETR 226: a warning.'
    files; fetch -u ems:secret --ssl; stop
    must 1 'ftp.response.code==226'; fileworks ok.tcp.no_tls; finding app.ftp.rejected; absent tls
}
case_ok_ftp_missing_file() {
    TITLE='A file that is not there is asked for.'; TRUTH='RETR or SIZE is answered 550: the service works.'
    files; port 50021; c curl -sS --max-time 10 -u ems:secret ftp://$EMS/none.txt; stop
    must 1+ 'ftp.response.code==550'; fileworks ok.tcp.no_tls; absent app
}

# The data connection: the client goes to a port that the server names.
passively() { LIMIT=14 c curl -sS --local-port 50021-50029 --disable-epsv -u ems:secret ftp://$EMS/list.txt; }
passivefails() { # passivefails OWNER FACT CODE
    must 1+ "ftp.response.code==$3"; must 0 'ftp.response.code==226'; must 2+ 'tcp.dstport==60100 && tcp.flags.syn==1 || tcp.srcport==60100'
    args --scope all; primary $ME:50021 $EMS:21 app.ftp.passive_failed $1 $2 probable; exits 1
    frames app.ftp.passive_failed "ftp.response.code==$3" 1; frames app.ftp.passive_failed 'tcp.dstport==60100 && tcp.flags.syn==1' 1
    absent app.ftp.rejected tls
}
case_ftp_passive_dropped() {
    TITLE='The file server names a port for the file, and a firewall discards what goes there.'
    BROKEN='a rule of the router drops TCP to 60100 of the server'
    TRUTH='227 names port 60100; four SYN to it have no answer, and no file goes over.'
    files; on router nft -f - <<<'table ip t { chain f { type filter hook forward priority 0; tcp dport 60100 drop; }; }'
    passively; stop; passivefails network - 227
}
case_ftp_passive_refused() {
    TITLE='The file server names a port for the file, and a firewall refuses what goes there.'
    BROKEN='a rule of the router answers TCP to 60100 of the server with a reset'
    TRUTH='227 names port 60100; the SYN to it is answered by RST, and no file goes over.'
    files; on router nft -f - <<<'table ip t { chain f { type filter hook forward priority 0; tcp dport 60100 reject with tcp reset; }; }'
    passively; stop; passivefails - - 227
}
case_ok_ftp_passive_left() {
    TITLE='A client asks for a port and changes its mind.'
    TRUTH='227 names port 60100, the client does not go there and leaves.'
    files; port 50021; c bin/tcpc.py $EMS:21 listen-first 'USER ems\r\n|PASS secret\r\n|PASV\r\n|QUIT\r\n'; stop
    must 1 'ftp.response.code==227'; must 0 'tcp.port==60100'; fileworks ok.tcp.no_tls; absent app
}
case_ok_ftp_passive_second_try() {
    TITLE='One port is refused, the next one works: the file goes over.'
    TRUTH='229 names port 60100, which refuses at first; the client asks again (227), and the file goes over.'
    up; cat made/certs/good.pem made/certs/good.key >$OUT/both.pem; serve 21 bin/ftpd_lab.py 21; record client
    on router nft -f - <<<'table ip t { chain f { type filter hook forward priority 0; tcp dport 60100 tcp flags syn limit rate 1/hour burst 1 packets reject with tcp reset; }; }'
    c curl -sS --local-port 50021-50029 --max-time 10 -u ems:secret ftp://$EMS/list.txt; stop
    must 1 'ftp.response.code==229'; must 1 'ftp.response.code==227'; must 1 'ftp.response.code==226'
    args --scope all; primary $ME:50021 $EMS:21 ok.tcp.no_tls none certain -; absent app
}
