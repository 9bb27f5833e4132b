// Whether Mermaid's own parser takes diagrams: node mermaid_check.mjs FOLDER_WITH_NODE_MODULES FILE...
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [folder, ...files] = process.argv.slice(2);
const from = createRequire(path.join(folder, "package.json"));
const { JSDOM } = from("jsdom");
const page = new JSDOM("<!DOCTYPE html><body></body>");
globalThis.window = page.window;
globalThis.document = page.window.document;
const module = path.join(folder, "node_modules", "mermaid", "dist", "mermaid.core.mjs");
const { default: mermaid } = await import(pathToFileURL(module));
mermaid.initialize({ startOnLoad: false });

let wrong = 0;
for (const file of files) {
    try {
        const { diagramType } = await mermaid.parse(fs.readFileSync(file, "utf8"));
        console.log(`${file}: ${diagramType}`);
    } catch (error) {
        ++wrong;
        console.error(`${file}: ${error.message}`);
    }
}
process.exit(wrong === 0 ? 0 : 1);
