/* pages.h - large memory straight from the kernel, on huge pages where it has them: the nets of a circuit outgrow what
 * the processor's tables of small pages cover.
 */
#ifndef COFIBER_BASE_PAGES_H
#define COFIBER_BASE_PAGES_H

#include <stddef.h>

#define CF_HUGE_PAGE ((size_t)2 << 20)

/* `bytes` of zeros, aligned to CF_HUGE_PAGE and not yet touched; NULL when memory is out. */
void *cf_pages_alloc(size_t bytes);
void cf_pages_free(void *pages, size_t bytes); /* as many as were asked for; NULL is fine */

#endif
