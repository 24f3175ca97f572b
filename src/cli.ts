/** The command table. It only declares commands (src/cli); each one's code is loaded when it runs, so that `smilec --help` is quick. */
import { Command, CommanderError } from "commander";
import { declareCaptures, declareReplay, declareSkew } from "./cli/captures.js";
import { declareDevice } from "./cli/device.js";
import { declareCompiler, declareModel } from "./cli/model.js";
import { declareProject } from "./cli/project.js";
import type { CommandContext, GlobalOptions } from "./commands/context.js";
import { ExitCode } from "./errors.js";
import { toolVersion } from "./files/package-root.js";

/** Runs a command line (without node and script) and returns the exit code; throws what the command throws. */
export async function runCli(args: readonly string[], signal: AbortSignal): Promise<ExitCode> {
  const program = declare(signal);
  try {
    await program.parseAsync([...args], { from: "user" });
    return ExitCode.Success;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.Success : ExitCode.User;
    throw error;
  }
}

function declare(signal: AbortSignal): Command {
  const program = new Command("smilec")
    .description("Train, compile and run a small vision model on a camera board, and close the loop from its captures.")
    .version(toolVersion)
    .option("-C, --project <dir>", "folder of the project", ".")
    .option("--json", "print the result as JSON", false)
    .option("-q, --quiet", "print only results and errors", false)
    .showSuggestionAfterError()
    .showHelpAfterError("(run with --help for the options)")
    .exitOverride()
    .configureHelp({ showGlobalOptions: true });

  /** Wraps a lazily loaded command: builds its context from the global options. */
  const action =
    <Args extends unknown[]>(load: () => Promise<(context: CommandContext, ...args: Args) => Promise<void>>) =>
    async (...all: unknown[]) => {
      // commander appends the Command itself
      const args = all.slice(0, -1) as Args;
      const [{ createContext }, command] = await Promise.all([import("./commands/create-context.js"), load()]);
      await command(createContext(program.opts<GlobalOptions>(), signal), ...args);
    };

  declareProject(program, action);
  declareModel(program, action);
  declareSkew(program, action);
  declareCompiler(program, action);
  declareDevice(program, action);
  declareCaptures(program, action);
  declareReplay(program, action);
  return program;
}
