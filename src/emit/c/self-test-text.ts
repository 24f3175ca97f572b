/** The function that runs the embedded example, and the example. */
import type { Example } from "../golden.js";
import { type Boundary, boundaryType } from "./boundary-text.js";
import { arrayDefinition, breakLine } from "./c-text.js";

export function selfTest(boundary: Boundary, prefix: string, golden: Example): string[] {
  const upper = prefix.toUpperCase();
  const name = (role: string, i: number) => (boundary.isSingle ? role : `${role}_${i}`);
  const length = (i: number) => `${upper}_${name("OUTPUT", i)}_LENGTH`;
  const equal = golden.outputs.map(
    (_, i) => `memcmp(${name("output", i)}, ${prefix}_golden_${name("output", i)}, sizeof(${name("output", i)})) == 0`,
  );
  return [
    ...golden.inputs.map((values, i) => arrayDefinition(`${prefix}_golden_${name("input", i)}`, values)),
    ...golden.outputs.map((values, i) => arrayDefinition(`${prefix}_golden_${name("output", i)}`, values)),
    `int ${prefix}_self_test(void)`,
    "{",
    ...boundary.outputs.map((tensor, i) => `    static ${boundaryType(tensor)} ${name("output", i)}[${length(i)}];`),
    ...invocation(boundary, prefix),
    "",
    "    if (error < 0) {",
    "        return error;",
    "    }",
    `    return ${equal.join(" &&\n           ")} ? ${upper}_OK : ${upper}_ERROR_SELF_TEST;`,
    "}",
    "",
  ];
}

function invocation(boundary: Boundary, prefix: string): string[] {
  if (boundary.isSingle) return [`    const int error = ${prefix}_invoke(${prefix}_golden_input, output);`];
  const inputs = boundary.inputs.map((_, i) => `${prefix}_golden_input_${i}`);
  return [
    breakLine(`    const void *const inputs[] = {${inputs.join(", ")}};`),
    breakLine(`    void *const outputs[] = {${boundary.outputs.map((_, i) => `output_${i}`).join(", ")}};`),
    `    const int error = ${prefix}_invoke_many(inputs, outputs);`,
  ];
}
