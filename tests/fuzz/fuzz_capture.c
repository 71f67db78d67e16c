/* fuzz_capture.c - a whole file image through whatever reader its content chooses, twice: plain,
 * and with a filter. */
#include "frame/reader.h"

#include <stdlib.h>

/* Touches every byte that the frames of a capture lend. */
static unsigned image_walk(const uint8_t *image, size_t size, const struct capture_config *config)
{
    struct failure failure;
    struct frame batch[FRAME_BATCH];
    unsigned sum = 0;
    size_t n;
    struct capture *c = capture_open_memory(image, size, config, &failure);

    if (!c)
        return 0;
    while ((n = capture_next(c, batch)) > 0)
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < batch[i].data.left; j++)
                sum += batch[i].data.at[j];
    sum += (unsigned)capture_facts(c)->frames;
    capture_close(c);
    return sum;
}

volatile unsigned fuzz_sink; /* keeps the reads */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct capture_config configs[] = {
        { 0 }, { .filter = "tcp port 8013", .max_frames = 5 }
    };
    uint8_t *image = malloc(size ? size : 1); /* of its own, so that an overread is seen */

    if (!image)
        return 0;
    memcpy(image, data, size);
    for (size_t i = 0; i < 2; i++)
        fuzz_sink = fuzz_sink + image_walk(image, size, &configs[i]);
    free(image);
    return 0;
}
