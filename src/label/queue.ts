/** Which presses are shown, and in which order. */
import { UNSURE } from "../captures/catalogue/types.js";
import { InformativeOrder } from "./order.js";
import { type Item, keptItems, type Press, type PressIndex, uncertaintyOf } from "./presses.js";
import type { Light, QueueFilter, QueueOrder, StudioProgress } from "./protocol.js";

export interface QueueRequest {
  readonly filter: QueueFilter;
  readonly light: Light | "any";
  readonly order: QueueOrder;
}

/** What the filters need to know of the look that is going on. */
export interface LookContext {
  readonly pass: 1 | 2;
  /** The configuration's, no face and unsure. */
  readonly known: ReadonlySet<string>;
  readonly labels: readonly string[];
  readonly positive: string;
}

/** Unjudged presses in final places that a queue holds at least, where there are so many; each costs a millisecond or two with 50,000 captures. The page asks again. */
const AHEAD = 64;

/** Whether a press is to be judged in this look at all: the second one is for what the first has judged. */
function belongs(items: readonly Item[], { pass }: LookContext): boolean {
  return items.length > 0 && (pass === 1 || items.some(({ judgements }) => judgements[0] !== undefined));
}

function isJudged(item: Item, { pass, known }: LookContext): boolean {
  const label = item.judgements[pass - 1]?.label;
  return label !== undefined && known.has(label);
}

/** The two looks differ and nobody has settled it. */
function isDisputed({ judgements: [first, second, settled], state }: Item): boolean {
  if (state !== "kept" || first === undefined || second === undefined) return false;
  return first.label !== second.label && settled === undefined;
}

function matches(press: Press, filter: QueueFilter, context: LookContext): boolean {
  const items = keptItems(press);
  if (filter === "disagreement") return items.some(isDisputed);
  if (!belongs(items, context)) return false;
  const labels = items.map(({ judgements }) => judgements[context.pass - 1]?.label);
  switch (filter) {
    case "all":
      return true;
    case "new":
      return items.some((item) => !isJudged(item, context));
    case "judged":
      return items.every((item) => isJudged(item, context));
    case "unsure":
      return labels.includes(UNSURE);
    case "refused":
      return items.some(({ consent }) => consent === "refused");
    case "mistaken":
      return labels.some(
        (label) =>
          label !== undefined && context.labels.includes(label) && (label === context.positive) !== press.smile,
      );
  }
}

export class QueueMaker {
  private informative: InformativeOrder | undefined;

  constructor(
    private readonly index: PressIndex,
    private readonly context: LookContext,
  ) {}

  /** To be called when there are new captures or looks. */
  forget(): void {
    this.informative = undefined;
  }

  async make({ filter, light, order }: QueueRequest): Promise<number[]> {
    const isWanted = (number: number) => {
      const press = this.index.press(number)!;
      const inLight = light === "any" || keptItems(press).some(({ lights }) => lights.includes(light));
      return inLight && matches(press, filter, this.context);
    };
    if (order === "time") return this.byTime().filter(isWanted);
    return (await this.byInformation()).filter(isWanted);
  }

  progress(): StudioProgress {
    let [presses, done, disagreements] = [0, 0, 0];
    for (const press of this.index.all) {
      const items = keptItems(press);
      if (items.some(isDisputed)) disagreements++;
      if (!belongs(items, this.context)) continue;
      presses++;
      if (items.every((item) => isJudged(item, this.context))) done++;
    }
    return { presses, done, disagreements };
  }

  private byTime(): number[] {
    return [...this.index.all].sort(compareTime).map(({ press }) => press);
  }

  private async byInformation(): Promise<number[]> {
    this.informative ??= new InformativeOrder(
      [...this.index.all].sort(compareTime).map((press) => ({
        press: press.press,
        uncertainty: uncertaintyOf(press),
        sketch: press.items.find(({ sketch }) => sketch !== undefined)?.sketch,
      })),
    );
    const { informative } = this;
    // What is judged already has its place too, so the places of the others do not move while one works.
    await informative.extend(this.progress().done + AHEAD);
    return informative.order();
  }
}

function compareTime(a: Press, b: Press): number {
  const time = (a.taken?.ms ?? Infinity) - (b.taken?.ms ?? Infinity);
  if (time !== 0 && !Number.isNaN(time)) return time;
  const [x, y] = [`${a.device}/${a.epoch}`, `${b.device}/${b.epoch}`];
  return x < y ? -1 : x > y ? 1 : a.items[0].sequence - b.items[0].sequence;
}
