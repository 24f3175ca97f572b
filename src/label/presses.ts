/** The catalogue's presses in memory: what the queue and the views are made of, some hundred bytes for each capture. */
import type { Catalogue } from "../captures/catalogue/catalogue.js";
import { pressKey } from "../captures/catalogue/press-key.js";
import type { CatalogueCapture, Consent, Judgement } from "../captures/catalogue/types.js";
import type { StoredPicture } from "../captures/stored.js";
import type { Box } from "../data/types.js";
import { logistic } from "../evaluate/metrics.js";
import type { PreprocessSpec } from "../preprocess/types.js";
import { LOOK_REVISION, lightsOf } from "./measure.js";
import type { Light } from "./protocol.js";
import type { ModelScales } from "./scores.js";

/** A capture as far as labelling is concerned. */
export interface Item extends StoredPicture {
  readonly id: number;
  readonly press: number;
  readonly sequence: number;
  /** Where the bot looked. */
  readonly locatorBox: Box;
  readonly preprocess: PreprocessSpec;
  readonly margin: number;
  state: CatalogueCapture["state"];
  consent: Consent;
  /** Of the first look, the second, and what was settled. */
  judgements: readonly [Judgement | undefined, Judgement | undefined, Judgement | undefined];
  lights: readonly Light[];
  sketch: Uint8Array | undefined;
}

export interface Press {
  /** Number of the first of its captures that was found. */
  readonly press: number;
  readonly device: string;
  readonly epoch: string;
  readonly taken: CatalogueCapture["taken"];
  readonly smile: boolean;
  /** The bot saw no face in any frame. */
  readonly nobody: boolean;
  readonly scored: boolean;
  /** Per frame, in int8 logit steps. */
  readonly margin: number;
  readonly threshold: number;
  /** Log-odds of one step; undefined when the model is not known. */
  readonly scale: number | undefined;
  /** In the order of the burst, deleted ones included. */
  readonly items: Item[];
}

/** Log-odds of a step when the model is not known: about what models trained by smilec have. */
const USUAL_SCALE = 1 / 16;

export class PressIndex {
  private readonly items = new Map<number, Item>();
  private readonly presses = new Map<number, Press>();
  private readonly numbers = new Map<string, number>();
  private last = 0;

  constructor(
    private readonly catalogue: Catalogue,
    private readonly scales: ModelScales,
  ) {
    this.addNew();
    for (const [id, look] of catalogue.labels.looks(LOOK_REVISION)) {
      const item = this.items.get(id);
      if (item !== undefined) setLook(item, look);
    }
  }

  get all(): Iterable<Press> {
    return this.presses.values();
  }

  press(number: number): Press | undefined {
    return this.presses.get(number);
  }

  item(id: number): Item | undefined {
    return this.items.get(id);
  }

  /** Captures without a look that have a picture to be measured. */
  unmeasured(): Item[] {
    return [...this.items.values()].filter(({ sketch, state }) => sketch === undefined && state === "kept");
  }

  /** Takes in what was catalogued since; returns the presses that are new or larger. */
  addNew(): Set<number> {
    const changed = new Set<number>();
    let { last } = this;
    // One at a time: a capture's metadata is a kilobyte.
    for (const capture of this.catalogue.captures({ afterId: this.last })) {
      last = Math.max(last, capture.id);
      changed.add(this.add(capture).press);
    }
    this.last = last;
    for (const number of changed) this.presses.get(number)!.items.sort((a, b) => a.sequence - b.sequence);
    return changed;
  }

  /** Reads what is said of a capture again. */
  reload(id: number): void {
    const item = this.items.get(id);
    const capture = this.catalogue.capture(id);
    if (item === undefined || capture === undefined) return;
    item.judgements = [...capture.judgements, capture.resolution];
    item.state = capture.state;
    item.consent = capture.consent;
  }

  private add(capture: CatalogueCapture): Item {
    const { metadata: m } = capture;
    const key = pressKey(capture);
    const number = this.numbers.get(key) ?? capture.id;
    this.numbers.set(key, number);
    const item: Item = {
      id: capture.id,
      press: number,
      sequence: capture.key.sequence,
      path: capture.path,
      payloadBytes: capture.payloadBytes,
      payloadCrc: capture.payloadCrc,
      width: capture.width,
      height: capture.height,
      locatorBox: m.box,
      preprocess: m.preprocess,
      margin: m.margin,
      state: capture.state,
      consent: capture.consent,
      judgements: [...capture.judgements, capture.resolution],
      lights: [],
      sketch: undefined,
    };
    this.items.set(item.id, item);
    const press = this.presses.get(number);
    if (press === undefined) this.presses.set(number, pressOf(capture, item, this.scales));
    else press.items.push(item);
    return item;
  }
}

export function setLook(
  item: Item,
  { measures, sketch }: { measures: Readonly<Record<string, number>>; sketch: Uint8Array },
): void {
  item.lights = lightsOf(measures);
  item.sketch = sketch;
}

function pressOf({ key, metadata: m, taken }: CatalogueCapture, item: Item, scales: ModelScales): Press {
  const frames = Math.max(1, m.faces);
  return {
    press: item.press,
    device: key.device,
    epoch: key.epoch,
    taken,
    smile: m.smile,
    nobody: m.faces === 0,
    scored: m.engine !== "coin",
    margin: m.sum / frames,
    threshold: m.threshold / frames,
    scale: m.engine === "coin" ? undefined : scales.get(m.model),
    items: [item],
  };
}

/** Captures that can be judged. */
export function keptItems({ items }: Press): Item[] {
  return items.filter(({ state }) => state === "kept");
}

/** Calibrated probability of the positive label at a margin per frame; undefined when the model is not known. */
export function probabilityAt({ scale }: Press, margin: number): number | undefined {
  return scale === undefined ? undefined : logistic(margin * scale);
}

/** 1 at the threshold, falling to 0 away from it; 1 for a coin, whose score says nothing. */
export function uncertaintyOf({ margin, threshold, scored, scale }: Press): number {
  return scored ? 2 * logistic(-Math.abs(margin - threshold) * (scale ?? USUAL_SCALE)) : 1;
}

/** The box that counts in a look: what a person drew, in this look or the first, else where the bot looked. */
export function boxIn({ judgements, locatorBox }: Item, pass: 1 | 2 | 3): { box: Box; corrected: boolean } {
  const own = judgements[pass - 1]?.box;
  const settled = pass === 3 ? (judgements[0]?.box ?? judgements[1]?.box) : undefined;
  const drawn = own ?? settled;
  return { box: drawn ?? locatorBox, corrected: drawn !== undefined };
}
