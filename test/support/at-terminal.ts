/** Runs a program as a person would: its standard input, output and error are a pseudo-terminal. */
import { runOrThrow } from "#smilec/process/run.js";

/** Waits for `prompt`, sends `answer`; without a prompt the terminal stays silent. The last line it prints is the exit code, as JSON with the screen. */
const DRIVER = `
import json, os, pty, select, sys, time
command, cwd, prompt, answer, piped = json.loads(sys.argv[1])
child, terminal = pty.fork()
if child == 0:
    os.chdir(cwd)
    if piped:
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
    os.execvp(command[0], command)
screen, asked, end = b"", False, time.monotonic() + 90
while time.monotonic() < end:
    ready, _, _ = select.select([terminal], [], [], 1)
    if ready:
        try:
            data = os.read(terminal, 65536)
        except OSError:
            break
        if not data:
            break
        screen += data
    if not asked and prompt and prompt.encode() in screen:
        asked = True
        time.sleep(0.3)
        os.write(terminal, answer.encode())
_, status = os.waitpid(child, 0)
print(json.dumps({"screen": screen.decode(errors="replace"), "exitCode": os.waitstatus_to_exitcode(status), "asked": asked}))
`;

export interface AtTerminal {
  /** All that was printed, with the terminal's control sequences. */
  readonly screen: string;
  readonly exitCode: number;
  /** Whether the prompt came. */
  readonly asked: boolean;
}

export interface TerminalRequest {
  readonly cwd: string;
  readonly prompt: string;
  /** What is typed then. */
  readonly answer: string;
  /** Standard input is no terminal. */
  readonly piped?: boolean;
}

/** Runs a command to its end, answering one prompt. */
export async function atTerminal(
  command: readonly string[],
  { cwd, prompt, answer, piped = false }: TerminalRequest,
): Promise<AtTerminal> {
  const request = JSON.stringify([command, cwd, prompt, answer, piped]);
  const { stdout } = await runOrThrow("python3", ["-c", DRIVER, request], "running a program at a terminal");
  return JSON.parse(stdout) as AtTerminal;
}
