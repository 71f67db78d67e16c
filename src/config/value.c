#include "config/value.h"

#include "base/text.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool value_refuse(struct failure *failure, const char *format, ...)
{
    char why[sizeof failure->why];
    va_list args;
    va_start(args, format);
    vsnprintf(why, sizeof why, format, args);
    va_end(args);
    text_printable(why, strlen(why), failure->why, sizeof failure->why);
    return false;
}

bool value_unknown_key(const struct ini_entry *e, const char *const *keys, size_t n,
                       struct failure *failure)
{
    const char *nearest = text_nearest(e->key, keys, n);

    if (nearest)
        snprintf(failure->remedy, sizeof failure->remedy, "did you mean %s?", nearest);
    return value_refuse(failure, "unknown key \"%.48s\" in [%.48s]", e->key, e->section);
}

size_t value_next(const char **list, const char **item)
{
    const char *p = *list + strspn(*list, ", ");
    size_t n = strcspn(p, ",");
    *item = p;
    *list = p + n;
    while (n && p[n - 1] == ' ')
        n--;
    return n;
}

int value_index(const char *const *words, size_t n, const char *item, size_t length)
{
    for (size_t i = 0; i < n; i++)
        if (strlen(words[i]) == length && memcmp(words[i], item, length) == 0)
            return (int)i;
    return -1;
}

bool value_text(char *out, size_t size, const struct ini_entry *e, struct failure *failure)
{
    if (strlen(e->value) >= size)
        return value_refuse(failure, "%s is longer than %zu characters", e->key, size - 1);
    snprintf(out, size, "%s", e->value);
    return true;
}

bool value_flag(bool *out, const struct ini_entry *e, struct failure *failure)
{
    if (strcmp(e->value, "yes") && strcmp(e->value, "no"))
        return value_refuse(failure, "%s is yes or no, not \"%.40s\"", e->key, e->value);
    *out = strcmp(e->value, "yes") == 0;
    return true;
}

static bool refuse_word(const struct ini_entry *e, const char *item, size_t length,
                        const char *const *words, size_t n, struct failure *failure)
{
    struct text t = text_of(failure->remedy, sizeof failure->remedy);

    for (size_t i = 0; i < n; i++)
        text_format(&t, "%s%s", i ? ", " : "one of: ", words[i]);
    return value_refuse(failure, "%s does not know \"%.*s\"", e->key,
                        (int)(length < 40 ? length : 40), item);
}

bool value_word(int *out, const struct ini_entry *e, const char *const *words, size_t n,
                struct failure *failure)
{
    *out = value_index(words, n, e->value, strlen(e->value));
    return *out >= 0 || refuse_word(e, e->value, strlen(e->value), words, n, failure);
}

bool value_words(const struct ini_entry *e, const char *const *words, size_t n,
                 struct failure *failure)
{
    const char *list = e->value, *item;
    for (size_t length; (length = value_next(&list, &item));)
        if (value_index(words, n, item, length) < 0)
            return refuse_word(e, item, length, words, n, failure);
    return true;
}

bool value_duration(const char *text, uint32_t *seconds)
{
    enum { LONGEST = 10 * 365 * 86400 };
    static const char units[] = "smhd";
    static const uint32_t each[] = { 1, 60, 3600, 86400 };
    uint64_t v = 0;
    size_t n = strspn(text, "0123456789");

    if (!n || n > 9 || !text[n] || text[n + 1])
        return false;
    const char *unit = strchr(units, text[n]);
    for (size_t i = 0; i < n; i++)
        v = v * 10 + (uint64_t)(text[i] - '0');
    if (!unit || !v || v * each[unit - units] > LONGEST)
        return false;
    *seconds = (uint32_t)v * each[unit - units];
    return true;
}

bool value_size(const char *text, uint64_t *octets)
{
    static const char *const units[] = { "kB", "MB", "GB" };
    static const uint64_t each[] = { 1000, 1000000, 1000000000 };
    uint64_t v = 0;
    size_t n = strspn(text, "0123456789");
    int unit = value_index(units, 3, text + n, strlen(text + n));

    if (!n || n > 6 || unit < 0)
        return false;
    for (size_t i = 0; i < n; i++)
        v = v * 10 + (uint64_t)(text[i] - '0');
    *octets = v * each[unit];
    return v != 0;
}
