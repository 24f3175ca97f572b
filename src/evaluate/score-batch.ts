/** What a scoring thread does to a batch of pictures: shows them in every view, preprocesses, and runs the int8 network. */
import type { Box, GrayImage } from "../data/types.js";
import { ReferenceInterpreter } from "../graph/interpreter.js";
import type { Int8Graph } from "../graph/types.js";
import { type InputValues, type NetworkInput, networkInput } from "./input.js";
import { capturesOf, ShownPicture, show, type View } from "./views.js";

export interface BatchSetup {
  readonly input: NetworkInput;
  /** Absent: no int8 model is evaluated. */
  readonly graph?: Int8Graph;
  /** The first is the main one, whose pictures are kept for the gallery of mistakes. */
  readonly views: readonly View[];
  /** Return the inputs for a float model. */
  readonly withInputs: boolean;
}

export interface BatchPicture {
  readonly image: GrayImage;
  readonly face: Box;
}

/** Arrays run over pictures, in each over views, in each over captures. */
export interface BatchResult {
  /** [shown, labels]; absent without a graph. */
  readonly outputs?: Int8Array;
  /** [shown, size, size, channels]; absent unless asked for. */
  readonly inputs?: Int8Array;
  /** The first capture of the main view, [pictures, size, size]. */
  readonly grey: Uint8Array;
}

/** Captures of all views together. */
export function shownPerPicture(views: readonly View[]): number {
  return views.reduce((sum, view) => sum + capturesOf(view), 0);
}

/** Keeps the interpreter's memory between batches; one per thread. */
export class BatchScorer {
  private readonly interpreter: ReferenceInterpreter | undefined;

  constructor(private readonly setup: BatchSetup) {
    this.interpreter = setup.graph === undefined ? undefined : new ReferenceInterpreter(setup.graph);
  }

  score(pictures: readonly BatchPicture[]): BatchResult {
    const { input, views, withInputs } = this.setup;
    const shown = pictures.length * shownPerPicture(views);
    const area = input.size * input.size;
    const inputs = withInputs ? new Int8Array(shown * area * input.channels) : undefined;
    const grey = new Uint8Array(pictures.length * area);
    const outputs: Int8Array[] = [];
    let at = 0;
    pictures.forEach(({ image, face }, picture) => {
      const subject = new ShownPicture(image, face);
      for (const [index, view] of views.entries()) {
        show(view, subject).forEach(({ image: seen, box }, capture) => {
          const made = networkInput(seen, box, input);
          if (index === 0 && capture === 0) grey.set(made.grey, picture * area);
          inputs?.set(made.values, at++ * made.values.length);
          if (this.interpreter !== undefined) outputs.push(this.run(this.interpreter, made.values));
        });
      }
    });
    const labels = outputs[0]?.length ?? 0;
    const flat = new Int8Array(shown * labels);
    outputs.forEach((values, i) => {
      flat.set(values, i * labels);
    });
    return { grey, ...(inputs && { inputs }), ...(this.interpreter && { outputs: flat }) };
  }

  private run(interpreter: ReferenceInterpreter, values: InputValues): Int8Array {
    const [output] = interpreter.runAnyType([values]);
    return output as Int8Array;
  }
}
