#include "report/commands.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What a finding is about, and so what is worth asking. */
enum about {
    REACH = 0x0001, /* does the port open? */
    CUT = 0x0002,   /* it was open, and ended or hangs */
    TLS = 0x0004,   /* the handshake and the certificate */
    CLIENT_CERT = 0x0008,
    SIZE = 0x0010,     /* large packets */
    NAME = 0x0020,     /* DNS */
    NAME_TCP = 0x0040, /* DNS over TCP */
    LINK = 0x0080,     /* the next hop */
    PAGE = 0x0100,     /* HTTP, in clear or inside TLS */
    PROXY = 0x0200,    /* CONNECT */
    MAIL = 0x0400,
    DIRECTORY = 0x0800,
    FILES = 0x1000,
    SHELL = 0x2000,
    CLOCK = 0x4000,  /* of the endpoint */
    RECORD = 0x8000, /* capture once more, elsewhere */
    IDLE = 0x10000,  /* timers of sessions */
};

/* The first that fits. */
static const struct subject {
    const char *family;
    unsigned about;
} subjects[] = {
    { "dns.truncated_tcp_fail", NAME_TCP | RECORD },
    { "dns.ipv6_first_fail", NAME | REACH },
    { "dns.mismatch_connect", NAME | REACH },
    { "dns.private_for_public", NAME | REACH },
    { "dns", NAME | RECORD },
    { "l2", LINK | RECORD },
    { "icmp.frag_needed", SIZE },
    { "icmp.frag_needed_ignored", SIZE | RECORD },
    { "icmp", REACH },
    { "tcp.mtu_blackhole", SIZE | RECORD },
    { "tcp.clienthello", SIZE | TLS | RECORD },
    { "tcp.reset.after_clienthello", TLS | CUT | RECORD },
    { "tcp.reset.idle_timeout", IDLE | CUT },
    { "tcp.idle", IDLE | CUT | RECORD },
    { "tcp.nat_rebind", IDLE | CUT | RECORD },
    { "tcp.port_reuse_conflict", IDLE | CUT },
    { "tcp.reset", CUT | RECORD },
    { "tcp.path", CUT | RECORD },
    { "tcp.seq_anomaly", CUT | RECORD },
    { "tcp.retransmit", CUT | SIZE },
    { "tcp.zero_window", CUT },
    { "tcp.half_closed_hang", CUT },
    { "tcp", REACH | RECORD },
    { "tls.cert.rejected_by_client.expired", TLS | CLOCK },
    { "tls.cert.rejected_by_client.not_yet_valid", TLS | CLOCK },
    { "tls.clientcert", TLS | CLIENT_CERT },
    { "tls.none.client_silent", REACH },
    { "tls", TLS },
    { "app.http", PAGE },
    { "app.ldap", DIRECTORY },
    { "app.smtp", MAIL },
    { "app.ftp", FILES },
    { "app.ssh", SHELL },
    { "app", TLS | CUT },
    { "proxy.transparent_suspected", TLS | RECORD },
    { "proxy.pac", PAGE },
    { "proxy", PROXY },
    { "set.size_dependent", SIZE },
    { "set.tls", TLS },
    { "set.intercept", TLS },
    { "set", REACH },
    { "checkin", REACH },
    { "path", RECORD },
    { "capture", RECORD },
    { "cannot_tell", RECORD },
    { "info.incomplete", RECORD },
};

/* Blanks: {client} {server} {port} {at} (the server, in brackets when a port follows an IPv6
 * address) {name} (host name of the server) {question} {resolver} {target} (name:port behind a
 * proxy) {dial} (where OpenSSL connects to) {direct} (nothing, and only without a proxy) {hosts}
 * (filter of libpcap) {talk} (filter of Wireshark) {6} (FortiOS: for IPv6). */
