/* steer_internal.h - what the files that steer a gate share: the gate as linear forms of the input, and inputs that
 * move.
 *
 * steer_gate.c finds the gate's sum and its operands as linear forms. steer_sum.c moves inputs until the sum has the
 * value that is wanted. steer.c decides which sums are wanted and keeps the best inputs found.
 */
#ifndef COFIBER_SIM_VECTORS_STEER_INTERNAL_H
#define COFIBER_SIM_VECTORS_STEER_INTERNAL_H

#include "sim/vectors/steer.h"

enum {
    CF_STEER_REACH = 4096, /* the search for an exact sum starts from sums that miss it by less than this */
    CF_STEER_CHOICES = 512 /* inputs that the search steps */
};

/* The part of an operand that one input adds: factor * x. */
struct cf_addend {
    uint32_t operand, input;
    int64_t factor;
};

struct cf_steer_operand {
    int64_t constant, value; /* without, and with what the inputs add */
    int sign;                /* that the value must keep; 0: it may have any */
    bool weight_positive;
    bool up, down; /* a change of the weight by +1, by -1 changes a decision */
};

struct cf_steer_input {
    uint32_t net;
    uint32_t first; /* of its addends in `by_input`; the input after it, or one entry after the last, has the end */
    int64_t factor; /* with which the input enters the sum; 0 where its addends cancel */
    int64_t x;      /* within the range of the netlist's input */
};

/* One step of the search: it reaches a sum from another sum when one input goes up or down by one. */
struct cf_steer_step {
    int32_t from; /* index in the table; -1: this sum was not reached */
    uint32_t input;
    int8_t change;
};

struct cf_steering {
    const struct cf_netlist *netlist;
    struct cf_form_finder *finder;
    bool out_of_memory; /* for some target: operands may be missing */
    uint32_t *place;    /* [the netlist's inputs]: index in `inputs`; UINT32_MAX: the gate does not depend on it */
    int64_t low, high;  /* the range of an input */
    uint64_t random;

    /* The gate. */
    uint32_t net;
    struct cf_steer_input *inputs;
    struct cf_steer_operand *operands;
    struct cf_addend *by_operand, *by_input; /* all addends, in the order of operands and of inputs */
    uint32_t input_count, operand_count, addend_count;
    size_t operand_capacity, by_operand_capacity, by_input_capacity;
    uint32_t *input_nets;      /* [input_count]: as handed out */
    int64_t constant, divisor; /* of the sum; the divisor is the greatest common divisor of its factors */
    int64_t least, greatest;   /* sums that the input's range allows */

    int64_t missing; /* the sum that is wanted, less the sum of the inputs as they stand */
    int64_t floor;   /* operands with a sign stay at least so far from 0 */

    struct cf_steer_step *table; /* [2 * CF_STEER_REACH + 1], by the sum that is missing plus CF_STEER_REACH */
    int32_t *queue;
    uint32_t *choices;
    struct cf_steered trial;
};

/* ---- moving inputs (steer_sum.c) ---- */

/* Sets every input to 0; the sum that is wanted becomes `wanted`, and no operand has a sign to keep. */
void cf_steer_set_to_zero(struct cf_steering *steering, int64_t wanted);
/* Sets every input to its value in x [input_count]. */
void cf_steer_set_to(struct cf_steering *steering, const int32_t *x);
/* Gives inputs that are 0 random values up to `most` in size, such that each operand's inputs pull it to the same side:
 * preferably the side that brings the sum nearer to what is wanted. */
void cf_steer_scatter(struct cf_steering *steering, int64_t most);
/* Gives each operand a sign to keep, and moves it away from 0 where it is nearer than the floor. */
void cf_steer_lift(struct cf_steering *steering);
/* Moves inputs towards the wanted sum: those of large factors first, then those of ever smaller ones, each as far as
 * that brings the sum nearer. A full pass leaves a difference below the smallest factor whose input has room. */
void cf_steer_approach(struct cf_steering *steering);
/* Reaches the wanted sum exactly, in as few steps of single inputs as possible, when less than CF_STEER_REACH is
 * missing. False when that fails; no input has moved then. */
bool cf_steer_search(struct cf_steering *steering);

#endif
