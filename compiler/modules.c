// Files become modules: all files with the same `module` line are one, files without one are
// `main`. A module that is imported is looked for among the sources, then beside the importing
// file, then in the standard library.
#include "compiler/modules.h"
#include "lang/parse.h"

#define MAX_FILES_OF_MODULE 256u

typedef struct loader {
    rp_program *program;
    const rdspol_compile_opts *opts;
} loader;

rp_module *rp_modules_find(rp_program *program, rp_str name)
{
    rp_module *module;
    RP_SEARCH(program->modules, name, module);
    return module;
}

static rp_module *find_or_add(rp_program *program, rp_str name)
{
    rp_module *module = rp_modules_find(program, name);
    if (module != NULL) return module;
    module = RP_NEW(program->arena, rp_module);
    module->name = name;
    module->last_file = &module->files;
    module->last_import = &module->imports;
    *program->last_module = module;
    program->last_module = &module->next;
    return module;
}

static const rp_node *module_line(const rp_tree *tree)
{
    for (const rp_node *node = tree->declarations; node != NULL; node = node->next) {
        if (node->kind == RP_NODE_MODULE) return node;
    }
    return NULL;
}

static rp_module *add_file(loader *load, rp_str name, rp_str text, bool library, bool skip_tests)
{
    rp_program *program = load->program;
    uint32_t file = rp_sources_add(program->sources, name, text);
    program->sources->files[file].library = library;
    rp_tree tree =
        rp_parse_file(program->arena, program->diags, program->node_ids, file, text, skip_tests);
    const rp_node *line = module_line(&tree);
    rp_module *module = find_or_add(program, line != NULL ? line->text : RP_STR("main"));
    rp_module_file *entry = RP_NEW(program->arena, rp_module_file);
    entry->tree = tree;
    *module->last_file = entry;
    module->last_file = &entry->next;
    module->library |= library;
    module->tests_skipped |= tree.tests_skipped;
    return module;
}

static bool is_library_name(const rdspol_compile_opts *opts, rp_str name)
{
    for (size_t i = 0; i < opts->library_count; i++) {
        if (rp_str_equal(opts->library[i].module_hint, name)) return true;
    }
    return false;
}

// The names of the standard library are its own: nobody can take the place of `aws`.
static void hold_reserved_names(loader *load, rp_module *module)
{
    if (load->opts->is_library || !is_library_name(load->opts, module->name)) return;
    const rp_tree *tree = &module->files->tree;
    const rp_node *line = module_line(tree);
    if (line != NULL) RP_DIAG(load->program->diags, RESERVED_MODULE, line->name, module->name);
}

static rp_module *load_library(loader *load, rp_str name)
{
    rp_module *module = NULL;
    for (size_t i = 0; i < load->opts->library_count; i++) {
        const rdspol_source *source = &load->opts->library[i];
        if (rp_str_equal(source->module_hint, name))
            module = add_file(load, source->name, source->text, true, true);
    }
    return module;
}

static rp_module *load_beside(loader *load, rp_str name, rp_str importer)
{
    if (load->opts->load == NULL) return NULL;
    rdspol_source *found = RP_NEW_ARRAY(load->program->arena, rdspol_source, MAX_FILES_OF_MODULE);
    size_t count =
        load->opts->load(load->opts->load_ctx, name, importer, found, MAX_FILES_OF_MODULE);
    rp_module *module = NULL;
    for (size_t i = 0; i < count && i < MAX_FILES_OF_MODULE; i++) {
        rp_module *of_file = add_file(load, found[i].name, found[i].text, false, false);
        if (rp_str_equal(of_file->name, name)) module = of_file;
    }
    return module;
}

static rp_module *obtain(loader *load, rp_str name, rp_str importer)
{
    rp_module *module = rp_modules_find(load->program, name);
    if (module != NULL) return module;
    if (!is_library_name(load->opts, name)) module = load_beside(load, name, importer);
    return module != NULL ? module : load_library(load, name);
}