static const struct recipe {
    enum platform on;
    unsigned about;
    uint8_t only; /* version of IP; 0 = both */
    const char *purpose, *lines;
} recipes[] = {
    { ON_WIRESHARK, ~0U & ~(NAME | NAME_TCP | LINK), 0, "this connection", "{talk}" },
    { ON_WIRESHARK, NAME | NAME_TCP, 0, "all questions for this name",
      "dns.qry.name == {question}" },
    { ON_WIRESHARK, LINK, 4, "who asks for the address, and who answers",
      "arp.dst.proto_ipv4 == {server} || arp.src.proto_ipv4 == {server}" },
    { ON_WIRESHARK, LINK, 6, "who asks for the address, and who answers",
      "icmpv6.nd.ns.target_address == {server} || icmpv6.nd.na.target_address == {server}" },
    { ON_WIRESHARK, REACH, 0, "what came back, also from others",
      "(tcp.flags.syn == 1 || tcp.flags.reset == 1 || icmp || icmpv6) && {talk}" },

    { ON_FORTIGATE, ~0U, 0, "do the packets come in, and do they go out? (end it with Ctrl-C)",
      "diagnose sniffer packet any '{hosts}' 6 0 a" },
    { ON_FORTIGATE,
      REACH | CUT | SIZE | PROXY | IDLE | TLS | PAGE | MAIL | DIRECTORY | FILES | SHELL, 0,
      "the session: policy_id, expire= (seconds left), npu_state",
      "diagnose sys session{6} filter clear\n"
      "diagnose sys session{6} filter src {client}\n"
      "diagnose sys session{6} filter dst {server}\n"
      "diagnose sys session{6} filter dport {port}\n"
      "diagnose sys session{6} list" },
    { ON_FORTIGATE, REACH | CUT | SIZE | PROXY | IDLE | NAME | NAME_TCP, 0,
      "what the policy does with them, during a retry",
      "diagnose debug reset\n"
      "diagnose debug flow filter{6} clear\n"
      "diagnose debug flow filter{6} addr {client}\n"
      "diagnose debug flow filter{6} port {port}\n"
      "diagnose debug flow show function-name enable\n"
      "diagnose debug flow trace start{6} 100\n"
      "diagnose debug enable" },
    { ON_FORTIGATE, REACH | CUT | SIZE | PROXY | IDLE | NAME | NAME_TCP, 0, "afterwards",
      "diagnose debug flow trace stop{6}\n"
      "diagnose debug disable" },
    { ON_FORTIGATE, LINK, 4, "whom the FortiGate knows there", "get system arp" },

    { ON_WINDOWS, REACH | TLS | PROXY | MAIL | DIRECTORY | FILES | SHELL | PAGE, 0,
      "from the client: does the port open? (that alone proves no TLS)",
      "Test-NetConnection -ComputerName {server} -Port {port}" },
    { ON_WINDOWS, REACH, 0, "on the server: does anything listen?",
      "Get-NetTCPConnection -State Listen -LocalPort {port}" },
    { ON_WINDOWS, CUT | IDLE, 0, "on the client: what it takes for open",
      "Get-NetTCPConnection -RemoteAddress {server} -RemotePort {port}" },
    { ON_WINDOWS, TLS, 0, "from the client: does Windows accept the certificate?",
      "curl.exe -sv --max-time 10 -o NUL {direct}--resolve {name}:{port}:{at} "
      "https://{name}:{port}/" },
    { ON_WINDOWS, CLIENT_CERT, 0, "on the client: its certificates and keys",
      "Get-ChildItem Cert:\\LocalMachine\\My | Format-List Subject, Issuer, NotAfter, "
      "HasPrivateKey" },
    { ON_WINDOWS, SIZE, 4, "from the client: do 1500 octets arrive?",
      "ping -n 3 -f -l 1472 {server}" },
    { ON_WINDOWS, SIZE, 0, "on the client: the MTU of its interfaces",
      "Get-NetIPInterface | Format-Table InterfaceAlias, AddressFamily, NlMtu" },
    { ON_WINDOWS, NAME, 0, "from the client: ask the same server",
      "Resolve-DnsName -Name {question} -Type A -Server {resolver} -DnsOnly" },
    { ON_WINDOWS, NAME_TCP, 0, "from the client: ask over TCP",
      "Resolve-DnsName -Name {question} -Type A -Server {resolver} -DnsOnly -TcpOnly\n"
      "Test-NetConnection -ComputerName {resolver} -Port 53" },
    { ON_WINDOWS, LINK, 0, "on the client: what it knows of the next hop",
      "Get-NetNeighbor -IPAddress {server}" },
    { ON_WINDOWS, PAGE, 0, "from the client: what is answered?",
      "curl.exe -sv --max-time 10 -o NUL {scheme}://{at}:{port}/" },
    { ON_WINDOWS, PROXY, 0, "on the client: who says that there is a proxy?",
      "netsh winhttp show proxy" },
    { ON_WINDOWS, PROXY, 0, "from the client: the same through the proxy",
      "curl.exe -sv --max-time 20 -o NUL -x http://{at}:{port} https://{target}/" },
    { ON_WINDOWS, CLOCK, 0, "on the client: is its clock right?", "w32tm /query /status" },
    { ON_WINDOWS, RECORD, 0, "on the endpoint, or on EMS: capture once more",
      "pktmon filter remove\n"
      "pktmon filter add EMS -i {server} -p {port}\n"
      "pktmon start -c --pkt-size 0 -f ems.etl\n"
      "pktmon stop\n"
      "pktmon etl2pcap ems.etl -o ems.pcapng" },

    { ON_LINUX, REACH | PROXY, 0, "from the client: does the port open?",
      "nc -vz -w 5 {server} {port}" },
    { ON_LINUX, REACH, 0, "on the server: does anything listen?", "ss -ltn 'sport = :{port}'" },
    { ON_LINUX, CUT | IDLE, 0, "on the client: timers and repeats of what it takes for open",
      "ss -tnoi 'dst {server} and dport = :{port}'" },
    { ON_LINUX, TLS, 0, "from the client: what is shown, and how it ends",
      "openssl s_client {dial} -servername {name} -showcerts </dev/null" },
    { ON_LINUX, TLS, 0, "the same under TLS 1.2, which hides less",
      "openssl s_client {dial} -servername {name} -tls1_2 </dev/null" },
    { ON_LINUX, CLIENT_CERT, 0, "with the client's certificate and key",
      "openssl s_client {dial} -servername {name} -cert client.pem -key client.key "
      "</dev/null" },
    { ON_LINUX, SIZE, 4, "from the client: do 1500 octets arrive, and where not?",
      "ping -c 3 -M do -s 1472 {server}\ntracepath -n {server}" },
    { ON_LINUX, NAME, 0, "from the client: ask the same server",
      "dig +tries=1 +time=3 @{resolver} -q {question} -t A\n"
      "dig +tries=1 +time=3 @{resolver} -q {question} -t AAAA" },
    { ON_LINUX, NAME_TCP, 0, "from the client: ask over TCP",
      "dig +tcp +tries=1 +time=3 @{resolver} -q {question} -t A" },
    { ON_LINUX, LINK, 0, "on the client: what it knows of the next hop",
      "ip neigh show to {server}" },
    { ON_LINUX, PAGE, 0, "from the client: what is answered?",
      "curl -sv --max-time 10 -o /dev/null {scheme}://{at}:{port}/" },
    { ON_LINUX, PROXY, 0, "from the client: the same through the proxy",
      "curl -sv --max-time 20 -o /dev/null -x http://{at}:{port} https://{target}/" },
    { ON_LINUX, MAIL, 0, "from EMS: what does the server offer?",
      "openssl s_client -starttls smtp -connect {at}:{port} </dev/null" },
    { ON_LINUX, DIRECTORY, 0, "from EMS: does StartTLS work?",
      "openssl s_client -starttls ldap -connect {at}:{port} </dev/null" },
    { ON_LINUX, FILES, 0, "from the client: does AUTH TLS work?",
      "openssl s_client -starttls ftp -connect {at}:{port} </dev/null" },
    { ON_LINUX, SHELL, 0, "from the client: what is agreed, and where it ends",
      "ssh -vv -o BatchMode=yes -p {port} {server} exit" },
    { ON_LINUX, CLOCK, 0, "on the client: is its clock right?", "timedatectl" },
    { ON_LINUX, RECORD, 0, "on the endpoint, or on EMS: capture once more",
      "tcpdump -i any -s 0 -w ems.pcap '{hosts}'" },
};

