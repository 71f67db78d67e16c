/* sniffer_head.c - one line of packet text: a head, a row of octets, or neither. */
#include "base/text.h"
#include "frame/sniffer.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { TCP = 6, UDP = 17, ICMP = 1, ICMPV6 = 58, ESP = 50, FIN = 1, SYN = 2, RST = 4, PSH = 8 };
enum { ACK = 16 };

/* ---- words */

static bool word_skip(const char **s, const char *word)
{
    size_t n = strlen(word);
    if (strncmp(*s, word, n) != 0)
        return false;
    *s += n;
    return true;
}

/* Exactly n digits, or with n 0 one to twelve. */
static bool number_read(const char **s, unsigned n, uint64_t *out)
{
    unsigned most = n ? n : 12, digits = 0;
    *out = 0;
    for (; digits < most && isdigit((unsigned char)(*s)[digits]); digits++)
        *out = *out * 10 + (uint64_t)((*s)[digits] - '0');
    *s += digits;
    return digits && (!n || digits == n);
}

static bool number_32(const char **s, uint32_t *out)
{
    uint64_t v;
    bool good = number_read(s, 0, &v) && v <= UINT32_MAX;
    *out = good ? (uint32_t)v : 0;
    return good;
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* ---- times */

/* Days since 1970-01-01 of a Gregorian date (the months counted from March). */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    int64_t y = month > 2 ? year : year - 1, m = month > 2 ? month - 3 : month + 9;
    int64_t leap = y / 4 - y / 100 + y / 400;
    return y * 365 + leap + (m * 153 + 2) / 5 + day - 719469;
}

/* ".ffffff" */
static bool fraction_read(const char **s, int64_t *ns)
{
    uint64_t micro;
    if (!word_skip(s, ".") || !number_read(s, 6, &micro) || isdigit((unsigned char)**s))
        return false;
    *ns += (int64_t)micro * 1000;
    return true;
}

/* "hh:mm:ss.ffffff" */
static bool clock_read(const char **s, int64_t *ns)
{
    uint64_t h, m, sec;
    if (!number_read(s, 2, &h) || !word_skip(s, ":") || !number_read(s, 2, &m) ||
        !word_skip(s, ":") || !number_read(s, 2, &sec) || h > 23 || m > 59 || sec > 60)
        return false;
    *ns += (int64_t)(h * 3600 + m * 60 + sec) * 1000000000;
    return fraction_read(s, ns);
}

/* "YYYY-MM-DD hh:mm:ss.ffffff" */
static bool date_read(const char **s, int64_t *ns)
{
    uint64_t y, m, d;
    if (!number_read(s, 4, &y) || !word_skip(s, "-") || !number_read(s, 2, &m) ||
        !word_skip(s, "-") || !number_read(s, 2, &d) || !word_skip(s, " ") || y < 1970 ||
        y > 2200 || m < 1 || m > 12 || d < 1 || d > 31)
        return false;
    *ns = days_of((int64_t)y, (int64_t)m, (int64_t)d) * 86400 * 1000000000;
    return clock_read(s, ns);
}

/* Seconds: of a sniffer since its start, of tcpdump -tt since 1970. */
static bool seconds_read(const char **s, struct head *h)
{
    enum { NO_SNIFFER_RUNS_SO_LONG = 400000000 };
    uint64_t seconds;
    if (!number_read(s, 0, &seconds) || seconds > 8000000000)
        return false;
    h->time_ns = (int64_t)seconds * 1000000000;
    h->relative = seconds < NO_SNIFFER_RUNS_SO_LONG;
    return fraction_read(s, &h->time_ns);
}

static bool time_read(const char **s, struct head *h)
{
    const char *at = *s;
    if (date_read(&at, &h->time_ns) && *at == ' ') {
        *s = at + 1;
        return true;
    }
    at = *s;
    h->time_ns = 0;
    if (clock_read(&at, &h->time_ns) && *at == ' ') {
        h->relative = true;
        *s = at + 1;
        return true;
    }
    at = *s;
    if (!seconds_read(&at, h) || *at != ' ')
        return false;
    *s = at + 1;
    return true;
}

