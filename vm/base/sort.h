// Sorting numbers by texts: by their first texts, those that share it by their second ones, ...
//
// The one idea: texts are compared eight bytes at a time, as numbers, behind what all of them
// share; so most of the work is putting numbers into order. Equal ones stay in the order they come
// in.
#ifndef RP_BASE_SORT_H
#define RP_BASE_SORT_H

#include "vm/base/alloc.h"
#include "vm/base/str.h"

#include <stdbool.h>
#include <stdint.h>

// Text number `level` of an item.
typedef rp_str (*rp_sort_text)(const void *ctx, uint32_t item, uint32_t level);

// False if memory ran out; then the items are as they were.
bool rp_sort_by_texts(uint32_t *items, uint32_t count, uint32_t levels, rp_sort_text text,
                      const void *ctx, rp_alloc alloc);

#endif
