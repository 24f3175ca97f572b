/**
 * Real ranges to scales and zero points, and real numbers to integers, as the TFLite quantization specification has them
 * (https://ai.google.dev/edge/litert/models/quantization_spec): int8 activations asymmetric per tensor, int8 weights symmetric in
 * [-127, 127], int32 biases with scale input * weight.
 */
import type { Quantization } from "../graph/types.js";

/** Scale and zero point of an activation whose values lie in [min, max]; the range is widened to hold 0, which is then exact. */
export function activationQuantization(min: number, max: number): Quantization {
  const low = Math.min(min, 0);
  const high = Math.max(max, 0);
  const scale = Math.fround(Math.max(high - low, 1e-6) / 255);
  const zeroPoint = Math.max(-128, Math.min(127, Math.round(-128 - low / scale)));
  return perTensor(scale, zeroPoint);
}

export function perTensor(scale: number, zeroPoint: number): Quantization {
  return { scale: Float32Array.of(scale), zeroPoint: Int32Array.of(zeroPoint), axis: 0 };
}

/** Symmetric scale of weights whose largest magnitude is `largest`. A channel of zeros gets a harmless scale. */
export function weightScale(largest: number): number {
  return Math.fround(Math.max(largest, 1e-8) / 127);
}

/** Nearest int8 in [-127, 127]. */
export function quantizeWeight(value: number, scale: number): number {
  return Math.max(-127, Math.min(127, Math.round(value / scale)));
}

/** Nearest int32 with scale input * weight; saturates. */
export function quantizeBias(value: number, scale: number): number {
  return Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, Math.round(value / scale)));
}

/**
 * Scales of a layer's weights: the largest magnitude per output channel, which is the kernel's last dimension, or of all where `perChannel` is
 * false.
 */
export function weightScales(kernel: Float32Array, channels: number, perChannel: boolean): Float32Array {
  const scales = perChannel ? channels : 1;
  const largest = new Float64Array(scales);
  for (let i = 0; i < kernel.length; i++) largest[i % scales] = Math.max(largest[i % scales], Math.abs(kernel[i]));
  return Float32Array.from(largest, weightScale);
}