/* ---- addresses */

static bool address_read(const char *s, size_t n, struct address *out)
{
    char text[64];
    if (n == 0 || n >= sizeof text)
        return false;
    memcpy(text, s, n);
    text[n] = '\0';
    return address_parse(text, out);
}

/* "10.0.0.1", "10.0.0.1.443", "fe80::1", "fe80::1.546": the last dot parts the port. */
static bool end_read(const char *s, size_t n, struct address *address, uint16_t *port)
{
    uint64_t number;
    size_t dot = n;
    if (address_read(s, n, address))
        return true;
    while (dot && s[dot - 1] != '.')
        dot--;
    const char *digits = s + dot;
    if (!dot || !number_read(&digits, 0, &number) || digits != s + n || number > UINT16_MAX)
        return false;
    *port = (uint16_t)number;
    return address_read(s, dot - 1, address);
}

/* Six octets in hexadecimal, without leading zeros. */
static bool mac_read(const char **s, uint8_t out[6])
{
    for (int i = 0; i < 6; i++) {
        int high = hex_digit(**s), low;
        if ((i && !word_skip(s, ":")) || (high = hex_digit(**s)) < 0)
            return false;
        low = hex_digit(*++*s);
        out[i] = (uint8_t)(low < 0 ? high : high * 16 + low);
        *s += low >= 0;
    }
    return true;
}

/* ---- what follows the addresses */

static bool numbers_read(const char *s, struct head *h)
{
    if (h->flags != ACK) {
        h->has_seq = number_32(&s, &h->seq);
        if (!h->has_seq)
            return false;
        if (!word_skip(&s, " ack "))
            return true;
        h->flags |= ACK;
    }
    h->has_ack = number_32(&s, &h->ack);
    return h->has_ack;
}

/* One word only is printed: "psh", "fin" and "rst" hide an ACK unless its number follows. */
static bool tcp_read(const char *s, struct head *h)
{
    static const struct {
        const char *word;
        uint8_t flags;
    } words[] = { { "syn ", SYN }, { "fin ", FIN }, { "rst ", RST },
                  { "psh ", PSH }, { "ack ", ACK }, { "", 0 } };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (word_skip(&s, words[i].word)) {
            h->flags = words[i].flags;
            h->kind = HEAD_TCP;
            h->protocol = TCP;
            return numbers_read(s, h);
        }
    return false;
}

static void protocol_read(const char *s, struct head *h)
{
    uint64_t n;
    h->kind = HEAD_IP;
    while (*s == ' ')
        s++;
    if (word_skip(&s, "ESP("))
        h->protocol = ESP;
    else if (word_skip(&s, "icmp:"))
        h->protocol = ICMP;
    else if (strstr(s, "icmp6: "))
        h->protocol = ICMPV6;
    else if (word_skip(&s, "ip-proto-") && number_read(&s, 0, &n) && n <= UINT8_MAX)
        h->protocol = (uint8_t)n;
    else
        h->kind = HEAD_OTHER;
}

static bool flow_read(const char *s, struct head *h)
{
    const char *arrow = strstr(s, " -> ");
    const char *colon = arrow ? strstr(arrow + 4, ": ") : NULL;
    if (!colon || !end_read(s, (size_t)(arrow - s), &h->from, &h->from_port) ||
        !end_read(arrow + 4, (size_t)(colon - arrow) - 4, &h->to, &h->to_port))
        return false;
    s = colon + 2;
    if (word_skip(&s, "udp ") && number_32(&s, &h->length)) {
        h->kind = HEAD_UDP;
        h->protocol = UDP;
    } else if (!h->from_port || !tcp_read(colon + 2, h)) {
        h->has_seq = h->has_ack = false;
        protocol_read(colon + 2, h);
    }
    return true;
}

