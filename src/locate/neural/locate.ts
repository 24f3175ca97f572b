/** The neural locator (docs/locate.md, "Neural"): frame -> canvas -> network -> candidates; twin of firmware/core/sm_neural.c. */
import type { GrayImage } from "../../data/types.js";
import { ReferenceInterpreter } from "../../graph/interpreter.js";
import type { Candidate, Detector } from "../types.js";
import { drawCanvas } from "./canvas.js";
import { decodeMap } from "./decode.js";
import type { NeuralModel } from "./model.js";

/** Keeps the network's tensors between frames. */
export class NeuralLocator implements Detector {
  readonly hash: string;
  private readonly interpreter: ReferenceInterpreter;

  constructor(private readonly model: NeuralModel) {
    this.hash = model.hash;
    this.interpreter = new ReferenceInterpreter(model.graph);
  }

  /** Confidence from which on a candidate counts, per mille. */
  get threshold(): number {
    return this.model.description.threshold;
  }

  get spread(): number {
    return this.model.description.spread;
  }

  /** Candidates after suppression, the most confident first. */
  candidates(frame: GrayImage): Candidate[] {
    const { canvas, tables, normalize } = this.model.description;
    const [map] = this.interpreter.run([drawCanvas(frame, canvas, normalize)]);
    return decodeMap(map, tables, canvas, frame.width, frame.height);
  }
}
