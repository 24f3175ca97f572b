/**
 * Instructions per multiply-accumulate on the ESP32's instruction set, portable C beside the LX6's MAC16 kernels, for single layers and whole models, in
 * one run on one simulator. Instructions, not cycles. Multiply-high, which the simulated core lacks, counts as the one instruction it is on the ESP32
 * (src/build/xtensa-sim.ts). Every output is compared with the reference.
 *
 *     npm run build && node --import ./bench/typescript.mjs bench/xtensa.ts [model.tflite ...]
 */
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { simulateXtensa } from "#smilec/build/xtensa-sim.js";
import type { KernelTarget } from "#smilec/emit/c/lower.js";
import { type EmitCOptions, emitC } from "#smilec/emit/c/model.js";
import { readTflite } from "#smilec/emit/tflite/read.js";
import { packageRoot } from "#smilec/files/package-root.js";
import { graphMacs } from "#smilec/graph/cost.js";
import { ReferenceInterpreter } from "#smilec/graph/interpreter.js";
import { elementCount, type Int8Graph } from "#smilec/graph/types.js";
import { NetworkBuilder } from "../test/emit-c/networks.js";
import { Random } from "../test/support/random.js";
import { residualNet } from "../test/support/residual-net.js";
import { lx6Sources } from "../test/support/xtensa.js";

const same = { padding: "SAME", strideH: 1, strideW: 1, dilationH: 1, dilationW: 1, filterH: 3, filterW: 3 } as const;
const half = { ...same, strideH: 2, strideW: 2 };
const point = { ...same, filterH: 1, filterW: 1 };

type Layer = readonly [name: string, shape: readonly number[], make: (builder: NetworkBuilder) => number];

const LAYERS: readonly Layer[] = [
  ["first 3x3/2, 48x48x1 to 12", [1, 48, 48, 1], (b) => b.conv(b.input, 12, { ...half, activation: "RELU6" })],
  ["first 3x3/2, 96x96x3 to 8", [1, 96, 96, 3], (b) => b.conv(b.input, 8, half)],
  ["3x3, 12x12x16 to 16", [1, 12, 12, 16], (b) => b.conv(b.input, 16, same)],
  ["3x3/2, 12x12x16 to 32", [1, 12, 12, 16], (b) => b.conv(b.input, 32, half)],
  ["3x3, 12x12x32 to 32", [1, 12, 12, 32], (b) => b.conv(b.input, 32, same)],
  ["3x3, 12x12x64 to 64", [1, 12, 12, 64], (b) => b.conv(b.input, 64, same)],
  ["3x3, 6x6x64 to 64", [1, 6, 6, 64], (b) => b.conv(b.input, 64, same)],
  ["1x1, 12x12x32 to 64", [1, 12, 12, 32], (b) => b.conv(b.input, 64, point)],
  ["1x1, 12x12x64 to 64", [1, 12, 12, 64], (b) => b.conv(b.input, 64, point)],
  ["1x1, 6x6x128 to 128", [1, 6, 6, 128], (b) => b.conv(b.input, 128, point)],
  ["depthwise 3x3, 24x24x16", [1, 24, 24, 16], (b) => b.depthwise(b.input, 1, same)],
  ["depthwise 3x3/2, 24x24x16", [1, 24, 24, 16], (b) => b.depthwise(b.input, 1, half)],
  ["fully connected 640 to 128", [1, 640], (b) => b.fullyConnected(b.input, 128)],
];

/** A layer alone is measured as in a model that has memory to spare: its own tensors lie in the caller's memory. */
const LAYER_MEMORY = { arenaLimit: 32 * 1024 } as const;

interface Measured {
  readonly perMac: number;
  readonly perStep: readonly number[];
  readonly names: readonly string[];
  readonly text: number;
  readonly arena: number;
  readonly lowerBound: number;
  readonly equal: boolean;
}

async function measure(graph: Int8Graph, target: KernelTarget, options: Partial<EmitCOptions> = {}): Promise<Measured> {
  const emitted = emitC(graph, { provenance: "bench", target, profile: true, ...options });
  const source = emitted.files["model.c"];
  const steps = [...source.matchAll(/^ {4}sim_step\(\d+\)/gm)].length;
  const input = new Random(1).int8s(elementCount(graph.tensors[graph.inputs[0]].shape));
  const [expected] = new ReferenceInterpreter(graph).run([input]);
  const simulation = await simulateXtensa({
    files: emitted.files,
    sources: emitted.kernelSources.length > 0 ? lx6Sources : [],
    inputs: [input],
    outputLength: expected.length,
    steps,
  });
  return {
    perMac: simulation.instructions[0] / graphMacs(graph),
    perStep: simulation.steps,
    names: [...source.matchAll(/^ {4}\/\* (.*) \*\/\n {4}(?:\w*?)_((?:lx6_)?[a-z_0-9]+?)_\d+\(/gm)].map(
      ([, comment, name]) => `${name.padEnd(18)} ${comment}`,
    ),
    text: simulation.textBytes,
    arena: emitted.arenaBytes,
    lowerBound: emitted.plan.lowerBound,
    equal: Buffer.compare(Buffer.from(simulation.outputs[0]), Buffer.from(expected)) === 0,
  };
}

function row(name: string, portable: Measured, lx6: Measured): string {
  const cells = [portable.perMac, lx6.perMac, portable.perMac / lx6.perMac].map((x) => x.toFixed(2).padStart(9));
  const verdict = portable.equal && lx6.equal ? "" : "  DIFFERENT RESULTS";
  if (verdict !== "") process.exitCode = 1;
  return `${name.padEnd(32)}${cells.join("")}${verdict}`;
}

const HEAD = `${"".padEnd(32)}${["portable", "MAC16", "ratio"].map((x) => x.padStart(9)).join("")}`;

async function layers(): Promise<void> {
  console.log(`instructions per multiply-accumulate\n\n${HEAD}`);
  for (const [name, shape, make] of LAYERS) {
    const builder = new NetworkBuilder(new Random(1), shape);
    const graph = builder.finish(name, make(builder));
    console.log(row(name, await measure(graph, "portable"), await measure(graph, "lx6", LAYER_MEMORY)));
  }
}

async function model(name: string, graph: Int8Graph): Promise<void> {
  const [portable, lx6] = [await measure(graph, "portable"), await measure(graph, "lx6")];
  console.log(`\n${HEAD}\n${row(`${name}, ${graphMacs(graph)} MAC`, portable, lx6)}`);
  for (const [what, m] of Object.entries({ portable, MAC16: lx6 })) {
    console.log(`  ${what}: text ${m.text}, arena ${m.arena} bytes (largest live set ${m.lowerBound})`);
  }
  for (const [i, instructions] of lx6.perStep.entries()) {
    console.log(
      `  ${String(portable.perStep[i]).padStart(9)} ${String(instructions).padStart(9)}  ${lx6.names[i] ?? ""}`,
    );
  }
}

await layers();
const shipped = join(packageRoot, "models", "smile-48", "model.tflite");
const files = [...(existsSync(shipped) ? [shipped] : []), ...process.argv.slice(2)];
for (const file of files) await model(basename(file), readTflite(readFileSync(file), file));
await model("residual 48, 12/16-32-64", residualNet(new Random(1), { size: 48, channels: [12, 16, 32, 64] }));
