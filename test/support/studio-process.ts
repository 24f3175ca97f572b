/** `smilec label` as a user runs it, in a process that can be killed. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { packageRoot } from "#smilec/files/package-root.js";
import { testSmilecHome } from "./smilec-home.js";

export interface StudioProcess {
  readonly url: string;
  readonly port: number;
  /** Sends a signal; resolves with the exit code, null when the signal ended it. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** Starts it and waits until it says where the page is. */
export async function startStudio(project: string, ...more: string[]): Promise<StudioProcess> {
  const args = [join(packageRoot, "dist", "main.js"), "-C", project, "--json", "label", "--no-open", ...more];
  const env = { ...process.env, SMILEC_HOME: testSmilecHome };
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const { url, port } = JSON.parse(await firstLine(child)) as { url: string; port: number };
  return {
    url,
    port,
    end: (signal) => {
      child.kill(signal);
      return ended;
    },
  };
}

function firstLine(child: ChildProcess): Promise<string> {
  let [out, err] = ["", ""];
  return new Promise((resolve, reject) => {
    child.stderr?.on("data", (text) => {
      err += text;
    });
    child.stdout?.on("data", (text) => {
      out += text;
      if (out.includes("\n")) resolve(out.split("\n")[0]);
    });
    child.once("exit", (code) => reject(new Error(`smilec label ended with ${code}: ${err}`)));
  });
}
