/** `smilec label [--port N] [--no-open] [--pass 2]` */
import { UserError } from "../errors.js";
import { runStudio } from "../label/run.js";
import { openProject } from "../pipeline/project.js";
import { run } from "../process/run.js";
import type { CommandContext } from "./context.js";

export interface LabelOptions {
  readonly port?: string;
  readonly open: boolean;
  readonly pass: string;
}

export async function labelCommand(context: CommandContext, options: LabelOptions): Promise<void> {
  const port = options.port === undefined ? undefined : portNumber(options.port);
  const project = await openProject(context.project);
  await runStudio({
    project,
    pass: options.pass === "2" ? 2 : 1,
    port,
    context,
    onReady: async ({ url, port: used }) => {
      context.print(context.json ? JSON.stringify({ url, port: used }) : `Label studio: ${url}`);
      context.reporter.info(
        "It is for this machine only. Ctrl-C ends it; every label that the page shows as saved is kept.",
      );
      if (options.open && !context.json) await openBrowser(url);
    },
  });
}

function portNumber(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65535) return port;
  throw new UserError(`no port: ${text}`, {
    where: "--port",
    remedy: "Give a number from 1 to 65535, or leave it out.",
  });
}

/** Where there is no browser the printed address is enough. What opens it may stay as long as the browser does, so it is left behind. */
async function openBrowser(url: string): Promise<void> {
  const opener = process.platform === "darwin" ? "open" : "xdg-open";
  await run("/bin/sh", ["-c", '"$0" "$1" >/dev/null 2>&1 &', opener, url]);
}
