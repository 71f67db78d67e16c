/* scrub_dns.c - names and addresses in DNS messages (RFC 1035 section 4). */
#include "base/bytes.h"
#include "evidence/scrub.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { HEADER = 12, LABELS = 128, RECORDS = 4096 };
enum type {
    A = 1,
    NS = 2,
    CNAME = 5,
    SOA = 6,
    PTR = 12,
    MX = 15,
    TXT = 16,
    AAAA = 28,
    SRV = 33,
    OPT = 41
};

struct message {
    const struct scrubber *scrubber;
    uint8_t *p;
    size_t n;
    uint8_t
        done[8192]; /* a bit for each place whose label was replaced: pointers lead there again */
};

static bool was_done(struct message *m, size_t at)
{
    uint8_t bit = (uint8_t)(1 << at % 8);
    bool before = m->done[at / 8] & bit;

    m->done[at / 8] |= bit;
    return before;
}

static bool is_label(const uint8_t *p, const char *word)
{
    return p[0] == strlen(word) && strncasecmp((const char *)p + 1, word, p[0]) == 0;
}

/* Places of a name's labels; false when it is none.  *after: behind the name where it stands. */
static bool labels_of(const struct message *m, size_t at, size_t label[LABELS], size_t *n,
                      size_t *after)
{
    size_t jumps = 0;

    *after = 0;
    for (*n = 0; at < m->n;) {
        uint8_t length = m->p[at];
        if (length >= 0xc0) {
            if (at + 2 > m->n || ++jumps > LABELS)
                return false;
            if (!*after)
                *after = at + 2;
            at = (size_t)(length & 0x3f) << 8 | m->p[at + 1];
            continue;
        }
        if (!length || length > 63 || at + 1 + length > m->n || *n == LABELS) {
            if (!*after)
                *after = at + 1;
            return length == 0;
        }
        label[(*n)++] = at;
        at += 1U + length;
    }
    return false;
}

/* Addresses that are written as names become digits of the same number: no address in particular.
 */
static bool is_reverse(const struct message *m, const size_t *label, size_t n)
{
    return n > 2 && is_label(m->p + label[n - 1], "arpa");
}

/* Replaces the name at `at`; answers the place behind it, 0 when it is broken. */
static size_t replace_name(struct message *m, size_t at)
{
    size_t label[LABELS], n, after;
    bool fine = labels_of(m, at, label, &n, &after);
    size_t stay = n && is_reverse(m, label, n) ? 2 : 0;

    for (size_t i = 0; m->scrubber->names && i + stay < n; i++) {
        uint8_t *p = m->p + label[i];
        if (label[i] / 8 >= sizeof m->done || was_done(m, label[i]))
            continue;
        if (i + 1 == n) { /* a last label may be public */
            uint8_t text[65] = { 'x', '.' };
            memcpy(text + 2, p + 1, p[0] > 63 ? 63 : p[0]);
            mask_name(m->scrubber->mask, text + 2 - (n > 1 ? 2 : 0), p[0] + (n > 1 ? 2U : 0U));
            memcpy(p + 1, text + 2, p[0]);
        } else {
            uint8_t text[64];
            memcpy(text, p + 1, p[0]);
            mask_label(m->scrubber->mask, text, p[0]);
            memcpy(p + 1, text, p[0]);
        }
    }
    return fine ? after : 0;
}

static void replace_address(const struct message *m, uint8_t *p, size_t n)
{
    struct address a;

    if (!m->scrubber->names)
        return;
    if (n == 4)
        a = address_v4(p);
    else
        memcpy(a.octet, p, 16);
    mask_address(m->scrubber->mask, &a);
    memcpy(p, a.octet + 16 - n, n);
}

/* RFC 6891 section 6.1.2.  Cookies and the network of a client are somebody's; the number of an
 * extended error (RFC 8914) is not, nor is the length of padding. */
static void clear_options(uint8_t *p, size_t n)
{
    enum { EXTENDED_ERROR = 15, NUMBER = 2 };

    for (size_t at = 0; n - at >= 4;) {
        size_t length = (size_t)p[at + 2] << 8 | p[at + 3];
        size_t here = length < n - at - 4 ? length : n - at - 4;
        size_t stays = p[at] == 0 && p[at + 1] == EXTENDED_ERROR && here >= NUMBER ? NUMBER : 0;
        memset(p + at + 4 + stays, 0, here - stays);
        at += 4 + here;
    }
}

static void replace_data(struct message *m, uint16_t type, size_t at, size_t n)
{
    uint8_t *p = m->p + at;
    size_t next;

    if (type == A && n == 4)
        replace_address(m, p, 4);
    else if (type == AAAA && n == 16)
        replace_address(m, p, 16);
    else if (type == CNAME || type == NS || type == PTR)
        replace_name(m, at);
    else if (type == MX && n > 2)
        replace_name(m, at + 2);
    else if (type == SRV && n > 6)
        replace_name(m, at + 6);
    else if (type == SOA && (next = replace_name(m, at)) != 0 && next < at + n)
        replace_name(m, next);
    else if (type == OPT)
        clear_options(p, n);
    else if (type != SOA)
        memset(p, 0, n);
}

static uint16_t u16_at(const struct message *m, size_t at)
{
    return (uint16_t)(m->p[at] << 8 | m->p[at + 1]);
}

void scrub_dns(const struct scrubber *s, uint8_t *p, size_t n)
{
    struct message m = { .scrubber = s, .p = p, .n = n };
    size_t at = HEADER;

    if (n < HEADER) {
        memset(p, 0, n);
        return;
    }
    size_t questions = u16_at(&m, 4);
    size_t records = (size_t)u16_at(&m, 6) + u16_at(&m, 8) + u16_at(&m, 10);
    for (size_t i = 0; i < questions && i < RECORDS && at && at < n; i++) {
        at = replace_name(&m, at);
        at = at && at + 4 <= n ? at + 4 : 0;
    }
    for (size_t i = 0; i < records && i < RECORDS && at && at < n; i++) {
        size_t head = replace_name(&m, at);
        if (!head || head + 10 > n) {
            at = 0;
            break;
        }
        size_t length = u16_at(&m, head + 8), data = head + 10;
        replace_data(&m, u16_at(&m, head), data, length < n - data ? length : n - data);
        at = data + length;
    }
    if (!at) /* not understood, and so not kept */
        memset(p + HEADER, 0, n - HEADER);
    else if (at < n)
        memset(p + at, 0, n - at);
}