static bool arp_read(const char *s, struct head *h)
{
    const char *space;
    h->type = 0x0806;
    if (word_skip(&s, "arp who-has ") && (space = strchr(s, ' ')) != NULL &&
        address_read(s, (size_t)(space - s), &h->to) && word_skip(&space, " tell ")) {
        size_t n = strcspn(space, " ");
        h->kind = HEAD_ARP_ASK;
        return address_read(space, n, &h->from);
    }
    if (word_skip(&s, "arp reply ") && (space = strchr(s, ' ')) != NULL &&
        address_read(s, (size_t)(space - s), &h->from) && word_skip(&space, " is-at ")) {
        h->kind = HEAD_ARP_REPLY;
        return mac_read(&space, h->mac_from);
    }
    return false;
}

static bool other_read(const char *s)
{
    static const char *const printers[] = { "arp ", "802.1Q ", "Ether type ", "pppoe ",
                                            "stp ", "llc ",    "802.1ad " };
    for (size_t i = 0; i < sizeof printers / sizeof *printers; i++)
        if (word_skip(&s, printers[i]))
            return true;
    return false;
}

static bool printed_read(const char *s, struct head *h)
{
    if (arp_read(s, h))
        return true;
    h->type = 0;
    h->kind = HEAD_OTHER;
    return flow_read(s, h) || other_read(s);
}

/* ---- the whole line */

/* "port1 in ", "wan1 -- " */
static bool interface_read(const char **s, struct head *h)
{
    size_t n = strcspn(*s, " ");
    const char *at = *s + n;
    if (n == 0 || n >= sizeof h->interface)
        return false;
    if (word_skip(&at, " in "))
        h->way = WAY_IN;
    else if (word_skip(&at, " out "))
        h->way = WAY_OUT;
    else if (word_skip(&at, " -- "))
        h->way = WAY_BOTH;
    else
        return false;
    text_printable(*s, n, h->interface, sizeof h->interface);
    *s = at;
    return true;
}

/* "00:0c:29:13:c0:cf > ff:ff:ff:ff:ff:ff, ethertype ARP (0x0806), ", or "IP ", "IP6 ", "ARP, " */
static bool tcpdump_read(const char *s, struct head *h)
{
    const char *at = s, *type;
    h->tcpdump = true;
    if (mac_read(&at, h->mac_from) && word_skip(&at, " > ") && mac_read(&at, h->mac_to) &&
        word_skip(&at, ", ")) {
        type = strstr(at, "(0x");
        h->has_mac = true;
        h->type = type ? (uint16_t)strtoul(type + 3, NULL, 16) : 0;
        return true;
    }
    return word_skip(&s, "IP ") || word_skip(&s, "IP6 ") || word_skip(&s, "ARP, ");
}

static void blade_skip(const char **s)
{
    const char *end = **s == '[' ? strstr(*s, "] ") : NULL;
    if (end && end - *s < 12 && isalpha((unsigned char)(*s)[1]))
        *s = end + 2;
}

static bool head_at(const char *s, struct head *out)
{
    *out = (struct head){ .kind = HEAD_OTHER };
    blade_skip(&s);
    if (!time_read(&s, out))
        return false;
    if (interface_read(&s, out)) {
        (void)printed_read(s, out);
        return true;
    }
    if (printed_read(s, out))
        return true;
    return tcpdump_read(s, out);
}

bool sniffer_head(const char *line, struct head *out)
{
    enum { GARBLE_MOST = 40 };
    if (head_at(line, out))
        return true;
    if (!strstr(line, " -> ") && !strstr(line, " arp ") && !strstr(line, " -- "))
        return false;
    for (size_t i = 1; i < GARBLE_MOST && line[i]; i++)
        if (isdigit((unsigned char)line[i]) && !isdigit((unsigned char)line[i - 1]) &&
            head_at(line + i, out) && out->kind != HEAD_OTHER) {
            out->garbled = true;
            return true;
        }
    return false;
}

/* ---- rows */

