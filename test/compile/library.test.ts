/** What `smilec compile` makes, given to the build tools it is made for. */
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it, jest } from "@jest/globals";
import { findCompiler } from "#smilec/build/compiler.js";
import { compileModel } from "#smilec/compile/compile.js";
import { readModelFile } from "#smilec/compile/model-file.js";
import { writeTflite } from "#smilec/emit/tflite/write.js";
import { withDescription } from "#smilec/graph/bundle.js";
import { ReferenceInterpreter } from "#smilec/graph/interpreter.js";
import { elementCount } from "#smilec/graph/types.js";
import { run, runOrThrow } from "#smilec/process/run.js";
import { WARNINGS } from "../support/compile.js";
import { Random } from "../support/random.js";
import { temporaryFolders } from "../support/temporary-folder.js";
import { modelCases, shippedModelPath } from "../support/tflite-models.js";

jest.setTimeout(120_000);
const folder = temporaryFolders();

const STRICT = [...WARNINGS, "-Werror=strict-prototypes", "-Werror=missing-prototypes"].join(" ");
const cmakeIsHere = (await run("cmake", ["--version"])).exitCode === 0;
const withCMake = cmakeIsHere ? "with CMake" : "(skipped: cmake is not on this machine)";
const cmakeIt = cmakeIsHere ? it : it.skip;

async function library(modelPath: string, name?: string, outDir = join(folder(), "library")): Promise<string> {
  await compileModel({ modelPath, outDir, name, target: "portable" });
  return outDir;
}

async function cmake(source: string): Promise<string> {
  const build = folder("build");
  await runOrThrow("cmake", ["-S", source, "-B", build, `-DCMAKE_C_FLAGS=${STRICT}`], "configuring");
  await runOrThrow("cmake", ["--build", build], "building");
  return build;
}

/** Files by path relative to the folder. */
function filesIn(dir: string): Record<string, string> {
  const paths = readdirSync(dir, { recursive: true, encoding: "utf8" }).filter((p) => statSync(join(dir, p)).isFile());
  return Object.fromEntries(paths.sort().map((path) => [path, readFileSync(join(dir, path), "utf8")]));
}

