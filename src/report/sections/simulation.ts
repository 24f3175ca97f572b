/** Every press of the nose: what the camera saw, what the network saw, which light came on; and whether replay was exact. */
import { counted, cssPercent, foreign, integer, isolated, percent } from "../format.js";
import { drawSheet, type Sheet } from "../sheet.js";
import type { SimulationSection } from "../types.js";
import { type PictureView, type SectionView, tile } from "./view.js";

/** Presses with pictures; beyond that the wrong and the least sure ones are chosen. */
const SHOWN = 240;
/** Rows of the table of all presses. */
const LISTED = 2000;
const DIFFERENCES = 200;
/** Pixels of all frames and of all network inputs together: bounds the file. */
const FRAME_PIXELS = 1_650_000;
const FRAME_AREA = 192 * 144;
const INPUT_PIXELS = 600_000;
const INPUT_AREA = 64 * 64;

type Press = SimulationSection["presses"][number];
type Verdict = "right" | "wrong" | "unknown";

/** What the lights depend on, as far as it is known. */
export interface Decision {
  /** The label that lights green. */
  readonly positive: string | undefined;
  readonly threshold: { readonly probability: number; readonly margin?: number } | undefined;
}

export async function simulationSection(simulation: SimulationSection, decision: Decision): Promise<SectionView> {
  const verdicts = simulation.presses.map((press) => verdict(press, decision.positive));
  const chosen = choose(simulation.presses, verdicts, decision.threshold?.margin ?? 0);
  const gallery = await pressGallery(
    chosen.map((index) => simulation.presses[index]),
    chosen.map((index) => verdicts[index]),
  );
  return {
    id: "simulation",
    title: "Simulation",
    css: gallery.css,
    view: {
      banner: replayBanner(simulation),
      differences: simulation.differences.slice(0, DIFFERENCES).map(foreign),
      moreDifferences: remaining(simulation.differences.length, DIFFERENCES, "difference"),
      tiles: simulation.presses.length === 0 ? null : tiles(simulation.totals ?? count(simulation.presses, verdicts)),
      chosenNote:
        simulation.totals !== undefined && simulation.totals.presses > simulation.presses.length
          ? `The first ${integer(chosen.length)} are shown.`
          : chosen.length < simulation.presses.length
            ? chosenNote(chosen.length, simulation.presses.length)
            : null,
      presses: gallery.cards,
      threshold: thresholdMark(decision),
      rows: simulation.presses
        .slice(0, LISTED)
        .map((press, index) => ({ number: String(index + 1), ...row(press, verdicts[index]) })),
      moreRows: remaining(simulation.presses.length, LISTED, "press", "presses"),
    },
  };
}

/** Pass or fail of the replay; the page's head shows it too. */
export function replayBanner({ captures, values, differences }: SimulationSection) {
  const compared = `${counted(captures, "capture")}, ${counted(values, "value")}, ${counted(differences.length, "difference")}`;
  if (differences.length > 0) {
    return {
      state: "fail",
      title: "Replay differs",
      compared,
      words:
        "The firmware and the reference disagree. Until this is solved, no other figure of this report can be trusted.",
    };
  }
  if (captures === 0 || values === 0) {
    return {
      state: "none",
      title: "Nothing was replayed",
      compared,
      words: "No capture was compared with the reference, so nothing is known about exactness.",
    };
  }
  return {
    state: "pass",
    title: "Replay is bit-exact",
    compared,
    words: "Every value the firmware logged is the one the reference computes from the same frame.",
  };
}

function verdict(press: Press, positive: string | undefined): Verdict {
  if (positive === undefined || press.label === undefined) return "unknown";
  return (press.label === positive) === press.smile ? "right" : "wrong";
}

