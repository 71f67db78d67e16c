/* scrub_der.c - strings in DER, where identities live. */
#include "evidence/scrub.h"

#include <ctype.h>
#include <string.h>

enum { DEPTH = 24 };

enum tag {
    BOOLEAN = 1,
    INTEGER = 2,
    OCTET_STRING = 4,
    ENUMERATED = 10,
    UTF8_STRING = 12,
    SEQUENCE = 0x30,
    NUMERIC_STRING = 18,
    PRINTABLE_STRING = 19,
    T61_STRING = 20,
    IA5_STRING = 22,
    VISIBLE_STRING = 26,
    UNIVERSAL_STRING = 28,
    BMP_STRING = 30,
    NAME_MAIL = 0x81, /* GeneralName, RFC 5280 section 4.2.1.6 */
    NAME_DNS = 0x82,
    NAME_URI = 0x86,
    NAME_ADDRESS = 0x87,
};

struct tlv {
    uint8_t tag;
    uint8_t *value;
    size_t n; /* of the value, as far as it is there */
    bool whole;
};

/* The next element of p[*at..n-1]; false at the end, or where it is none. */
static bool next(uint8_t *p, size_t n, size_t *at, struct tlv *out)
{
    size_t i = *at, length;

    if (n - i < 2)
        return false;
    out->tag = p[i++];
    if ((out->tag & 0x1f) == 0x1f)
        return false; /* long tags: nowhere here */
    length = p[i++];
    if (length & 0x80) {
        size_t octets = length & 0x7f;
        if (!octets || octets > 4 || n - i < octets)
            return false;
        for (length = 0; octets; octets--)
            length = length << 8 | p[i++];
    }
    out->whole = length <= n - i;
    out->value = p + i;
    out->n = out->whole ? length : n - i;
    *at = i + out->n;
    return true;
}

/* Does p hold elements and nothing else?  Extensions begin with one of these. */
static bool is_der(uint8_t *p, size_t n)
{
    static const uint8_t first[] = { SEQUENCE,   0x31,       OCTET_STRING,    UTF8_STRING,
                                     IA5_STRING, BMP_STRING, PRINTABLE_STRING };
    struct tlv t;
    size_t at = 0;

    if (n < 2 || !memchr(first, p[0], sizeof first))
        return false;
    while (at < n)
        if (!next(p, n, &at, &t) || !t.whole)
            return false;
    return true;
}

static bool is_country(const struct tlv *t)
{
    return t->tag == PRINTABLE_STRING && t->n == 2 && isupper(t->value[0]) && isupper(t->value[1]);
}

static void scrub_address(const struct scrubber *s, struct tlv *t)
{
    struct address a;

    if (t->n == 4) {
        a = address_v4(t->value);
        mask_address(s->mask, &a);
        memcpy(t->value, a.octet + 12, 4);
    } else if (t->n == 16) {
        memcpy(a.octet, t->value, 16);
        mask_address(s->mask, &a);
        memcpy(t->value, a.octet, 16);
    }
}

/* Two octets a character, the first one zero mostly. */
static void scrub_wide(const struct scrubber *s, struct tlv *t, size_t width)
{
    uint8_t narrow[256];
    size_t n = t->n / width < sizeof narrow ? t->n / width : sizeof narrow;

    for (size_t i = 0; i < n; i++)
        narrow[i] = t->value[i * width + width - 1];
    scrub_text(s, narrow, n);
    memset(t->value, 0, t->n);
    for (size_t i = 0; i < n; i++)
        t->value[i * width + width - 1] = narrow[i];
}

static void scrub_primitive(const struct scrubber *s, struct tlv *t)
{
    switch (t->tag) {
    case UTF8_STRING:
    case NUMERIC_STRING:
    case PRINTABLE_STRING:
    case T61_STRING:
    case IA5_STRING:
    case VISIBLE_STRING:
    case NAME_MAIL:
    case NAME_URI:
        if (!is_country(t))
            scrub_text(s, t->value, t->n);
        break;
    case NAME_DNS:
        mask_name(s->mask, t->value, t->n);
        break;
    case NAME_ADDRESS:
        scrub_address(s, t);
        break;
    case BMP_STRING:
        scrub_wide(s, t, 2);
        break;
    case UNIVERSAL_STRING:
        scrub_wide(s, t, 4);
        break;
    default:
        break;
    }
}

static bool is_identifier(const struct tlv *t)
{
    for (size_t i = 0; i < t->n; i++)
        if (!isdigit(t->value[i]) && t->value[i] != '.')
            return false;
    return true;
}

/* In LDAP all text is an octet string, and what is named by context alone may be a password
 * (RFC 4511 section 4.2). */
static void scrub_ldap(const struct scrubber *s, struct tlv *t)
{
    if (t->tag == OCTET_STRING) {
        if (s->names)
            scrub_text(s, t->value, t->n);
    } else if (t->tag & 0x80) {
        if (!is_identifier(t)) /* what an extended operation is called tells nobody anything */
            memset(t->value, 'x', t->n);
    } else if (t->tag != BOOLEAN && t->tag != INTEGER && t->tag != ENUMERATED) {
        memset(t->value, 0, t->n);
    }
}

static void walk(const struct scrubber *s, uint8_t *p, size_t n, unsigned depth, bool ldap)
{
    struct tlv t;
    size_t at = 0;

    while (at < n && next(p, n, &at, &t)) {
        if (depth == DEPTH)
            memset(t.value, 0, t.n);
        else if (t.tag & 0x20 || (!ldap && t.tag == OCTET_STRING && is_der(t.value, t.n)))
            walk(s, t.value, t.n, depth + 1, ldap);
        else if (ldap)
            scrub_ldap(s, &t);
        else
            scrub_primitive(s, &t);
    }
    if (at < n)
        memset(p + at, 0, n - at); /* no element: not understood, and so not kept */
}

void scrub_der(const struct scrubber *s, uint8_t *p, size_t n)
{
    if (s->names)
        walk(s, p, n, 0, false);
}

void scrub_ber(const struct scrubber *s, uint8_t *p, size_t n) { walk(s, p, n, 0, true); }
