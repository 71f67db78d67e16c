# shellcheck shell=bash
# Library of the lab: three namespaces, a recorder, checks and labels.
# Commands run with the lab folder as working directory, so that the ones written to ABOUT.md can be typed again.
#
#   client 10.20.40.17 --- 10.20.40.1 router 10.0.0.1 --- server 10.0.0.10 (EMS), 10.0.0.2 (DNS)

EMS=10.0.0.10 DNS=10.0.0.2 ME=10.20.40.17 NAME=ems.corp.example
TLSPORTS=(-d "tcp.port==8013,tls" -d "tcp.port==9443,tls")

die() { echo "$CASE: $*" >&2; exit 1; }

# --- namespaces ---------------------------------------------------------------------------------------------

in_ns() { local ns=$1; shift; ip netns exec "$NS-$ns" "$@"; }

ns_add() {
    ip netns add "$NS-$1"
    in_ns "$1" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1 \
        net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 net.ipv4.conf.all.send_redirects=0 \
        net.ipv4.conf.default.send_redirects=0 net.ipv4.tcp_no_metrics_save=1 net.ipv4.tcp_mtu_probing=0
    in_ns "$1" ip link set lo up
}

# link NS1 IF1 MAC1 NS2 IF2 MAC2
link() {
    ip link add "$2" address "$3" netns "$NS-$1" type veth peer name "$5" address "$6" netns "$NS-$4"
    local i
    for i in "$1 $2" "$4 $5"; do
        # shellcheck disable=SC2086
        set -- $i
        in_ns "$1" ethtool -K "$2" tso off gso off gro off tx off rx off >/dev/null 2>&1
        in_ns "$1" ip link set "$2" up
    done
}

# up [switch|wire]: build the topology. switch: a bridge with a mirror port between client and router;
# wire: our own forwarder between router and server (bin/wire.py), which the case starts.
up() {
    SHAPE=${1:-plain}
    local n
    for n in client router server; do ns_add $n; done
    if [ "$SHAPE" = switch ]; then
        ns_add switch
        link client c0 02:00:00:00:40:17 switch p1 02:00:00:00:05:01
        link switch p2 02:00:00:00:05:02 router r0 02:00:00:00:40:01
        link switch span 02:00:00:00:05:03 switch probe 02:00:00:00:05:04
        in_ns switch ip link add br0 type bridge
        in_ns switch ip link set p1 master br0
        in_ns switch ip link set p2 master br0
        in_ns switch ip link set br0 up
    else
        link client c0 02:00:00:00:40:17 router r0 02:00:00:00:40:01
    fi
    if [ "$SHAPE" = wire ]; then
        ns_add wire
        link router r1 02:00:00:00:00:01 wire w0 02:00:00:00:06:01
        link wire w1 02:00:00:00:06:02 server s0 02:00:00:00:00:10
    else
        link router r1 02:00:00:00:00:01 server s0 02:00:00:00:00:10
    fi
    in_ns client ip addr add $ME/24 dev c0
    in_ns client ip route add default via 10.20.40.1
    in_ns router ip addr add 10.20.40.1/24 dev r0
    in_ns router ip addr add 10.0.0.1/24 dev r1
    in_ns router sysctl -qw net.ipv4.ip_forward=1
    in_ns server ip addr add $EMS/24 dev s0
    in_ns server ip addr add $DNS/24 dev s0
    in_ns server ip route add default via 10.0.0.1
}

# up6: give the three namespaces IPv6 as well (EMS 2001:db8::10)
up6() {
    local n
    for n in client router server; do
        in_ns $n sysctl -qw net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.disable_ipv6=0
    done
    in_ns client sysctl -qw net.ipv6.conf.c0.disable_ipv6=0
    in_ns router sysctl -qw net.ipv6.conf.r0.disable_ipv6=0 net.ipv6.conf.r1.disable_ipv6=0 \
        net.ipv6.conf.all.forwarding=1
    in_ns server sysctl -qw net.ipv6.conf.s0.disable_ipv6=0
    in_ns client ip addr add 2001:db8:40::17/64 dev c0 nodad
    in_ns router ip addr add 2001:db8:40::1/64 dev r0 nodad
    in_ns router ip addr add 2001:db8::1/64 dev r1 nodad
    in_ns server ip addr add 2001:db8::10/64 dev s0 nodad
    in_ns client ip route add default via 2001:db8:40::1
    in_ns server ip route add default via 2001:db8::1
}

down() {
    local n p
    for n in client other router server wire switch; do
        ip netns list | grep -q "^$NS-$n\b" || continue
        for p in $(ip netns pids "$NS-$n"); do kill -9 "$p" 2>/dev/null; done
        ip netns del "$NS-$n"
        rm -rf "/etc/netns/$NS-$n"
    done
    rmdir /etc/netns 2>/dev/null
    return 0
}

