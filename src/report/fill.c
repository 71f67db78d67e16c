#include "report/fill.h"

#include "report/stamp.h"
#include "tls/names.h"
#include "verdict/refusal.h"
#include "verdict/visible.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define OR_DOWN "; the host is switched off; no route"

static const struct flow *flow_of(const struct facts *f)
{
    return f->verdict ? f->verdict->flow : NULL;
}

static const struct session *session_of(const struct facts *f)
{
    const struct flow *flow = flow_of(f);
    return flow ? flow->session : NULL;
}

static const struct tls *tls_of(const struct facts *f)
{
    const struct session *session = session_of(f);
    return session ? session->tls : NULL;
}

static const struct lookup *lookup_of(const struct facts *f)
{
    if (!f->verdict)
        return NULL;
    return f->verdict->lookup ? f->verdict->lookup : f->verdict->name_lookup;
}

static bool add_address(const struct address *a, struct text *out)
{
    char text[ADDRESS_TEXT];
    if (address_is_unspecified(a))
        return false;
    text_add(out, address_text(a, text));
    return true;
}

void fill_network(const struct address *address, struct text *out)
{
    struct address network = *address;
    char text[ADDRESS_TEXT];
    bool v4 = address_is_ipv4(address);
    memset(network.octet + (v4 ? 15 : 8), 0, v4 ? 1 : 8);
    text_format(out, "%s/%d", address_text(&network, text), v4 ? 24 : 64);
}

void fill_alert(const struct tls_alert *alert, struct text *out)
{
    const char *name = tls_alert_name(alert->code);
    text_format(out, name ? "%u %s" : "%u", alert->code, name);
    if (alert->opened)
        text_add(out, " (read with keys)");
}

const char *fill_server_name(const struct facts *f)
{
    const struct flow *flow = flow_of(f);
    const struct session *session = session_of(f);
    const char *name = NULL;

    if (f->names_hidden || !flow)
        return "";
    if (session && session->talk && session->talk->target[0])
        return session->talk->target; /* the address is the proxy's */
    if (f->verdict->name_lookup)
        return f->verdict->name_lookup->name;
    if (session && session->server_name[0])
        return session->server_name;
    if (f->scene && f->scene->names)
        name = names_of(f->scene->names, &flow->address[SERVER]);
    return name ? name : "";
}

static bool fill_client(const struct facts *f, struct text *out)
{
    if (!f->group || f->group->of_capture)
        return false;
    if (f->group->n_endpoints <= 1 || f->one_client)
        return add_address(&f->group->client, out);
    text_format(out, "%" PRIu32 " endpoints", f->group->n_endpoints);
    if (f->group->one_network) {
        text_add(out, " in ");
        fill_network(&f->group->client, out);
    }
    return true;
}

static bool fill_client_port(const struct facts *f, struct text *out)
{
    if (!flow_of(f))
        return false;
    text_format(out, "%u", flow_of(f)->port[CLIENT]);
    return true;
}

static bool fill_server(const struct facts *f, struct text *out)
{
    return f->group && !f->group->of_capture && add_address(&f->group->server, out);
}

const struct talk *fill_tunnel(const struct facts *f)
{
    const struct session *session = session_of(f);
    const struct talk *talk = session ? session->talk : NULL;

    if (!talk || !talk->target[0] || !f->group || finding_in_family(f->group->id, "proxy"))
        return NULL;
    return talk;
}

/* What fails inside of a tunnel is about the port at its other end. */
static bool fill_port(const struct facts *f, struct text *out)
{
    const struct talk *tunnel = fill_tunnel(f);

    if (!f->group || f->group->of_capture)
        return false;
    text_format(out, "%u", tunnel ? tunnel->target_port : f->group->port);
    return true;
}

static bool fill_name(const struct facts *f, struct text *out)
{
    const char *name = fill_server_name(f);
    if (name[0])
        text_add(out, name);
    return name[0] || fill_server(f, out);
}

/* What OpenSSL is told to connect to, and where a tunnel leads through a proxy, that as well.  A
 * name that a shell would not take for one word is left to the reader. */
