// "Did you mean": the Damerau-Levenshtein distance (neighbours swapped count once) over what is in
// scope, limited to a third of the name's length.
#include "lang/diag.h"

#include <string.h>

#define MAX_COMPARED 64u

rp_suggest rp_suggest_start(rp_str name)
{
    uint32_t limit = (uint32_t)name.len / 3;
    return (rp_suggest){.name = name, .distance = limit + 2};
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static uint32_t distance(rp_str a, rp_str b)
{
    uint32_t rows[3][MAX_COMPARED + 1];
    for (uint32_t j = 0; j <= b.len; j++) rows[0][j] = j;
    for (uint32_t i = 1; i <= a.len; i++) {
        uint32_t *now = rows[i % 3];
        const uint32_t *before = rows[(i + 2) % 3];
        const uint32_t *earlier = rows[(i + 1) % 3];
        now[0] = i;
        for (uint32_t j = 1; j <= b.len; j++) {
            uint32_t cost = a.ptr[i - 1] != b.ptr[j - 1];
            now[j] = least(least(before[j] + 1, now[j - 1] + 1), before[j - 1] + cost);
            if (i > 1 && j > 1 && a.ptr[i - 1] == b.ptr[j - 2] && a.ptr[i - 2] == b.ptr[j - 1]) {
                now[j] = least(now[j], earlier[j - 2] + 1);
            }
        }
    }
    return rows[a.len % 3][b.len];
}

void rp_suggest_add(rp_suggest *suggest, rp_str candidate)
{
    if (candidate.len == 0 || candidate.len > MAX_COMPARED || suggest->name.len > MAX_COMPARED)
        return;
    uint32_t found = distance(suggest->name, candidate);
    bool better =
        found < suggest->distance || (found == suggest->distance && suggest->best.len > 0 &&
                                      rp_str_compare(candidate, suggest->best) < 0);
    if (!better) return;
    suggest->distance = found;
    suggest->best = candidate;
}

void rp_suggest_help(rp_diags *diags, rp_diag *diag, const rp_suggest *suggest)
{
    if (suggest->best.len > 0) RP_HELP(diags, diag, "did you mean `{0}`?", suggest->best);
}
