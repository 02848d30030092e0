// What the parts of sealing share. Order: maps, scopes, merge, owners,
// references, listings.
#ifndef RP_VM_SEAL_H
#define RP_VM_SEAL_H

#include "vm/base/bits.h"
#include "vm/facts.h"

// Gives each row its account, Region and pair; makes the rows of the region table.
rdspol_status rp_seal_scopes(rp_facts *facts, rdspol_error *error);
// Makes one row of the fragments of a resource; the others are dead.
rdspol_status rp_seal_merge(rp_facts *facts, rdspol_error *error);
// Drops entries of maps whose key an earlier entry has.
rdspol_status rp_seal_maps(rp_facts *facts, rdspol_error *error);
// Turns the texts of references into rows, making stubs.
rdspol_status rp_seal_references(rp_facts *facts, rdspol_error *error);

// Types that are fetched by key are complete only where all that refers to them is known.
bool rp_seal_key_listings(rp_facts *facts);

// The pair of an account and Region, added as one that was not scanned; RP_NONE without memory.
uint32_t rp_seal_pair(rp_facts *facts, uint32_t account, uint32_t region);
// The rows of the region table: the pairs that fragments of it name; the row of a pair at the end;
// all of them, with what the fragments know.
void rp_seal_region_pairs(rp_facts *facts);
bool rp_seal_region_add(rp_facts *facts, uint32_t pair);
rdspol_status rp_seal_region_rows(rp_facts *facts, const rp_pair *fallback, rdspol_error *error);
// Gives a row what another fragment of the same resource knows; that one is dead then.
rdspol_status rp_seal_merge_rows(rp_facts *facts, uint32_t table, uint32_t to, uint32_t from,
                                 rdspol_error *error);
void rp_seal_copy_cell(rp_facts *facts, uint32_t column, uint32_t to, uint32_t from);
// Moves why a column or ~list is not known; `to` may lose its own.
void rp_seal_take_reason(rp_facts *facts, uint32_t field, uint32_t to, uint32_t from);
// Cells and lists of a row, with the reasons of what it does not know; not its meta.
void rp_seal_copy_row(rp_facts *facts, uint32_t table, uint32_t to, uint32_t from);
// The key at the end of an ARN; another text as it is.
rp_str rp_seal_id_from_arn(rp_str text);
// That key as a text id, or RP_NONE; and the key of a row, or what stands at the end of its ARN.
uint32_t rp_seal_key_in_arn(rp_facts *facts, rp_str arn);
uint32_t rp_seal_key_of(rp_facts *facts, uint32_t table, uint32_t row);
// How a type was listed in an account and Region, before this is kept.
rp_listing rp_seal_listing(const rp_facts *facts, uint32_t table, uint32_t pair);
// Fills the hidden columns of a row from its meta; grows nothing.
void rp_seal_hidden(rp_facts *facts, uint32_t table, uint32_t row);

static inline bool rp_seal_is_present(const rp_facts *f, uint32_t column, uint32_t row)
{
    const rp_fact_column *c = &f->columns[column];
    const uint64_t *plane = c->present != NULL ? c->present : c->known;
    return plane != NULL && rp_bits_get(plane, row);
}

static inline rdspol_status rp_seal_no_memory(rdspol_error *error)
{
    return rp_error_set(error, RDSPOL_NO_MEMORY, NULL, "out of memory");
}

#endif