static bool fill_dial(const struct facts *f, struct text *out)
{
    bool tunnel = fill_tunnel(f);
    char proxy[ADDRESS_TEXT];

    if (tunnel)
        text_format(out, address_is_ipv4(&f->group->server) ? "-proxy %s:%u " : "-proxy [%s]:%u ",
                    address_text(&f->group->server, proxy), f->group->port);
    text_add(out, "-connect ");
    const char *name = fill_server_name(f);
    bool nameless = !name[0] && !tunnel;
    if (nameless && !fill_server(f, out))
        return false;
    if (!nameless)
        text_add(out, text_is_host(name) ? name : "SERVER");
    text_add(out, ":");
    return fill_port(f, out);
}

static bool fill_subnet(const struct facts *f, struct text *out)
{
    if (!f->group || f->group->of_capture || !f->group->one_network)
        return false;
    fill_network(&f->group->client, out);
    return true;
}

/* The alert that decided; without one, the first in clear. */
static bool fill_alert_fact(const struct facts *f, struct text *out)
{
    const struct tls_alert *alert = f->verdict ? f->verdict->alert : NULL;
    const struct tls *tls = tls_of(f);
    for (size_t i = 0; !alert && tls && i < tls->n_alerts; i++)
        if (!tls->alerts[i].encrypted)
            alert = &tls->alerts[i];
    if (!alert || alert->encrypted)
        return false;
    fill_alert(alert, out);
    return true;
}

static const struct icmp_note *icmp_of(const struct facts *f)
{
    const struct flow *flow = flow_of(f);
    if (!flow || !flow->more)
        return NULL;
    const struct flow_more *more = flow->more;
    return more->icmp.frame ? &more->icmp : more->too_big.frame ? &more->too_big : NULL;
}

static bool fill_icmp_from(const struct facts *f, struct text *out)
{
    const struct icmp_note *note = icmp_of(f);
    return note && add_address(&note->sender, out);
}

static bool fill_mtu(const struct facts *f, struct text *out)
{
    const struct flow *flow = flow_of(f);
    if (!flow || !flow->more || !flow->more->too_big.mtu)
        return false;
    text_format(out, "%" PRIu32, flow->more->too_big.mtu);
    return true;
}

/* The silence before the end: what a reset or FIN ended, else the longest there was. */
static bool fill_gap(const struct facts *f, struct text *out)
{
    const struct flow *flow = flow_of(f);
    if (!flow || !flow->more)
        return false;
    const struct flow_more *more = flow->more;
    int64_t gap = more->longest_gap_ns;
    for (int side = CLIENT; side < SIDES; side++)
        if (more->half[side].rst.frame && more->half[side].rst.gap_ns > 0)
            gap = more->half[side].rst.gap_ns;
    if (gap <= 0)
        return false;
    int64_t tenths = (gap + 50000000) / 100000000;
    text_format(out, "%" PRId64 ".%d", tenths / 10, (int)(tenths % 10));
    return true;
}

static bool fill_n(const struct facts *f, struct text *out)
{
    if (!f->group)
        return false;
    text_format(out, "%" PRIu32, f->group->n_members);
    return true;
}

static bool fill_n_syn(const struct facts *f, struct text *out)
{
    if (!f->group || !f->group->n_syn)
        return false;
    text_format(out, "%" PRIu64, f->group->n_syn);
    return true;
}

static bool add_version(uint16_t version, struct text *out)
{
    const char *name = version ? tls_version_name(version) : NULL;
    if (name)
        text_add(out, name);
    return name;
}

static bool fill_version_offered(const struct facts *f, struct text *out)
{
    const struct tls *tls = tls_of(f);
    return tls && tls->hello && add_version(tls_offered_highest(tls->hello), out);
}

/* The highest version that the server was seen to take part in. */
static bool fill_version_max(const struct facts *f, struct text *out)
{
    const struct tls *tls = tls_of(f);
    return tls && add_version(tls_version(tls), out);
}

static bool fill_line(const struct facts *f, struct text *out)
{
    const struct session *session = session_of(f);
    if (!session)
        return false;
    for (int side = SERVER; side >= CLIENT; side--)
        if (session->opening[side].line && session->opening[side].line[0]) {
            text_format(out, "\"%s\"", session->opening[side].line);
            return true;
        }
    return false;
}

static bool fill_said(const struct facts *f, struct text *out)
{
    const struct remark *remark = f->verdict ? f->verdict->remark : NULL;
    if (!remark || !remark->text[0])
        return false;
    text_format(out, "\"%s\"", remark->text);
    return true;
}

