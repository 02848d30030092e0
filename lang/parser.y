// Tokens to tree. Each action is one call of a constructor; recovery is per declaration, clause and
// bracket; what tokens are dropped after an error is the scanner's part (lex.c).
// Without default reductions the lists of expected tokens are as good as LAC's, and no stack is
// allocated where the parser's argument is out of sight.
%require "3.8"
%language "c"
%define api.pure full
%define api.prefix {rp_yy}
%define api.token.prefix {RP_TOKEN_}
%define api.token.raw
%define api.location.type {rp_span}
%define lr.default-reduction accepting
%define parse.error custom
%locations
%expect 0
%parse-param {rp_parse *parse}
%lex-param {rp_parse *parse}

%code requires {
#include "lang/ast.h"
#include "lang/parse.h"
}
%code {
#include "lang/build.h"

#define YYLLOC_DEFAULT(Current, Rhs, N)                                                            \
    do {                                                                                           \
        if (N) {                                                                                   \
            (Current).file = YYRHSLOC(Rhs, 1).file;                                                \
            (Current).begin = YYRHSLOC(Rhs, 1).begin;                                              \
            (Current).end = YYRHSLOC(Rhs, N).end;                                                  \
        } else {                                                                                   \
            (Current) = YYRHSLOC(Rhs, 0);                                                          \
            (Current).begin = (Current).end;                                                       \
        }                                                                                          \
    } while (0)
#undef yylex
#define yylex rp_lex_next
#define YYMALLOC(size) rp_build_alloc(parse, (size))
#define YYFREE(ptr) ((void)(ptr))
#define YYINITDEPTH 400
#define YYMAXDEPTH 20000
#define B parse
static void yyerror(const rp_span *span, rp_parse *parse, const char *message);
#define NEW(kind, loc, a, b, c) rp_build_node(B, RP_NODE_##kind, (loc), (a), (b), (c))
#define NAMED(kind, loc, name, nameloc, a, b, c)                                                   \
    rp_build_named(B, RP_NODE_##kind, (loc), (name), (nameloc), (a), (b), (c))
#define OP(kind, loc, op, a, b, c) rp_build_op(B, RP_NODE_##kind, (loc), (op), (a), (b), (c))
}

%union {
    rp_str text;
    int64_t number;
    double real;
    rp_node *node;
    rp_nodes nodes;
    int op;
}

%token END 0 "end of file"
%token <text> NAME "name" STRING "string" STRING_HEAD "string {" STRING_MID "} string {" STRING_TAIL "} string"
%token <number> INT "number" DURATION "duration" TIME "date"
%token <real> FLOAT "decimal number"
%token MODULE "module" IMPORT "import" AS "as" RESOURCE "resource" RECORD "record" ENUM "enum"
%token EXTEND "extend" FROM "from" BY "by" PARAM "param" SET "set" DEF "def" LET "let"
%token POLICY "policy" ON "on" WHEN "when" REQUIRE "require" ELSE "else" PACK "pack" TEST "test"
%token EXPECT "expect" WAIVE "waive" UNTIL "until" BECAUSE "because" WHERE "where" AND "and"
%token OR "or" NOT "not" IN "in" NOT_IN "not in" IS "is" ABSENT "absent" PRESENT "present"
%token EMPTY "empty" TRUE "true" FALSE "false" IF "if" THEN "then" MATCH "match" ANY "any"
%token ALL "all" NONE "none" EXACTLY_ONE "exactly one" COUNT "count" SUM "sum" MIN "min" MAX "max"
%token EACH "each" FIRST "first" IGNORING_CASE "ignoring case"
%token EQ "==" NE "!=" LE "<=" GE ">=" LT "<" GT ">" COALESCE "??" OPT_DOT "?." QUESTION "?"
%token DOTDOT ".." ARROW "->" ASSIGN "=" DOT "." COMMA "," COLON ":" BAR "|" PLUS "+" MINUS "-"
%token STAR "*" SLASH "/" LPAREN "(" RPAREN ")" LBRACKET "[" RBRACKET "]" LBRACE "{" RBRACE "}"

%precedence LOOSE
%precedence ELSE
%left OR
%left AND
%precedence NOT
%nonassoc EQ NE LT LE GT GE IN NOT_IN IS
%nonassoc DOTDOT
%right COALESCE
%left PLUS MINUS
%left STAR SLASH
%precedence NEGATE

%type <text> word dot_word keyword
%type <op> quantifier
%type <node> expr primary text binding arm pair type atomic_type qname
%type <node> declaration clause meta_value default param_limit selector step pack_line
%type <node> source source_arg field fallback path group_when service name_node
%type <nodes> exprs some_exprs bindings arms labels pairs some_pairs pieces enum_members fields field_options
%type <nodes> clauses meta_values param_limits arguments some_arguments selectors pack_lines
%type <nodes> selector_values steps qnames paths source_args some_source_args
%type <node> else_text opt_title opt_resource opt_text opt_type opt_default opt_alias opt_type_name
%type <node> opt_source opt_member where literal selector_value simple_string

%%

file:
  %empty
| file declaration        { parse->declarations = rp_nodes_add(parse->declarations, $2); }
| file error              { if (rp_lex_goes_on(B, yychar, true)) yyerrok; }
;

declaration:
  "module" NAME           { $$ = NAMED(MODULE, @$, $2, @2, NULL, NULL, NULL); }
| "import" NAME opt_alias { $$ = NAMED(IMPORT, @$, $2, @2, $3, NULL, NULL); }
| "resource" NAME opt_type_name opt_source "{" fields "}"
                          { $$ = NAMED(RESOURCE, @$, $2, @2, $3, $4, $6.first); }
| "record" NAME "{" fields "}"
                          { $$ = NAMED(RECORD_TYPE, @$, $2, @2, $4.first, NULL, NULL); }
| "extend" qname "{" fields "}"
                          { $$ = NEW(EXTEND, @$, $2, $4.first, NULL); }
| "enum" NAME "=" enum_members
                          { $$ = NAMED(ENUM, @$, $2, @2, $4.first, NULL, NULL); }
| "param" NAME ":" type opt_default param_limits
                          { $$ = NAMED(PARAM, @$, $2, @2, $4, $5, $6.first); }
| "set" qname "=" expr    { $$ = NEW(SET, @$, $2, $4, NULL); }
| "def" NAME "(" arguments ")" ":" type "=" expr
                          { $$ = NAMED(FUNCTION, @$, $2, @2, $4.first, $7, $9); }
| "def" qname "." word ":" type "=" expr
                          { $$ = NAMED(FIELD_DEF, @$, $4, @4, $2, $6, $8); }
| "def" qname "." word "(" arguments ")" ":" type "=" expr
                          { $$ = rp_build_method(B, @$, $4, @4, $2, $6, $9, $11); }
| "let" NAME opt_type "=" expr
                          { $$ = NAMED(LET, @$, $2, @2, $3, $5, NULL); }
| "policy" NAME "on" qname "{" clauses "}"
                          { $$ = NAMED(POLICY, @$, $2, @2, $4, $6.first, NULL); }
| "require" expr else_text
                          { $$ = NEW(REQUIRE, @$, $2, $3, NULL); }
| "pack" word opt_title "{" pack_lines "}"
                          { $$ = NAMED(PACK, @$, $2, @2, $3, $5.first, NULL); }
| "test" STRING "{" steps "}"
                          { $$ = NAMED(TEST, @$, $2, @2, $4.first, NULL, NULL); }
| "waive" qnames "on" qname simple_string where "until" TIME "because" simple_string
                          { $$ = rp_build_waive(B, @$, $2, $4, $5, $6, $8, @8, $10); }
;

name_node: NAME           { $$ = NAMED(NAME, @$, $1, @1, NULL, NULL, NULL); };
opt_alias: %empty         { $$ = NULL; } | "as" name_node { $$ = $2; };
opt_type_name: %empty     { $$ = NULL; } | simple_string;
opt_source: %empty        { $$ = NULL; } | source;
opt_title: %empty         { $$ = NULL; } | simple_string;
opt_type: %empty          { $$ = NULL; } | ":" type { $$ = $2; };
opt_default: %empty       { $$ = NULL; } | "=" default { $$ = $2; };
else_text: %empty         { $$ = NULL; } | "else" text { $$ = $2; };
where: %empty %prec LOOSE { $$ = NULL; } | "where" expr { $$ = $2; };
simple_string: STRING     { $$ = NAMED(STRING, @$, $1, @1, NULL, NULL, NULL); };

default: primary | "-" primary { $$ = OP(UNARY, @$, RP_OPERATOR_NEG, $2, NULL, NULL); };
param_limits: %empty      { $$ = rp_nodes_of(NULL); } | param_limits param_limit { $$ = rp_nodes_add($1, $2); };
param_limit:
  "in" expr %prec LOOSE   { $$ = NEW(LIMIT_IN, @$, $2, NULL, NULL); }
| "in" expr ".." expr %prec LOOSE
                          { $$ = NEW(LIMIT_IN, @$, $2, $4, NULL); }
| NAME INT ".." INT       { $$ = rp_build_limit_size(B, @$, $1, @1, $2, @2, $4, @4); }
;

arguments: %empty         { $$ = rp_nodes_of(NULL); } | some_arguments;
some_arguments:
  NAME ":" type           { $$ = rp_nodes_of(NAMED(ARGUMENT, @$, $1, @1, $3, NULL, NULL)); }
| some_arguments "," NAME ":" type
                          { $$ = rp_nodes_add($1, NAMED(ARGUMENT, @3, $3, @3, $5, NULL, NULL)); }
;

/* policies */
clauses:
  %empty                  { $$ = rp_nodes_of(NULL); }
| clauses clause          { $$ = rp_nodes_add($1, $2); }
| clauses error           {
    $$ = rp_nodes_add($1, NEW(ERROR, @2, NULL, NULL, NULL));
    if (rp_lex_goes_on(B, yychar, false)) yyerrok;
}
;
clause:
  NAME meta_values        { $$ = NAMED(META, @$, $1, @1, $2.first, NULL, NULL); }
| "when" expr else_text   { $$ = NEW(WHEN, @$, $2, $3, NULL); }
| "require" expr else_text { $$ = NEW(REQUIRE, @$, $2, $3, NULL); }
| "let" NAME opt_type "=" expr
                          { $$ = NAMED(LET, @$, $2, @2, $3, $5, NULL); }
;
meta_values: meta_value   { $$ = rp_nodes_of($1); } | meta_values "," meta_value { $$ = rp_nodes_add($1, $3); };
meta_value:
  text | literal | qname
| INT                     { $$ = rp_build_number(B, RP_NODE_INT, @$, $1); }
| INT ".." INT            { $$ = rp_build_meta_range(B, @$, $1, @1, $3, @3); }
;

/* packs */
pack_lines: %empty        { $$ = rp_nodes_of(NULL); } | pack_lines pack_line { $$ = rp_nodes_add($1, $2); };
pack_line: NAME selectors { $$ = NAMED(PACK_LINE, @$, $1, @1, $2.first, NULL, NULL); };
selectors: selector       { $$ = rp_nodes_of($1); } | selectors "and" selector { $$ = rp_nodes_add($1, $3); };
selector:
  "policy" selector_values { $$ = NAMED(SELECTOR, @$, RP_STR("policy"), @1, $2.first, NULL, NULL); }
| "module" selector_values { $$ = NAMED(SELECTOR, @$, RP_STR("module"), @1, $2.first, NULL, NULL); }
| "pack" selector_values  { $$ = NAMED(SELECTOR, @$, RP_STR("pack"), @1, $2.first, NULL, NULL); }
| NAME selector_values    { $$ = NAMED(SELECTOR, @$, $1, @1, $2.first, NULL, NULL); }
;
selector_values: selector_value { $$ = rp_nodes_of($1); } | selector_values "," selector_value { $$ = rp_nodes_add($1, $3); };
selector_value:
  simple_string | qname
| INT                     { $$ = rp_build_number(B, RP_NODE_INT, @$, $1); }
| INT ".." INT            { $$ = rp_build_meta_range(B, @$, $1, @1, $3, @3); }
;

/* tests */
steps: %empty             { $$ = rp_nodes_of(NULL); } | steps step { $$ = rp_nodes_add($1, $2); } | steps error { $$ = $1; };
step:
  qname "{" pairs "}"     { $$ = NEW(ROW, @$, $1, NEW(RECORD, rp_build_join(@2, @4), $3.first, NULL, NULL), NULL); }
| NAME NAME               { $$ = rp_build_unknown_type(B, @$, $1, @1, $2, @2); }
| NAME TIME               { $$ = rp_build_now(B, @$, $1, @1, $2, @2); }
| "set" qname "=" expr    { $$ = NEW(SET, @$, $2, $4, NULL); }
| "expect" NAME qname opt_resource opt_text
                          { $$ = NAMED(EXPECT, @$, $2, @2, $3, $4, $5); }
;
opt_resource: %empty      { $$ = NULL; } | "on" simple_string { $$ = $2; };
opt_text: %empty          { $$ = NULL; } | ":" text { $$ = $2; };

/* schema */
source:
  "from" service ":" NAME source_args opt_member
                          { $$ = rp_build_source(B, @$, $2, $4, @4, $5, $6); }
| "from" NAME STRING      { $$ = rp_build_file_source(B, @$, $2, @2, $3, @3); }
;
service: NAME             { $$ = NAMED(NAME, @$, $1, @1, NULL, NULL, NULL); };
source_args: %empty       { $$ = rp_nodes_of(NULL); } | "(" some_source_args ")" { $$ = $2; };
some_source_args: source_arg { $$ = rp_nodes_of($1); } | some_source_args "," source_arg { $$ = rp_nodes_add($1, $3); };
source_arg: NAME ":" expr { $$ = NAMED(SOURCE_ARG, @$, $1, @1, $3, NULL, NULL); };
opt_member: %empty        { $$ = NULL; } | simple_string;

fields: %empty            { $$ = rp_nodes_of(NULL); } | fields field { $$ = rp_nodes_add($1, $2); } | fields error { $$ = $1; };
field:
  word ":" type           { $$ = rp_build_field(B, @$, RP_STR_EMPTY, @1, $1, @1, $3, rp_nodes_of(NULL), rp_nodes_of(NULL)); }
| word ":" type "=" paths field_options
                          { $$ = rp_build_field(B, @$, RP_STR_EMPTY, @1, $1, @1, $3, $5, $6); }
| NAME word ":" type      { $$ = rp_build_field(B, @$, $1, @1, $2, @2, $4, rp_nodes_of(NULL), rp_nodes_of(NULL)); }
| NAME word ":" type "=" paths field_options
                          { $$ = rp_build_field(B, @$, $1, @1, $2, @2, $4, $6, $7); }
| word ":" type "by" qname { $$ = NAMED(RELATION, @$, $1, @1, $3, $5, NULL); }
| source group_when "{" fields "}"
                          { $$ = NEW(GROUP, @$, $1, $2, $4.first); }
;
group_when: %empty        { $$ = NULL; } | "when" expr { $$ = $2; };
paths: path               { $$ = rp_nodes_of($1); } | paths "," path { $$ = rp_nodes_add($1, $3); };
path:
  STRING                  { $$ = NAMED(PATH, @$, $1, @1, NULL, NULL, NULL); }
| STRING_HEAD expr pieces STRING_TAIL
                          { $$ = rp_build_path(B, @$); }
;
field_options:
  %empty                  { $$ = rp_nodes_of(NULL); }
| field_options "as" NAME { $$ = rp_nodes_add($1, rp_build_as_json(B, @2, $3, @3)); }
| field_options "ignoring case" { $$ = rp_nodes_add($1, NEW(OPT_NOCASE, @2, NULL, NULL, NULL)); }
| field_options "??" fallback { $$ = rp_nodes_add($1, NEW(OPT_FALLBACK, @2, $3, NULL, NULL)); }
| field_options "->" qnames { $$ = rp_nodes_add($1, NEW(OPT_JOIN, @2, $3.first, NULL, NULL)); }
| field_options "->" qnames "?"
                          { $$ = rp_nodes_add($1, NEW(OPT_JOIN, @2, $3.first, NULL, NULL));
                            $$ = rp_nodes_add($$, NEW(OPT_WEAK, @4, NULL, NULL, NULL)); }
;
fallback:
  literal | simple_string
| "-" INT                 { $$ = rp_build_number(B, RP_NODE_INT, @$, -$2); }
| INT                     { $$ = rp_build_number(B, RP_NODE_INT, @$, $1); }
| "[" "]"                 { $$ = NEW(LIST, @$, NULL, NULL, NULL); }
| "{" "}"                 { $$ = NEW(RECORD, @$, NULL, NULL, NULL); }
;
qnames: qname             { $$ = rp_nodes_of($1); } | qnames "," qname { $$ = rp_nodes_add($1, $3); };
enum_members: simple_string { $$ = rp_nodes_of($1); } | enum_members "|" simple_string { $$ = rp_nodes_add($1, $3); };

/* types and names */
type: atomic_type | atomic_type "?" { $$ = NEW(TYPE_OPTIONAL, @$, $1, NULL, NULL); };
atomic_type:
  qname                   { $$ = NEW(TYPE_NAME, @$, $1, NULL, NULL); }
| "[" type "]"            { $$ = NEW(TYPE_LIST, @$, $2, NULL, NULL); }
| "{" NAME ":" type "}"   { $$ = rp_build_map_type(B, @$, $2, @2, $4); }
| enum_members            { $$ = NEW(TYPE_ENUM, @$, $1.first, NULL, NULL); }
;
qname:
  NAME                    { $$ = NAMED(QNAME, @$, $1, @1, NULL, NULL, NULL); }
| qname "." NAME          { $$ = NAMED(QNAME, @$, $3, @3, $1, NULL, NULL); }
;

/* expressions */
expr:
  primary
| "-" expr %prec NEGATE   { $$ = OP(UNARY, @$, RP_OPERATOR_NEG, $2, NULL, NULL); }
| "not" expr              { $$ = OP(UNARY, @$, RP_OPERATOR_NOT, $2, NULL, NULL); }
| expr "or" expr          { $$ = OP(BINARY, @$, RP_OPERATOR_OR, $1, $3, NULL); }
| expr "and" expr         { $$ = OP(BINARY, @$, RP_OPERATOR_AND, $1, $3, NULL); }
| expr "==" expr          { $$ = OP(BINARY, @$, RP_OPERATOR_EQ, $1, $3, NULL); }
| expr "!=" expr          { $$ = OP(BINARY, @$, RP_OPERATOR_NE, $1, $3, NULL); }
| expr "<" expr           { $$ = OP(BINARY, @$, RP_OPERATOR_LT, $1, $3, NULL); }
| expr "<=" expr          { $$ = OP(BINARY, @$, RP_OPERATOR_LE, $1, $3, NULL); }
| expr ">" expr           { $$ = OP(BINARY, @$, RP_OPERATOR_GT, $1, $3, NULL); }
| expr ">=" expr          { $$ = OP(BINARY, @$, RP_OPERATOR_GE, $1, $3, NULL); }
| expr "in" expr          { $$ = OP(BINARY, @$, RP_OPERATOR_IN, $1, $3, NULL); }
| expr "not in" expr      { $$ = OP(BINARY, @$, RP_OPERATOR_NOT_IN, $1, $3, NULL); }
| expr "in" expr ".." expr %prec IN
                          { $$ = OP(RANGE, @$, 0, $1, $3, $5); }
| expr "not in" expr ".." expr %prec IN
                          { $$ = OP(RANGE, @$, RP_FLAG_NEGATED, $1, $3, $5); }
| expr "is" "absent"      { $$ = OP(IS, @$, RP_OPERATOR_ABSENT, $1, NULL, NULL); }
| expr "is" "present"     { $$ = OP(IS, @$, RP_OPERATOR_PRESENT, $1, NULL, NULL); }
| expr "is" "empty"       { $$ = OP(IS, @$, RP_OPERATOR_EMPTY, $1, NULL, NULL); }
| expr "is" "not" "empty" { $$ = OP(IS, @$, RP_OPERATOR_NOT_EMPTY, $1, NULL, NULL); }
| expr "??" expr          { $$ = OP(BINARY, @$, RP_OPERATOR_COALESCE, $1, $3, NULL); }
| expr "+" expr           { $$ = OP(BINARY, @$, RP_OPERATOR_ADD, $1, $3, NULL); }
| expr "-" expr           { $$ = OP(BINARY, @$, RP_OPERATOR_SUB, $1, $3, NULL); }
| expr "*" expr           { $$ = OP(BINARY, @$, RP_OPERATOR_MUL, $1, $3, NULL); }
| expr "/" expr           { $$ = OP(BINARY, @$, RP_OPERATOR_DIV, $1, $3, NULL); }
| "if" expr "then" expr "else" expr %prec LOOSE
                          { $$ = NEW(IF, @$, $2, $4, $6); }
| "match" expr "{" arms "}" { $$ = NEW(MATCH, @$, $2, $4.first, NULL); }
| quantifier bindings ":" expr %prec LOOSE
                          { $$ = OP(QUANTIFIER, @$, $1, $2.first, $4, NULL); }
;
quantifier:
  "any" { $$ = RP_QUANTIFIER_ANY; } | "all" { $$ = RP_QUANTIFIER_ALL; }
| "none" { $$ = RP_QUANTIFIER_NONE; } | "exactly one" { $$ = RP_QUANTIFIER_ONE; }
| "count" { $$ = RP_QUANTIFIER_COUNT; } | "sum" { $$ = RP_QUANTIFIER_SUM; }
| "min" { $$ = RP_QUANTIFIER_MIN; } | "max" { $$ = RP_QUANTIFIER_MAX; }
| "each" { $$ = RP_QUANTIFIER_EACH; } | "first" { $$ = RP_QUANTIFIER_FIRST; }
;
bindings: binding         { $$ = rp_nodes_of($1); } | bindings "," binding { $$ = rp_nodes_add($1, $3); };
binding: NAME "in" expr where { $$ = NAMED(BINDING, @$, $1, @1, $3, $4, NULL); };
arms: %empty              { $$ = rp_nodes_of(NULL); } | arms arm { $$ = rp_nodes_add($1, $2); };
arm:
  labels ":" expr         { $$ = NEW(ARM, @$, $1.first, $3, NULL); }
| labels ":" expr ","     { $$ = NEW(ARM, @$, $1.first, $3, NULL); }
| "else" ":" expr         { $$ = OP(ARM, @$, RP_FLAG_ELSE, NULL, $3, NULL); }
| "else" ":" expr ","     { $$ = OP(ARM, @$, RP_FLAG_ELSE, NULL, $3, NULL); }
;
labels: literal           { $$ = rp_nodes_of($1); } | simple_string { $$ = rp_nodes_of($1); }
| INT                     { $$ = rp_nodes_of(rp_build_number(B, RP_NODE_INT, @$, $1)); }
| labels "," literal      { $$ = rp_nodes_add($1, $3); } | labels "," simple_string { $$ = rp_nodes_add($1, $3); }
| labels "," INT          { $$ = rp_nodes_add($1, rp_build_number(B, RP_NODE_INT, @3, $3)); }
;

primary:
  literal | text
| INT                     { $$ = rp_build_number(B, RP_NODE_INT, @$, $1); }
| NAME                    { $$ = NAMED(NAME, @$, $1, @1, NULL, NULL, NULL); }
| "(" expr ")"            { $$ = rp_build_group(B, @$, $2); }
| "(" error ")"           { $$ = NEW(ERROR, @$, NULL, NULL, NULL); }
| "[" exprs "]"           { $$ = NEW(LIST, @$, $2.first, NULL, NULL); }
| "[" error "]"           { $$ = NEW(ERROR, @$, NULL, NULL, NULL); }
| "{" pairs "}"           { $$ = NEW(RECORD, @$, $2.first, NULL, NULL); }
| primary "." dot_word        { $$ = NAMED(FIELD, @$, $3, @3, $1, NULL, NULL); }
| primary "?." dot_word       { $$ = NAMED(OPT_FIELD, @$, $3, @3, $1, NULL, NULL); }
| primary "[" expr "]"    { $$ = NEW(INDEX, @$, $1, $3, NULL); }
| primary "(" exprs ")"   { $$ = NEW(CALL, @$, $1, $3.first, NULL); }
;
literal:
  FLOAT                   { $$ = rp_build_real(B, @$, $1); }
| DURATION                { $$ = rp_build_number(B, RP_NODE_DURATION, @$, $1); }
| TIME                    { $$ = rp_build_number(B, RP_NODE_TIME, @$, $1); }
| "true"                  { $$ = rp_build_number(B, RP_NODE_BOOL, @$, 1); }
| "false"                 { $$ = rp_build_number(B, RP_NODE_BOOL, @$, 0); }
| "absent"                { $$ = NEW(ABSENT, @$, NULL, NULL, NULL); }
;
text:
  STRING                  { $$ = NAMED(STRING, @$, $1, @1, NULL, NULL, NULL); }
| STRING_HEAD expr pieces STRING_TAIL
                          { $$ = rp_build_text(B, @$, $1, @1, $2, $3, $4, @4); }
;
pieces:
  %empty                  { $$ = rp_nodes_of(NULL); }
| pieces STRING_MID expr  { $$ = rp_nodes_add(rp_nodes_add($1, NAMED(STRING, @2, $2, @2, NULL, NULL, NULL)), $3); }
;
exprs: %empty             { $$ = rp_nodes_of(NULL); } | some_exprs | some_exprs ",";
some_exprs: expr          { $$ = rp_nodes_of($1); } | some_exprs "," expr { $$ = rp_nodes_add($1, $3); };
pairs: %empty             { $$ = rp_nodes_of(NULL); } | some_pairs | some_pairs ",";
some_pairs: pair          { $$ = rp_nodes_of($1); } | some_pairs "," pair { $$ = rp_nodes_add($1, $3); };
pair:
  word ":" expr           { $$ = NAMED(PAIR, @$, $1, @1, $3, NULL, NULL); }
| STRING ":" expr         { $$ = rp_build_string_pair(B, @$, $1, @1, $3); }
;

/* `by` and `as` are names where `:` follows (lexer) and after a dot; in the other places of a word
   they would be read as the start of an option of the field before. */
word: NAME | keyword;
dot_word: word | "by" { $$ = RP_STR("by"); } | "as" { $$ = RP_STR("as"); };
keyword:
  "module" { $$ = RP_STR("module"); } | "import" { $$ = RP_STR("import"); }
| "resource" { $$ = RP_STR("resource"); } | "record" { $$ = RP_STR("record"); } | "enum" { $$ = RP_STR("enum"); }
| "extend" { $$ = RP_STR("extend"); } | "from" { $$ = RP_STR("from"); }
| "param" { $$ = RP_STR("param"); } | "set" { $$ = RP_STR("set"); } | "def" { $$ = RP_STR("def"); }
| "let" { $$ = RP_STR("let"); } | "policy" { $$ = RP_STR("policy"); } | "on" { $$ = RP_STR("on"); }
| "when" { $$ = RP_STR("when"); } | "require" { $$ = RP_STR("require"); } | "else" { $$ = RP_STR("else"); }
| "pack" { $$ = RP_STR("pack"); } | "test" { $$ = RP_STR("test"); } | "expect" { $$ = RP_STR("expect"); }
| "waive" { $$ = RP_STR("waive"); } | "until" { $$ = RP_STR("until"); } | "because" { $$ = RP_STR("because"); }
| "where" { $$ = RP_STR("where"); } | "and" { $$ = RP_STR("and"); } | "or" { $$ = RP_STR("or"); }
| "not" { $$ = RP_STR("not"); } | "in" { $$ = RP_STR("in"); } | "is" { $$ = RP_STR("is"); }
| "absent" { $$ = RP_STR("absent"); } | "present" { $$ = RP_STR("present"); } | "empty" { $$ = RP_STR("empty"); }
| "true" { $$ = RP_STR("true"); } | "false" { $$ = RP_STR("false"); } | "if" { $$ = RP_STR("if"); }
| "then" { $$ = RP_STR("then"); } | "match" { $$ = RP_STR("match"); } | "any" { $$ = RP_STR("any"); }
| "all" { $$ = RP_STR("all"); } | "none" { $$ = RP_STR("none"); } | "count" { $$ = RP_STR("count"); }
| "sum" { $$ = RP_STR("sum"); } | "min" { $$ = RP_STR("min"); } | "max" { $$ = RP_STR("max"); }
| "each" { $$ = RP_STR("each"); } | "first" { $$ = RP_STR("first"); }
;
%%
// One message an error: what was found, and what could have stood there if that is a short list.
static int yyreport_syntax_error(const yypcontext_t *context, rp_parse *parse) {
    yysymbol_kind_t expected[RP_MAX_EXPECTED];
    const char *names[RP_MAX_EXPECTED];
    int count = yypcontext_expected_tokens(context, expected, RP_MAX_EXPECTED);
    for (int i = 0; i < count; i++) names[i] = yysymbol_name(expected[i]);
    yysymbol_kind_t token = yypcontext_token(context);
    rp_build_syntax_error(parse, *yypcontext_location(context),
                          token == YYSYMBOL_YYEMPTY ? "" : yysymbol_name(token), names,
                          count < 0 ? 0 : (size_t)count);
    return 0;
}

static void yyerror(const rp_span *span, rp_parse *parse, const char *message) {
    rp_build_too_deep(parse, *span, message);
}
