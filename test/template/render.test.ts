import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { packageRoot } from "#smilec/files/package-root.js";
import { cmakeString, iniValue, lineComment, yamlString } from "#smilec/template/escape.js";
import { renderText } from "#smilec/template/render.js";

describe("rendering a template", () => {
  it("puts values in as they are, without HTML escapes", () => {
    expect(renderText('a={{x}} "{{y}}" \x24{Z}', { x: "<&'\">", y: 0 }, "t")).toBe('a=<&\'"> "0" \x24{Z}');
  });

  it("fails on a variable that has no value, naming template, line and variable", () => {
    expect(() => renderText("ok {{a}}\n{{b}}", { a: 1 }, "x.h.hbs")).toThrow("x.h.hbs:2: no value for {{b}}");
    expect(() => renderText("{{constructor}}", {}, "t")).toThrow("no value for {{constructor}}");
  });

  it.each(["{{#if a}}1{{/if}}", "{{#each a}}1{{/each}}", "{{a.b}}", "{{a b}}", "{{> a}}", "{{../a}}", "{{@root}}"])(
    "refuses logic: %s",
    (template) => {
      expect(() => renderText(template, { a: "1" }, "t")).toThrow("plain variables only");
    },
  );

  it("is all that the firmware's templates need", () => {
    const folder = join(packageRoot, "templates");
    const names = readdirSync(folder, { recursive: true }).map(String);
    const templates = names.filter((name) => /^(esp32|generated|host)\/.*\.hbs$/.test(name));
    for (const name of templates) {
      const marks = readFileSync(join(folder, name), "utf8").match(/\{\{.*?\}\}/g) ?? [];
      for (const mark of marks) expect(mark).toMatch(/^\{\{[a-zA-Z0-9]+\}\}$/);
    }
    expect(templates.length).toBeGreaterThanOrEqual(9);
  });
});

describe("escaping for build files", () => {
  it("keeps comments on one line of ASCII", () => {
    expect(lineComment("a\nb\u{1f600}c\tü")).toBe("a\\u{a}b\\u{1f600}c\\u{9}\\u{fc}");
  });

  it("refuses what platformio.ini can't hold", () => {
    expect(iniValue("esp32cam")).toBe("esp32cam");
    for (const text of ["a\nb", "a\rb", "\x24{x.y}", "a ; b", "a # b", " a", "a "]) {
      expect(() => iniValue(text)).toThrow(RangeError);
    }
  });

  it("quotes CMake and YAML strings", () => {
    expect(cmakeString('a"b\\c$d;e\nf')).toBe('"a\\"b\\\\c\\$d\\;e\\nf"');
    expect(yamlString('^2 "x"\n')).toBe('"^2 \\"x\\"\\n"');
  });
});
