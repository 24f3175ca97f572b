/** The real TFLite Micro, in a Python process that lives as long as its TflmOracle. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { writeTflite } from "#smilec/emit/tflite/write.js";
import { ReferenceInterpreter } from "#smilec/graph/interpreter.js";
import { elementCount, type Int8Graph } from "#smilec/graph/types.js";
import { oraclePython } from "./oracle-venv.js";

const SCRIPT = fileURLToPath(new URL("../oracles/tflm_run.py", import.meta.url));
const DEFAULT_ARENA_BYTES = 4 * 1024 * 1024;

interface Reply {
  readonly header: { readonly error?: string; readonly inputs?: number[] };
  readonly payload: Uint8Array;
}

/** What one model needs to know of its graph to cut replies into tensors. */
interface Loaded {
  readonly outputSizes: readonly number[];
  readonly sizeOf: (tensor: number) => number;
}

export interface TflmRun {
  readonly outputs: readonly Int8Array[];
  /** In the order they were asked for. */
  readonly tensors: readonly Int8Array[];
}

/** A model as the schema's own bindings see it; absent vectors are null. */
export interface ModelDescription {
  readonly identifier: string;
  /** Bytes, and how far the data is from a multiple of 16; null for a buffer without data. */
  readonly buffers: readonly ({ readonly size: number; readonly misalignment: number } | null)[];
  // biome-ignore lint/suspicious/noExplicitAny: the shape is the schema's, with hundreds of fields.
  readonly model: any;
}

export class TflmOracle {
  private chunks: Buffer[] = [];
  private received = 0;
  private complaints = "";
  /** How the process ended; undefined while it runs. */
  private ended: string | undefined;
  private wake: () => void = () => undefined;
  private loaded: Loaded | undefined;

  private process: ChildProcessWithoutNullStreams;

  private constructor(private readonly python: string) {
    this.process = this.spawn();
  }

  static async start(): Promise<TflmOracle> {
    return new TflmOracle(await oraclePython());
  }

  private spawn(): ChildProcessWithoutNullStreams {
    const child = spawn(this.python, ["-u", SCRIPT], { stdio: "pipe" });
    this.chunks = [];
    this.received = 0;
    this.ended = undefined;
    child.stdout.on("data", (chunk: Buffer) => {
      this.chunks.push(chunk);
      this.received += chunk.length;
      this.wake();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      this.complaints = (this.complaints + chunk.toString()).slice(-4000);
    });
    child.stdin.on("error", () => undefined); // a process that died is noticed when its streams close
    child.on("close", (code, signal) => {
      this.ended = signal === null ? `exit code ${code}` : signal;
      this.wake();
    });
    return child;
  }

  /** Ends the process. */
  close(): void {
    this.process.kill();
  }

  /**
   * Loads a model; `graph` says how its tensors are shaped. Throws when TFLite Micro refuses it, or dies of it: the next load starts it anew. With plan
   * "greedy" tensors share memory as on a device, and only outputs can be read.
   */
  async load(
    model: Uint8Array,
    graph: Int8Graph,
    arenaBytes = DEFAULT_ARENA_BYTES,
    plan: "greedy" | "separate" = "separate",
  ): Promise<void> {
    if (this.ended !== undefined) this.process = this.spawn();
    this.complaints = "";
    const sizeOf = (index: number) => elementCount(graph.tensors[index].shape);
    const request = {
      command: "load",
      arena_bytes: arenaBytes,
      inputs: graph.inputs.length,
      outputs: graph.outputs.length,
      plan,
    };
    await this.request(request, model);
    this.loaded = { outputSizes: graph.outputs.map(sizeOf), sizeOf };
  }

