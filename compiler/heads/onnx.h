/* onnx.h - the linear layers of an ONNX model, as tensors named like those of a state_dict.
 *
 * Gemm, MatMul with an Add behind it, and 1x1 Conv each become "NAME.weight" [outputs, inputs] and, where there is a
 * bias, "NAME.bias" [outputs]; NAME is the weights' own name where the exporter kept it, else that of the layer's
 * output. Weights that come out of DequantizeLinear stay integers, with "NAME.weight_scale" beside them. Other
 * constants of the graph (a LayerNorm's, say) are listed as they are.
 */
#ifndef COFIBER_COMPILER_HEADS_ONNX_H
#define COFIBER_COMPILER_HEADS_ONNX_H

#include "compiler/heads/checkpoint.h"

/* Fills `checkpoint`, whose arena and path are set. Errors: no model, tensors outside the file, layers or
 * quantisation of a form that has no counterpart here, each with its name. */
bool cf_onnx_open(struct cf_checkpoint *checkpoint, struct cf_error *err);

#endif
