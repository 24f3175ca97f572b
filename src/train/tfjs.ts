/**
 * Training backend on TensorFlow.js operations. In use it runs on @tensorflow/tfjs-node, with batch norm and ReLU6 as TensorFlow's fused
 * kernels (three times the speed of their composition); on any other tfjs backend it composes them, which is slow but lets automatic
 * differentiation check every gradient.
 *
 * Batch norm takes its statistics over the whole batch here.
 */
import nodeUtil from "node:util";
import type * as tfCore from "@tensorflow/tfjs-core";
import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from "@tensorflow/tfjs-core";
import type {
  BackendName,
  BackendRequest,
  BatchGradients,
  SimulatedQuantization,
  TrainingBackend,
  TrainingBatch,
} from "./backend.js";
import { argmax } from "./loss.js";
import {
  BATCH_NORM_EPSILON,
  type ConvLayer,
  type DepthwiseLayer,
  type Layer,
  outputShapes,
  type ParameterRole,
  type ParameterSlot,
  parameterLayout,
} from "./network.js";

/** The TensorFlow.js module, whichever package it comes from. */
export type Tf = typeof tfCore;

/** Batch norm by batch statistics, and ReLU6, as the platform does them fastest. */
interface LayerOps {
  /** `variance` is biased. */
  batchNorm(x: Tensor4D, gamma: Tensor1D, beta: Tensor1D): { y: Tensor4D; mean: Tensor; variance: Tensor };
  relu6(x: Tensor4D): Tensor4D;
}

/** Picks the fused kernels when `tf` runs on TensorFlow. */
export function createTfjsBackend(tf: Tf, request: BackendRequest): TfjsBackend {
  const name = tfjsBackendName(tf);
  return new TfjsBackend(tf, request, name === "tfjs-node" ? tensorflowOps(tf) : composedOps(tf), name);
}

/** Which backend a loaded TensorFlow.js gives. */
export function tfjsBackendName(tf: Tf): BackendName {
  return tf.getBackend() === "tensorflow" ? "tfjs-node" : "tfjs-cpu";
}

/** The parts of tfjs-node's kernel backend that run TensorFlow operations by name. */
interface TensorflowRuntime {
  readonly binding: Readonly<Record<string, number>>;
  executeMultipleOutputs(
    name: string,
    attributes: readonly Attribute[],
    inputs: readonly Tensor[],
    outputs: number,
  ): Tensor[];
  executeSingleOutput(name: string, attributes: readonly Attribute[], inputs: readonly Tensor[]): Tensor;
}

interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly value: number | string | boolean;
}

/** https://www.tensorflow.org/api_docs/cc/class/tensorflow/ops/fused-batch-norm-v3 and Relu6Grad. */
function tensorflowOps(tf: Tf): LayerOps {
  const runtime = tf.backend() as unknown as TensorflowRuntime;
  const { binding } = runtime;
  const float = (name: string): Attribute => ({ name, type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT });
  const attributes: Attribute[] = [
    float("T"),
    float("U"),
    { name: "epsilon", type: binding.TF_ATTR_FLOAT, value: BATCH_NORM_EPSILON },
    { name: "data_format", type: binding.TF_ATTR_STRING, value: "NHWC" },
    { name: "is_training", type: binding.TF_ATTR_BOOL, value: true },
  ];
  return {
    batchNorm(x, gamma, beta) {
      const kept: Tensor[] = [];
      const count = x.shape[0] * x.shape[1] * x.shape[2];
      const run = tf.customGrad((input, scale, offset, save) => {
        const none = tf.tensor1d([]);
        const inputs = [input, scale, offset, none, none] as Tensor[];
        const [y, mean, variance, ...reserve] = runtime.executeMultipleOutputs(
          "FusedBatchNormV3",
          attributes,
          inputs,
          6,
        );
        // The operation reports the unbiased variance but normalizes by the biased one.
        kept.push(tf.keep(mean), tf.keep(tf.mul(variance, (count - 1) / count)));
        (save as (tensors: Tensor[]) => void)([input as Tensor, scale as Tensor, ...reserve]);
        const gradFunc = (dy: Tensor, saved: Tensor[]) =>
          runtime.executeMultipleOutputs("FusedBatchNormGradV3", attributes, [dy, ...saved], 5).slice(0, 3);
        return { value: y, gradFunc };
      });
      const y = run(x, gamma, beta) as Tensor4D;
      return { y, mean: kept[0], variance: kept[1] };
    },
    relu6(x) {
      const run = tf.customGrad((input, save) => {
        const y = runtime.executeSingleOutput("Relu6", [float("T")], [input as Tensor]);
        (save as (tensors: Tensor[]) => void)([y]);
        const gradFunc = (dy: Tensor, [output]: Tensor[]) =>
          runtime.executeSingleOutput("Relu6Grad", [float("T")], [dy, output]);
        return { value: y, gradFunc };
      });
      return run(x) as Tensor4D;
    },
  };
}