/* "0x0010" with a colon or without, or six digits and a tab (FortiMail). */
static bool offset_read(const char **s, uint64_t *out)
{
    const char *at = *s;
    unsigned digits = 0;
    bool marked;
    while (*at == ' ' || *at == '\t')
        at++;
    marked = word_skip(&at, "0x");
    *out = 0;
    for (int v; digits < 9 && (v = hex_digit(*at)) >= 0; digits++, at++)
        *out = *out * 16 + (uint64_t)v;
    if (marked ? digits < 4 || digits > 8 : digits != 6)
        return false;
    if (marked && *at == ':')
        at++;
    if (*at != '\t' && (!marked || *at != ' '))
        return false;
    *s = at;
    return true;
}

/* Two or four hexadecimal digits; answers the octets, 0 for none. */
static unsigned group_read(const char **s, uint8_t out[2])
{
    unsigned digits = 0;
    uint8_t octet[3] = { 0 };
    for (int v; digits < 5 && (v = hex_digit((*s)[digits])) >= 0; digits++)
        octet[digits / 2] = (uint8_t)(octet[digits / 2] * 16 + v);
    char next = (*s)[digits];
    if ((digits != 2 && digits != 4) || (next != '\0' && next != ' ' && next != '\t'))
        return 0;
    memcpy(out, octet, 2);
    *s += digits;
    return digits / 2;
}

bool sniffer_row(const char *line, struct row_read *out)
{
    *out = (struct row_read){ .n = 0 };
    if (!offset_read(&line, &out->offset))
        return false;
    line += strspn(line, " \t");
    while (out->n < ROW_OCTETS) {
        uint8_t pair[2];
        unsigned n = group_read(&line, pair);
        for (unsigned i = 0; i < n && out->n < ROW_OCTETS; i++)
            out->octet[out->n++] = pair[i];
        if (!n) {
            out->broken = true;
            return true;
        }
        if (*line != ' ' || line[1] == ' ' || line[1] == '\t' || !line[1])
            break; /* what follows are the same octets as characters */
        line++;
    }
    return true;
}

/* ---- terminals */

static size_t escape_length(const uint8_t *p, size_t n)
{
    size_t i = 2;
    if (n < 2)
        return n;
    if (p[1] == '[') {
        while (i < n && (p[i] < 0x40 || p[i] > 0x7e))
            i++;
        return i < n ? i + 1 : n;
    }
    if (p[1] == ']') { /* a title, up to BEL */
        while (i < n && p[i] != 7)
            i++;
        return i < n ? i + 1 : n;
    }
    return 2;
}

size_t sniffer_clean(const uint8_t *p, size_t n, char *out, size_t size)
{
    size_t used = 0;
    while (n && (p[n - 1] == '\r' || p[n - 1] == '\n'))
        n--;
    for (size_t i = 0; i < n;) {
        if (p[i] == 0x1b) {
            i += escape_length(p + i, n - i);
            continue;
        }
        if (p[i] == '\r')
            used = 0;
        else if (p[i] == '\b')
            used -= used != 0;
        else if ((p[i] >= ' ' || p[i] == '\t') && used + 1 < size)
            out[used++] = (char)p[i];
        i++;
    }
    out[used] = '\0';
    return used;
}

static bool is_telling(const char *line)
{
    struct head head;
    struct row_read row;
    if (strncmp(line, "interfaces=[", 12) == 0 || strncmp(line, "filters=[", 9) == 0)
        return true;
    if (sniffer_row(line, &row))
        return row.n >= 2 && !row.broken;
    return sniffer_head(line, &head) && !head.garbled && !head.tcpdump;
}

bool sniffer_recognise(const uint8_t *p, size_t n)
{
    char line[512];
    if (memchr(p, 0, n))
        return false;
    while (n) {
        const uint8_t *end = memchr(p, '\n', n);
        size_t length = end ? (size_t)(end - p) + 1 : n;
        sniffer_clean(p, length, line, sizeof line);
        if (is_telling(line))
            return true;
        p += length;
        n -= length;
    }
    return false;
}
