# shellcheck shell=bash disable=SC2034,SC2086
# Directories on 389 and 636. The client of the lab plays the EMS, which asks the directory of the company.

ldap_host=intranet.corp.example ldap_account='cn=ems,dc=corp,dc=example'
ldap_tls='TLSCertificateFile made/certs/wrongname.pem|TLSCertificateKeyFile made/certs/wrongname.key'
directory() { up; names $ldap_host=$EMS; serve 389 bin/slapdd "ldap://$EMS/" "$@"; record client not port 53; }
ldapask() { port 50389; c "$@" -b dc=corp,dc=example -s base -LLL; } # ldapask [env ...] ldapsearch ...
handmade() { up; serve 389 bin/tcpd.py 389 "$@"; record client; }  # a server whose octets follow the RFC
ldapsays() {                                                      # ldapsays ID RESULT CAUSE
    must 1 "ldap.resultCode==$2"; args --ems $ME
    primary $ME:50389 $EMS:389 $1 server certain $3; exits 1
    frames $1 "ldap.resultCode==$2"; absent tcp tls
}
ldapworks() { args --ems $ME; primary $ME:50389 $EMS:${2:-389} $1 none certain -; healthy; absent app tcp tls.not_tls; }

# Octets of RFC 4511; the password is "secret" or "wrong". What begins with ldap_ad_ has the lengths and words of Active Directory.
ldap_bind1='0+\x02\x01\x01`&\x02\x01\x03\x04\x19cn=ems,dc=corp,dc=example\x80\x06secret'
ldap_bind_wrong='0*\x02\x01\x01`\x25\x02\x01\x03\x04\x19cn=ems,dc=corp,dc=example\x80\x05wrong'
ldap_bind2='0+\x02\x01\x02`&\x02\x01\x03\x04\x19cn=ems,dc=corp,dc=example\x80\x06secret'
ldap_root_dse='0\x25\x02\x01\x01c \x04\x00\x0a\x01\x00\x0a\x01\x00\x02\x01\x00\x02\x01\x00\x01\x01\x00\x87\x0bobjectClass0\x00'
ldap_entry='0\x09\x02\x01\x01d\x04\x04\x000\x000\x0c\x02\x01\x01e\x07\x0a\x01\x00\x04\x00\x04\x00'
ldap_ad_52e='0\x84\x00\x00\x00h\x02\x01\x01a\x84\x00\x00\x00_\x0a\x011\x04\x00\x04X80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data 52e, v4563\x00'
ldap_ad_775='0\x84\x00\x00\x00h\x02\x01\x01a\x84\x00\x00\x00_\x0a\x011\x04\x00\x04X80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data 775, v4563\x00'
ldap_ad_8='0\x84\x00\x00\x00\xb7\x02\x01\x01a\x84\x00\x00\x00\xae\x0a\x01\x08\x04\x00\x04\x81\xa600002028: LdapErr: DSID-0C090259, comment: The server requires binds to turn on integrity checking if SSL\x5cTLS are not already active on the connection, data 0, v4563\x00'
ldap_notice='0\x84\x00\x00\x005\x02\x01\x00x\x84\x00\x00\x00,\x0a\x014\x04\x00\x04\x0dshutting down\x8a\x161.3.6.1.4.1.1466.20036'
ldap_starttls='0\x1d\x02\x01\x01w\x18\x80\x161.3.6.1.4.1.1466.20037'
ldap_ad_tls='0\x84\x00\x00\x00}\x02\x01\x01x\x84\x00\x00\x00t\x0a\x014\x04\x00\x04U00000000: LdapErr: DSID-0C09117F, comment: Error initializing SSL/TLS, data 0, v4563\x00\x8a\x161.3.6.1.4.1.1466.20037'

