// SPDX-License-Identifier: Apache-2.0
// The core against the naive model: a million steps of random lives (arguments: another number of steps, the first seed), in
// two workers. Prints TAP, and how often each rule mattered: switching it off for one step would have changed that step's output.

import { spawnSync } from 'node:child_process';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';

import { Phone } from './decide.mjs';
import { makeScenario } from './generate.mjs';

const EVENTS = 50; // a life
const AT_ONCE = 200; // lives for one run of the core's program
const COUNT_EVERY = 5; // in which lives rules are switched off
const SHOWN = 3; // differences that a worker minimises
const RULES = ['D1', 'D2', 'D3', 'D4', 'D5', 'D6', 'D7', 'D8', 'D9', 'D11', 'D13'];
const EACH = 1000; // times in a million steps

const OFF = new Map(RULES.map((rule) => [rule, new Set([rule, 'next'])]));

function countRules(before, event, output, counts) {
	const answer = JSON.stringify({ ...output, next: null });
	for (const [rule, off] of OFF) if (JSON.stringify(before.step(event, off)) !== answer) counts[rule]++;
}

/* The core's answers, one line a scenario. Its keys are sorted, as the naive model writes its own: lines are compared as text. */
function askCore(scenarios) {
	const input = scenarios.map((scenario) => JSON.stringify(scenario) + '\n').join('');
	const child = spawnSync(workerData.program, { input, maxBuffer: 1 << 30, stdio: ['pipe', 'pipe', 'inherit'] });
	if (child.status !== 0) throw new Error(`${workerData.program} ended with ${child.error ?? child.signal ?? child.status}`);
	return child.stdout.toString().replaceAll(/{"error":"(?:[^"\\]|\\.)*"}/g, '{"error":true}').split('\n').slice(0, -1);
}

function askNaive({ orders, events }) {
	const phone = new Phone(orders);
	return JSON.stringify({ outputs: events.map((event) => phone.step(event)) });
}

function differ(scenario) {
	try {
		const wanted = askNaive(scenario);
		const [got] = askCore([scenario]);
		return got.startsWith('{"outputs"') && got !== wanted;
	} catch {
		return false; // less than a scenario
	}
}

/* Drop events, and parts of the orders, while the two still differ. */
function minimise(scenario) {
	let least = scenario;
	const attempt = (fewer) => { if (differ(fewer)) least = fewer; };
	for (let i = least.events.length - 1; i >= 0; i--) attempt({ ...least, events: least.events.filter((_, k) => k !== i) });
	for (const list of ['rules', 'exemptions', 'places']) {
		for (let i = least.orders[list].length - 1; i >= 0; i--)
			attempt({ ...least, orders: { ...least.orders, [list]: least.orders[list].filter((_, k) => k !== i) } });
	}
	return least;
}

function live(seed, result) {
	const outputs = [];
	const counting = seed % COUNT_EVERY === 0;
	const scenario = makeScenario(seed, EVENTS, (phone, event) => {
		const before = counting ? phone.copy() : null;
		const output = phone.step(event);
		if (counting && !output.error) countRules(before, event, output, result.counts);
		if (output.restricted?.length) result.restricting++;
		outputs.push(output);
		return output;
	});
	result.steps += outputs.length;
	if (counting) result.counted += outputs.length;
	return { seed, scenario, wanted: JSON.stringify({ outputs }) };
}

function work({ from, to }) {
	const result = { steps: 0, counted: 0, restricting: 0, differences: [], counts: Object.fromEntries(RULES.map((rule) => [rule, 0])) };
	for (let first = from; first < to && result.differences.length < 20; first += AT_ONCE) {
		const lives = [];
		for (let seed = first; seed < Math.min(first + AT_ONCE, to); seed++) lives.push(live(seed, result));
		const answers = askCore(lives.map((life) => life.scenario));
		lives.forEach(({ seed, scenario, wanted }, i) => {
			if (answers[i] === wanted) return;
			const least = result.differences.length < SHOWN ? minimise(scenario) : null;
			result.differences.push(least ? { seed, least, naive: askNaive(least), core: askCore([least])[0] } : { seed });
		});
	}
	parentPort.postMessage(result);
}

function show(difference) {
	console.log('# seed ' + difference.seed);
	if (!difference.least) return;
	console.log('# ' + JSON.stringify(difference.least));
	const [naive, core] = [JSON.parse(difference.naive).outputs, JSON.parse(difference.core)];
	if (!core.outputs) console.log('# core ' + difference.core);
	naive.forEach((output, i) => {
		const [a, b] = [JSON.stringify(output), JSON.stringify(core.outputs?.[i])];
		if (a !== b) console.log(`# event ${i} naive ${a}\n# event ${i} core  ${b}`);
	});
}

async function main() {
	const steps = Number(process.argv[2] ?? 1000000);
	const firstSeed = Number(process.argv[3] ?? 1);
	const program = process.env.BSG_DECIDE_BATCH ?? process.env.BSG_BUILD + '/tests/tools/decide-batch';
	const lives = Math.ceil(steps / EVENTS);
	const half = Math.ceil(lives / 2);
	const started = Date.now();
	const results = await Promise.all([[0, half], [half, lives]].map(([a, b]) => new Promise((resolve, reject) => {
		const worker = new Worker(new URL(import.meta.url), { workerData: { program, from: firstSeed + a, to: firstSeed + b } });
		worker.on('message', resolve);
		worker.on('error', reject);
	})));
	const total = (number) => results.reduce((sum, result) => sum + number(result), 0);
	const differences = results.flatMap((result) => result.differences);
	const lived = total((r) => r.steps);
	differences.forEach(show);
	const claims = [[`core and the naive model agree over ${lived} steps`, differences.length === 0 && lived >= steps]];
	console.log(`# ${lived} steps in ${((Date.now() - started) / 1000).toFixed(1)} s, ${total((r) => r.restricting)} of them restricting`);
	console.log(`# how often a rule changed the answer, in every ${COUNT_EVERY}th life (${total((r) => r.counted)} steps):`);
	for (const rule of RULES) {
		const n = total((r) => r.counts[rule]);
		console.log(`# ${rule === 'D2' ? 'D2 (edges)' : rule}: ${n}`);
		if (steps >= 1000000) claims.push([`${rule} mattered at least ${EACH} times`, n >= EACH]);
	}
	console.log('1..' + claims.length);
	claims.forEach(([name, holds], i) => console.log(`${holds ? 'ok' : 'not ok'} ${i + 1} - ${name}`));
	process.exitCode = claims.every(([, holds]) => holds) ? 0 : 1;
}

if (isMainThread) await main();
else work(workerData);
