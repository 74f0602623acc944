/* kernels.c - finds the kernels that this processor runs. */
#include "sim/word/kernels.h"

#include <string.h>

const struct cf_kernels *cf_kernels_at(int index)
{
    const struct cf_kernels *all[] = {&cf_kernels_portable, cf_kernels_avx2(), cf_kernels_avxvnni(),
                                      cf_kernels_avx512()};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i] && index-- == 0)
            return all[i];
    return NULL;
}

const struct cf_kernels *cf_kernels_find(const char *name)
{
    bool best = !name || strcmp(name, "auto") == 0;
    const struct cf_kernels *found = NULL, *kernels;
    for (int i = 0; (kernels = cf_kernels_at(i)) != NULL; i++)
        if (best || strcmp(kernels->name, name) == 0)
            found = kernels;
    return found;
}
