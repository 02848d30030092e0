// Embedding: a program with only rdspol.h and libc. Opens a bundle, adds facts, prints verdicts.
//
//     rdspol compile examples/embed/policy.rdspol -o policy.rpb
//     cc examples/embed/embed.c -Ivm/include librdspol-vm.a -o embed && ./embed policy.rpb
#include "rdspol.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static rdspol_str str(const char *text)
{
    rdspol_str s = {text, strlen(text)};
    return s;
}

static unsigned char *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    long length = file != NULL && fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    unsigned char *data = length >= 0 ? malloc((size_t)length + 1) : NULL;
    if (data != NULL) {
        rewind(file);
        *size = fread(data, 1, (size_t)length, file);
    }
    if (file != NULL) (void)fclose(file);
    return data;
}

// One database; what is not said about it stays unknown.
static rdspol_status add_instance(rdspol_facts *facts, const char *id, const char *protection)
{
    uint32_t row;
    rdspol_status status =
        rdspol_facts_add(facts, str("instance"), str("123456789012"), str("us-east-1"), &row);
    if (status == RDSPOL_OK)
        status = rdspol_facts_set(facts, str("instance"), row, str("id"), str(id));
    if (status == RDSPOL_OK && protection != NULL) {
        status = rdspol_facts_set(facts, str("instance"), row, str("deletion_protection"),
                                  str(protection));
    }
    return status;
}

static rdspol_status add_facts(rdspol_facts *facts, rdspol_error *error)
{
    rdspol_status status = add_instance(facts, "orders", "true");
    if (status == RDSPOL_OK) status = add_instance(facts, "scratch", "false");
    if (status == RDSPOL_OK) status = add_instance(facts, "hidden", NULL);
    if (status != RDSPOL_OK) return status;
    rdspol_facts_assume_complete(facts);
    return rdspol_facts_seal(facts, error);
}

static rdspol_status print_findings(rdspol_run *run, rdspol_error *error)
{
    rdspol_cursor cursor = {{0}};
    rdspol_finding finding;
    while (rdspol_run_next(run, &cursor, &finding) == RDSPOL_OK) {
        rdspol_details details = {.size = sizeof details};
        rdspol_status status = rdspol_run_explain(run, &finding, &details, error);
        if (status != RDSPOL_OK) return status;
        printf("%s %.*s", rdspol_verdict_name(finding.verdict), (int)finding.id.len,
               finding.id.ptr);
        if (details.message_count > 0) {
            printf(": %.*s", (int)details.messages[0].text.len, details.messages[0].text.ptr);
        }
        printf("\n");
    }
    return RDSPOL_OK;
}

int main(int argc, char **argv)
{
    rdspol_error error = {0};
    rdspol_bundle *bundle = NULL;
    rdspol_facts *facts = NULL;
    rdspol_run *run = NULL;
    size_t size = 0;
    unsigned char *data = argc == 2 ? read_file(argv[1], &size) : NULL;
    rdspol_run_opts opts = {.size = sizeof opts, .now = 1764547200000};
    rdspol_status status = data != NULL ? RDSPOL_OK : RDSPOL_INPUT;
    if (status == RDSPOL_OK) status = rdspol_bundle_open(&bundle, data, size, NULL, &error);
    if (status == RDSPOL_OK) status = rdspol_facts_new(&facts, bundle, NULL, &error);
    if (status == RDSPOL_OK) status = add_facts(facts, &error);
    if (status == RDSPOL_OK) status = rdspol_run_new(&run, bundle, facts, &opts, &error);
    if (status == RDSPOL_OK) status = rdspol_run_evaluate(run, &error);
    if (status == RDSPOL_OK) status = print_findings(run, &error);
    if (status != RDSPOL_OK) {
        fprintf(stderr, "embed: %s %s\n", rdspol_status_text(status), error.message);
    }
    rdspol_run_free(run);
    rdspol_facts_free(facts);
    rdspol_bundle_close(bundle);
    free(data);
    return status == RDSPOL_OK ? 0 : 2;
}