static void suggest_module(loader *load, rp_str name, rp_diag *diag)
{
    rp_suggest best = rp_suggest_start(name);
    for (rp_module *module = load->program->modules; module != NULL; module = module->next) {
        rp_suggest_add(&best, module->name);
    }
    for (size_t i = 0; i < load->opts->library_count; i++) {
        rp_suggest_add(&best, load->opts->library[i].module_hint);
    }
    rp_suggest_help(load->program->diags, diag, &best);
}

static rp_import *import_of(rp_module *module, const rp_module *imported)
{
    for (rp_import *import = module->imports; import != NULL; import = import->next) {
        if (import->module == imported) return import;
    }
    return NULL;
}

static void add_import(loader *load, rp_module *module, rp_module *imported, rp_str alias,
                       rp_span span, bool implicit)
{
    if (imported == module) return;
    rp_import *import = import_of(module, imported);
    if (import == NULL) {
        import = RP_NEW(load->program->arena, rp_import);
        *module->last_import = import;
        module->last_import = &import->next;
    }
    *import = (rp_import){.module = imported,
                          .alias = alias,
                          .span = span,
                          .implicit = implicit,
                          .next = import->next};
}

static void import_line(loader *load, rp_module *module, const rp_node *node)
{
    rp_str importer = load->program->sources->files[node->span.file].name;
    rp_module *imported = obtain(load, node->text, importer);
    if (imported == NULL) {
        suggest_module(load, node->text,
                       RP_DIAG(load->program->diags, UNKNOWN_MODULE, node->name, node->text));
        return;
    }
    if (imported == module) {
        RP_DIAG(load->program->diags, IMPORT_CYCLE, node->span, module->name, module->name);
        return;
    }
    rp_import *known = import_of(module, imported);
    add_import(load, module, imported, node->a != NULL ? node->a->text : node->text, node->span,
               known != NULL && known->implicit);
}

static void import_all(loader *load, rp_module *module)
{
    rp_module *aws = obtain(load, RP_STR("aws"), RP_STR_EMPTY);
    rp_span nowhere = {0, 0, 0};
    if (aws != NULL) add_import(load, module, aws, RP_STR("aws"), nowhere, true);
    for (rp_module_file *file = module->files; file != NULL; file = file->next) {
        for (const rp_node *node = file->tree.declarations; node != NULL; node = node->next) {
            if (node->kind == RP_NODE_IMPORT) import_line(load, module, node);
        }
    }
}

static void find_cycles(rp_program *program, rp_module *module)
{
    module->import_state = RP_STATE_BUSY;
    for (rp_import *import = module->imports; import != NULL; import = import->next) {
        if (import->module->import_state == RP_STATE_BUSY) {
            RP_DIAG(program->diags, IMPORT_CYCLE, import->span, module->name, import->module->name);
        } else if (import->module->import_state == RP_STATE_NEW) {
            find_cycles(program, import->module);
        }
    }
    module->import_state = RP_STATE_DONE;
}

void rp_modules_load(rp_program *program, const rdspol_source *sources, size_t source_count,
                     const rdspol_compile_opts *opts)
{
    loader load = {program, opts};
    bool library = opts->is_library != 0;
    bool skip_tests = library && opts->keep_tests == 0; // they were run where it was made
    for (size_t i = 0; i < source_count; i++) {
        add_file(&load, sources[i].name, sources[i].text, library, skip_tests)->given = true;
    }
    for (rp_module *module = program->modules; module != NULL; module = module->next) {
        if (module->given) hold_reserved_names(&load, module);
    }
    // Modules that imports bring are appended to the list while it is walked.
    for (rp_module *module = program->modules; module != NULL; module = module->next) {
        import_all(&load, module);
    }
    for (rp_module *module = program->modules; module != NULL; module = module->next) {
        if (module->import_state == RP_STATE_NEW) find_cycles(program, module);
    }
}
