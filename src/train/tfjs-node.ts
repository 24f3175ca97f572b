/** The optional package @tensorflow/tfjs-node. */
import nodeUtil from "node:util";
import type { Tf } from "./tfjs.js";

/** Loads @tensorflow/tfjs-node, or says in a sentence why it does not load. */
export async function loadTfjsNode(): Promise<{ readonly tf: Tf } | { readonly reason: string }> {
  // tfjs-node 4.22 calls a function that newer versions of Node no longer have.
  const legacy = nodeUtil as unknown as Record<string, unknown>;
  legacy.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  // A variable keeps the compiler from resolving the optional package.
  const name: string = "@tensorflow/tfjs-node";
  try {
    // Without this, TensorFlow writes hints about CPU features to stderr.
    process.env.TF_CPP_MIN_LOG_LEVEL ??= "2";
    const loaded = (await import(name)) as Partial<Tf> & { readonly default?: Tf };
    const tf = loaded.default ?? (loaded as Tf);
    await tf.ready();
    return tf.getBackend() === "tensorflow" ? { tf } : { reason: "@tensorflow/tfjs-node does not run on TensorFlow" };
  } catch (error) {
    return { reason: loadFailure(error as NodeJS.ErrnoException) };
  }
}

function loadFailure(error: NodeJS.ErrnoException): string {
  const { message } = error;
  if (error.code === "ERR_MODULE_NOT_FOUND" && message.includes("tfjs-node'"))
    return "@tensorflow/tfjs-node is not installed";
  if (message.includes("can not be found at path"))
    return "@tensorflow/tfjs-node is installed without its native addon";
  return `@tensorflow/tfjs-node does not load: ${message.split("\n")[0]}`;
}
