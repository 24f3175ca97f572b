/** Renders the files of templates/: text with `{{name}}` and nothing else. All values are computed and escaped before, in context.ts. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import Handlebars from "handlebars";
import { packageRoot } from "../files/package-root.js";

/** What a template may say: values ready for the language they land in. */
export type TemplateValues = Readonly<Record<string, string | number>>;

export const templatesDir = join(packageRoot, "templates");

/** Renders `templates/<name>.hbs`. A variable that `values` lacks, or anything but a plain variable, is an error (a bug in smilec). */
export async function renderTemplate(name: string, values: TemplateValues): Promise<string> {
  return renderText(await readFile(join(templatesDir, `${name}.hbs`), "utf8"), values, `${name}.hbs`);
}

/** As {@link renderTemplate} for a template given as text; `name` is used in errors. */
export function renderText(template: string, values: TemplateValues, name: string): string {
  const program = Handlebars.parse(template);
  for (const statement of program.body) checkStatement(statement, values, name);
  return Handlebars.compile(program, { strict: true, noEscape: true })(values);
}

function checkStatement(statement: hbs.AST.Statement, values: TemplateValues, name: string): void {
  if (statement.type === "ContentStatement") return;
  const place = `${name}:${statement.loc.start.line}`;
  const variable = plainVariable(statement);
  if (variable === undefined) throw new Error(`${place}: templates hold plain variables only, not ${statement.type}`);
  if (!Object.hasOwn(values, variable)) throw new Error(`${place}: no value for {{${variable}}}`);
}

function plainVariable(statement: hbs.AST.Statement): string | undefined {
  if (statement.type !== "MustacheStatement") return undefined;
  const { path, params, hash } = statement as hbs.AST.MustacheStatement;
  if (path.type !== "PathExpression" || params.length > 0 || hash !== undefined) return undefined;
  const { parts, data, depth } = path as hbs.AST.PathExpression;
  return parts.length === 1 && !data && depth === 0 ? parts[0] : undefined;
}
