/** What a project's firmware will take of a board, in memory and in time, known before it is built. */
import type { Board } from "../board/types.js";
import { estimateMemory, type MemoryEstimate } from "../build/memory-estimate.js";
import type { Config } from "../config/schema.js";
import type { EmittedC } from "../emit/c/model.js";
import { aotMemory, tflmMemory } from "../inspect/memory.js";
import { type PressToLight, pressSettings, pressToLight } from "../inspect/press-to-light.js";
import { aotInstructions, tflmInstructionsOf } from "../inspect/speed.js";
import { kernelWorks } from "../inspect/work-rows.js";
import type { Model } from "./model.js";

export interface BoardCosts {
  readonly memory: readonly MemoryEstimate[];
  readonly press: PressToLight;
}

/** `model` and `emitted` are absent for engine coin. */
export function boardCosts(
  config: Config,
  board: Board,
  cores: 1 | 2,
  model: Model | undefined,
  emitted: EmittedC | undefined,
  detector?: { readonly ramBytes: number; readonly instructions: number },
): BoardCosts {
  const inputSize = model?.description.preprocess.size ?? config.input.size;
  const settings = pressSettings(config, detector?.instructions);
  const engine = model === undefined || emitted === undefined ? undefined : engineCosts(config, board, model, emitted);
  return {
    memory: estimateMemory({
      board,
      burst: settings.burst,
      inputSize,
      cores,
      detectorBytes: detector?.ramBytes ?? 0,
      engine: engine?.memory,
    }),
    press: pressToLight({
      ...settings,
      board,
      inputSize,
      networkInstructions: engine?.instructions ?? 0,
    }),
  };
}

/** On one core: what the second one saves is not counted on. */
function engineCosts({ engine }: Config, board: Board, { graph, bytes }: Model, emitted: EmittedC) {
  return engine === "tflm"
    ? { memory: tflmMemory(graph, bytes, board.id), instructions: tflmInstructionsOf(graph).total }
    : {
        memory: aotMemory(graph, emitted, board.id),
        instructions: aotInstructions(
          graph,
          emitted.calls.flatMap((call) => kernelWorks(graph, call)),
        ).total,
      };
}
