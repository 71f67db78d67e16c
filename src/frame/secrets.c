/* secrets.c - key log text that lies in a capture file, held until somebody asks for it. */
#include "frame/reader.h"

#include <stdlib.h>

enum { SECRETS_LARGEST = 32 << 20 }; /* octets between two calls of capture_secrets */

static void wipe(void *p, size_t n)
{
    volatile uint8_t *octets = p;

    while (n--)
        *octets++ = 0;
}

static bool secrets_grow(struct secrets *s, size_t want)
{
    uint8_t *bigger = malloc(want);

    if (!bigger)
        return false;
    if (s->n)
        memcpy(bigger, s->text, s->n);
    if (s->text)
        wipe(s->text, s->size);
    free(s->text);
    s->text = bigger;
    s->size = want;
    return true;
}

/* Each piece ends its last line. */
void secrets_add(struct secrets *s, struct bytes text, uint64_t *lost)
{
    if (s->taken)
        s->n = 0;
    s->taken = false;
    if (text.left >= SECRETS_LARGEST - s->n) {
        *lost += text.left;
        return;
    }
    size_t need = s->n + text.left + 1;
    if (need > s->size && !secrets_grow(s, need * 2)) {
        *lost += text.left;
        return;
    }
    memcpy(s->text + s->n, text.at, text.left);
    s->n += text.left;
    s->text[s->n++] = '\n';
}

void secrets_close(struct secrets *s)
{
    if (s->text)
        wipe(s->text, s->size);
    free(s->text);
    *s = (struct secrets){ 0 };
}
