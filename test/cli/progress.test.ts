import { PassThrough } from "node:stream";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { createReporter } from "#smilec/commands/terminal.js";

describe("progress lines", () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  function lineAfter(seconds: number, done: number, before?: number): string {
    const stream = new PassThrough();
    const progress = createReporter(false, stream as unknown as NodeJS.WriteStream).progress(
      "training",
      1000,
      "pictures",
      before,
    );
    jest.advanceTimersByTime(seconds * 1000);
    progress.update(done);
    return String(stream.read()).trim();
  }

  it("tell the rate since the start and the time left", () => {
    expect(lineAfter(20, 200)).toBe("training: 200/1000 pictures, 10/s, 1 min 20 s left");
  });

  it("of a run that goes on do not count what was done before", () => {
    expect(lineAfter(20, 600, 400)).toBe("training: 600/1000 pictures, 10/s, 40 s left");
    expect(lineAfter(20, 400, 400)).toBe("training: 400/1000 pictures, -/s, - left");
  });
});
