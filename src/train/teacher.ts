/** A trained float network that another learns from, on the very batches that the student sees. */
import { UserError } from "../errors.js";
import type { Distillation, TrainingBackend } from "./backend.js";
import { classCount } from "./evaluate.js";
import { parametersHash } from "./float-model.js";
import type { FloatModel, Network } from "./network.js";

export interface Teacher extends Distillation {
  /** Hash of everything its logits depend on. */
  readonly identity: string;
  logits(inputs: Int8Array, count: number): Promise<Float32Array>;
}

/** @param backend made for the teacher's network; the caller disposes it */
export function teacherOn(backend: TrainingBackend, model: FloatModel, distillation: Distillation): Teacher {
  return {
    ...distillation,
    identity: `${JSON.stringify(model.network)} ${parametersHash(model.parameters)} ${backend.name}`,
    logits: (inputs, count) => backend.logits(model.parameters, inputs, count),
  };
}

/** Throws UserError unless teacher and student see the same pictures and know the same labels. */
export function checkTeacher(teacher: Network, student: Network, where: string): void {
  const remedy = "Choose an architecture by name, or a model with the project's input.size and labels.";
  const [theirs, ours] = [teacher, student].map(({ layers: [input] }) => (input.kind === "input" ? input.shape : []));
  if (String(theirs) !== String(ours)) {
    throw new UserError(`the teacher looks at ${theirs.join("x")} pictures, the network at ${ours.join("x")}`, {
      where,
      remedy,
    });
  }
  const [taught, wanted] = [classCount(teacher), classCount(student)];
  if (taught !== wanted)
    throw new UserError(`the teacher knows ${taught} labels, the network ${wanted}`, { where, remedy });
}
