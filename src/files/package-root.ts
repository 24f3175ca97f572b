import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Absolute path of the installed package: the folder that holds dist/, templates/, firmware/ and models/. */
export const packageRoot = fileURLToPath(new URL("../../", import.meta.url)).replace(/\/$/, "");

/** The version in package.json; part of every cache key and of every generated file's provenance. */
export const toolVersion: string = JSON.parse(readFileSync(`${packageRoot}/package.json`, "utf8")).version;
