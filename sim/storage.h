/* storage.h - how the engine stores nets: a group's values stand in net order, each in the narrowest of 8, 16, 32 or 64
 * bits that holds the group's type as a signed integer. A step's output is a byte, 0 or 1.
 */
#ifndef COFIBER_SIM_STORAGE_H
#define COFIBER_SIM_STORAGE_H

#include "netlists/netlist.h"

enum cf_storage { CF_STORE8, CF_STORE16, CF_STORE32, CF_STORE64 }; /* log2 of the bytes */

static inline size_t cf_storage_size(enum cf_storage storage)
{
    return (size_t)1 << storage;
}

static inline enum cf_storage cf_storage_for_bits(int bits)
{
    return bits <= 8 ? CF_STORE8 : bits <= 16 ? CF_STORE16 : bits <= 32 ? CF_STORE32 : CF_STORE64;
}

static inline enum cf_storage cf_storage_of(struct cf_type type)
{
    return cf_storage_for_bits(cf_signed_bits(type));
}

static inline int64_t cf_storage_get(const void *values, enum cf_storage storage, size_t index)
{
    switch (storage) {
    case CF_STORE8:
        return ((const int8_t *)values)[index];
    case CF_STORE16:
        return ((const int16_t *)values)[index];
    case CF_STORE32:
        return ((const int32_t *)values)[index];
    default:
        return ((const int64_t *)values)[index];
    }
}

/* Stores the low bits: exact for a value of the group's type. */
static inline void cf_storage_put(void *values, enum cf_storage storage, size_t index, int64_t value)
{
    switch (storage) {
    case CF_STORE8:
        ((int8_t *)values)[index] = (int8_t)value;
        break;
    case CF_STORE16:
        ((int16_t *)values)[index] = (int16_t)value;
        break;
    case CF_STORE32:
        ((int32_t *)values)[index] = (int32_t)value;
        break;
    default:
        ((int64_t *)values)[index] = value;
    }
}

#endif