const char *platform_name(enum platform on)
{
    static const char *const names[PLATFORMS] = { "wireshark", "fortigate", "windows", "linux" };
    return names[on];
}

const char *platform_title(enum platform on)
{
    static const char *const titles[PLATFORMS] = { "Wireshark", "FortiGate", "Windows", "Linux" };
    return titles[on];
}

/* ---- what came from the wire ---- */

/* One word for the shell, or a string for Wireshark.  PowerShell takes other quotation marks for
 * its own, and hands on double ones unescaped: there only what needs no quotes will do. */
static bool add_word(const char *s, enum platform on, struct text *out)
{
    if (!s || !s[0] || s[0] == '-')
        return false;
    if (on == ON_WIRESHARK) {
        text_add(out, "\"");
        for (; *s; s++)
            text_format(out, *s == '"' || *s == '\\' ? "\\%c" : "%c", *s);
        text_add(out, "\"");
        return true;
    }
    if (text_is_host(s)) {
        text_add(out, s);
        return true;
    }
    if (on == ON_WINDOWS)
        return false;
    text_add(out, "'");
    for (; *s; s++)
        if (*s == '\'')
            text_add(out, "'\\''");
        else
            text_add_n(out, s, 1);
    text_add(out, "'");
    return true;
}

/* ---- the blanks ---- */

