/** Netpbm "raw" greymaps and pixmaps (netpbm: pgm(5), ppm(5)): P5 and P6, 8 or 16 bits. Strict: what is read is exactly what the header says. */
import type { GrayImage } from "./types.js";

/** Header of a binary Netpbm picture. */
export interface NetpbmHeader {
  readonly width: number;
  readonly height: number;
  /** Largest sample value, 1 to 65535; above 255 samples are two bytes, most significant first. */
  readonly maxval: number;
  /** 1 for P5, 3 for P6. */
  readonly channels: 1 | 3;
  /** Offset of the first sample. */
  readonly offset: number;
}

const WHITESPACE = new Set([0x20, 0x09, 0x0a, 0x0b, 0x0c, 0x0d]);
const HASH = 0x23;
const NEWLINE = 0x0a;

/** Reads the header. Throws an Error that says what is wrong. */
export function readNetpbmHeader(bytes: Uint8Array): NetpbmHeader {
  const channels = bytes[1] === 0x35 ? 1 : bytes[1] === 0x36 ? 3 : undefined;
  if (bytes[0] !== 0x50 || channels === undefined) throw new Error("not a binary PGM or PPM");
  let position = 2;
  const skipSpace = () => {
    const start = position;
    while (WHITESPACE.has(bytes[position] ?? -1) || bytes[position] === HASH) {
      if (bytes[position] === HASH) while (position < bytes.length && bytes[position] !== NEWLINE) position++;
      else position++;
    }
    if (position === start) throw new Error("the header is damaged");
  };
  const readNumber = (name: string, max: number) => {
    skipSpace();
    let value = 0;
    const start = position;
    while (bytes[position] >= 0x30 && bytes[position] <= 0x39 && position - start < 8) {
      value = value * 10 + bytes[position++] - 0x30;
    }
    if (position === start || value < 1 || value > max) throw new Error(`the header's ${name} is damaged`);
    return value;
  };
  const width = readNumber("width", 1_000_000);
  const height = readNumber("height", 1_000_000);
  const maxval = readNumber("largest value", 65535);
  if (!WHITESPACE.has(bytes[position] ?? -1)) throw new Error("the header is damaged");
  return { width, height, maxval, channels, offset: position + 1 };
}

/** Samples of a Netpbm picture scaled to 0..255 (rounded to nearest), interleaved. Throws when samples are missing. */
export function readNetpbmSamples(bytes: Uint8Array, header: NetpbmHeader): Uint8Array {
  const { width, height, maxval, channels, offset } = header;
  const count = width * height * channels;
  const wide = maxval > 255;
  if (bytes.length - offset < count * (wide ? 2 : 1)) throw new Error("the picture is truncated");
  if (!wide && maxval === 255) return bytes.slice(offset, offset + count);
  const samples = new Uint8Array(count);
  const half = maxval >> 1;
  for (let i = 0; i < count; i++) {
    const at = offset + (wide ? 2 * i : i);
    const value = Math.min(maxval, wide ? (bytes[at] << 8) | bytes[at + 1] : bytes[at]);
    samples[i] = Math.floor((value * 255 + half) / maxval);
  }
  return samples;
}

/** The header of an 8-bit PGM; the pixels follow it. */
export function pgmHeader(width: number, height: number): Uint8Array {
  return Buffer.from(`P5\n${width} ${height}\n255\n`, "latin1");
}

/** An 8-bit binary PGM. */
export function encodePgm(image: GrayImage): Uint8Array {
  return Buffer.concat([pgmHeader(image.width, image.height), image.pixels]);
}
