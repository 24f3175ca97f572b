/** Numbers on the command line. */
import { UserError } from "../errors.js";

/** A whole number within limits. Throws UserError. */
export function wholeNumber(text: string, option: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new UserError(`${option} takes a whole number from ${least} to ${most}, not "${text}"`, {
    remedy: `Write it like \`${option} ${Math.min(most, Math.max(least, 200))}\`.`,
  });
}

/** Longest side of a frame in pixels. */
const LONGEST = 4096;

/** `320x240`. Throws UserError. */
export function frameSize(text: string): { readonly width: number; readonly height: number } {
  const [width, height] = (/^(\d{1,4})x(\d{1,4})$/.exec(text) ?? []).slice(1).map(Number);
  if (width >= 1 && width <= LONGEST && height >= 1 && height <= LONGEST) return { width, height };
  throw new UserError(`"${text}" is no size of a frame`, {
    where: "--size",
    remedy: `Give width and height from 1 to ${LONGEST} pixels, like \`--size 320x240\`.`,
  });
}
