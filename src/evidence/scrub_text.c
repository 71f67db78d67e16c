/* scrub_text.c - what may stay of a text that a program wrote for programs. */
#include "evidence/scrub.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Words of protocols, of status lines, of the pages of filters, and of certificates.  Everything
 * else may be somebody's. */
static const char *const vocabulary[] = {
    "a",
    "abor",
    "accept",
    "accepted",
    "access",
    "acct",
    "action",
    "active",
    "addr",
    "address",
    "adguard",
    "age",
    "alive",
    "allow",
    "allowed",
    "alternative",
    "an",
    "and",
    "anonymous",
    "anti",
    "api",
    "appe",
    "application",
    "are",
    "auth",
    "authenticate",
    "authentication",
    "authority",
    "authorization",
    "available",
    "avast",
    "avg",
    "bad",
    "basic",
    "bdat",
    "be",
    "bearer",
    "binary",
    "bitdefender",
    "bitmime",
    "block",
    "blocked",
    "body",
    "bye",
    "bytes",
    "ca",
    "cache",
    "captive",
    "category",
    "cert",
    "certificate",
    "charset",
    "chunked",
    "cisco",
    "class",
    "client",
    "clnt",
    "close",
    "closed",
    "closing",
    "cn",
    "code",
    "com",
    "command",
    "complete",
    "connect",
    "connection",
    "content",
    "control",
    "cookie",
    "copy",
    "could",
    "dat",
    "data",
    "date",
    "dc",
    "deflate",
    "delete",
    "delivery",
    "denied",
    "detected",
    "digest",
    "directory",
    "disabled",
    "do",
    "does",
    "dpi",
    "dropbear",
    "dsn",
    "ehlo",
    "email",
    "encoding",
    "encryption",
    "entity",
    "epsv",
    "error",
    "eset",
    "esmtp",
    "etag",
    "exist",
    "expires",
    "expn",
    "extended",
    "failed",
    "failure",
    "feat",
    "fiddlerroot",
    "file",
    "filter",
    "firewall",
    "fireware",
    "for",
    "forbidden",
    "forcepoint",
    "fortigate",
    "fortinet",
    "found",
    "from",
    "ftp",
    "gateway",
    "get",
    "global",
    "go",
    "gone",
    "greylisted",
    "gzip",
    "has",
    "have",
    "head",
    "helo",
    "help",
    "here",
    "host",
    "html",
    "http",
    "https",
    "id",
    "identity",
    "in",
    "incorrect",
    "index",
    "intermediate",
    "internal",
    "invalid",
    "is",
    "issued",
    "kaspersky",
    "keep",
    "kerberos",
    "key",
    "keys",
    "language",
    "length",
    "libssh",
    "limit",
    "list",
    "localhost",
    "location",
    "logged",
    "login",
    "mail",
    "max",
    "message",
    "meta",
    "method",
    "mime",
    "mitmproxy",
    "mlsd",
    "mode",
    "modified",
    "moved",
    "must",
    "name",
    "need",
    "needed",
    "negotiate",
    "network",
    "nlst",
    "no",
    "nocache",
    "node",
    "none",
    "noop",
    "norton",
    "not",
    "ntlm",
    "o",
    "of",
    "ok",
    "on",
    "openssh",
    "options",
    "opts",
    "or",
    "ou",
    "pac",
    "page",
    "pass",
    "passive",
    "password",
    "pasv",
    "path",
    "pbsz",
    "permanent",
    "permanently",
    "permitted",
    "personal",
    "pipelining",
    "plain",
    "please",
    "policy",
    "port",
    "portal",
    "post",
    "powered",
    "pragma",
    "primary",
    "private",
    "prot",
    "protocol",
    "proxy",
    "public",
    "put",
    "putty",
    "quit",
    "quota",
    "range",
    "rate",
    "rcpt",
    "ready",
    "realm",
    "reason",
    "redirect",
    "refused",
    "rejected",
    "relay",
    "requested",
    "required",
    "requires",
    "reset",
    "retr",
    "root",
    "rset",
    "sasl",
    "secondary",
    "security",
    "see",
    "send",
    "sequence",
    "server",
    "service",
    "session",
    "set",
    "shield",
    "shutting",
    "site",
    "size",
    "smtp",
    "smtputf8",
    "sonicwall",
    "sophos",
    "ssh",
    "ssl",
    "start",
    "starting",
    "starttls",
    "status",
    "stor",
    "stou",
    "subca",
    "support",
    "supported",
    "syst",
    "temporarily",
    "temporary",
    "text",
    "the",
    "this",
    "time",
    "timeout",
    "title",
    "tls",
    "to",
    "too",
    "transfer",
    "transport",
    "trust",
    "trusted",
    "try",
    "type",
    "u",
    "uid",
    "umbrella",
    "unable",
    "unauthorized",
    "unavailable",
    "unknown",
    "untrusted",
    "upgrade",
    "url",
    "usage",
    "use",
    "user",
    "using",
    "utf",
    "vary",
    "version",
    "via",
    "violation",
    "virus",
    "vrfy",
    "was",
    "web",
    "website",
    "welcome",
    "with",
    "without",
    "wpad",
    "wrong",
    "www",
    "xml",
    "xxxxxxxa",
    "xxxxxxxx",
    "you",
    "your",
    "zscaler",
};

