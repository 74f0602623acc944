/* kernels_find.c - finds the bit kernels that this processor runs. */
#include "sim/bits/kernels.h"

#include <string.h>

#include "sim/bits/engine.h"

const struct cf_bit_kernels *cf_bit_kernels_at(int index)
{
    const struct cf_bit_kernels *all[] = {&cf_bit_kernels_portable, cf_bit_kernels_avx2(), cf_bit_kernels_avx512()};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i] && index-- == 0)
            return all[i];
    return NULL;
}

const struct cf_bit_kernels *cf_bit_kernels_find(const char *name)
{
    bool best = !name || strcmp(name, "auto") == 0;
    const struct cf_bit_kernels *found = NULL, *kernels;
    if (name && strcmp(name, "avxvnni") == 0) /* which adds nothing for bits */
        name = "avx2";
    for (int i = 0; (kernels = cf_bit_kernels_at(i)) != NULL; i++)
        if (best || strcmp(kernels->name, name) == 0)
            found = kernels;
    return found;
}

const char *cf_bit_kernels_name(const struct cf_bit_kernels *kernels)
{
    return kernels->name;
}
