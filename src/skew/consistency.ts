/** Whether what the bot logged is what comes out now: box, network input and, where the model is at hand, its outputs and the decision, of every capture. */

import { hex32 } from "../captures/format.js";
import type { Capture } from "../captures/read-segment.js";
import { type ReplayDifference, type ReplayInterpreter, replayCapture } from "../captures/replay.js";
import type { ModelBundle } from "../graph/bundle.js";
import { ReferenceInterpreter } from "../graph/interpreter.js";

export interface Consistency {
  /** Captures checked: frame, box and network input. */
  readonly captures: number;
  /** Of these, also the outputs and the decision: their model is at hand. */
  readonly withModel: number;
  readonly equal: number;
  /** Number of captures that differ. */
  readonly different: number;
  /** The first so many differences, in words. */
  readonly differences: readonly string[];
}

const LISTED = 50;

/** Takes captures one at a time. */
export class ConsistencyCheck {
  private readonly interpreter: ReplayInterpreter;
  private readonly counts = { captures: 0, withModel: 0, equal: 0, different: 0 };
  private readonly differences: string[] = [];

  /** @param modelHash first 16 hex digits of the model's SHA-256 */
  constructor(
    private readonly model: ModelBundle,
    private readonly modelHash: string,
  ) {
    this.interpreter = new ReferenceInterpreter(model.graph);
  }

  add(capture: Capture): void {
    const { counts, model, interpreter, modelHash } = this;
    const { metadata } = capture;
    const known = metadata.engine !== "coin" && metadata.model === modelHash;
    // Without its model, as with engine coin, only what comes before the model can be computed again.
    const checked = known ? capture : { ...capture, metadata: { ...metadata, engine: "coin" as const } };
    const found = replayCapture(checked, model, interpreter, { modelHash });
    counts.captures++;
    if (known) counts.withModel++;
    counts[found.length === 0 ? "equal" : "different"]++;
    for (const difference of found) {
      if (this.differences.length < LISTED) this.differences.push(inWords(capture, difference));
    }
  }

  finish(): Consistency {
    return { ...this.counts, differences: this.differences };
  }
}

function inWords(
  { metadata: { device, sequence } }: Capture,
  { stage, what, recorded, replayed }: ReplayDifference,
): string {
  return `${hex32(device)}/${sequence}: ${stage}, ${what}: logged ${recorded}, computed ${replayed}`;
}
