#!/usr/bin/env bash
# Rebuilds the console's vendored modules from the npm registry: Preact, signals and htm in one file, the charts in another.
# Usage: tools/console/vendor.sh   (needs Node and npm; nobody else does)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
target=$here/../../services/gateway/src/millrace/gateway/console/vendor
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$here/package.json" "$work"
cd "$work"
npm install --silent --no-package-lock
echo 'export { render, h } from "preact"; export { useEffect, useRef, useState } from "preact/hooks"; export { signal, computed, effect, batch } from "@preact/signals"; import { h } from "preact"; import htm from "htm"; export const html = htm.bind(h);' >vendor.js
echo 'export { createChart, createSeriesMarkers, CandlestickSeries, AreaSeries } from "lightweight-charts";' >charts.js
mkdir -p "$target"
npx esbuild vendor.js charts.js --bundle --format=esm --minify --legal-comments=none --log-level=error --outdir="$target"
node -e '
const fs = require("fs"), crypto = require("crypto"), [target] = process.argv.slice(1), out = { files: {}, packages: {} };
for (const f of ["vendor.js", "charts.js"]) out.files[f] = crypto.createHash("sha256").update(fs.readFileSync(target + "/" + f)).digest("hex");
// the package leaves out the NOTICE of its repository, which section 4(d) of its licence asks to pass on
const left_out = { "lightweight-charts": "TradingView Lightweight Charts™\nCopyright (c) 2023 TradingView, Inc. https://www.tradingview.com/\n" };
let notices = "";
for (const p of ["preact", "@preact/signals", "@preact/signals-core", "htm", "lightweight-charts", "fancy-canvas"]) {
  const found = JSON.parse(fs.readFileSync("node_modules/" + p + "/package.json"));
  out.packages[p] = { version: found.version, license: found.license };
  const text = ["LICENSE", "LICENSE.md", "LICENSE.txt"].map((n) => "node_modules/" + p + "/" + n).find(fs.existsSync);
  const path = "node_modules/" + p + "/NOTICE";
  const notice = fs.existsSync(path) ? fs.readFileSync(path, "utf8") : left_out[p];
  notices += "## " + p + " " + found.version + " (" + found.license + ")\n\n" + (text ? fs.readFileSync(text, "utf8") : "") + (notice ? "\n### NOTICE\n\n" + notice : "") + "\n";
}
fs.writeFileSync(target + "/VENDOR.json", JSON.stringify(out, null, 2) + "\n");
fs.writeFileSync(target + "/LICENSES.md", notices);
' "$target"
