/** What a fit changes, to be looked at: training pictures as they are, as they are augmented now, as they would be, and captures. */
import type { SheetCell, SheetRow } from "../augment/preview/sheet.js";
import { AugmentationProbe } from "../skew/closing.js";
import type { Project } from "./project.js";
import type { SkewFitResult } from "./skew-fit.js";

const COLUMNS = 8;
const ROWS = 2;

/** A PNG. Same input, same pixels (text is drawn with the machine's fonts). */
export async function fitSheet(
  { sides, options }: SkewFitResult,
  { augment, seed }: Project["config"]["train"],
): Promise<Buffer> {
  const { training, serving, model } = sides;
  const { preprocess } = model.description;
  const asCell = (grey: Uint8Array): SheetCell => ({ pixels: grey.slice(), size: preprocess.size, label: "" });
  const chosen = spread(training.wide, COLUMNS);
  const probe = new AugmentationProbe(chosen, training.wideSize, preprocess, seed);
  const rows: SheetRow[] = [
    { title: "training pictures", cells: spread(training.sample, COLUMNS).map(({ grey }) => asCell(grey)) },
    ...variedRows("augmented now", augment),
    ...variedRows("augmented as proposed", options),
    ...captureRows(),
  ];
  const { drawSheet } = await import("../augment/preview/draw.js");
  return (await drawSheet(rows)).png;

  /** The probe reuses its buffer: each picture is copied as it comes. */
  function variedRows(title: string, strengths: typeof augment): SheetRow[] {
    return Array.from({ length: ROWS }, (_, epoch) => ({
      title,
      cells: Array.from(probe.vary(strengths, epoch), asCell),
    }));
  }

  function captureRows(): SheetRow[] {
    const captures = spread(serving.sample, COLUMNS * ROWS).map(({ grey }) => asCell(grey));
    return Array.from({ length: ROWS }, (_, row) => ({
      title: "captures",
      cells: captures.slice(row * COLUMNS, (row + 1) * COLUMNS),
    }));
  }
}

function spread<T>(all: readonly T[], count: number): T[] {
  const few = Math.min(count, all.length);
  return Array.from({ length: few }, (_, i) => all[Math.floor(((i + 0.5) * all.length) / few)]);
}
