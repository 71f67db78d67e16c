/* pages.h - large pieces of memory in large pages, for tables and pools that have grown.
 *
 * What it is: a malloc for megabytes: 2 MiB at a time, so aligned, and the kernel is asked for huge
 * pages.  Memory that grows page by page costs a fault for every 4 KiB of it.
 * What it refuses: small captures: who needs less than a megabyte should use malloc.
 * Ownership: free() gives it back. */
#pragma once

#include <stddef.h>

#define PAGES_LARGE ((size_t)1 << 21)

void *pages_large(size_t bytes); /* a multiple of PAGES_LARGE; NULL without memory */

/* What is in this memory (malloc's as well) is not needed any more: its whole pages go back to the
 * kernel until they are written to again.  What is read before that is zero or what it was. */
void pages_forget(void *p, size_t bytes);