/** Indices of the presses to show, in order: all, or the wrong ones first and then those nearest to the threshold. */
function choose(presses: readonly Press[], verdicts: readonly Verdict[], threshold: number): number[] {
  const indices = presses.map((_, index) => index);
  if (presses.length <= SHOWN) return indices;
  const rank = (index: number) => Number(verdicts[index] !== "wrong");
  const doubt = (index: number) => Math.abs(presses[index].margin - threshold);
  indices.sort((a, b) => rank(a) - rank(b) || doubt(a) - doubt(b) || a - b);
  return indices.slice(0, SHOWN).sort((a, b) => a - b);
}

function thresholdMark({ threshold }: Decision): string | null {
  return threshold !== undefined && Number.isFinite(threshold.probability) ? cssPercent(threshold.probability) : null;
}

function chosenNote(shown: number, total: number): string {
  return `${integer(shown)} of ${counted(total, "press", "presses")} are shown: the wrong ones, then those it was least sure of.`;
}

function remaining(count: number, shown: number, singular: string, plural?: string): string | null {
  return count > shown ? `and ${counted(count - shown, `more ${singular}`, `more ${plural ?? `${singular}s`}`)}` : null;
}

function count(presses: readonly Press[], verdicts: readonly Verdict[]): NonNullable<SimulationSection["totals"]> {
  return {
    presses: presses.length,
    green: presses.filter((press) => press.smile).length,
    right: verdicts.filter((v) => v === "right").length,
    wrong: verdicts.filter((v) => v === "wrong").length,
  };
}

function tiles({ presses, green, right, wrong }: NonNullable<SimulationSection["totals"]>) {
  const known = right + wrong;
  return [
    tile("presses", integer(presses), null),
    tile("green lights", integer(green), percent(green / presses, 0)),
    tile("right", known === 0 ? "unknown" : integer(right), known === 0 ? "no true label" : percent(right / known)),
    tile(
      "wrong",
      known === 0 ? "unknown" : integer(wrong),
      known < presses && known > 0 ? `${integer(presses - known)} without a label` : null,
    ),
  ];
}

function lightOf({ nobody, smile }: Press): string {
  if (nobody) return "nobody";
  return smile ? "green" : "off";
}

function answerOf({ nobody, smile }: Press): string {
  if (nobody) return "nobody seen";
  return smile ? "green light" : "no light";
}

function row(press: Press, state: Verdict) {
  return {
    name: foreign(press.name),
    label: press.label === undefined ? null : foreign(press.label),
    light: lightOf(press),
    probability: percent(press.probability),
    margin: integer(press.margin),
    state,
    words: state === "unknown" ? "not judged" : state,
  };
}

async function pressGallery(presses: readonly Press[], verdicts: readonly Verdict[]) {
  if (presses.length === 0) return { cards: [], css: [] };
  const frames = await drawSheet(
    "sheet-frames",
    presses.map((press) => press.frame),
    { cellArea: Math.min(FRAME_AREA, FRAME_PIXELS / presses.length) },
  );
  const inputs = await drawSheet("sheet-inputs", presses.map(networkInput), {
    cellArea: Math.min(INPUT_AREA, INPUT_PIXELS / presses.length),
    pixelated: true,
  });
  const cards = presses.map((press, index) => card(press, verdicts[index], frames, inputs, index));
  return { cards, css: [frames.css, inputs.css] };
}

/** The int8 input as grey levels: -128 is black, 127 white. */
function networkInput({ input, inputSize }: Press) {
  return { width: inputSize, height: inputSize, pixels: Uint8Array.from(input, (q) => q + 128) };
}

function card(press: Press, state: Verdict, frames: Sheet, inputs: Sheet, index: number) {
  const light = lightOf(press);
  const frame: PictureView = {
    sheet: frames.name,
    style: frames.cells[index].style,
    alt: `Frame of ${isolated(press.name)}`,
  };
  const input: PictureView = {
    sheet: inputs.name,
    style: inputs.cells[index].style,
    alt: `What the network saw, ${press.inputSize} by ${press.inputSize} pixels`,
  };
  return {
    ...row(press, state),
    light,
    answer: answerOf(press),
    frame,
    input,
    boxStyle: frames.boxStyle(index, press.box),
    width: cssPercent(press.probability),
  };
}
