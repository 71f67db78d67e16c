# shellcheck shell=bash disable=SC2034,SC2086
# Mail on 25. The client of the lab plays the EMS, which sends its alerts through the relay of the company.

mail_tls='cert=made/certs/wrongname.pem key=made/certs/wrongname.key'
relay() { up; serve 25 bin/maild.py 25 "$@"; record client; }
relay_by_hand() { up; serve 25 bin/tcpd.py 25 "$@"; record client; } # a server whose octets follow the RFC
mail() { # mail [swaks options]
    port 50025; c swaks --server $EMS --port 25 --helo ems.corp.example --from ems@corp.example --to admin@corp.example --body alert "$@"
}
mailsays() { # mailsays ID CODE OWNER CAUSE
    must 1 "smtp.response.code==$2"; args --ems $ME
    primary $ME:50025 $EMS:25 $1 $3 certain $4; exits 1
    frames $1 "smtp.response.code==$2"; absent tcp tls
}
mailworks() { args --ems $ME; primary $ME:50025 $EMS:25 $1 none certain -; healthy; absent tls.not_tls; }

case_smtp_rejected() {
    TITLE='The relay does not take mail of EMS for this recipient.'
    BROKEN='the server refuses every recipient'; TRUTH='RCPT is answered 550, and nothing is delivered.'
    relay refuse=* answer='550 5.7.1 relaying denied'; mail; stop
    mailsays app.smtp.rejected 550 server possible
}
case_smtp_greeting_554() {
    TITLE='The mail server greets with a refusal.'
    BROKEN='a small server whose octets follow RFC 5321 section 3.1'; TRUTH='The greeting is 554.'
    relay_by_hand banner '554 5.3.2 mail.corp.example takes no mail\r\n|221 2.0.0 bye\r\n'; mail; stop
    mailsays app.smtp.rejected 554 server possible
}
case_smtp_greeting_421() {
    TITLE='The mail server is too busy and says so before it closes.'
    BROKEN='a small server whose octets follow RFC 5321 section 3.8'; TRUTH='The greeting is 421, then FIN.'
    relay_by_hand banner '421 4.3.2 too many connections, closing transmission channel\r\n'; mail; stop
    mailsays app.smtp.rejected 421 server possible
}
case_smtp_starttls_required() {
    TITLE='The mail server insists on TLS, and EMS sends without.'
    BROKEN='aiosmtpd wants STARTTLS first'; TRUTH='MAIL is answered 530 with the words of RFC 3207.'
    relay $mail_tls tls=required; mail; stop
    mailsays app.smtp.starttls_required 530 client certain
}
case_smtp_starttls_refused() {
    TITLE='The mail server refuses to start TLS.'
    BROKEN='the server has no certificate, and the client asks for TLS without an offer'; TRUTH='STARTTLS is answered 454.'
    relay; port 50025; c openssl s_client -connect $EMS:25 -starttls smtp -name ems.corp.example; stop
    mailsays app.smtp.starttls_refused 454 server probable
}
case_smtp_starttls_not_offered() {
    TITLE='The mail server does not offer TLS, and EMS insists on it.'
    BROKEN='the server has no certificate'; TRUTH='The answer to EHLO has no STARTTLS, and the client says QUIT.'
    relay; mail --tls; stop
    must 0 'smtp.rsp.parameter=="STARTTLS"'; must 1 'smtp.req.command=="QUIT"'; must 0 'smtp.req.command=="MAIL"'; args --ems $ME
    primary $ME:50025 $EMS:25 app.smtp.starttls_not_offered server certain possible; exits 1
    frames app.smtp.starttls_not_offered 'smtp.rsp.parameter=="HELP"'; absent tcp tls
}
case_smtp_starttls_masked() {
    TITLE='A device on the way overwrites the offer of TLS.'
    BROKEN='a small server whose offer has the letters that inspecting firewalls put there'; TRUTH='The answer to EHLO has XXXXXXXA in place of STARTTLS, and the client says QUIT.'
    relay_by_hand banner '220 mail.corp.example ESMTP\r\n|250-mail.corp.example\r\n250-SIZE 33554432\r\n250-XXXXXXXA\r\n250 8BITMIME\r\n|221 2.0.0 bye\r\n'; mail --tls; stop
    must 1 'smtp.rsp.parameter=="XXXXXXXA"'; args --ems $ME
    primary $ME:50025 $EMS:25 app.smtp.starttls_not_offered middlebox certain probable; exits 1
    frames app.smtp.starttls_not_offered 'smtp.response.code==250'; absent tcp tls
}
case_smtp_auth_failed() {
    TITLE='The mail server refuses the login of EMS.'
    BROKEN='the client has a wrong password'; TRUTH='AUTH is answered 535.'
    relay login=ems:secret; mail --auth LOGIN --auth-user ems --auth-password wrong; stop
    mailsays app.smtp.auth_failed 535 client certain
}
case_smtp_starttls_unknown_ca() {
    TITLE='The mail server starts TLS, and EMS does not know the authority of its certificate.'
    BROKEN='the client trusts another authority'; TRUTH='STARTTLS is answered 220; the client ends the handshake at the certificate with alert 48.'
    relay $mail_tls; port 50025
    c openssl s_client -connect $EMS:25 -starttls smtp -CAfile made/certs/other.pem -verify_return_error -tls1_2; stop
    must 2 'smtp.response.code==220'; args --ems $ME
    primary $ME:50025 $EMS:25 tls.cert.rejected_by_client.unknown_ca unknown certain -; exits 1; absent app tcp tls.not_tls
}
case_smtp_silent() {
    TITLE='The mail server accepts the connection and never greets.'
    BROKEN='a server that reads and says nothing'; TRUTH='The client waits 32 seconds for the greeting of RFC 5321 section 3.1 and leaves.'
    relay_by_hand mute; port 50025; LIMIT=40 c bin/tcpc.py $EMS:25 hold 32; stop
    must 0 'tcp.len>0'; args --ems $ME
    primary $ME:50025 $EMS:25 app.no_reply_timeout server certain possible; exits 1; absent tcp tls app.smtp
}
case_smtp_closed() {
    TITLE='The mail server closes at the first command of a message.'
    BROKEN='a small server whose octets follow RFC 5321; it closes when MAIL comes'; TRUTH='MAIL is acknowledged, then the server closes without a reply to it.'
    relay_by_hand banner '220 mail.corp.example ESMTP\r\n|250 mail.corp.example\r\n|'; mail; stop
    must 1 'smtp.req.command=="MAIL"'; args --ems $ME
    primary $ME:50025 $EMS:25 app.closed_without_reply server certain possible; exits 1; absent tcp tls app.smtp
}
case_ok_smtp() {
    TITLE='EMS delivers an alert.'; TRUTH='The message is answered 250.'
    relay; mail; stop
    must 1 'smtp.req.command=="DATA"'; mailworks ok.tcp.no_tls; absent app
}
case_ok_smtp_login() {
    TITLE='EMS logs in and delivers an alert.'; TRUTH='AUTH is answered 235, the message 250.'
    relay login=ems:secret; mail --auth LOGIN --auth-user ems --auth-password secret; stop
    must 1 'smtp.response.code==235'; mailworks ok.tcp.no_tls; absent app
}
case_ok_smtp_starttls() {
    TITLE='EMS starts TLS and delivers an alert inside it.'; TRUTH='STARTTLS is answered 220; data flow both ways inside TLS.'
    relay $mail_tls; mail --tls; stop
    must 2 'smtp.response.code==220'; mailworks ok.closed_after_data_rst; absent app
}
case_ok_smtp_greylisted() {
    TITLE='The mail server asks to come again later.'; TRUTH='RCPT is answered 451: a delay, worth a warning.'
    relay refuse=* answer='451 4.7.1 greylisted, try again later'; mail; stop
    must 1 'smtp.response.code==451'; args --ems $ME; exits 0; finding app.smtp.rejected; no_blame; absent tcp tls
}
case_ok_smtp_one_recipient() {
    TITLE='One recipient of two is refused, the other gets the message.'; TRUTH='RCPT is answered 550 once and 250 once, the message 250: a warning.'
    relay refuse=old@corp.example answer='550 5.1.1 no such user'; mail --to old@corp.example,admin@corp.example; stop
    must 1 'smtp.response.code==550'; mailworks ok.tcp.no_tls; finding app.smtp.rejected; absent tls
}
case_ok_smtp_probe() {
    TITLE='A monitor reads the greeting and says goodbye.'; TRUTH='220, QUIT, 221.'
    relay; port 50025; c bin/tcpc.py $EMS:25 listen-first 'QUIT\r\n'; stop
    must 1 'smtp.response.code==221'; mailworks ok.tcp.no_tls; absent app
}
