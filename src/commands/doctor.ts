/** `smilec doctor`: one line per check, with the remedy; exit code 1 when `npm start` could not work. */
import { findBoard } from "../board/boards.js";
import type { Board } from "../board/types.js";
import { type Check, fix, runChecks } from "../doctor/checks.js";
import { CheckFailedError } from "../errors.js";
import { openProject } from "../pipeline/project.js";
import { describeBackend } from "../train/select-backend.js";
import type { CommandContext } from "./context.js";
import { coloursFor } from "./terminal.js";

const colours = coloursFor(process.stdout);

const MARK: Readonly<Record<Check["status"], string>> = {
  ok: colours.green("ok  "),
  warn: colours.yellow("warn"),
  fail: colours.red("fail"),
};

export async function doctorCommand(context: CommandContext, wanted: { readonly fix: boolean }): Promise<void> {
  if (wanted.fix) await fix(context);
  const checks: Check[] = [];
  const board = await boardOf(context);
  const options = { describeBackend: () => describeBackend(), projectDir: context.project };
  for await (const check of runChecks(board === undefined ? options : { ...options, board })) {
    checks.push(check);
    if (!context.json) context.print(describe(check));
  }
  if (context.json) context.print(JSON.stringify(checks, null, 2));
  const failed = checks.filter((check) => check.status === "fail").map((check) => check.name);
  if (failed.length > 0)
    throw new CheckFailedError(`not ready: ${failed.join(", ")}`, { remedy: "Follow the remedies above." });
}

/** The project's, where there is one that can be read. */
async function boardOf(context: CommandContext): Promise<Board | undefined> {
  const project = await openProject(context.project).catch(() => undefined);
  return project === undefined ? undefined : findBoard(project.config.board);
}

function describe({ name, status, found, remedy }: Check): string {
  const line = `${MARK[status]}  ${name.padEnd(15)} ${found}`;
  return remedy === "" ? line : `${line}\n      ${" ".repeat(15)} ${colours.bold(remedy)}`;
}