# --- running things -----------------------------------------------------------------------------------------

note() { printf '%s\n' "$*" >>"$OUT/commands"; }

quoted() {
    local a s='' mark="'"
    for a; do
        case $a in
        *[!A-Za-z0-9_./:=,+@%-]* | '') s+=" $mark${a//$mark/$mark\\$mark$mark}$mark" ;;
        *) s+=" $a" ;;
        esac
    done
    printf '%s' "${s# }"
}

# c CMD...: in the client, waits, its exit code does not matter (most cases fail on purpose)
c() {
    note "client\$ ${LIMIT:+timeout $LIMIT }$(quoted "$@")"
    in_ns client timeout -k 1 "${LIMIT:-30}" "$@" >>"$OUT/client.log" 2>&1 </dev/null
    [ $? -ne 124 ] || [ -n "${LIMIT:-}" ] || die "still running after 30 s: $*"
}
# say TEXT CMD...: the same with TEXT on standard input, then HOLD seconds, then end of input
say() {
    local text=$1; shift
    note "client\$ (printf '$text'; sleep ${HOLD:-1}) | ${LIMIT:+timeout $LIMIT }$(quoted "$@")"
    # shellcheck disable=SC2059
    { printf "$text"; sleep "${HOLD:-1}"; } | in_ns client timeout -k 1 "${LIMIT:-30}" "$@" >>"$OUT/client.log" 2>&1
    [ $? -ne 124 ] || [ -n "${LIMIT:-}" ] || die "still running after 30 s: $*"
}
# bg NS CMD...: in the background until the case ends
bg() {
    local ns=$1; shift
    note "$ns\$ $(quoted "$@") &"
    in_ns "$ns" "$@" >>"$OUT/$ns.log" 2>&1 < <(sleep 600) &
}
# serve PORT CMD...: a server in the background; returns when it listens
serve() {
    local port=$1 i; shift
    bg server "$@"
    for i in $(seq 100); do
        in_ns server ss -Hltn "sport = :$port" | grep -q . && return
        sleep 0.1
    done
    die "nothing listens on $port: $(tail -3 "$OUT/server.log")"
}
# on NS CMD...: configure a namespace (rules, routes); must succeed
on() { local ns=$1; shift; note "$ns# $(quoted "$@")"; in_ns "$ns" "$@" || die "$*"; }
# port N: the client's next connections leave from port N
port() { in_ns client sysctl -qw net.ipv4.ip_local_port_range="$1 ${2:-$1}"; }
pause() { sleep "$1"; }

# the companion: a healthy exchange with the same server on 443, from port 50443
serve443() { serve 443 openssl s_server -accept 443 -cert made/certs/good.pem -key made/certs/good.key -www -quiet; }
companion() { port 50443; c bin/tlsc.py $EMS:443 --name $NAME; }

# names [dnsd options]: a DNS server at 10.0.0.2 and the client's resolver set to it
names() {
    mkdir -p "/etc/netns/$NS-client"
    printf 'nameserver %s\noptions timeout:2 attempts:2\n' $DNS >"/etc/netns/$NS-client/resolv.conf"
    bg server bin/dnsd.py $DNS "$@"
    local i
    for i in $(seq 50); do in_ns server ss -Hlun "sport = :53" | grep -q . && return; sleep 0.1; done
    die "no DNS server: $(tail -3 "$OUT/server.log")"
}
lookup() { port 40053; c getent ahosts "${1:-$NAME}"; }

# --- recording ----------------------------------------------------------------------------------------------

declare -A IFACE=([client]=c0 [router]=r0 [server]=s0 [switch]=probe)

# record NS [tcpdump options and filter]: FORMAT=pcap (default) or pcapng, IF=interface, WRITES= for whole blocks
record() {
    local ns=$1 i; shift
    POINT=$ns
    note "$ns# tcpdump -i ${IF:-${IFACE[$ns]}} -s 0 ${WRITES--U} -Z root -w capture.pcap${*:+ $*}"
    : >"$OUT/tcpdump.log"
    in_ns "$ns" tcpdump -i "${IF:-${IFACE[$ns]}}" -s 0 ${WRITES--U} -Z root --immediate-mode -B 8192 -w "$OUT/raw.pcap" "$@" 2>"$OUT/tcpdump.log" &
    TCPDUMP=$!
    for i in $(seq 100); do grep -q 'listening on' "$OUT/tcpdump.log" && break; sleep 0.05; done
    sleep 0.1
}

