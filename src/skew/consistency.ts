/** Whether what the bot logged is what comes out now, of every capture; the same comparison as `smilec replay`'s (src/replay). */
import { hex32 } from "../captures/format.js";
import type { Capture } from "../captures/read-segment.js";
import type { ReplayDifference } from "../captures/replay.js";
import type { CaptureReplayer } from "../replay/capture-replayer.js";

export interface Consistency {
  /** Captures checked: frame, box and network input. */
  readonly captures: number;
  /** Of these, also the outputs and the decision: their model is kept. */
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
  private readonly counts = { captures: 0, withModel: 0, equal: 0, different: 0 };
  private readonly differences: string[] = [];

  constructor(private readonly replayer: CaptureReplayer) {}

  async add(capture: Capture): Promise<void> {
    const { counts } = this;
    const { model, differences } = await this.replayer.replay(capture);
    counts.captures++;
    if (model === "kept") counts.withModel++;
    counts[differences.length === 0 ? "equal" : "different"]++;
    for (const difference of differences) {
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
