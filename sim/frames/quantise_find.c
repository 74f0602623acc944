/* quantise_find.c - finds the kernels of the quantiser that this processor runs. */
#include "sim/frames/quantise_kernels.h"

#include <string.h>

const struct cf_quantise_kernel *cf_quantise_kernel_at(int index)
{
    const struct cf_quantise_kernel *all[] = {
        &cf_quantise_portable,
#ifdef __x86_64__
        cf_quantise_avx2(),
        cf_quantise_avx512(),
#endif
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i] && index-- == 0)
            return all[i];
    return NULL;
}

const struct cf_quantise_kernel *cf_quantise_kernel_find(const char *name)
{
    const struct cf_quantise_kernel *fastest = NULL, *kernel;
    for (int i = 0; (kernel = cf_quantise_kernel_at(i)) != NULL; i++) {
        if (name && strcmp(kernel->name, name) == 0)
            return kernel;
        fastest = kernel;
    }
    return fastest;
}
