/** The gate of `smilec flash` alone: project, model and flags as arguments; says whether the command would go on. */
import { createContext } from "#smilec/commands/create-context.js";
import { confirmModel } from "#smilec/commands/flash-gate.js";
import { readModel } from "#smilec/pipeline/model.js";
import { openProject } from "#smilec/pipeline/project.js";

const [, , dir, file, ...flags] = process.argv;
const has = (flag) => flags.includes(flag);
const options = { project: dir, json: has("--json"), quiet: has("--quiet") };
const context = createContext(options, new AbortController().signal);
try {
  await confirmModel(context, await openProject(dir), await readModel(file, "file"), has("--yes"));
  process.stdout.write("goes on\n");
} catch (error) {
  process.stdout.write(`stops: ${error.constructor.name}: ${error.message}: ${error.remedy}\n`);
}
