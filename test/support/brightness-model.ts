/** Networks that tell bright pictures from dark ones, in the forms that other people's models have: any input range, channels and kind of output. */
import type { Int8Graph, Operator, Quantization, Tensor } from "#smilec/graph/types.js";

export interface BrightnessModel {
  readonly size?: number;
  readonly channels?: 1 | 3;
  /** Real numbers that black and white are for the network. */
  readonly black?: number;
  readonly white?: number;
  readonly inputType?: "int8" | "uint8";
  readonly output?: "logits" | "softmax" | "logit" | "logistic";
}

const quantization = (scale: number, zeroPoint: number): Quantization => ({
  scale: Float32Array.of(scale),
  zeroPoint: Int32Array.of(zeroPoint),
  axis: 0,
});

/** Outputs [dark, bright], or one that grows with brightness; the logit of bright is about 8 * (brightness - 0.5) in parts of white. */
export function brightnessModel(model: BrightnessModel = {}): Int8Graph {
  const { size = 16, channels = 1, black = 0, white = 1, inputType = "int8", output = "logits" } = model;
  const tensors: Tensor[] = [];
  const operators: Operator[] = [];
  const add = (tensor: Tensor) => tensors.push(tensor) - 1;
  const scale = Math.fround((white - black) / 255);
  const zeroPoint = Math.round(-128 - black / scale);
  const shape = [1, size, size, channels];
  const input = add({
    name: "input",
    type: inputType,
    shape,
    quantization: quantization(scale, inputType === "int8" ? zeroPoint : zeroPoint + 128),
  });
  let at = input;
  if (inputType === "uint8") {
    at = add({ name: "shifted", type: "int8", shape, quantization: quantization(scale, zeroPoint) });
    operators.push({ kind: "QUANTIZE", inputs: [input], outputs: [at] });
  }
  const axes = add({ name: "axes", type: "int32", shape: [2], data: Int32Array.of(1, 2) });
  const mean = add({
    name: "mean",
    type: "int8",
    shape: [1, channels],
    quantization: quantization(scale, zeroPoint),
  });
  operators.push({ kind: "MEAN", inputs: [at, axes], outputs: [mean], keepDims: false });
  const count = output === "logits" || output === "softmax" ? 2 : 1;
  const slope = 8 / ((white - black) * channels * count);
  const signs = count === 2 ? [-1, 1] : [1];
  const weightScale = Math.fround(slope / 100);
  const weights = add({
    name: "weights",
    type: "int8",
    shape: [count, channels],
    quantization: quantization(weightScale, 0),
    data: Int8Array.from({ length: count * channels }, (_, i) => 100 * signs[Math.floor(i / channels)]),
  });
  const middle = ((black + white) / 2) * slope * channels;
  const bias = add({
    name: "bias",
    type: "int32",
    shape: [count],
    quantization: quantization(scale * weightScale, 0),
    data: Int32Array.from(signs, (sign) => Math.round((-sign * middle) / (scale * weightScale))),
  });
  const logits = add({ name: "logits", type: "int8", shape: [1, count], quantization: quantization(1 / 16, 0) });
  operators.push({
    kind: "FULLY_CONNECTED",
    inputs: [mean, weights, bias],
    outputs: [logits],
    keepNumDims: false,
    activation: "NONE",
  });
  let last = logits;
  if (output === "softmax" || output === "logistic") {
    last = add({ name: "probability", type: "int8", shape: [1, count], quantization: quantization(1 / 256, -128) });
    operators.push(
      output === "softmax"
        ? { kind: "SOFTMAX", inputs: [logits], outputs: [last], beta: 1 }
        : { kind: "LOGISTIC", inputs: [logits], outputs: [last] },
    );
  }
  return { name: "brightness", tensors, operators, inputs: [input], outputs: [last] };
}
