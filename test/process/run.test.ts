import { describe, expect, it } from "@jest/globals";
import { run, runOrThrow } from "#smilec/process/run.js";

const node = (script: string) => [process.execPath, ["-e", script]] as const;

describe("run", () => {
  it("delivers every line before it returns", async () => {
    const lines: string[] = [];
    await run(...node("for (let i = 0; i < 5000; i++) console.log(i)"), { onLine: (line) => lines.push(line) });
    expect(lines).toHaveLength(5000);
    expect(lines.at(-1)).toBe("4999");
  });

  it("passes on what a line handler throws, after the program has ended", async () => {
    const failing = run(...node("for (let i = 0; i < 50000; i++) console.log('x'.repeat(50))"), {
      onLine: () => {
        throw new Error("cannot parse");
      },
    });
    await expect(failing).rejects.toThrow("cannot parse");
  });

  it("reports exit code, streams, and a program that does not exist", async () => {
    const result = await run(...node("console.log('out'); console.error('err'); process.exit(7)"));
    expect(result).toMatchObject({ exitCode: 7, stdout: "out", stderr: "err", notFound: false });
    expect(await run("/no/such/program", [])).toMatchObject({ exitCode: undefined, notFound: true });
  });

  it("runs without a shell", async () => {
    const hostile = "$(touch /tmp/pwned); `id` && \"x'";
    const result = await run(process.execPath, ["-e", "console.log(process.argv[1])", hostile]);
    expect(result.stdout).toBe(hostile);
  });

  it("ends a program at its timeout", async () => {
    expect(await run(...node("setInterval(() => {}, 1000)"), { timeoutMs: 200 })).toMatchObject({ timedOut: true });
  });
});

describe("runOrThrow", () => {
  it("shows the command, how it ended and the end of its output", async () => {
    const failing = runOrThrow(...node("console.error('boom at line 3'); process.exit(2)"), "compiling", {
      remedy: "Mend it.",
    });
    await expect(failing).rejects.toMatchObject({
      exitCode: 3,
      detail: expect.stringContaining("boom at line 3"),
      remedy: "Mend it.",
    });
  });

  it("says when the program is not installed", async () => {
    await expect(runOrThrow("no-such-compiler", [], "compiling")).rejects.toMatchObject({
      exitCode: 3,
      message: "compiling: no-such-compiler is not installed",
    });
  });
});
