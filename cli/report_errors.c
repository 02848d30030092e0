// What could not be collected: once for each operation, account, Region and reason, sorted. Which
// keys an operation was asked for is left out: there may be as many as resources, and each finding
// that misses one names it.
#include "cli/report.h"

#include "cli/json_text.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct error_list {
    rdspol_unanswered *items;
    size_t count, capacity;
} error_list;

static bool add_error(error_list *list, const rdspol_unanswered *error)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity * 2 + 16;
        rdspol_unanswered *items = realloc(list->items, capacity * sizeof *items);
        if (items == NULL) return false;
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = *error;
    return true;
}

static int compare(const void *left, const void *right)
{
    const rdspol_unanswered *a = left, *b = right;
    int order = rp_str_compare(a->service, b->service);
    order = order != 0 ? order : rp_str_compare(a->operation, b->operation);
    order = order != 0 ? order : rp_str_compare(a->account, b->account);
    order = order != 0 ? order : rp_str_compare(a->region, b->region);
    order = order != 0 ? order : (int)a->reason - (int)b->reason;
    return order != 0 ? order : rp_str_compare(a->detail, b->detail);
}

static bool collect(const rdspol_facts *facts, error_list *list)
{
    uint32_t at = 0;
    rdspol_unanswered error;
    while (rdspol_facts_next_unanswered(facts, &at, &error) == RDSPOL_OK) {
        bool again = list->count > 0 && compare(&list->items[list->count - 1], &error) == 0;
        if (!again && !add_error(list, &error)) return false;
    }
    if (list->count > 0) qsort(list->items, list->count, sizeof *list->items, compare);
    return true;
}

static void write_error(rp_out *out, const rdspol_unanswered *error)
{
    char operation[512];
    int size = snprintf(operation, sizeof operation, "%.*s%s%.*s", (int)error->service.len,
                        error->service.ptr, error->service.len > 0 ? ":" : "",
                        (int)error->operation.len, error->operation.ptr);
    size_t most = sizeof operation - 1;
    RP_OUT_LITERAL(out, "{\"operation\":");
    rp_out_json(out, rp_str_make(operation, size > 0 && (size_t)size < most ? (size_t)size : most));
    RP_OUT_MEMBER(out, "account", error->account);
    RP_OUT_MEMBER(out, "region", error->region);
    RP_OUT_LITERAL(out, ",\"reason\":\"");
    rp_out_text(out, rdspol_reason_name(error->reason));
    rp_out_char(out, '"');
    RP_OUT_MEMBER(out, "detail", error->detail);
    rp_out_char(out, '}');
}

bool rp_report_errors(const rp_report *report, rp_out *out)
{
    error_list list = {0};
    bool good = collect(report->facts, &list);
    RP_OUT_LITERAL(out, ",\n\"errors\":[");
    for (size_t i = 0; i < list.count; i++) {
        if (i > 0 && compare(&list.items[i - 1], &list.items[i]) == 0) continue;
        rp_out_text(out, i > 0 ? ",\n" : "\n");
        write_error(out, &list.items[i]);
    }
    rp_out_char(out, ']');
    free(list.items);
    return good;
}
