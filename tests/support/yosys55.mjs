// Runs Yosys 0.55 of npm's @yowasp/yosys in the working directory: node yosys55.mjs FOLDER FILES... -- ARGUMENTS
// FOLDER is where the package is installed. Files whose names are given, and exist, are there for Yosys to read; those
// that it writes come back.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, ...rest] = process.argv.slice(2);
const end = rest.indexOf("--");
const bundle = join(folder, "node_modules", "@yowasp", "yosys", "gen", "bundle.js");
const { runYosys } = await import(pathToFileURL(bundle).href);
const files = {};
for (const name of rest.slice(0, end)) if (existsSync(name)) files[name] = readFileSync(name);
try {
    const written = await runYosys(rest.slice(end + 1), files);
    for (const [name, content] of Object.entries(written))
        if (typeof content === "string" || content instanceof Uint8Array) writeFileSync(name, content);
} catch (error) {
    console.error(error.message);
    process.exitCode = 1;
}
