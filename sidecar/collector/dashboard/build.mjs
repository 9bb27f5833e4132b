// Builds dist/ (what the program serves), or with --tests the tests of the pure parts, into build/tests.
import { build } from "esbuild";
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const into = process.env.DASHBOARD_DIST ?? join(here, "dist");
const common = { absWorkingDir: here, bundle: true, preserveSymlinks: true, charset: "utf8", jsx: "automatic", jsxImportSource: "preact", logLevel: "warning" };

/** What the licences of the packages ask for: their notices go where their code goes. */
function licences() {
    const { dependencies } = JSON.parse(readFileSync(join(here, "package.json"), "utf8"));
    const locked = JSON.parse(readFileSync(join(here, "package-lock.json"), "utf8")).packages;
    const wanted = new Set(Object.keys(dependencies));
    for (const name of wanted) Object.keys(locked[`node_modules/${name}`].dependencies ?? {}).forEach((each) => wanted.add(each));
    return [...wanted].sort().map((name) => {
        const folder = join(here, "node_modules", name);
        const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
        return `${name} ${locked[`node_modules/${name}`].version}\n\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
    }).join(`\n${"-".repeat(80)}\n\n`);
}

async function buildPage() {
    rmSync(into, { recursive: true, force: true });
    mkdirSync(join(into, "assets"), { recursive: true });
    const { metafile } = await build({ ...common, entryPoints: { dashboard: "src/main.tsx" }, outdir: join(into, "assets"), entryNames: "[name]-[hash]", metafile: true, format: "iife", minify: true, target: "es2021",
                  legalComments: "none", define: { "process.env.NODE_ENV": '"production"' } });
    cpSync(join(here, "public"), into, { recursive: true });
    writeFileSync(join(into, "assets", "licences.txt"), licences());
    const named = Object.keys(metafile.outputs).map((each) => basename(each));
    const page = readFileSync(join(here, "index.html"), "utf8");
    writeFileSync(join(into, "index.html"), page.replace(/dashboard\.(js|css)/g, (_, kind) => named.find((each) => each.endsWith(`.${kind}`))));
}

async function buildTests() {
    const entryPoints = readdirSync(join(here, "tests")).filter((each) => each.endsWith(".test.ts")).map((each) => join("tests", each));
    rmSync(join(here, "build", "tests"), { recursive: true, force: true });
    await build({ ...common, entryPoints, outdir: "build/tests", platform: "node", format: "esm", target: "node18", outExtension: { ".js": ".mjs" } });
}

await (process.argv.includes("--tests") ? buildTests() : buildPage());
