/** The library in a real PlatformIO project's lib/, found and built by PlatformIO itself. */
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it, jest } from "@jest/globals";
import { runPlatformio } from "#smilec/build/platformio.js";
import { ensurePythonEnv, type PythonEnv } from "#smilec/build/python-env.js";
import { compileModel } from "#smilec/compile/compile.js";
import { packageRoot } from "#smilec/files/package-root.js";
import { runOrThrow } from "#smilec/process/run.js";
import { recordingContext } from "../support/recording-reporter.js";
import { testSmilecHome } from "../support/smilec-home.js";
import { temporaryFolders } from "../support/temporary-folder.js";
import { modelCases } from "../support/tflite-models.js";

jest.setTimeout(180_000);
const folder = temporaryFolders();

const INI = `[platformio]
default_envs = host

[env:host]
platform = symlink://\${PROJECT_DIR}/platform
build_flags = -std=c11 -Wall -Wextra -Werror
`;

describe("libraries in a PlatformIO project", () => {
  let env: PythonEnv;
  beforeAll(async () => {
    process.env.SMILEC_HOME = testSmilecHome;
    env = await ensurePythonEnv(recordingContext());
  });

  it("are found by their headers, built and linked together", async () => {
    const dir = folder();
    cpSync(join(packageRoot, "templates", "host-platform"), join(dir, "platform"), { recursive: true });
    const names = modelCases.map((_, i) => `net${i}`);
    for (const [i, [, modelPath]] of modelCases.entries()) {
      const outDir = join(dir, "lib", names[i]);
      await compileModel({ modelPath, outDir, name: names[i], target: "portable" });
    }
    mkdirSync(join(dir, "src"));
    writeFileSync(join(dir, "platformio.ini"), INI);
    writeFileSync(
      join(dir, "src", "main.c"),
      `#include <stdio.h>
${names.map((name) => `#include "${name}.h"`).join("\n")}
int main(void)
{
${names.map((name) => `    printf("${name} %d\\n", ${name}_self_test());`).join("\n")}
    return 0;
}
`,
    );
    const result = await runPlatformio(env, { dir, environment: "host" }, ["run"]);
    expect({ exitCode: result.exitCode, output: result.all }).toMatchObject({ exitCode: 0 });
    expect(result.all).toContain("net0 @ ");
    const { stdout } = await runOrThrow(join(dir, ".pio/build/host/program"), [], "running");
    expect(stdout).toBe(names.map((name) => `${name} 0`).join("\n"));
  });
});
