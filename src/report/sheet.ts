/** Sprite sheets: one PNG per gallery instead of a data URI per picture. */
import type { Box, GrayImage } from "../data/types.js";
import { cssPercent } from "./format.js";

/** Pixels repeated around each cell, so that a browser's smooth scaling never mixes in the neighbour. */
const GUTTER = 1;
const COLUMNS = 8;
/** Grey between the picture and its cell's edge when their proportions differ. */
const LETTERBOX = 24;

export interface SheetOptions {
  /** Area of one cell in pixels at most; larger pictures are reduced, smaller ones are left as they are and enlarged by the browser. */
  readonly cellArea: number;
  /** Show pixels as squares: for network inputs. */
  readonly pixelated?: boolean;
}

export interface Cell {
  /** CSS declarations that show this picture in an element of the sheet's class. */
  readonly style: string;
}

export interface Sheet {
  /** CSS class of the sheet. */
  readonly name: string;
  /** The class's rule, with the PNG as data URI. */
  readonly css: string;
  readonly cells: readonly Cell[];
  /** Where a box of picture `index` lies in its cell, as CSS declarations; clipped to the picture. */
  boxStyle(index: number, box: Box): string;
}

interface Placement {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Draws pictures of any size into one sheet of equal cells. The cell takes the commonest proportions of the pictures; others are letterboxed.
 * Same pictures, same bytes.
 *
 * @param name CSS class, unique in the document
 */
export async function drawSheet(name: string, pictures: readonly GrayImage[], options: SheetOptions): Promise<Sheet> {
  const cell = cellSize(pictures, options.cellArea);
  const columns = Math.max(1, Math.min(COLUMNS, pictures.length));
  const rows = Math.max(1, Math.ceil(pictures.length / columns));
  const pitch = { x: cell.width + 2 * GUTTER, y: cell.height + 2 * GUTTER };
  const sheet = { width: columns * pitch.x, height: rows * pitch.y };
  const pixels = new Uint8Array(sheet.width * sheet.height).fill(LETTERBOX);
  const placements: Placement[] = [];
  for (const [index, picture] of pictures.entries()) {
    const left = (index % columns) * pitch.x + GUTTER;
    const top = Math.floor(index / columns) * pitch.y + GUTTER;
    const placement = contain(picture, cell);
    placements.push(placement);
    drawCell(pixels, sheet.width, left, top, cell, await cellPixels(picture, cell, placement));
  }
  return {
    name,
    css: sheetRule(name, cell, sheet, await encodePng(pixels, sheet.width, sheet.height), options.pixelated ?? false),
    cells: pictures.map((_, index) => ({ style: cellStyle(index, columns, cell, pitch, sheet) })),
    boxStyle: (index, box) => boxStyle(box, pictures[index], placements[index], cell),
  };
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** The commonest proportions at the largest size that keeps within the area and enlarges no picture. */
function cellSize(pictures: readonly GrayImage[], area: number): Size {
  const counts = new Map<number, number>();
  for (const { width, height } of pictures) {
    const aspect = Math.min(2, Math.max(0.5, width / height));
    counts.set(aspect, (counts.get(aspect) ?? 0) + 1);
  }
  const aspect = [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 1;
  const height = Math.sqrt(area / aspect);
  const needed = pictures.reduce((most, p) => Math.max(most, p.width / (height * aspect), p.height / height), 0);
  const reduction = Math.min(1, needed || 1);
  return {
    width: Math.max(1, Math.round(height * aspect * reduction)),
    height: Math.max(1, Math.round(height * reduction)),
  };
}

/** Largest centred placement of a picture in a cell; a small one is enlarged, so that a gallery looks even. */
function contain(picture: Size, cell: Size): Placement {
  const scale = Math.min(cell.width / picture.width, cell.height / picture.height);
  const width = fitted(picture.width * scale, cell.width);
  const height = fitted(picture.height * scale, cell.height);
  return { x: (cell.width - width) >> 1, y: (cell.height - height) >> 1, width, height };
}

/** Whole pixels; the cell's own size when that is nearly it, as its proportions are rounded too. */
function fitted(size: number, cell: number): number {
  return cell - size < 1.5 ? cell : Math.max(1, Math.round(size));
}

async function cellPixels(picture: GrayImage, cell: Size, at: Placement): Promise<Uint8Array> {
  const scaled = await scale(picture, at);
  if (at.width === cell.width && at.height === cell.height) return scaled;
  const pixels = new Uint8Array(cell.width * cell.height).fill(LETTERBOX);
  for (let y = 0; y < at.height; y++) {
    pixels.set(scaled.subarray(y * at.width, (y + 1) * at.width), (at.y + y) * cell.width + at.x);
  }
  return pixels;
}

async function scale(picture: GrayImage, { width, height }: Size): Promise<Uint8Array> {
  if (picture.width === width && picture.height === height) return picture.pixels;
  const { default: sharp } = await import("sharp");
  const { data } = await sharp(picture.pixels, {
    raw: { width: picture.width, height: picture.height, channels: 1 },
  })
    .resize(width, height, { fit: "fill", kernel: "cubic" })
    .toColourspace("b-w")
    .raw()
    .toBuffer({ resolveWithObject: true });
  return data;
}

/** Copies a cell with its border pixels repeated into the gutter. */
function drawCell(sheet: Uint8Array, stride: number, left: number, top: number, cell: Size, pixels: Uint8Array): void {
  for (let y = -GUTTER; y < cell.height + GUTTER; y++) {
    const row = Math.min(cell.height - 1, Math.max(0, y)) * cell.width;
    const start = (top + y) * stride + left;
    sheet.set(pixels.subarray(row, row + cell.width), start);
    sheet.fill(pixels[row], start - GUTTER, start);
    sheet.fill(pixels[row + cell.width - 1], start + cell.width, start + cell.width + GUTTER);
  }
}

async function encodePng(pixels: Uint8Array, width: number, height: number): Promise<Buffer> {
  const { default: sharp } = await import("sharp");
  return sharp(pixels, { raw: { width, height, channels: 1 } })
    .toColourspace("b-w")
    .png({ compressionLevel: 9, adaptiveFiltering: true })
    .toBuffer();
}

function sheetRule(name: string, cell: Size, sheet: Size, png: Buffer, pixelated: boolean): string {
  const size = `${Number(((100 * sheet.width) / cell.width).toFixed(4))}% ${Number(((100 * sheet.height) / cell.height).toFixed(4))}%`;
  const rendering = pixelated ? "image-rendering:pixelated;" : "";
  return `.${name}{aspect-ratio:${cell.width}/${cell.height};${rendering}background-size:${size};background-image:url(data:image/png;base64,${png.toString("base64")})}`;
}

/** A background at p % lies with its own p % point on the element's, hence the division by what sticks out. */
function cellStyle(index: number, columns: number, cell: Size, pitch: { x: number; y: number }, sheet: Size): string {
  const x = ((index % columns) * pitch.x + GUTTER) / (sheet.width - cell.width);
  const y = (Math.floor(index / columns) * pitch.y + GUTTER) / (sheet.height - cell.height);
  return `background-position:${cssPercent(x)} ${cssPercent(y)}`;
}

function boxStyle(box: Box, picture: Size, at: Placement, cell: Size): string {
  const clamp = (value: number, max: number) => Math.min(max, Math.max(0, value));
  const left = clamp(box.x, picture.width);
  const top = clamp(box.y, picture.height);
  const right = clamp(box.x + box.width, picture.width);
  const bottom = clamp(box.y + box.height, picture.height);
  const x = (at.x + (left * at.width) / picture.width) / cell.width;
  const y = (at.y + (top * at.height) / picture.height) / cell.height;
  const width = ((right - left) * at.width) / picture.width / cell.width;
  const height = ((bottom - top) * at.height) / picture.height / cell.height;
  return `left:${cssPercent(x)};top:${cssPercent(y)};width:${cssPercent(width)};height:${cssPercent(height)}`;
}
