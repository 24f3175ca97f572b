/** Imports with hostile names, and those that are refused. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { importName } from "#smilec/data/import.js";
import { Importer, PERSONS, recordsOf } from "../support/imports.js";
import { png, put, putPersons } from "../support/pictures.js";
import { temporaryFolders } from "../support/temporary-folder.js";

const folder = temporaryFolders();
const imports = new Importer(folder);

describe("importing hostile names", () => {
  it("reads them all and shows them harmlessly", async () => {
    const from = folder();
    await putPersons(from, PERSONS);
    const names: Buffer[] = [
      Buffer.from("new\nline.png"),
      Buffer.from(`quo"te's.png`),
      Buffer.from("-rf.png"),
      Buffer.from("..png"),
      Buffer.from("back\\slash.png"),
      Buffer.from("\u001b[31mred.png"),
      Buffer.from("emoji 😀 ü.png"),
      Buffer.from("$(touch x);`y`.png"),
      Buffer.from([0x6c, 0xe4, 0x2e, 0x70, 0x6e, 0x67]), // lä.png in Latin-1
    ];
    for (const [i, name] of names.entries()) {
      writeFileSync(Buffer.concat([Buffer.from(`${from}/smile/p0/`), name]), await png(900 + i));
    }
    const originals = (await recordsOf(await imports.imported(from))).map(({ original }) => original);
    // Names that begin with a dot are hidden files.
    expect(originals).toHaveLength(PERSONS * 2 + names.length - 1);
    for (const shown of [
      "smile/p0/new\\nline.png",
      `smile/p0/quo"te's.png`,
      "smile/p0/-rf.png",
      "smile/p0/back\\\\slash.png",
      "smile/p0/\\u{1b}[31mred.png",
      "smile/p0/emoji 😀 ü.png",
      "smile/p0/$(touch x);`y`.png",
      "smile/p0/l\\xe4.png",
    ]) {
      expect(originals).toContain(shown);
    }
    expect(originals.join("")).not.toMatch(/\p{Cc}/u);
  });

  it("makes a usable import name of any folder", () => {
    expect(importName("/data/My Photos (2)/")).toBe("my-photos-2");
    expect(importName("/data/Büro 1")).toBe("buro-1");
    expect(importName("/data/faces/manifest.csv")).toBe("faces");
    expect(importName("/data/😀")).toBe("pictures");
  });

  it("refuses names that are no names", async () => {
    const from = folder();
    await putPersons(from, 2);
    for (const name of ["../x", "", ".hidden", "a/b", "A b"]) {
      await expect(imports.imported(from, { name })).rejects.toThrow("not a usable name for an import");
    }
  });
});

describe("importing what cannot be imported", () => {
  it.each([
    ["an empty folder", () => undefined, "no pictures to import: the folder is empty"],
    [
      "pictures in no label's folder",
      async (dir: string) => put(dir, "a.png", await png(1)),
      "no picture in a label's folder",
    ],
    ["one label only", async (dir: string) => put(dir, "smile/a.png", await png(1)), "all pictures are labelled smile"],
    [
      "nothing readable",
      (dir: string) => {
        for (let i = 0; i < 40; i++) put(dir, `${i % 2 ? "a" : "b"}/${i >> 1}.png`, "no");
      },
      "none of the pictures can be used",
    ],
    [
      "too few persons for three splits",
      async (dir: string) => {
        await putPersons(dir, 2);
      },
      "every split needs pictures of every label",
    ],
    ["an empty manifest", (dir: string) => put(dir, "manifest.csv", "file,label\n"), "the manifest names no pictures"],
    ["a manifest of zero bytes", (dir: string) => put(dir, "manifest.csv", ""), "the manifest names no pictures"],
    [
      "a manifest without labels",
      (dir: string) => put(dir, "manifest.csv", "file,lable\na.png,x\n"),
      "has no column label",
    ],
    [
      "a manifest with an open quote",
      (dir: string) => put(dir, "manifest.csv", 'file,label\n"a.png,x\n'),
      "not valid CSV",
    ],
    ["a manifest with short rows", (dir: string) => put(dir, "manifest.csv", "file,label\na.png\n"), "not valid CSV"],
    ["a bad JSON line", (dir: string) => put(dir, "manifest.jsonl", '{"file":"a"\n'), "not valid JSON"],
    ["a JSON line without label", (dir: string) => put(dir, "manifest.jsonl", '{"file":"a"}\n'), "there is no label"],
    [
      "an unknown split",
      (dir: string) => put(dir, "manifest.csv", "file,label,split\na,b,c\n"),
      'split "c" is none of',
    ],
    ["half a box", (dir: string) => put(dir, "manifest.csv", "file,label,x\na,b,3\n"), "a face box needs four numbers"],
  ])("says so for %s", async (_, prepare, message) => {
    const from = folder();
    await prepare(from);
    expect((await imports.problem(from)).message).toContain(message);
  });

  it("says where it looked for what is not there", async () => {
    expect((await imports.problem("/nowhere/at/all")).where).toBe("/nowhere/at/all");
    expect((await imports.problem(import.meta.filename ?? __filename)).message).toBe("neither a folder nor a manifest");
    expect((await imports.problem(folder(), { layout: "manifest" })).message).toContain("there is no manifest.csv");
  });

  it("names line and file of a malformed manifest", async () => {
    const from = folder();
    put(from, "manifest.csv", "file,label,split\n1.png,a,train\n2.png,a,tran\n");
    expect((await imports.problem(from)).where).toBe(join(from, "manifest.csv:3"));
  });

  it("takes an incomplete import when asked to", async () => {
    const from = folder();
    put(from, "smile/a.png", await png(1));
    expect(await imports.imported(from, { partial: true })).toMatchObject({ count: 1 });
  });

  it("says that the target cannot be written", async () => {
    const from = folder();
    await putPersons(from, PERSONS);
    const into = join(folder(), "file");
    writeFileSync(into, "");
    await expect(imports.imported(from, { into })).rejects.toThrow();
    expect(readFileSync(into, "utf8")).toBe("");
  });
});
