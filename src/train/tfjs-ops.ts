/**
 * Batch norm and ReLU6 for training on TensorFlow.js: as TensorFlow's fused kernels, three times the speed of their composition, or composed, which
 * works on every tfjs backend and lets automatic differentiation check every gradient.
 */
import type { Tensor, Tensor1D, Tensor4D } from "@tensorflow/tfjs-core";
import { BATCH_NORM_EPSILON } from "./network.js";
import type { Tf } from "./tfjs.js";

/** Batch norm by batch statistics, and ReLU6, as the platform does them fastest. */
export interface LayerOps {
  /** `variance` is biased. */
  batchNorm(x: Tensor4D, gamma: Tensor1D, beta: Tensor1D): { y: Tensor4D; mean: Tensor; variance: Tensor };
  relu6(x: Tensor4D): Tensor4D;
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
export function tensorflowOps(tf: Tf): LayerOps {
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

export function composedOps(tf: Tf): LayerOps {
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
