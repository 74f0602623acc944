/* pages.c - large memory mapped straight from the kernel, aligned for huge pages. */
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
    /* One huge page more than is asked for has an aligned run inside; what sticks out is given back. */
    size_t size = whole_pages(bytes);
    unsigned char *mapped = mmap(NULL, size + CF_HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED)
        return NULL;
    size_t before = (CF_HUGE_PAGE - (uintptr_t)mapped % CF_HUGE_PAGE) % CF_HUGE_PAGE;
    if (before)
        munmap(mapped, before);
    munmap(mapped + before + size, CF_HUGE_PAGE - before);
#ifdef MADV_HUGEPAGE
    madvise(mapped + before, size, MADV_HUGEPAGE); /* a wish: without it the memory is as good, only slower */
#endif
    return mapped + before;
}

void cf_pages_free(void *pages, size_t bytes)
{
    if (pages)
        munmap(pages, whole_pages(bytes));
}
