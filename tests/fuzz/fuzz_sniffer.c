/* fuzz_sniffer.c - one line of packet text through its readers, then all of it as a capture. */
#include "frame/reader.h"
#include "frame/sniffer.h"

#include <stdlib.h>

volatile unsigned fuzz_sink; /* keeps the reads */

static void lines_read(const uint8_t *p, size_t n)
{
    char line[512];
    struct head head;
    struct row_read row;

    for (size_t i = 0, from = 0; i < n; i++) {
        if (p[i] != '\n' && i + 1 < n)
            continue;
        sniffer_clean(p + from, i + 1 - from, line, sizeof line);
        fuzz_sink = fuzz_sink + sniffer_head(line, &head) + sniffer_row(line, &row);
        from = i + 1;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char preamble[] = "interfaces=[any]\n"; /* so that it is always taken for text */
    struct failure failure;
    struct frame batch[FRAME_BATCH];
    size_t all = sizeof preamble - 1 + size;
    uint8_t *text = malloc(all);

    if (!text)
        return 0;
    memcpy(text, preamble, sizeof preamble - 1);
    if (size)
        memcpy(text + sizeof preamble - 1, data, size);
    lines_read(data, size);
    struct capture *c = capture_open_memory(text, all, &(struct capture_config){ 0 }, &failure);
    for (size_t n = 0; c && (n = capture_next(c, batch)) > 0;)
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < batch[i].data.left; j++)
                fuzz_sink = fuzz_sink + batch[i].data.at[j];
    if (c)
        fuzz_sink = fuzz_sink + (unsigned)capture_facts(c)->frames;
    capture_close(c);
    free(text);
    return 0;
}
