/**
 * Any picture file to 8-bit grey.
 *
 * - JPEG, PNG, WebP, GIF, TIFF and AVIF through libvips, PGM and PPM by pgm.ts. SVG is refused: it is a program that may open other files.
 * - EXIF orientation is applied; of an animation or a many-page file the first picture is used, and noted.
 * - CMYK and pictures with a colour profile become sRGB; 16 bits become 8; alpha is flattened on mid grey (128).
 * - Grey is (77 R + 150 G + 29 B + 128) >> 8 on sRGB bytes: ITU-R BT.601 luma in integers, equal everywhere. Grey pictures stay as they are.
 * - Pictures are then reduced by exact area averages to at most `maxSide` pixels (reduce.ts).
 */
import { type FileHandle, open } from "node:fs/promises";
import sharp from "sharp";
import { asEnvironmentError, EnvironmentError, UserError } from "../errors.js";
import { showPath } from "./paths.js";
import { readNetpbmHeader, readNetpbmSamples } from "./pgm.js";
import { reduceTo } from "./reduce.js";
import type { GrayImage, RejectedPicture } from "./types.js";

export interface DecodeLimits {
  /** Pictures with more pixels are refused before they are decoded. */
  readonly maxPixels: number;
  /** Larger files are refused before they are read. */
  readonly maxBytes: number;
  /** Pictures with a shorter side are refused, in pixels. */
  readonly minSide: number;
  /** Longer pictures are reduced to this, in pixels. */
  readonly maxSide: number;
}

export const defaultLimits: DecodeLimits = {
  maxPixels: 50_000_000,
  maxBytes: 256 * 1024 * 1024,
  minSide: 16,
  maxSide: 640,
};

/** A decoded picture and what the user should know about it. */
export interface DecodedPicture extends GrayImage {
  readonly notes: readonly string[];
}

/** A picture that cannot be used, and why. */
export class PictureError extends UserError {
  constructor(
    readonly reason: RejectedPicture["reason"],
    message: string,
    where?: string,
  ) {
    super(message, {
      ...(where === undefined ? {} : { where }),
      remedy: "Use a JPEG, PNG, WebP, GIF, TIFF, AVIF or PGM picture that other programs can open.",
    });
  }
}

/** Above this many pixels pictures are decoded one at a time, so that memory stays below about 300 MB. */
const LARGE = 4_000_000;
const MID_GREY = { r: 128, g: 128, b: 128 };

sharp.cache(false);

/** Reads and decodes a picture file, or decodes its bytes. Throws {@link PictureError}. */
export async function decodeGray(
  source: string | Buffer | Uint8Array,
  limits: DecodeLimits = defaultLimits,
): Promise<DecodedPicture> {
  if (typeof source !== "string") return reduced(await decodeFull(source, limits), limits);
  try {
    return reduced(await decodeFull(await readPictureFile(source, limits), limits), limits);
  } catch (error) {
    if (error instanceof PictureError) throw new PictureError(error.reason, error.message, source);
    throw error;
  }
}

function reduced(picture: DecodedPicture, limits: DecodeLimits): DecodedPicture {
  return { ...reduceTo(picture, limits.maxSide), notes: picture.notes };
}

/** The bytes of a picture file; a Buffer is a path in bytes. Throws {@link PictureError} for what is no readable file within the limits. */
export async function readPictureFile(path: string | Buffer, limits: DecodeLimits = defaultLimits): Promise<Buffer> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, "r");
    const info = await file.stat();
    if (!info.isFile()) throw new PictureError("unreadable", "is not a regular file");
    if (info.size === 0) throw new PictureError("unreadable", "the file is empty");
    if (info.size > limits.maxBytes) throw tooLarge(`${info.size} bytes`, `${limits.maxBytes} bytes`);
    return await file.readFile();
  } catch (error) {
    throw readError(error, path);
  } finally {
    await file?.close();
  }
}

/** One bad file is that picture's fault; a process that is out of descriptors or memory is not. */
function readError(error: unknown, path: string | Buffer): unknown {
  if (error instanceof PictureError) return error;
  const code = (error as NodeJS.ErrnoException).code ?? "unknown error";
  if (code === "EMFILE" || code === "ENFILE" || code === "ENOMEM") {
    return asEnvironmentError(error, typeof path === "string" ? path : showPath(path));
  }
  if (code === "ENOENT" || code === "ENOTDIR") return new PictureError("missing", "there is no such file");
  return new PictureError("unreadable", `cannot be read (${code})`);
}

