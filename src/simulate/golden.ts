/** Reads a simulated card back and replays every capture by the TypeScript reference: the whole chain must be equal, bit for bit. */
import type { Capture } from "../captures/read-segment.js";
import { type ReplayDifference, replayCapture, replayPress } from "../captures/replay.js";
import type { ModelBundle } from "../graph/bundle.js";
import { ReferenceInterpreter } from "../graph/interpreter.js";
import type { Detector } from "../locate/types.js";
import { type Card, readCard } from "./card.js";
import type { Decision } from "./host.js";

export interface GoldenResult {
  /** Captures read back from the card and replayed. */
  readonly captures: number;
  /** Numbers compared: network inputs (by CRC), outputs, boxes and decisions. */
  readonly values: number;
  /** One sentence each; empty when all is equal. */
  readonly differences: readonly string[];
}

export interface GoldenRequest {
  readonly card: Card;
  readonly decisions: readonly Decision[];
  /** Captures that the firmware says were withdrawn; default none. */
  readonly withdrawn?: number;
  readonly bundle: ModelBundle;
  /** First 16 hex digits of the model's SHA-256. */
  readonly modelHash: string;
  /** The face detector that the firmware looks with; absent with locator `center`. */
  readonly detector?: Detector;
  /** Called with each capture in order of the card, for the report's gallery. */
  readonly onCapture?: (capture: Capture) => void;
}

/** Replays everything on the card and accounts for every press; memory holds one press at a time. */
export async function compareWithReference(request: GoldenRequest): Promise<GoldenResult> {
  const comparison = new Comparison(request);
  for await (const record of readCard(request.card)) {
    if (record.kind === "capture") comparison.add(record.capture);
    else if (record.kind === "withdrawn") comparison.withdraw(record.header.sequence);
    else comparison.fail(`${record.reason}: ${record.message}`);
  }
  return comparison.finish();
}

class Comparison {
  private readonly interpreter: ReferenceInterpreter;
  private readonly byFirst: ReadonlyMap<number, Decision>;
  private readonly differences: string[] = [];
  private captures = 0;
  private values = 0;
  private presses = 0;
  private withdrawn = 0;
  private press: { readonly decision: Decision; readonly captures: Capture[] } | undefined;

  constructor(private readonly request: GoldenRequest) {
    this.interpreter = new ReferenceInterpreter(request.bundle.graph);
    this.byFirst = new Map(request.decisions.map((decision) => [decision.sequences[0], decision]));
  }

  fail(sentence: string): void {
    this.differences.push(sentence);
  }

  /** There is nothing to compare of a press that was taken back. */
  withdraw(sequence: number): void {
    this.withdrawn++;
    if (this.byFirst.has(sequence)) this.presses++;
  }

  add(capture: Capture): void {
    const { sequence } = capture.header;
    this.request.onCapture?.(capture);
    const { bundle, modelHash, detector } = this.request;
    const options = detector === undefined ? { modelHash } : { modelHash, detector };
    for (const difference of replayCapture(capture, bundle, this.interpreter, options)) this.fail(sentence(difference));
    this.captures++;
    const { preprocess, outputs } = capture.metadata;
    // box, confidence, margin, faces, sum, threshold, decision
    this.values += preprocess.size * preprocess.size + outputs.length + 4 + 6;
    const decision = this.byFirst.get(sequence);
    if (decision !== undefined) this.press = { decision, captures: [] };
    if (this.press === undefined) {
      this.fail(`capture ${sequence}: belongs to no press that was reported`);
      return;
    }
    this.press.captures.push(capture);
    if (this.press.captures.length === this.press.decision.sequences.length) this.finishPress();
  }

  /** What the program printed, what it logged, and what the reference says must be one and the same. */
  private finishPress(): void {
    const { decision, captures } = this.press!;
    this.press = undefined;
    this.presses++;
    for (const difference of replayPress(captures)) this.fail(sentence(difference));
    const logged = captures.map(({ header, metadata }) => ({
      sequence: header.sequence,
      outputs: metadata.outputs,
      margin: metadata.margin,
    }));
    const printed = decision.sequences.map((sequence, i) => ({
      sequence,
      outputs: decision.outputs[i] ?? [],
      margin: decision.margins[i],
    }));
    const { faces, sum, threshold, smile } = captures[0].metadata;
    const same =
      JSON.stringify(logged) === JSON.stringify(printed) &&
      faces === decision.faces &&
      sum === decision.sum &&
      threshold === decision.threshold &&
      smile === decision.smile;
    if (!same) this.fail(`${decision.frame}: what the firmware printed is not what it logged`);
  }

  finish(): GoldenResult {
    const { decisions, withdrawn = 0 } = this.request;
    if (this.withdrawn !== withdrawn) this.fail(`${this.withdrawn} captures are withdrawn, not ${withdrawn}`);
    const unlogged = decisions.filter(({ logged }) => !logged);
    for (const { frame } of unlogged) this.fail(`${frame}: was not logged`);
    const missing = decisions.length - unlogged.length - this.presses;
    if (missing > 0) this.fail(`${missing} presses are not whole on the card`);
    return { captures: this.captures, values: this.values, differences: this.differences };
  }
}

function sentence({ sequence, stage, what, recorded, replayed }: ReplayDifference): string {
  return `capture ${sequence}, ${stage}: ${what} is ${recorded} on the card and ${replayed} by the reference`;
}
