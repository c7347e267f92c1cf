// SPDX-License-Identifier: Apache-2.0
// node run-wasm.js MODULE.wasm ORDERS.json EVENTS.jsonl: run a trace, write its outputs. Node 18 or later.
'use strict';
const fs = require('fs');

const [file, ...inputs] = process.argv.slice(2);
const module_ = new WebAssembly.Module(fs.readFileSync(file));
const imports = WebAssembly.Module.imports(module_);
if (imports.length !== 0) {
	console.error('the module imports', imports);
	process.exit(1);
}
const { exports: e } = new WebAssembly.Instance(module_, {});
const lengths = inputs.map((input, i) => {
	const bytes = fs.readFileSync(input);
	new Uint8Array(e.memory.buffer).set(bytes, i === 0 ? e.orders() : e.events());
	return bytes.length;
});
const ok = e.run(lengths[0], lengths[1]);
fs.writeSync(1, Buffer.from(e.memory.buffer, e.output(), e.length()));
process.exit(ok ? 0 : 1);
