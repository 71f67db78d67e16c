# shellcheck shell=bash disable=SC2034,SC2086
# Secure shell on 22, which nobody but a person asks for: judged with --scope all.

shell() { up; serve 22 bin/sshd_lab 22 "$@"; record client; }
shell_by_hand() { up; serve 22 bin/tcpd.py 22 "$@"; record client; } # a server whose octets follow the RFC
login() { # login [ssh options]
    port 50022; c ssh -F none -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o GlobalKnownHostsFile=/dev/null -o IdentityAgent=none "$@" nobody@$EMS true
}
disjoint() { # disjoint: both lists are there, nothing follows, and the finding rests on them
    must 2 'ssh.message_code==20'; must 0 'ssh.message_code==21'; args --scope all
    primary $ME:50022 $EMS:22 app.ssh.no_common_kex unknown certain probable; exits 1
    frames app.ssh.no_common_kex 'ssh.message_code==20'; absent tcp tls
}

case_ssh_no_common_kex() {
    TITLE='SSH client and server share no key exchange method.'
    BROKEN='the server has one method, which the client does not know'; TRUTH='The first lists of the two SSH_MSG_KEXINIT have no name in common; the connection ends.'
    shell 'KexAlgorithms diffie-hellman-group14-sha1'; login; stop
    disjoint
}
case_ssh_no_common_host_key() {
    TITLE='SSH client and server share no type of host key.'
    BROKEN='the client takes RSA keys alone, the server has one of Ed25519'; TRUTH='The second lists of the two SSH_MSG_KEXINIT have no name in common; the connection ends.'
    shell; login -o HostKeyAlgorithms=rsa-sha2-512; stop
    disjoint
}
case_ssh_no_common_cipher() {
    TITLE='SSH client and server share no cipher.'
    BROKEN='the server has AES in CBC mode alone'; TRUTH='The third lists of the two SSH_MSG_KEXINIT have no name in common; the connection ends.'
    shell 'Ciphers aes256-cbc'; login; stop
    disjoint
}
case_ssh_no_common_mac() {
    TITLE='SSH client and server share no integrity check.'
    BROKEN='the client has HMAC-SHA-2 alone and the server HMAC-MD5, with a cipher that needs one'; TRUTH='The fifth lists of the two SSH_MSG_KEXINIT have no name in common, and the cipher is AES in counter mode; the connection ends.'
    shell 'MACs hmac-md5' 'Ciphers aes128-ctr'; login -o MACs=hmac-sha2-256; stop
    disjoint
}
case_ssh_too_many() {
    TITLE='The SSH server has too many connections without a login and sends one away.'
    BROKEN='sshd takes one connection before a login, and another client holds it'; TRUTH='The server sends a line that is no version, and closes.'
    up; serve 22 bin/sshd_lab 22 'MaxStartups 1' 'PerSourceMaxStartups none'; record client
    port 50021; bg client bin/tcpc.py $EMS:22 hold 6; pause 1; login; stop 1
    must 1 'tcp.srcport==22 && tcp.payload contains "MaxStartups"'; args --scope all
    primary $ME:50022 $EMS:22 app.ssh.closed_after_version server certain possible; exits 1
    frames app.ssh.closed_after_version 'tcp.srcport==22 && tcp.payload contains "MaxStartups"'; absent tls tcp.reset
}
case_ssh_closed_after_version() {
    TITLE='The SSH server closes when it has read the version of the client.'
    BROKEN='a small server whose octets follow RFC 4253 section 4.2; it closes when the client has said its version'; TRUTH='Two version lines, then a FIN of the server.'
    shell_by_hand banner 'SSH-2.0-OpenSSH_9.2p1\r\n'; port 50022; c bin/tcpc.py $EMS:22 listen-first 'SSH-2.0-PuTTY_0.78\r\n'; stop
    must 2 'ssh.protocol'; must 0 'ssh.message_code'; args --scope all
    primary $ME:50022 $EMS:22 app.ssh.closed_after_version server certain possible; exits 1; absent tcp tls
}
case_ok_ssh() {
    TITLE='SSH client and server agree on everything, and the login is refused inside.'; TRUTH='Both sides go over to their keys; what follows nobody can read.'
    shell; login; stop
    must 1+ 'ssh.message_code==21'; args --scope all; primary $ME:50022 $EMS:22 ok.tcp.no_tls none certain -; healthy; absent app
}
case_ok_ssh_no_mac_needed() {
    TITLE='SSH client and server share no integrity check and need none.'; TRUTH='The cipher is ChaCha20-Poly1305, which brings its own; both sides go over to their keys.'
    shell 'MACs hmac-md5' 'Ciphers chacha20-poly1305@openssh.com'; login -o MACs=hmac-sha2-256; stop
    must 1+ 'ssh.message_code==21'; args --scope all; primary $ME:50022 $EMS:22 ok.tcp.no_tls none certain -; healthy; absent app
}
case_ok_ssh_scanned() {
    TITLE='A scanner reads the version of the SSH server, gives its own and leaves.'; TRUTH='The client closes first.'
    shell; port 50022; c bin/tcpc.py $EMS:22 half 'SSH-2.0-scan\r\n'; stop
    must 2 'ssh.protocol'; args --scope all; primary $ME:50022 $EMS:22 ok.tcp.no_tls none certain -; healthy; absent app
}
