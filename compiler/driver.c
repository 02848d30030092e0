// The passes in order. Memory that runs out anywhere below leaves by the one jump in `guarded`;
// everything alive is in the compilation's arena, which belongs to the caller of that function.
#include "compiler/check.h"
#include "compiler/compilation.h"
#include "compiler/emit.h"
#include "compiler/lower.h"
#include "compiler/modules.h"
#include "vm/bundle.h"

#include <setjmp.h>

#define MAX_BUNDLE (256u * 1024u * 1024u)
#define MAX_PRINT (256u * 1024u * 1024u)

static void leave(void *ctx)
{
    longjmp(((rdspol_compilation *)ctx)->escape, 1);
}

static void init_program(rdspol_compilation *done)
{
    rp_program *program = &done->program;
    rp_sources_init(&done->sources, &done->arena);
    rp_diags_init(&done->diags, &done->arena, &done->sources);
    *program = (rp_program){.arena = &done->arena,
                            .sources = &done->sources,
                            .diags = &done->diags,
                            .node_ids = &done->node_ids};
    program->last_module = &program->modules;
    rp_types_init(&program->types, &done->arena);
    program->t_bool = rp_type_basic(&program->types, RP_T_BOOL);
    program->t_int = rp_type_basic(&program->types, RP_T_INT);
    program->t_float = rp_type_basic(&program->types, RP_T_FLOAT);
    program->t_string = rp_type_basic(&program->types, RP_T_STRING);
    program->t_time = rp_type_basic(&program->types, RP_T_TIME);
    program->t_duration = rp_type_basic(&program->types, RP_T_DURATION);
    program->t_cidr = rp_type_basic(&program->types, RP_T_CIDR);
    program->t_version = rp_type_basic(&program->types, RP_T_VERSION);
    program->t_poison = rp_type_basic(&program->types, RP_T_POISON);
    program->t_unknown = rp_type_basic(&program->types, RP_T_NOTHING);
    program->t_absent = rp_type_optional(program->t_unknown);
}

static void compile(rdspol_compilation *done, const rdspol_source *sources, size_t source_count)
{
    init_program(done);
    rp_modules_load(&done->program, sources, source_count, &done->opts);
    rp_check_program(&done->program);
    if (done->diags.error_count > 0) return;
    rp_ir_init(&done->ir, &done->program, done->opts.no_optimize == 0);
    rp_lower_program(&done->ir);
    if (done->diags.error_count > 0 || done->ir.failed) return;
    done->lowered = true;
    if (!rp_emit(&done->ir, done->opts.name, &done->image)) return;
    if (!rp_image_write(&done->image, &done->bundle, done->opts.sha256, done->opts.sha256_ctx))
        leave(done);
    done->written = true;
}

static bool guarded(rdspol_compilation *done, const rdspol_source *sources, size_t source_count)
{
    if (setjmp(done->escape) != 0) return false;
    compile(done, sources, source_count);
    rp_diags_sort(&done->diags);
    return true;
}

static rdspol_status no_memory(rdspol_error *error)
{
    return rp_error_set(error, RDSPOL_NO_MEMORY, NULL, "out of memory while compiling");
}

// The compiler's own output is verified like anybody's: a bundle that is refused is a bug of ours.
static rdspol_status verify(rdspol_compilation *done, rdspol_error *error)
{
    rdspol_bundle *bundle = NULL;
    rdspol_open_opts opts = {
        .size = sizeof opts, .alloc = done->arena.alloc.fn, .alloc_ctx = done->arena.alloc.ctx};
    rdspol_status status =
        rdspol_bundle_open(&bundle, done->bundle.data, done->bundle.size, &opts, error);
    rdspol_bundle_close(bundle);
    return status;
}

rdspol_status rdspol_compile(rdspol_compilation **out, const rdspol_source *sources,
                             size_t source_count, const rdspol_compile_opts *opts,
                             rdspol_error *error)
{
    rp_alloc alloc = {opts != NULL ? opts->alloc : NULL, opts != NULL ? opts->alloc_ctx : NULL};
    alloc = rp_alloc_or_libc(alloc);
    *out = NULL;
    rdspol_compilation *done = rp_alloc_get(alloc, sizeof *done);
    if (done == NULL) return no_memory(error);
    *done = (rdspol_compilation){.alloc = alloc, .source_count = source_count};
    if (opts != NULL) done->opts = *opts;
    rp_arena_init(&done->arena, alloc);
    // libc keeps the memory of few large blocks for the next compilation; that of many it gives
    // back, and gets it anew page by page.
    done->arena.few = true;
    rp_arena_on_fail(&done->arena, leave, done);
    rp_image_init(&done->image, &done->arena);
    rp_buf_init(&done->bundle, alloc, MAX_BUNDLE);
    rp_buf_init(&done->text, alloc, MAX_PRINT);
    bool finished = guarded(done, sources, source_count);
    rdspol_status status = !finished       ? no_memory(error)
                           : done->written ? verify(done, error)
                                           : RDSPOL_OK;
    if (status != RDSPOL_OK) {
        rdspol_compilation_free(done);
        return status;
    }
    *out = done;
    return RDSPOL_OK;
}

