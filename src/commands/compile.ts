/** `smilec compile MODEL.tflite --out DIR` */
import { relative, resolve } from "node:path";
import { type Compiled, compileModel } from "../compile/compile.js";
import type { LibraryTarget } from "../compile/library.js";
import type { CommandContext } from "./context.js";
import { bytes, thousands } from "./table.js";

export interface CompileOptions {
  readonly out: string;
  readonly name?: string;
  readonly target: LibraryTarget;
}

export async function compileCommand(context: CommandContext, model: string, options: CompileOptions): Promise<void> {
  const dir = resolve(options.out);
  const compiled = await compileModel({ modelPath: model, outDir: dir, name: options.name, target: options.target });
  const { emitted, name } = compiled;
  const result = {
    dir,
    name,
    target: options.target,
    sha256: compiled.model.sha256,
    arenaBytes: emitted.arenaBytes,
    lowerBoundBytes: emitted.plan.lowerBound,
    weightBytes: emitted.weightBytes,
    written: compiled.written,
    unchanged: compiled.unchanged,
    removed: compiled.removed,
    kept: compiled.kept,
  };
  context.result(result, () => describe(compiled, dir));
}

function describe({ name, emitted, written, unchanged, removed, kept }: Compiled, dir: string): string {
  const shown = relative(".", dir) || ".";
  return [
    `${shown}: library ${name}, ${written.length} files written, ${unchanged.length} unchanged`,
    `arena ${thousands(emitted.arenaBytes)} bytes (largest live set ${thousands(emitted.plan.lowerBound)}), constants ${bytes(emitted.weightBytes)}`,
    ...removed.map((path) => `removed ${path}: the library no longer has it`),
    ...kept.map((path) => `kept ${path}: it was changed by hand, and the library no longer has it`),
    `call ${name}_invoke() of include/${name}.h; README.md says how`,
  ].join("\n");
}
