/** Scenes side by side with their boxes: faces green, doubtful ones red, fixtures orange with their names. */

import { floor, max, min, sqrt } from "../data/synthetic/math.js";
import type { Box } from "../data/types.js";
import { writeFile } from "../files/write.js";
import type { Scene } from "./types.js";

/** Scenes on a sheet at most, to a row, and the area of one in pixels. */
const MOST = 40;
const COLUMNS = 5;
const AREA = 320 * 240;
const GAP = 4;
const PAPER = { r: 34, g: 34, b: 48 };
const FACE = "#3f3";
const DOUBTFUL = "#f44";
const FIXTURE = "#fa0";

export class ContactSheet {
  private readonly cells: { readonly input: Buffer; readonly left: number; readonly top: number }[] = [];
  private readonly step: number;
  private readonly shown: number;
  private readonly scale: number;
  private readonly cellWidth: number;
  private readonly cellHeight: number;

  /** @param count scenes there will be; of more than a sheet holds, evenly chosen ones are shown */
  constructor(width: number, height: number, count: number) {
    this.shown = min(MOST, count);
    this.step = count / this.shown;
    this.scale = sqrt(AREA / (width * height));
    // Frames as narrow as a line are shown at least so wide.
    this.cellWidth = max(8, min(2000, Math.round(width * this.scale)));
    this.cellHeight = max(8, min(2000, Math.round(height * this.scale)));
  }

  async add(index: number, scene: Scene): Promise<void> {
    const place = this.cells.length;
    if (place >= this.shown || index !== floor(place * this.step)) return;
    const { default: sharp } = await import("sharp");
    const { width, height, pixels } = scene.frame;
    const input = await sharp(pixels, { raw: { width, height, channels: 1 } })
      .resize(this.cellWidth, this.cellHeight, { fit: "fill", kernel: this.scale > 1 ? "nearest" : "cubic" })
      .toColourspace("srgb")
      .composite([{ input: Buffer.from(this.overlay(scene)) }])
      .png()
      .toBuffer();
    const left = GAP + (place % COLUMNS) * (this.cellWidth + GAP);
    this.cells.push({ input, left, top: GAP + floor(place / COLUMNS) * (this.cellHeight + GAP) });
  }

  private overlay({ frame, faces, doubtful, fixtures }: Scene): string {
    const [sx, sy] = [this.cellWidth / frame.width, this.cellHeight / frame.height];
    const box = ({ x, y, width, height }: Box, colour: string) =>
      `<rect x="${x * sx}" y="${y * sy}" width="${width * sx}" height="${height * sy}" fill="none" stroke="${colour}"/>`;
    const name = ({ x, y }: Box, text: string) =>
      `<text x="${x * sx + 2}" y="${y * sy + 10}" font-size="10" font-family="DejaVu Sans, Helvetica, Arial, sans-serif" fill="${FIXTURE}">${text}</text>`;
    return [
      `<svg xmlns="http://www.w3.org/2000/svg" width="${this.cellWidth}" height="${this.cellHeight}">`,
      ...fixtures.map(({ box: at, kind }) => box(at, FIXTURE) + name(at, kind)),
      ...doubtful.map((face) => box(face.box, DOUBTFUL)),
      ...faces.map((face) => box(face.box, FACE)),
      "</svg>",
    ].join("");
  }

  /** PNG. */
  async write(file: string): Promise<void> {
    const { default: sharp } = await import("sharp");
    const columns = min(COLUMNS, this.cells.length);
    const rows = Math.ceil(this.cells.length / COLUMNS);
    const size = { width: GAP + columns * (this.cellWidth + GAP), height: GAP + rows * (this.cellHeight + GAP) };
    const sheet = sharp({ create: { ...size, channels: 3, background: PAPER } }).composite(this.cells);
    await writeFile(file, await sheet.png({ compressionLevel: 9 }).toBuffer());
  }
}
