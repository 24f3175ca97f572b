/** Before a model is written to a board: what people have judged says whether it decides worse than the bots did. */
import { CheckFailedError } from "../errors.js";
import type { Model } from "../pipeline/model.js";
import type { Project } from "../pipeline/project.js";
import { worseOnCaptures } from "../replay/flash-gate.js";
import type { CommandContext } from "./context.js";
import { judgedLine } from "./replay.js";
import { asksOnTerminal, confirmed } from "./terminal.js";

/**
 * Says so when the model is worse. A person is asked, unless they said yes before; a script is told, because it can look first: `smilec replay --model`.
 * Throws CheckFailedError when the answer is no.
 */
export async function confirmModel(
  context: CommandContext,
  project: Project,
  model: Model | undefined,
  yes: boolean,
): Promise<void> {
  const worse = await worseOnCaptures(project, model, context);
  if (worse === undefined) return;
  context.reporter.warn(`the new model decides worse than the bots did: ${judgedLine(worse)}`);
  if (yes || !asksOnTerminal(context)) return;
  if (await confirmed("Write it to the board all the same?", "nothing was written")) return;
  throw new CheckFailedError("nothing was written: the new model is worse on judged captures", {
    where: model?.file ?? project.modelFile,
    remedy: "Label more captures, train again, or flash with --yes.",
  });
}
