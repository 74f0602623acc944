/* names.h - the classes that a detector knows: COCO's 80 categories, or plain numbers. */
#ifndef COFIBER_DETECT_NAMES_H
#define COFIBER_DETECT_NAMES_H

#include <stdint.h>

enum { CF_COCO_CLASSES = 80 };

/* A head of 80 classes has COCO's, in the order of their ids, which go from 1 to 90 with gaps. Any other head's class c
 * has the id c and the name "class c". */
int64_t cf_class_id(uint32_t class_index, uint32_t classes);

/* The name, in the buffer or static. */
enum { CF_CLASS_NAME = 32 };
const char *cf_class_name(uint32_t class_index, uint32_t classes, char buffer[CF_CLASS_NAME]);

#endif