/** Decodes a picture at its full size. Throws {@link PictureError}. */
export async function decodeFull(bytes: Uint8Array, limits: DecodeLimits = defaultLimits): Promise<DecodedPicture> {
  if (bytes.length === 0) throw new PictureError("unreadable", "the file is empty");
  const format = sniffFormat(bytes);
  if (format === undefined) throw new PictureError("unreadable", "is not a picture in a format that is read");
  const picture = format === "netpbm" ? decodeNetpbm(bytes, limits) : await decodeWithSharp(bytes, limits);
  if (Math.min(picture.width, picture.height) < limits.minSide) {
    const size = `${picture.width}x${picture.height}`;
    throw new PictureError("too-small", `${size} pixels; at least ${limits.minSide}x${limits.minSide} are needed`);
  }
  return picture;
}

/** The format by the file's first bytes; a file's name says nothing. */
function sniffFormat(bytes: Uint8Array): "netpbm" | "sharp" | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(16, bytes.length)).toString("latin1");
  if (/^P[56]\s/.test(text)) return "netpbm";
  const known =
    text.startsWith("\xff\xd8\xff") ||
    text.startsWith("\x89PNG\r\n\x1a\n") ||
    /^GIF8[79]a/.test(text) ||
    /^RIFF[\s\S]{4}WEBP/.test(text) ||
    text.startsWith("II*\0") ||
    text.startsWith("MM\0*") ||
    /^[\s\S]{4}ftypavi[fs]/.test(text);
  return known ? "sharp" : undefined;
}

function decodeNetpbm(bytes: Uint8Array, limits: DecodeLimits): DecodedPicture {
  try {
    const header = readNetpbmHeader(bytes);
    checkPixels(header.width, header.height, limits);
    const samples = readNetpbmSamples(bytes, header);
    const pixels = header.channels === 1 ? samples : toGray(samples, 3);
    return { width: header.width, height: header.height, pixels, notes: [] };
  } catch (error) {
    if (error instanceof PictureError) throw error;
    throw new PictureError("unreadable", (error as Error).message);
  }
}

async function decodeWithSharp(bytes: Uint8Array, limits: DecodeLimits): Promise<DecodedPicture> {
  try {
    const info = await sharp(bytes, { limitInputPixels: false, failOn: "error" }).metadata();
    checkPixels(info.width, info.height, limits);
    const large = info.width * info.height > LARGE;
    const picture = await (large ? oneAtATime(() => decodePixels(bytes)) : decodePixels(bytes));
    const notes =
      (info.pages ?? 1) > 1 ? [`only the first of ${info.format === "tiff" ? "its pages" : "its frames"} is used`] : [];
    return { ...picture, notes };
  } catch (error) {
    if (error instanceof PictureError || error instanceof EnvironmentError) throw error;
    throw new PictureError("unreadable", vipsMessage(error));
  }
}

async function decodePixels(bytes: Uint8Array): Promise<GrayImage> {
  const { data, info } = await sharp(bytes, { limitInputPixels: false, failOn: "error", sequentialRead: true })
    .autoOrient()
    .flatten({ background: MID_GREY })
    .toColourspace("srgb")
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, pixels: toGray(data, info.channels) };
}

/** BT.601 luma of interleaved samples; one or two channels are grey (and opaque alpha). */
function toGray(samples: Uint8Array, channels: number): Uint8Array {
  if (channels === 1) return new Uint8Array(samples.buffer, samples.byteOffset, samples.length);
  const pixels = new Uint8Array(samples.length / channels);
  for (let i = 0, at = 0; i < pixels.length; i++, at += channels) {
    pixels[i] =
      channels === 2 ? samples[at] : (77 * samples[at] + 150 * samples[at + 1] + 29 * samples[at + 2] + 128) >> 8;
  }
  return pixels;
}

function checkPixels(width: number, height: number, limits: DecodeLimits): void {
  if (width * height > limits.maxPixels) throw tooLarge(`${width}x${height} pixels`, `${limits.maxPixels / 1e6} MP`);
}

function tooLarge(size: string, limit: string): PictureError {
  return new PictureError("too-large", `${size}; at most ${limit} are read`);
}

/** libvips repeats itself over several lines; the last one that says something is the cause. */
function vipsMessage(error: unknown): string {
  const lines = String((error as Error).message ?? error)
    .split("\n")
    .map((line) => line.trim());
  const text = lines.filter((line) => line !== "").at(-1) ?? "cannot be decoded";
  return `cannot be decoded: ${text.slice(0, 200)}`;
}

let large: Promise<unknown> = Promise.resolve();

/** Runs tasks one after the other. */
function oneAtATime<T>(task: () => Promise<T>): Promise<T> {
  const next = large.then(task, task);
  large = next.catch(() => undefined);
  return next;
}