static bool fill_refusal(const struct facts *f, struct text *out)
{
    const struct session *session = session_of(f);
    const struct remark *remark = f->verdict ? f->verdict->remark : NULL;
    const char *sentence =
        remark && session && session->talk ? refusal_sentence(session->talk, remark) : NULL;
    if (sentence)
        text_add(out, sentence);
    return sentence;
}

/* ---- lists of SSH ---- */

static const struct remark *said_of(const struct facts *f, enum said said)
{
    const struct session *session = session_of(f);
    return session ? talk_find(session->talk, said) : NULL;
}

/* In the order of KEXINIT (RFC 4253 section 7.1). */
static bool fill_list(const struct facts *f, struct text *out)
{
    static const char *const names[] = {
        "key exchange method",           "type of host key",
        "cipher to the server",          "cipher to the client",
        "integrity check to the server", "integrity check to the client",
        "compression to the server",     "compression to the client",
    };
    const struct remark *remark = said_of(f, SAID_SSH_NO_COMMON);

    if (!remark || !remark->code || remark->code > sizeof names / sizeof *names)
        return false;
    text_add(out, names[remark->code - 1]);
    return true;
}

static bool fill_names(const struct facts *f, enum said said, struct text *out)
{
    const struct remark *remark = said_of(f, said);
    size_t n = remark ? strlen(remark->text) : 0;

    if (!remark)
        return false;
    if (n)
        text_format(out, "\"%s%s\"", remark->text, n + 1 < TALK_TEXT ? "" : "...");
    else
        text_add(out, "none");
    return true;
}

static bool fill_client_list(const struct facts *f, struct text *out)
{
    return fill_names(f, SAID_SSH_CLIENT_NAMES, out);
}

static bool fill_server_list(const struct facts *f, struct text *out)
{
    return fill_names(f, SAID_SSH_SERVER_NAMES, out);
}

/* What a proxy was asked for. */
static bool fill_target(const struct facts *f, struct text *out)
{
    const struct session *session = session_of(f);
    if (!session || !session->talk || !session->talk->target[0])
        return false;
    if (f->names_hidden)
        return false;
    text_format(out, "%s:%u", session->talk->target, session->talk->target_port);
    return true;
}

static bool fill_resolver(const struct facts *f, struct text *out)
{
    const struct lookup *lookup = lookup_of(f);
    if (f->verdict && !address_is_unspecified(&f->verdict->resolver))
        return add_address(&f->verdict->resolver, out);
    return lookup && add_address(&lookup->server, out);
}

static bool fill_question(const struct facts *f, struct text *out)
{
    const struct lookup *lookup = lookup_of(f);
    if (lookup)
        text_add(out, lookup->name);
    return lookup && lookup->name[0];
}

/* In a command that is pasted into a shell. */
static bool fill_ask(const struct facts *f, struct text *out)
{
    const struct lookup *lookup = lookup_of(f);
    if (lookup)
        text_add(out, text_is_host(lookup->name) ? lookup->name : "NAME");
    return lookup && lookup->name[0];
}

static bool fill_rcode(const struct facts *f, struct text *out)
{
    static const char *const names[] = { "NOERROR",  "FORMERR", "SERVFAIL",
                                         "NXDOMAIN", "NOTIMP",  "REFUSED" };
    const struct lookup *lookup = lookup_of(f);
    if (!lookup || !lookup->answered)
        return false;
    if (lookup->rcode < sizeof names / sizeof *names)
        text_add(out, names[lookup->rcode]);
    else
        text_format(out, "%u", lookup->rcode);
    return true;
}

static bool fill_answered(const struct facts *f, struct text *out)
{
    const struct lookup *lookup = lookup_of(f);
    return lookup && lookup->n_answers && add_address(&lookup->answer[0], out);
}

/* The certificate that the finding is about: the client's for tls.clientcert, else the server's. */
static const struct cert_facts *leaf_of(const struct facts *f)
{
    const struct session *session = session_of(f);
    enum side side = SERVER;
    if (f->group && finding_in_family(f->group->id, "tls.clientcert"))
        side = CLIENT;
    if (!session || !session->n_chain[side])
        return NULL;
    const struct cert_facts *facts = cert_facts(session->chain[side][0]);
    return facts->parsed ? facts : NULL;
}

