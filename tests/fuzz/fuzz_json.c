// Fuzzing of the scanner: any bytes, in pieces of any size, give the same as all at once, and
// neither reads outside its window.
//
// The first byte is the size of the pieces. Values are entered and skipped by turns, so that both
// ways through the scanner see the same text.
#include "collectors/files/json_scan.h"
#include "tests/unit/pieces.h"

#include <stdlib.h>

static void read_any(rp_json *j)
{
    rp_str text;
    switch (rp_json_peek(j)) {
    case RP_JSON_OBJECT:
        (void)rp_json_enter(j);
        while (rp_json_member(j, &text)) {
            if (text.len % 3 == 2) {
                (void)rp_json_skip(j);
            } else {
                read_any(j);
            }
        }
        break;
    case RP_JSON_ARRAY:
        (void)rp_json_enter(j);
        while (rp_json_element(j)) {
            read_any(j);
        }
        break;
    case RP_JSON_STRING: (void)rp_json_string(j, &text); break;
    case RP_JSON_NUMBER: (void)rp_json_number(j, &text); break;
    case RP_JSON_TRUE:
    case RP_JSON_FALSE:
    case RP_JSON_NULL: (void)rp_json_word(j); break;
    case RP_JSON_ERROR:
    case RP_JSON_END: break;
    }
}

static rdspol_status run(const uint8_t *data, size_t size, size_t piece, uint64_t *offset)
{
    pieces p = {{(const char *)data, size}, piece};
    rp_json *j = malloc(sizeof *j);
    if (j == NULL) {
        abort();
    }
    rp_json_open(j, (rp_alloc){NULL, NULL}, NULL, read_piece, &p, NULL);
    while (!rp_json_failed(j) && rp_json_peek(j) != RP_JSON_END) {
        read_any(j);
    }
    rdspol_status status = j->status;
    *offset = status == RDSPOL_OK ? rp_json_offset(j) : j->error_offset;
    rp_json_free(j);
    free(j);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t at_once, in_pieces;
    if (size == 0) {
        return 0;
    }
    rdspol_status whole = run(data + 1, size - 1, SIZE_MAX, &at_once);
    rdspol_status pieced = run(data + 1, size - 1, (size_t)data[0] % 9 + 1, &in_pieces);
    if (whole != pieced || at_once != in_pieces) {
        abort();
    }
    return 0;
}
