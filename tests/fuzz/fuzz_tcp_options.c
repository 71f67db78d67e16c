/* fuzz_tcp_options.c - TCP options.  Input: how many octets the snap length cut, then the options.
 */
#include "packet/tcp.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tcp_options options = { 0 };
    struct bytes in = bytes_whole(data, size);
    size_t cut = bytes_u8(&in);
    uint8_t *block = malloc(in.left ? in.left : 1);
    if (!block)
        return 0;
    memcpy(block, in.at, in.left);
    tcp_options_read(bytes_of(block, in.left, in.left + cut), &options);
    assert(options.n_sack <= 4 && options.window_scale <= 15);
    free(block);
    return 0;
}
