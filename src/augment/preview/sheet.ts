/** The contact sheet: a row per augmentation from weak to strong, then draws of the whole pipeline and what the network gets of them. */
import type { PreprocessSpec } from "../../preprocess/types.js";
import { Augmenter, applyAlone, STAGES } from "../pipeline.js";
import { Planes } from "../planes.js";
import type { Augmentation, AugmentOptions, Example } from "../types.js";

export interface SheetRequest {
  /** Square grey pictures of `size` pixels; rows take turns. */
  readonly pictures: readonly Uint8Array[];
  readonly size: number;
  readonly preprocess: PreprocessSpec;
  readonly augment: AugmentOptions;
  readonly seed: number;
  /** Pictures from weak to strong in a row, at least 1. */
  readonly strengths: number;
}

export interface SheetCell {
  /** Square, row-major grey. */
  readonly pixels: Uint8Array;
  readonly size: number;
  readonly label: string;
}

export interface SheetRow {
  readonly title: string;
  readonly cells: readonly SheetCell[];
}

/** Rows of random draws, each followed by the network's inputs. */
const DRAWN_ROWS = 4;

/** Every augmentation alone, from weak to strong. Same request, same pixels. */
export function exampleRows(request: SheetRequest): SheetRow[] {
  const { pictures } = request;
  const planes = new Planes(request.size, request.preprocess.size);
  const rows: SheetRow[] = [];
  for (const stage of STAGES) {
    for (const augmentation of stage.augmentations) {
      for (const example of augmentation.examples(request.augment[augmentation.name], planes)) {
        rows.push(exampleRow(request, planes, augmentation, example, pictures[rows.length % pictures.length]));
      }
    }
  }
  return rows;
}

/** The pictures of the sheet. */
export function sheetRows(request: SheetRequest): SheetRow[] {
  return [...exampleRows(request), ...variationRows(request)];
}

/** Draws of all of them together, and what the network gets of each. */
export function variationRows(request: SheetRequest): SheetRow[] {
  return Array.from({ length: DRAWN_ROWS }, (_, row) => drawnRows(request, row)).flat();
}

function exampleRow(
  { size, strengths }: SheetRequest,
  planes: Planes,
  augmentation: Augmentation,
  example: Example<unknown>,
  picture: Uint8Array,
): SheetRow {
  const cells: SheetCell[] = [{ pixels: picture, size, label: "" }];
  for (let i = 1; i <= (example.constant ? 1 : strengths); i++) {
    const { drawn, label } = example.at(i / (example.constant ? 1 : strengths));
    cells.push({ pixels: applyAlone(planes, picture, augmentation, drawn).slice(), size, label });
  }
  return { title: example.title, cells };
}

/** One epoch's variations of a picture, and what the network sees of each. */
function drawnRows(request: SheetRequest, row: number): SheetRow[] {
  const { pictures, size, preprocess, augment, seed, strengths } = request;
  const picture = pictures[row % pictures.length];
  const augmenter = new Augmenter(size, preprocess, augment, seed);
  const varied: SheetCell[] = [{ pixels: picture, size, label: "" }];
  const plain = new Int8Array(preprocess.size ** 2);
  augmenter.plain(picture, plain);
  const seen: SheetCell[] = [asGrey(plain, preprocess.size)];
  for (let epoch = 0; epoch < strengths; epoch++) {
    varied.push({ pixels: augmenter.vary(picture, epoch, row).slice(), size, label: `epoch ${epoch + 1}` });
    const input = new Int8Array(preprocess.size ** 2);
    augmenter.augment(picture, epoch, row, input);
    seen.push(asGrey(input, preprocess.size));
  }
  return [
    { title: `all of it, picture ${row + 1}`, cells: varied },
    { title: "the network's input", cells: seen },
  ];
}

function asGrey(input: Int8Array, size: number): SheetCell {
  return { pixels: Uint8Array.from(input, (value) => value + 128), size, label: "" };
}

/** The sheet as a PNG. Same request, same pixels (text is drawn with the machine's fonts). */
export async function augmentationSheet(
  request: SheetRequest,
): Promise<{ png: Buffer; width: number; height: number }> {
  const { drawSheet } = await import("./draw.js");
  return drawSheet(sheetRows(request), "as it is");
}
