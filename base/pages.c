/* pages.c - maps large memory straight from the kernel, aligned for huge pages. */
#include "base/pages.h"

#include <stdint.h>
#include <sys/mman.h>

static size_t whole_pages(size_t bytes)
{
    return (bytes + CF_HUGE_PAGE - 1) / CF_HUGE_PAGE * CF_HUGE_PAGE;
}

void *cf_pages_alloc(size_t bytes)
{
    if (bytes == 0 || bytes > SIZE_MAX / 2)
        return NULL;
    /* A mapping that is one huge page larger than asked for has an aligned run of the right size inside; the pages
     * before and after the run go back to the kernel. */
    size_t size = whole_pages(bytes);
    unsigned char *mapped = mmap(NULL, size + CF_HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED)
        return NULL;
    size_t before = (CF_HUGE_PAGE - (uintptr_t)mapped % CF_HUGE_PAGE) % CF_HUGE_PAGE;
    if (before)
        munmap(mapped, before);
    munmap(mapped + before + size, CF_HUGE_PAGE - before);
#ifdef MADV_HUGEPAGE
    madvise(mapped + before, size,
            MADV_HUGEPAGE); /* a request only: without huge pages the memory is slower, and works as well */
#endif
    return mapped + before;
}

void cf_pages_free(void *pages, size_t bytes)
{
    if (pages)
        munmap(pages, whole_pages(bytes));
}