static bool fill_not_after(const struct facts *f, struct text *out)
{
    const struct cert_facts *leaf = leaf_of(f);
    char day[STAMP_TEXT];
    if (leaf)
        text_add(out, stamp_utc_day(leaf->not_after_s, day));
    return leaf;
}

static bool fill_issuer(const struct facts *f, struct text *out)
{
    const struct cert_facts *leaf = leaf_of(f);
    const char *issuer = !leaf ? "" : leaf->issuer_cn[0] ? leaf->issuer_cn : leaf->issuer;
    if (issuer[0])
        text_format(out, "\"%s\"", issuer);
    return issuer[0];
}

/* As the client wrote it, whatever DNS says of the address. */
static bool fill_asked(const struct facts *f, struct text *out)
{
    const struct session *session = session_of(f);
    if (f->names_hidden || !session || !session->server_name[0])
        return false;
    text_add(out, session->server_name);
    return true;
}

static bool fill_configured(const struct facts *f, struct text *out)
{
    const struct profile *profile = f->scene ? f->scene->profile : NULL;
    for (size_t i = 0; profile && i < profile->n_ems_names; i++)
        text_format(out, "%s%s", i ? ", " : "", profile->ems_name[i]);
    return profile && profile->n_ems_names;
}

static bool fill_revocation(const struct facts *f, struct text *out)
{
    const struct cert_facts *leaf = leaf_of(f);
    for (unsigned i = 0; leaf && i < leaf->n_revocation; i++)
        text_format(out, "%s%s", i ? ", " : "", leaf->revocation[i]);
    return leaf && leaf->n_revocation;
}

static bool fill_defects(const struct facts *f, struct text *out)
{
    char list[256] = "";
    if (f->verdict)
        visible_list(f->verdict->defects, list, sizeof list);
    text_add(out, list);
    return list[0];
}

static bool fill_record(const struct facts *f, struct text *out)
{
    if (!f->verdict || !f->verdict->sealed.alert_length)
        return false;
    text_format(out, "%u", f->verdict->sealed.alert_length);
    return true;
}

static bool fill_expected(const struct facts *f, struct text *out)
{
    if (!f->verdict || !f->verdict->sealed.expected_finished)
        return false;
    text_format(out, "%u", f->verdict->sealed.expected_finished);
    return true;
}

/* Nothing where the host itself is known to be up. */
static bool fill_or_down(const struct facts *f, struct text *out)
{
    for (size_t i = 0; f->verdict && i < f->verdict->n_checks; i++)
        if (f->verdict->checks[i].kind == CHECK_SERVER_ANSWERS ||
            f->verdict->checks[i].kind == CHECK_PORT_ANSWERS_OTHERS)
            return true;
    text_add(out, OR_DOWN);
    return true;
}

static const struct blank {
    const char *name;
    bool (*fill)(const struct facts *, struct text *);
    const char *general; /* without a capture */
} blanks[] = {
    { "client", fill_client, "the client" },
    { "client_port", fill_client_port, "its port" },
    { "server", fill_server, "the server" },
    { "port", fill_port, "the port" },
    { "name", fill_name, "the server" },
    { "subnet", fill_subnet, "the client's network" },
    { "alert", fill_alert_fact, "an alert" },
    { "icmp_from", fill_icmp_from, "the sender of the ICMP message" },
    { "mtu", fill_mtu, "N" },
    { "gap_s", fill_gap, "N" },
    { "n", fill_n, "N" },
    { "n_syn", fill_n_syn, "N" },
    { "version_offered", fill_version_offered, "the version that the client offers" },
    { "version_max", fill_version_max, "the version that the server takes" },
    { "line", fill_line, "a line of plain text" },
    { "said", fill_said, "its answer" },
    { "refusal", fill_refusal,
      "49 is a wrong name or password, or what the number of a domain controller "
      "says; 8 and 13 ask for signing or TLS; 53 is an empty password, or a rule "
      "of the server" },
    { "list", fill_list, "algorithm of one kind" },
    { "client_list", fill_client_list, "its own" },
    { "server_list", fill_server_list, "others" },
    { "target", fill_target, "the server asked for" },
    { "dial", fill_dial, "-connect SERVER:PORT" },
    { "resolver", fill_resolver, "the DNS server" },
    { "question", fill_question, "the name" },
    { "ask", fill_ask, "NAME" },
    { "rcode", fill_rcode, "an error" },
    { "answered", fill_answered, "an address" },
    { "not_after", fill_not_after, "its last day" },
    { "issuer", fill_issuer, "its issuer" },
    { "asked", fill_asked, "another name" },
    { "configured", fill_configured, "the configured EMS" },
    { "revocation", fill_revocation, "the hosts in the certificate" },
    { "defects", fill_defects, "what is wrong with it" },
    { "record", fill_record, "N" },
    { "expected", fill_expected, "M" },
    { "or_down", fill_or_down, OR_DOWN },
};

