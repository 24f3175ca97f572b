/** From a picture to a network's input: smilec's own preprocessing where the model names it, else what its input tensor can hold. */

import type { Box, GrayImage } from "../data/types.js";
import { UserError } from "../errors.js";
import type { Int8Graph, Tensor } from "../graph/types.js";
import { normalize } from "../preprocess/normalize.js";
import { resizeArea } from "../preprocess/resize.js";
import { inputQuantization, type PreprocessSpec } from "../preprocess/types.js";

/**
 * What real numbers a foreign network was trained on: grey / 255, grey / 127.5 - 1, the grey value itself, or the standardised picture of
 * docs/preprocessing.md.
 */
const INPUT_RANGES = ["0..1", "-1..1", "0..255", "standardize"] as const;
export type InputRange = (typeof INPUT_RANGES)[number];

export interface NetworkInput {
  /** Side of the square input in pixels. */
  readonly size: number;
  /** 3: the grey picture in every channel, because the bot's camera is grey. */
  readonly channels: 1 | 3;
  readonly type: "int8" | "uint8";
  /** Exactly as the firmware computes it; absent for models that smilec did not make. */
  readonly preprocess?: PreprocessSpec;
  readonly range: InputRange;
  readonly scale: number;
  readonly zeroPoint: number;
}

/** A network made by smilec. */
export function describedInput(preprocess: PreprocessSpec): NetworkInput {
  const range = preprocess.normalize === "standardize" ? "standardize" : "0..1";
  return { size: preprocess.size, channels: 1, type: "int8", preprocess, range, ...inputQuantization(preprocess) };
}

/** Reads off a graph what its input takes. Throws UserError when that is no square grey or RGB picture, or its range cannot be told. */
export function foreignInput(graph: Int8Graph, range: InputRange | undefined, where: string): NetworkInput {
  const remedy = "Give a network with one square grey or RGB input of int8 or uint8 values.";
  if (graph.inputs.length !== 1) {
    throw new UserError(`the model has ${graph.inputs.length} inputs, not one picture`, { where, remedy });
  }
  const tensor = graph.tensors[graph.inputs[0]];
  const { type, shape, quantization } = tensor;
  if (type !== "int8" && type !== "uint8") {
    throw new UserError(`the model's input is ${type}; int8 and uint8 are evaluated`, { where, remedy });
  }
  const [batch, height, width, channels] = shape;
  const isPicture = shape.length === 4 && batch === 1 && height === width && (channels === 1 || channels === 3);
  if (!isPicture) {
    throw new UserError(`the model's input of shape ${shape.join("x")} is no square picture`, { where, remedy });
  }
  const { scale, zeroPoint } = { scale: quantization!.scale[0], zeroPoint: quantization!.zeroPoint[0] };
  return { size: height, channels, type, range: range ?? likelyRange(tensor, where), scale, zeroPoint };
}

/** Real numbers a range runs over. */
const EXTENT: Readonly<Record<InputRange, readonly [low: number, high: number]>> = {
  "0..1": [0, 1],
  "-1..1": [-1, 1],
  "0..255": [0, 255],
  standardize: [-3, 3],
};

/** The range whose ends the tensor's quantization just holds. */
function likelyRange({ type, quantization }: Tensor, where: string): InputRange {
  const { scale, zeroPoint } = { scale: quantization!.scale[0], zeroPoint: quantization!.zeroPoint[0] };
  const first = type === "int8" ? -128 : 0;
  const ends = [first, first + 255].map((q) => scale * (q - zeroPoint));
  const off = (range: InputRange) => {
    const [low, high] = EXTENT[range];
    return Math.max(Math.abs(ends[0] - low), Math.abs(ends[1] - high)) / (high - low);
  };
  const best = [...INPUT_RANGES].sort((a, b) => off(a) - off(b))[0];
  if (off(best) < 0.06) return best;
  throw new UserError("what the model's input values mean cannot be told from its quantization", {
    where,
    detail: `its input holds ${ends.map((end) => end.toPrecision(4)).join(" to ")}`,
    remedy: `Say it: --range ${INPUT_RANGES.join(", --range ")}.`,
  });
}

export type InputValues = Int8Array | Uint8Array;

/** The input [size, size, channels] for the square `box` of a picture, and the grey picture it was made of. */
export function networkInput(
  picture: GrayImage,
  box: Box,
  input: NetworkInput,
): { readonly values: InputValues; readonly grey: Uint8Array } {
  const grey = resizeArea(picture, box, input.size);
  if (input.preprocess !== undefined) return { values: normalize(grey, input.preprocess.normalize), grey };
  const values = new (input.type === "int8" ? Int8Array : Uint8Array)(grey.length * input.channels);
  const reals = realValues(grey, input.range);
  const [least, most] = input.type === "int8" ? [-128, 127] : [0, 255];
  for (let i = 0; i < values.length; i++) {
    const q = Math.round(reals[Math.floor(i / input.channels)] / input.scale) + input.zeroPoint;
    values[i] = Math.max(least, Math.min(most, q));
  }
  return { values, grey };
}

function realValues(grey: Uint8Array, range: InputRange): Float64Array {
  if (range === "standardize") {
    const { scale } = inputQuantization({ normalize: "standardize" });
    return Float64Array.from(normalize(grey, "standardize"), (q) => q * scale);
  }
  const [low, high] = EXTENT[range];
  return Float64Array.from(grey, (value) => low + ((high - low) * value) / 255);
}
