/** What is at the other end of a serial port: a board in download mode, or a program that prints, on a pseudo-terminal. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { oraclePython } from "./oracle-venv.js";

const ORACLES = fileURLToPath(new URL("../oracles/", import.meta.url));

/** Why there are no pseudo-terminals on this kind of machine; undefined where there are. */
export const noTerminalsHere: string | undefined =
  process.platform === "win32" ? "Windows has no pseudo-terminals with a path" : undefined;

export interface SerialPeer {
  readonly port: string;
  /** Ends the peer and waits for it. */
  end(): Promise<void>;
}

/** A board whose ROM loader answers (see test/oracles/rom_loader.py for the options). */
export async function romLoader(...options: string[]): Promise<SerialPeer> {
  const python = await oraclePython(join(ORACLES, "rom-loader.txt"));
  return peer(spawn(python, [join(ORACLES, "rom_loader.py"), ...options], { stdio: ["pipe", "pipe", "inherit"] }));
}

/** Python that has the terminal's two ends as `master` and `slave`; its standard input is free for commands. */
export async function terminal(program: string): Promise<SerialPeer & { readonly send: (line: string) => void }> {
  const head =
    "import os, pty, sys, tty\nmaster, slave = pty.openpty()\ntty.setraw(slave)\nprint(os.ttyname(slave), flush=True)\n";
  const child = spawn("python3", ["-c", head + program], { stdio: ["pipe", "pipe", "inherit"] });
  return { ...(await peer(child)), send: (line) => child.stdin.write(`${line}\n`) };
}

async function peer(child: ChildProcess): Promise<SerialPeer> {
  const ended = once(child, "exit");
  const first = once(createInterface({ input: child.stdout! }), "line");
  const [port] = await Promise.race([first, ended.then(() => Promise.reject(new Error("the peer did not start")))]);
  return {
    port: String(port),
    end: async () => {
      child.stdin!.end();
      await ended;
    },
  };
}