describe("the library of each model", () => {
  it.each(modelCases)("%s holds all it needs, and says what it is", async (_, path) => {
    const dir = await library(path, "net");
    const files = filesIn(dir);
    expect(Object.keys(files)).toEqual(
      expect.arrayContaining([
        "CMakeLists.txt",
        "README.md",
        "example/main.c",
        "include/net.h",
        "library.json",
        "src/net.c",
        "src/smk_arithmetic.h",
      ]),
    );
    const included = Object.values(files).flatMap((text) =>
      [...text.matchAll(/^#include "(.+)"$/gm)].map(([, name]) => name),
    );
    const present = new Set(Object.keys(files).map((file) => file.replace(/^(src|include)\//, "")));
    expect(included.length).toBeGreaterThan(3);
    expect(included.filter((name) => !present.has(name))).toEqual([]);
    const { sha256 } = await readModelFile(path);
    for (const file of ["README.md", "library.json", "CMakeLists.txt", "include/net.h", "src/net.c"]) {
      expect(files[file]).toContain(sha256);
    }
    expect(JSON.parse(files["library.json"])).toMatchObject({
      name: "net",
      headers: "net.h",
      build: { srcDir: "src" },
    });
  });

  cmakeIt.each(modelCases)(`%s builds ${withCMake} without a warning and passes its self-test`, async (_, path) => {
    const build = await cmake(await library(path, "net"));
    const { stdout } = await runOrThrow("ctest", ["--test-dir", build, "--verbose"], "testing");
    expect(stdout).toMatch(/net: self-test passed, arena \d+ bytes, constants \d+ bytes/);
    expect(stdout).toContain("100% tests passed, 0 tests failed out of 1");
  });
});

describe("the constants of the header", () => {
  it.each(modelCases)("are the bits that %s holds", async (_, path) => {
    const dir = await library(path, "net");
    const { graph, description } = await readModelFile(path);
    const main = `#include <stdio.h>
#include <string.h>
#include "net.h"
static void bits(float value) { unsigned u; memcpy(&u, &value, sizeof(u)); printf("%u ", u); }
int main(void) {
    static const int in[] = NET_INPUT_SHAPE, out[] = NET_OUTPUT_SHAPE;
    bits(NET_INPUT_SCALE); bits(NET_OUTPUT_SCALE);
    printf("%d %d %d %d", NET_INPUT_ZERO_POINT, NET_OUTPUT_ZERO_POINT, NET_INPUT_LENGTH, NET_OUTPUT_LENGTH);
    for (unsigned i = 0; i < sizeof(in) / sizeof(in[0]); i++) printf(" %d", in[i]);
    for (unsigned i = 0; i < sizeof(out) / sizeof(out[0]); i++) printf(" %d", out[i]);
    return 0;
}
`;
    writeFileSync(join(dir, "print.c"), main);
    await runOrThrow((await findCompiler()).command, ["-Iinclude", "print.c", "-o", "print"], "compiling", {
      cwd: dir,
    });
    const [input, output] = [graph.inputs[0], graph.outputs[0]].map((index) => graph.tensors[index]);
    const bits = (value: number) => new Uint32Array(Float32Array.of(value).buffer)[0];
    expect((await runOrThrow(join(dir, "print"), [], "printing")).stdout.split(" ").map(Number)).toEqual([
      ...[input, output].map(({ quantization }) => bits(quantization!.scale[0])),
      ...[input, output].map(({ quantization }) => quantization!.zeroPoint[0]),
      ...[input, output].map(({ shape }) => elementCount(shape)),
      ...input.shape,
      ...output.shape,
    ]);
    expect(readFileSync(join(dir, "include/net.h"), "utf8").includes("NET_LABELS")).toBe(description !== undefined);
  });
});

describe("two models in one program", () => {
  cmakeIt(`give what the reference gives, ${withCMake}`, async () => {
    const paths = [shippedModelPath, modelCases.at(-1)![1]];
    const source = folder("program");
    for (const [i, path] of paths.entries()) await library(path, `net${i}`, join(source, `net${i}`));
    const RUNS = 20;
    writeFileSync(join(source, "CMakeLists.txt"), PROGRAM_CMAKE);
    writeFileSync(join(source, "main.cpp"), programText(RUNS));
    const build = await cmake(source);
    const random = new Random(5);
    const expected: number[] = [];
    const inputs: Buffer[] = [];
    const models = await Promise.all(paths.map(readModelFile));
    const interpreters = models.map(({ graph }) => new ReferenceInterpreter(graph));
    for (let turn = 0; turn < RUNS; turn++) {
      for (const [i, { graph }] of models.entries()) {
        const input = random.int8s(elementCount(graph.tensors[graph.inputs[0]].shape));
        inputs.push(Buffer.from(input.buffer));
        expected.push(...interpreters[i].run([input])[0]);
      }
    }
    writeFileSync(join(build, "in.bin"), Buffer.concat(inputs));
    await runOrThrow(join(build, "program"), ["in.bin", "out.bin"], "running both", { cwd: build });
    const got = [...new Int8Array(readFileSync(join(build, "out.bin")))];
    expect(got).toEqual(expected);
    expect(got.length).toBeGreaterThanOrEqual(RUNS * 4);
    expect(new Set(got).size).toBeGreaterThan(5);
  });
});

const PROGRAM_CMAKE = `cmake_minimum_required(VERSION 3.13)
project(both C CXX)
add_subdirectory(net0)
add_subdirectory(net1)
add_executable(program main.cpp)
target_link_libraries(program net0 net1)
`;

/** C++, as sketches and many ESP-IDF programs are. */
function programText(runs: number): string {
  return `#include <cstdio>
#include "net0.h"
#include "net1.h"
#include "net0.h"
static int8_t in0[NET0_INPUT_LENGTH], out0[NET0_OUTPUT_LENGTH], in1[NET1_INPUT_LENGTH], out1[NET1_OUTPUT_LENGTH];
int main(int argc, char **argv)
{
    if (argc != 3 || net0_self_test() != NET0_OK || net1_self_test() != NET1_OK) return 1;
    FILE *from = fopen(argv[1], "rb"), *to = fopen(argv[2], "wb");
    if (!from || !to) return 2;
    for (int run = 0; run < ${runs}; run++) {
        if (fread(in0, 1, sizeof in0, from) != sizeof in0 || fread(in1, 1, sizeof in1, from) != sizeof in1) return 3;
        if (net0_invoke(in0, out0) != NET0_OK || net1_invoke(in1, out1) != NET1_OK) return 4;
        fwrite(out0, 1, sizeof out0, to);
        fwrite(out1, 1, sizeof out1, to);
    }
    return fclose(to);
}
`;
}

describe("an ESP-IDF component", () => {
  cmakeIt(`registers what is there, for either target, ${withCMake}`, async () => {
    for (const target of ["portable", "esp32"] as const) {
      const source = folder("component");
      const outDir = join(source, "components", "smile");
      await compileModel({ modelPath: shippedModelPath, outDir, name: "smile", target });
      writeFileSync(join(source, "CMakeLists.txt"), COMPONENT_CMAKE);
      const build = folder("build");
      const { all } = await runOrThrow("cmake", ["-S", source, "-B", build], "configuring");
      const registered = /^-- REGISTER (.*)$/m.exec(all)?.[1].split(";") ?? [];
      expect(registered[0]).toBe("SRCS");
      expect(registered).toContain("src/smile.c");
      expect(registered.slice(-4)).toEqual(["INCLUDE_DIRS", "include", "PRIV_INCLUDE_DIRS", "src"]);
      const sources = registered.slice(1, -4);
      expect(sources.map((file) => statSync(join(outDir, file)).isFile())).toEqual(sources.map(() => true));
      expect(all).not.toContain("add_library");
      expect(readFileSync(join(outDir, "README.md"), "utf8")).toContain(`for target \`${target}\``);
    }
  });
});

/** What ESP-IDF's build system gives a component, as far as a component asks for it. */
const COMPONENT_CMAKE = `cmake_minimum_required(VERSION 3.16)
project(app C)
set(ESP_PLATFORM 1)
macro(idf_component_register)
    message(STATUS "REGISTER \${ARGV}")
    set(COMPONENT_LIB component)
    add_library(component INTERFACE)
endmacro()
function(target_compile_options)
endfunction()
add_subdirectory(components/smile)
`;

describe("names from outside", () => {
  const hostile = 'bad * int x; ??\\ "name" `code`\n $(touch pwned) $' + "{HOME} | # é \u202e \\.tflite";
  let dir = "";

  beforeAll(async () => {
    const { graph } = await readModelFile(shippedModelPath);
    const labels = ['quo"te \\ ??/ \n', "``` | <b>\u202e é 😀 $(x)"];
    const preprocess = { size: 48, normalize: "standardize" } as const;
    const description = { formatVersion: 1, labels, positive: 1, preprocess, thresholdMargin: -3 } as const;
    const path = join(folder(), hostile);
    writeFileSync(path, writeTflite(withDescription({ graph, description })));
    dir = await library(path);
  });

  it("stay inside comments, strings and code spans", async () => {
    const files = filesIn(dir);
    const header = "bad_int_x_name_code_touch_pwned_home_e";
    expect(Object.keys(files)).toContain(`include/${header}.h`);
    for (const [path, text] of Object.entries(files)) {
      expect(text).not.toContain("\u202e");
      if (path !== "README.md") expect(text).not.toMatch(/[^\n\x20-\x7e]/);
    }
    expect(files["README.md"]).toContain("1 ```` ``` \\| <b>\\u{202e} é 😀 $(x) ````");
    expect(JSON.parse(files["library.json"]).name).toBe(header);
  });

  it("reach C as the labels they are", async () => {
    const name = readdirSync(join(dir, "include"))[0].replace(/\.h$/, "");
    const upper = name.toUpperCase();
    const main = `#include <stdio.h>
#include "${name}.h"
int main(void) { static const char *const labels[] = ${upper}_LABELS; for (int i = 0; i < ${upper}_LABEL_COUNT; i++) printf("[%s]", labels[i]); return ${name}_self_test(); }
`;
    writeFileSync(join(dir, "labels.c"), main);
    const flags = ["-std=c11", "-trigraphs", ...WARNINGS, "-Iinclude", "-Isrc"];
    await runOrThrow(
      (await findCompiler()).command,
      [...flags, "labels.c", `src/${name}.c`, "-o", "labels"],
      "compiling",
      {
        cwd: dir,
      },
    );
    const { stdout } = await runOrThrow(join(dir, "labels"), [], "printing");
    expect(stdout).toBe('[quo"te \\ ??/ \n][``` | <b>\u202e é 😀 $(x)]');
  });

  cmakeIt(`build ${withCMake}`, async () => {
    const build = await cmake(dir);
    expect((await run("ctest", ["--test-dir", build])).exitCode).toBe(0);
  });
});

describe("the same model", () => {
  it("gives the same bytes in every folder, and changes no file the second time", async () => {
    const first = await library(shippedModelPath);
    const second = await library(shippedModelPath);
    const files = filesIn(first);
    expect(filesIn(second)).toEqual(files);
    expect(Object.keys(files).length).toBeGreaterThan(10);
    const before = Object.keys(files).map((path) => statSync(join(first, path)).mtimeMs);
    const again = await compileModel({
      modelPath: shippedModelPath,
      outDir: first,
      name: undefined,
      target: "portable",
    });
    expect(again.written).toEqual([]);
    expect(again.unchanged).toHaveLength(Object.keys(files).length - 1);
    const after = Object.keys(files).map((path) => statSync(join(first, path)).mtimeMs);
    expect(after).toEqual(before);
  });
});