struct case_of {
    const struct facts *facts;
    const struct group *group;
    enum platform on;
};

static const struct session *session_of(const struct case_of *c)
{
    const struct verdict *v = c->facts->verdict;
    return v && v->flow ? v->flow->session : NULL;
}

static const struct lookup *lookup_of(const struct case_of *c)
{
    const struct verdict *v = c->facts->verdict;
    return !v || c->facts->names_hidden ? NULL : v->lookup ? v->lookup : v->name_lookup;
}

static bool has_server(const struct case_of *c)
{
    return !c->group->of_capture && !address_is_unspecified(&c->group->server);
}

static bool has_client(const struct case_of *c)
{
    return !c->group->of_capture && !address_is_unspecified(&c->group->client);
}

static bool add_address(bool known, const struct address *address, struct text *out)
{
    char text[ADDRESS_TEXT];
    if (known)
        text_add(out, address_text(address, text));
    return known;
}

static bool put_client(const struct case_of *c, struct text *out)
{
    return add_address(has_client(c), &c->group->client, out);
}

static bool put_server(const struct case_of *c, struct text *out)
{
    return add_address(has_server(c), &c->group->server, out);
}

static bool put_at(const struct case_of *c, struct text *out)
{
    bool brackets = !address_is_ipv4(&c->group->server);

    text_add(out, brackets ? "[" : "");
    bool known = put_server(c, out);
    text_add(out, brackets ? "]" : "");
    return known;
}

static bool put_port(const struct case_of *c, struct text *out)
{
    if (c->group->port)
        text_format(out, "%u", c->group->port);
    return c->group->port;
}

static bool put_name(const struct case_of *c, struct text *out)
{
    const struct session *session = session_of(c);
    const char *name = fill_server_name(c->facts);

    if (session && session->server_name[0] && !c->facts->names_hidden)
        name = session->server_name; /* what the client asked for */
    return add_word(name, c->on, out);
}

static bool put_question(const struct case_of *c, struct text *out)
{
    const struct lookup *lookup = lookup_of(c);
    return lookup && add_word(lookup->name, c->on, out);
}

static bool put_resolver(const struct case_of *c, struct text *out)
{
    const struct verdict *v = c->facts->verdict;

    if (c->group->lookup)
        return put_server(c, out);
    return v && add_address(!address_is_unspecified(&v->resolver), &v->resolver, out);
}

static bool put_target(const struct case_of *c, struct text *out)
{
    const struct session *session = session_of(c);
    const struct talk *talk = session ? session->talk : NULL;

    if (!talk || c->facts->names_hidden || !add_word(talk->target, c->on, out))
        return false;
    text_format(out, ":%u", talk->target_port);
    return text_is_host(talk->target);
}

static bool put_direct(const struct case_of *c, struct text *out)
{
    (void)out;
    return !fill_tunnel(c->facts);
}

static bool put_dial(const struct case_of *c, struct text *out)
{
    bool tunnel = fill_tunnel(c->facts);

    text_add(out, tunnel ? "-proxy " : "-connect ");
    if (!put_at(c, out))
        return false;
    text_add(out, ":");
    if (!put_port(c, out))
        return false;
    text_add(out, tunnel ? " -connect " : "");
    return !tunnel || put_target(c, out);
}

/* As libpcap and the sniffer of FortiOS have it. */
static bool put_hosts(const struct case_of *c, struct text *out)
{
    char text[ADDRESS_TEXT];

    if (has_client(c))
        text_format(out, "host %s", address_text(&c->group->client, text));
    if (has_server(c))
        text_format(out, "%shost %s", has_client(c) ? " and " : "",
                    address_text(&c->group->server, text));
    if (c->group->port)
        text_format(out, "%sport %u", has_client(c) || has_server(c) ? " and " : "",
                    c->group->port);
    else if (!has_client(c) && !has_server(c))
        text_add(out, "port 8013 or port 443 or port 53");
    return true;
}

