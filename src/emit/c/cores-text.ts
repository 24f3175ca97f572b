/** The C around calls that two cores share (cores.ts). */

/** For the header: the hook that a program with two cores defines. Ends with an empty line. */
export function bothCoresDeclaration(prefix: string): string[] {
  const upper = prefix.toUpperCase();
  return [
    `#define ${upper}_CORES 2 /* the work of large layers is in two parts for two cores */`,
    "",
    `typedef void ${prefix}_part_t(const void *context, int index);`,
    "",
    "/*",
    " * Computes part(context, 0) and part(context, 1), in any order or at the same time on two cores, and returns when both",
    " * are done and what they wrote can be read here. The parts write to different memory, and neither reads what the other",
    " * writes. The model calls it, from the task that invoked the model. A program with two cores defines it; unless it does,",
    " * the parts are computed one after the other, with the same results. Where the compiler knows no weak functions, such a",
    ` * program compiles ${prefix}.c with ${upper}_OWN_ON_BOTH defined.`,
    " */",
    `void ${prefix}_on_both(${prefix}_part_t *part, const void *context);`,
    "",
  ];
}

/** For the source: the default of the hook. */
export function bothCoresDefinition(prefix: string): string[] {
  const upper = prefix.toUpperCase();
  return [
    `#ifndef ${upper}_OWN_ON_BOTH`,
    "#if defined(__GNUC__) || defined(__clang__)",
    "__attribute__((weak))",
    "#endif",
    `void ${prefix}_on_both(${prefix}_part_t *part, const void *context)`,
    "{",
    "    part(context, 0);",
    "    part(context, 1);",
    "}",
    "#endif",
    "",
  ];
}

/** For the source: what the parts of a call are told. */
export function pointersDefinition(prefix: string): string[] {
  return [
    "/* Of a whole layer that two cores share. */",
    `typedef struct ${prefix}_pointers {`,
    "    const int8_t *input;",
    "    int8_t *output;",
    `} ${prefix}_pointers_t;`,
    "",
  ];
}

/** Body of the function that computes part `index`; `first` and `second` are statements, indented by eight. */
export function partFunction(prefix: string, first: string, second: string): string[] {
  return [
    `    const ${prefix}_pointers_t *pointers = context;`,
    "",
    "    if (index == 0) {",
    first,
    "    } else {",
    second,
    "    }",
  ];
}
