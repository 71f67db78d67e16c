/* fuzz_scrub.c - what somebody said, made fit to be given away: first one message of a kind, then a
 * connection in chunks and holes, then a frame.  Everything lies in memory of its own size.
 *
 * Input: the first octet chooses the kind and, by its highest bit, strict redaction; of a
 * connection the second is the length of its chunks.
 */
#include "evidence/recertify.h"
#include "evidence/rewrite.h"
#include "evidence/scrub.h"

#include <stdlib.h>
#include <string.h>

enum { STRICT = 0x80 };
enum { DNS, DER, BER, HANDSHAKE, TEXT, STREAM, STREAM_DNS, STREAM_LDAP, FRAME, KINDS };

static void forget(void *context, const struct rewrite_segment *segment)
{
    (void)context;
    memset(segment->payload, 0, segment->n);
}

static void run_stream(const struct scrubber *s, const uint8_t *p, size_t n, bool dns, bool ldap)
{
    struct scrub_stream c = { .dns = dns, .ldap = ldap };
    size_t step = n ? p[0] + 1U : 1;
    uint8_t *out = malloc(n + 1);

    for (size_t at = 1, turn = 0; at < n; at += step, turn++) {
        size_t part = n - at < step ? n - at : step;
        if (turn % 7 == 6)
            scrub_lost(&c, s, turn % 2 ? SERVER : CLIENT, part);
        else
            scrub_take(&c, s, turn % 3 == 2 ? SERVER : CLIENT, p + at, part);
    }
    scrub_end(&c, s);
    if (out && n)
        edits_apply(&c.side[CLIENT].edits, p[0], out, n);
    free(out);
    scrub_free(&c);
}

static void run_frame(const struct scrubber *s, uint8_t *p, size_t n)
{
    static const uint32_t links[] = { 1, 0, 101, 113, 276, 108, 228, 12, 147, 9, 50, 51, 104 };
    struct rewriter r = { .scrubber = s, .payload = forget };
    struct frame frame = { .number = 1 };

    if (!n)
        return;
    frame.link = links[p[0] % (sizeof links / sizeof *links)];
    frame.data = bytes_whole(p + 1, n - 1);
    rewrite_frame(&r, &frame, p + 1);
}

static void run_kind(const struct scrubber *s, unsigned kind, uint8_t *p, size_t n)
{
    switch (kind) {
    case DNS:
        scrub_dns(s, p, n);
        return;
    case DER:
        scrub_der(s, p, n);
        return;
    case BER:
        scrub_ber(s, p, n);
        return;
    case HANDSHAKE:
        if (n >= 4)
            scrub_handshake(s, 0x0303, p, n);
        return;
    case TEXT:
        scrub_text(s, p, n);
        return;
    case FRAME:
        run_frame(s, p, n);
        return;
    default:
        run_stream(s, p, n, kind == STREAM_DNS, kind == STREAM_LDAP);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t key[MASK_KEY] = { 1 };
    static const char *const kept[] = { "ems", NULL };
    static struct recertifier *recertifier; /* keys are dear: made once */
    uint8_t *own = size ? malloc(size) : NULL;

    if (!recertifier)
        recertifier = recertifier_open();
    struct scrubber s = { .mask = mask_open(key, kept), .recertifier = recertifier, .names = true };
    if (own && s.mask && s.recertifier) {
        memcpy(own, data + 1, size - 1);
        s.strict = data[0] & STRICT;
        if (s.strict)
            mask_be_strict(s.mask);
        run_kind(&s, (data[0] & ~STRICT) % KINDS, own, size - 1);
    }
    free(own);
    mask_close(s.mask);
    return 0;
}
