/* rows.h - rows of gates with vectors, see kernels.h, and which of their loops suits a row. The functions whose names
 * end in an instruction set run only where the processor has it. */
#ifndef COFIBER_SIM_WORD_ROWS_H
#define COFIBER_SIM_WORD_ROWS_H

#include "sim/word/kernels.h"

void cf_row_avx2(const struct cf_row_job *job);
void cf_row_avx512(const struct cf_row_job *job);
cf_row_function cf_row_loop_avx2(const struct cf_row_job *job);
cf_row_function cf_row_loop_avx512(const struct cf_row_job *job);

enum { CF_FEW_SOURCES = 5 }; /* as many as a bilinear subtract reads */

/* Loops for rows of up to CF_FEW_SOURCES sources, by their number; NULL where there is none. */
struct cf_few_rows {
    /* Linear rows of 16 bits whose sources are bytes, a byte and then words, or words: */
    cf_row_function bytes[CF_FEW_SOURCES + 1], byte_words[CF_FEW_SOURCES + 1], words[CF_FEW_SOURCES + 1];
    /* Linear rows of 32 bits, without biases of lanes, whose sources are words and whose factors fit 16 bits: */
    cf_row_function pairs[CF_FEW_SOURCES + 1];
    /* Rows that are added up in 32 bits from sources of 32 bits, of results of 32 bits or thresholds stored as bytes:
     */
    cf_row_function longs[CF_FEW_SOURCES + 1];
};

/* The loop that suits the job, or NULL. */
static inline cf_row_function cf_few_row(const struct cf_few_rows *few, const struct cf_row_job *job)
{
    uint32_t count = job->source_count, bytes = job->leading_bytes;
    if (count > CF_FEW_SOURCES || !job->even)
        return NULL;
    if (job->compute == CF_STORE32 && job->widest == CF_STORE32 && bytes == 0)
        return job->out_storage == (job->step ? CF_STORE8 : CF_STORE32) ? few->longs[count] : NULL;
    if (job->step || job->lane_bias || job->out_storage != job->compute || job->widest > CF_STORE16)
        return NULL;
    if (job->compute == CF_STORE16)
        return bytes == count ? few->bytes[count]
               : bytes == 1   ? few->byte_words[count]
               : bytes == 0   ? few->words[count]
                              : NULL;
    return job->compute == CF_STORE32 && bytes == 0 && job->small_factors ? few->pairs[count] : NULL;
}

#endif