# also_record NS: the same event at a second place; at_other turns to that recording
also_record() {
    local i
    OTHER=$1
    note "$OTHER# tcpdump -i ${IFACE[$OTHER]} -s 0 -U -Z root -w other.pcap"
    : >"$OUT/other.log"
    in_ns "$OTHER" tcpdump -i "${IFACE[$OTHER]}" -s 0 -U -Z root --immediate-mode -B 8192 -w "$OUT/other.pcap" 2>"$OUT/other.log" &
    TCPDUMP+=" $!"
    for i in $(seq 100); do grep -q 'listening on' "$OUT/other.log" && break; sleep 0.05; done
}

end_recorder() { # end_recorder SIGNAL
    local p ns
    for ns in "$POINT" ${OTHER:-}; do
        for p in $(ip netns pids "$NS-$ns"); do
            [ "$(cat "/proc/$p/comm" 2>/dev/null)" = tcpdump ] && kill "-$1" "$p"
        done
    done
    # shellcheck disable=SC2086
    wait $TCPDUMP 2>/dev/null
}
# killed [SECONDS]: in place of stop, the recorder ends without a chance to write what it still holds
killed() {
    sleep "${1:-0.4}"
    note "$POINT# kill -KILL tcpdump"
    end_recorder KILL
    CAP=$OUT/capture.pcap
    cp "$OUT/raw.pcap" "$CAP"
}

stop() {
    sleep "${1:-0.4}"
    end_recorder INT
    grep -q '^0 packets dropped by kernel' "$OUT/tcpdump.log" || die "the recorder lost packets"
    [ -z "${OTHER:-}" ] || grep -q '^0 packets dropped by kernel' "$OUT/other.log" || die "the second recorder lost packets"
    CAP=$OUT/capture.${FORMAT:-pcap}
    if [ "${FORMAT:-pcap}" = txt ]; then # as a FortiGate sniffer would show it; tshark checks the recording
        note "bin/sniffertext.py capture.pcap $SNIFFER >capture.txt"
        # shellcheck disable=SC2086
        bin/sniffertext.py "$OUT/raw.pcap" $SNIFFER >"$CAP" || die "no text"
        SHIP=$CAP CAP=$OUT/raw.pcap
    elif [ "${FORMAT:-pcap}" = pcapng ]; then
        note "editcap -F pcapng capture.pcap capture.pcapng"
        editcap -F pcapng "$OUT/raw.pcap" "$CAP"
    else
        cp "$OUT/raw.pcap" "$CAP"
    fi
}

# --- checks and labels --------------------------------------------------------------------------------------

frames_of() { tshark -n -r "$CAP" "${TLSPORTS[@]}" -Y "$1" -T fields -e frame.number 2>/dev/null; }

# must N FILTER: exactly N frames match (N+ for at least N), or the case is not made
must() {
    local want=$1 have
    have=$(frames_of "$2" | wc -l)
    case $want in
    *+) [ "$have" -ge "${want%+}" ] ;;
    *) [ "$have" -eq "$want" ] ;;
    esac || die "$have frames instead of $want match: $2"
}

line() { printf '%s\n' "$*" >>"$OUT/expect.txt"; }
args() { line "args $*"; }
exits() { line "exit $1"; }
unseen() { line "unseen $*"; } # CLIENT SERVER ID: caused, and nothing on the wire shows it
finding() { line "finding $1"; }
absent() { local i; for i; do line "absent $i"; done; }
primary() { line "primary $*"; IDS+=("$3"); }
# frames ID FILTER [N]: the (first N) frames that match must be among the finding's frames
frames() {
    local list; list=$(frames_of "$2" | head -n "${3:-999}" | paste -sd,)
    [ -n "$list" ] || die "no evidence frame matches: $2"
    line "frames $1 $list"
}
healthy() { exits 0; no_blame; }
no_blame() { absent tcp.syn tcp.synack tcp.accept tcp.handshake tcp.clienthello tcp.mtu_blackhole tcp.reset tls.server tls.cert.rejected_by_client tls.clientcert.rejected tls.handshake_failure icmp.admin_prohibited; }
# the companion's line: ok on 443
ok443() { primary $ME:50443 $EMS:443 "${1:-ok.tls.established_closed_clean}" none certain -; }

