/* memories.c - writes the contents of the accelerator's memories and the testbench's vectors, as $readmemh reads them:
 * one word per line, the last line ended as well. */
#include <stdlib.h>

#include "rtl/stream/emit.h"

/* A word that is filled from its low bits and written with its high digit first. */
struct word {
    uint32_t bits;
    uint8_t *digit; /* 4 bits each, the low ones first */
};

static bool word_make(struct word *word, uint32_t bits, struct cf_text *text)
{
    *word = (struct word){bits, calloc((size_t)bits / 4 + 1, 1)};
    text->failed = text->failed || !word->digit;
    return word->digit != NULL;
}

/* Sets bits [at, at + width), which are zero, to the low bits of the value. */
static void word_set(struct word *word, uint32_t at, uint32_t width, uint64_t value)
{
    for (uint32_t i = 0; i < width; i++)
        word->digit[(at + i) / 4] = (uint8_t)(word->digit[(at + i) / 4] | (value >> i & 1) << (at + i) % 4);
}

/* Writes the word and clears it. */
static void word_put(struct word *word, struct cf_text *text)
{
    char line[64];
    uint32_t used = 0;
    for (uint32_t i = (word->bits + 3) / 4; i-- > 0;) {
        line[used++] = "0123456789abcdef"[word->digit[i]];
        word->digit[i] = 0;
        if (used == sizeof line || i == 0) {
            cf_text_put(text, line, used);
            used = 0;
        }
    }
    cf_text_put(text, "\n", 1);
}

void cf_stream_put_weights(const struct cf_stream_plan *plan, struct cf_text *text)
{
    const struct cf_pyramid *p = plan->pyramid;
    uint32_t lanes = plan->options.lanes, parallel = plan->options.parallel;
    struct word word;
    if (!word_make(&word, parallel * lanes * plan->weight_bits, text))
        return;
    for (uint32_t g = 0; g < plan->groups; g++)
        for (uint32_t w = 0; w < plan->words; w++) {
            for (uint32_t m = 0; m < parallel; m++)
                for (uint32_t l = 0; l < lanes; l++) {
                    uint32_t class = g * parallel + m, channel = w * lanes + l;
                    if (class < p->classes && channel < p->channels)
                        word_set(&word, (m * lanes + l) * plan->weight_bits, plan->weight_bits,
                                 (uint64_t)p->weight[(size_t) class * p->channels + channel]);
                }
            word_put(&word, text);
        }
    free(word.digit);
}

void cf_stream_put_thresholds(const struct cf_stream_plan *plan, uint32_t scale, struct cf_text *text)
{
    uint32_t bits = plan->scale[scale].value_bits;
    struct word word;
    if (!word_make(&word, plan->fold * bits, text))
        return;
    /* The classes of a beat have consecutive numbers. */
    for (uint32_t beat = 0, class = 0; beat < plan->beats; beat++) {
        for (; class < plan->pyramid->classes && cf_stream_beat(plan, class) == beat; class ++)
            word_set(&word, cf_stream_lane(plan, class) * bits, bits,
                     (uint64_t)cf_stream_threshold(plan, scale, class));
        word_put(&word, text);
    }
    free(word.digit);
}

void cf_stream_put_load(const struct cf_stream_plan *plan, struct cf_text *text)
{
    const struct cf_pyramid *p = plan->pyramid;
    for (uint32_t c = 0; c < p->classes; c++)
        for (uint32_t d = 0; d < plan->words * plan->options.lanes; d++) {
            int32_t weight = d < p->channels ? p->weight[(size_t)c * p->channels + d] : 0;
            cf_text_printf(text, "%02x\n", (unsigned)weight & 0xff);
        }
    for (uint32_t k = 0; k < p->scales; k++)
        for (uint32_t c = 0; c < p->classes; c++) {
            int64_t threshold = cf_stream_threshold(plan, k, c);
            uint64_t word = (uint64_t)(p->band[k] == CF_BAND_GRID ? threshold : ~threshold);
            for (int i = 0; i < 4; i++, word >>= 8)
                cf_text_printf(text, "%02x\n", (unsigned)word & 0xff);
        }
}

void cf_stream_put_stimulus(const struct cf_stream_plan *plan, const struct cf_stream_vectors *vectors,
                            struct cf_text *text)
{
    const struct cf_pyramid *p = plan->pyramid;
    uint32_t positions = p->rows * p->columns, lanes = plan->options.lanes, data = 8 * plan->input_bytes;
    struct word word;
    if (!word_make(&word, data + 4, text))
        return;
    const int32_t *at = vectors->input;
    for (uint32_t f = 0; f < vectors->count; f++)
        for (uint32_t i = 0; i < positions; i++, at += p->channels)
            for (uint32_t w = 0; w < plan->words; w++) {
                for (uint32_t l = 0; l < lanes && w * lanes + l < p->channels; l++)
                    word_set(&word, l * plan->lane_bits, plan->lane_bits, (uint64_t)at[w * lanes + l]);
                word_set(&word, data, 1, i + 1 == positions && w + 1 == plan->words);
                word_put(&word, text);
            }
    free(word.digit);
}

void cf_stream_put_expected(const struct cf_stream_plan *plan, const struct cf_stream_vectors *vectors,
                            struct cf_text *text)
{
    uint32_t classes = plan->pyramid->classes;
    struct word word;
    if (!word_make(&word, classes, text))
        return;
    const uint8_t *fired = vectors->fired;
    for (uint32_t i = 0; i < vectors->count * plan->records; i++, fired += classes) {
        for (uint32_t c = 0; c < classes; c++)
            word_set(&word, c, 1, fired[c]);
        word_put(&word, text);
    }
    free(word.digit);
}

void cf_stream_put_outcomes(const struct cf_stream_vectors *vectors, struct cf_text *text)
{
    for (uint32_t f = 0; f < vectors->count; f++)
        cf_text_printf(text, "%04x\n", f);
}
