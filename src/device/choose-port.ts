/** Which port the board is on: the one named, the only one there, or the one the user picks. */
import { EnvironmentError, InterruptedError, UserError } from "../errors.js";
import { boardPorts, describePort, listPorts, type SerialPortInfo } from "./ports.js";

export interface PortChoice {
  /** As given with --port. */
  readonly port?: string;
  /** Asks on the terminal; absent where nobody can answer. */
  readonly ask?: (ports: readonly SerialPortInfo[]) => Promise<SerialPortInfo>;
  /** Default: those of this machine. */
  readonly list?: () => Promise<readonly SerialPortInfo[]>;
}

/** A port named with --port is taken as it is, known or not. */
export async function choosePort({ port, ask, list = listPorts }: PortChoice): Promise<SerialPortInfo> {
  if (port !== undefined) {
    const known = await list().catch(() => []);
    return known.find(({ path }) => path === port) ?? { path: port };
  }
  const all = await list();
  const candidates = boardPorts(all);
  if (candidates.length === 1) return candidates[0];
  if (candidates.length === 0) throw noBoard(all);
  if (ask !== undefined) return ask(candidates);
  throw new UserError(`${candidates.length} boards are connected`, {
    detail: candidates.map(describePort).join("\n"),
    remedy: `Choose one: --port ${candidates[0].path}`,
  });
}

function noBoard(all: readonly SerialPortInfo[]): EnvironmentError {
  return new EnvironmentError("no board is connected: there is no USB serial port", {
    ...(all.length === 0 ? {} : { detail: all.map(describePort).join("\n") }),
    remedy:
      "Connect it with a cable that carries data, and wait a second; or name its port with --port. (In a container or WSL the port must be passed in.)",
  });
}

/** A list to pick from on standard error. */
export async function askForPort(ports: readonly SerialPortInfo[]): Promise<SerialPortInfo> {
  const { select } = await import("@inquirer/prompts");
  const choices = ports.map((port) => ({ name: describePort(port), value: port }));
  try {
    return await select({ message: "Which board?", choices }, { output: process.stderr });
  } catch {
    throw new InterruptedError("nothing was written");
  }
}
