#include "tls/prints.h"

#include <stdlib.h>

enum {
    LIST_MAX = TLS_HELLO_MAX / 2,
    COUNT_MAX = 99, /* what two digits can say */
    EXTENSION_NAME = 0,
    EXTENSION_ALPN = 16,
};

/* Numbers of a list without GREASE, in the order in which they were sent. */
struct list {
    size_t n;
    uint16_t v[LIST_MAX];
};

static void list_add(struct list *l, uint16_t v)
{
    if (!tls_is_grease(v) && l->n < LIST_MAX)
        l->v[l->n++] = v;
}

static void list_of(struct bytes numbers, struct list *out)
{
    out->n = 0;
    while (numbers.left >= 2)
        list_add(out, bytes_u16(&numbers));
}

static void list_of_extensions(struct bytes block, struct list *out)
{
    out->n = 0;
    while (bytes_ok(&block) && block.left >= 4) {
        list_add(out, bytes_u16(&block));
        (void)bytes_vector(&block, 2);
    }
}

static bool list_has(const struct list *l, uint16_t v)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->v[i] == v)
            return true;
    return false;
}

static int by_number(const void *a, const void *b)
{
    uint16_t x = *(const uint16_t *)a, y = *(const uint16_t *)b;
    return (x > y) - (x < y);
}

bool print_is_possible(const struct tls_client_hello *h)
{
    return h && !h->cut && !h->malformed && !h->sslv2_form;
}

/* ---- JA3 --------------------------------------------------------------------------------------
 */

static void add_decimal(struct text *out, uint64_t v)
{
    char digits[20];
    text_add_n(out, digits, text_decimal(digits, v));
}

/* ",1-2-3" */
static void add_decimals(struct text *out, const struct list *l)
{
    text_add_n(out, ",", 1);
    for (size_t i = 0; i < l->n; i++) {
        if (i)
            text_add_n(out, "-", 1);
        add_decimal(out, l->v[i]);
    }
}

void print_ja3(const struct tls_client_hello *h, struct text *out)
{
    struct list list;

    add_decimal(out, h->legacy_version);
    list_of(h->suites, &list);
    add_decimals(out, &list);
    list_of_extensions(h->extensions, &list);
    add_decimals(out, &list);
    list_of(h->groups, &list);
    add_decimals(out, &list);
    text_add_n(out, ",", 1);
    for (size_t i = 0; i < h->point_formats.left; i++) {
        if (i)
            text_add_n(out, "-", 1);
        add_decimal(out, h->point_formats.at[i]);
    }
}

bool print_ja3s_is_possible(const struct tls_server_hello *h)
{
    return h->present && !h->cut && !h->malformed;
}

void print_ja3s(const struct tls_server_hello *h, struct text *out)
{
    struct list list;

    add_decimal(out, h->legacy_version);
    list.n = 1;
    list.v[0] = h->suite;
    add_decimals(out, &list);
    list_of_extensions(h->extensions, &list);
    add_decimals(out, &list);
}

/* ---- JA4 --------------------------------------------------------------------------------------
 */

/* The highest number offered counts, whether anybody knows it or not. */
static uint16_t highest_version(const struct tls_client_hello *h)
{
    struct bytes offered = h->versions;
    uint16_t highest = 0;

    while (offered.left >= 2) {
        uint16_t version = bytes_u16(&offered);
        if (!tls_is_grease(version) && version > highest)
            highest = version;
    }
    return highest ? highest : h->legacy_version;
}

static const char *version_letters(uint16_t version)
{
    switch (version) {
    case 0x0304:
        return "13";
    case 0x0303:
        return "12";
    case 0x0302:
        return "11";
    case 0x0301:
        return "10";
    case 0x0300:
        return "s3";
    case 0x0002:
        return "s2";
    default:
        return "00";
    }
}

static bool is_letter_or_digit(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static const char hex[] = "0123456789abcdef";

/* First and last of the first name; when one of them is no letter or digit, first and last of the
 * name's hex digits. */
static void alpn_letters(struct bytes names, char out[2])
{
    struct bytes name = bytes_vector(&names, 1);

    out[0] = out[1] = '0';
    if (!name.left)
        return;
    uint8_t first = name.at[0], last = name.at[name.left - 1];
    bool plain = is_letter_or_digit(first) && is_letter_or_digit(last);
    out[0] = plain ? (char)first : hex[first >> 4];
    out[1] = plain ? (char)last : hex[last & 15];
}

static void put_count(char out[2], size_t n)
{
    memcpy(out, text_two_digits + 2 * (n < COUNT_MAX ? n : COUNT_MAX), 2);
}

void print_ja4_head(const struct tls_client_hello *h, char out[JA4_HEAD + 1])
{
    struct list list;

    out[0] = 't'; /* over TCP */
    memcpy(out + 1, version_letters(highest_version(h)), 2);
    list_of(h->suites, &list);
    put_count(out + 4, list.n);
    list_of_extensions(h->extensions, &list);
    put_count(out + 6, list.n);
    out[3] = list_has(&list, EXTENSION_NAME) ? 'd' : 'i';
    alpn_letters(h->alpn, out + 8);
    out[JA4_HEAD] = '\0';
}

/* "002f,0035" */
static void add_hex(struct text *out, const struct list *l)
{
    for (size_t i = 0; i < l->n; i++) {
        uint16_t v = l->v[i];
        const char four[] = { ',', hex[v >> 12], hex[v >> 8 & 15], hex[v >> 4 & 15], hex[v & 15] };
        text_add_n(out, four + !i, sizeof four - !i);
    }
}

void print_ja4_suites(const struct tls_client_hello *h, struct text *out)
{
    struct list list;

    list_of(h->suites, &list);
    qsort(list.v, list.n, sizeof *list.v, by_number);
    add_hex(out, &list);
}

/* Extensions in order of their numbers, without the two that the head speaks of; then signature
 * schemes as they were sent. */
void print_ja4_extensions(const struct tls_client_hello *h, struct text *out)
{
    struct list list;
    size_t kept = 0;

    list_of_extensions(h->extensions, &list);
    for (size_t i = 0; i < list.n; i++)
        if (list.v[i] != EXTENSION_NAME && list.v[i] != EXTENSION_ALPN)
            list.v[kept++] = list.v[i];
    list.n = kept;
    qsort(list.v, list.n, sizeof *list.v, by_number);
    add_hex(out, &list);
    list_of(h->signature_schemes, &list);
    if (list.n)
        text_add_n(out, "_", 1);
    add_hex(out, &list);
}