void rdspol_compilation_free(rdspol_compilation *done)
{
    if (done == NULL) return;
    rp_test_close(done);
    rp_image_free(&done->image);
    rp_buf_free(&done->bundle);
    rp_buf_free(&done->text);
    rp_arena_clear(&done->arena);
    rp_alloc_free(done->alloc, done, sizeof *done);
}

uint32_t rdspol_compilation_error_count(const rdspol_compilation *done)
{
    return done->diags.error_count;
}
uint32_t rdspol_compilation_warning_count(const rdspol_compilation *done)
{
    return done->diags.warning_count;
}

rdspol_str rdspol_compilation_bundle(const rdspol_compilation *done)
{
    return done->written ? rp_buf_str(&done->bundle) : RP_STR_EMPTY;
}

rdspol_status rdspol_compilation_diagnostic(const rdspol_compilation *done, uint32_t index,
                                            rdspol_diagnostic *out)
{
    const rp_diag *diag = done->diags.first;
    for (; diag != NULL && index > 0; index--) diag = diag->next;
    if (diag == NULL) return RDSPOL_DONE;
    const rp_diag_info *info = rp_diag_info_get(diag->id);
    rp_position at = rp_sources_position(&done->sources, diag->span.file, diag->span.begin);
    *out = (rdspol_diagnostic){.code = rp_str_from(info->code),
                               .text = diag->text,
                               .file = done->sources.files[diag->span.file].name,
                               .line = at.line,
                               .column = at.column,
                               .is_error = info->severity == RP_SEVERITY_ERROR};
    return RDSPOL_OK;
}

rdspol_status rdspol_compilation_mutations(rdspol_compilation *done, const rdspol_mutation **out,
                                           uint32_t *count, rdspol_error *error)
{
    *out = NULL;
    *count = 0;
    if (!done->written || rp_mutations_find(done, out, count)) return RDSPOL_OK;
    return no_memory(error);
}

static void print_diagnostics(rdspol_compilation *done, bool color)
{
    for (const rp_diag *diag = done->diags.first; diag != NULL; diag = diag->next) {
        rp_diag_render(&done->text, &done->sources, diag, color);
    }
}

static void print_trees(rdspol_compilation *done)
{
    for (const rp_module *module = done->program.modules; module != NULL; module = module->next) {
        for (const rp_module_file *file = module->files; file != NULL && module->given;
             file = file->next) {
            rp_ast_print(&done->text, file->tree.declarations);
        }
    }
}

rdspol_status rdspol_compilation_print(rdspol_compilation *done, rdspol_print what, rdspol_str *out,
                                       rdspol_error *error)
{
    rp_buf_reset(&done->text);
    switch (what) {
    case RDSPOL_PRINT_DIAGNOSTICS: print_diagnostics(done, false); break;
    case RDSPOL_PRINT_DIAGNOSTICS_COLOR: print_diagnostics(done, true); break;
    case RDSPOL_PRINT_AST: print_trees(done); break;
    case RDSPOL_PRINT_TYPED: rp_typed_print(&done->text, &done->program); break;
    case RDSPOL_PRINT_IR:
        if (done->lowered) rp_ir_print(&done->text, &done->ir);
        break;
    }
    *out = rp_buf_str(&done->text);
    return done->text.failed ? no_memory(error) : RDSPOL_OK;
}

rdspol_str rdspol_diagnostic_code(uint32_t index)
{
    return index < RP_DIAG_COUNT ? rp_str_from(rp_diag_info_get((rp_diag_id)index)->code)
                                 : RP_STR_EMPTY;
}

rdspol_str rdspol_diagnostic_text(rdspol_str code)
{
    const rp_diag_info *info = rp_diag_info_find(code);
    return info != NULL ? rp_str_from(info->text) : RP_STR_EMPTY;
}

rdspol_str rdspol_diagnostic_explanation(rdspol_str code)
{
    const rp_diag_info *info = rp_diag_info_find(code);
    return info != NULL ? rp_str_from(info->explanation) : RP_STR_EMPTY;
}

rdspol_str rdspol_diagnostic_example(rdspol_str code)
{
    const rp_diag_info *info = rp_diag_info_find(code);
    return info != NULL ? rp_str_from(info->example) : RP_STR_EMPTY;
}