# about TEXT...: TITLE, COMPANION, BROKEN, TRUTH are the parts of ABOUT.md
write_about() {
    local stacks="" log=$OUT/commands
    grep -qE 'openssl (s_|ocsp)' "$log" && stacks+="- $(openssl version | cut -d' ' -f1-2) (s_client, s_server)
"
    grep -q 'gnutls-' "$log" && stacks+="- GnuTLS $(gnutls-cli --version | sed -n '1s/.* //p')
"
    grep -q 'made/gotls' "$log" && stacks+="- $(go version | cut -d' ' -f3 | sed 's/go/Go /') (crypto/tls)
"
    grep -qE 'node ' "$log" && stacks+="- Node.js $(node --version) with OpenSSL $(node -p process.versions.openssl)
"
    grep -q 'java ' "$log" && stacks+="- Java $(java --version | sed -n '1s/^[a-z]* \([0-9.]*\).*/\1/p') (JSSE)
"
    grep -qE 'tstclnt|selfserv' "$log" && stacks+="- NSS $(dpkg-query -W -f '${Version}' libnss3 | sed 's/^.*://; s/-.*//')
"
    grep -q 'curl ' "$log" && stacks+="- $(curl --version | cut -d' ' -f1-2 | head -1) on OpenSSL
"
    grep -q 'wget ' "$log" && stacks+="- $(wget --version | sed -n '1s/ built.*//p') on GnuTLS
"
    grep -qE 'bin/sshd_lab|ssh -F' "$log" && stacks+="- $(ssh -V 2>&1 | cut -d' ' -f1 | tr _ ' ')
"
    grep -q 'bin/ftpd_lab' "$log" && stacks+="- pyftpdlib $(dpkg-query -W -f '${Version}' python3-pyftpdlib | sed 's/-.*//')
"
    grep -q 'bin/maild' "$log" && stacks+="- aiosmtpd $(dpkg-query -W -f '${Version}' python3-aiosmtpd | sed 's/-.*//')
"
    grep -q 'swaks ' "$log" && stacks+="- swaks $(swaks --version | sed -n '1s/.* version //p')
"
    grep -qE 'slapdd|ldapsearch' "$log" && stacks+="- OpenLDAP $(dpkg-query -W -f '${Version}' slapd | sed 's/[+-].*//') on GnuTLS
"
    grep -q 'apached ' "$log" && stacks+="- Apache $(apache2 -v | sed -n '1s/.*Apache.\([0-9.]*\).*/\1/p')
"
    grep -q 'nginxd ' "$log" && stacks+="- nginx $(nginx -v 2>&1 | sed 's/.*nginx.//')
"
    grep -q 'haproxyd ' "$log" && stacks+="- haproxy $(haproxy -v | sed -n '1s/.*version \([0-9.]*\).*/\1/p')
"
    grep -qE 'smbdd' "$log" && stacks+="- Samba $(dpkg-query -W -f '${Version}' samba | sed 's/^.*://; s/[+-].*//')
"
    grep -qE 'bin/(tlsc|tlsd)' "$log" && stacks+="- Python $(/usr/bin/python3 -V | cut -d' ' -f2) ssl on $(/usr/bin/python3 -c 'import ssl;print(ssl.OPENSSL_VERSION)' | cut -d' ' -f1-2)
"
    stacks+="- TCP of Linux $(uname -r | cut -d. -f1,2)
"
    {
        echo "# $CASE"
        echo
        echo "$TITLE"
        echo
        echo "**Stacks**"
        echo
        printf '%s\n' "$stacks"
        echo "**Capture point** ${WHERE:-the interface of the $POINT, ${IF:-${IFACE[$POINT]}}}"
        echo
        echo "**Companion traffic** ${COMPANION:-none}"
        echo
        echo "**Broken by** ${BROKEN:-nothing}"
        echo
        echo "**Why the label is true** $TRUTH"
        echo
        echo "**Commands** (working directory \`captures/lab\`, each in the namespace named before the prompt)"
        echo
        echo '```text'
        cat "$log"
        echo '```'
    } >"$OUT/ABOUT.md"
}

# ship: what is recorded, told and labelled becomes the case
ship() {
    local from=${SHIP:-$CAP}
    write_about
    mkdir -p "../$CASE"
    rm -f "../$CASE"/capture.* "../$CASE/keys.txt" "../$CASE/bundle.pem" "../$CASE/shakeout.ini"
    [ -z "${KEYLOG:-}" ] || cp "$OUT/keys.txt" "../$CASE/"
    [ -z "${BUNDLE:-}" ] || cp "$OUT/bundle.pem" "../$CASE/"
    [ -z "${CONFIG:-}" ] || cp "$OUT/shakeout.ini" "../$CASE/"
    cp "$from" "../$CASE/capture.${from##*.}"
    cp "$OUT/ABOUT.md" "$OUT/expect.txt" "../$CASE/"
    echo "$CASE: $(stat -c %s "$CAP") bytes, ${IDS[*]:-}"
}

# at_other TRUTH: the labels so far are those of the first recording; those that follow are of CASE_at_OTHER
at_other() {
    ship
    CASE=${CASE}_at_$OTHER POINT=$OTHER WHERE='' IF='' TRUTH=$1 CAP=$OUT/other.pcap SHIP='' IDS=()
    TITLE="${TITLE%.}; recorded at the $OTHER at the same time."
    : >"$OUT/expect.txt"
}
