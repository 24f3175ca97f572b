/**
 * Training backend on TensorFlow.js operations. In use it runs on @tensorflow/tfjs-node, with batch norm and ReLU6 as TensorFlow's fused
 * kernels (three times the speed of their composition); on any other tfjs backend it composes them, which is slow but lets automatic
 * differentiation check every gradient.
 *
 * Batch norm takes its statistics over the whole batch here.
 */
import type * as tfCore from "@tensorflow/tfjs-core";
import type { Tensor, Tensor1D, Tensor2D, Tensor3D, Tensor4D } from "@tensorflow/tfjs-core";
import type {
  BackendName,
  BackendRequest,
  BatchGradients,
  SimulatedQuantization,
  TrainingBackend,
  TrainingBatch,
} from "./backend.js";
import { BEND, detectionSum, FOCUS, OUTPUT_CHANNELS, TARGET_CHANNELS } from "./detection-loss.js";
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

import { composedOps, type LayerOps, tensorflowOps } from "./tfjs-ops.js";

/** The TensorFlow.js module, whichever package it comes from. */
export type Tf = typeof tfCore;

/** Picks the fused kernels when `tf` runs on TensorFlow. */
export function createTfjsBackend(tf: Tf, request: BackendRequest): TfjsBackend {
  const name = tfjsBackendName(tf);
  return new TfjsBackend(tf, request, name === "tfjs-node" ? tensorflowOps(tf) : composedOps(tf), name);
}

/** Composed operations even where there are fused ones; for comparisons. */
export function createComposedTfjsBackend(tf: Tf, request: BackendRequest): TfjsBackend {
  return new TfjsBackend(tf, request, composedOps(tf), tfjsBackendName(tf));
}

/** Which backend a loaded TensorFlow.js gives. */
export function tfjsBackendName(tf: Tf): BackendName {
  return tf.getBackend() === "tensorflow" ? "tfjs-node" : "tfjs-cpu";
}

type Statistics = { readonly layer: number; readonly mean: Tensor; readonly variance: Tensor };
type LayerTensors = Partial<Record<ParameterRole, Tensor>>;

class TfjsBackend implements TrainingBackend {
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
        const output = this.forward(input, this.byLayer(trainable, tensors), batch, statistics);
        logits = tf.keep(tf.clone(output));
        return this.request.task === "detect"
          ? this.detectionLoss(output, batch)
          : this.loss(output as Tensor2D, batch);
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
    const outputs = logits!.dataSync() as Float32Array;
    tf.dispose([value, ...gradients, logits!]);
    if (this.request.task === "detect")
      return { loss, correct: 0, gradient: this.gradient, losses: pictureLosses(outputs, batch) };
    return { loss, correct: this.correct(outputs, batch.labels), gradient: this.gradient };
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

  /** As detection-loss.ts has it, over the sum of the weights. */
  private detectionLoss(outputs: Tensor, { count, weights, targets }: TrainingBatch): tfCore.Scalar {
    const { tf } = this;
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const shares = tf.tensor3d(
      weights.map((weight) => weight / total),
      [count, 1, 1],
    );
    const cells = tf.reshape(outputs, [count, -1, OUTPUT_CHANNELS]) as Tensor3D;
    const wanted = tf.tensor3d(targets!, [count, cells.shape[1], TARGET_CHANNELS]);
    const part = (of: Tensor3D, from: number, size: number) => tf.slice(of, [0, 0, from], [-1, -1, size]);
    const right = tf.mul(part(cells, 0, 1), tf.sub(tf.mul(part(wanted, 0, 1), 2), 1));
    const focus = tf.pow(tf.sigmoid(tf.neg(right)), FOCUS);
    const presence = tf.mul(tf.mul(part(wanted, 1, 1), focus), tf.softplus(tf.neg(right)));
    const size = tf.abs(tf.sub(part(cells, 1, 3), part(wanted, 3, 3)));
    // The parabola's part and the line's, without a comparison: those have no gradient.
    const curved = tf.minimum(size, BEND);
    const bend = tf.add(tf.div(tf.square(curved), 2 * BEND), tf.sub(size, curved));
    const box = tf.mul(part(wanted, 2, 1), tf.sum(bend, 2, true));
    return tf.sum(tf.mul(tf.add(presence, box), shares)) as tfCore.Scalar;
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
      case "upsample": {
        // Columns, then rows, each twice; tfjs' own gradient of resizing is wrong on its CPU backend.
        const input = outputs[layer.input] as Tensor4D;
        const [count, height, width, channels] = input.shape;
        const wide = tf.reshape(tf.concat([input, input], 3), [count, height, 2 * width * channels]);
        return tf.reshape(tf.concat([wide, wide], 2), [count, 2 * height, 2 * width, channels]);
      }
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

function pictureLosses(outputs: Float32Array, { count, weights, targets }: TrainingBatch): Float32Array {
  const losses = new Float32Array(count);
  detectionSum({ outputs, weights, targets: targets! }, 1, undefined, losses);
  return losses;
}
