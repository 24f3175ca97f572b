/** Rows of small labelled pictures as one PNG. */
import sharp from "sharp";
import type { SheetCell, SheetRow } from "./sheet.js";

/** Sides and distances in pixels. */
const CELL = 128;
const GAP = 6;
const TITLE_WIDTH = 190;
const LABEL_HEIGHT = 17;
const MARGIN = 12;
const FONT = "font-family='DejaVu Sans, Helvetica, Arial, sans-serif'";
const PAPER = 245;
const INK = "#222";

/** @param first label of every row's first picture; undefined: its own */
export async function drawSheet(
  rows: readonly SheetRow[],
  first?: string,
): Promise<{ png: Buffer; width: number; height: number }> {
  const columns = Math.max(1, ...rows.map(({ cells }) => cells.length));
  const width = 2 * MARGIN + TITLE_WIDTH + columns * (CELL + GAP);
  const height = 2 * MARGIN + rows.length * rowHeight;
  const pixels = new Uint8Array(width * height).fill(PAPER);
  const texts: string[] = [];
  rows.forEach(({ title, cells }, row) => {
    const top = MARGIN + row * rowHeight;
    texts.push(text(MARGIN, top + CELL / 2 + 5, 14, title));
    cells.forEach((cell, column) => {
      const left = MARGIN + TITLE_WIDTH + column * (CELL + GAP);
      drawCell(pixels, width, left, top, cell);
      texts.push(text(left, top + CELL + 13, 12, column === 0 ? (first ?? cell.label) : cell.label));
    });
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${texts.join("")}</svg>`;
  const png = await sharp(pixels, { raw: { width, height, channels: 1 } })
    .composite([{ input: Buffer.from(svg) }])
    .toColourspace("b-w")
    .png({ compressionLevel: 9 })
    .toBuffer();
  return { png, width, height };
}

const rowHeight = CELL + LABEL_HEIGHT + GAP;

/** Enlarges a picture to the cell by repeating pixels: what is shown is what there is. */
function drawCell(sheet: Uint8Array, stride: number, left: number, top: number, { pixels, size }: SheetCell): void {
  for (let y = 0; y < CELL; y++) {
    const row = Math.floor((y * size) / CELL) * size;
    const start = (top + y) * stride + left;
    for (let x = 0; x < CELL; x++) sheet[start + x] = pixels[row + Math.floor((x * size) / CELL)];
  }
}

function text(x: number, y: number, size: number, value: string): string {
  const escaped = value.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text x="${x}" y="${y}" font-size="${size}" ${FONT} fill="${INK}">${escaped}</text>`;
}
