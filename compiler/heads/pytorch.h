/* pytorch.h - checkpoints that torch.save wrote: a pickle that says which tensors there are, beside their storages. */
#ifndef COFIBER_COMPILER_HEADS_PYTORCH_H
#define COFIBER_COMPILER_HEADS_PYTORCH_H

#include "compiler/heads/checkpoint.h"

/* Both fill `checkpoint`, whose arena and path are set, and leave `load` and `close` for its later use. */
bool cf_pytorch_open_zip(struct cf_checkpoint *checkpoint, struct cf_error *err);    /* begins with "PK" */
bool cf_pytorch_open_legacy(struct cf_checkpoint *checkpoint, struct cf_error *err); /* begins with a pickle */

#endif
