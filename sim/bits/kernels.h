/* kernels.h - runs binary networks on many patterns at once: one contract, three instruction sets.
 *
 * A plane holds one signal of `lanes` patterns, one bit per lane: bit l % 64 of 64-bit word l / 64 is lane l. A window
 * is an array of planes. An instruction names a plane of the window in 16 bits, by CF_PLANE_STEP times its number, so
 * that the same code runs on planes of any size. (This is an offset in eighths of a plane, a form that processors
 * address without further arithmetic.)
 *
 * The portable kernels define what each function does; the others must give the same bits, and tests hold them to it.
 */
#ifndef COFIBER_SIM_BITS_KERNELS_H
#define COFIBER_SIM_BITS_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Instructions. A run is: opcode, number of instructions, which inputs are inverted, then for each instruction the
 * input planes and the output planes. A counter adds 2^n - 1 inputs of one weight into n outputs, least significant
 * first, as a tree of full adders: CF_BIT_FULL is the counter of 3. Bit i of the third word inverts input i before it
 * is used; in counters of 15 and 31, the bits of enum cf_bit_inversion invert the first half of the inputs, the second
 * half, and the last one. */
enum cf_bit_op {
    CF_BIT_END,
    CF_BIT_COPY,    /* 1 in, 1 out */
    CF_BIT_HALF,    /* 2 in, 2 out: sum, carry */
    CF_BIT_FULL,    /* 3 in, 2 out: sum, carry */
    CF_BIT_COUNT7,  /* 7 in, 3 out */
    CF_BIT_COUNT15, /* 15 in, 4 out */
    CF_BIT_COUNT31, /* 31 in, 5 out */
    CF_BIT_OPS
};

/* The sum or difference of two numbers whose bits are consecutive planes, least significant first, in two's complement:
 *
 *     (left << left_shift) +- (right << right_shift)
 *
 * One of the shifts is 0. Its low `width` bits go to the planes from `sum` on, which are none of the operands'. */
struct cf_bit_sum {
    uint32_t left, right, sum; /* numbers of planes */
    uint8_t left_width, right_width, left_shift, right_shift, width;
    bool subtract;
};

/* constant +- (number << shift), of which `width` bits are worked out. They go to the planes from `result` on; with
 * `step`, only the last bit is stored there, inverted: whether the sum is at least 0. A shift below 0 is one to the
 * right. */
struct cf_bit_result {
    int64_t constant;
    uint32_t number, result;
    uint8_t number_width, width;
    int8_t shift;
    bool is_signed, negative, step;
};

enum cf_bit_inversion { CF_BIT_FIRST_HALF = 1, CF_BIT_SECOND_HALF = 2, CF_BIT_LAST = 4 };
enum { CF_PLANE_STEP = 8, CF_MAX_PLANES = 0x10000 / CF_PLANE_STEP };
enum { CF_BIT_CODE_PADDING = 4 };
enum { CF_TILE = 64, CF_ALL_BYTES = 4 }; /* lanes that the conversions below take at a time; see split_all */

struct cf_bit_kernels {
    const char *name; /* as --isa takes it */
    uint32_t lanes;   /* of a plane: 64, 256 or 512; a plane is lanes / 8 bytes, and aligned to that */

    /* Runs the instructions up to CF_BIT_END, after which CF_BIT_CODE_PADDING elements may be read as well. */
    void (*run)(const uint16_t *code, void *window);

    /* Works out sums, and then results, in their order. */
    void (*add)(const struct cf_bit_sum *sums, size_t count, void *window);
    void (*finish)(const struct cf_bit_result *results, size_t count, void *window);

    /* Words to planes. Operand o has CF_TILE words of `bytes` (1, 2, 4, 8) at words[o], of which the low `width` bits
     * count; bit k of all of them becomes the 64-bit word at planes + (o * width + k) * plane_bytes. */
    void (*split)(const void *const *words, uint32_t count, uint32_t bytes, uint32_t width, uint8_t *planes,
                  size_t plane_bytes);

    /* Planes to words: bit k of word l (of `bytes`) is bit l of the 64-bit word that begins plane planes[k], named as
     * in an instruction. The bits above `width` are copies of the last one for `is_signed`, else 0. */
    void (*join)(const uint8_t *window, size_t plane_bytes, const uint16_t *planes, uint32_t width, bool is_signed,
                 uint32_t bytes, void *words);

    /* The same for all lanes of one operand at once, from and to lanes / CF_TILE tiles of words; `bytes` is at most
     * CF_ALL_BYTES. split_all reads a tile's words `offset` bytes after words[tile]. Both are NULL if these kernels
     * have no faster way than tile by tile. */
    void (*split_all)(const void *const *words, size_t offset, uint32_t bytes, uint32_t width, uint8_t *planes);
    void (*join_all)(const uint8_t *window, const uint16_t *planes, uint32_t width, bool is_signed, uint32_t bytes,
                     void *const *words);

    /* columns[c * CF_TILE + r] = rows[r][c] for r < CF_TILE, c < count: elements of `bytes`. Reads no more than
     * `count` elements of a row. */
    void (*transpose)(const void *const *rows, uint32_t count, uint32_t bytes, void *columns);

    /* Expands bits to bytes of 0 or 1: out[c] = bit c of `bits`, for c < count <= 64. */
    void (*expand)(uint64_t bits, uint32_t count, uint8_t *out);

    /* Evaluates `rounds` times CF_CEILING_ADDERS full adders of `lanes` patterns in registers alone, for the limit of
     * speed that no engine passes. The result depends on all of them. `narrow` kernels may be faster per lane. */
    uint64_t (*ceiling)(uint64_t rounds);

    /* Kernels with half the lanes, for a batch that does not fill more: the same time per lane, and half the memory.
     * NULL where there are none. */
    const struct cf_bit_kernels *narrow;
};

/* The first 64-bit word of a plane, named as in an instruction. */
static inline const uint8_t *cf_bit_plane(const uint8_t *window, size_t plane_bytes, uint16_t plane)
{
    return window + plane_bytes / CF_PLANE_STEP * plane;
}

enum { CF_CEILING_ADDERS = 64 };

extern const struct cf_bit_kernels cf_bit_kernels_portable;

/* NULL where this machine lacks the instructions. */
const struct cf_bit_kernels *cf_bit_kernels_avx2(void);
const struct cf_bit_kernels *cf_bit_kernels_avx512(void);

/* Number `index` of those that this processor runs, slowest first; NULL past the last. */
const struct cf_bit_kernels *cf_bit_kernels_at(int index);
/* The kernels of that name; for NULL or "auto" the fastest. NULL if there are none, or if this processor lacks the
 * instructions. */
const struct cf_bit_kernels *cf_bit_kernels_find(const char *name);

/* Transposes a 64 x 64 bit matrix in place: bit c of row r goes to bit r of row c. */
void cf_bit_transpose64(uint64_t rows[64]);

#endif
