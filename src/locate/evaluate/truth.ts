/** What is true of a composed scene, as far as locators are judged by it. */
import type { Scene, SceneFace } from "../../scenes/types.js";
import { chooseFace } from "../choose.js";
import { CERTAIN } from "../locate.js";
import type { Candidate } from "../types.js";
import type { TestScene } from "./test-scenes.js";
import type { Truth } from "./types.js";

/** Candidates of a locator that is sure of all that it finds. */
export const ALL_COUNT = { threshold: CERTAIN, spread: 0 };

export function certainly(faces: readonly SceneFace[]): Candidate[] {
  return faces.map(({ box }) => ({ box, confidence: CERTAIN }));
}

/** @param positive label of a smile */
export function truthOf(scene: TestScene, positive: string): Truth {
  const { set, doubtful } = scene;
  const chosen = chosenFace(scene);
  return {
    ...facesOf(scene),
    set,
    doubtful: doubtful.length > 0,
    smiles: chosen === undefined ? undefined : chosen.label === positive,
  };
}

/** As much as finding faces takes. */
export function facesOf(scene: TestScene): Pick<Truth, "sides" | "group"> {
  return {
    sides: scene.faces.map(({ box }) => box.width),
    group: chosenFace(scene)?.group ?? `scene ${scene.index}`,
  };
}

/** The face that a perfect locator would choose. */
function chosenFace({ faces, frame }: Scene): SceneFace | undefined {
  const best = chooseFace(certainly(faces), ALL_COUNT, frame.width, frame.height);
  return faces.find(({ box }) => box.x === best?.box.x && box.y === best.box.y && box.width === best.box.width);
}