static bool put_talk(const struct case_of *c, struct text *out)
{
    bool v4 = address_is_ipv4(&c->group->server);
    char client[ADDRESS_TEXT], server[ADDRESS_TEXT];

    if (!has_client(c) || !has_server(c))
        return false;
    text_format(out, "%s == %s && %s == %s", v4 ? "ip.addr" : "ipv6.addr",
                address_text(&c->group->client, client), v4 ? "ip.addr" : "ipv6.addr",
                address_text(&c->group->server, server));
    if (c->group->port)
        text_format(out, " && %s.port == %u", c->group->lookup ? "udp" : "tcp", c->group->port);
    return true;
}

static bool put_6(const struct case_of *c, struct text *out)
{
    text_add(out, has_server(c) && !address_is_ipv4(&c->group->server) ? "6" : "");
    return true;
}

static bool put_scheme(const struct case_of *c, struct text *out)
{
    const struct session *session = session_of(c);
    text_add(out, session && session->tls ? "https" : "http");
    return true;
}

static const struct blank {
    const char *name;
    bool (*put)(const struct case_of *c, struct text *out);
} blanks[] = {
    { "client", put_client },
    { "server", put_server },
    { "port", put_port },
    { "at", put_at },
    { "name", put_name },
    { "question", put_question },
    { "resolver", put_resolver },
    { "target", put_target },
    { "dial", put_dial },
    { "direct", put_direct },
    { "hosts", put_hosts },
    { "talk", put_talk },
    { "6", put_6 },
    { "scheme", put_scheme },
};

static bool put_blank(const struct case_of *c, const char *name, size_t n, struct text *out)
{
    for (size_t i = 0; i < sizeof blanks / sizeof *blanks; i++)
        if (strlen(blanks[i].name) == n && memcmp(blanks[i].name, name, n) == 0)
            return blanks[i].put(c, out);
    return false;
}

/* Without a name OpenSSL is not told one. */
static size_t skip_nameless(const struct case_of *c, const char *at)
{
    static const char option[] = " -servername {name}";
    char word[300];
    struct text t = text_of(word, sizeof word);

    if (strncmp(at, option, sizeof option - 1) != 0 || put_name(c, &t))
        return 0;
    return sizeof option - 1;
}

/* One line of n characters; false, and nothing added, when something of it is not known. */
static bool put_line(const struct case_of *c, const char *line, size_t n, struct text *out)
{
    size_t before = out->n;

    text_add(out, before ? "\n" : "");
    for (size_t i = 0; i < n; i++) {
        i += skip_nameless(c, line + i);
        if (line[i] != '{') {
            text_add_n(out, line + i, 1);
            continue;
        }
        size_t length = strcspn(line + i, "}");
        if (!put_blank(c, line + i + 1, length - 1, out)) {
            out->n = before;
            out->at[before] = '\0';
            return false;
        }
        i += length;
    }
    return !out->cut;
}

/* Without one line of what it is about it would show, or record, everything. */
static bool put_lines(const struct case_of *c, const char *lines, struct text *out)
{
    bool about = false;

    while (*lines) {
        size_t n = strcspn(lines, "\n");
        bool put = put_line(c, lines, n, out);
        about |= put && memchr(lines, '{', n);
        lines += n + (lines[n] == '\n');
    }
    return about && out->n && !out->cut;
}

static unsigned about(enum finding_id id)
{
    for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++)
        if (finding_in_family(id, subjects[i].family))
            return subjects[i].about;
    return 0;
}

static bool is_for_version(const struct case_of *c, uint8_t only)
{
    return !only || (address_is_ipv4(&c->group->server) || !has_server(c) ? 4 : 6) == only;
}

size_t commands_of(const struct facts *facts, struct command out[COMMANDS_MAX])
{
    const struct group *g = facts->group;
    unsigned what = g ? about(g->id) : 0;
    size_t n = 0;

    for (size_t i = 0; what && i < sizeof recipes / sizeof *recipes && n < COMMANDS_MAX; i++) {
        const struct recipe *row = &recipes[i];
        struct case_of c = { .facts = facts, .group = g, .on = row->on };
        if (!(row->about & what) || !is_for_version(&c, row->only))
            continue;
        struct text t = text_of(out[n].text, sizeof out[n].text);
        out[n].on = row->on;
        out[n].purpose = row->purpose;
        n += put_lines(&c, row->lines, &t);
    }
    return n;
}
