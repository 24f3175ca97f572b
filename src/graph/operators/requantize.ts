/** From int32 accumulators back to int8: what every operator with weights ends in. */
import { clamp, multiplyByQuantizedMultiplier } from "../arithmetic.js";
import type { ActivationRange, OperatorContext } from "../operator-context.js";

/** One multiplier and shift per output channel; per-tensor values are repeated. */
export interface ChannelMultipliers {
  /** Each 0 or in [2^30, 2^31). */
  readonly multiplier: Int32Array;
  /** Each -31 to 30; positive is a left shift before the multiplication. */
  readonly shift: Int32Array;
}

/** What turns an accumulator of one channel into an int8 output; see {@link requantize}. */
export interface OutputStage extends ChannelMultipliers, ActivationRange {
  /** Output zero point. */
  readonly outputOffset: number;
}

/**
 * PopulateConvolutionQuantizationParams (kernel_util.cc): input scale * weight scale / output scale in float64, per channel.
 * `realMultiplier` is given when a kernel computes the product differently.
 */
export function channelMultipliers(
  context: OperatorContext,
  channels: number,
  weightScale: Float32Array,
  realMultiplier = (input: number, weight: number, output: number): number => (input * weight) / output,
): ChannelMultipliers {
  const input = context.activation(context.input(0)).scale;
  const output = context.activation(context.output).scale;
  const multiplier = new Int32Array(channels);
  const shift = new Int32Array(channels);
  for (let channel = 0; channel < channels; channel++) {
    const scale = weightScale[weightScale.length === 1 ? 0 : channel];
    const quantized = context.multiplier(realMultiplier(input, scale, output));
    multiplier[channel] = quantized.multiplier;
    shift[channel] = quantized.shift;
  }
  return { multiplier, shift };
}

/** The int8 output for one accumulator: rescale, add the zero point, clamp to the fused activation. */
export function requantize(stage: OutputStage, channel: number, accumulator: number): number {
  const scaled = multiplyByQuantizedMultiplier(accumulator | 0, stage.multiplier[channel], stage.shift[channel]);
  return clamp(scaled + stage.outputOffset, stage.activationMin, stage.activationMax);
}