static int by_word(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_protocol_word(const uint8_t *p, size_t n)
{
    static const char *sorted[sizeof vocabulary / sizeof *vocabulary];
    char word[24];
    const char *key = word;

    if (n >= sizeof word)
        return false;
    if (!sorted[0]) {
        memcpy(sorted, vocabulary, sizeof vocabulary);
        qsort(sorted, sizeof sorted / sizeof *sorted, sizeof *sorted, by_word);
    }
    for (size_t i = 0; i < n; i++)
        word[i] = (char)tolower(p[i]);
    word[n] = '\0';
    return bsearch(&key, sorted, sizeof sorted / sizeof *sorted, sizeof *sorted, by_word) != NULL;
}

bool scrub_is_common(const uint8_t *word, size_t n)
{
    return is_protocol_word(word, n) || mask_is_public(word, n);
}

static bool is_short_number(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isdigit(p[i]))
            return false;
    return n <= 5; /* codes, ports, versions, lengths */
}

/* A run without spaces that has the form of a name or an address: at least one dot inside, and not
 * a number such as 1.1 or 5.7.0. */
static size_t dotted_run(const uint8_t *p, size_t n, bool *is_name)
{
    size_t i = 0, dots = 0, letters = 0;

    while (i < n && (isalnum(p[i]) || p[i] == '.' || p[i] == '-' || p[i] == '_')) {
        dots += p[i] == '.';
        letters += isalpha(p[i]) != 0;
        i++;
    }
    while (i && p[i - 1] == '.')
        i--, dots--;
    *is_name = dots && letters;
    return dots && (letters || dots == 3) ? i : 0;
}

static bool all_common(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t run = 0;
        while (i + run < n && isalnum(p[i + run]))
            run++;
        if (run && !is_protocol_word(p + i, run))
            return false;
        i += run ? run : 1;
    }
    return true;
}

/* The digits of an address in the text of a dotted quad become others of the same number, which
 * name no address in particular. */
static void scrub_dotted(const struct scrubber *s, uint8_t *p, size_t n, bool is_name)
{
    if (all_common(p, n))
        return; /* "wpad.dat" */
    if (is_name)
        mask_name(s->mask, p, n);
    else
        mask_label(s->mask, p, n);
}

/* "250-" of "250-mail.example": a reply (RFC 5321 section 4.2.1), and no part of a name. */
static size_t reply_code(const uint8_t *p, size_t n)
{
    return n > 4 && isdigit(p[0]) && isdigit(p[1]) && isdigit(p[2]) && p[3] == '-' ? 4 : 0;
}

/* Words that nobody's name is, where they stand for a product, a date or a cache. */
static const char *const http_words[] = {
    "apache",  "apr",   "aug",        "blob",        "br",        "chrome",    "curl",    "dec",
    "err",     "feb",   "firefox",    "forticlient", "forwarded", "fri",       "gecko",   "gmt",
    "haproxy", "hit",   "identity",   "iis",         "jan",       "json",      "jul",     "jun",
    "khtml",   "like",  "linux",      "mar",         "may",       "microsoft", "miss",    "mon",
    "mozilla", "nginx", "nosniff",    "nov",         "nt",        "oct",       "openssl", "origin",
    "python",  "q",     "revalidate", "safari",      "sat",       "sep",       "squid",   "stale",
    "store",   "sun",   "thu",        "tinyproxy",   "tue",       "ubuntu",    "varnish", "wed",
    "wget",    "win",   "windows",    "winhttp",     "x",
};

static bool is_http_word(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < sizeof http_words / sizeof *http_words; i++)
        if (strlen(http_words[i]) == n && strncasecmp((const char *)p, http_words[i], n) == 0)
            return true;
    return is_protocol_word(p, n);
}

static void blank_run(uint8_t *p, size_t n) { memset(p, 'x', n); }

/* "OpenSSL/1.1.1k": a version, not a name, as long as it is no address. */
static bool is_version(const uint8_t *p, size_t n, bool behind_slash, bool is_name)
{
    size_t letters = 0;

    for (size_t i = 0; i < n; i++)
        letters += isalpha(p[i]) != 0;
    return behind_slash && is_name && isdigit(p[0]) && letters <= 1;
}

static void put_word(const struct scrubber *s, uint8_t *p, size_t n, bool blanks)
{
    if (is_short_number(p, n) || (blanks ? is_http_word(p, n) : is_protocol_word(p, n)))
        return;
    if (blanks)
        blank_run(p, n);
    else
        mask_word(s->mask, p, n);
}

static void scrub_runs(const struct scrubber *s, uint8_t *p, size_t n, bool blanks)
{
    for (size_t i = reply_code(p, n); i < n;) {
        bool is_name = false;
        size_t run = dotted_run(p + i, n - i, &is_name);
        if (run) {
            if (!blanks || !is_version(p + i, run, i && p[i - 1] == '/', is_name))
                scrub_dotted(s, p + i, run, is_name);
            i += run;
            continue;
        }
        while (i + run < n && isalnum(p[i + run]))
            run++;
        if (run)
            put_word(s, p + i, run, blanks);
        else if (p[i] >= 0x80)
            p[i] = '?';
        i += run ? run : 1;
    }
}

/* "Title: word [fe80::1]" -> all of its words looked at one by one. */
void scrub_text(const struct scrubber *s, uint8_t *p, size_t n) { scrub_runs(s, p, n, false); }

void scrub_words(const struct scrubber *s, uint8_t *p, size_t n) { scrub_runs(s, p, n, true); }

void scrub_label_words(const struct scrubber *s, uint8_t *p, size_t n)
{
    enum { LEAST = 4 };

    for (size_t i = 0; i < n;) {
        size_t run = 0;
        while (i + run < n && isalnum(p[i + run]))
            run++;
        if (run >= LEAST && s->names && !scrub_is_common(p + i, run))
            mask_word(s->mask, p + i, run);
        i += run ? run : 1;
    }
}
