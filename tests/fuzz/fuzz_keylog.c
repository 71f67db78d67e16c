/* fuzz_keylog.c - octets as a key log: at once, and as a log that grows. */
#include "keys/keys.h"

#include <stdlib.h>
#include <unistd.h>

volatile unsigned fuzz_sink; /* keeps the reads */

static void ask(const struct keys *k, const uint8_t *data, size_t size)
{
    uint8_t random[KEYS_RANDOM] = { 0 };

    memcpy(random, data, size < sizeof random ? size : sizeof random);
    const struct key_secrets *of = keys_find(k, random);
    fuzz_sink = fuzz_sink + (of ? of->octets[0] : 0) + (unsigned)keys_counts(k).damaged;
}

static void grow(const uint8_t *data, size_t size)
{
    char path[] = "/tmp/shakeout-fuzz-XXXXXX";
    struct failure failure;
    struct keys *k = keys_open();
    int fd = mkstemp(path);
    size_t half = size / 2;

    if (k && fd >= 0 && write(fd, data, half) == (ssize_t)half && keys_log(k, path, &failure) &&
        write(fd, data + half, size - half) == (ssize_t)(size - half)) {
        keys_poll(k);
        ask(k, data, size);
    }
    if (fd >= 0) {
        close(fd);
        unlink(path);
    }
    keys_close(k);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1); /* of its own, so that an overread is seen */
    struct keys *k = keys_open();

    if (copy && k) {
        if (size)
            memcpy(copy, data, size);
        keys_take(k, bytes_whole(copy, size), KEYS_FILE);
        ask(k, copy, size);
        grow(copy, size);
    }
    keys_close(k);
    free(copy);
    return 0;
}