  /** Runs the loaded model once for each list of inputs; returns the graph's outputs and the tensors named by index. */
  async run(inputs: readonly (readonly Int8Array[])[], tensors: readonly number[] = []): Promise<TflmRun[]> {
    if (this.loaded === undefined) throw new Error("no model is loaded");
    const { outputSizes, sizeOf } = this.loaded;
    const payload = Buffer.concat(
      inputs.flat().map((values) => Buffer.from(values.buffer, values.byteOffset, values.length)),
    );
    const reply = await this.request({ command: "run", count: inputs.length, tensors }, payload);
    let at = 0;
    const take = (size: number): Int8Array => {
      at += size;
      return new Int8Array(reply.payload.buffer, at - size, size);
    };
    const runs = inputs.map(() => ({ outputs: outputSizes.map(take), tensors: tensors.map(sizeOf).map(take) }));
    if (at !== reply.payload.length) throw new Error(`the oracle sent ${reply.payload.length} bytes, not ${at}`);
    return runs;
  }

  /** What the Python bindings of the TFLite schema find in a model; see tflm_run.py. */
  async describe(model: Uint8Array): Promise<ModelDescription> {
    return (await this.request({ command: "describe" }, model)).header as unknown as ModelDescription;
  }

  private async request(header: object, payload: Uint8Array): Promise<Reply> {
    const text = Buffer.from(JSON.stringify(header));
    const sizes = Buffer.alloc(8);
    sizes.writeUInt32LE(text.length, 0);
    sizes.writeUInt32LE(payload.length, 4);
    this.process.stdin.write(Buffer.concat([sizes, text, payload]));
    const reply = await this.reply();
    if (reply.header.error !== undefined) throw new Error(`TFLite Micro: ${reply.header.error}\n${this.complaints}`);
    return reply;
  }

  private async reply(): Promise<Reply> {
    const [headerSize, payloadSize] = new Uint32Array(new Uint8Array(await this.take(8)).buffer);
    const header = JSON.parse((await this.take(headerSize)).toString());
    return { header, payload: Uint8Array.from(await this.take(payloadSize)) };
  }

  private async take(size: number): Promise<Buffer> {
    while (this.received < size) {
      if (this.ended !== undefined)
        throw new Error(`TFLite Micro ended the process (${this.ended}):\n${this.complaints}`);
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    const all = Buffer.concat(this.chunks);
    this.chunks = [all.subarray(size)];
    this.received -= size;
    return all.subarray(0, size);
  }
}

export interface Comparison {
  /** int8 values compared, over all runs and computed tensors. */
  readonly values: number;
  /** The different values among them: few would mean that everything saturated. */
  readonly seen: ReadonlySet<number>;
  /** One line per tensor that differs somewhere. */
  readonly differences: readonly string[];
}

/** Writes the graph, runs it in TFLite Micro and in the reference interpreter, and compares every computed tensor of every run. */
export async function compareWithTflm(
  oracle: TflmOracle,
  graph: Int8Graph,
  inputs: readonly (readonly Int8Array[])[],
  model: Uint8Array = writeTflite(graph),
): Promise<Comparison> {
  const computed = graph.operators.flatMap(({ outputs }) => outputs);
  await oracle.load(model, graph);
  const runs = await oracle.run(inputs, computed);
  const reference = new ReferenceInterpreter(graph);
  const differences: string[] = [];
  const seen = new Set<number>();
  let values = 0;
  for (const [n, run] of runs.entries()) {
    const outputs = reference.run(inputs[n]);
    const pairs = [
      ...computed.map((index, i) => [`tensor ${index}`, reference.tensor(index), run.tensors[i]] as const),
      ...outputs.map((output, i) => [`output ${i}`, output, run.outputs[i]] as const),
    ];
    for (const [name, ours, theirs] of pairs) {
      values += ours.length;
      for (const value of ours) seen.add(value);
      const at = firstDifference(ours, theirs);
      if (ours.length !== theirs.length)
        differences.push(`run ${n}, ${name}: ${ours.length} values, not ${theirs.length}`);
      else if (at >= 0) differences.push(`run ${n}, ${name}[${at}]: ${ours[at]}, TFLite Micro has ${theirs[at]}`);
    }
  }
  return { values, seen, differences };
}

/** Where two arrays differ first; -1 when they do not. */
function firstDifference(a: Int8Array, b: Int8Array): number {
  if (Buffer.from(a.buffer, a.byteOffset, a.length).equals(Buffer.from(b.buffer, b.byteOffset, b.length))) return -1;
  return a.findIndex((value, i) => value !== b[i]);
}
