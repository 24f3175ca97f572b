/** The kernels of assembly/ as TypeScript sees them. Pointers, strides and skips are bytes; see the assembly sources for contracts. */
import { readFile } from "node:fs/promises";

type Kernel = (...args: number[]) => void;

const NAMES = [
  "convForward",
  "convGradInput",
  "convGradKernel",
  "packForward",
  "packBackward",
  "depthwiseForward",
  "depthwiseGradInput",
  "depthwiseGradKernel",
  "denseForward",
  "denseBackward",
  "dequantize",
  "addForward",
  "accumulate",
  "limitBackward",
  "simulateInt8",
  "meanForward",
  "meanBackward",
  "upsampleForward",
  "upsampleBackward",
  "channelSums",
  "affineForward",
  "affineSums",
  "affineBackward",
] as const;

export type Kernels = Readonly<Record<(typeof NAMES)[number], Kernel>>;

/** Bytes at the start of memory that belong to the compiled module. */
export const RESERVED_BYTES = 65536;

/** Compiles the shipped module; it can be posted to worker threads. */
export async function compileKernels(): Promise<WebAssembly.Module> {
  return WebAssembly.compile(await readFile(new URL("./kernels.wasm", import.meta.url)));
}

/** Instantiates the kernels on a shared memory. */
export function instantiateKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels {
  const abort = () => {
    throw new Error("abort in a training kernel");
  };
  const { exports } = new WebAssembly.Instance(module, { env: { memory, abort } });
  for (const name of NAMES) if (typeof exports[name] !== "function") throw new Error(`kernels.wasm lacks ${name}`);
  return exports as unknown as Kernels;
}