function composedOps(tf: Tf): LayerOps {
  return {
    batchNorm(x, gamma, beta) {
      const mean = tf.mean(x, [0, 1, 2]);
      const centred = tf.sub(x, mean);
      const variance = tf.mean(tf.square(centred), [0, 1, 2]);
      const normalized = tf.mul(centred, tf.rsqrt(tf.add(variance, BATCH_NORM_EPSILON)));
      const y = tf.add(tf.mul(normalized, gamma), beta) as Tensor4D;
      return { y, mean: tf.keep(tf.clone(mean)), variance: tf.keep(tf.clone(variance)) };
    },
    relu6: (x) => tf.relu6(x),
  };
}

type Statistics = { readonly layer: number; readonly mean: Tensor; readonly variance: Tensor };
type LayerTensors = Partial<Record<ParameterRole, Tensor>>;

export class TfjsBackend implements TrainingBackend {
  readonly statisticsGroup = 0;
  private readonly slots: readonly ParameterSlot[];
  private readonly gradient: Float32Array;
  private readonly shapes: readonly number[][];

  constructor(
    private readonly tf: Tf,
    private readonly request: BackendRequest,
    private readonly ops: LayerOps,
    readonly name: BackendName,
  ) {
    this.slots = parameterLayout(request.network);
    this.gradient = new Float32Array(this.slots.reduce((sum, slot) => sum + slot.size, 0));
    this.shapes = outputShapes(request.network);
  }

  async gradients(parameters: Float32Array, batch: TrainingBatch): Promise<BatchGradients> {
    const { tf } = this;
    const trainable = this.slots.filter((slot) => slot.trainable);
    const statistics: Statistics[] = [];
    let logits: Tensor | undefined;
    const scope = () => {
      const input = this.input(batch.inputs, batch.count);
      const loss = (...tensors: Tensor[]) => {
        const output = this.forward(input, this.byLayer(trainable, tensors), batch, statistics) as Tensor2D;
        logits = tf.keep(tf.clone(output));
        return this.loss(output, batch);
      };
      const tensors = trainable.map((slot) => this.tensor(parameters, slot));
      const { value, grads } = tf.valueAndGrads(loss)(tensors);
      return [value, ...grads];
    };
    const [value, ...gradients] = tf.tidy(scope);
    this.gradient.fill(0);
    trainable.forEach((slot, index) => {
      this.gradient.set(gradients[index].dataSync() as Float32Array, slot.offset);
    });
    this.storeStatistics(statistics);
    const [loss] = value.dataSync();
    const correct = this.correct(logits!.dataSync() as Float32Array, batch.labels);
    tf.dispose([value, ...gradients, logits!]);
    return { loss, correct, gradient: this.gradient };
  }

  async logits(parameters: Float32Array, inputs: Int8Array, count: number): Promise<Float32Array> {
    const { tf } = this;
    const output = tf.tidy(() => {
      const tensors = this.slots.map((slot) => this.tensor(parameters, slot));
      return this.forward(this.input(inputs, count), this.byLayer(this.slots, tensors));
    });
    const values = output.dataSync() as Float32Array;
    output.dispose();
    return Float32Array.from(values);
  }

  async dispose(): Promise<void> {}

  private tensor(parameters: Float32Array, slot: ParameterSlot): Tensor {
    const values = parameters.slice(slot.offset, slot.offset + slot.size);
    const isDepthwise = this.request.network.layers[slot.layer].kind === "depthwise" && slot.role === "kernel";
    return this.tf.tensor(values, isDepthwise ? [...slot.shape, 1] : [...slot.shape]);
  }

  private byLayer(slots: readonly ParameterSlot[], tensors: readonly Tensor[]): LayerTensors[] {
    const layers: LayerTensors[] = this.request.network.layers.map(() => ({}));
    slots.forEach((slot, index) => {
      layers[slot.layer][slot.role] = tensors[index];
    });
    return layers;
  }

  private input(inputs: Int8Array, count: number): Tensor4D {
    const { scale, zeroPoint } = this.request.input;
    const [height, width, channels] = this.shapes[0];
    const floats = Float32Array.from(inputs, (q) => (q - zeroPoint) * scale);
    return this.tf.tensor4d(floats, [count, height, width, channels]);
  }

  /** As loss.ts has it, over the sum of the weights. */
  private loss(logits: Tensor2D, { count, labels, weights, labelSmoothing, teacher }: TrainingBatch): tfCore.Scalar {
    const { tf } = this;
    const [classes] = this.shapes[this.shapes.length - 1];
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const shares = tf.tensor2d(
      weights.map((weight) => weight / total),
      [count, 1],
    );
    const hard = tf.add(
      tf.mul(tf.oneHot(tf.tensor1d([...labels], "int32"), classes), 1 - labelSmoothing),
      labelSmoothing / classes,
    );
    const crossEntropy = tf.neg(tf.sum(tf.mul(tf.mul(tf.logSoftmax(logits), hard), shares)));
    if (teacher === undefined) return crossEntropy as tfCore.Scalar;
    const { weight, temperature } = teacher;
    const wanted = tf.logSoftmax(tf.div(tf.tensor2d(teacher.logits, [count, classes]), temperature) as Tensor2D);
    const distance = tf.sub(wanted, tf.logSoftmax(tf.div(logits, temperature) as Tensor2D));
    const divergence = tf.sum(tf.mul(tf.mul(tf.exp(wanted), distance), shares));
    const taught = tf.mul(divergence, weight * temperature * temperature);
    return tf.add(tf.mul(crossEntropy, 1 - weight), taught) as tfCore.Scalar;
  }

