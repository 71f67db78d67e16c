#include "base/pages.h"

#include <stdlib.h>
#include <sys/mman.h>

void *pages_large(size_t bytes)
{
    void *p = aligned_alloc(PAGES_LARGE, bytes);

    if (p)
        (void)madvise(p, bytes, MADV_HUGEPAGE);
    return p;
}