case_ldap_bind_invalid() {
    TITLE='The directory refuses the login of EMS: the password is wrong.'
    BROKEN='the client logs in with a password that the server does not know'; TRUTH='The bind is answered 49, invalidCredentials, and no other bind follows.'
    directory; ldapask ldapsearch -x -H ldap://$EMS -D $ldap_account -w wrong; stop
    ldapsays app.ldap.bind_failed 49 probable
}
case_ldap_bind_confidential() {
    TITLE='The directory takes logins inside TLS only, and the client logs in without.'
    BROKEN='slapd is told to want 128 bits of protection for a simple bind'; TRUTH='The bind is answered 13, confidentialityRequired.'
    directory 'security simple_bind=128'; ldapask ldapsearch -x -H ldap://$EMS -D $ldap_account -w secret; stop
    ldapsays app.ldap.bind_failed 13 probable
}
case_ldap_bind_empty_password() {
    TITLE='EMS logs in with a name and an empty password.'
    BROKEN='the client has no password'; TRUTH='The bind is answered 53, unwillingToPerform.'
    directory; ldapask ldapsearch -x -H ldap://$EMS -D $ldap_account -w ''; stop
    ldapsays app.ldap.bind_failed 53 possible
}
case_ldap_bind_locked() {
    TITLE='A domain controller refuses the login of EMS: the account is locked out.'
    BROKEN='a small server with the octets that a domain controller sends (RFC 4511; data 775)'; TRUTH='The bind is answered 49 with data 775.'
    handmade keep "$ldap_ad_775"; port 50389; LIMIT=2 c bin/tcpc.py $EMS:389 say "$ldap_bind1"; stop
    ldapsays app.ldap.bind_failed 49 probable
}
case_ldap_bind_signing() {
    TITLE='A domain controller wants signing or TLS before a login.'
    BROKEN='a small server with the octets that a domain controller sends (RFC 4511)'; TRUTH='The bind is answered 8, strongerAuthRequired.'
    handmade keep "$ldap_ad_8"; port 50389; LIMIT=2 c bin/tcpc.py $EMS:389 say "$ldap_bind1"; stop
    ldapsays app.ldap.bind_failed 8 probable
}
case_ldap_bind_notice() {
    TITLE='The directory ends the connection in place of an answer to the login, and says so.'
    BROKEN='a small server whose octets follow RFC 4511 section 4.4.1'; TRUTH='The bind is answered by a notice of disconnection with result 52, then FIN.'
    handmade answer "$ldap_notice"; port 50389; c bin/tcpc.py $EMS:389 say "$ldap_bind1"; stop
    ldapsays app.ldap.bind_failed 52 possible
}
case_ldap_bind_closed() {
    TITLE='The directory answers a first search and closes at the login.'
    BROKEN='a small server whose octets follow RFC 4511; it closes when the second request comes'; TRUTH='The bind is acknowledged, then the server closes without an answer to it.'
    handmade banner "|$ldap_entry|"; port 50389; c bin/tcpc.py $EMS:389 say "$ldap_root_dse|$ldap_bind1"; stop
    must 1 'ldap.protocolOp==0'; must 0 'ldap.protocolOp==1'; args --ems $ME
    primary $ME:50389 $EMS:389 app.closed_without_reply server certain possible; exits 1; absent tcp tls app.ldap
}
case_ldap_bind_no_reply() {
    TITLE='The directory answers a first search and never the login.'
    BROKEN='a small server whose octets follow RFC 4511; it reads the second request and is silent'; TRUTH='The bind is acknowledged; the client waits half a minute and closes.'
    handmade banner-keep "|$ldap_entry"; port 50389; LIMIT=40 c bin/tcpc.py $EMS:389 patient "$ldap_root_dse|$ldap_bind1"; stop
    must 1 'ldap.protocolOp==0'; must 0 'ldap.protocolOp==1'; args --ems $ME
    primary $ME:50389 $EMS:389 app.no_reply_timeout server certain probable; exits 1; absent tcp tls app.ldap
}
case_ldap_starttls_refused() {
    TITLE='The directory has no TLS, and EMS insists on it.'
    BROKEN='slapd has no certificate'; TRUTH='StartTLS is answered 2, protocolError, and the client leaves.'
    directory; ldapask ldapsearch -x -ZZ -H ldap://$EMS -D $ldap_account -w secret; stop
    ldapsays app.ldap.starttls_refused 2 probable
}
case_ldap_starttls_no_certificate() {
    TITLE='A domain controller without a certificate refuses to start TLS.'
    BROKEN='a small server with the octets that a domain controller sends (RFC 4511)'; TRUTH='StartTLS is answered 52, unavailable.'
    handmade answer "$ldap_ad_tls"; port 50389; c bin/tcpc.py $EMS:389 say "$ldap_starttls"; stop
    ldapsays app.ldap.starttls_refused 52 probable
}
case_ldap_starttls_unknown_ca() {
    TITLE='The directory starts TLS, and EMS does not know the authority of its certificate.'
    BROKEN='the client trusts another authority'; TRUTH='StartTLS is answered 0; the client ends the handshake at the certificate with alert 48.'
    directory "$ldap_tls"; port 50389
    c openssl s_client -connect $EMS:389 -starttls ldap -servername $ldap_host -CAfile made/certs/other.pem -verify_return_error -tls1_2; stop
    must 1 'ldap.resultCode==0'; args --ems $ME
    primary $ME:50389 $EMS:389 tls.cert.rejected_by_client.unknown_ca unknown certain -; exits 1; absent app tcp tls.not_tls
}
case_ldap_starttls_left() {
    TITLE='A client that checks the certificate after the handshake leaves TLS and says goodbye in clear.'
    BROKEN='the client trusts another authority; libldap on GnuTLS checks when the handshake is over'
    TRUTH='StartTLS is answered 0 and TLS is completed; then comes an unbind in clear, as RFC 4511 section 4.3 has it, and no record of the client. Why it left is not in the packets.'
    directory "$ldap_tls"
    ldapask env LDAPTLS_CACERT=made/certs/other.pem LDAPTLS_REQCERT=demand ldapsearch -x -ZZ -H ldap://$ldap_host -D $ldap_account -w secret; stop
    must 1 'ldap.resultCode==0'; must 1 'tcp.payload==30:05:02:01:02:42:00'; args --ems $ME
    primary $ME:50389 $EMS:389 cannot_tell.encrypted_reason unknown certain -; exits 3; no_blame; absent app tls.record
}
case_ldaps_unknown_ca() {
    TITLE='The directory on 636 shows a certificate of an authority that EMS does not know.'
    BROKEN='the client trusts another authority'; TRUTH='The client ends the handshake at the certificate with alert 48.'
    up; serve 636 bin/slapdd "ldaps://$EMS/" "$ldap_tls"; record client; port 50389
    c openssl s_client -connect $EMS:636 -servername $ldap_host -CAfile made/certs/other.pem -verify_return_error -tls1_2; stop
    args --ems $ME
    primary $ME:50389 $EMS:636 tls.cert.rejected_by_client.unknown_ca unknown certain -; exits 1; absent app tcp tls.not_tls
}
case_ldaps_checked_late() {
    TITLE='A client that checks the certificate of the directory after the handshake leaves without a word.'
    BROKEN='the client trusts another authority; libldap on GnuTLS checks when the handshake is over'
    TRUTH='The handshake is complete and the client closes without a record, as a probe does: from one connection nobody can tell.'
    up; names $ldap_host=$EMS; serve 636 bin/slapdd "ldaps://$EMS/" "$ldap_tls"; record client not port 53
    ldapask env LDAPTLS_CACERT=made/certs/other.pem LDAPTLS_REQCERT=demand ldapsearch -x -H ldaps://$ldap_host -D $ldap_account -w secret; stop
    args --ems $ME
    primary $ME:50389 $EMS:636 ok.tls.no_data none certain -; unseen $ME:50389 $EMS:636 tls.cert.rejected_by_client.unknown_ca; exits 0; no_blame; absent app
}
case_ldaps_plain() {
    TITLE='EMS speaks LDAP without TLS to port 636.'
    BROKEN='the client is told ldap:// and 636'; TRUTH='The first octets of the client are a bind of RFC 4511, not a ClientHello.'
    up; names $ldap_host=$EMS; serve 636 bin/slapdd "ldaps://$EMS/" "$ldap_tls"; record client not port 53
    ldapask ldapsearch -x -H ldap://$EMS:636 -D $ldap_account -w secret; stop
    args --ems $ME
    primary $ME:50389 $EMS:636 tls.not_tls.client_plaintext client certain -; exits 1; absent app tcp.reset
}
case_ok_ldap() {
    TITLE='EMS logs in to a directory, searches and leaves.'; TRUTH='Bind and search are answered 0, unbind follows.'
    directory; ldapask ldapsearch -x -H ldap://$EMS -D $ldap_account -w secret; stop
    must 2 'ldap.resultCode==0'; ldapworks ok.tcp.no_tls
}
case_ok_ldap_second_login() {
    TITLE='A login with a wrong password, then one with the right one on the same connection.'
    TRUTH='49, then 0: it works, and the first answer is worth a warning.'
    directory; port 50389; LIMIT=2 c bin/tcpc.py $EMS:389 say "$ldap_bind_wrong|$ldap_bind2"; stop
    must 1 'ldap.resultCode==49'; must 1 'ldap.resultCode==0'; args --ems $ME
    primary $ME:50389 $EMS:389 ok.tcp.no_tls none certain -; finding app.ldap.bind_failed; healthy; absent tcp tls
}
case_ok_ldap_starttls() {
    TITLE='EMS starts TLS and logs in inside it.'; TRUTH='StartTLS is answered 0; data flow both ways inside TLS.'
    directory "$ldap_tls"; ldapask env LDAPTLS_CACERT=made/certs/ca.pem LDAPTLS_REQCERT=demand ldapsearch -x -ZZ -H ldap://$ldap_host -D $ldap_account -w secret; stop
    must 1 'ldap.resultCode==0'; ldapworks ok.closed_after_data_rst
}
case_ok_ldap_starttls_optional() {
    TITLE='The directory has no TLS, and the client goes on in clear.'
    TRUTH='StartTLS is answered 2; bind and search that follow are answered 0.'
    directory; ldapask ldapsearch -x -Z -H ldap://$EMS -D $ldap_account -w secret; stop
    must 1 'ldap.resultCode==2'; must 2 'ldap.resultCode==0'; args --ems $ME
    primary $ME:50389 $EMS:389 ok.tcp.no_tls none certain -; finding app.ldap.starttls_refused; healthy; absent tcp tls
}
case_ok_ldaps() {
    TITLE='EMS logs in to a directory on 636.'; TRUTH='TLS from the first octet, data both ways.'
    up; names $ldap_host=$EMS; serve 636 bin/slapdd "ldaps://$EMS/" "$ldap_tls"; record client not port 53
    ldapask env LDAPTLS_CACERT=made/certs/ca.pem LDAPTLS_REQCERT=demand ldapsearch -x -H ldaps://$ldap_host -D $ldap_account -w secret; stop
    ldapworks ok.closed_after_data_rst 636
}
