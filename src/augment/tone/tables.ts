/** Grey values and linear light. Pictures from elsewhere are taken to have the sRGB tone curve (IEC 61966-2-1). */

/** Steps of linear light from 0 to 1: 0.2 grey levels where the curve is steepest. */
export const LIGHT_STEPS = 16384;

/** Linear light of a grey value as a fraction of the range: sRGB. */
function decodeSrgb(value: number): number {
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}

/** Grey value, fraction of the range, of linear light 0 to 1: sRGB. */
export function encodeSrgb(light: number): number {
  return light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055;
}

/** Linear light of a grey byte. */
export const DECODE = Float32Array.from({ length: 256 }, (_, value) => decodeSrgb(value / 255));

/** Grey values 0 to 255 with fractions by LIGHT_STEPS + 1 steps of linear light. */
export type ToneTable = Float32Array;

/** Tabulates a tone curve from linear light, 0 to 1, to a fraction of the range. */
export function toneTable(encode: (light: number) => number): ToneTable {
  return Float32Array.from({ length: LIGHT_STEPS + 1 }, (_, step) => 255 * encode(step / LIGHT_STEPS));
}

export const SRGB_TONE: ToneTable = toneTable(encodeSrgb);

/** Linear light of one grey level at mid grey: turns noise in grey levels into linear light. */
export const MID_GREY_STEP = decodeSrgb(128.5 / 255) - decodeSrgb(127.5 / 255);
