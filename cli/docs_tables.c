typedef int rp_docs_empty;
