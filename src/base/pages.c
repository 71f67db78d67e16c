#include "base/pages.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

void *pages_large(size_t bytes)
{
    void *p = aligned_alloc(PAGES_LARGE, bytes);

    if (p)
        (void)madvise(p, bytes, MADV_HUGEPAGE);
    return p;
}

void pages_forget(void *p, size_t bytes)
{
    const long page = sysconf(_SC_PAGESIZE);
    size_t lead = page > 0 ? -(uintptr_t)p & ((size_t)page - 1) : bytes;

    if (page > 0 && lead < bytes)
        (void)madvise((char *)p + lead, (bytes - lead) & ~((size_t)page - 1), MADV_DONTNEED);
}