static bool fill_placeholder(const struct facts *f, const char *name, size_t n, struct text *out)
{
    for (size_t i = 0; i < sizeof blanks / sizeof *blanks; i++) {
        const struct blank *p = &blanks[i];
        if (strlen(p->name) != n || memcmp(p->name, name, n) != 0)
            continue;
        if (!f->general)
            return p->fill(f, out);
        text_add(out, p->general);
        return true;
    }
    return false;
}

/* The length of the sentence at s: to a full stop before a space and a capital or a blank, or
 * to the end of a line. */
static size_t sentence_length(const char *s)
{
    for (size_t i = 0; s[i]; i++) {
        if (s[i] == '\n')
            return i + 1;
        bool ends = s[i] == '.' && s[i + 1] == ' ';
        if (ends && (isupper((unsigned char)s[i + 2]) || s[i + 2] == '{'))
            return i + 2;
    }
    return strlen(s);
}

/* Is there the word EMS at s, and not as a part of another?  "FortiClient EMS" stays. */
static bool at_ems(const char *begin, const char *s)
{
    if (strncmp(s, "EMS", 3) != 0 || isalnum((unsigned char)s[3]) || s[3] == '_')
        return false;
    bool before = s > begin && (isalnum((unsigned char)s[-1]) || s[-1] == '-' || s[-1] == '_');
    bool product = s - begin >= 12 && memcmp(s - 12, "FortiClient ", 12) == 0;
    return !before && !product;
}

/* A server that is no EMS is not called one.  Answers how much of the sentence that replaces. */
static size_t add_server_word(const char *begin, const char *s, struct text *out)
{
    bool the = s - begin >= 4 && memcmp(s - 3, "he ", 3) == 0;
    text_add(out, the ? "server" : s == begin ? "The server" : "the server");
    return strncmp(s, "EMS server", 10) == 0 ? 10 : 3;
}

static bool fill_sentence(const struct facts *f, const char *s, size_t n, struct text *out)
{
    struct text saved = *out;
    for (size_t i = 0; i < n; i++) {
        const char *end = s[i] == '{' ? memchr(s + i, '}', n - i) : NULL;
        if (end && !fill_placeholder(f, s + i + 1, (size_t)(end - s) - i - 1, out)) {
            *out = saved;
            out->at[out->n] = '\0';
            return false;
        }
        if (end) {
            i = (size_t)(end - s);
        } else if (f->not_ems && at_ems(s, s + i)) {
            i += add_server_word(s, s + i, out) - 1;
        } else {
            size_t plain = 1;
            while (i + plain < n && s[i + plain] != '{' && s[i + plain] != 'E')
                plain++;
            text_add_n(out, s + i, plain);
            i += plain - 1;
        }
    }
    return true;
}

/* A command is for one host, even when many are concerned. */
static bool holds_command(const char *template)
{
    return strchr(template, '\n') || strstr(template, "tcpdump ");
}

bool fill(const struct facts *facts, const char *template, struct text *out)
{
    struct facts copy = *facts, *f = &copy;
    bool any = false;

    if (template && holds_command(template))
        f->one_client = true;
    for (const char *s = template; s && *s;) {
        size_t n = sentence_length(s);
        any |= fill_sentence(f, s, n, out);
        s += n;
    }
    while (out->n && (out->at[out->n - 1] == ' ' || out->at[out->n - 1] == '\n'))
        out->at[--out->n] = '\0';
    return any;
}

void fill_headline(const struct facts *f, struct text *out)
{
    const struct finding *finding = finding_of(f->group->id);
    if (!fill(f, finding->prose.headline, out))
        text_add(out, finding->title);
}