  private forward(
    input: Tensor4D,
    parameters: readonly LayerTensors[],
    batch?: TrainingBatch,
    statistics?: Statistics[],
  ): Tensor {
    const outputs: Tensor[] = [];
    this.request.network.layers.forEach((layer, index) => {
      if (layer.kind === "input") outputs.push(input);
      else {
        const output =
          layer.kind === "conv" || layer.kind === "depthwise"
            ? this.window(layer, index, outputs[layer.input] as Tensor4D, parameters[index], statistics)
            : this.rest(layer, index, outputs, parameters[index], batch);
        const quantization = this.request.quantization?.[index];
        outputs.push(quantization === undefined ? output : this.simulateInt8(output, quantization));
      }
    });
    return outputs[outputs.length - 1];
  }

  private window(
    layer: ConvLayer | DepthwiseLayer,
    index: number,
    input: Tensor4D,
    { kernel, bias, gamma, beta, movingMean, movingVariance }: LayerTensors,
    statistics?: Statistics[],
  ): Tensor4D {
    const { tf, ops } = this;
    const filter = kernel as Tensor4D;
    const { stride } = layer;
    let sums =
      layer.kind === "conv"
        ? tf.conv2d(input, filter, stride, "same")
        : tf.depthwiseConv2d(input, filter, stride, "same");
    if (!layer.batchNorm) sums = tf.add(sums, bias!);
    else if (statistics === undefined) {
      const moving = [movingMean, movingVariance] as [Tensor1D, Tensor1D];
      sums = tf.batchNorm4d(sums, ...moving, beta as Tensor1D, gamma as Tensor1D, BATCH_NORM_EPSILON);
    } else {
      const { y, mean, variance } = ops.batchNorm(sums, gamma as Tensor1D, beta as Tensor1D);
      statistics.push({ layer: index, mean, variance });
      sums = y;
    }
    return layer.activation === "relu6" ? ops.relu6(sums) : sums;
  }

  private rest(
    layer: Exclude<Layer, ConvLayer | DepthwiseLayer | { kind: "input" }>,
    index: number,
    outputs: readonly Tensor[],
    { kernel, bias }: LayerTensors,
    batch?: TrainingBatch,
  ): Tensor {
    const { tf } = this;
    switch (layer.kind) {
      case "add": {
        const sum = tf.add(outputs[layer.inputs[0]], outputs[layer.inputs[1]]) as Tensor4D;
        return layer.activation === "relu6" ? this.ops.relu6(sum) : sum;
      }
      case "mean":
        return tf.mean(outputs[layer.input], [1, 2]);
      case "dense": {
        const mask = batch?.masks.get(index);
        const input = outputs[layer.input] as Tensor2D;
        const kept = mask === undefined ? input : tf.mul(input, tf.tensor2d(mask, input.shape));
        return tf.add(tf.matMul(kept as Tensor2D, kernel as Tensor2D), bias!);
      }
    }
  }

  private simulateInt8(x: Tensor, { scale, zeroPoint }: SimulatedQuantization): Tensor {
    const { tf } = this;
    const [low, high] = [-128 - zeroPoint, 127 - zeroPoint];
    const run = tf.customGrad((input, save) => {
      const steps = tf.clipByValue(tf.round(tf.mul(input as Tensor, 1 / scale)), low, high);
      (save as (tensors: Tensor[]) => void)([steps]);
      const gradFunc = (dy: Tensor, [saved]: Tensor[]) =>
        tf.mul(dy, tf.cast(tf.logicalAnd(tf.greater(saved, low), tf.less(saved, high)), "float32"));
      return { value: tf.mul(steps, scale), gradFunc };
    });
    return run(x);
  }

  private storeStatistics(statistics: readonly Statistics[]): void {
    for (const { layer, mean, variance } of statistics) {
      for (const slot of this.slots) {
        if (slot.layer !== layer || slot.trainable) continue;
        const values = slot.role === "movingMean" ? mean : variance;
        this.gradient.set(values.dataSync() as Float32Array, slot.offset);
      }
      this.tf.dispose([mean, variance]);
    }
  }

  private correct(logits: Float32Array, labels: Uint8Array): number {
    const classes = logits.length / labels.length;
    return labels.reduce((sum, label, i) => sum + (argmax(logits, i * classes, classes) === label ? 1 : 0), 0);
  }
}

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
